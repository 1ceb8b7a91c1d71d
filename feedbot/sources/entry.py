"""One entry of a feed, from what feedparser read of it."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedbot.model import ParsedEntry, Related
from feedbot.rules.text import clean, fold, paragraphs
from feedbot.rules.urls import absolute
from feedbot.sources.markup import MAX_HTML, Markup, read_markup
from feedbot.sources.media import enclosures_of, photos_of
from feedbot.sources.words import labels_of, language_of, line, merged, person, text_of

MAX_GUID = 4000
MAX_SUMMARY = 20_000
_CLOSED = re.compile(r"</([a-zA-Z][a-zA-Z0-9]*)>|&(?:amp|lt|gt|quot|nbsp|#\d+);")


@dataclass(frozen=True, slots=True)
class _Text:
    """One of the texts of an entry; `plain` where `<` is a sign like others."""

    value: str
    plain: bool
    base: str


def read_entry(item: dict[str, Any], url: str) -> ParsedEntry:
    """What an entry says. `url` is the document's address, for an entry that names no base."""
    base = absolute(item.get("entry_base"), url) or url
    link = _link(item, base)
    texts = _texts(item, link or url if base == url else base, url)
    richest = max(texts, key=lambda text: len(text.value), default=None)
    body = _read(richest)
    teaser = next((text for text in texts if text is not richest), None)
    summary = _words(teaser) if teaser and richest and teaser.value != richest.value else None
    pictures, thumbnails = photos_of(item, base, has_text=_has_own_text(item))
    return ParsedEntry(
        guid=short_guid(item.get("id")),
        link=link,
        title=_title(item),
        summary_html=None if summary and _is_all(summary, body.text) else summary,
        content_html=body.html,
        content_text=body.text,
        authors=merged(_authors(item, base)),
        categories=labels_of(tag.get("label") or tag.get("term") for tag in item.get("tags") or []),
        language=language_of(item.get("language")) or language_of(item.get("entry_language")),
        published=_date_text(item, "published") or _date_text(item, "created"),
        published_parsed=_iso(item, "published_parsed") or _iso(item, "created_parsed"),
        updated=_date_text(item, "updated"),
        updated_parsed=_iso(item, "updated_parsed"),
        photos=(*pictures, *body.photos, *thumbnails),
        enclosures=enclosures_of(item, base),
        related=_related(item, base),
        canonical=absolute(_text(item.get("feedburner_origlink")), base),
        provenance={"title": "feed", "content_text": "feed", "published": "feed"},
    )


def short_guid(value: Any) -> str | None:
    """The guid as written; a very long one keeps its beginning and a hash of the whole."""
    guid = clean(_text(value)).strip()
    if len(guid) > MAX_GUID:
        digest = hashlib.sha256(guid.encode("utf-8", "replace")).hexdigest()
        guid = guid[: MAX_GUID - len(digest)] + digest
    return guid or None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _title(item: dict[str, Any]) -> str | None:
    """The title. What it is, Atom says and RSS does not: there closed tags and entities tell."""
    detail, title = item.get("title_detail") or {}, _text(item.get("title"))
    is_html = "html" in str(detail.get("type") or "") or (not item.get("is_atom") and _is_markup(title))
    return text_of(title) if is_html else line(title)


def _link(item: dict[str, Any], base: str) -> str | None:
    """The article's address: what feedparser takes, else any alternate."""
    links = item.get("links") or []
    alternates = [link.get("href") for link in links if link.get("rel") in {None, "alternate"}]
    for href in (dict.get(item, "link"), *alternates):
        if found := absolute(_text(href), base):
            return found
    return None


def _texts(item: dict[str, Any], base: str, url: str) -> list[_Text]:
    """The texts of an entry: summary first, then contents. What Media RSS and iTunes say of the file is taken
    where there is nothing else, or nothing as long. Where no `xml:base` says otherwise, links in a text are
    relative to the article (`base`), not to the document (`url`).
    """
    detail = item.get("summary_detail") or {}
    told = [{"value": dict.get(item, "summary"), "type": detail.get("type"), "base": detail.get("base")}]
    told += item.get("content") or []
    found = []
    for part in told:
        kind, value = str(part.get("type") or "text/html"), _text(part.get("value"))
        if value.strip() and kind.startswith(("text/", "application/xhtml", "application/xml")):
            plain = kind in {"text/plain", "text/markdown"} and not _is_markup(value)
            told_base = absolute(part.get("base"), url)
            found.append(_Text(value, plain, told_base if told_base and told_base != url else base))
    others = [_text(item.get("itunes_summary"))] + ([] if found else [_text(item.get("media_description"))])
    return found + [_Text(text, not _is_markup(text), base) for text in others if text.strip()]


def _has_own_text(item: dict[str, Any]) -> bool:
    return bool(dict.get(item, "summary") or item.get("content") or item.get("itunes_summary"))


def _is_markup(value: str) -> bool:
    """Whether a text that calls itself plain is HTML all the same, as many are: it closes a tag it opened."""
    match = _CLOSED.search(value[:MAX_HTML])
    return match is not None and (match[1] is None or re.search(rf"<{match[1]}[\s>]", value) is not None)


def _read(text: _Text | None) -> Markup:
    if text is None:
        return Markup(None, None, ())
    if text.plain:
        return Markup(None, "\n\n".join(paragraphs(text.value[:MAX_HTML])) or None, ())
    return read_markup(text.value, text.base)


def _is_all(summary: str, text: str | None) -> bool:
    """Whether a summary is the whole text, which says nothing new."""
    return text is not None and len(text) < 2 * len(summary) and fold(text) == summary


def _words(text: _Text) -> str | None:
    return line(text.value, MAX_SUMMARY) if text.plain else text_of(text.value, MAX_SUMMARY)


def _authors(item: dict[str, Any], base: str) -> list[Any]:
    """The authors; those of the feed it was taken from where it has none (RFC 4287 section 4.2.1)."""
    told = [author for author in item.get("authors") or [] if author]
    told = told or [author for author in (item.get("source") or {}).get("authors") or [] if author]
    return [
        person(author.get("name"), author.get("email"), absolute(author.get("href"), base)) for author in told
    ]


def _date_text(item: dict[str, Any], name: str) -> str | None:
    """A date as written. Not `.get`: feedparser's own gives `published` for a missing `updated`."""
    return line(dict.get(item, name), 200)


def _iso(item: dict[str, Any], name: str) -> str | None:
    parsed: Any = dict.get(item, name)
    try:
        return datetime(*parsed[:6], tzinfo=UTC).isoformat() if parsed else None  # type: ignore[misc]  # six are no zone
    except (ValueError, TypeError, OverflowError):
        return None


def _related(item: dict[str, Any], base: str) -> tuple[Related, ...]:
    links = (link for link in item.get("links") or [] if link.get("rel") in {"related", "via"})
    found = ((absolute(_text(link.get("href")), base), text_of(link.get("title"))) for link in links)
    return tuple(dict.fromkeys(Related(url, title) for url, title in found if url))[:20]
