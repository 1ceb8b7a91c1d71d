"""The configuration in docs/serving.md, run by a real nginx on a real folder."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from feedbot.publish.shelf import Shelf
from feedbot.publish.site import Site
from feedbot.store import Store, sources
from tests.rig import free_port, until
from tests.support import NOW, POLICIES, SOURCE, entry, new, save_poll

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parent.parent.parent / "docs" / "serving.md"
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")


def configuration(folder: Path, port: int) -> str:
    """That of the page, with this folder and this port; the module where it is installed."""
    (told,) = re.findall(r"```nginx\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    told = told.replace("/srv/feedbot/feeds/", f"{folder}/feeds/").replace(
        "listen 80", f"listen 127.0.0.1:{port}"
    )
    if not BROTLI.exists():
        told = told.replace("brotli_static on;", "")
    module = f"load_module {BROTLI};\n" if BROTLI.exists() else ""
    temporary = " ".join(
        f"{name}_temp_path {folder}/tmp-{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # another could not read this folder
    return (
        f"{module}{user}daemon off; worker_processes 1;"
        f" pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 32; }}\nhttp {{ access_log off; {temporary}\n{told}\n}}\n"
    )


@pytest.fixture
async def nginx(store: Store, tmp_path: Path) -> AsyncIterator[str]:
    """An address where nginx serves a folder with two articles."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    (tmp_path / "feeds").mkdir()
    made = new(entry(1, content_text="What the council says. " * 200), entry(2))
    state = store.do_now(sources.get_source, SOURCE.id)
    assert state is not None
    save_poll(store, SOURCE, made, state[1], NOW)
    site = Site(
        store,
        Shelf(),
        tmp_path / "feeds",
        "https://feeds.example.org",
        "Test News",
        "en",
        "feeds.example",
        50,
        {"policies": POLICIES},
        brotli=True,
    )
    await site.write_feed("policies")
    await site.write_index()
    port = free_port()
    (tmp_path / "nginx.conf").write_text(configuration(tmp_path, port))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        "nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), stdin=quiet, stderr=quiet
    )
    base = f"http://127.0.0.1:{port}"

    async def up() -> bool:
        try:
            await ask(f"{base}/feeds/policies.atom")
        except aiohttp.ClientError:
            return False
        return True

    try:
        await until(up, lambda: process.returncode is not None)
        yield base
    finally:
        process.terminate()
        await process.wait()


async def ask(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body as they were sent."""
    told = {"Accept-Encoding": "identity"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url, headers=told, allow_redirects=False) as answer,
    ):
        return (
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            await answer.read(),
        )


async def test_nginx_serves_the_folder_as_feedbot_would(nginx: str, tmp_path: Path):
    url, file = f"{nginx}/feeds/policies", tmp_path / "feeds" / "policies"
    for ending, kind in ((".atom", "atom+xml"), (".rss", "rss+xml"), (".json", "feed+json")):
        status, headers, body = await ask(url + ending)
        assert (status, body) == (200, file.with_suffix(ending).read_bytes())
        assert headers["content-type"] == f"application/{kind}; charset=utf-8"
        assert headers["vary"] == "Accept-Encoding"
        assert headers["cache-control"] == "public, max-age=60"
        assert headers["link"] == f'<https://feeds.example.org/feeds/policies{ending}>; rel="self"'
        assert headers["access-control-allow-origin"] == "*"
        assert headers["x-content-type-options"] == "nosniff"
        assert (await ask(url + ending, If_None_Match=headers["etag"]))[0] == 304
    for coding, suffix in (("gzip", ".gz"), *([("br", ".br")] if BROTLI.exists() else [])):
        status, headers, body = await ask(f"{url}.atom", Accept_Encoding=coding)
        assert headers["content-encoding"] == coding
        assert headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert body == Path(f"{file}.atom{suffix}").read_bytes()
    assert b"Test News" in (await ask(f"{nginx}/feeds/"))[2]  # the index, no listing
    (tmp_path / "feeds" / ".policies.atom.feedbot-new").write_bytes(b"half")
    for beside in (".policies.atom.feedbot-new", "nowhere.atom", "policies/", "policies/archive/"):
        assert (await ask(f"{nginx}/feeds/{beside}"))[0] in {403, 404}
    assert (await ask(f"{nginx}/metrics"))[0] == 404
    status, headers, _ = await ask(f"{nginx}/feeds/style.css")
    assert (status, headers["content-type"]) == (200, "text/css; charset=utf-8")
