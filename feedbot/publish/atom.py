"""An Atom document (RFC 4287) of a category. Pure: equal entries give equal bytes."""

from collections.abc import Mapping, Sequence

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from feedbot.model import Author, Entry, StoredEntry
from feedbot.publish.article import article_html
from feedbot.publish.extension import EntryExtension, FeedExtension
from feedbot.publish.feed import FeedHead, Origin, newest_first, page_url, published_of, rfc3339, updated_of
from feedbot.rules.text import clean


def render_atom(head: FeedHead, entries: Sequence[StoredEntry], origins: Mapping[str, Origin]) -> bytes:
    """The document of a category, newest entry first. `origins` are the sources by id.

    The feed counts as updated when its newest change was; an empty one, when it was made.
    """
    feed = FeedGenerator()
    feed.register_extension("feedbot", FeedExtension, EntryExtension)
    feed.id(head.tag)
    feed.title(clean(head.title))
    feed.language(head.category.language or "en")
    feed.subtitle(clean(head.category.description) if head.category.description else None)
    feed.author({"name": clean(head.site_title)})
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
    entry.title(clean(told.title))
    entry.updated(updated_of(stored))
    entry.published(published_of(stored))
    entry.link(href=page_url(stored, head.base_url), rel="alternate")
    entry.author([_author(author) for author in _authors(told, head, origin)])
    html = article_html(told) if head.category.content == "full" else None
    if html:
        entry.content(html, type="html")
    if told.summary:
        entry.summary(clean(told.summary), type="text")
    entry.category(_categories(told, head))


def _authors(entry: Entry, head: FeedHead, origin: Origin | None) -> Sequence[Author]:
    """Who wrote it; without a byline, the source."""
    return entry.authors or (Author(origin.title if origin else head.site_title),)


def _author(author: Author) -> dict[str, str]:
    told = {"name": author.name, "email": author.email, "uri": author.uri}
    return {name: clean(text) for name, text in told.items() if text}


def _categories(entry: Entry, head: FeedHead) -> list[dict[str, str]]:
    """Our category, then the labels that the source gives."""
    ours = {"term": head.category.slug, "label": head.category.title, "scheme": f"{head.base_url}/"}
    labels = {clean(label) for label in entry.categories} - {head.category.slug}
    return [ours, *({"term": label} for label in sorted(labels) if label)]
