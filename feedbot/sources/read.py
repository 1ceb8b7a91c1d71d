"""What the worker runs on a document: bytes in, what they say out."""

from dataclasses import replace
from typing import Any

from feedbot.model import Kind, ParsedEntry, ParsedFeed
from feedbot.sources.decode import decode_page
from feedbot.sources.dump import parse_dump
from feedbot.sources.feed import parse_feed
from feedbot.sources.pack import Pack, pack_from_data
from feedbot.sources.page import parse_article, parse_list, recognises

READ_SOURCE = "feedbot.sources.read:read_source"
READ_PAGE = "feedbot.sources.read:read_page"
READ_FILE = "feedbot.sources.read:read_file"
_FEED_SIGNS = (b"<rss", b"<feed", b"<rdf:rdf", b"<?xml", b"<channel")


def read_source(
    body: bytes,
    *,
    url: str,
    kind: str | None,
    content_type: str | None = None,
    charset: str | None = None,
    pack: Any = None,
) -> ParsedFeed:
    """The entries of a feed or of a list page; `kind` None finds out which it is."""
    rules = pack_from_data(pack) if pack else None
    if kind == Kind.PAGE or (
        kind is None and rules and rules.list and not looks_like_feed(body, content_type)
    ):
        if rules is None:
            return ParsedFeed(fault="a page source needs a rule pack; name it with `site`")
        return parse_list(decode_page(body, charset), url, rules)
    told = f"{content_type or 'application/xml'}; charset={charset}" if charset else content_type
    return parse_feed(body, url, told)


def looks_like_feed(body: bytes, content_type: str | None) -> bool:
    """Whether a body is a feed and not a page: its first element says so, whatever its type."""
    head = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<html" in head or b"<!doctype html" in head:
        return False
    return any(sign in head for sign in _FEED_SIGNS) or "xml" in (content_type or "")


def read_page(body: bytes, *, url: str, charset: str | None = None, packs: Any) -> ParsedEntry:
    """The record of an article page, by the first pack that recognises it; the last one takes any page."""
    html = decode_page(body, charset)
    return parse_article(html, url, _choose(html, [pack_from_data(pack) for pack in packs]))


def _choose(html: str, packs: list[Pack]) -> Pack:
    if len(packs) == 1:
        return packs[0]
    return next((pack for pack in packs if recognises(html, pack)), packs[-1])


def read_file(body: bytes, *, url: str, name: str, packs: Any) -> ParsedFeed:
    """The entries of a file: a text dump, a saved article page, or a feed. Its name is the entry's guid."""
    if looks_like_feed(body, None):
        return parse_feed(body, url, None)
    if name.lower().endswith((".html", ".htm", ".xhtml")) or b"<html" in body[:2048].lower():
        page = read_page(body, url=url, packs=packs)
        if not (page.content_text or page.photos):
            return ParsedFeed(fault="no article text in it")
        return ParsedFeed(entries=(replace(page, guid=name, link=_web(page.link)),))
    read = parse_dump(body, url)
    return replace(read, entries=tuple(replace(entry, guid=name) for entry in read.entries))


def _web(link: str | None) -> str | None:
    return link if link and link.startswith(("http://", "https://")) else None
