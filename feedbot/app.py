"""Wiring: a configuration becomes the parts that work together, and their end is orderly."""

import asyncio
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from telegram.error import TelegramError

from feedbot import __version__
from feedbot.bot.conversation import Place
from feedbot.bot.updates import Updates
from feedbot.config import Config, parse_network, read_token, split_listen
from feedbot.errors import ConfigError, FeedbotError, StoreError, UsageError
from feedbot.jobs.local import Local
from feedbot.jobs.memory import keep_started, return_memory
from feedbot.jobs.observe import Observer
from feedbot.jobs.once import Crew, Round, run_round
from feedbot.jobs.selfcheck import weak_libraries
from feedbot.jobs.sending import Lane
from feedbot.model import Address, Source, Subscription
from feedbot.net.client import Client, user_agent
from feedbot.net.gate import Reader
from feedbot.net.guard import Guard
from feedbot.pipeline import Tools, publish, publish_index, take_in, tidy
from feedbot.pipeline.tools import Hub
from feedbot.publish.files import clean_leftovers
from feedbot.publish.people import People
from feedbot.publish.shelf import Shelf
from feedbot.publish.site import Site
from feedbot.rules.pace import Pacer
from feedbot.rules.websub import hub_url
from feedbot.sources.pack import Packs
from feedbot.sources.packs import load_packs, with_pack
from feedbot.store import Store, deliveries, feeds, sources, subscriptions, websub
from feedbot.store import hub as hub_records
from feedbot.store.clock import may_have_been_set
from feedbot.store.store import InstanceLock
from feedbot.telegram.photos import Photos
from feedbot.telegram.send import Sender
from feedbot.telegram.template import check_template
from feedbot.web.app import Health, Parts, build_app
from feedbot.web.hub import WebSubParts, websub_routes
from feedbot.web.serve import Server, bind
from feedbot.worker import Worker

DRAIN_SECONDS = 30.0
_LONG_POLL_SECONDS = 25
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int], None]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def clock_from(at: datetime) -> Clock:
    """A clock that shows `at` now and goes on from there."""
    started = time.monotonic()
    return lambda: at + timedelta(seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class App:
    """All parts, open. Without a token there is no lane, no sender and there are no updates."""

    config: Config
    tools: Tools
    sources: dict[str, Source]
    observer: Observer
    clock: Clock
    sender: Sender | None
    lane: Lane | None
    updates: Updates | None


def resolve_sources(config: Config, packs: Packs) -> dict[str, Source]:
    """The sources by id, each with its rule pack named. Raises ConfigError for a site without a pack."""
    return {source.id: with_pack(source, packs) for source in config.sources()}


def configured_subscriptions(config: Config) -> list[Subscription]:
    """The operator's subscriptions. Raises ConfigError for a template that cannot be used."""
    for number, item in enumerate(config.subscription):
        if item.template and (fault := check_template(item.template)):
            raise ConfigError(f"subscription[{number}].template: {fault}")
    return [
        Subscription(
            id=0,
            address=Address(item.chat, item.topic),
            category=item.category,
            configured=True,
            latest=item.latest,
            style=item.style,
            template=item.template,
            silent=item.silent,
            language=item.language,
            on_unknown=item.on_unknown,
            max_age=item.max_age,
        )
        for item in config.subscription
    ]


def make_client(
    config: Config,
    reader: Reader | None = None,
    guard: Guard | None = None,
) -> Client:
    """The client towards strangers; large bodies wait for `reader`."""
    return Client(
        user_agent=user_agent(__version__, config.feedbot.contact),
        guard=guard or Guard([parse_network(text) for text in config.fetch.allow_networks]),
        host_gap=config.fetch.host_gap,
        host_concurrency=config.fetch.host_concurrency,
        reader=reader,
    )


def make_hub(config: Config) -> Hub | None:
    """The hub that documents name, with a client of its own: the operator's word is always allowed."""
    url = hub_url(config.publish.hub, config.feedbot.base_url)
    if url is None or config.publish.hub == "self":
        return Hub(url) if url else None
    everywhere = Guard([parse_network(text) for text in ("0.0.0.0/0", "::/0")])
    return Hub(url, make_client(config, guard=everywhere))


def authority_of(config: Config) -> str:
    """The name that ids are made under (RFC 4151): the host of `base_url`, in letters that a tag may hold."""
    host = urlsplit(config.feedbot.base_url).hostname or "localhost"
    try:
        name = host.encode("idna").decode().lower()
    except UnicodeError:
        name = host
    return re.sub(r"[^a-z0-9.-]", "-", name).strip("-.") or "localhost"


def check_feeds_dir(config: Config) -> None:
    """Raise ConfigError unless documents can be written there."""
    folder = config.feedbot.feeds_dir
    probe = folder / ".feedbot-can-write"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"feedbot.feeds_dir: {folder} cannot be written: {error.strerror}; this user must be able to"
        ) from error


