"""The command `demo`."""

from typing import Annotated

import typer

from feedbot.cli import app, wait_for
from feedbot.demo.command import demo as run_demo


@app.command()
def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="End by itself; 0 if articles came through.")
    ] = None,
) -> None:
    """The whole chain on this machine: a sample site, the real daemon, and a Telegram to look at."""
    raise typer.Exit(wait_for(run_demo(seconds)))
