"""`make bench`: what a poll costs, as ratios against something measured in the same run."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.contestants import MOODS
from bench.daemon import daemon_memory
from bench.delivery import print_delivery
from bench.serving import print_serving

# mood, whom we are compared with, and the ratio to reach (ours divided by theirs)
TARGETS = (
    ("304", "bare", 2.5),
    ("same", "bare", 2.0),
    ("one new", "feedparser", 1 / 20),
    ("one new", "reader", 1 / 25),
    ("first", "reader", 1 / 2),
)
CONTESTANTS = ("bare", "feedbot", "feedparser", "reader")
MEMORY_TARGET = 260.0


@contextmanager
def origin() -> Iterator[int]:
    """The server in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.origin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["port"]
    finally:
        process.stdin.close()
        process.wait(30)


def measure(name: str, port: int, feeds: int, rounds: int) -> dict[str, Any]:
    """What one contestant needed."""
    words = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "bench.contestants",
        name,
        str(port),
        str(feeds),
        str(rounds),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="bench", description=__doc__)
    options.add_argument("--feeds", type=int, default=40)
    options.add_argument("--rounds", type=int, default=6, help="polls of each feed in each mood")
    options.add_argument(
        "--sources", type=int, default=1000, help="of the daemon whose memory is measured; 0: none"
    )
    options.add_argument(
        "--categories", type=int, default=2000, help="of the site whose publishing is measured; 0: none"
    )
    options.add_argument("--chats", type=int, default=500, help="people whom one article is sent to")
    chosen = options.parse_args()
    console = Console(width=100)
    with origin() as port, Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("measuring", total=len(CONTESTANTS) + bool(chosen.sources))
        found = {}
        for name in CONTESTANTS:
            bar.update(task, description=name)
            found[name] = measure(name, port, chosen.feeds, chosen.rounds)
            bar.advance(task)
        memory = daemon_memory(port, chosen.sources) if chosen.sources else None
    _print_costs(console, found)
    missed = _print_ratios(console, found)
    if chosen.categories:
        missed += _print_publishing(console, publishing(chosen.categories))
    if memory:
        console.print(
            f"\nThe daemon with {chosen.sources} sources, workers included: {memory[0]:.0f} MB at rest,"
            f" {memory[1]:.0f} MB at most (to stay under {MEMORY_TARGET:.0f})"
        )
        missed += memory[1] > MEMORY_TARGET
    missed += print_serving(console)
    missed += print_delivery(console, chosen.chats)
    sys.exit(1 if missed else 0)


def _print_costs(console: Console, found: dict[str, Any]) -> None:
    table = Table("CPU ms a poll", *MOODS, "peak RSS, MB", box=None)
    for name, one in found.items():
        costs = [f"{one['cost'][mood]:.2f}" if mood in one["cost"] else "–" for mood in MOODS]
        table.add_row(name, *costs, f"{one['rss']:.0f}")
    console.print(table)


def _print_ratios(console: Console, found: dict[str, Any]) -> int:
    table = Table("mood", "compared with", "ratio", "to reach", "", box=None)
    missed = 0
    for mood, other, target in TARGETS:
        ratio = found["feedbot"]["cost"][mood] / found[other]["cost"][mood]
        missed += ratio > target
        table.add_row(mood, other, f"{ratio:.3f}", f"{target:.3f}", "" if ratio <= target else "missed")
    console.print()
    console.print(table)
    return missed


def publishing(categories: int) -> dict[str, Any]:
    """What feeds need, measured in a process of its own."""
    words = [sys.executable, "-W", "ignore", "-m", "bench.publishing", str(categories)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"publishing failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _print_publishing(console: Console, found: dict[str, Any]) -> int:
    made, rounds, number = found["rendering"], found["rounds"], found["categories"]
    table = Table("a feed of 100 entries after one new one", "ratio", "to reach", "", box=None)
    ratios = (
        ("compared with feedgen", made["ours"] / made["feedgen"], 1 / 15),
        ("the same, HTML sanitised before", made["ours, html ready"] / made["feedgen, html ready"], 1 / 15),
        (
            "Atom, RSS and JSON, compared with feedgen's Atom",
            made["ours, three formats"] / made["feedgen"],
            1 / 15,
        ),
        (
            f"{number} categories, compared with {number} times one",
            rounds["all"] / number / rounds["one"],
            1.2,
        ),
    )
    missed = 0
    for what, ratio, target in ratios:
        missed += ratio > target
        table.add_row(what, f"{ratio:.3f}", f"{target:.3f}", "" if ratio <= target else "missed")
    console.print()
    console.print(table)
    console.print(
        f"A feed of 100 entries after one new one: {made['ours']:.2f} ms"
        f" ({made['ours, three formats']:.2f} in three formats), feedgen {made['feedgen']:.1f} ms."
        f" A round of {number} changed categories:"
        f" {rounds['all'] / 1000:.1f} s of CPU, {rounds['folders synced, all']:.0f} folders synced;"
        f" files written without news: {rounds['files written without news']:.0f}"
    )
    return missed + bool(rounds["files written without news"])


if __name__ == "__main__":
    main()
