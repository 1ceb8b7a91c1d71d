"""The nouns: frozen values that every other room speaks of."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Precision(StrEnum):
    """How exactly a source told a time."""

    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


class Kind(StrEnum):
    """What a source is: what its address answers with."""

    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    FILES = "files"


class ChatState(StrEnum):
    """Whether the bot may write to a chat."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    GONE = "gone"


class State(StrEnum):
    """What became of a delivery; the only states there are (design, "States")."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    HELD = "held"
    SKIPPED = "skipped"
    GONE = "gone"


class Announce(StrEnum):
    """Whether a new entry is news for subscribers, or stored without a word."""

    PUSH = "push"
    FIRST_SIGHT = "first_sight"
    MAX_AGE = "max_age"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Author:
    """A person of RFC 4287 section 3.2; an author without a name is none."""

    name: str
    email: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of an article; `url` is None where only its words are known."""

    url: str | None
    caption: str | None = None
    credit: str | None = None
    alt: str | None = None
    width: int | None = None
    height: int | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an entry; `length` in bytes."""

    url: str
    length: int | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A link to another article."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """What a document says of one article, as written; anything may be missing.

    Dates are text in the source's own form, with `published_parsed` as the parser's reading of it
    (ISO 8601, UTC) where our own fails. `canonical` is the address that a page calls its own.
    """

    guid: str | None = None
    link: str | None = None
    title: str | None = None
    summary_html: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    authors: tuple[Author, ...] = ()
    categories: tuple[str, ...] = ()
    language: str | None = None
    published: str | None = None
    published_parsed: str | None = None
    updated: str | None = None
    updated_parsed: str | None = None
    photos: tuple[Photo, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    related: tuple[Related, ...] = ()
    canonical: str | None = None
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry's stretch of a document: `hash` covers its text and what changes how that is read; `guid`
    and `link` are short hashes of the raw guid and of the normalised link, by which it is known unread.
    An empty `hash` only says that the entry is listed: it is read each time.
    """

    hash: str
    guid: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What RFC 6721 calls a deleted entry: the guid that it had, and when it was deleted, as written."""

    guid: str
    when: str


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed, a list page, a sitemap or a file says: entries newest first, as they stand there.

    `kind` is what the document was found to be. `ttl` and `update_period` (the `sy:` module) are how
    often it says it changes, `skip_hours` (0 to 23, UTC) and `skip_days` (0 is Monday) when it does not.
    `feeds` are the addresses of feeds that an HTML page names, `next_page` where a list goes on. `cut_off`
    says that there were more entries than are read. `pieces` are all entries of a document that was cut, in
    its order, those included that were known and are not among `entries`; None: it was read whole.
    `tombstones` are the entries that it takes back. `hub` pushes it, by the name `self_url`.
    """

    title: str | None = None
    link: str | None = None
    language: str | None = None
    kind: Kind | None = None
    ttl: timedelta | None = None
    update_period: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    feeds: tuple[str, ...] = ()
    next_page: str | None = None
    entries: tuple[ParsedEntry, ...] = ()
    pieces: tuple[Piece, ...] | None = None
    tombstones: tuple[Tombstone, ...] = ()
    cut_off: bool = False
    fault: str | None = None
    hub: str | None = None
    self_url: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One article, normalised: title present, URLs absolute, text clean (design, "Entry").

    `published` and `updated` are aware and keep the source's offset; `first_seen` is ours, in UTC.
    """

    id: str
    url: str | None
    title: str
    summary: str | None
    content_html: str | None
    content_text: str | None
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    language: str | None
    published: datetime | None
    published_precision: Precision | None
    updated: datetime | None
    first_seen: datetime
    photo: Photo | None
    photos: tuple[Photo, ...]
    enclosures: tuple[Enclosure, ...]
    related: tuple[Related, ...]
    source_id: str
    provenance: dict[str, str]

    @property
    def sort_at(self) -> datetime:
        """The instant by which entries are ordered: published, but never later than first seen."""
        return min(self.published or self.first_seen, self.first_seen)


@dataclass(frozen=True, slots=True)
class Source:
    """A configured place that publishes articles. `category_map` turns its labels into slugs."""

    id: str
    url: str
    kind: Kind | None = None
    site: str | None = None
    categories: tuple[str, ...] = ()
    category_map: dict[str, str] = field(default_factory=dict)
    interval: timedelta | None = None
    full_text: bool = False
    timezone: str = "UTC"
    language: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    verify_tls: bool = True
    keep: timedelta | None = None

    @property
    def complete(self) -> bool:
        """Whether each new entry is read again from its own page."""
        return self.full_text or self.site is not None or self.kind in {Kind.PAGE, Kind.SITEMAP}


@dataclass(frozen=True, slots=True)
class Validators:
    """What RFC 9110 section 8.8 calls validators, verbatim, and the URL whose they are."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What the last document of a source said about how often it changes."""

    ttl: timedelta | None = None
    update_period: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Where permanent redirects led, how many polls in a row, and since when."""

    to: str
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Poison:
    """A body (SHA-256) that killed the worker: when it last did, and how often it was tried."""

    body_hash: str
    at: datetime
    tries: int = 1


@dataclass(frozen=True, slots=True)
class HubLink:
    """A hub that pushes a source, and the name that it knows the source by (WebSub)."""

    hub: str
    topic: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """Our memory of a source.

    `stopped` says why it is not polled any more. `body_hash` is the SHA-256 of the last body that was read
    well, `last_full` when one came, `unchanged` how many polls in a row brought nothing new. `per_week` is
    how many entries it brings a week, as counted at `counted_at`. `moved_to` is where permanent redirects
    led for good, `found_url` the feed that its page names. `by_link` says that its guids do not tell entries
    apart. `reader` names the parser and the rules that read it last. `hub` is the one that it named last.
    """

    source_id: str
    next_poll: datetime | None = None
    because: str = "never polled"
    stopped: str | None = None
    failures: int = 0
    error: str | None = None
    failing_since: datetime | None = None
    validators: Validators | None = None
    body_hash: str | None = None
    last_success: datetime | None = None
    last_full: datetime | None = None
    unchanged: int = 0
    per_week: float | None = None
    counted_at: datetime | None = None
    hints: Hints = Hints()
    move: Move | None = None
    moved_to: str | None = None
    found_url: str | None = None
    by_link: bool = False
    reader: str | None = None
    poison: Poison | None = None
    hub: HubLink | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What HTTP, or a file, brought: the decoded body and what the answer said about it.

    `status` 304 comes with an empty body. `fresh_for` is how long the answer says it may be kept (RFC 9111
    section 4.2.1: max-age, else Expires minus Date; less Age); None where it says nothing. `permanent_url` is
    where permanent redirects led, up to the first one that was not. `hub` and `self_url` are what its Link
    headers name.
    """

    url: str
    status: int
    body: bytes
    content_type: str | None = None
    charset: str | None = None
    validators: Validators | None = None
    fresh_for: timedelta | None = None
    permanent_url: str | None = None
    hub: str | None = None
    self_url: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A named feed of ours; `slug` is its address."""

    slug: str
    title: str
    language: str | None = None
    description: str | None = None
    content: str = "full"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: a chat (a number as text, or `@name`) and a forum topic (0: none)."""

    chat: str
    topic: int = 0


