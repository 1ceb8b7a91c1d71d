"""A feed rendered from entries at once, as the press does it piece by piece."""

from collections.abc import Iterable, Mapping

from feedbot.model import StoredEntry
from feedbot.publish.feed import FeedHead, House, Origin
from feedbot.publish.fragment import Documents, documents, render


def newest_first(entries: list[StoredEntry]) -> list[StoredEntry]:
    """The order of a feed."""
    return sorted(entries, key=lambda stored: (stored.entry.sort_at, stored.row), reverse=True)


def render_all(
    head: FeedHead, entries: Iterable[StoredEntry], house: House, origins: Mapping[str, Origin]
) -> Documents:
    """The documents of a category from its entries, in whatever order; an id stands once."""
    once: dict[str, StoredEntry] = {}
    for stored in newest_first(list(entries)):
        once.setdefault(stored.entry.id, stored)
    return documents(
        head,
        [
            render(stored, house, origins.get(stored.entry.source_id), head.category.content)
            for stored in once.values()
        ],
    )
