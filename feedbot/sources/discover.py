"""The feeds that an HTML page names."""

import re
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.rules.text import fold
from feedbot.rules.urls import absolute
from feedbot.sources.shallow import shallow

MOST_FEEDS = 20
_MOST_LINKS = 5000
_MOST_HTML = 2_000_000
_FEED_TYPE = re.compile(
    r"(?:application|text)/(?:(?:rss|atom|rdf|x-rss)\+xml|feed\+json|x-rss)\b", re.IGNORECASE
)
_MAYBE_TYPE = re.compile(r"(?:(?:application|text)/(?:xml|json))\b", re.IGNORECASE)
_FEED_PATH = re.compile(
    r"(?:^|/)(?:feeds?|rss2?|atom|rdf)(?:\.(?:xml|rss|atom|json|php|aspx?|do))?/?$"
    r"|(?:^|/)(?:index|feed|rss|atom|news)\.(?:rss|atom|rdf)$|(?:^|/)(?:feed|rss|atom)[\w-]*\.(?:xml|json)$"
    r"|\.(?:rss|atom|rdf)$|/(?:feeds?|rss)/[^?#]*\w(?:\.xml)?/?$|(?:^|/)index\.xml$",
    re.IGNORECASE,
)
_FEED_QUERY = re.compile(r"(?:^|&)(?:feed|format|alt|type)=(?:rss2?|atom|feed|rdf)\b", re.IGNORECASE)
_FEED_WORDS = re.compile(r"(?:rss|atom)(?: feed)?|feed|피드|rss 구독|フィード", re.IGNORECASE)
_SECOND_RATE = re.compile(r"comment|댓글|kommentar|commentaire|replies", re.IGNORECASE)
_JSON_TYPE = re.compile(r"json", re.IGNORECASE)
_OTHERS = re.compile(r"/wp-json/|oembed|opensearch|/feedback", re.IGNORECASE)


def discover(html: str, url: str) -> tuple[str, ...]:
    """The addresses of the feeds that a page at `url` offers, best first.

    Those its head declares; where it declares none, those it links to by an address or a word that only feeds
    have. Feeds of comments come last, JSON after XML, and otherwise the page's own order counts.
    """
    tree = LexborHTMLParser(shallow(html[:_MOST_HTML]))
    base = _base(tree, url)
    declared = [
        (address, fold(f"{node.attributes.get('title') or ''} {node.attributes.get('type') or ''}"))
        for node in tree.css("link[rel][href]")[:_MOST_LINKS]
        if _is_declared(node) and (address := absolute(node.attributes.get("href"), base))
    ]
    found = declared or [
        (address, fold(node.text(deep=True))[:100])
        for node in tree.css("a[href]")[:_MOST_LINKS]
        if (address := absolute(node.attributes.get("href"), base)) and _is_linked(node, address, url)
    ]
    ranked: dict[str, tuple[bool, bool]] = {}
    for address, words in found:
        if not _OTHERS.search(address) and address != url:
            ranked.setdefault(address, _rank(address, words))
    return tuple(sorted(ranked, key=ranked.__getitem__)[:MOST_FEEDS])


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    return (absolute(node.attributes.get("href"), url) if node else None) or url


def _is_declared(node: LexborNode) -> bool:
    rel = (node.attributes.get("rel") or "").lower().split()
    if not {"alternate", "feed"} & set(rel) or "stylesheet" in rel:
        return False
    kind = node.attributes.get("type") or ""
    if _FEED_TYPE.match(kind.strip()) or "feed" in rel:
        return True
    return _MAYBE_TYPE.match(kind.strip()) is not None and _is_feed_address(node.attributes.get("href") or "")


def _is_linked(node: LexborNode, address: str, url: str) -> bool:
    if not _is_feed_address(address):
        words = fold(node.text(deep=True)) or fold(node.attributes.get("title"))
        same_site = urlsplit(address).hostname == urlsplit(url).hostname
        return same_site and _FEED_WORDS.fullmatch(words[:40]) is not None
    return True


def _is_feed_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(_FEED_PATH.search(parts.path) or _FEED_QUERY.search(parts.query))


def _rank(address: str, words: str) -> tuple[bool, bool]:
    return bool(_SECOND_RATE.search(f"{address} {words}")), bool(_JSON_TYPE.search(words))
