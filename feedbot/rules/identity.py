"""Identity: the keys by which an entry is known again (shared facts, "Rule for feedbot")."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from feedbot.model import ParsedEntry
from feedbot.rules.text import fold_case
from feedbot.rules.urls import absolute, normalised


def _hash(kind: str, *parts: str) -> str:
    return f"{kind}:" + hashlib.sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()[:32]


def link_key(parsed: ParsedEntry, base: str) -> str | None:
    """The normalised link of an entry, absent where it has none."""
    link = absolute(parsed.link, base)
    return normalised(link) if link else None


def keys(
    parsed: ParsedEntry, base: str, shared_guids: frozenset[str], shared_links: frozenset[str]
) -> tuple[str, ...]:
    """The keys of one entry, the first one its identity, the others aliases; never empty.

    `shared_guids` stand on entries with different links in this document, `shared_links` on several
    entries: neither can tell entries apart there.
    """
    guid, link = (parsed.guid or "").strip(), link_key(parsed, base)
    found = []
    if guid and guid not in shared_guids:
        found += [_hash("guid", guid), _hash("path", _without_host(guid))]
    if link and link not in shared_links:
        found.append(_hash("link", link))
    title, date = fold_case(parsed.title), (parsed.published or parsed.published_parsed or "").strip()
    if date:
        found.append(_hash("date", title, date))
    if not found:
        text = fold_case(parsed.content_text or parsed.content_html or parsed.summary_html)
        found.append(_hash("text", title, text, link or ""))
    return tuple(dict.fromkeys(found))


def document_keys(entries: Sequence[ParsedEntry], base: str) -> list[tuple[str, ...]]:
    """The keys of each entry of a document."""
    links_of: dict[str, set[str]] = {}
    guids_of: dict[str, set[str]] = {}
    for entry in entries:
        guid, link = (entry.guid or "").strip(), link_key(entry, base) or ""
        links_of.setdefault(guid, set()).add(link)
        guids_of.setdefault(link, set()).add(guid or fold_case(entry.title))
    shared_guids = frozenset(guid for guid, links in links_of.items() if len(links) > 1)
    shared_links = frozenset(link for link, guids in guids_of.items() if len(guids) > 1)
    return [keys(entry, base, shared_guids, shared_links) for entry in entries]


def _without_host(guid: str) -> str:
    try:
        parts = urlsplit(guid)
    except ValueError:
        return guid
    return parts._replace(scheme="", netloc="").geturl() if parts.scheme in {"http", "https"} else guid


def is_same(shared: int, *, first_key: bool, same_title: bool) -> bool:
    """Whether a known entry is meant: by its identity, by two aliases, or by one and the title."""
    return first_key or shared >= 2 or (shared == 1 and same_title)


def entry_id(host: str, seen: datetime, source_id: str, key: str) -> str:
    """The tag: IRI of an entry (RFC 4151), made once and then kept."""
    authority = re.sub(r"[^a-z0-9.-]", "-", host.lower().strip("[]")) or "localhost"
    return f"tag:{authority},{seen.year}:{source_id}/{key.partition(':')[2]}"
