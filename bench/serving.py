"""What an answer over HTTP costs: ours, a bare ASGI application under uvicorn, and nginx on the same file."""

import argparse
import asyncio
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measure import cpu_of, descendants

PATH = "/feeds/news.atom"
# answer, whom we are compared with, and the ratio to reach (ours divided by theirs)
TARGETS = (("304", "bare", 1.5), ("200 gzip", "bare", 1.5), ("200 plain", "bare", 1.5))
ANSWERS = {"304": 304, "200 gzip": 200, "200 plain": 200}
_CONNECTIONS = 8
_BATCHES = 6  # in turns, so that what else runs here meets everybody


def document() -> bytes:
    """A feed of an ordinary size: 100 kB that packs like prose."""
    words = "harbour council decided yesterday that photographs of the old bridge should be kept".split()
    lines = (" ".join(words[(at * 7 + step * 5) % len(words)] for step in range(12)) for at in range(1300))
    return (
        b"<feed>" + "".join(f"<p>{at}: {line}</p>\n" for at, line in enumerate(lines)).encode() + b"</feed>"
    )


def write_files(folder: Path) -> None:
    """The document and its gzip form, as feedbot lays them down."""
    (folder / "news.atom").write_bytes(document())
    (folder / "news.atom.gz").write_bytes(gzip.compress(document(), 6, mtime=0))


def serve(name: str) -> None:
    """Serve until the standard input ends, and print the port; in a process of its own."""
    import uvloop  # noqa: PLC0415  # the process that only measures needs none

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        uvloop.run(_ours(listener) if name == "feedbot" else _bare(listener))


async def _until_told() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _ours(listener: socket.socket) -> None:
    from feedbot.publish.shelf import ATOM, Shelf  # noqa: PLC0415
    from feedbot.web.app import Health, Parts, build_app  # noqa: PLC0415
    from feedbot.web.serve import Server  # noqa: PLC0415

    async def nothing(*_: Any) -> None:
        return None

    async def well() -> Health:
        return Health(True, 0.0, None, None)

    folder = Path(tempfile.mkdtemp(prefix="feedbot-bench-"))
    write_files(folder)
    shelf = Shelf()
    shelf.file(PATH, folder / "news.atom", ATOM)
    parts = Parts(
        shelf=shelf,
        base_url="http://127.0.0.1",
        hub="https://hub.example/",
        entry_page=nothing,
        category_page=nothing,
        missing_page=lambda what: what.encode(),
        health=well,
        metrics=lambda: b"",
    )
    server = Server(build_app(parts), listener)
    server.start()
    await _until_told()
    await server.stop()
    shutil.rmtree(folder)


