"""The command `preview`."""

from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from feedbot.app import authority_of, make_client, wall_clock
from feedbot.cli import Json, app, read_config, wait_for
from feedbot.cli.show import as_json, as_table, progress_bar, say
from feedbot.config import Config, check_web_address
from feedbot.errors import FetchError
from feedbot.jobs.preview import Previewer
from feedbot.model import Entry
from feedbot.pipeline.reading import Readers
from feedbot.sources.packs import load_packs
from feedbot.worker import Worker

_ENTRIES = TypeAdapter(list[Entry])


@app.command()
def preview(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="URL-or-FILE")],
    site: Annotated[str | None, typer.Option(help="The rule pack to read pages with.")] = None,
    json: Json = False,
) -> None:
    """The entries that an address or a file would make; nothing is stored."""
    if "://" in target and not target.startswith("file://"):
        try:
            check_web_address(target)
        except ValueError as error:
            raise FetchError(str(error)) from error
    config = read_config(context, optional=True)
    with progress_bar() as told:
        found = wait_for(_preview(config, target, site, told))
    if json:
        as_json(_ENTRIES.dump_python(found, mode="json"))
        return
    for entry in found:
        _print_entry(entry)
    if not found:
        say("It would make no entry.")


async def _preview(config: Config, target: str, site: str | None, told: Any) -> list[Entry]:
    client, worker = make_client(config), Worker()
    readers = Readers(client, worker, load_packs(config.feedbot.sites_dir))
    previewer = Previewer(readers, config.feedbot.timezone, authority_of(config), told)
    try:
        return await previewer.preview(target, site, wall_clock())
    finally:
        await worker.close()
        await client.close()


def _print_entry(entry: Entry) -> None:
    lead = entry.photo
    rows = [
        ("title", entry.title),
        ("url", entry.url),
        ("published", entry.published.isoformat() if entry.published else None),
        ("authors", [f"{one.name} <{one.email}>" if one.email else one.name for one in entry.authors]),
        ("categories", entry.categories),
        ("photo", lead and " · ".join(filter(None, (lead.url, lead.caption, lead.credit)))),
        ("photos", len(entry.photos)),
        ("related", len(entry.related)),
        ("summary", entry.summary),
        ("text", f"{len((entry.content_text or '').split())} words"),
    ]
    as_table(["", ""], rows, "")
    say("")
