"""An Atom document (RFC 4287) of a category. Pure: equal entries give equal bytes."""

import re
from collections.abc import Mapping, Sequence

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from feedbot.model import Author, Entry, StoredEntry
from feedbot.publish.article import article_html
from feedbot.publish.extension import EntryExtension, FeedExtension
from feedbot.publish.feed import (
    FeedHead,
    Origin,
    language_of,
    newest_first,
    page_url,
    published_of,
    rfc3339,
    updated_of,
    web_address,
)
from feedbot.rules.text import clean

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")  # RFC 4287 section 3.2.3 refuses less


def render_atom(head: FeedHead, entries: Sequence[StoredEntry], origins: Mapping[str, Origin]) -> bytes:
    """The document of a category, newest entry first. `origins` are the sources by id.

    The feed counts as updated when its newest change was; an empty one, when it was made.
    """
    feed = FeedGenerator()
    feed.register_extension("feedbot", FeedExtension, EntryExtension)
    feed.id(head.tag)
    feed.title(clean(head.title).strip() or head.category.slug)
    feed.language(language_of(head.category.language) or "en")
    feed.subtitle(clean(head.category.description or "") or None)
    feed.author({"name": clean(head.site_title).strip() or "feedbot"})
    feed.link(
        [
            {"href": f"{head.base_url}/", "rel": "alternate", "type": "text/html"},
            {"href": head.self_url, "rel": "self", "type": "application/atom+xml"},
        ]
    )
    feed.generator("feedbot", version=head.version)
    newest = max((updated_of(stored) for stored in entries), default=head.created_at)
    feed.updated(newest)
    feed.feedbot.updated = rfc3339(newest)
    seen: set[str] = set()
    for stored in newest_first(list(entries)):
        if stored.entry.id not in seen:
            seen.add(stored.entry.id)
            _add(feed, stored, head, origins.get(stored.entry.source_id))
    document: bytes = feed.atom_str(pretty=False)
    return document + b"\n"


def _add(feed: FeedGenerator, stored: StoredEntry, head: FeedHead, origin: Origin | None) -> None:
    entry: FeedEntry = feed.add_entry(order="append")
    told = stored.entry
    entry.feedbot.stored, entry.feedbot.head, entry.feedbot.origin = stored, head, origin
    entry.id(told.id)
    entry.title(clean(told.title).strip() or page_url(stored, head.base_url))
    entry.updated(updated_of(stored))
    entry.published(published_of(stored))
    entry.link(href=page_url(stored, head.base_url), rel="alternate")
    entry.author([_author(author) for author in _authors(told, head, origin)])
    html = article_html(told) if head.category.content == "full" else None
    if html:
        entry.content(html, type="html")
    if summary := clean(told.summary or "").strip():
        entry.summary(summary, type="text")
    entry.category(_categories(told, head))


def _authors(entry: Entry, head: FeedHead, origin: Origin | None) -> Sequence[Author]:
    """Who wrote it; without a byline, the source."""
    named = tuple(author for author in entry.authors if clean(author.name).strip())
    return named or (Author(origin.title if origin else clean(head.site_title).strip() or "feedbot"),)


def _author(author: Author) -> dict[str, str]:
    told = {"name": author.name, "email": author.email, "uri": author.uri}
    written = {name: clean(text).strip() for name, text in told.items() if text}
    if not _EMAIL.fullmatch(written.get("email", "")):
        written.pop("email", None)
    uri = web_address(written.pop("uri", None))
    return {name: text for name, text in (written | {"uri": uri or ""}).items() if text}


def _categories(entry: Entry, head: FeedHead) -> list[dict[str, str]]:
    """Our category, then the labels that the source gives."""
    slug = head.category.slug
    ours = {"term": slug, "label": clean(head.category.title) or slug, "scheme": f"{head.base_url}/"}
    labels = {clean(label).strip() for label in entry.categories} - {slug}
    return [ours, *({"term": label} for label in sorted(labels) if label)]
