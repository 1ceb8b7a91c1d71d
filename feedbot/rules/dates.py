"""Dates as sources write them, read with their precision and offset."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from feedbot.model import Precision

_LONGEST = 200
_LAST_YEAR = 2200
# Whole and as they are shortened, in the case that a date has: English, German, French, Spanish, Italian,
# Portuguese, Dutch, the languages of Scandinavia, Indonesian, Turkish, Polish, Czech; Russian, Ukrainian;
# Greek; Arabic; Hindi; Thai.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (("jan january januar jänner janvier janv enero ene gennaio gen janeiro januari ocak stycznia ledna"
         " января янв січня ιανουαρίου يناير जनवरी มกราคม ม.ค"),
         ("feb february februar février févr fév febrero febbraio fevereiro fev februari şubat lutego února"
         " февраля фев февр лютого φεβρουαρίου فبراير फ़रवरी फरवरी กุมภาพันธ์ ก.พ"),
         ("mar march märz mrz mars marzo março maart marts maret mart marca března"
         " марта мар березня μαρτίου مارس मार्च มีนาคม มี.ค"),
         ("apr april avril avr abril abr aprile nisan kwietnia dubna"
         " апреля апр квітня απριλίου أبريل إبريل ابريل अप्रैल เมษายน เม.ย"),
         "may mai mayo maggio mag maio mei maj mayıs maja května мая травня μαΐου مايو मई พฤษภาคม พ.ค",
         ("jun june juni juin junio giugno giu junho haziran czerwca června"
         " июня июн червня ιουνίου يونيو जून มิถุนายน มิ.ย"),
         ("jul july juli juillet juil julio luglio lug julho temmuz lipca července"
         " июля июл липня ιουλίου يوليو जुलाई กรกฎาคม ก.ค"),
         ("aug august août agosto ago augustus augusti agustus ağustos sierpnia srpna"
         " августа авг серпня αυγούστου أغسطس اغسطس अगस्त สิงหาคม ส.ค"),
         ("sep sept september septembre septiembre settembre set setembro eylül września září"
         " сентября сен сент вересня σεπτεμβρίου سبتمبر सितंबर सितम्बर กันยายน ก.ย"),
         ("oct october oktober okt octobre octubre ottobre ott outubro out ekim października října"
         " октября окт жовтня οκτωβρίου أكتوبر اكتوبر अक्टूबर ตุลาคม ต.ค"),
         ("nov november novembre noviembre novembro kasım listopada listopadu"
         " ноября ноя нояб листопада νοεμβρίου نوفمبر नवंबर नवम्बर พฤศจิกายน พ.ย"),
         ("dec december dezember dez décembre déc diciembre dic dicembre dezembro desember aralık grudnia"
         " prosince декабря дек грудня δεκεμβρίου ديسمبر दिसंबर दिसम्बर ธันวาคม ธ.ค")), 1)
    for name in names.split()
}  # fmt: skip
_MONTH = (
    r"(?P<month>" + "|".join(map(re.escape, sorted(_MONTHS, key=len, reverse=True))) + r")(?![^\W\d_])\.?"
)
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th|er)?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DATES = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<!\d)(?P<year>\d{4})\s*[-./년年]\s*(?P<month>\d{1,2})\s*[-./월月]\s*(?P<day>\d{1,2})(?!\d)\s*[.일日]?",
        r"(?<![^\W\d_])" + _MONTH + r"\s*(?P<day>\d{1,2})(?:st|nd|rd|th)?\s*,?\s+" + _YEAR + r"(?!:)",
        _DAY + r"\.?[\s-]*(?:de\s+)?" + _MONTH + r"[\s,-]*(?:del?\s+)?" + _YEAR,
        r"(?<![^\W\d_])"
        + _MONTH
        + r"\s+(?P<day>\d{1,2})\s+(?=\d{1,2}:\d{2}(?::\d{2})?\s(?:[A-Z]{3,4}\s)?\d{4})",
        _DAY + r"[\s-]+" + _MONTH + r"[\s-]+(?P<year>\d{2,3})(?![\d:])",
        r"(?<!\d)(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?" + _YEAR,
        r"(?<!\d)(?P<first>\d{1,2})[/-](?P<second>\d{1,2})[/-]" + _YEAR,
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?=T?\d{4}(?:\d{2})?(?!\d))",
    )
)
# RFC 5322 as programs write it: what most feeds have, and read by the other forms in ten times the time.
_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(?P<day>\d{1,2}) (?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" (?P<year>\d{4}) (?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
    r" (?P<zone>[+-]\d{4}|GMT|UTC|Z|[ECMP][SD]T)"
)
_HALVES = {"a": 0, "오전": 0, "上午": 0, "午前": 0, "p": 12, "오후": 12, "下午": 12, "午後": 12}
_ZONE = (
    r"(?P<zone>Z(?!\w)|[+-]\d{1,2}:?\d{2}(?!\d)|[+-]\d{1,2}(?!\d)|(?:UTC|GMT)\s?[+-]\d{1,2}(?::?\d{2})?(?!\d)"
    r"|(?-i:[A-Z]{1,5})(?![^\W\d_]))"
)
_CLOCK_TEXT = (
    r"(?:(?P<half>오전|오후|上午|下午|午前|午後)\s*)?(?P<hour>\d{1,2})"
    r"(?:\s?[:시時点h]\s?(?P<minute>\d{2}|\d(?=\s?[분分]))\s?[분分]?(?:[:\s]?(?P<second>\d{2})(?!\d|:)\s?[초秒]?(?:[.,]\d+)?)?"
    r"(?:\s*(?P<end>[ap]\.?m\b\.?))?|\s*(?P<full>[ap]\.?m\b\.?)|\s?[시時](?!\w))"
    r"(?:\s*\(?" + _ZONE + r"\)?)?"
)
_BETWEEN = r"(?:\s*\([^)]{1,12}\)|T|,|\||·|\s|-(?=\s)|at\b|um\b|à\b|в\b|klo\b|alle\b|a las\b|เวลา)*\s*"
_CLOCK_AFTER = re.compile(_BETWEEN + _CLOCK_TEXT, re.IGNORECASE)
_CLOCK_BEFORE = re.compile(r"(?<![\d:])" + _CLOCK_TEXT + r"[^\d:]{0,30}$", re.IGNORECASE)
_CLOCK_BASIC = re.compile(r"T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?!\d)\s?" + _ZONE + "?")
_YEAR_LAST = re.compile(r"\s*(?:[A-Z]{3,4}\s)?(?P<year>\d{4})(?!\d)")
_MONTH_ONLY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})")
_UNIX = re.compile(r"(\d{9,10})(?:\d{3})?(?:\.\d+)?")
# Hours of the zones that news and RFC 822 name. A military letter other than Z means UTC: RFC 822 had
# their signs wrong, so RFC 5322 section 4.3 takes none of them at its word.
_ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "PKT": 5, "WIB": 7, "ICT": 7, "SGT": 8, "HKT": 8, "PHT": 8,
    "AWST": 8, "KST": 9, "JST": 9, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3,
    "ART": -3, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
# What a clock that was never set says: the zero of Unix, of Macintosh, of spreadsheets.
_ZERO_DAYS = frozenset({(1969, 12, 31), (1970, 1, 1), (1904, 1, 1), (1899, 12, 30), (1900, 1, 1)})


def parse_date(text: str | None, zone: str) -> tuple[datetime, Precision] | None:
    """The time and precision of a date; None where there is none to read.

    A date without offset is read in `zone`; one without a clock is midnight there (precision day).
    Forms: RFC 5322, ISO 8601 and RFC 3339, Unix seconds, `Jun 18, 2025`, `18 June 2025`, `18. Juni 2025`,
    `18 يونيو 2025`, `2025.06.18`, `2025년 6월 18일 오후 3:05`, `06/18/2025` where only one reading is a date.
    """
    text = re.sub(r"\s+", " ", (text or "")[:_LONGEST]).strip()
    if not re.search(r"\d", text):
        return None
    if match := _MAIL.fullmatch(text):
        return _build(int(match["year"]), _MONTHS[match["month"].lower()], int(match["day"]), match, zone)
    if match := _UNIX.fullmatch(text):
        return _from_unix(int(match[1]))
    if match := _MONTH_ONLY.fullmatch(text):
        return _build(int(match["year"]), int(match["month"]), 1, None, zone)
    for form in _DATES:
        if match := form.search(text):
            return _read(text, match, zone)
    return None


def is_ambiguous(text: str | None) -> bool:
    """Whether a date can be read as two days: `05/06/2025`."""
    match = _DATES[6].fullmatch((text or "").strip().partition(" ")[0])
    return match is not None and _month_and_day(match) is None


def _from_unix(seconds: int) -> tuple[datetime, Precision] | None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return _sane(moment, Precision.SECOND)


def _read(text: str, match: re.Match[str], zone: str) -> tuple[datetime, Precision] | None:
    parts = match.groupdict()
    found = _month_and_day(match)
    if found is None:
        return None
    rest = text[match.end() :]
    clock = (
        _CLOCK_BASIC if rest[:1] not in {":", " ", ""} and rest[:4].lstrip("T").isdigit() else _CLOCK_AFTER
    ).match(rest)
    if parts.get("year") is None:
        last = _YEAR_LAST.match(rest[clock.end("minute") :].lstrip(":0123456789")) if clock else None
        if last is None:
            return None
        return _build(int(last["year"]), *found, clock, zone)
    return _build(
        _whole_year(parts["year"]), *found, clock or _CLOCK_BEFORE.search(text[: match.start()]), zone
    )


def _whole_year(text: str) -> int:
    """RFC 5322 section 4.3: two digits are 1950 to 2049, three count from 1900. Thailand counts 543 more."""
    year = int(text)
    if year > _LAST_YEAR:
        return year - 543
    return year if len(text) == 4 else year + (2000 if len(text) == 2 and year < 50 else 1900)


def _month_and_day(match: re.Match[str]) -> tuple[int, int] | None:
    parts = match.groupdict()
    if "first" in parts:
        first, second = int(parts["first"]), int(parts["second"])
        if first <= 12 and second <= 12 and first != second:
            return None
        return (first, second) if first <= 12 else (second, first)
    month = parts["month"].casefold().rstrip(".")
    return _MONTHS.get(month) or int(month), int(parts["day"])


def _build(
    year: int, month: int, day: int, clock: re.Match[str] | None, zone: str
) -> tuple[datetime, Precision] | None:
    try:
        midnight = datetime(year, month, day, tzinfo=UTC)
        if clock is None or (time := _time(clock)) is None:
            return _sane(midnight.replace(tzinfo=ZoneInfo(zone)), Precision.DAY)
        moment = (midnight + time[0]).replace(tzinfo=_offset(clock["zone"], zone))
    except (ValueError, OverflowError):
        return None
    return _sane(moment, time[1])


def _time(clock: re.Match[str]) -> tuple[timedelta, Precision] | None:
    parts = clock.groupdict()
    hour, minute = int(parts["hour"]), int(parts["minute"] or 0)
    second = min(int(parts["second"] or 0), 59)  # a leap second
    half = (parts.get("half") or parts.get("end") or parts.get("full") or "").casefold()
    if half:
        hour = hour % 12 + _HALVES[half if half in _HALVES else half[0]]
    if hour > 24 or minute > 59 or (hour == 24 and (minute or second)):
        return None
    precision = Precision.SECOND if parts["second"] else Precision.MINUTE
    return timedelta(hours=hour, minutes=minute, seconds=second), precision


def _offset(text: str | None, zone: str) -> tzinfo:
    """The offset of a zone as written; that of the source where it means nothing."""
    name = (text or "").upper()
    if digits := re.search(r"([+-])(\d{1,2}?):?(\d{2})?$", name):
        hours, minutes = int(digits[2]), int(digits[3] or 0)
        if hours <= 15 and minutes <= 59:
            return timezone((-1 if digits[1] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
        return UTC
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    return UTC if len(name) == 1 else ZoneInfo(zone)


def _sane(moment: datetime, precision: Precision) -> tuple[datetime, Precision] | None:
    """Fix the offset, and refuse years that no article has (year 1, year 10000) and clocks never set."""
    offset = moment.utcoffset() or timedelta()
    try:
        fixed = moment.replace(tzinfo=timezone(offset) if offset else UTC)
        told = fixed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if {(day.year, day.month, day.day) for day in (fixed, told)} & _ZERO_DAYS:
        return None
    return (fixed, precision) if 1900 < fixed.year <= _LAST_YEAR else None
