"""Fetching and reading what a source, a page or a file says; nothing is remembered here."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from feedbot.errors import FetchError, ParseError
from feedbot.model import Document, Kind, ParsedEntry, ParsedFeed, Piece, Source, SourceState, Validators
from feedbot.net.client import Client, Limit
from feedbot.rules import schedule
from feedbot.sources.folder import list_folder, read_document
from feedbot.sources.pack import Pack, Packs, pack_data
from feedbot.sources.packs import page_packs
from feedbot.sources.read import READ_FILE, READ_PAGE, READ_SOURCE
from feedbot.worker import Worker, WorkerDied

PARSER = "2"  # a change of it has every document read anew, in silence
_MOST_FOUND = 3
_MOST_CHILDREN = 3
_MOST_PAGES_BACK = 4
_PAGES_WAIT = 1.0  # seconds, in which feeds that come go first: they have a time to keep
_FEED = TypeAdapter(ParsedFeed)
_ENTRY = TypeAdapter(ParsedEntry)

KnownPieces = Callable[[], Awaitable[Sequence[Piece]]]


class PoisonError(ParseError):
    """A body killed the worker, now or before. `body_hash` names it, `fresh` says that it did now."""

    def __init__(self, message: str, body_hash: str, *, fresh: bool) -> None:
        super().__init__(message)
        self.body_hash, self.fresh = body_hash, fresh


@dataclass(frozen=True, slots=True)
class Readers:
    """What reading needs."""

    client: Client
    worker: Worker
    packs: Packs


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source answered; `parsed` None: the same as last time. `found_url` is the feed that its page
    named, `known` are the hashes of the pieces that were not read again.
    """

    document: Document
    parsed: ParsedFeed | None
    body_hash: str | None = None
    found_url: str | None = None
    known: frozenset[str] = frozenset()


def reader_of(source: Source, packs: Packs) -> str:
    """The name of the parser and of the rules that read a source."""
    if source.site is None:
        return PARSER
    return f"{PARSER}-{_name_of(packs.get(source.site, f'source {source.id}'))}"


@lru_cache(maxsize=256)  # each poll asks for it twice, and packs do not change while the program runs
def _name_of(pack: Pack) -> str:
    rules = json.dumps(pack_data(pack), sort_keys=True)
    return hashlib.sha256(rules.encode()).hexdigest()[:12]


async def read_source(
    readers: Readers, source: Source, state: SourceState, now: datetime, pieces: KnownPieces
) -> Reading:
    """Ask a source and read what it says. Raises FetchError, ParseError and PoisonError.

    `pieces` gives those of its last document: only new ones are parsed.
    """
    same_reader = state.reader in {None, reader_of(source, readers.packs)}
    known = state if same_reader else replace(state, validators=None, body_hash=None)
    if source.kind is Kind.FILES:
        return await _read_folder(readers, source, known)
    url = schedule.poll_url(state, source.url)
    document = await _fetch(readers, source, url, schedule.validators_for(known, now))
    if document.status == 304:
        return Reading(document, None)
    body_hash = hashlib.sha256(document.body).hexdigest()
    if body_hash == known.body_hash:
        return Reading(document, None, body_hash)
    if schedule.is_poison(state, body_hash, now):
        raise PoisonError(
            f"{document.url}: this document killed its parser; it is read again when it changes",
            body_hash,
            fresh=False,
        )
    told = [piece for piece in await pieces() if piece.hash] if same_reader else []
    parsed = await _parse(readers, source, document, body_hash, told)
    if parsed.feeds and not parsed.entries:
        return await _follow(readers, source, document, parsed, body_hash)
    if parsed.next_page and state.last_success is None:
        parsed = await _fill_back(readers, source, document.url, parsed)
    return Reading(document, parsed, body_hash, known=frozenset(piece.hash for piece in told))


async def _fetch(readers: Readers, source: Source, url: str, validators: Validators | None) -> Document:
    return await readers.client.get(
        url,
        limit=Limit.FEED,
        validators=validators,
        headers=source.headers,
        verify_tls=source.verify_tls,
        robots=source.kind is Kind.PAGE,
        whose=source.id,
    )


async def _parse(
    readers: Readers, source: Source, document: Document, body_hash: str, known: Sequence[Piece] = ()
) -> ParsedFeed:
    pack = pack_data(readers.packs.get(source.site, f"source {source.id}")) if source.site else None
    try:
        answer = await readers.worker.run(
            READ_SOURCE,
            document.body,
            whose=source.id,
            url=document.url,
            kind=source.kind,
            content_type=document.content_type,
            charset=document.charset,
            pack=pack,
            known={piece.hash: (piece.guid, piece.link) for piece in known},
        )
    except WorkerDied as error:
        raise PoisonError(f"{document.url}: {error}", body_hash, fresh=True) from error
    parsed = _FEED.validate_python(answer.value)
    if parsed.fault:
        raise ParseError(f"{document.url}: {parsed.fault}")
    return parsed


