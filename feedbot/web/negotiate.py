"""What a request asks for: a coding, a fresher copy. Pure (RFC 9110 sections 12.5.3 and 13)."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


def accepts_gzip(header: str) -> bool:
    """Whether Accept-Encoding lets gzip be sent and likes it no less than none; `q=0` refuses it."""
    told: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";")
        told[name.strip()] = _weight(weight)
    gzip = told.get("gzip", told.get("x-gzip", told.get("*", 0.0)))
    return gzip > 0 and gzip >= told.get("identity", 0.0)


def _weight(text: str) -> float:
    name, _, value = text.partition(";")[0].partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def is_fresh(if_none_match: str | None, if_modified_since: str | None, etag: str, modified: datetime) -> bool:
    """Whether the client has the document already, in the coding that it would get: `etag` is that one's.
    ETags are compared weakly (section 8.8.3.2) and win over the date.
    """
    if if_none_match is not None:
        asked = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in asked or etag in asked
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
        return modified <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


def http_date(moment: datetime) -> str:
    """A time as HTTP writes it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
