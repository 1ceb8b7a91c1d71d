"""Listening: uvicorn in the daemon's own loop, on a socket that was bound before anything started (edge)."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from feedbot.errors import ConfigError
from feedbot.web.quick import Quick

POLICY = (
    "default-src 'none'; img-src 'self' http: https:; style-src 'self'; media-src http: https:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# On every answer, those that the server makes by itself included (CVE-2023-27592 was an error page).
SECURITY = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "cross-origin"),
)


def bind(host: str, port: int, key: str) -> socket.socket:
    """A listening socket. Raises ConfigError naming the key where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(256)
    except OSError as error:
        made.close()
        raise ConfigError(
            f"{key}: {host}:{port} cannot be listened on: {error.strerror};"
            " choose another, or stop what listens there"
        ) from error
    return made


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Server:
    """One listener."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http=Quick,
                ws="none",
                headers=list(SECURITY),
                log_config=None,
                log_level="error",  # what strangers send wrongly is no news
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=3,
            )
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Answer from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))

    async def stop(self) -> None:
        """Let the answers under way end, and close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._listener.close()
