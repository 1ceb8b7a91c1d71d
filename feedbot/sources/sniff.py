"""What a document is, by its first element: servers send feeds as text/html and pages as XML."""

import re
from dataclasses import dataclass

from feedbot.rules.text import fold

FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel", "item", "entry"})
SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
_PAGE_ROOTS = frozenset({"html", "head", "body", "!doctype html"})
_ROOT = re.compile(
    r"<!--(?:.*?-->|.*)|<(?:(?:[\w.-]{1,40}:)?(rss|feed|rdf|channel|item|entry|urlset|sitemapindex|html|head|body|opml)(?=[\s>/])"
    r"|(!doctype\s{1,9}html)\b)",
    re.IGNORECASE | re.DOTALL,
)
_SKIPPED = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ANY_ELEMENT = re.compile(r"<([a-zA-Z_][\w.:-]{0,60})", re.ASCII)
_HTML_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_LOG_IN = re.compile(r"""<input[^>]{0,300}type\s*=\s*["']?password""", re.IGNORECASE)
_JSON_LIST = re.compile(r"\s*\[\s*[{\[\"\]]")
_FAR = 65536  # characters of prose that may come before the root: warnings of a broken plug-in


@dataclass(frozen=True, slots=True)
class Root:
    """The first element that tells what a document is: its local name in lower case, and where it begins."""

    name: str
    at: int

    @property
    def is_page(self) -> bool:
        """Whether this is an HTML page."""
        return self.name in _PAGE_ROOTS


def find_root(text: str) -> Root | None:
    """The element that tells what a document is; None for what is neither feed nor sitemap nor page."""
    at = 0
    while skipped := _SKIPPED.match(text, at):
        at = skipped.end()
    for match in _ROOT.finditer(text, at, at + _FAR):
        if match[2] and (feed := _feed_after(text, match.end())):
            return feed
        if match[1] or match[2]:
            return Root((match[1] or "!doctype html").lower(), match.start())
    return None


def _feed_after(text: str, at: int) -> Root | None:
    """The root of a feed right behind a DOCTYPE that calls it HTML."""
    at = text.find(">", at, at + 1000) + 1
    while skipped := _SKIPPED.match(text, at):
        at = skipped.end()
    match = _ROOT.match(text, at) if at else None
    name = (match[1] or "").lower() if match else ""
    return Root(name, at) if name in FEED_ROOTS else None


def is_json(text: str) -> bool:
    """Whether a document begins as a JSON object does."""
    return text[:200].lstrip("\ufeff \t\r\n").startswith("{")


def describe(text: str, root: Root | None) -> str:
    """What a document that is not the expected one is, for the operator."""
    start = text[:_FAR]
    if not start.strip():
        return "it is empty"
    if "\0" in start:
        return "it is no text"
    if root is not None and root.is_page:
        if _LOG_IN.search(start):
            return "it is an HTML page that asks to log in"
        title = _HTML_TITLE.search(start)
        return "it is an HTML page" + (f" ({fold(title[1])[:80]!r})" if title and fold(title[1]) else "")
    if root is not None and root.name == "opml":
        return "it is an OPML list of feeds, for `feedbot opml import`"
    if root is not None:
        return "it is a sitemap" if root.name in SITEMAP_ROOTS else "it is a feed"
    if is_json(text) or _JSON_LIST.match(start):
        return "it is JSON, but no JSON Feed"
    element = _ANY_ELEMENT.search(start)
    if element is None:
        return "it is neither XML nor JSON nor HTML"
    return f"its first element is <{element[1]}>"
