"""Bytes of a page or a feed become text; which charset it is, is decided here and nowhere else."""

import codecs
import re
from collections import Counter

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_DECLARATION = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']\s*([\w.:-]{1,40})""", re.IGNORECASE)
_LANGUAGE = re.compile(
    rb"""(?:<(?:dc:)?language>\s*|xml:lang\s*=\s*["']|\blang\s*=\s*["'])([A-Za-z]{2}(?:-[A-Za-z]{2,4})?)""",
    re.IGNORECASE,
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BY_ZEROS = {(1, 3): "utf-16-le", (0, 2): "utf-16-be", (1, 2, 3): "utf-32-le", (0, 1, 2): "utf-32-be"}

# Only what the Encoding Standard names; codecs.lookup on a stranger's word finds zlib and rot13 too.
_KNOWN = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-1": "cp1252",
    "latin1": "cp1252", "latin-1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252",
    "iso-8859-2": "iso8859-2", "iso-8859-3": "iso8859-3", "iso-8859-4": "iso8859-4",
    "iso-8859-5": "iso8859-5", "iso-8859-6": "iso8859-6", "iso-8859-7": "iso8859-7",
    "iso-8859-8": "iso8859-8", "iso-8859-9": "cp1254", "iso-8859-10": "iso8859-10",
    "iso-8859-13": "iso8859-13", "iso-8859-14": "iso8859-14", "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250", "cp1250": "cp1250", "windows-1251": "cp1251", "cp1251": "cp1251",
    "windows-1253": "cp1253", "windows-1254": "cp1254", "windows-1255": "cp1255", "windows-1256": "cp1256",
    "windows-1257": "cp1257", "windows-1258": "cp1258", "windows-874": "cp874", "tis-620": "cp874",
    "koi8-r": "koi8-r", "koi8-u": "koi8-u", "macintosh": "mac-roman", "ibm866": "cp866",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ksc5601": "cp949", "cp949": "cp949", "korean": "cp949",
    "windows-949": "cp949", "x-windows-949": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "euc-jp": "euc_jp", "x-euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "cp950": "cp950",
    "utf-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
}  # fmt: skip
_HABIT = frozenset({"utf-8", "cp1252"})  # what servers say of everything that they send
_BY_LANGUAGE = {
    "ko": ("cp949",), "ja": ("euc_jp", "cp932"), "zh-tw": ("big5hkscs",), "zh-hk": ("big5hkscs",),
    "zh": ("gb18030",), "ru": ("cp1251",), "uk": ("cp1251",), "bg": ("cp1251",), "el": ("cp1253",),
    "cs": ("cp1250",), "pl": ("cp1250",), "hu": ("cp1250",), "tr": ("cp1254",), "he": ("cp1255",),
    "ar": ("cp1256",), "th": ("cp874",),
}  # fmt: skip
_FEW = 8  # bytes above ASCII: fewer of them can be UTF-8 by chance
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_CP1252 = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


def decode_page(body: bytes, charset: str | None) -> str:
    """The text of a page: byte order mark, then the header's charset, then the page's own, then UTF-8;
    what cannot be read becomes U+FFFD.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, errors="replace")
    declared = _META.search(body[:4096])
    named = _named(charset, declared[1] if declared else None)
    for encoding in (*named, "utf-8"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode(named[0] if named else "utf-8", errors="replace")


def decode_feed(body: bytes, charset: str | None) -> str:
    """The text of a feed. Byte order mark first; then UTF-8, if the bytes are that beyond chance, whatever
    was declared; then the header's charset and the declaration's; then what the language suggests; and at
    last UTF-8 with each byte that is none read as windows-1252. Never raises.
    """
    if wide := _wide(body):
        return body.decode(wide, errors="replace").removeprefix("\ufeff")
    declaration = _DECLARATION.match(body[:512])
    named = _named(charset, declaration[1] if declaration else None)
    named = [name for name in named if not name.startswith("utf-16")]  # it would have shown
    if body.isascii():
        stateful = "iso2022_jp" in named and b"\x1b" in body
        return body.decode("iso2022_jp" if stateful else "ascii", errors="replace")
    utf8 = _strictly(body, "utf-8")
    if utf8 is not None and (len(body) - len(utf8) >= _FEW or not named):
        return utf8
    for encoding in (*named, *_suggested(body, named)):
        if (text := _strictly(body, encoding)) is not None:
            return text
    return utf8 if utf8 is not None else body.decode("utf-8", "surrogateescape").translate(_CP1252)


def _wide(body: bytes) -> str | None:
    """The Unicode form that a byte order mark or the zeros of the first two characters tell."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return encoding
    zeros = tuple(at for at, byte in enumerate(body[:4]) if byte == 0)
    return _BY_ZEROS.get(zeros)


def _named(charset: str | None, declared: bytes | None) -> list[str]:
    """The known charsets that header and document name, the more believable one first."""
    told = (charset, declared.decode("ascii", "ignore") if declared else None)
    named = [_KNOWN[name.casefold()] for name in told if name and name.casefold() in _KNOWN]
    return sorted(dict.fromkeys(named), key=lambda name: name in _HABIT)


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _suggested(body: bytes, named: list[str]) -> tuple[str, ...]:
    """What bytes that are none of the named charsets may be, by their language and their pattern."""
    if any(name not in _HABIT for name in named):
        return ()
    told = _LANGUAGE.search(body[:65536])
    language = told[1].decode().lower() if told else ""
    by_language = _BY_LANGUAGE.get(language) or _BY_LANGUAGE.get(language[:2]) or ()
    return (*by_language, *_by_pattern(body))


def _by_pattern(body: bytes) -> tuple[str, ...]:
    """East Asian charsets write two bytes a character, so that runs of high bytes are even; Cyrillic ones
    have long runs, mostly of lower case; in the Latin ones high bytes stand alone.
    """
    runs = [match[0] for match in _HIGH_RUN.finditer(body, 0, 200_000)]
    total = sum(map(len, runs))
    if total < _FEW or total / len(runs) < 3:
        return ()
    if sum(len(run) for run in runs if len(run) % 2 == 0) < total * 0.98:
        upper = sum(0xC0 <= byte < 0xE0 for run in runs for byte in run)
        lower = sum(byte >= 0xE0 for run in runs for byte in run)
        return () if upper + lower < total * 0.9 else ("cp1251",) if lower > upper else ("koi8-r",)
    leads = Counter(lead for run in runs for lead in run[::2])
    kana, hangul = leads[0xA4] + leads[0xA5], sum(leads[lead] for lead in range(0xB0, 0xC9))
    if kana > total * 0.1:
        return ("euc_jp", "cp949")
    return ("cp949", "gb18030") if hangul > total * 0.4 else ("gb18030", "cp949")
