"""The emulator alone: `python -m feedbot.demo.botapi --port 8082 --private 1001:Ada --channel=-1001:News`."""

import argparse
import asyncio
import sys
from collections.abc import Callable

from feedbot.demo.botapi.clock import ManualClock
from feedbot.demo.botapi.server import BotApi


async def _serve(options: argparse.Namespace) -> None:
    clock = ManualClock() if options.manual_clock else None
    api = BotApi(options.token, options.username, enforce_limits=not options.no_limits, clock=clock)
    makers: dict[str, Callable[[int, str], object]] = {
        "private": api.add_private,
        "group": api.add_group,
        "channel": api.add_channel,
    }
    for kind, make in makers.items():
        for text in getattr(options, kind):
            number, _, name = text.partition(":")
            make(int(number), name or number)
    for method in options.without:
        api.lacks(method)
    await api.start(options.host, options.port)
    sys.stdout.write(f"{api.url}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await api.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A Bot API emulator with a page that shows its chats.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8082, help="0: any that is free; the address is printed")
    parser.add_argument("--token", default="123456:TEST")
    parser.add_argument("--username", default="feedbot_demo_bot")
    for kind, name in (("private", "NAME"), ("group", "TITLE"), ("channel", "TITLE")):
        parser.add_argument(f"--{kind}", action="append", default=[], metavar=f"NUMBER:{name}")
    parser.add_argument(
        "--without", action="append", default=[], metavar="METHOD", help="404 for a newer one"
    )
    parser.add_argument("--no-limits", action="store_true", help="never answer 429")
    parser.add_argument("--manual-clock", action="store_true", help="time passes by /control/advance alone")
    try:
        asyncio.run(_serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
