"""Rich messages as the server takes them: their HTML read strictly, and counted. Pure.

The limits are those of the documentation; the words of these refusals are the emulator's own.
"""

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from typing import Any

from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.markup import is_link

MOST_TEXT, MOST_BLOCKS, MOST_DEPTH, MOST_MEDIA, MOST_COLUMNS = 32_768, 500, 16, 50, 20
_BLOCKS = frozenset(
    "p h1 h2 h3 h4 h5 h6 pre blockquote aside footer hr ul ol li table tr details figure img video"
    " audio".split()
)
_OTHERS = frozenset(
    "a b strong i em u ins s strike del code mark sub sup span tg-spoiler br thead tbody caption td th"
    " summary figcaption cite".split()
)
_VOID = frozenset({"br", "hr", "img"})
_MEDIA = frozenset({"img", "video", "audio"})


class Rich(HTMLParser):
    """A rich message that was read: what a page shows, `images` to fetch, `blocks` as the bot is told."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.images: list[str] = []
        self.texts: list[str] = [""]
        self._open: list[str] = []
        self._shown: list[str] = []
        self._image_at: list[int] = []
        self._count = self._media = self._columns = 0
        self.feed(html)
        self.close()
        if self._open:
            raise bad_request(f"can't parse rich message: <{self._open[-1]}> has no end tag")
        if not any(text.strip() for text in self.texts) and not self._media:
            raise bad_request("rich message must be non-empty")
        self._refuse_more("characters", sum(map(len, self.texts)), MOST_TEXT)

    def html(self, files: Sequence[str]) -> str:
        """What a page shows: the tags without their attributes, and the images as these files."""
        shown = list(self._shown)
        for at, name in zip(self._image_at, files, strict=True):
            shown[at] = f'<img src="/file/{escape(name)}" alt="">'
        return "".join(shown)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its outermost blocks, each told as a paragraph."""
        return [{"type": "paragraph", "text": text.strip()} for text in self.texts if text.strip()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count a tag. Raises ApiError where it is none, or one too many."""
        given = {name: value or "" for name, value in attrs}
        if tag not in _BLOCKS | _OTHERS:
            raise bad_request(f'can\'t parse rich message: unsupported tag "{tag}"')
        if not self._open and tag in _BLOCKS:
            self.texts.append("")
        self._count += tag in _BLOCKS
        self._refuse_more("blocks", self._count, MOST_BLOCKS)
        self._refuse_more("levels", len(self._open) + 1, MOST_DEPTH)
        if tag in _MEDIA:
            self._take_media(tag, given.get("src", ""))
        self._count_columns(tag, given.get("colspan") or "1")
        self._shown.append(self._as_shown(tag, given))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close a tag. Raises ApiError where another one is open."""
        if tag in _VOID:
            return
        if not self._open or self._open.pop() != tag:
            raise bad_request(f"can't parse rich message: unmatched end tag </{tag}>")
        self._shown.append("" if tag in _MEDIA else f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Words."""
        self.texts[-1] += data
        self._shown.append(escape(data))

    def _count_columns(self, tag: str, span: str) -> None:
        if not span.isdecimal():
            raise bad_request(f"can't parse rich message: colspan {span} is no number")
        if tag == "tr":
            self._columns = 0
        self._columns += int(span[:5]) if tag in {"td", "th"} else 0
        self._refuse_more("columns", self._columns, MOST_COLUMNS)

    def _take_media(self, tag: str, source: str) -> None:
        self._media += 1
        self._refuse_more("media", self._media, MOST_MEDIA)
        if not source.startswith(("http://", "https://")):
            raise bad_request(f"can't parse rich message: <{tag}> has no web address")
        if tag == "img":
            self.images.append(source)
            self._image_at.append(len(self._shown))

    @staticmethod
    def _as_shown(tag: str, given: dict[str, str]) -> str:
        if tag == "a" and is_link(given.get("href")):
            return f'<a href="{escape(given["href"])}" rel="noopener" target="_blank">'
        return "" if tag in _MEDIA else f"<{tag}>"

    @staticmethod
    def _refuse_more(what: str, number: int, most: int) -> None:
        if number > most:
            raise bad_request(f"rich message is too long: {number} {what}, at most {most}")


def read_rich(given: Any) -> Rich:
    """The rich message of a request. Raises ApiError."""
    if not isinstance(given, dict):
        raise bad_request("can't parse rich_message JSON object")
    said = [name for name in ("html", "markdown", "blocks") if given.get(name)]
    if len(said) != 1:
        raise bad_request("exactly one of the fields html, markdown and blocks must be used")
    if said != ["html"] or not isinstance(given["html"], str):
        raise bad_request(f"can't parse rich message: this emulator reads no {said[0]}")
    return Rich(given["html"])
