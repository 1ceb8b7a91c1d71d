"""HTML cut so that parsers stay fast: they are quadratic in the depth of open elements."""

import re
from collections import Counter
from dataclasses import dataclass, field

MAX_DEPTH = 256  # browsers cut at 512 (servo/html5ever#788)
MAX_TAGS = 60_000  # some 30,000 elements; long pages of news have a tenth of it
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,30})|<!--", re.IGNORECASE)
# A tag to its end: quotes count after an equals sign only. Possessive, so that it never goes back.
_REST_OF_TAG = re.compile(r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])))*+>""")
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
# What most texts are: tags of few attributes, and no angle bracket anywhere else.
_ORDINARY = re.compile(
    r"""(?:[^<]++|</?[a-z][a-z0-9-]{0,30}+(?:\s{1,9}+[a-z_:-]{1,40}+(?:="[^"<>]*+")?+){0,30}+\s{0,9}+/?>)*+""",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_TAG = 4000  # without quoted values: parsers compare each attribute with each other
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# Their end tags may be left out, and a parser closes them itself: a thousand open <p> are not deep.
_CLOSED_BY_NEXT = frozenset("p li dt dd option tr td th thead tbody tfoot html head body".split())
# Formatting elements are opened again after each block that ends within them, so they pile up.
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_RAW = frozenset({"script", "style", "textarea", "title", "noframes", "xmp"})


@dataclass(slots=True)
class _Depth:
    """The elements open at one place, as a parser would count them."""

    stack: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    formatting: int = 0

    def open(self, name: str, *, ended: bool) -> None:
        if name in _FORMATTING:
            self.formatting += 1
        elif name in _VOID or name in _CLOSED_BY_NEXT or name in _RAW:
            return
        elif not (ended and (self.counted["svg"] or self.counted["math"])):
            self.stack.append(name)
            self.counted[name] += 1

    def close(self, name: str) -> None:
        if name in _FORMATTING:
            self.formatting = max(0, self.formatting - 1)
        elif self.counted[name]:
            inner = ""
            while inner != name:
                inner = self.stack.pop()
                self.counted[inner] -= 1

    @property
    def total(self) -> int:
        return len(self.stack) + self.formatting


def shallow(html: str) -> str:
    """The text up to the tag that is nested deeper than `MAX_DEPTH`, follows `MAX_TAGS` others or has
    thousands of attributes; the whole where there is none.
    """
    depth = _Depth()
    at = tags = 0
    while match := _TAG.search(html, at):
        name = (match[2] or "").lower()
        end = _end_of_tag(html, match.end()) if name else html.find("-->", match.start() + 2) + 2
        if end < match.end() - 2:
            return html[: match.start()]
        if match[1]:
            depth.close(name)
        elif name:
            depth.open(name, ended=html[end - 1] == "/")
            end = _raw_end(html, name, end) if name in _RAW else end
        tags += 1
        if depth.total > MAX_DEPTH or tags > MAX_TAGS:
            return html[: match.start()]
        at = end
    return html


def _end_of_tag(html: str, start: int) -> int:
    """Where a tag ends; -1 for one that has no end, or no end of attributes."""
    match = _REST_OF_TAG.match(html, start)
    if match is None:
        return -1
    is_long = match.end() - start > _LONGEST_TAG and len(_QUOTED.sub("", match[0])) > _LONGEST_TAG
    return -1 if is_long else match.end() - 1


def _raw_end(html: str, name: str, start: int) -> int:
    """Where the end tag of a script begins: what stands in it is no tag."""
    match = re.compile(f"</{name}", re.IGNORECASE).search(html, start)
    return match.start() if match else len(html)


def is_too_deep(html: str) -> bool:
    """Whether a text is nested too deep or has too many tags to be parsed whole."""
    tags, closing = html.count("<"), html.count("</")
    if tags - closing <= MAX_DEPTH and tags <= MAX_TAGS and _ORDINARY.fullmatch(html):
        return False
    return len(shallow(html)) < len(html)
