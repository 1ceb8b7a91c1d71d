"""What the headers of an answer say. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from feedbot.model import Validators

_LONGEST_VALIDATOR = 1024
_LONGEST_SHOWN = 300
_SECRET = re.compile(r"((?:token|key|secret|password|passwd|auth|sig|signature)=)[^&#]*", re.IGNORECASE)
_USER = re.compile(r"^([^/?#]*//)[^/?#]*@")


def media_type(headers: Mapping[str, str]) -> str | None:
    """The bare media type, lower case."""
    found = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return found if re.fullmatch(r"[\w.+-]+/[\w.+-]+", found, re.ASCII) else None


def charset_of(headers: Mapping[str, str]) -> str | None:
    """The charset that the Content-Type names."""
    match = re.search(
        r"""charset\s*=\s*["']?([\w.:-]{1,40})""", headers.get("Content-Type", ""), re.IGNORECASE | re.ASCII
    )
    return match[1].lower() if match else None


def validators_of(headers: Mapping[str, str], url: str) -> Validators | None:
    """ETag and Last-Modified, verbatim (RFC 9110 section 8.8); longer than 1 kB, or with controls: none."""
    etag, modified = (_kept(headers.get(name)) for name in ("ETag", "Last-Modified"))
    return Validators(url, etag, modified) if etag or modified else None


def _kept(value: str | None) -> str | None:
    text = (value or "").strip(" \t")
    length = len(text.encode("utf-8", "surrogateescape"))
    sound = 0 < length <= _LONGEST_VALIDATOR and not any(char < " " or char == "\x7f" for char in text)
    return text if sound else None


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What a server asks to wait (RFC 9110 section 10.2.3); None for what cannot be read.

    A date is read against the answer's own Date header; `now` is for an answer that has none.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,10}", text, re.ASCII):
        return timedelta(seconds=int(text))
    until = _date(text)
    if until is None:
        return None
    return max(timedelta(), until - (_date(headers.get("Date", "")) or now))


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def phrase(status: int) -> str:
    """A status with its standard words; never the server's own, which may be anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def mask(url: str) -> str:
    """An address as it may be shown: without user information and secrets, in one short line."""
    line = "".join(char if char.isprintable() else "?" for char in url)
    try:
        parts = urlsplit(line)
        line = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        line = _USER.sub(r"\1", line)
    return _SECRET.sub(r"\1***", line)[:_LONGEST_SHOWN]
