"""Turns at hosts, with a clock that moves by itself."""

import asyncio

import pytest

from feedbot.net.manners import BusyError, Manners


class Clock:
    """Sleeping moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += max(seconds, 0.0)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def manners(clock: Clock, concurrency: int = 2) -> Manners:
    return Manners(concurrency, clock=clock, sleep=clock.sleep)


async def test_requests_to_a_host_start_a_gap_apart(clock: Clock) -> None:
    host, starts = manners(clock), []
    for _ in range(4):
        async with host.turn("gazette.example", gap=1.5, patience=60):
            starts.append(clock.now)
    assert starts == [1000.0, 1001.5, 1003.0, 1004.5]


async def test_a_host_that_rested_is_asked_at_once(clock: Clock) -> None:
    host = manners(clock)
    for _ in range(2):
        async with host.turn("gazette.example", gap=1.0, patience=60):
            clock.now += 5.0
    assert clock.slept == []


async def test_a_longer_gap_holds_for_whoever_comes_next(clock: Clock) -> None:
    host = manners(clock)
    async with host.turn("gazette.example", gap=30.0, patience=60):
        pass
    async with host.turn("gazette.example", gap=1.0, patience=60):
        assert clock.now == 1030.0


async def test_hosts_do_not_wait_for_each_other(clock: Clock) -> None:
    host = manners(clock)
    for name in ("a.example", "b.example", "c.example"):
        async with host.turn(name, gap=1.0, patience=60):
            pass
    assert clock.slept == []


async def test_without_a_gap_there_is_no_pause(clock: Clock) -> None:
    host = manners(clock)
    for _ in range(3):
        async with host.turn("127.0.0.1:80", gap=0.0, patience=60):
            pass
    assert clock.slept == []


async def test_so_many_at_once_and_no_more(clock: Clock) -> None:
    host, now, most = manners(clock, 2), 0, 0

    async def visit() -> None:
        nonlocal now, most
        async with host.turn("gazette.example", gap=0.0, patience=60):
            now += 1
            most = max(most, now)
            for _ in range(5):
                await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(visit() for _ in range(7)))
    assert most == 2


async def test_whoever_waits_too_long_is_told(clock: Clock) -> None:
    host = manners(clock, 1)
    async with host.turn("gazette.example", gap=0.0, patience=60):
        with pytest.raises(BusyError):
            async with host.turn("gazette.example", gap=0.0, patience=0.01):
                pytest.fail("the room was taken")
    async with host.turn("gazette.example", gap=0.0, patience=0.01):
        pass


async def test_a_fault_inside_a_turn_gives_the_room_back(clock: Clock) -> None:
    host = manners(clock, 1)
    for _ in range(3):
        with pytest.raises(OSError, match="fault"):
            async with host.turn("gazette.example", gap=1.0, patience=5):
                raise OSError("fault")


async def test_who_is_cancelled_in_line_leaves_it(clock: Clock) -> None:
    host = manners(clock, 1)

    async def visit() -> None:
        async with host.turn("gazette.example", gap=1.0, patience=60):
            pytest.fail("the room was taken")

    async with host.turn("gazette.example", gap=1.0, patience=60):
        waiting = asyncio.create_task(visit())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with host.turn("gazette.example", gap=0.0, patience=0.01):
        pass


async def test_hosts_that_rest_are_forgotten_and_busy_ones_are_not(clock: Clock) -> None:
    host = manners(clock)
    async with host.turn("busy.example", gap=1.0, patience=60):
        for number in range(2500):
            clock.now += 1.0
            async with host.turn(f"{number}.example", gap=1.0, patience=60):
                pass
        assert "busy.example" in host._hosts
    assert len(host) <= 1000


async def _hang(host: Manners, started: list[str], name: str) -> None:
    async with host.turn("gazette.example", gap=0.0, patience=60):
        started.append(name)
        await asyncio.Event().wait()


async def _visit(host: Manners, started: list[str], name: str, *, quick: bool) -> None:
    async with host.turn("gazette.example", gap=0.0, patience=60, quick=quick):
        started.append(name)
        await asyncio.sleep(0)


async def test_where_some_are_known_to_be_quick_half_of_the_places_are_theirs(clock: Clock) -> None:
    host, started = manners(clock, 4), list[str]()
    await _visit(host, started, "quick", quick=True)
    hanging = [asyncio.create_task(_hang(host, started, "hangs")) for _ in range(4)]
    await asyncio.sleep(0)
    assert started == ["quick", "hangs", "hangs"]
    await asyncio.gather(*(_visit(host, started, "quick", quick=True) for _ in range(3)))
    assert started[3:] == ["quick"] * 3
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_where_none_is_known_to_be_quick_all_places_are_for_everybody(clock: Clock) -> None:
    host, started = manners(clock, 2), list[str]()
    hanging = [asyncio.create_task(_hang(host, started, "hangs")) for _ in range(3)]
    await asyncio.sleep(0)
    assert len(started) == 2
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_those_who_are_not_known_are_not_passed_for_ever(clock: Clock) -> None:
    host, started = manners(clock, 1), list[str]()
    async with host.turn("gazette.example", gap=0.0, patience=60, quick=True):
        tasks = [
            asyncio.create_task(_visit(host, started, name, quick=name == "quick"))
            for name in ("quick", "quick", "new", "new")
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert started == ["new", "quick", "new", "quick"]


async def test_who_steps_out_leaves_the_place_to_others_and_comes_back(clock: Clock) -> None:
    host, started = manners(clock, 1), list[str]()
    async with host.turn("gazette.example", gap=0.0, patience=60) as turn:
        turn.step_out()
        await _visit(host, started, "other", quick=False)
        await turn.step_in()
        with pytest.raises(BusyError):
            async with host.turn("gazette.example", gap=0.0, patience=0.01):
                pytest.fail("the room was taken")
    async with host.turn("gazette.example", gap=0.0, patience=0.01):
        assert started == ["other"]


@pytest.mark.parametrize("quick", [True, False])
async def test_one_is_in_the_way_when_several_of_its_kind_wait(clock: Clock, quick: bool) -> None:
    host, started = manners(clock, 1), list[str]()
    async with host.turn("gazette.example", gap=0.0, patience=60, quick=quick) as turn:
        kinds = [quick] * 3 + [not quick] * 2
        waiting = [asyncio.create_task(_visit(host, started, "", quick=kind)) for kind in kinds]
        await asyncio.sleep(0)
        assert not turn.is_in_the_way()
        waiting.append(asyncio.create_task(_visit(host, started, "", quick=quick)))
        await asyncio.sleep(0)
        assert turn.is_in_the_way()
    await asyncio.gather(*waiting)
