"""What a request asks for: a coding, a fresher copy. Pure (RFC 9110 sections 12.5.3 and 13)."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

IDENTITY = "identity"
_OURS = ("br", "gzip", IDENTITY)  # the smallest first, for those who like all of them the same
_ALSO_CALLED = {"x-gzip": "gzip"}
MOST_READ = 1000  # what a client likes best stands within; a longer header is no client's


@lru_cache(maxsize=256)
def codings(header: bytes) -> tuple[str, ...]:
    """The codings of ours that an Accept-Encoding takes, the one it likes best first; `q=0` refuses one.

    `identity` is taken unless refused, though never liked more than what is named, unless it is named too.
    """
    told: dict[str, float] = {}
    for part in header[:MOST_READ].decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        name = name.strip()
        told.setdefault(_ALSO_CALLED.get(name, name), _weight(weight))
    others = told.get("*", 0.0)
    liked = {name: told.get(name, others) for name in _OURS}
    if IDENTITY not in told and "*" not in told:
        liked[IDENTITY] = min((weight for weight in liked.values() if weight > 0), default=1.0)
    return tuple(sorted((name for name in _OURS if liked[name] > 0), key=lambda name: -liked[name]))


def _weight(text: str) -> float:
    """The `q` of a coding: 1 where there is none, 0 where it cannot be read."""
    for parameter in text.split(";"):
        name, equals, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
        if equals:
            return 0.0  # no coding has parameters
    return 1.0


def matched(if_none_match: str, etags: tuple[str, ...]) -> str | None:
    """Which of these the client has: compared weakly, as section 13.1.2 says; `*` is the first of them."""
    asked = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etags[0] if "*" in asked else next((etag for etag in etags if etag in asked), None)


def is_older(modified: datetime, if_modified_since: str) -> bool:
    """Whether what was modified then is no news since; a date that cannot be read says nothing."""
    try:
        since = parsedate_to_datetime(if_modified_since)
        return modified <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


def http_date(moment: datetime) -> str:
    """A time as HTTP writes it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
