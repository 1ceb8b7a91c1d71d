"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): the head of a feed, and an item. Pure."""

import json
from datetime import datetime
from typing import Any

from feedbot.model import Author, Photo, StoredEntry
from feedbot.publish.atom import authors_of, categories_of, labels_of
from feedbot.publish.extension import language_of_entry
from feedbot.publish.feed import FeedHead, House, Origin, language_of, published_of, rfc3339, updated_of
from feedbot.publish.media import files_of
from feedbot.publish.plain import email_of, web_uri, words

VERSION = "https://jsonfeed.org/version/1.1"
END = b"]}\n"


def json_head(head: FeedHead, updated: datetime) -> bytes:
    """The document as far as its first item."""
    told = {
        "version": VERSION,
        "title": words(head.title) or head.category.slug,
        "home_page_url": head.page_url,
        "feed_url": head.url(".json"),
        "description": words(head.category.description),
        "language": language_of(head.category.language) or "en",
        "authors": [{"name": words(head.site_title) or "feedbot", "url": f"{head.base_url}/"}],
        "hubs": [{"type": "WebSub", "url": head.hub}] if head.hub else None,
        "_feedbot": {"id": head.tag, "date_modified": rfc3339(updated), "version": head.version},
    }
    return _json(told)[:-1] + b',"items":['


def json_item(stored: StoredEntry, house: House, origin: Origin | None, url: str, html: str | None) -> bytes:
    """One entry as an object; `html` is its content, where it may be republished."""
    entry = stored.entry
    summary = words(entry.summary)
    text = None if html else summary or words(entry.title) or url  # one of the two must be there
    told = {
        "id": entry.id,
        "url": url,
        "title": words(entry.title) or url,
        "content_html": html,
        "content_text": text,
        "summary": summary,
        "image": web_uri(entry.photo.url) if entry.photo else None,
        "date_published": rfc3339(published_of(stored)),
        "date_modified": rfc3339(updated_of(stored)),
        "authors": [_author(author) for author in authors_of(entry, house, origin)],
        "tags": list(
            dict.fromkeys((*(title for _, title in categories_of(stored, house)), *labels_of(stored, house)))
        ),
        "language": language_of_entry(stored, house),
        "attachments": [
            {
                "url": file.url,
                "mime_type": file.type or "application/octet-stream",
                "size_in_bytes": file.length,
            }
            for file in files_of(entry)
        ],
        "_feedbot": {
            "photo": _photo(entry.photo) if entry.photo else None,
            "source": {"title": origin.title, "url": web_uri(origin.url)} if origin else None,
            "related": [
                {"url": found, "title": words(one.title)}
                for one in entry.related
                if (found := web_uri(one.url))
            ],
        },
    }
    return _json(told)


def _author(author: Author) -> dict[str, str | None]:
    email = email_of(author.email)
    return {"name": words(author.name), "url": web_uri(author.uri) or (f"mailto:{email}" if email else None)}


def _photo(photo: Photo) -> dict[str, object]:
    return {
        "caption": words(photo.caption),
        "credit": words(photo.credit),
        "width": photo.width,
        "height": photo.height,
    }


def _json(told: Any) -> bytes:
    return json.dumps(_known(told), ensure_ascii=False, separators=(",", ":")).encode()


def _known(told: Any) -> Any:
    """What is known of it, to the bottom."""
    if isinstance(told, dict):
        kept = {name: _known(value) for name, value in told.items()}
        return {name: value for name, value in kept.items() if value not in (None, "", [], {})}
    return [_known(value) for value in told] if isinstance(told, list) else told