@asynccontextmanager
async def open_app(
    config: Config, clock: Clock, observer: Observer, *, refuse_earlier: bool = False
) -> AsyncIterator[App]:
    """Everything opened, the configuration taken into the store, and closed again at the end.

    Raises ConfigError and LockedError before anything is done, UsageError for a clock that is behind the
    newest time in the store where that is to be refused.
    """
    token, warning = read_token(config)
    packs = load_packs(config.feedbot.sites_dir)
    known = resolve_sources(config, packs)
    wanted = configured_subscriptions(config)
    check_feeds_dir(config)
    with InstanceLock(config.database_path):
        store = Store.open(config.database_path)
        try:
            if refuse_earlier:
                await _refuse_earlier(store, clock())
            await store.do(may_have_been_set, clock())
            clean_leftovers(config.feedbot.feeds_dir)
            await _take_configuration(store, config, known, wanted, clock())
            _tell(observer, config, token, warning)
            async with _open_parts(config, store, packs, known, observer, clock, token) as app:
                yield app
        finally:
            await store.close()


async def _refuse_earlier(store: Store, now: datetime) -> None:
    newest = await store.do(subscriptions.newest_time)
    if newest is not None and now.replace(microsecond=0) < newest.replace(microsecond=0):
        raise UsageError(
            f"--at {now.isoformat()} is before {newest.isoformat()}, the newest time in the database;"
            " nothing was done"
        )


async def _take_configuration(
    store: Store, config: Config, known: dict[str, Source], wanted: list[Subscription], now: datetime
) -> None:
    slugs = [category.slug for category in config.category]
    await store.do(sources.sync_sources, list(known.values()))
    await store.do(feeds.sync_feeds, slugs, authority_of(config), now)
    await store.do(feeds.mark_all_changed)  # what renders them may be newer than their documents
    await store.do(subscriptions.sync_configured, wanted, now)
    await store.do(websub.renew_elsewhere, config.feedbot.base_url, now)
    if config.publish.hub in {"", "self"}:
        await store.do(hub_records.forget_pings)


def _tell(observer: Observer, config: Config, token: str | None, warning: str | None) -> None:
    for text in (*weak_libraries(), *([warning] if warning else [])):
        observer.warn(text)
    if unused := config.without_effect():
        observer.warn("keys that are accepted but have no effect in this version", keys=", ".join(unused))
    if token is None:
        observer.warn(
            "no bot token: feeds are published, nothing is sent;"
            " set FEEDBOT_TELEGRAM__TOKEN or telegram.token_file"
        )


@asynccontextmanager
async def _open_parts(
    config: Config,
    store: Store,
    packs: Packs,
    known: dict[str, Source],
    observer: Observer,
    clock: Clock,
    token: str | None,
) -> AsyncIterator[App]:
    worker = Worker()
    client = make_client(config, worker)
    photos = Photos(store, client, worker, config.database_path.parent / "photos")
    site = Site(
        store=store,
        shelf=Shelf(),
        feeds_dir=config.feedbot.feeds_dir,
        base_url=config.feedbot.base_url,
        title=config.feedbot.title,
        language=config.feedbot.language,
        authority=authority_of(config),
        entries=config.publish.entries,
        categories={category.slug: category for category in config.categories()},
        content=config.publish.content,
        hub=hub_url(config.publish.hub, config.feedbot.base_url),
        brotli=config.publish.brotli,
        per_source=config.publish.per_source,
    )
    hub = make_hub(config)
    tools = Tools(store, client, worker, packs, authority_of(config), photos, site, config.rules(), hub)
    sender, lane, updates = None, None, None
    if token is not None:
        sender = Sender(token, config.telegram.api_url, shrink=photos.shrink)
        told = config.telegram
        pacer, deletes = Pacer(told.messages_per_second), told.withdrawn == "delete"
        lane = Lane(tools, sender, pacer, observer, clock, probe=told.probe_unknown, deletes=deletes)
        place = Place(site.title, config.categories())
        updates = Updates(store, sender, place, clock, lane.wait_for, lane.refused)
    try:
        if sender is not None and lane is not None:
            await sender.open()
            await lane.begin()
        yield App(config, tools, known, observer, clock, sender, lane, updates)
    finally:
        if sender is not None:
            await sender.close()
        await worker.close()
        await client.close()
        if hub is not None and hub.client is not None:
            await hub.client.close()


async def once(config: Config, at: datetime | None, deliver_seconds: float, progress: Progress) -> Round:
    """One round of everything; its clock is `at` and goes on from there."""
    observer, moment = Observer(), at or wall_clock()
    async with open_app(config, clock_from(moment), observer, refuse_earlier=at is not None) as app:
        take = partial(app.updates.take, 0) if app.updates else None
        crew = Crew(app.tools, app.sources, observer, app.lane, take, progress)
        return await run_round(crew, moment, deliver_seconds)