async def _fill_back(readers: Readers, source: Source, url: str, parsed: ParsedFeed) -> ParsedFeed:
    """A list seen for the first time with the entries of its next few pages; what fails ends it."""
    found, page, seen = parsed, parsed.next_page, {url}
    for _ in range(_MOST_PAGES_BACK):
        if page is None or page in seen or urlsplit(page).netloc != urlsplit(url).netloc:
            break
        seen.add(page)
        try:
            document = await _fetch(readers, replace(source, kind=Kind.PAGE), page, None)
            more = await _parse(readers, source, document, "")
        except (FetchError, ParseError):
            break
        found, page = replace(found, entries=(*found.entries, *more.entries)), more.next_page
    return found


async def _follow(
    readers: Readers, source: Source, document: Document, parsed: ParsedFeed, body_hash: str
) -> Reading:
    """The feed that a page names, or the sitemaps of a sitemap index."""
    if parsed.kind is Kind.SITEMAP:
        read = [await _child(readers, source, url) for url in parsed.feeds[:_MOST_CHILDREN]]
        found = tuple(entry for _, child in read for entry in child.entries)
        return Reading(document, replace(parsed, entries=found), body_hash)
    told: FetchError | ParseError | None = None
    for url in parsed.feeds[:_MOST_FOUND]:
        try:
            feed, read_feed = await _child(readers, source, url)
        except (FetchError, ParseError) as error:
            told = told or error
            continue
        return Reading(feed, read_feed, hashlib.sha256(feed.body).hexdigest(), found_url=url)
    raise ParseError(f"{document.url}: the feed that this page names cannot be read: {told}")


async def _child(readers: Readers, source: Source, url: str) -> tuple[Document, ParsedFeed]:
    plain = replace(source, kind=None, site=None)
    document = await readers.client.get(
        url, limit=Limit.FEED, headers=source.headers, verify_tls=source.verify_tls
    )
    body_hash = hashlib.sha256(document.body).hexdigest()
    parsed = await _parse(readers, plain, document, body_hash)
    if parsed.kind is Kind.PAGE:
        raise ParseError(f"{document.url}: this is a page, no feed")
    return document, parsed


async def _read_folder(readers: Readers, source: Source, state: SourceState) -> Reading:
    folder = Path(source.url)
    listing = list_folder(folder)
    document = Document(folder.as_uri(), 200, b"", validators=Validators(folder.as_uri(), listing.hash))
    if listing.hash == state.body_hash:
        return Reading(document, None, listing.hash)
    read = [await read_path(readers, path, source.site) for path in listing.files]
    found = tuple(entry for parsed in read for entry in parsed.entries)
    faults = [f"{path.name}: {one.fault}" for path, one in zip(listing.files, read, strict=True) if one.fault]
    if faults and not found:
        raise ParseError(f"{folder}: {faults[0]}")
    return Reading(document, ParsedFeed(kind=Kind.FILES, entries=found), listing.hash)


async def read_path(readers: Readers, path: Path, site: str | None) -> ParsedFeed:
    """What one file says; a broken one comes back with its fault and costs nothing but itself."""
    packs = [pack_data(pack) for pack in page_packs(readers.packs, site, None)]
    try:
        body = read_document(path)
        answer = await readers.worker.run(
            READ_FILE, body, url=path.absolute().as_uri(), name=path.name, packs=packs
        )
    except (FetchError, ParseError) as error:
        return ParsedFeed(fault=str(error))
    return _FEED.validate_python(answer.value)


async def read_page(
    readers: Readers,
    document: Document,
    packs: Sequence[Pack],
    *,
    whose: str = "",
    only_article: bool = False,
) -> ParsedEntry:
    """The record of an article's page; `whose` names what its time goes to the account of.

    Raises ParseError where it holds neither text nor photo, with `only_article` also where it lists articles.
    """
    answer = await readers.worker.run(
        READ_PAGE,
        document.body,
        whose=whose,
        patience=_PAGES_WAIT,
        url=document.url,
        charset=document.charset,
        packs=[pack_data(pack) for pack in packs],
        only_article=only_article,
    )
    page = _ENTRY.validate_python(answer.value)
    if not (page.content_text or page.photos):
        raise ParseError(f"{document.url}: no article text found by rule pack {packs[-1].name}")
    return page


def packs_of(readers: Readers, source: Source, url: str) -> list[Pack]:
    """The packs to read an article's page with."""
    return page_packs(readers.packs, source.site, urlsplit(url).hostname)
