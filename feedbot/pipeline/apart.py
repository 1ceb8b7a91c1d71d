"""Long computations, beside the event loop (edge: a thread)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from feedbot.model import ParsedFeed

P = ParamSpec("P")
T = TypeVar("T")
_MANY_ENTRIES, _MUCH_TEXT = 60, 200_000
_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="apart")  # one at a time, for their memory


def is_long(parsed: ParsedFeed) -> bool:
    """Whether it takes more than a moment to compute with what a document says."""
    if len(parsed.entries) > _MANY_ENTRIES:
        return True
    told = (
        len(text)
        for entry in parsed.entries
        for text in (entry.title, entry.content_html, entry.content_text, entry.summary_html)
        if text
    )
    return sum(told) > _MUCH_TEXT


async def compute(long: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a pure function returns; where it is long, in a thread, so that everything else goes on."""
    if not long:
        return function(*args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_THREAD, partial(function, *args, **kwargs))
