"""Wiring: a configuration becomes the parts that work together, and their end is orderly."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from telegram.error import TelegramError

from feedbot import __version__
from feedbot.bot.conversation import Place
from feedbot.bot.updates import Updates
from feedbot.config import Config, parse_network, read_token, split_listen
from feedbot.errors import ConfigError
from feedbot.jobs.local import Local
from feedbot.jobs.observe import Observer
from feedbot.jobs.once import Crew, Round, run_round
from feedbot.jobs.sending import Lane
from feedbot.model import Address, Kind, Source, Subscription
from feedbot.net.client import Client, user_agent
from feedbot.net.guard import Guard
from feedbot.pipeline import Tools, publish, publish_index
from feedbot.publish.files import clean_leftovers
from feedbot.publish.shelf import Shelf
from feedbot.selfcheck import weak_libraries
from feedbot.sources.pack import Packs
from feedbot.sources.packs import load_packs
from feedbot.store import InstanceLock, Store, feeds, sources, subscriptions
from feedbot.telegram.pacer import Pacer
from feedbot.telegram.photos import Photos
from feedbot.telegram.send import Sender, make_bot
from feedbot.web.serve import Server, Watch
from feedbot.worker import Worker

DRAIN_SECONDS = 30.0
_LONG_POLL = 25
_MOST_PAUSE = 60.0

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def clock_from(at: datetime) -> Clock:
    """A clock that shows `at` now and goes on from there."""
    started = time.monotonic()
    return lambda: at + (time.monotonic() - started) * _SECOND


_SECOND = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class App:
    """All parts, open. Without a token there is no lane and there are no updates."""

    config: Config
    tools: Tools
    sources: dict[str, Source]
    observer: Observer
    lane: Lane | None
    updates: Updates | None


def resolve_sources(config: Config, packs: Packs) -> dict[str, Source]:
    """The sources by id, each with its rule pack named. Raises ConfigError for a site without a pack."""
    found = {}
    for source in config.sources():
        pack = packs.get(source.site, f"source {source.id}") if source.site else None
        if pack is None and source.kind in {None, Kind.PAGE}:
            pack = packs.for_host(urlsplit(source.url).hostname)
        if source.kind is Kind.PAGE and (pack is None or pack.list is None):
            raise ConfigError(
                f'source {source.id}: kind = "page" needs a rule pack with a [list]; name one with site ='
            )
        found[source.id] = replace(source, site=pack.name if pack else None)
    return found


def configured_subscriptions(config: Config) -> list[Subscription]:
    """The operator's subscriptions."""
    return [
        Subscription(
            id=0,
            address=Address(item.chat, item.topic),
            category=item.category,
            configured=True,
            latest=item.latest,
            style=item.style,
            silent=item.silent,
            language=item.language,
            on_unknown=item.on_unknown,
            max_age=item.max_age,
        )
        for item in config.subscription
    ]


def make_client(config: Config) -> Client:
    """The client towards strangers."""
    return Client(
        user_agent=user_agent(__version__, config.feedbot.contact),
        guard=Guard([parse_network(text) for text in config.fetch.allow_networks]),
        host_gap=config.fetch.host_gap,
        host_concurrency=config.fetch.host_concurrency,
    )


def authority_of(config: Config) -> str:
    """The name that ids are made under: the host of `base_url`."""
    return urlsplit(config.feedbot.base_url).hostname or "localhost"


def _check_feeds_dir(config: Config) -> None:
    folder = config.feedbot.feeds_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clean_leftovers(folder)
        probe = folder / ".feedbot-can-write"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"feedbot.feeds_dir: {folder} cannot be written: {error.strerror}; it must be writable for this user"
        ) from error


@asynccontextmanager
async def open_app(config: Config, clock: Clock, at: datetime, observer: Observer) -> AsyncIterator[App]:
    """Everything opened, the configuration taken into the store, and closed again at the end.

    Raises ConfigError and LockedError before anything is done.
    """
    token, warning = read_token(config)
    packs = load_packs(config.feedbot.sites_dir)
    known = resolve_sources(config, packs)
    _check_feeds_dir(config)
    with InstanceLock(config.database_path):
        store = Store.open(config.database_path)
        try:
            await _sync(store, config, known, at)
            _tell(observer, config, token, warning)
            async with _parts(config, store, packs, known, observer, clock, token) as app:
                yield app
        finally:
            await store.close()


async def _sync(store: Store, config: Config, known: dict[str, Source], at: datetime) -> None:
    slugs = [category.slug for category in config.category]
    await store.do(sources.sync_sources, list(known.values()))
    await store.do(feeds.sync_feeds, slugs, authority_of(config), at)
    await store.do(subscriptions.sync_configured, configured_subscriptions(config), at)


def _tell(observer: Observer, config: Config, token: str | None, warning: str | None) -> None:
    for text in weak_libraries():
        observer.event(text, level="warning")
    if warning:
        observer.event(warning, level="warning")
    if unused := config.without_effect():
        observer.event(
            "these keys are accepted and have no effect in this version", level="warning", keys=", ".join(unused)
        )
    if token is None:
        observer.event(
            "no bot token: feeds are published, nothing is sent; set FEEDBOT_TELEGRAM__TOKEN or telegram.token_file",
            level="warning",
        )


@asynccontextmanager
async def _parts(
    config: Config,
    store: Store,
    packs: Packs,
    known: dict[str, Source],
    observer: Observer,
    clock: Clock,
    token: str | None,
) -> AsyncIterator[App]:
    client, worker = make_client(config), Worker()
    photos = Photos(store, client, worker, config.database_path.parent / "photos")
    tools = Tools(
        store=store,
        client=client,
        worker=worker,
        packs=packs,
        photos=photos,
        authority=authority_of(config),
        site=config.feedbot,
        entries=config.publish.entries,
        categories={category.slug: category for category in config.categories()},
        shelf=Shelf(),
    )
    lane, updates = None, None
    try:
        if token is not None:
            sender = Sender(make_bot(token, config.telegram.api_url), shrink=photos.shrink)
            await sender.open()
            lane = Lane(tools, sender, Pacer(config.telegram.messages_per_second), observer, clock)
            place = Place(config.feedbot.title, config.categories())
            updates = Updates(store, sender, place, clock, lane.wait_for)
            await lane.begin()
        yield App(config, tools, known, observer, lane, updates)
    finally:
        if updates is not None:
            await updates.close()
        await worker.close()
        await client.close()


async def once(
    config: Config, at: datetime | None, deliver_seconds: float, progress: Callable[[str, int, int], None]
) -> Round:
    """One round of everything; its clock is `at` and goes on from there. Raises UsageError for a time
    before the newest one in the store."""
    observer = Observer()
    moment = at or wall_clock()
    if at is not None:
        refuse_earlier(config, at)
    async with open_app(config, clock_from(moment), moment, observer) as app:
        crew = Crew(app.tools, app.sources, observer, app.lane, app.updates, progress)
        return await run_round(crew, moment, deliver_seconds)
