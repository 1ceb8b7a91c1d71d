"""What the headers of an answer say. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

from feedbot.model import Validators

_LONGEST_VALIDATOR = 1024
_SECRET = re.compile(r"((?:token|key|secret|password|auth|sig|signature)=)[^&#]*", re.IGNORECASE)


def media_type(headers: Mapping[str, str]) -> str | None:
    """The bare media type, lower case."""
    found = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return found if re.fullmatch(r"[\w.+-]+/[\w.+-]+", found) else None


def charset_of(headers: Mapping[str, str]) -> str | None:
    """The charset that the Content-Type names."""
    match = re.search(
        r"""charset\s*=\s*["']?([\w.:-]{1,40})""", headers.get("Content-Type", ""), re.IGNORECASE
    )
    return match[1].lower() if match else None


def validators_of(headers: Mapping[str, str], url: str) -> Validators | None:
    """ETag and Last-Modified, verbatim (RFC 9110 section 8.8); longer than 1 kB, or with controls: none."""
    etag, modified = (_kept(headers.get(name)) for name in ("ETag", "Last-Modified"))
    return Validators(url, etag, modified) if etag or modified else None


def _kept(value: str | None) -> str | None:
    text = (value or "").strip()
    sound = 0 < len(text) <= _LONGEST_VALIDATOR and not any(char < " " or char == "\x7f" for char in text)
    return text if sound else None


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """What a server asks to wait (RFC 9110 section 10.2.3); a date is read against the answer's own Date."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,10}", text):
        return timedelta(seconds=int(text))
    until, now = _date(text), _date(headers.get("Date", ""))
    if until is None:
        return None
    return max(timedelta(), until - (now or datetime.now(UTC)))


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def mask(url: str) -> str:
    """An address as it may be shown: without user information and secrets, in one line."""
    line = "".join(char if char.isprintable() else "?" for char in url[:300])
    try:
        parts = urlsplit(line)
    except ValueError:
        return line
    host = parts.netloc.rpartition("@")[2]
    return _SECRET.sub(r"\1***", urlunsplit(parts._replace(netloc=host)))
