"""A transport, whose every error and every log line is searched for the token."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator

import pytest

from feedbot.telegram.transport import Transport
from tests.telegram.calls import SECRET, Calls, Log


@pytest.fixture
async def hasty() -> AsyncIterator[Transport]:
    """Waits a moment only; for tests in which nothing ever comes."""
    made = Transport(4, connect=0.1)
    await made.initialize()
    yield made
    await made.shutdown()


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    """Every error of every test here is searched for the token, and so is all that was logged."""
    log, root = Log(), logging.getLogger()
    before = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    made = Calls()
    await made.transport.initialize()
    yield made
    await made.transport.shutdown()
    root.removeHandler(log)
    root.setLevel(before)
    told = "".join("".join(traceback.format_exception(fault)) + repr(fault) for fault in made.faults)
    assert SECRET not in told
    assert [line for line in log.lines if SECRET in line] == []