async def run(config: Config) -> None:
    """The daemon, until SIGTERM or SIGINT; calls in flight may end, then everything is closed."""
    return_memory()
    observer = Observer()
    try:
        listeners = _bind(config)
    except ConfigError:
        if config.database_path.exists():
            with InstanceLock(config.database_path):  # says so where it is another feedbot that listens there
                pass
        raise
    try:
        async with open_app(config, wall_clock, observer) as app:
            daemon = _Daemon(app, listeners)
            keep_started()
            await daemon.live()
    finally:
        for listener, _ in listeners:
            listener.close()


def _bind(config: Config) -> list[tuple[socket.socket, bool]]:
    """The listeners, and which of them is the operator's own."""
    found = [(bind(*split_listen(config.web.listen), "web.listen"), False)]
    if config.web.admin_listen:
        try:
            found.append((bind(*split_listen(config.web.admin_listen), "web.admin_listen"), True))
        except ConfigError:
            found[0][0].close()
            raise
    return found


class _Daemon:
    """What runs at the same time: ticks, sending, updates, web."""

    def __init__(self, app: App, listeners: list[tuple[socket.socket, bool]]) -> None:
        self._app = app
        self._local = Local(app.tools, app.sources, app.observer, app.lane, app.clock)
        self._servers = [self._server(listener, own=own) for listener, own in listeners]
        self._stop = asyncio.Event()
        self._introduced, self._pause = False, _FIRST_PAUSE

    def _server(self, listener: socket.socket, *, own: bool) -> Server:
        app = self._app
        people, hub, base_url = People(app.tools.site), app.tools.hub, app.tools.site.base_url
        parts = Parts(
            shelf=app.tools.site.shelf,
            base_url=base_url,
            hub=hub.url if hub else None,
            entry_page=people.entry,
            category_page=people.category,
            missing_page=people.missing,
            health=self._health,
            metrics=app.observer.metrics,
            routes=websub_routes(
                WebSubParts(app.tools.store, app.tools.client, app.tools.site.shelf, base_url, app.clock),
                own_hub=hub is not None and hub.client is None,
            ),
        )
        return Server(build_app(parts, public=not own, metrics_for_all=own), listener)

    async def live(self) -> None:
        """Work until told to stop."""
        app, loop = self._app, asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # there is no reload: a restart costs nothing
        await self._publish_all()
        for server in self._servers:
            server.start()
        self._local.start()
        tasks = [asyncio.create_task(app.lane.run())] if app.lane else []
        tasks += [asyncio.create_task(self._listen())] if app.updates else []
        app.observer.event("started", base_url=app.config.feedbot.base_url, sources=len(app.sources))
        try:
            await self._stop.wait()
        finally:
            app.observer.event("stopping")
            await self._end(tasks)
            app.observer.event("stopped")
            for number in (signal.SIGTERM, signal.SIGINT):  # else one that comes now would end it by force
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    async def _publish_all(self) -> None:
        """Every document as it must be now; a folder that refuses is told, and keeps nobody from reading."""
        tools, observer = self._app.tools, self._app.observer
        try:
            await take_in(tools, self._app.clock())
            await tidy(tools)
            for slug in await tools.site.press.wanted():
                observer.publication(await publish(tools, slug), 0.0)
            await publish_index(tools)
        except FeedbotError as error:
            observer.unwritten(error)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        await self._local.stop()
        if self._app.lane:
            await self._app.lane.stop(DRAIN_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            await server.stop()

    async def _listen(self) -> None:
        """Take updates for ever; a Bot API that fails is asked less and less often."""
        updates, observer = self._app.updates, self._app.observer
        while updates is not None:
            await observer.guarded("updates", partial(self._take, updates))
            while observer.is_paused("updates"):  # noqa: ASYNC110  # a time, no event
                await asyncio.sleep(_FIRST_PAUSE)

    async def _take(self, updates: Updates) -> None:
        try:
            if not self._introduced:
                await self._introduce(updates)
                self._introduced = True
            began = time.monotonic()
            if await updates.take(_LONG_POLL_SECONDS):
                if self._app.lane:
                    self._app.lane.wake()
            else:  # some servers answer at once that there is nothing
                await asyncio.sleep(max(0.0, _FIRST_PAUSE - (time.monotonic() - began)))
            self._pause = _FIRST_PAUSE
        except (TelegramError, StoreError) as error:
            self._app.observer.warn("updates failed", error=str(error), pause_seconds=self._pause)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def _introduce(self, updates: Updates) -> None:
        site = self._app.tools.site
        site.bot = await updates.introduce()
        await publish_index(self._app.tools)

    async def _health(self) -> Health:
        app, now = self._app, self._app.clock()
        try:
            due = await app.tools.store.do(sources.oldest_due, now)
            waiting = await app.tools.store.do(deliveries.oldest_waiting, now)
        except StoreError:
            return Health(False, self._local.lag, None, None)
        return Health(
            database=True,
            scheduler_lag_seconds=round(self._local.lag, 3),
            oldest_due_source_seconds=_age(due, now),
            oldest_undelivered_seconds=_age(waiting, now),
            sending_stopped=app.lane.stopped if app.lane else None,
        )


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round((now - since).total_seconds(), 3)
