"""When a source is polled next, and when an article's page is asked again (design, "Numbers")."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feedbot.model import Document, Hints, Move, ParsedFeed, Poison, SourceState, Validators

DEFAULT_INTERVAL = timedelta(hours=1)
FLOOR, CEILING = timedelta(minutes=15), timedelta(hours=24)
RETRY_AFTER_LEAST, RETRY_AFTER_MOST = timedelta(seconds=60), timedelta(days=7)
ONLY_304 = timedelta(days=7)
MOVE_COUNT, MOVE_TIME = 3, timedelta(hours=24)
LOST_AFTER = timedelta(days=28)  # a 404 for so long counts as a 410
COUNT_EVERY = timedelta(hours=24)
COUNTED = timedelta(days=28)  # over which entries a week are counted
_ELSEWHERE_FAILURES = 3  # after so many the address of the configuration is tried again
_POLLS_AN_ENTRY = 4
_PUSHED = 4  # times as long between polls while a hub says when
_TIRED_AFTER = 8  # unchanged polls without validators until the interval doubles, and doubles again
_POISON_TRIES, _POISON_REST = 2, timedelta(hours=24)

PAGE_FAILURES = 3
PAGE_PATIENCE = timedelta(minutes=30)
PAGE_WAITS = (timedelta(seconds=30), timedelta(minutes=5))
PAGE_AGAIN = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
PAGE_GONE_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a source is polled: the operator's interval, whether its host is a public one,
    whether its address has user information, and whether a hub pushes it.

    The floor holds for public hosts; those in `allow_networks` may be polled as often as `interval` says.
    """

    interval: timedelta | None
    public: bool
    has_user: bool = False
    pushed: bool = False


def poll_url(state: SourceState, url: str) -> str:
    """Where a source is polled: where it moved to, the feed that its page names, or its own address."""
    return state.moved_to or state.found_url or url


def validators_for(state: SourceState, now: datetime) -> Validators | None:
    """What makes the next poll conditional. After a week of nothing but 304s one poll is not: a wrong 304
    heals.
    """
    rested = state.last_full is None or now - state.last_full >= ONLY_304
    return None if rested else state.validators


def rate_of(count: int, oldest: datetime | None, now: datetime) -> float:
    """Entries a week: so many since `oldest`, over four weeks at most and a day at least."""
    span = min(max(now - (oldest or now), timedelta(days=1)), COUNTED)
    return count * (timedelta(days=7) / span)


def needs_count(state: SourceState, now: datetime) -> bool:
    """Whether the entries a week are to be counted anew."""
    return state.counted_at is None or now - state.counted_at >= COUNT_EVERY


def base_interval(state: SourceState, terms: Terms) -> tuple[timedelta, str]:
    """The interval before anybody's wishes, and why: an explicit one is exact, else four polls an entry
    between 15 minutes and a day; without validators twice as long, longer while the body never changes.
    """
    is_blind = state.validators is None and state.last_success is not None
    return _interval(terms, state.per_week, state.unchanged if is_blind else None)


