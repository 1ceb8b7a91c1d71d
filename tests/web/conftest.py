"""What these tests share: a listener with a few documents."""

from collections.abc import AsyncIterator

import pytest

from tests.web.asking import Web, serve


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    """A listener."""
    server, made = await serve()
    yield made
    await server.stop()
