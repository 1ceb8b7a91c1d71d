"""HTML as the server's own parser reads it: few tags, and an error for every other one. Pure."""

import html
import re
from typing import Any

from feedbot.demo.botapi.errors import bad_request

_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w-]*)((?:\s+[\w-]+(?:=(?:"[^"]*"|'[^']*'|[\w.-]+))?)*)\s*>""")
_NAMED = {"lt", "gt", "amp", "quot"}
_LINK = re.compile(r"(https?|tg|mailto|ton)://?")


def utf16(text: str) -> int:
    """The length in UTF-16 code units, in which entities are counted."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_link(url: Any) -> bool:
    """Whether the server makes a link of an address."""
    return isinstance(url, str) and _LINK.match(url) is not None


def parse_html(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The text without its tags, and their entities. Raises ApiError that names the byte offset."""
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
    return out + _decoded(text[at:]), _without_what_code_holds(found)


def _entity(name: str, attributes: str, start: int, length: int) -> list[dict[str, Any]]:
    kind = _TAGS.get(name, "spoiler")
    if not length:
        return []
    entity: dict[str, Any] = {"type": kind, "offset": start, "length": length}
    if kind == "text_link":
        url = _attribute(attributes, "href")
        if not is_link(url):
            return []  # the link is lost, the text stays
        entity["url"] = url
    elif kind == "custom_emoji":
        entity["custom_emoji_id"] = _attribute(attributes, "emoji-id")
    elif kind == "blockquote" and re.search(r"\bexpandable\b", attributes):
        entity["type"] = "expandable_blockquote"
    return [entity]


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf"""\b{name}=(?:"([^"]*)"|'([^']*)'|([\w.-]+))""", attributes)
    return html.unescape(next(filter(None, found.groups()), "")) if found else ""


def _without_what_code_holds(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nothing else may live inside `code` and `pre`."""
    holders = [one for one in found if one["type"] in {"code", "pre"}]
    return [
        one
        for one in found
        if not any(
            holder is not one
            and holder["offset"] <= one["offset"]
            and one["offset"] + one["length"] <= holder["offset"] + holder["length"]
            and (holder["type"] == "pre" or one["type"] != "pre")
            for holder in holders
        )
    ]


def _decoded(text: str) -> str:
    return re.sub(
        r"&(#x[0-9a-fA-F]+|#\d+|\w+);",
        lambda match: html.unescape(match[0]) if match[1][0] == "#" or match[1] in _NAMED else match[0],
        text,
    )