@dataclass(frozen=True, slots=True)
class Chat:
    """What is known of a chat: since when it is in that state, and until when it takes nothing."""

    chat: str
    state: ChatState
    reason: str | None
    since: datetime
    blocked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """An address that wants a category. `latest` is how many old entries it still waits for, `muted` names
    the sources that it does not want, `name` is the chat as it was written where its number is another.
    """

    id: int
    address: Address
    category: str
    configured: bool = False
    created_at: datetime | None = None
    paused: bool = False
    latest: int = 0
    style: str = "photo"
    silent: bool = False
    language: str | None = None
    on_unknown: str = "resend"
    max_age: timedelta | None = None
    template: str = ""
    muted: tuple[str, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry as a document tells it now, with what is needed to know it again.

    `keys` are its identity (first) and aliases, `story` its canonical link or id, `slugs` the
    categories it belongs to, `digest` a hash of what it means.
    """

    entry: Entry
    keys: tuple[str, ...]
    story: str
    slugs: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with our own facts: `updated_at` is what Atom calls updated.

    An entry that is not `ready` waits for its page and is neither published nor planned. `page_validators`
    and `page_hash` (SHA-256) are those of its page as it was last read, `updates` is how often it changed.

    One that its source took back is out no more since `retracted_at`. `missing_since` is when its page was
    first gone, `tombstone_at` the time of the source's own tombstone, one that it outlived included: a
    retracted entry with `missing_since` was taken back by its page alone.
    """

    row: int
    entry: Entry
    story: str
    slugs: tuple[str, ...]
    updated_at: datetime
    digest: str
    first_key: str
    ready: bool
    announce: Announce
    page_failures: int = 0
    page_validators: Validators | None = None
    page_hash: str | None = None
    updates: int = 0
    missing_since: datetime | None = None
    retracted_at: datetime | None = None
    tombstone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a poll found: entries never seen with their announcement (oldest first), and known ones
    that say something new, each with its row.

    `retracted` are those that the source takes back, `restored` those that it tells again in spite of a
    tombstone, `listed_again` those that it lists again though their page was gone.
    """

    new: tuple[tuple[Candidate, Announce], ...] = ()
    updated: tuple[tuple[StoredEntry, Candidate], ...] = ()
    retracted: tuple[StoredEntry, ...] = ()
    restored: tuple[tuple[StoredEntry, Candidate], ...] = ()
    listed_again: tuple[StoredEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One story for one address, and how its subscription wants it.

    `kind` says what was sent ("text", "photo", "document", "album" or "rich"), `photo` with which (its hash),
    `album` the numbers of the photos after the first, `composed` what it says (a hash); `edits` is how often
    that was edited, `edit_due` when it is to be. `more` is how many entries one line tells of that are not
    sent one by one; 0: it is an entry's own message. `probed` is the last message number that was probed for
    it. `refusals` counts how often Telegram itself failed over it; since `aside_since` it lets the others of
    its chat go first.
    """

    id: int
    entry_row: int
    address: Address
    state: State
    reason: str | None = None
    due_at: datetime | None = None
    attempts: int = 0
    message_id: int | None = None
    error: str | None = None
    on_unknown: str = "resend"
    silent: bool = False
    language: str | None = None
    subscription: int = 0
    category: str = ""
    style: str = "photo"
    template: str = ""
    kind: str | None = None
    photo: str | None = None
    edits: int = 0
    edit_due: datetime | None = None
    more: int = 0
    probed: int | None = None
    album: tuple[int, ...] = ()
    composed: str | None = None
    refusals: int = 0
    aside_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A Bot API MessageEntity: `offset` and `length` in UTF-16 units; `language` is that of code."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: it opens an address, or tells the bot `data` (64 bytes at most)."""

    text: str
    url: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What Telegram will be asked: text with spans; the caption of `photo` when there is one."""

    text: str
    spans: tuple[Span, ...] = ()
    photo: Photo | None = None
    preview_url: str | None = None
    silent: bool = False
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragment:
    """An entry as it stands in our documents. `made_with` names what it was rendered with beside itself,
    `updated` is what Atom calls so.
    """

    made_with: str
    updated: datetime
    atom: bytes
    rss: bytes
    json: bytes
