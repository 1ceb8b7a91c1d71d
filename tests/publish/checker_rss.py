"""A house checker for RSS 2.0 and JSON Feed 1.1: specifications, what the W3C validator says, our rules."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree

from tests.publish.checker import (
    _LANGUAGE,
    _MARKUP,
    _MIME,
    _TAG,
    EMAIL,
    MEDIA,
    _is_uri,
    _media,
    html_problems,
)

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_ONCE = {"title", "link", "description", "language", "lastBuildDate", "generator", "docs"}
_IN_ITEM = {
    **dict.fromkeys(("title", "link", "guid", "pubDate"), (1, 1)),
    **dict.fromkeys(("description", "author", "enclosure", "source", CONTENT), (0, 1)),
    **dict.fromkeys(("category", CREATOR), (0, 999)),
    f"{MEDIA}content": (0, 1),
}
_RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
    r" \d\d:\d\d:\d\d \+0000"
)
_AUTHOR = re.compile(r"(\S+) \((.+)\)", re.DOTALL)
_JSON_ITEM = {
    "id": str, "url": str, "title": str, "content_html": str, "content_text": str, "summary": str,
    "image": str, "date_published": str, "date_modified": str, "authors": list, "tags": list, "language": str,
    "attachments": list, "_feedbot": dict,
}  # fmt: skip


def rss_problems(document: bytes, url: str | None = None) -> list[str]:
    """What is wrong with an RSS document that was asked for at `url`."""
    try:
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, huge_tree=True))
    except etree.XMLSyntaxError as error:
        return [f"not well-formed: {error}"]
    if root.tag != "rss" or root.get("version") != "2.0" or [one.tag for one in root] != ["channel"]:
        return ["no RSS 2.0"]
    channel = root[0]
    return [
        *_channel(channel, url),
        *(f"{item.findtext('guid')}: {one}" for item in channel.findall("item") for one in _item(item)),
    ]


def _channel(channel: Any, url: str | None) -> Iterator[str]:
    counts = Counter(one.tag for one in channel)
    yield from (f"channel has {counts[name]} {name}" for name in _ONCE if counts[name] != 1)
    yield from (f"channel has {name}" for name in counts.keys() - _ONCE - {"item", f"{ATOM}link"})
    links = [(one.get("rel"), one.get("href"), one.get("type")) for one in channel.findall(f"{ATOM}link")]
    selves = [href for rel, href, kind in links if rel == "self" and kind == "application/rss+xml"]
    if len(selves) != 1 or (url is not None and selves != [url]):
        yield f"self is {selves}, asked was {url}"
    if {rel for rel, _, _ in links} - {"self", "hub"}:
        yield f"links are {links}"
    yield from _date(channel.findtext("lastBuildDate"))
    if not _is_uri(channel.findtext("link")):
        yield f"link {channel.findtext('link')!r}"
    if not _LANGUAGE.fullmatch(channel.findtext("language") or ""):
        yield f"language {channel.findtext('language')!r}"
    yield from (problem for name in ("title", "description") for problem in _plain(channel.find(name)))
    guids = Counter(item.findtext("guid") for item in channel.findall("item"))
    yield from (f"guid {guid} stands {count} times" for guid, count in guids.items() if count > 1)
    dates = [parsedate_to_datetime(item.findtext("pubDate")) for item in channel.findall("item")]
    if dates != sorted(dates, reverse=True):
        yield "not newest first"


def _item(item: Any) -> Iterator[str]:
    counts = Counter(one.tag for one in item)
    yield from (f"unknown {name}" for name in counts.keys() - _IN_ITEM.keys())
    for name, (least, most) in _IN_ITEM.items():
        if not least <= counts[name] <= most:
            yield f"{counts[name]} {name}"
    yield from _date(item.findtext("pubDate"))
    yield from (
        one
        for name in ("title", "category", "source", CREATOR)
        for found in item.findall(name)
        for one in _plain(found)
    )
    if not _is_uri(item.findtext("link")):
        yield f"link {item.findtext('link')!r}"
    if item.find("guid").get("isPermaLink") != "false" or not _TAG.fullmatch(item.findtext("guid")):
        yield "guid is no tag"
    names = [one.tag for one in item]
    if CONTENT in names and names.index("description") > names.index(CONTENT):
        yield "a description must come before the content"
    yield from (one for name in ("description", CONTENT) for one in html_problems(item.findtext(name) or ""))
    if bool(counts["author"]) == bool(counts[CREATOR]):
        yield "an author or creators, one of both"
    yield from _author(item.findtext("author"))
    yield from _files(item)
    yield from _media(item)


def _author(author: str | None) -> Iterator[str]:
    match = _AUTHOR.fullmatch(author) if author is not None else None
    if author is not None and (match is None or not EMAIL.fullmatch(match[1]) or _MARKUP.search(author)):
        yield f"author {author!r}"


def _files(item: Any) -> Iterator[str]:
    for one in item.findall("enclosure"):
        if not (
            _is_uri(one.get("url")) and one.get("length").isdecimal() and _MIME.fullmatch(one.get("type"))
        ):
            yield f"enclosure {dict(one.attrib)}"
    for one in item.findall("source"):
        if not _is_uri(one.get("url")):
            yield f"source {dict(one.attrib)}"


def _plain(element: Any) -> Iterator[str]:
    text = element.text or ""
    if (
        not text.strip()
        or _MARKUP.search(text)
        or re.search(r"&#[x0-9]|<[/a-zA-Z]", text)
        or "\ufffd" in text
    ):
        yield f"{element.tag} {text!r}"


def _date(text: str | None) -> Iterator[str]:
    if not _RFC822.fullmatch(text or "") or f"{parsedate_to_datetime(text or ''):%a}" != (text or "")[:3]:
        yield f"date {text!r}"


def json_problems(document: bytes, url: str | None = None) -> list[str]:
    """What is wrong with a JSON Feed that was asked for at `url`."""
    try:
        feed = json.loads(document.decode())
    except ValueError as error:
        return [f"no JSON: {error}"]
    found = list(_json_feed(feed, url))
    return found + [f"{item.get('id')}: {one}" for item in feed["items"] for one in _json_item(item)]


def _json_feed(feed: dict[str, Any], url: str | None) -> Iterator[str]:
    known = {
        "version", "title", "home_page_url", "feed_url", "description", "language", "authors", "hubs",
        "items", "_feedbot",
    }  # fmt: skip
    if feed.keys() - known or not {"version", "title", "items", "feed_url", "home_page_url"} <= feed.keys():
        yield f"the feed has {sorted(feed)}"
    if feed["version"] != "https://jsonfeed.org/version/1.1" or not feed["title"].strip():
        yield "version or title"
    if url is not None and feed["feed_url"] != url:
        yield f"feed_url is {feed['feed_url']}"
    yield from (f"hub {hub}" for hub in feed.get("hubs", []) if set(hub) != {"type", "url"})
    yield from _empty(feed)
    ids = Counter(item["id"] for item in feed["items"])
    yield from (f"id {one} stands {count} times" for one, count in ids.items() if count > 1)


def _empty(told: Any, name: str = "") -> Iterator[str]:
    if told in (None, "", {}) or (told == [] and name != "items"):
        yield f"an empty {name}"
    if isinstance(told, dict):
        yield from (one for key, value in told.items() for one in _empty(value, key))
    if isinstance(told, list):
        yield from (one for value in told for one in _empty(value, name + "[]"))


def _json_item(item: dict[str, Any]) -> Iterator[str]:
    yield from (
        f"{name} is {value!r}"
        for name, value in item.items()
        if not isinstance(value, _JSON_ITEM.get(name, ()))
    )
    if ("content_html" in item) == ("content_text" in item):
        yield "content_html or content_text, one of both"
    if not _TAG.fullmatch(item["id"]) or not _is_uri(item["url"]):
        yield f"id or url: {item['url']!r}"
    for name in ("date_published", "date_modified"):
        if not item[name].endswith("Z") or datetime.fromisoformat(item[name]).microsecond:
            yield f"{name} {item[name]!r}"
    for author in item["authors"]:
        if not author.keys() <= {"name", "url"} or not author.get("name"):
            yield f"author {author}"
    if not all(isinstance(tag, str) for tag in item.get("tags", [])):
        yield "tags"
    if "language" in item and not _LANGUAGE.fullmatch(item["language"]):
        yield f"language {item['language']!r}"
    yield from _json_files(item)
    yield from html_problems(item.get("content_html", ""))


def _json_files(item: dict[str, Any]) -> Iterator[str]:
    for file in item.get("attachments", []):
        if not _is_uri(file["url"]) or not _MIME.fullmatch(file["mime_type"]):
            yield f"attachment {file}"
