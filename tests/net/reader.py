"""Who reads bodies and is behind."""

import asyncio


class BusyReader:
    """Has room when a test gives it some. `quick` are those whose bodies it reads quickly."""

    def __init__(self, *quick: str) -> None:
        self.room = asyncio.Event()
        self._quick = quick

    def reads_quickly(self, whose: str) -> bool:
        return whose in self._quick

    async def has_room(self) -> None:
        await self.room.wait()
