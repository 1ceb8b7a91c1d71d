"""What the headers of an answer say. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from multidict import CIMultiDictProxy

from feedbot.model import Validators

_LONGEST_VALIDATOR = 1024
_LONGEST_DATE = 64
_LONGEST_SHOWN = 300
_MOST_SECONDS = 2**31  # RFC 9111 section 1.2.2: what is more counts as this
_NOW = timedelta()
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE | re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DIRECTIVE = re.compile(r"""([^\s,=;"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,;"]*))?[^,]*""")
_SECRET = re.compile(r"((?:token|key|secret|password|passwd|auth|sig|signature)=)[^&#]*", re.IGNORECASE)
_USER = re.compile(r"^([^/?#]*//)[^/?#]*@")


def media_type(headers: Mapping[str, str]) -> str | None:
    """The bare media type, lower case."""
    found = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return found if _MEDIA_TYPE.fullmatch(found) else None


def charset_of(headers: Mapping[str, str]) -> str | None:
    """The charset that the Content-Type names."""
    match = _CHARSET.search(headers.get("Content-Type", ""))
    return match[1].lower() if match else None


def validators_of(headers: Mapping[str, str], url: str, known: Validators | None = None) -> Validators | None:
    """ETag and Last-Modified, verbatim (RFC 9110 section 8.8); longer than 1 kB, or with controls: none.

    What a 304 does not repeat is as it was (RFC 9111 section 3.2): `known` are then those of the request.
    """
    etag, modified = _kept(headers.get("ETag")), _kept(headers.get("Last-Modified"))
    if known is not None and known.url == url:
        etag, modified = etag or known.etag, modified or known.last_modified
    return Validators(url, etag, modified) if etag or modified else None


def _kept(value: str | None) -> str | None:
    text = (value or "").strip(" \t")
    length = len(text.encode("utf-8", "surrogateescape"))
    return text if 0 < length <= _LONGEST_VALIDATOR and not _CONTROL.search(text) else None


def fresh_for(headers: CIMultiDictProxy[str], now: datetime) -> timedelta | None:
    """How long an answer may be kept from now on (RFC 9111 section 4.2.1); None where it says nothing.

    max-age of Cache-Control, else Expires minus the answer's own Date (`now` for an answer that has none);
    less Age. Never negative; a date that cannot be read is one of the past.
    """
    lifetime = _max_age(headers.getall("Cache-Control", []))
    if lifetime is None:
        told = headers.get("Expires")
        if told is None:
            return None
        until = _date(told)
        lifetime = until - (_date(headers.get("Date", "")) or now) if until else _NOW
    age = _seconds(headers.get("Age", "").strip()) or _NOW
    return max(_NOW, lifetime - age)


def _max_age(values: list[str]) -> timedelta | None:
    """The first max-age that can be read; none of it counts where the answer may not be kept at all."""
    found: timedelta | None = None
    for name, value in _directives(values):
        if (name == "no-cache" and not value) or name == "no-store":
            return _NOW
        if name == "max-age" and found is None:
            found = _NOW if value.startswith("-") else _seconds(value)
    return found


def _directives(values: list[str]) -> Iterator[tuple[str, str]]:
    for text in values:
        for match in _DIRECTIVE.finditer(text):
            yield match[1].lower(), (match[2] or "").strip('"').strip()


def _seconds(text: str) -> timedelta | None:
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return timedelta(seconds=min(int(digits or "0"), _MOST_SECONDS) if len(digits) < 12 else _MOST_SECONDS)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What a server asks to wait (RFC 9110 section 10.2.3); None for what cannot be read.

    A date is read against the answer's own Date header; `now` is for an answer that has none.
    """
    text = headers.get("Retry-After", "").strip()
    wait = _seconds(text)
    if wait is not None:
        return wait
    until = _date(text)
    if until is None:
        return None
    return max(_NOW, until - (_date(headers.get("Date", "")) or now))


def _date(text: str) -> datetime | None:
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


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
