"""What the server does to a text: it trims, parses, counts and checks it. Pure."""

import html
import re
from typing import Any

from feedbot.demo.botapi.errors import bad_request

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
MOST_ENTITIES = 100
_RAW_BYTES = 32_768
_KEPT_FIRST = ("text_link", "code", "pre", "blockquote", "expandable_blockquote", "text_mention")
_TYPES = set(
    "bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre text_link"
    " text_mention custom_emoji mention hashtag cashtag bot_command url email phone_number".split()
)
_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w-]*)((?:\s+[\w-]+(?:=(?:"[^"]*"|'[^']*'|[\w.-]+))?)*)\s*>""")
_NAMED = {"lt", "gt", "amp", "quot"}


def utf16(text: str) -> int:
    """The length in UTF-16 code units, in which entities are counted."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_text(
    raw: Any, entities: Any, parse_mode: str | None, *, caption: bool
) -> tuple[str, list[dict[str, Any]]]:
    """The text and entities that a message will have. Raises ApiError in the server's words."""
    text = str(raw or "")
    if len(text.encode("utf-8", "surrogatepass")) > _RAW_BYTES:
        raise bad_request("message caption is too long" if caption else "text is too long")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise bad_request("strings must be encoded in UTF-8")
    if parse_mode:
        text, found = _parse(text, parse_mode)
    else:
        found = [_checked(entity, text) for entity in entities or ()]
    text, found = _trimmed(text, found)
    if not text and not caption:
        raise bad_request("message text is empty")
    limit = CAPTION_LIMIT if caption else TEXT_LIMIT
    if len(text) > limit:
        raise bad_request("message caption is too long" if caption else "message is too long")
    if len(found) > MOST_ENTITIES:  # the server drops them without a word, links and code last
        first = sorted(found, key=lambda one: one["type"] not in _KEPT_FIRST)[:MOST_ENTITIES]
        found = first
    return text, sorted(found, key=lambda one: (one["offset"], -one["length"]))


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
    if entity["type"] == "text_link" and not re.match(r"(https?|tg|mailto|ton)://?", str(entity.get("url"))):
        raise bad_request("can't parse MessageEntity: wrong URL")
    kept = {name: entity[name] for name in ("url", "language", "user") if entity.get(name)}
    return {"type": entity["type"], "offset": offset, "length": length, **kept}


def _trimmed(text: str, found: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """White space at both ends goes, and the entities move with the text."""
    front = utf16(text) - utf16(text.lstrip())
    trimmed = text.strip()
    units = utf16(trimmed)
    moved = []
    for one in found:
        start = max(0, one["offset"] - front)
        end = min(units, one["offset"] + one["length"] - front)
        if end > start:
            moved.append({**one, "offset": start, "length": end - start})
    return trimmed, moved


def _parse(text: str, mode: str) -> tuple[str, list[dict[str, Any]]]:
    if mode.casefold() != "html":
        raise bad_request(f"can't parse entities: this emulator reads no {mode}")
    out, at = "", 0
    found: list[dict[str, Any]] = []
    stack: list[tuple[str, int, str]] = []
    for match in re.finditer(r"<", text):
        if match.start() < at:
            continue
        out += _decoded(text[at : match.start()])
        tag = _TAG.match(text, match.start())
        where = len(text[: match.start()].encode())
        if tag is None:
            raise bad_request(f"can't parse entities: Unsupported start tag at byte offset {where}")
        at = tag.end()
        name = tag[2].lower()
        if tag[1]:
            if not stack or stack[-1][0] != name:
                raise bad_request(f"can't parse entities: Unmatched end tag at byte offset {where}")
            _, start, attributes = stack.pop()
            found += _entity(name, attributes, start, utf16(out) - start)
        elif name in _TAGS or (name == "span" and "tg-spoiler" in tag[3]):
            stack.append((name, utf16(out), tag[3]))
        else:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {where}')
    if stack:
        raise bad_request(
            f"can't parse entities: Can't find end tag corresponding to start tag \"{stack[-1][0]}\""
        )
    return out + _decoded(text[at:]), found


def _entity(name: str, attributes: str, start: int, length: int) -> list[dict[str, Any]]:
    kind = _TAGS.get(name, "spoiler")
    if not length:
        return []
    entity: dict[str, Any] = {"type": kind, "offset": start, "length": length}
    if kind == "text_link":
        href = re.search(r"""href=(?:"([^"]*)"|'([^']*)'|([\w.-]+))""", attributes)
        url = html.unescape(next(filter(None, href.groups()), "")) if href else ""
        if not re.match(r"(https?|tg|mailto)://?", url):
            return []  # the link is lost, the text stays
        entity["url"] = url
    return [entity]


def _decoded(text: str) -> str:
    return re.sub(
        r"&(#x[0-9a-fA-F]+|#\d+|\w+);",
        lambda match: html.unescape(match[0]) if match[1][0] == "#" or match[1] in _NAMED else match[0],
        text,
    )
