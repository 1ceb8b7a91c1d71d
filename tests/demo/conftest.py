"""What the emulator's tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.demo.botapi_client import Client, client


@pytest.fixture
async def bot() -> AsyncIterator[Client]:
    """A bot that speaks plain HTTP, and the emulator behind it."""
    async with client(silence=0.2) as made:
        yield made
