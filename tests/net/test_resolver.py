"""Names are looked up beside the loop, each once at a time; a silent name server holds up only its own."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from feedbot.net.resolver import Resolver


class Names:
    """A name server: `silent` names wait for `release`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.release = threading.Event()

    def __call__(self, host: str, port: int, **_: object) -> list[Any]:
        self.asked.append(host)
        if host.startswith("silent"):
            self.release.wait(20)
        if host.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host.startswith("long"):
            raise UnicodeError("label too long")
        if host.startswith("zone"):
            return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", port, 0, 2))]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", port, 0, 2)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", port, 0, 0)),
        ]


@pytest.fixture
def names() -> Any:
    made = Names()
    yield made
    made.release.set()


async def test_a_name_has_addresses_but_none_with_a_zone(names: Names) -> None:
    found = await Resolver(names).resolve("gazette.example", 443)
    assert [(one["host"], one["port"]) for one in found] == [("192.0.2.1", 443), ("2001:db8::1", 443)]


async def test_a_name_without_addresses_is_an_error(names: Names) -> None:
    for name in ("unknown.example", "long.example", "zone.example"):
        with pytest.raises(OSError):  # noqa: PT011
            await Resolver(names).resolve(name, 80)


async def test_a_name_is_asked_for_once_at_a_time(names: Names) -> None:
    resolver = Resolver(names)
    waiting = [asyncio.create_task(resolver.resolve("silent.example", 80)) for _ in range(10)]
    await resolver.resolve("gazette.example", 80)
    names.release.set()
    await asyncio.gather(*waiting)
    assert sorted(names.asked) == ["gazette.example", "silent.example"]
    await resolver.resolve("silent.example", 80)
    assert len(names.asked) == 3


async def test_who_gives_up_leaves_the_others_waiting(names: Names) -> None:
    resolver = Resolver(names)
    first, second = (asyncio.create_task(resolver.resolve("silent.example", 80)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    names.release.set()
    assert await second


async def test_so_many_threads_and_no_more(names: Names) -> None:
    resolver, before = Resolver(names), set(threading.enumerate())
    waiting = [asyncio.create_task(resolver.resolve(f"silent{number}.example", 80)) for number in range(100)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(set(threading.enumerate()) - before) == 32
    names.release.set()
    await asyncio.gather(*waiting)


async def test_closing_gives_up_what_hangs(names: Names) -> None:
    resolver = Resolver(names)
    waiting = asyncio.create_task(resolver.resolve("silent.example", 80))
    await asyncio.sleep(0)
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "resolver")
