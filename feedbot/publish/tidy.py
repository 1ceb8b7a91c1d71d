"""HTML written anew from its tags: balanced, shallow, only what may be shown. Pure and linear.

The sanitiser behind it is quadratic in depth, in attributes and in ampersands (20,000 nested lists
take seconds), so what reaches it is our own writing: it cannot read it otherwise than we meant it.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape, unescape

from feedbot.rules.text import clean
from feedbot.rules.urls import absolute

MOST_HTML = 512_000
MOST_AMPERSANDS = 50_000
DEEPEST = 100
TAGS = frozenset(
    "a abbr audio b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure"
    " h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small source span strong sub summary"
    " sup table tbody td tfoot th thead time tr u ul var video".split()
)
ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    "img": {"src", "alt", "width", "height"},
    "audio": {"src", "controls"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "reversed"},
    "time": {"datetime"},
}
_ADDRESSES = frozenset({"href", "src", "poster"})
_VOID = frozenset({"br", "hr", "img", "source"})
_ENDS_ITS_LIKE = frozenset("p li dt dd tr td th".split())  # what HTML lets stand without an end tag
_UNSEEN = re.compile(r"script|style|iframe|noembed|noframes|object|svg|math|template|title|textarea|select")
_NAME = re.compile(r"<(/?)([a-zA-Z][^ \t\n\r/>]*+)")
# An attribute as HTML's tokeniser reads it (section 13.2.5.33 and after); possessive, so that it is linear.
_ATTRIBUTE = re.compile(
    r"""[ \t\n\r/]*+([^ \t\n\r/>][^ \t\n\r/>=]*+)"""
    r"""(?:[ \t\n\r]*+=[ \t\n\r]*+(?:"([^"]*+)"|'([^']*+)'|([^ \t\n\r>"'][^ \t\n\r>]*+)))?+"""
)
_TAG_END = re.compile(r"[ \t\n\r/]*+>")

Token = tuple[str, str, dict[str, str]]  # what it is (text, open, close), its name or words, its attributes


def tokens(html: str) -> Iterator[Token]:
    """Text, start and end tags of a fragment, in order; the first of two equal attributes counts.

    Comments, scripts and what else is no text are left out. A tag without its `>` ends the text.
    """
    at = 0
    while (start := html.find("<", at)) >= 0:
        if start > at:
            yield "text", html[at:start], {}
        found = _NAME.match(html, start)
        if found is None:
            after = _after_comment(html, start)
            if after == start + 1:
                yield "text", "<", {}
            at = after
            continue
        name = found[2].lower()
        told, at = _attributes(html, found.end())
        if at < 0:
            return
        yield ("close" if found[1] else "open"), name, told
        if not found[1] and _UNSEEN.fullmatch(name):
            end = re.compile(f"</{name}(?=[ \t\n\r/>])", re.IGNORECASE).search(html, at)
            if end is None:
                return
            at = end.start()
    yield "text", html[at:], {}


def _after_comment(html: str, start: int) -> int:
    """Where a comment that begins here ends; one further for a `<` that begins nothing."""
    if html.startswith("<!--", start):
        end = html.find("-->", start + 2)
        return end + 3 if end >= 0 else len(html)
    if html.startswith(("<!", "<?", "</"), start):
        end = html.find(">", start)
        return end + 1 if end >= 0 else len(html)
    return start + 1


def _attributes(html: str, at: int) -> tuple[dict[str, str], int]:
    told: dict[str, str] = {}
    while (end := _TAG_END.match(html, at)) is None:
        found = _ATTRIBUTE.match(html, at)
        if found is None:
            return told, -1
        told.setdefault(found[1].lower(), unescape(next(filter(None, found.group(2, 3, 4)), "")))
        at = found.end()
    return told, end.end()


def is_too_much(html: str) -> bool:
    """Whether it is more than a reader could show, or than is sensible to sanitise."""
    return len(html) > MOST_HTML or html.count("&") > MOST_AMPERSANDS


def tidied(html: str, base: str | None) -> str:
    """The fragment with balanced tags that may be shown, and absolute addresses.

    Tags nested deeper than any reader shows are left out, their words stay; a framed video becomes a link.
    """
    return _Writer(base).write(tokens(clean(html)))


class _Writer:
    """Writes tags so that they nest: what is open, and which end tags belong to start tags left out."""

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._opened: list[str] = []
        self._left_out: dict[str, int] = {}
        self._parts: list[str] = []

    def write(self, found: Iterable[Token]) -> str:
        """The whole fragment."""
        for kind, name, told in found:
            if kind == "text":
                self._parts.append(name.replace("<", "&lt;").replace(">", "&gt;"))
            elif kind == "close":
                self._close(name)
            elif name == "iframe":
                self._parts.append(_link(absolute(told.get("src"), self._base)))
            elif name in _VOID:
                self._parts.append(_start(name, told, self._base))
            elif name in TAGS:
                self._open(name, told)
        while self._opened:
            self._pop()
        return "".join(self._parts)

    def _open(self, name: str, told: dict[str, str]) -> None:
        if name in _ENDS_ITS_LIKE and self._opened[-1:] == [name]:
            self._pop()
        if len(self._opened) >= DEEPEST:
            self._left_out[name] = self._left_out.get(name, 0) + 1
        else:
            self._opened.append(name)
            self._parts.append(_start(name, told, self._base))

    def _close(self, name: str) -> None:
        if self._left_out.get(name):
            self._left_out[name] -= 1
        elif name in self._opened:
            while self._pop() != name:
                pass

    def _pop(self) -> str:
        name = self._opened.pop()
        self._parts.append(f"</{name}>")
        return name


def _link(url: str | None) -> str:
    shown = escape(url or "")
    return f'<p><a href="{shown}">{shown}</a></p>' if url else ""


def _start(name: str, told: dict[str, str], base: str | None) -> str:
    allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(name, set())
    kept = {key: value for key, value in told.items() if key in allowed}
    for key in _ADDRESSES & kept.keys():
        url = _address(kept[key], base)
        if url is None:
            del kept[key]
        else:
            kept[key] = url
    if name == "img" and "src" not in kept:
        return ""
    if name == "img":
        kept.setdefault("alt", "")  # or a screen reader spells the address
    return f"<{name}" + "".join(f' {key}="{escape(clean(value))}"' for key, value in kept.items()) + ">"


def _address(text: str, base: str | None) -> str | None:
    text = clean(text).strip()
    return text if text.lower().startswith("mailto:") else absolute(text, base)
