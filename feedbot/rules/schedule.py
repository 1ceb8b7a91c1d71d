"""When a source is polled next, and when a page or a message is tried again."""

from dataclasses import replace
from datetime import datetime, timedelta

from feedbot.model import Document, SourceState

DEFAULT_INTERVAL = timedelta(hours=1)
FLOOR = timedelta(minutes=15)
CEILING = timedelta(hours=24)
RETRY_AFTER_LEAST, RETRY_AFTER_MOST = timedelta(seconds=60), timedelta(days=7)
PAGE_FAILURES = 3
PAGE_PATIENCE = timedelta(minutes=30)
PAGE_WAITS = (timedelta(seconds=30), timedelta(minutes=5))


def base_interval(interval: timedelta | None, *, public: bool) -> timedelta:
    """The configured interval, with the floor that public hosts get; unset: an hour."""
    chosen = interval or DEFAULT_INTERVAL
    return max(chosen, FLOOR) if public else chosen


def after_success(
    state: SourceState,
    document: Document,
    body_hash: str | None,
    now: datetime,
    interval: timedelta,
    jitter: float,
) -> SourceState:
    """The memory of a source after an answer that was read whole. `jitter` is 0 to 0.1, it only delays."""
    return replace(
        state,
        next_poll=now + interval * (1 + jitter),
        because="interval",
        failures=0,
        error=None,
        validators=document.validators or (state.validators if document.status == 304 else None),
        body_hash=body_hash or state.body_hash,
        last_success=now,
    )


def after_failure(
    state: SourceState,
    error: str,
    now: datetime,
    interval: timedelta,
    jitter: float,
    retry_after: timedelta | None,
) -> SourceState:
    """The memory after a failure: interval times 2 to the power of failures, at most a day.

    A Retry-After between a minute and a week is waited for in any case.
    """
    failures = state.failures + 1
    wait = min(interval * 2 ** min(failures, 20), max(CEILING, interval)) * (1 + jitter)
    because = f"back-off after {failures} failure{'s' if failures > 1 else ''}"
    if retry_after is not None:
        asked = min(max(retry_after, RETRY_AFTER_LEAST), RETRY_AFTER_MOST)
        if asked > wait:
            wait, because = asked, "Retry-After"
    return replace(state, next_poll=now + wait, because=because, failures=failures, error=error)


def next_page_attempt(failures: int, first_seen: datetime, now: datetime) -> datetime | None:
    """When an article page that failed is asked again; None: the feed's record goes out as it is."""
    if failures >= PAGE_FAILURES or now - first_seen >= PAGE_PATIENCE:
        return None
    return now + PAGE_WAITS[min(failures, len(PAGE_WAITS)) - 1]
