"""What the official server takes as it is, written down from its source (TDLib, `fix_entities`)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from feedbot.model import Span

_QUOTES = {"blockquote", "expandable_blockquote"}
_WHOLE = {"text_link", "code", "pre"}  # may hold none of their like, and lie across no quote
_KINDS = _QUOTES | _WHOLE | {"bold", "italic", "underline", "strikethrough", "spoiler"}
_DROPPED = set("\t\r\x0b\x0c\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u0333\u033f\u030a")


def complaints(text: str, spans: Sequence[Span], limit: int) -> list[str]:
    """What the server would refuse, change or leave out of a message."""
    units = text.encode("utf-16-le")
    found = [f"dropped: {char!r}" for char in text if char in _DROPPED or (char < " " and char != "\n")]
    if len(units) // 2 > limit or len(spans) > 100:
        found.append("too long, or too many entities")
    if text != text.strip(" \n"):
        found.append("trimmed at its ends")
    return found + [f"{fault}: {span}" for span in spans for fault in _faults(span, units)] + _nesting(spans)


def _faults(span: Span, units: bytes) -> list[str]:
    start, end = span.offset * 2, (span.offset + span.length) * 2
    if not 0 <= start < end <= len(units):
        return ["outside"]
    if any(at < len(units) and 0xDC <= units[at + 1] <= 0xDF for at in (start, end)):
        return ["in a character"]
    words = units[start:end].decode("utf-16-le")
    faults = []
    if words[0] in " \n" or words[-1] in " \n":
        faults.append("white space at its ends")
    if span.type not in _KINDS:
        faults.append("unknown")
    if (span.type == "text_link") != (span.url is not None):
        faults.append("a link without an address, or an address without a link")
    if span.url is not None and not _leads_somewhere(span.url):
        faults.append("wrong address")
    return faults


def _leads_somewhere(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "tg":
        return bool(parts.hostname)
    return parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and parts.port != 0


def _nesting(spans: Sequence[Span]) -> list[str]:
    found = []
    around: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.offset, -one.length, one.type not in _QUOTES)):
        while around and around[-1].offset + around[-1].length <= span.offset:
            around.pop()
        for outer in around:
            if span.offset + span.length > outer.offset + outer.length:
                found.append(f"across: {outer} {span}")
            if outer.type in {"code", "pre"} or (outer.type in _WHOLE and span.type in _WHOLE | _QUOTES):
                found.append(f"nothing may lie in it: {outer} {span}")
            if outer.type == span.type or {outer.type, span.type} <= _QUOTES:
                found.append(f"in its like: {outer} {span}")
        around.append(span)
    return found
