"""A clock that tests move, so that an hour of flood control costs no hour."""

import asyncio


class ManualClock:
    """Shows the time that it was set to, in seconds."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        """Now."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass; who slept until then wakes."""
        self._now += seconds
        for until, sleeper in self._sleeping:
            if until <= self._now and not sleeper.done():
                sleeper.set_result(None)
        self._sleeping = [one for one in self._sleeping if not one[1].done()]

    async def sleep(self, seconds: float) -> None:
        """Return when the clock was moved so far."""
        sleeper = asyncio.get_running_loop().create_future()
        self._sleeping.append((self._now + seconds, sleeper))
        await sleeper