def _interval(terms: Terms, per_week: float | None, blind: int | None) -> tuple[timedelta, str]:
    """`blind`: so many polls of a source without validators brought nothing; None for one that has them."""
    if terms.interval is not None:
        chosen = max(terms.interval, FLOOR) if terms.public else terms.interval
        return chosen, "interval" if chosen == terms.interval else "the floor of 15 minutes for public hosts"
    if per_week is None:
        chosen, why = DEFAULT_INTERVAL, "an hour, until its rhythm is known"
    else:
        chosen = timedelta(days=7) / max(per_week * _POLLS_AN_ENTRY, 0.01)
        why = f"its rhythm of {per_week:.3g} entries a week"
    chosen = max(FLOOR, min(chosen, CEILING))
    if blind is not None:
        chosen *= 2 * 2 ** min(blind // _TIRED_AFTER, 10)
        why += ", without validators"
    if terms.pushed:
        chosen *= _PUSHED
        why += ", pushed by its hub"
    return min(chosen, CEILING), why


def after_success(
    state: SourceState,
    document: Document,
    parsed: ParsedFeed | None,
    body_hash: str | None,
    now: datetime,
    terms: Terms,
    jitter: float,
    per_week: float | None = None,
) -> SourceState:
    """The memory of a source after an answer that was read whole; `parsed` None: it said nothing new.

    `jitter` is 0 to 0.1 and only delays, an interval that the operator chose not at all; `per_week` is given
    where the entries were counted.
    """
    moved_to, move = _moved(state, document, now, is_secret=terms.has_user)
    is_304 = document.status == 304
    validators = document.validators or (state.validators if is_304 else None)
    unchanged = state.unchanged + 1 if parsed is None else 0
    hints = _hints(parsed) if parsed else state.hints
    counted_at = state.counted_at if per_week is None else now
    per_week = state.per_week if per_week is None else per_week
    interval = _interval(terms, per_week, unchanged if validators is None else None)
    wait, because = _longest(interval, document.fresh_for, hints)
    planned = now + (wait if terms.interval else wait * (1 + jitter))
    due = _outside_skipped(planned, hints)
    return replace(
        state,
        next_poll=due,
        because=because if due == planned else "skipHours or skipDays",
        failures=0,
        error=None,
        failing_since=None,
        stopped=None,
        validators=validators,
        body_hash=body_hash or state.body_hash,
        last_success=now,
        last_full=state.last_full if is_304 else now,
        unchanged=unchanged,
        hints=hints,
        per_week=per_week,
        counted_at=counted_at,
        moved_to=moved_to,
        move=move,
        poison=None if parsed else state.poison,
    )


def _hints(parsed: ParsedFeed) -> Hints:
    return Hints(parsed.ttl, parsed.update_period, parsed.skip_hours, parsed.skip_days)


def _longest(
    interval: tuple[timedelta, str], fresh_for: timedelta | None, hints: Hints
) -> tuple[timedelta, str]:
    """The longest of our interval and of what the source wishes; a wish counts for a day at most."""
    wishes = (
        (fresh_for, "Cache-Control or Expires"),
        (hints.ttl, "ttl"),
        (hints.update_period, "sy:updatePeriod"),
    )
    wait, because = interval
    for wish, name in wishes:
        if wish is not None and min(wish, CEILING) > wait:
            wait, because = min(wish, CEILING), name
    return wait, because


def _outside_skipped(due: datetime, hints: Hints) -> datetime:
    """The next hour in which the source wants to be asked; a day is the most that it can delay."""
    if not (hints.skip_hours or hints.skip_days):
        return due
    moment = due
    for _ in range(25):
        at = moment.astimezone(UTC)
        if at.hour not in hints.skip_hours and at.weekday() not in hints.skip_days:
            return moment
        moment = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def _moved(
    state: SourceState, document: Document, now: datetime, *, is_secret: bool
) -> tuple[str | None, Move | None]:
    """Where the source moved to for good, and where it may be moving.

    A move is believed after three equal answers over a day, each with a document that was read (a parked
    domain's page never is); one answer without it ends it. An address with user information never moves:
    the new one would be asked without.
    """
    to = document.permanent_url
    if to is None or is_secret:
        return state.moved_to, None
    begun = state.move if state.move and state.move.to == to else Move(to, 0, now)
    move = replace(begun, count=begun.count + 1)
    if move.count >= MOVE_COUNT and now - move.since >= MOVE_TIME:
        return to, None
    return state.moved_to, move


def after_failure(
    state: SourceState,
    error: str,
    now: datetime,
    terms: Terms,
    jitter: float,
    *,
    status: int = 0,
    retry_after: timedelta | None = None,
) -> SourceState:
    """The memory after a failure: interval times 2 to the power of failures, at most a day; or what the
    server asked to wait, between a minute and a week. 410 ends polling, 404 for four weeks too.
    """
    failures = state.failures + 1
    since = state.failing_since or now
    failed = replace(state, failures=failures, error=error, failing_since=since, move=None)
    elsewhere = state.moved_to is not None or state.found_url is not None
    if elsewhere and (status == 410 or failures >= _ELSEWHERE_FAILURES):
        failed = replace(failed, moved_to=None, found_url=None, validators=None, body_hash=None)
    elif status == 410 or (status == 404 and now - since >= LOST_AFTER):
        return replace(failed, stopped=error, next_poll=None, because="stopped: it is gone")
    interval, _ = base_interval(state, terms)
    if retry_after is not None and status in {429, 503}:
        asked = min(max(retry_after, RETRY_AFTER_LEAST), RETRY_AFTER_MOST)
        wait, because = max(asked, interval), "Retry-After" if asked >= interval else "interval"
    else:
        wait = min(interval * 2 ** min(failures, 20) * (1 + jitter), max(CEILING, interval))
        because = f"back-off after {failures} failure{'s' if failures > 1 else ''}"
    return replace(failed, next_poll=now + wait, because=because)


def put_off(state: SourceState, error: str, now: datetime, terms: Terms) -> SourceState:
    """The memory where a source was not asked, for others of its host were: no failure of its own."""
    interval, _ = base_interval(state, terms)
    return replace(state, next_poll=now + min(interval, FLOOR), because=error)


def poisoned(state: SourceState, body_hash: str, now: datetime) -> SourceState:
    """The memory of a source whose body killed the worker."""
    known = state.poison if state.poison and state.poison.body_hash == body_hash else None
    return replace(state, poison=Poison(body_hash, now, known.tries + 1 if known else 1))


def is_poison(state: SourceState, body_hash: str, now: datetime) -> bool:
    """Whether a body is not to be read: it killed the worker, and was not tried again a day later, or was."""
    poison = state.poison
    if poison is None or poison.body_hash != body_hash:
        return False
    return poison.tries >= _POISON_TRIES or now - poison.at < _POISON_REST


def asked_rest(status: int | None, retry_after: timedelta | None) -> timedelta:
    """How long a server that answered a page or a photo with 429, or 503 and a time, is left in peace."""
    if status == 429 or (status == 503 and retry_after is not None):
        return min(max(retry_after or FLOOR, RETRY_AFTER_LEAST), RETRY_AFTER_MOST)
    return timedelta()


def next_page_attempt(
    failures: int, first_seen: datetime, now: datetime, rest: timedelta = timedelta()
) -> datetime | None:
    """When an article page that failed is asked again, not before `rest` is over; None: the feed's record
    goes out as it is.
    """
    wait = max(PAGE_WAITS[min(failures, len(PAGE_WAITS)) - 1], rest)
    if failures >= PAGE_FAILURES or now + min(wait, rest) - first_seen >= PAGE_PATIENCE:
        return None
    return now + wait


def next_page_visit(
    first_seen: datetime, now: datetime, missing_since: datetime | None = None
) -> datetime | None:
    """When the page of an entry that is out is asked for corrections: 1, 6 and 24 hours after first sight.

    One that is gone is asked once more a day after it was first missed, and then ever more seldom.
    """
    visits = [first_seen + wait for wait in PAGE_AGAIN]
    if missing_since is not None:
        second = missing_since + PAGE_GONE_AFTER
        visits.append(second if second > now else now + max(PAGE_GONE_AFTER, now - missing_since))
    return min((visit for visit in visits if visit > now), default=None)
