"""The site alone: `python -m feedbot.demo.site --port 8081`."""

import argparse
import asyncio
import sys

from feedbot.demo.site.server import Site


async def _serve(options: argparse.Namespace) -> None:
    site = Site(options.first, options.every)
    await site.start(options.host, options.port)
    sys.stdout.write(f"{site.url}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await site.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A sample news site.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--first", type=int, default=6, help="how many articles are there at the start")
    parser.add_argument("--every", type=float, default=4.0, help="seconds between articles, 0 for none")
    try:
        asyncio.run(_serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
