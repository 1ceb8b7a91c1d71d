"""What the worker runs on a document: bytes in, what they say out.

Each reader is imported by its first document: a worker that polls feeds never loads what pages need.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from feedbot.errors import ParseError
from feedbot.model import Kind, ParsedEntry, ParsedFeed
from feedbot.sources.decode import decode_feed, decode_page
from feedbot.sources.sniff import FEED_ROOTS, SITEMAP_ROOTS, describe, find_root, is_json

if TYPE_CHECKING:
    from feedbot.sources.pack import Pack

# ruff: noqa: PLC0415
READ_SOURCE = "feedbot.sources.read:read_source"
READ_PAGE = "feedbot.sources.read:read_page"
READ_FILE = "feedbot.sources.read:read_file"
STUB_SITE = "feedbot.sources.read:stub_site"
_MOST_INFLATED = 10_000_000
_SNIFFED = 131072


def read_source(
    body: bytes,
    *,
    url: str,
    kind: str | None,
    content_type: str | None = None,
    charset: str | None = None,
    pack: Any = None,
    known: Mapping[str, Any] | None = None,
) -> ParsedFeed:
    """What a feed, a list page or a sitemap says; `kind` None finds out which it is, by its first element.

    `known` are the pieces of the feed as it was last time, each hash with its guid mark and link mark: their
    entries are left out, and `pieces` says that they are still there. A page without rules for its list gives
    the `feeds` that it names. `fault` tells of a document that is none of these, or not `kind`.
    """
    body = _inflated(body)
    if not body.strip(b"\xef\xbb\xbf \t\r\n"):
        return ParsedFeed(fault="the document is empty")
    text = decode_feed(body, charset)
    wanted = Kind(kind) if kind else None
    found = _kind_of(text, "text/html" if wanted is Kind.PAGE else content_type)
    if found is None or (wanted or found) is not found:
        return ParsedFeed(fault=f"this is no {wanted or Kind.FEED}: {describe(text, find_root(text))}")
    if found is Kind.PAGE:
        return _read_list(decode_page(body, charset), url, pack, explicit=kind is not None)
    if found is Kind.SITEMAP:
        from feedbot.sources.sitemap import parse_sitemap

        return parse_sitemap(text, url)
    if is_json(text):
        from feedbot.sources.jsonfeed import parse_json_feed

        return parse_json_feed(text, url, known)
    from feedbot.sources.feed import parse_feed

    return parse_feed(text, url, known)


def _kind_of(text: str, content_type: str | None) -> Kind | None:
    """What a document is; None for what is neither feed nor page nor sitemap."""
    if is_json(text):
        return Kind.FEED
    root = find_root(text)
    if root is None:
        is_page = (
            "html" in (content_type or "").lower() and "<" in text and not text.lstrip().startswith("<?xml")
        )
        return Kind.PAGE if is_page else None
    if root.name in FEED_ROOTS:
        return Kind.FEED
    if root.name in SITEMAP_ROOTS:
        return Kind.SITEMAP
    return Kind.PAGE if root.is_page else None


def _read_list(html: str, url: str, pack: Any, *, explicit: bool) -> ParsedFeed:
    """A page by the rules for its list; without any, the feeds that it names, else its largest row of equal
    links.
    """
    from feedbot.sources.discover import discover
    from feedbot.sources.pack import Pack, pack_from_data
    from feedbot.sources.page import parse_list

    rules = pack_from_data(pack) if pack else Pack("generic")
    if not explicit and rules.list is None and (feeds := discover(html, url)):
        return ParsedFeed(kind=Kind.PAGE, feeds=feeds)
    found = replace(parse_list(html, url, rules), kind=Kind.PAGE)
    if found.fault and not explicit and rules.list is None:
        what = describe(html, find_root(html))
        return replace(found, fault=f"this is no feed: {what}, it names no feed and lists no articles")
    return found


def _inflated(body: bytes) -> bytes:
    """The document in a file that is itself compressed, as `sitemap.xml.gz` is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, _MOST_INFLATED)
    except zlib.error:
        return body


def looks_like_feed(body: bytes, content_type: str | None) -> bool:
    """Whether a body is a feed and not a page: its first element says so, whatever its type."""
    return _kind_of(decode_feed(body[:_SNIFFED], None), content_type) is Kind.FEED


def read_page(
    body: bytes, *, url: str, charset: str | None = None, packs: Any, only_article: bool = False
) -> ParsedEntry:
    """The record of an article page, by the first pack that recognises it; the last one takes any page. With
    `only_article` a page that lists articles has none.
    """
    from feedbot.sources.listing import is_list
    from feedbot.sources.pack import pack_from_data
    from feedbot.sources.page import parse_article

    html = decode_page(body, charset)
    pack = _choose(html, [pack_from_data(pack) for pack in packs])
    page = parse_article(html, url, pack)
    return ParsedEntry() if only_article and is_list(html, url, pack, page.content_text) else page


def _choose(html: str, packs: "list[Pack]") -> "Pack":
    from feedbot.sources.page import choose

    return packs[0] if len(packs) == 1 else choose(html, packs[:-1]) or packs[-1]


def read_file(body: bytes, *, url: str, name: str, packs: Any) -> ParsedFeed:
    """The entries of a file: a text dump, a saved article page, or a feed. Its name is the entry's guid."""
    if looks_like_feed(body, None):
        return read_source(body, url=url, kind=Kind.FEED)
    if name.lower().endswith((".html", ".htm", ".xhtml")) or b"<html" in body[:2048].lower():
        page = read_page(body, url=url, packs=packs)
        if not (page.content_text or page.photos):
            return ParsedFeed(fault="no article text in it")
        return ParsedFeed(entries=(replace(page, guid=name, link=_web(page.link)),))
    from feedbot.sources.dump import parse_dump

    read = parse_dump(body, url)
    return replace(read, entries=tuple(replace(entry, guid=name) for entry in read.entries))


def _web(link: str | None) -> str | None:
    return link if link and link.startswith(("http://", "https://")) else None


def stub_site(body: bytes, *, url: str, name: str, charset: str | None = None) -> dict[str, str]:
    """A rule pack to begin with for the site of a page, and the record that the page gives without one.

    Raises ParseError for what is no page.
    """
    from feedbot.sources.newsite import record_of, stub_pack
    from feedbot.sources.pack import Pack
    from feedbot.sources.page import parse_article

    if looks_like_feed(body, None):
        raise ParseError(f"{url}: this is a feed, which needs no rules; the address of an article would do")
    html = decode_page(body, charset)
    if not html.strip():
        raise ParseError(f"{url}: there is nothing in it")
    return {"pack": stub_pack(html, url, name), "record": record_of(parse_article(html, url, Pack(name)))}
