"""The commands of `source`."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from feedbot.cli import Json, app, open_store
from feedbot.cli.show import as_json, as_table, hidden, iso
from feedbot.config import Config
from feedbot.errors import UsageError
from feedbot.model import Source, SourceState
from feedbot.net.answer import mask
from feedbot.store import Store, sources

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
    store.close_now()
    if source_id not in found:
        raise UsageError(f"source {source_id!r} is not known; known: {', '.join(sorted(found)) or 'none'}")
    source, state, paused = found[source_id]
    known = state.validators
    facts = _source_facts(source, state, paused=paused) | {
        "validators": asdict(known) | {"url": mask(known.url)} if known else None,
        "moved_to": None,
        "health": {"last_success": iso(state.last_success), "body_hash": state.body_hash},
    }
    if json:
        as_json(facts)
    else:
        as_table(["", ""], list(facts.items()), "")
