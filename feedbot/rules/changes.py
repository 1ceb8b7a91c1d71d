"""Changes: which entries of a document are new, which say something new, and which are news."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from feedbot.model import Announce, Candidate, Changes, Entry, SourceState, StoredEntry
from feedbot.rules.identity import Mark, identified, link_mark, recognised, rekeyed
from feedbot.rules.retraction import is_buried, returns
from feedbot.rules.text import fold_case

WINDOW = timedelta(days=30)
MANY = 10
MOST_PUSHED = 20
MOST_UPDATES = 24
_BEGINNING = 200


def find_changes(
    candidates: Iterable[Candidate],
    known: Mapping[str, StoredEntry],
    state: SourceState,
    newest_known: datetime | None,
    now: datetime,
    *,
    others: Sequence[Mark] = (),
    forgotten: Collection[str] = frozenset(),
    graves: Mapping[str, datetime] = MappingProxyType({}),
    silent: bool = False,
) -> Changes:
    """Compare a document's entries (oldest first) with what is stored under their keys.

    `others` are the marks of the document's entries that were not parsed again, `forgotten` the keys of
    entries that were deleted here while the source still lists them: those do not come back. `graves` are
    the keys of what the document takes back, with the time. `silent`: a rule or a parser changed, so nothing
    that looks new is news. An entry is rewritten 24 times at most: some texts hold the time of day. What a
    document does not list any more stays as it is.
    """
    told = list(candidates)
    matched = match(told, known, others)
    is_shared = _shared_stories(told, known, others)
    new: list[Candidate] = []
    updated: list[tuple[StoredEntry, Candidate]] = []
    for candidate, stored in zip(told, matched, strict=True):
        if is_buried(candidate, graves):
            continue
        if stored is None:
            if candidate.keys[0] not in forgotten:
                own = rekeyed(candidate) if candidate.keys[0] in known else candidate
                new.append(replace(own, story=own.entry.id) if is_shared(own) else own)
        elif stored.digest != candidate.digest and stored.updates < MOST_UPDATES and not stored.retracted_at:
            updated.append((stored, _kept(candidate, stored)))
    quiet = silent or is_first_sight(state, now)
    newest = newest_known or max((candidate.entry.sort_at for candidate in told), default=None)
    said = announcements(new, newest, len(told) + len(others), quiet=quiet)
    listed = {stored.row: one for one, stored in zip(told, matched, strict=True) if stored}
    back = returns(known, listed, graves)
    return Changes(
        tuple(zip(new, said, strict=True)),
        tuple(updated),
        back.retracted,
        tuple((stored, _kept(one, stored)) for stored, one in back.restored),
        back.listed_again,
    )


def _shared_stories(
    told: Sequence[Candidate], known: Mapping[str, StoredEntry], others: Sequence[Mark]
) -> Callable[[Candidate], bool]:
    """Tells of a candidate whether other articles of its source have its link: a list of releases, a board
    of warnings. That link tells no story; each such entry is one of its own. What agrees in title and time
    is one article that the source lists twice.
    """
    articles: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for one in known.values():
        articles[one.story].add(_article(one.entry))
    stored = {story: frozenset(found) for story, found in articles.items()}
    for candidate in told:
        articles[candidate.story].add(_article(candidate.entry))
    unread = {link for _, link in others}

    def is_shared(candidate: Candidate) -> bool:
        entry = candidate.entry
        if len(articles[candidate.story]) > 1:
            return True
        listed = entry.url is not None and link_mark(entry.url) in unread
        return listed and _article(entry) not in stored.get(candidate.story, ())

    return is_shared


def _article(entry: Entry) -> tuple[object, ...]:
    return fold_case(entry.title), entry.published or (entry.content_text or "")[:_BEGINNING]


def match(
    candidates: Sequence[Candidate], known: Mapping[str, StoredEntry], others: Sequence[Mark] = ()
) -> list[StoredEntry | None]:
    """The stored entry that each candidate is, if any; no two candidates are the same one.

    Identity comes before aliases, and an entry that the document lists elsewhere is no candidate's alias.
    """
    found = [identified(candidate, known) for candidate in candidates]
    listed = {key for mark in others for key in mark if key}
    taken: set[int] = set()
    for at, stored in enumerate(found):
        if stored is not None and stored.row in taken:
            found[at] = None
        elif stored is not None:
            taken.add(stored.row)
    for at, candidate in enumerate(candidates):
        if found[at] is None:
            free = (entry for entry in _known_of(candidate, known) if entry.row not in taken)
            unlisted = (entry for entry in free if entry.first_key not in listed)
            found[at] = next((entry for entry in unlisted if recognised(candidate, entry, known)), None)
            taken |= {stored.row for stored in found[at : at + 1] if stored}
    return found


def _known_of(candidate: Candidate, known: Mapping[str, StoredEntry]) -> list[StoredEntry]:
    """The stored entries that share a key with a candidate, those that share most first."""
    shared: dict[int, int] = {}
    entries: dict[int, StoredEntry] = {}
    for key in candidate.keys:
        if stored := known.get(key):
            entries[stored.row] = stored
            shared[stored.row] = shared.get(stored.row, 0) + 1
    return [entries[row] for row in sorted(shared, key=lambda row: (-shared[row], row))]


def _kept(candidate: Candidate, stored: StoredEntry) -> Candidate:
    return replace(candidate, entry=keep_identity(candidate.entry, stored.entry))


def keep_identity(told: Entry, stored: Entry) -> Entry:
    """What a source says now, under the id and the dates that the entry has: the first date wins, and an
    entry that came without one keeps the time when it was first seen.
    """
    return replace(
        told,
        id=stored.id,
        first_seen=stored.first_seen,
        published=stored.published,
        published_precision=stored.published_precision,
    )


def is_first_sight(state: SourceState, now: datetime) -> bool:
    """Whether a source is new: never polled with success, or not for 30 days (design, "Numbers")."""
    return state.last_success is None or now - state.last_success > WINDOW


def is_old(entry: Entry, newest_known: datetime | None) -> bool:
    """Whether an entry is dated more than 30 days before the newest one known of its source. First sight is
    no date: our clock may have been set back by years.
    """
    published = entry.published
    return newest_known is not None and published is not None and published < newest_known - WINDOW


def is_many(count: int, size: int) -> bool:
    """Whether so many new entries of a document of that size are out of the ordinary."""
    return count > max(MANY, size / 2)


def announcements(
    new: Sequence[Candidate], newest_known: datetime | None, size: int, *, quiet: bool
) -> list[Announce]:
    """What to say of each new entry (oldest first): of many only the newest 20 are pushed."""
    if quiet:
        return [Announce.FIRST_SIGHT] * len(new)
    said = [Announce.FIRST_SIGHT if is_old(one.entry, newest_known) else Announce.PUSH for one in new]
    fresh = [at for at, what in enumerate(said) if what is Announce.PUSH]
    if is_many(len(fresh), size):
        for at in fresh[:-MOST_PUSHED]:
            said[at] = Announce.TOO_MANY
    return said


def flood_of(changes: Changes, newest_known: datetime | None, size: int, *, quiet: bool) -> int:
    """How many old entries appeared at once; 0 where they are few, or the source is new."""
    old = sum(is_old(candidate.entry, newest_known) for candidate, _ in changes.new)
    return old if not quiet and is_many(old, size) else 0
