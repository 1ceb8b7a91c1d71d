"""The list of our feeds for feed readers (OPML 2.0)."""

from collections.abc import Iterable

from lxml import etree

from feedbot.publish.feed import FeedHead
from feedbot.rules.text import clean


def render_opml(title: str, heads: Iterable[FeedHead]) -> bytes:
    """Every feed as an outline that readers import."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = clean(title)
    body = etree.SubElement(root, "body")
    for head in heads:
        name = clean(head.category.title)
        told = {
            "type": "rss",
            "text": name,
            "title": name,
            "xmlUrl": head.self_url,
            "htmlUrl": head.page_url,
        }
        etree.SubElement(body, "outline", told)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document
