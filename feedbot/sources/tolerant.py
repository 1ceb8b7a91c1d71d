"""feedparser, driven from here: its reading of all feed formats, without what it mixes up or hangs on.

`feedparser.parse` decodes, guesses and parses in one call. We decode ourselves and need to tell apart what it
puts in one place, so its two parsers are used with a few handlers of our own. They are its inner parts: the
tests compare every field with what `feedparser.parse` reads, so that a new version cannot change that unseen.
"""

import re
from typing import TYPE_CHECKING, Any
from xml.parsers import expat
from xml.sax.xmlreader import AttributesNSImpl

from feedparser import mixin
from feedparser.exceptions import UndeclaredNamespace  # type: ignore[import-untyped]
from feedparser.html import _BaseHTMLProcessor  # type: ignore[import-untyped]  # it has no types
from feedparser.mixin import _FeedParserMixin  # type: ignore[import-untyped]
from feedparser.parsers.loose import _LooseFeedParser  # type: ignore[import-untyped]
from feedparser.parsers.strict import _StrictFeedParser  # type: ignore[import-untyped]
from feedparser.util import FeedParserDict  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from feedparser.mixin import _FeedParserMixin as _Base
else:
    _Base = object  # the mixin itself comes after feedparser's parser in the order of resolution

# Characters of an element before anybody looks at it: the patterns that read dates are not linear.
_LIMITS = {
    "author": 1000,
    "name": 1000,
    "email": 1000,
    "published": 200,
    "updated": 200,
    "created": 200,
    "expired": 200,
    "validity": 200,
    "title": 50_000,
    "category": 5000,
    "itunes_keywords": 5000,
    "media_keywords": 5000,
    "newlocation": 4000,
}
_LINK = re.compile(r"https?://|/", re.IGNORECASE)  # guids say isPermaLink by default, whatever they are
_TOMBSTONE = "deleted-entry"  # of RFC 6721, under whatever prefix
_MOST_TOMBSTONES = 2000
_MOST_OF_A_KIND = 200  # categories, links, authors, pictures: each is compared with all before it


_join = mixin.make_safe_absolute_uri


def _joined(base: str, href: str | None = None) -> Any:
    """An address made absolute. At each start tag feedparser joins the base to itself: 40 % of its time."""
    return base if href is base else _join(base, href)


mixin.make_safe_absolute_uri = _joined


class _Parameters(FeedParserDict):  # type: ignore[misc]
    """What feedparser knows of a text. It holds words only, and is copied with each text."""

    def __deepcopy__(self, _: Any) -> Any:
        return FeedParserDict(self)


