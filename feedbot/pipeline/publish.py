"""publish: a category's feed as its entries are now."""

from feedbot.pipeline.tools import Tools
from feedbot.publish.site import PublishReport


async def publish(tools: Tools, slug: str) -> PublishReport:
    """Write the feed of a category as its entries are now; equal bytes are not written again."""
    return await tools.site.write_feed(slug)


async def publish_index(tools: Tools) -> None:
    """Write the pages that list the feeds; after the feeds, so that what they name is there."""
    await tools.site.write_index()
