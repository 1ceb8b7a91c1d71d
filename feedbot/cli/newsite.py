"""The command `new-site`."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from feedbot.app import make_client
from feedbot.cli import Json, app, read_config, wait_for
from feedbot.cli.show import as_json, as_table
from feedbot.config import Config
from feedbot.errors import ConfigError, UsageError
from feedbot.model import Document
from feedbot.net.client import Limit
from feedbot.sources.folder import read_document
from feedbot.sources.read import STUB_SITE
from feedbot.worker import Worker


@app.command("new-site")
def new_site(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="URL-or-FILE")],
    json: Json = False,
) -> None:
    """Begin a rule pack from an article's page: the pack, the saved page, and the record that it gives."""
    config = read_config(context, optional=True)
    name, body, pack, record = wait_for(_read(config, target))
    folder = config.feedbot.sites_dir
    files = {
        folder / f"{name}.toml": pack.encode(),
        folder / name / "article.html": body,
        folder / name / "article.json": record.encode(),
    }
    taken = next((path for path in files if path.exists()), None)
    if taken:
        raise UsageError(f"{taken} is there already; nothing was written")
    try:
        for path, body in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    except OSError as error:
        raise ConfigError(f"feedbot.sites_dir: {folder} cannot be written: {error.strerror}") from error
    if json:
        as_json({"name": name, "files": [str(path) for path in files]})
    else:
        as_table(["written", "what it is"], list(zip(files, _MEANING, strict=True)), "")


_MEANING = (
    "the rules, to be filled in",
    "the page as it was answered",
    "what it is read as now; make it what it should be",
)


def _name_of(url: str) -> str:
    parts = urlsplit(url)
    told = (parts.hostname or "").removeprefix("www.") or Path(parts.path).stem
    return re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-") or "new-site"


async def _read(config: Config, target: str) -> tuple[str, bytes, str, str]:
    """The site's name, its page, the rules guessed from it, and its record. Raises FetchError, ParseError."""
    client, worker = make_client(config), Worker()
    try:
        if urlsplit(target).scheme in {"http", "https"}:
            document = await client.get(target, limit=Limit.PAGE)
        else:
            path = Path(target.removeprefix("file://"))
            document = Document(path.absolute().as_uri(), 200, read_document(path))
        name = _name_of(document.url)
        answer = await worker.run(
            STUB_SITE, document.body, url=document.url, name=name, charset=document.charset
        )
        return name, document.body, answer.value["pack"], answer.value["record"]
    finally:
        await worker.close()
        await client.close()