class _Told(_Base):  # type: ignore[misc]  # the mixin is untyped
    """Handlers that come before feedparser's own."""

    contentparams: Any
    can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}  # a guid is a name, not a link

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.resolve_relative_uris = self.sanitize_html = False
        self._picture: dict[str, Any] | None = None
        self._groups = 0
        self._in_group = False
        self.whole = 0  # how many entries have ended, or are followed by something
        self.skip: dict[str, list[str]] = {"hour": [], "day": []}
        self.tombstones: list[tuple[str, str]] = []
        self._in_tombstone = False

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """A tombstone's links and names are not the feed's; one within an entry is somebody's text."""
        if tag.endswith(_TOMBSTONE) and not self.inentry:
            self._in_tombstone = True
            told = dict(attrs)
            if len(self.tombstones) < _MOST_TOMBSTONES:
                self.tombstones.append((told.get("ref", ""), told.get("when", "")))
        elif self._in_tombstone and tag.rpartition(":")[2] not in {"entry", "item"}:
            return
        else:
            self._in_tombstone = False
            super().unknown_starttag(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        if not self._in_tombstone:
            super().unknown_endtag(tag)
        elif tag.endswith(_TOMBSTONE):
            self._in_tombstone = False

    def pop(self, element: str, strip_whitespace: int = 1) -> Any:
        limit = _LIMITS.get(element)
        if limit and self.elementstack and self.elementstack[-1][0] == element:
            parts = [
                part.decode("utf-8", "replace") if isinstance(part, bytes) else part
                for part in self.elementstack[-1][2]
            ]
            self.elementstack[-1][2] = ["".join(parts).strip()[:limit]]
        return super().pop(element, strip_whitespace)

    def push_content(self, *arguments: Any) -> None:
        super().push_content(*arguments)
        self.contentparams = _Parameters(self.contentparams)

    def handle_charref(self, ref: str) -> None:
        try:
            super().handle_charref(ref)
        except (ValueError, OverflowError):  # `&#x110000;` and the like are no characters
            self.handle_data("\ufffd")

    def _start_item(self, attrs_d: Any) -> None:
        self.whole = len(self.entries)
        super()._start_item(attrs_d)
        self.entries[-1].update(
            entry_base=self.baseuri, entry_language=self.lang, is_atom=self.version.startswith("atom")
        )

    _start_entry = _start_item

    def _end_item(self) -> None:
        super()._end_item()
        self.whole = len(self.entries)

    _end_entry = _end_item

    def _start_channel(self, attrs_d: Any) -> None:
        super()._start_channel(attrs_d)
        self.feeddata["feed_base"] = self.baseuri

    def _start_feed(self, attrs_d: Any) -> None:
        super()._start_feed(attrs_d)
        self.feeddata["feed_base"] = self.baseuri

    def _end_channel(self) -> None:
        super()._end_channel()
        self.whole = len(self.entries)

    _end_feed = _end_rss = _end_rdf_rdf = _end_channel

    def _end_guid(self) -> None:
        value = self.pop("id")
        self._save("guidislink", self.guidislink and "link" not in self._get_context())
        if self.guidislink and value and _LINK.match(value):
            self._save("link", self.resolve_uri(value))

    _end_id = _end_guid

    def _end_url(self) -> None:
        of_image = self.inimage and self.inentry
        super()._end_url()
        if of_image:
            self.entries[-1]["image_text"] = dict.get(self.entries[-1], "href")

    def _end_image(self) -> None:
        value = self.pop("image")
        if self.inentry and value:
            self.entries[-1]["image_text"] = value
        self.inimage = 0

    def _start_title(self, attrs_d: Any) -> None:
        if self.inauthor:  # `<author><title>Editor</title>` is not the article's
            self.push("author_title", 0)
        else:
            super()._start_title(attrs_d)

    def _end_title(self) -> None:
        if self.inauthor:
            self.pop("author_title")
        else:
            super()._end_title()

    def _start_media_group(self, attrs_d: Any) -> None:
        self._groups, self._in_group = self._groups + 1, True

    def _end_media_group(self) -> None:
        self._in_group = False

    def _start_media_content(self, attrs_d: Any) -> None:
        if self._in_group:
            attrs_d["group"] = self._groups
        if self._few("media_content"):
            super()._start_media_content(attrs_d)
        self._picture = attrs_d

    def _end_media_content(self) -> None:
        self._picture = None

    def _start_media_thumbnail(self, attrs_d: Any) -> None:
        if not self._few("media_thumbnail"):
            self._get_context()["media_thumbnail"].pop()
        super()._start_media_thumbnail(attrs_d)

    def _start_media_description(self, attrs_d: Any) -> None:
        """A caption: feedparser would make it the entry's first content."""
        self.push("media_description", 0)

    def _end_media_description(self) -> None:
        self._of_picture("media_description", self.pop("media_description"))

    def _start_media_credit(self, attrs_d: Any) -> None:
        self.push("media_credit", 0)

    def _end_media_credit(self) -> None:
        self._of_picture("media_credit", self.pop("media_credit"))

    def _start_media_title(self, attrs_d: Any) -> None:
        if self._picture is None:
            super()._start_media_title(attrs_d)
        else:
            self.push("media_title", 0)

    def _end_media_title(self) -> None:
        if self._picture is None:
            super()._end_media_title()
        else:
            self._of_picture("media_title", self.pop("media_title"))

    def _of_picture(self, name: str, value: str | None) -> None:
        if value:
            holder = self._get_context() if self._picture is None else self._picture
            holder.setdefault(name, value)

    def _start_itunes_summary(self, attrs_d: Any) -> None:
        self.push("itunes_summary", 0)

    def _end_itunes_summary(self) -> None:
        self._get_context().setdefault("itunes_summary", self.pop("itunes_summary") or "")

    def _start_hour(self, attrs_d: Any) -> None:
        self.push("hour", 0)

    def _end_hour(self) -> None:
        self._skip("hour")

    def _start_day(self, attrs_d: Any) -> None:
        self.push("day", 0)

    def _end_day(self) -> None:
        self._skip("day")

    def _skip(self, what: str) -> None:
        value = self.pop(what)
        if value and not self.inentry and len(self.skip[what]) < 100:
            self.skip[what].append(value[:20])

    def _few(self, kind: str) -> bool:
        return len(self._get_context().get(kind) or ()) < _MOST_OF_A_KIND

    def _add_tag(self, term: Any, scheme: Any, label: Any) -> None:
        tags = self._get_context().setdefault("tags", [])
        if len(tags) < _MOST_OF_A_KIND:
            super()._add_tag(term, scheme, label)

    def _start_link(self, attrs_d: Any) -> None:
        links = self._get_context().setdefault("links", [])
        if len(links) >= _MOST_OF_A_KIND:
            links.pop()
        super()._start_link(attrs_d)

    def _start_enclosure(self, attrs_d: Any) -> None:
        if self._few("links"):
            super()._start_enclosure(attrs_d)

    def _sync_author_detail(self, key: str = "author") -> None:
        """Keep the words as they stand: feedparser's pattern for addresses is quadratic, and cuts them."""
        context = self._get_context()
        detail = context.setdefault(f"{key}s", [FeedParserDict()])[-1]
        if not detail and (text := context.get(key)):
            detail["name"] = text
        if len(context[f"{key}s"]) > _MOST_OF_A_KIND:
            context[f"{key}s"].pop()


class _Strict(_Told, _StrictFeedParser, _FeedParserMixin):  # type: ignore[misc]
    """For XML that is well-formed: what expat says, in the form that feedparser takes it from xml.sax."""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins; names are namespace, local name and prefix, parted by a space."""
        if not attributes:
            self.startElementNS(_pair(name), None, _NO_ATTRIBUTES)
            return
        values, names = {}, {}
        for key, value in attributes.items():
            *namespace, local, _ = parts if len(parts := key.split(" ")) == 3 else (*parts, "")
            pair = (namespace[0] if namespace else None, local)
            values[pair] = value
            names[pair] = f"{parts[2]}:{local}" if len(parts) == 3 else local
        self.startElementNS(_pair(name), None, AttributesNSImpl(values, names))

    def end(self, name: str) -> None:
        """An element ends."""
        self.endElementNS(_pair(name), None)


_NO_ATTRIBUTES = AttributesNSImpl({}, {})


def _pair(name: str) -> tuple[str | None, str]:
    parts = name.split(" ")
    return (parts[0], parts[1]) if len(parts) > 1 else (None, name)


class _Loose(_Told, _LooseFeedParser, _FeedParserMixin, _BaseHTMLProcessor):  # type: ignore[misc]
    """For everything else."""


class Reading:
    """What feedparser found: format, channel fields, entries, and whether the document was well-formed."""

    def __init__(self, parser: Any, *, well_formed: bool) -> None:
        self.version: str = parser.version
        self.head: dict[str, Any] = parser.feeddata
        self.entries: list[dict[str, Any]] = parser.entries[: parser.whole]
        self.skip: dict[str, list[str]] = parser.skip
        self.tombstones: list[tuple[str, str]] = parser.tombstones
        self.broken_off = len(parser.entries) > parser.whole
        self.well_formed = well_formed


def read_xml(data: bytes, url: str) -> Reading:
    """Read a document in UTF-8 without declaration and entities of its own: strictly, else as well as can be.

    An entry that the document breaks off in is left out: the next poll brings it whole.
    """
    strict = _Strict(url, None, "utf-8")
    parser = expat.ParserCreate("utf-8", " ")
    parser.namespace_prefixes = parser.buffer_text = True
    parser.buffer_size = 65536
    parser.StartNamespaceDeclHandler = strict.startPrefixMapping
    parser.StartElementHandler = strict.begin
    parser.EndElementHandler = strict.end
    parser.CharacterDataHandler = strict.characters
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, UndeclaredNamespace):
        return read_broken(data, url)
    return Reading(strict, well_formed=True)


def read_broken(data: bytes, url: str) -> Reading:
    """Read a document that is not well-formed as feedparser does, tag by tag."""
    loose = _Loose(url, None, "utf-8", {})
    loose.feed(data.decode("utf-8", "replace"))
    return Reading(loose, well_formed=False)
