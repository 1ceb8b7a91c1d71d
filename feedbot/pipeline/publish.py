"""publish: feeds as their entries are now."""

from datetime import datetime

from feedbot.pipeline.tools import Tools
from feedbot.publish.site import PublishReport


async def take_in(tools: Tools, now: datetime) -> None:
    """Put what changed into the feeds that it belongs to: these count as changed from then on. Not while one
    of them is written, or what was rendered of an entry before would be kept as new.
    """
    await tools.site.press.take_in(now)


async def publish(tools: Tools, slug: str) -> PublishReport:
    """Write the documents of a feed as its entries are now; equal bytes are not written again."""
    return await tools.site.write_feed(slug)


async def publish_index(tools: Tools) -> None:
    """Write the pages that list the feeds; after the feeds, so that what they name is there. What a round
    wrote is made to last here, each folder once.
    """
    await tools.site.write_index()


async def tidy(tools: Tools) -> None:
    """At the start: put archives back as they were, and what the configuration asks for no more away."""
    await tools.site.press.tidy()
