"""Files of an entry, and its lead photo in Media RSS, as Atom and RSS both write them."""

from collections.abc import Mapping
from html import escape
from typing import Any

from lxml import etree

from feedbot.model import Enclosure, Entry, Photo
from feedbot.publish.feed import media_type_of
from feedbot.publish.plain import is_like_html, web_uri, words
from feedbot.rules.text import clean

MEDIA = "http://search.yahoo.com/mrss/"


def written(told: Mapping[str, object]) -> dict[str, str]:
    """Attributes as text that XML can carry; what is not known is left out."""
    return {name: clean(str(value)) for name, value in told.items() if value}


def files_of(entry: Entry) -> list[Enclosure]:
    """The lead photo and the enclosures, each once, with what is known of type and length."""
    lead = entry.photo
    told = [Enclosure(lead.url, None, lead.type)] if lead and lead.url else []
    found: dict[str, Enclosure] = {}
    for one in (*told, *entry.enclosures):
        if url := web_uri(one.url):
            before = found.get(url, Enclosure(url))
            length = before.length or (one.length if one.length and one.length > 0 else None)
            found[url] = Enclosure(url, length, media_type_of(before.type or one.type, url))
    return list(found.values())


def add_media(element: Any, entry: Entry) -> None:
    """Add the lead photo as a direct child: in a group alone it is an error to validators."""
    photo = entry.photo
    url = web_uri(photo.url) if photo else None
    if photo is None or url is None:
        return
    length = next((one.length for one in files_of(entry) if one.url == url), None)
    size = {"width": _positive(photo.width), "height": _positive(photo.height)}
    facts = {
        "url": url,
        "medium": "image",
        "type": media_type_of(photo.type, url),
        "fileSize": length,
        **size,
    }
    content = etree.SubElement(element, f"{{{MEDIA}}}content", written(facts))
    _tell(content, "title", _title(photo, entry))
    _tell(content, "description", words(photo.caption))
    if credit := words(photo.credit):
        etree.SubElement(content, f"{{{MEDIA}}}credit").text = credit
    etree.SubElement(content, f"{{{MEDIA}}}thumbnail", written({"url": url, **size}))


def _positive(number: int | None) -> int | None:
    return number if number and number > 0 else None


def _title(photo: Photo, entry: Entry) -> str:
    return words(photo.alt) or words(entry.title)


def _tell(content: Any, name: str, text: str) -> None:
    if text:
        is_html = is_like_html(text)
        element = etree.SubElement(content, f"{{{MEDIA}}}{name}", {"type": "html" if is_html else "plain"})
        element.text = escape(text, quote=False) if is_html else text
