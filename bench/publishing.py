"""What a feed costs: `python -m bench.publishing` prints it as JSON, all of it measured in this process.

Rendering is compared with plain feedgen on the same entries, for Atom: with the HTML of articles sanitised by
the same function in both, and with that HTML made before, as feedgen has nothing like it.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from feedgen.feed import FeedGenerator

from bench.origin import paragraph
from feedbot.model import (
    Announce,
    Author,
    Candidate,
    Category,
    Changes,
    Entry,
    Photo,
    Precision,
    Source,
    SourceState,
    StoredEntry,
)
from feedbot.publish import atom, fragment, press, site
from feedbot.publish.article import article_html
from feedbot.publish.feed import FeedHead, House, origin_of
from feedbot.publish.shelf import Shelf
from feedbot.rules.health import Health
from feedbot.store import Store, entries, feeds, sources

ENTRIES, CATEGORIES = 100, 2000
NOW = datetime(2026, 1, 29, tzinfo=UTC)
SOURCE = Source("gazette", "https://news.example/feed", categories=("news",))


def article(number: int, source: str = "gazette") -> Entry:
    """An article of about 10 kB, with a photo."""
    url = f"https://news.example/{source}/{number}"
    photo = Photo(f"{url}.jpg", f"Caption {number}", "Gazette Pictures", None, 1600, 900, "image/jpeg")
    return Entry(
        id=f"tag:news.example,2026:{source}/{number}",
        url=url,
        title=f"Article {number}",
        summary="What the council decided, and what the harbour says of it.",
        content_html="".join(paragraph(number * 13 + at) for at in range(17)),
        content_text=None,
        authors=(Author("Ada Byron", "ada@news.example"),),
        categories=("News",),
        language="en",
        published=NOW + timedelta(minutes=number),
        published_precision=Precision.SECOND,
        updated=None,
        first_seen=NOW + timedelta(minutes=number),
        photo=photo,
        photos=(photo,),
        enclosures=(),
        related=(),
        source_id=source,
        provenance={},
    )


def stored(number: int) -> StoredEntry:
    """The same as the store gives it."""
    made = article(number)
    return StoredEntry(
        row=number,
        entry=made,
        story=made.url or made.id,
        slugs=("news",),
        updated_at=made.first_seen,
        digest="",
        first_key="",
        ready=True,
        announce=Announce.PUSH,
    )


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """CPU of one call, in ms: the least of some, as what disturbs only adds."""
    found = []
    for _ in range(times):
        before = time.process_time()
        work()
        found.append((time.process_time() - before) * 1000)
    return min(found)


def rendering() -> dict[str, float]:
    """A feed of a hundred entries after one new one, and the same by plain feedgen."""
    category = Category("news", "News", "en")
    house = House("https://feeds.example", "Bench", "en", {"news": category})
    head = FeedHead("tag:feeds.example,2026:feeds/news", category, "Bench", house.base_url, NOW, "1")
    origin = origin_of(SOURCE, "feeds.example")
    told = [stored(number) for number in range(ENTRIES, 0, -1)]
    html = {one.entry.id: article_html(one.entry) for one in told}
    kept = [fragment.render(one, house, origin, "full") for one in told]
    updated = max(one.updated for one in kept)

    def ours(made: Callable[[Entry], str | None]) -> bytes:
        new = atom.atom_entry(told[0], house, origin, told[0].entry.url or "", made(told[0].entry))
        return b"".join((atom.atom_head(head, updated), new, *(one.atom for one in kept[1:]), atom.END))

    def plain(made: Callable[[Entry], str | None]) -> Any:
        return plain_feedgen(told, made)

    def ready(entry: Entry) -> str | None:
        return html[entry.id]

    def all_formats() -> object:
        new = fragment.render(told[0], house, origin, "full")
        return fragment.documents(head, [new, *kept[1:]])

    return {
        "ours": cpu_ms(lambda: ours(article_html), 40),
        "ours, three formats": cpu_ms(all_formats, 40),
        "feedgen": cpu_ms(lambda: plain(article_html), 4),
        "ours, html ready": cpu_ms(lambda: ours(ready), 40),
        "feedgen, html ready": cpu_ms(lambda: plain(ready), 8),
    }


def plain_feedgen(told: list[StoredEntry], made: Callable[[Entry], str | None]) -> Any:
    """The same entries as one would write them with feedgen alone."""
    feed = FeedGenerator()
    feed.load_extension("media")
    feed.id("tag:feeds.example,2026:feeds/news")
    feed.title("News")
    feed.language("en")
    feed.author({"name": "Bench"})
    feed.link(href="https://feeds.example/", rel="alternate")
    feed.link(href="https://feeds.example/feeds/news.atom", rel="self")
    for one in told:
        entry, item = one.entry, feed.add_entry(order="append")
        item.id(entry.id)
        item.title(entry.title)
        item.link(href=entry.url, rel="alternate")
        item.author([{"name": author.name, "email": author.email} for author in entry.authors])
        item.summary(entry.summary)
        item.content(made(entry), type="html")
        item.published(entry.published)
        item.updated(one.updated_at)
        item.category([{"term": "news", "label": "News"}, {"term": "News"}])
        if entry.photo:
            item.enclosure(entry.photo.url, "0", "image/jpeg")
            item.media.content({"url": entry.photo.url, "type": "image/jpeg"}, group=None)
    return feed.atom_str()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def rounds(folder: Path, categories: int) -> dict[str, float]:
    """Rounds in which one category changes, all of them, and none: CPU ms, folders synced, files written."""
    slugs = [f"c{number}" for number in range(categories)]
    store = Store.open(folder / "feedbot.db")
    made = site.Site(
        store=store,
        shelf=Shelf(),
        feeds_dir=folder / "feeds",
        base_url="https://feeds.example",
        title="Bench",
        language="en",
        authority="feeds.example",
        entries=50,
        categories={slug: Category(slug, slug, "en") for slug in slugs},
    )
    known = [Source(slug, f"https://news.example/{slug}", categories=(slug,)) for slug in slugs]
    await store.do(sources.sync_sources, known)
    await store.do(feeds.sync_feeds, slugs, "feeds.example", NOW)
    synced, sync_folder = 0, press.sync_folder

    def counted(path: Path) -> None:
        nonlocal synced
        synced += 1
        sync_folder(path)

    press.sync_folder = counted

    async def one_round() -> float:
        before = _cpu()
        await made.press.take_in(NOW)
        for feed in await store.do(feeds.changed_feeds):
            if made.press.publishes(feed.slug):
                await made.write_feed(feed.slug)
        await made.write_index()
        return (_cpu() - before) * 1000

    async def add(number: int, to: list[str]) -> None:
        for slug in to:
            entry = article(number, slug)
            candidate = Candidate(entry, (entry.id,), entry.url or "", (slug,), entry.id)
            changes, left = Changes(((candidate, Announce.PUSH),)), sources.Reading(Health())
            found = await store.do(sources.get_source, slug)
            state = found[1] if found else SourceState(slug)
            source = Source(slug, "", categories=(slug,))
            await store.do(entries.save_poll, source, changes, state, state, NOW, left)

    await add(1, slugs)
    await one_round()
    singles = []
    for at in range(2, 7):
        await add(at, slugs[at : at + 1])
        synced = 0
        singles.append(await one_round())
    one_synced = synced
    await add(9, slugs)
    synced = 0
    many = await one_round()
    all_synced = synced
    # A call closes so many archives, and the next one goes on.
    while any(made.press.publishes(feed.slug) for feed in await store.do(feeds.changed_feeds)):
        await one_round()
    before = {path: path.stat().st_mtime_ns for path in made.feeds_dir.rglob("*")}
    none = await one_round()
    after = {path: path.stat().st_mtime_ns for path in made.feeds_dir.rglob("*")}
    await store.close()
    return {
        "one": min(singles),
        "all": many,
        "none": none,
        "folders synced, one": one_synced,
        "folders synced, all": all_synced,
        "files written without news": sum(before[path] != after[path] for path in before),
    }


def main() -> None:
    """Measure and print."""
    categories = int(sys.argv[1]) if sys.argv[1:] else CATEGORIES
    with tempfile.TemporaryDirectory() as folder:
        found = {"rendering": rendering(), "categories": categories}
        found["rounds"] = asyncio.run(rounds(Path(folder), categories))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
