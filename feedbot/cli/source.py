"""The commands of `source`."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import typer
from sqlalchemy import Connection

from feedbot.cli import Json, app, in_one_transaction, open_store, read_config
from feedbot.cli.show import as_json, as_table, hidden, iso, say
from feedbot.config import SLUG, Config, check_web_address, parse_duration, parse_interval
from feedbot.errors import UsageError
from feedbot.model import Source, SourceState
from feedbot.net.answer import mask
from feedbot.rules.health import alarms, newest_shares
from feedbot.sources.packs import load_packs, with_pack
from feedbot.store import Store, retractions, sources

T = TypeVar("T")

source_app = typer.Typer(help="The sources and what is known of them.", no_args_is_help=True)
app.add_typer(source_app, name="source")


def _source_facts(source: Source, state: SourceState, *, paused: bool) -> dict[str, Any]:
    return {
        "id": source.id,
        "url": mask(source.url) if "://" in source.url else source.url,
        "kind": source.kind.value if source.kind else None,
        "site": source.site,
        "categories": list(dict.fromkeys((*source.categories, *source.category_map.values()))),
        "paused": paused,
        "stopped": hidden(state.stopped),
        "next_poll": iso(state.next_poll),
        "because": state.because,
        "failures": state.failures,
        "error": hidden(state.error),
    }


@source_app.command("list")
def source_list(context: typer.Context, json: Json = False) -> None:
    """Every source, when it is polled next, and what is wrong with it."""
    config, store = open_store(context)
    found = [
        _source_facts(one, state, paused=paused) for one, state, paused in _with_configured(config, store)
    ]
    store.close_now()
    if json:
        as_json(found)
        return
    columns = ["id", "kind", "categories", "next_poll", "failures", "error"]
    as_table(columns, [[one[name] for name in columns] for one in found], "No source is configured.")


def _with_configured(config: Config, store: Store) -> list[tuple[Source, SourceState, bool]]:
    """The stored sources, and those of the file that no daemon has seen yet."""
    known = store.do_now(sources.all_sources)
    names = {source.id for source, _, _ in known}
    return known + [(one, SourceState(one.id), False) for one in config.sources() if one.id not in names]


@source_app.command("show")
def source_show(
    context: typer.Context, source_id: Annotated[str, typer.Argument(metavar="ID")], json: Json = False
) -> None:
    """One source: when and why it is polled next, and what is remembered of it."""
    config, store = open_store(context)
    found = {one.id: (one, state, paused) for one, state, paused in _with_configured(config, store)}
    health = store.do_now(sources.health_of, source_id)
    retracted = store.do_now(retractions.count_of_source, source_id)
    store.close_now()
    if source_id not in found:
        raise UsageError(f"source {source_id!r} is not known; known: {', '.join(sorted(found)) or 'none'}")
    source, state, paused = found[source_id]
    known = state.validators
    facts = _source_facts(source, state, paused=paused) | {
        "validators": asdict(known) | {"url": mask(known.url)} if known else None,
        "moved_to": mask(state.moved_to) if state.moved_to else None,
        "found": mask(state.found_url) if state.found_url else None,
        "health": {
            "last_success": iso(state.last_success),
            "failing_since": iso(state.failing_since),
            "entries_a_week": state.per_week,
            "retracted": retracted,
            "shares": {name: round(share, 2) for name, share in newest_shares(health).items()},
            "alarms": alarms(health),
        },
    }
    if json:
        as_json(facts)
    else:
        as_table(["", ""], list(facts.items()), "")


@source_app.command("add")
def source_add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL")],
    source_id: Annotated[str | None, typer.Option("--id", help="Its name for life.")] = None,
    category: Annotated[str | None, typer.Option(help="Where its entries go.")] = None,
    site: Annotated[str | None, typer.Option(help="The rule pack for its pages.")] = None,
    interval: Annotated[str | None, typer.Option(help='Exact, as "30m".')] = None,
    json: Json = False,
) -> None:
    """Add a source while the daemon runs; it is polled within seconds."""
    config = read_config(context)
    made = Source(
        id=source_id or _name_of(url),
        url=_checked(check_web_address, url),
        site=site,
        categories=_category(config, category),
        interval=_checked(parse_interval, interval) if interval else None,
        timezone=config.feedbot.timezone,
        keep=parse_duration(config.feedbot.keep) if config.feedbot.keep else None,
    )
    if not SLUG.fullmatch(made.id):
        raise UsageError(f"--id {made.id!r}: a-z, 0-9 and -, at most 64 characters, would be one")
    made = with_pack(made, load_packs(config.feedbot.sites_dir))
    taken = made.id in {source.id for source in config.source}
    if taken or not in_one_transaction(config, lambda connection: sources.add_source(connection, made)):
        raise UsageError(f"source {made.id!r} is there already; choose another --id")
    _done(json, made.id, f"Source {made.id} was added to {', '.join(made.categories) or 'no category'}.")


def _checked(check: Callable[[str], T], text: str) -> T:
    try:
        return check(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _name_of(url: str) -> str:
    """A name made of host and path: `example-org-news`."""
    parts = urlsplit(url)
    words = re.findall(r"[a-z0-9]+", f"{parts.hostname or ''} {parts.path}".lower().replace("www.", ""))
    return "-".join(words)[:64].strip("-") or "source"


def _category(config: Config, slug: str | None) -> tuple[str, ...]:
    known = [category.slug for category in config.category]
    if slug is None and len(known) == 1:
        return (known[0],)
    if slug is None and config.rules():
        return ()
    if slug not in known:
        what = f"category {slug!r} is not defined" if slug else "no --category"
        raise UsageError(f"{what}; known: {', '.join(known) or 'none; add a [[category]]'}")
    return (slug,)


def _done(json: bool, source_id: str, sentence: str) -> None:
    if json:
        as_json({"id": source_id})
    else:
        say(sentence)


SourceId = Annotated[str, typer.Argument(metavar="ID")]


def _change(context: typer.Context, source_id: str, unit: Callable[[Connection], None]) -> None:
    """Change one source, if need be one of the file that no daemon has seen yet."""
    config = read_config(context)
    packs = load_packs(config.feedbot.sites_dir)
    told = next((with_pack(one, packs) for one in config.sources() if one.id == source_id), None)

    def change(connection: Connection) -> bool:
        if told is not None:
            sources.add_source(connection, told, configured=True)
        known = sources.get_source(connection, source_id) is not None
        if known:
            unit(connection)
        return known

    if not in_one_transaction(config, change):
        raise UsageError(f"source {source_id!r} is not known; `feedbot source list` shows those that are")


@source_app.command("pause")
def source_pause(context: typer.Context, source_id: SourceId, json: Json = False) -> None:
    """Poll a source no more, until it is resumed."""
    _change(context, source_id, lambda connection: sources.pause(connection, source_id, paused=True))
    _done(json, source_id, f"Source {source_id} is paused.")


@source_app.command("resume")
def source_resume(context: typer.Context, source_id: SourceId, json: Json = False) -> None:
    """Poll a source again that was paused, or that stopped because it was gone."""
    _change(context, source_id, lambda connection: sources.pause(connection, source_id, paused=False))
    _done(json, source_id, f"Source {source_id} is polled again.")


@source_app.command("poll")
def source_poll(context: typer.Context, source_id: SourceId, json: Json = False) -> None:
    """Make a source due at once."""

    def poll(connection: Connection) -> None:
        if sources.is_paused(connection, source_id):
            raise UsageError(f"source {source_id} is paused; `feedbot source resume {source_id}` comes first")
        sources.poll_now(connection, source_id)

    _change(context, source_id, poll)
    _done(json, source_id, f"Source {source_id} is due now.")


@source_app.command("remove")
def source_remove(context: typer.Context, source_id: SourceId, json: Json = False) -> None:
    """Forget a source that was added at run time; its entries stay."""
    if source_id in {source.id for source in read_config(context).source}:
        raise UsageError(f"source {source_id} stands in the configuration; remove it there, or pause it")
    _change(context, source_id, lambda connection: sources.remove_source(connection, source_id))
    _done(json, source_id, f"Source {source_id} was removed; its entries stay.")
