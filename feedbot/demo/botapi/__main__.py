"""The emulator alone: `python -m feedbot.demo.botapi --port 8082 --private 1001:Ada --channel=-1001:News`."""

import argparse
import asyncio
import sys

from feedbot.demo.botapi.server import BotApi


async def _serve(options: argparse.Namespace) -> None:
    api = BotApi(options.token, options.username, enforce_limits=not options.no_limits)
    for text in options.private:
        number, _, name = text.partition(":")
        api.add_private(int(number), name or number)
    for text in options.channel:
        number, _, name = text.partition(":")
        api.add_channel(int(number), name or number)
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
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--token", default="123456:TEST")
    parser.add_argument("--username", default="feedbot_demo_bot")
    parser.add_argument("--private", action="append", default=[], metavar="NUMBER:NAME")
    parser.add_argument("--channel", action="append", default=[], metavar="NUMBER:TITLE")
    parser.add_argument("--no-limits", action="store_true", help="never answer 429")
    try:
        asyncio.run(_serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
