"""What takes long is computed beside the event loop."""

import threading

import pytest

from feedbot.model import ParsedEntry, ParsedFeed
from feedbot.pipeline.apart import compute, is_long

SHORT = ParsedFeed(entries=(ParsedEntry(title="t"),) * 30)
MANY = ParsedFeed(entries=(ParsedEntry(title="t"),) * 1000)
LONG = ParsedFeed(entries=(ParsedEntry(content_text="t" * 300_000),))


@pytest.mark.parametrize(("parsed", "long"), [(SHORT, False), (MANY, True), (LONG, True)])
def test_many_entries_or_much_text_take_long(parsed: ParsedFeed, long: bool) -> None:
    assert is_long(parsed) is long


@pytest.mark.parametrize("long", [False, True])
async def test_only_what_is_long_leaves_the_event_loop(long: bool) -> None:
    ours = threading.current_thread()
    assert (await compute(long, threading.current_thread) is ours) is not long