async def _bare(listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415

    plain = document()
    packed = gzip.compress(plain, 6)

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        asked = dict(scope["headers"])
        if b"if-none-match" in asked:
            status, headers, body = 304, [], b""
        elif b"accept-encoding" in asked:
            status, headers, body = 200, [(b"content-encoding", b"gzip")], packed
        else:
            status, headers, body = 200, [], plain
        if status == 200:
            headers += [(b"content-type", b"application/atom+xml"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(app, http="httptools", ws="none", log_level="error", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await _until_told()
    server.should_exit = True
    await task


@contextmanager
def python_server(name: str) -> Iterator[tuple[int, int]]:
    """One of ours in a process; its port and its process."""
    words = [sys.executable, "-m", "bench.serving", "--serve", name]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["port"], process.pid
    finally:
        process.stdin.close()
        process.wait(30)


@contextmanager
def nginx_server(folder: Path) -> Iterator[tuple[int, int]]:
    """nginx with one worker on the same files, as docs/serving.md says; its port and its process."""
    shelf = folder / "feeds"
    shelf.mkdir()
    write_files(shelf)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(
        ("user root;\n" if os.geteuid() == 0 else "")  # or its worker could not read a temporary folder
        + f"daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;\n"
        f"events {{ worker_connections 64; }}\n"
        "http { access_log off; keepalive_requests 1000000; types { application/atom+xml atom; }\n"
        f"server {{ listen 127.0.0.1:{port};"
        f" location /feeds/ {{ alias {shelf}/; gzip_static on; etag on; }} }} }}\n"
    )
    process = subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(configuration)], stdin=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        subprocess.run(["sleep", "0.05"], check=True)
    raise RuntimeError("nginx did not start")


class Client:
    """A few connections that ask again and again."""

    def __init__(self, port: int, process: int) -> None:
        self._port, self._process = port, process
        self._requests = {
            "200 plain": _request(""),
            "200 gzip": _request("Accept-Encoding: gzip, deflate, br\r\n"),
        }
        _, headers = asyncio.run(self._ask(self._requests["200 gzip"], 1))
        etag = headers.get("etag", '"bare"')
        self._requests["304"] = _request(f"Accept-Encoding: gzip, deflate, br\r\nIf-None-Match: {etag}\r\n")

    def cost(self, answer: str, count: int) -> float:
        """CPU milliseconds of the server for each of so many answers."""
        before = self._cpu()
        status, _ = asyncio.run(self._ask(self._requests[answer], count))
        assert status == ANSWERS[answer], (answer, status)
        return (self._cpu() - before) * 1000 / count

    def _cpu(self) -> float:
        return sum(cpu_of(one) for one in descendants(self._process))

    async def _ask(self, request: bytes, count: int) -> tuple[int, dict[str, str]]:
        at_once = min(_CONNECTIONS, count)
        found = await asyncio.gather(*(self._connection(request, count // at_once) for _ in range(at_once)))
        return found[0]

    async def _connection(self, request: bytes, count: int) -> tuple[int, dict[str, str]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        status, headers = 0, {}
        for _ in range(count):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            status = int(head[0].split()[1])
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            if status == 200:
                await reader.readexactly(int(headers["content-length"]))
        writer.close()
        return status, headers


def _request(more: str) -> bytes:
    told = (
        "Host: feeds.example\r\nUser-Agent: a-feed-reader/1.0 (+https://reader.example/)\r\nAccept: */*\r\n"
    )
    return f"GET {PATH} HTTP/1.1\r\n{told}{more}\r\n".encode()


def serving_costs(count: int) -> dict[str, dict[str, float]]:
    """CPU milliseconds an answer, by server and answer; nginx only where it is installed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        python_server("feedbot") as ours,
        python_server("bare") as bare,
    ):
        if shutil.which("nginx") is None:
            return _measure({"feedbot": Client(*ours), "bare": Client(*bare)}, count)
        with nginx_server(Path(folder)) as nginx:
            return _measure({"feedbot": Client(*ours), "bare": Client(*bare), "nginx": Client(*nginx)}, count)


def _measure(clients: dict[str, Client], count: int) -> dict[str, dict[str, float]]:
    for client in clients.values():
        for answer in ANSWERS:
            client.cost(answer, 200)  # warm
    found: dict[str, dict[str, list[float]]] = {name: {answer: [] for answer in ANSWERS} for name in clients}
    for _ in range(_BATCHES):
        for answer in ANSWERS:
            for name, client in clients.items():
                found[name][answer].append(client.cost(answer, count // _BATCHES))
    return {
        name: {answer: sum(costs) / len(costs) for answer, costs in answers.items()}
        for name, answers in found.items()
    }


def print_serving(console: Console, count: int = 9_000) -> int:
    """Measure and print; how many ratios were missed."""
    found = serving_costs(count)
    table = Table("CPU ms an answer", *ANSWERS, box=None)
    for name, costs in found.items():
        table.add_row(name, *(f"{costs[answer]:.3f}" for answer in ANSWERS))
    console.print()
    console.print(table)
    if "nginx" not in found:
        console.print("nginx is not installed, so it is not measured beside them")
    ratios = Table("answer", "compared with", "ratio", "to reach", "", box=None)
    missed = 0
    for answer, other, target in TARGETS:
        ratio = found["feedbot"][answer] / found[other][answer]
        missed += ratio > target
        ratios.add_row(answer, other, f"{ratio:.2f}", f"{target:.2f}", "" if ratio <= target else "missed")
    console.print()
    console.print(ratios)
    return missed


def main() -> None:
    """Measure and print, or be one of the servers."""
    options = argparse.ArgumentParser(prog="bench.serving", description=__doc__)
    options.add_argument("--serve", choices=("feedbot", "bare"))
    options.add_argument("--count", type=int, default=12_000, help="answers of each kind from each server")
    chosen = options.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return
    sys.exit(1 if print_serving(Console(width=100), chosen.count) else 0)


if __name__ == "__main__":
    main()
