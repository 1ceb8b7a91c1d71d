"""Dates as sources write them, read with their precision and offset."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from zoneinfo import ZoneInfo

from feedbot.model import Precision

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"), 1)
    for name in names.split()
}  # fmt: skip
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_CLOCK = (
    r"(?:(?:T|,|\s|at)*\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z\b|UTC\b|GMT\b|KST\b|JST\b|CES?T\b|[+-]\d{2}:?\d{2})?)?"
)
_FORMS = tuple(
    re.compile(form + _CLOCK, re.IGNORECASE)
    for form in (
        r"(?<!\d)(?P<year>\d{4})\s*[-./년]\s*(?P<month>\d{1,2})\s*[-./월]\s*(?P<day>\d{1,2})(?!\d)\.?일?(?:\s*\([^)]{1,9}\))?",
        r"\b" + _MONTH + r"\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?\s*,?\s+(?P<year>\d{4})\b",
        r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?\s+" + _MONTH + r",?\s+(?P<year>\d{4})\b",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
    )
)
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "KST": 9, "JST": 9, "CET": 1, "CEST": 2}


def parse_date(text: str | None, zone: str) -> tuple[datetime, Precision] | None:
    """The time and precision of a date; None where there is none to read.

    A date without offset is read in `zone`; one without a clock is midnight there (precision day).
    Forms: RFC 5322, ISO 8601 and RFC 3339, `Jun 18, 2025`, `18 June 2025`, `2025.06.18`, `2025년 6월 18일`.
    """
    text = (text or "").strip()[:200]
    if not text:
        return None
    for form in _FORMS[:1] if text[:4].isdigit() else ():
        if match := form.search(text):
            return _build(match, zone)
    if read := _parse_rfc5322(text, zone):
        return read
    for form in _FORMS:
        if match := form.search(text):
            return _build(match, zone)
    return None


def _parse_rfc5322(text: str, zone: str) -> tuple[datetime, Precision] | None:
    try:
        parts = parsedate_tz(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if parts is None or ":" not in text:
        return None
    offset = parts[9]
    where: tzinfo = ZoneInfo(zone) if offset is None else timezone(timedelta(seconds=offset))
    try:
        return _sane(datetime(*parts[:6], tzinfo=where), Precision.SECOND)
    except (ValueError, OverflowError):
        return None


def _build(match: re.Match[str], zone: str) -> tuple[datetime, Precision] | None:
    month = match["month"].casefold().rstrip(".")
    hour = int(match["hour"] or 0)
    if half := (match["half"] or "").casefold():
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    precision = (
        Precision.SECOND if match["second"] else Precision.MINUTE if match["minute"] else Precision.DAY
    )
    try:
        moment = datetime(
            int(match["year"]),
            _MONTHS.get(month) or int(month),
            int(match["day"]),
            hour,
            int(match["minute"] or 0),
            min(int(match["second"] or 0), 59),  # a leap second
            tzinfo=_offset(match["zone"], zone),
        )
    except (ValueError, OverflowError):
        return None
    return _sane(moment, precision)


def _offset(text: str | None, zone: str) -> tzinfo:
    if text is None:
        return ZoneInfo(zone)
    if (hours := _ZONES.get(text.upper())) is not None:
        return timezone(timedelta(hours=hours))
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _sane(moment: datetime, precision: Precision) -> tuple[datetime, Precision] | None:
    """Fix the offset, and refuse years that no article has (year 1, year 10000)."""
    offset = moment.utcoffset() or timedelta()
    try:
        fixed = moment.replace(tzinfo=timezone(offset) if offset else UTC)
        fixed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (fixed, precision) if 1970 <= fixed.year <= 2200 else None
