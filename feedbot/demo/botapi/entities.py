"""What the server does to a text: it parses, cleans, trims, counts and checks it. Pure."""

from itertools import accumulate
from typing import Any

from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.markup import is_link, parse_html, utf16

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024  # code points after parsing
MOST_ENTITIES = 100
RAW_BYTES = 32_768
_TRIMMED = " \t\n\v\0"
_INVISIBLE = set("\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u3164\ufe0f\ufeff")
_KEPT_FIRST = ("text_link", "code", "pre", "blockquote", "expandable_blockquote", "text_mention")
_TYPES = set(
    "bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre text_link"
    " text_mention custom_emoji mention hashtag cashtag bot_command url email phone_number".split()
)
_KEPT_FIELDS = ("url", "language", "user", "custom_emoji_id")


def read_text(
    raw: Any, entities: Any, parse_mode: str | None, *, caption: bool
) -> tuple[str, list[dict[str, Any]]]:
    """The text and entities that a message will have. Raises ApiError in the server's words."""
    text = str(raw if raw is not None else "")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise bad_request("strings must be encoded in UTF-8")
    if len(text.encode()) > RAW_BYTES:
        raise bad_request("message caption is too long" if caption else "text is too long")
    if not text and not caption:
        raise bad_request("message text is empty")
    text, found = _parsed(text, entities, parse_mode)
    text, found = _trimmed(*_cleaned(text, found))
    if all(char in _INVISIBLE or char.isspace() for char in text):
        if not caption:
            raise bad_request("text must be non-empty")
        text, found = "", []
    if len(text) > (CAPTION_LIMIT if caption else TEXT_LIMIT):
        raise bad_request("message caption is too long" if caption else "message is too long")
    if len(found) > MOST_ENTITIES:  # the server drops them without a word, links and code last
        found = sorted(found, key=lambda one: one["type"] not in _KEPT_FIRST)[:MOST_ENTITIES]
    return text, _in_order(found)


def _parsed(text: str, entities: Any, mode: str | None) -> tuple[str, list[dict[str, Any]]]:
    if mode:
        if str(mode).casefold() != "html":
            raise bad_request(f"can't parse entities: this emulator reads no {mode}")
        return parse_html(text)
    if not isinstance(entities or [], list):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    found = [_checked(entity, text) for entity in entities or ()]
    _refuse_crossing(_in_order(found))
    return text, found


def _in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda one: (one["offset"], -one["length"]))


def _checked(entity: Any, text: str) -> dict[str, Any]:
    if not isinstance(entity, dict) or entity.get("type") not in _TYPES:
        raise bad_request("can't parse MessageEntity: unsupported type specified")
    try:
        offset, length = int(entity["offset"]), int(entity["length"])
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request("can't parse MessageEntity: offset and length must be numbers") from error
    units = text.encode("utf-16-le")
    if offset < 0 or length <= 0 or (offset + length) * 2 > len(units):
        raise bad_request(f"entity beyond the text: offset {offset}, length {length}")
    for at in (offset, offset + length):
        if at * 2 < len(units) and 0xDC <= units[at * 2 + 1] <= 0xDF:
            raise bad_request(f"entity begins or ends inside a character at offset {at}")
    if entity["type"] == "text_link" and not is_link(entity.get("url")):
        raise bad_request("can't parse MessageEntity: wrong URL")
    kept = {name: entity[name] for name in _KEPT_FIELDS if entity.get(name)}
    return {"type": entity["type"], "offset": offset, "length": length, **kept}


def _refuse_crossing(found: list[dict[str, Any]]) -> None:
    """Entities may lie in one another or apart, not across."""
    open_ends: list[int] = []
    for one in found:
        end = one["offset"] + one["length"]
        while open_ends and open_ends[-1] <= one["offset"]:
            open_ends.pop()
        if open_ends and end > open_ends[-1]:
            raise bad_request(f"entities cross each other at offset {one['offset']}")
        open_ends.append(end)


def _cleaned(text: str, found: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Line separators and bidi overrides go, other controls become spaces; entities move with the text."""
    chars = [_clean_char(char) for char in text]
    clean = "".join(chars)
    if clean == text:
        return text, found
    kept = [utf16(new) for char, new in zip(text, chars, strict=True) for _ in range(utf16(char))]
    at = [0, *accumulate(min(1, units) for units in kept)]
    moved = []
    for one in found:
        start, end = at[one["offset"]], at[one["offset"] + one["length"]]
        if end > start:
            moved.append({**one, "offset": start, "length": end - start})
    return clean, moved


def _clean_char(char: str) -> str:
    if char == "\r" or "\u2028" <= char <= "\u202e":
        return ""
    return " " if char < " " and char != "\n" else char


def _trimmed(text: str, found: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """White space at both ends goes, and the entities move with the text."""
    front = utf16(text) - utf16(text.lstrip(_TRIMMED))
    trimmed = text.strip(_TRIMMED)
    units = utf16(trimmed)
    moved = []
    for one in found:
        start = max(0, one["offset"] - front)
        end = min(units, one["offset"] + one["length"] - front)
        if end > start:
            moved.append({**one, "offset": start, "length": end - start})
    return trimmed, moved
