"""Identity: the keys by which an entry is known again (shared facts, "Rule for feedbot").

Keys are short hashes with their kind in front. The first one is the entry's identity, the others are
aliases: `guid`, `path` (a guid without scheme and host), `link`, `date` (title and instant), `day` (title and
a mere day), `text`, and `title`, which only confirms others; `only` is all that an entry without guid,
link and date has.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from feedbot.model import Candidate, Entry, ParsedEntry, Precision, StoredEntry
from feedbot.rules.dates import parse_date
from feedbot.rules.text import fold_case
from feedbot.rules.urls import absolute, is_front_page, normalised

Mark = tuple[str | None, str | None]
"""What is remembered of a piece of a document: the keys of its guid and of its link."""

MUCH_TEXT = 50_000
_LONG_TEXT = 300
_FIRST_WORDS = 200


@dataclass(frozen=True, slots=True)
class _Facts:
    """The keys that one entry could have; `who` is what tells it from others in its document."""

    guid: str | None
    path: str | None
    link: str | None
    when: str | None
    text: str | None
    title: str | None
    only: str

    @property
    def who(self) -> Hashable:
        return (self.guid, self.link) if self.guid or self.link else self.only


def _hash(kind: str, *parts: str) -> str:
    return f"{kind}:" + hashlib.sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()[:32]


def link_key(parsed: ParsedEntry, base: str) -> str | None:
    """The normalised link of an entry, absent where it has none of its own."""
    link = absolute(parsed.link, base)
    return normalised(link) if link and not is_front_page(link) else None


def marks(parsed: ParsedEntry, base: str) -> Mark:
    """The keys of the raw guid and of the normalised link of an entry.

    They are what has to be remembered of a piece of a document that is not parsed again.
    """
    link = link_key(parsed, base)
    return guid_key(parsed.guid or ""), link_mark(link) if link else None


def link_mark(link: str) -> str:
    """The key of a link."""
    return _hash("link", normalised(link))


def guid_key(guid: str) -> str | None:
    """The key of a raw guid, absent where it is empty."""
    written = unicodedata.normalize("NFC", guid.strip())
    return _hash("guid", written) if written else None


def words_of(parsed: ParsedEntry) -> str:
    """The words by which the text of an entry is known again."""
    return fold_case((parsed.content_text or parsed.content_html or parsed.summary_html or "")[:MUCH_TEXT])


def _facts(parsed: ParsedEntry, base: str, text: str) -> _Facts:
    guid, link = marks(parsed, base)
    title = fold_case(parsed.title) or text[:_FIRST_WORDS]
    path = _without_host(parsed.guid or "")
    return _Facts(
        guid=guid,
        path=_hash("path", path) if path else None,
        link=link,
        when=_when(parsed, title),
        text=_hash("text", text) if text else None,
        title=_hash("title", title) if title else None,
        only=_hash("only", title, text, (parsed.link or "").strip()),
    )


def _without_host(guid: str) -> str | None:
    try:
        parts = urlsplit(guid.strip())
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or is_front_page(guid.strip()):
        return None
    return parts._replace(scheme="", netloc="").geturl()


def _when(parsed: ParsedEntry, title: str) -> str | None:
    for told in (parsed.published, parsed.published_parsed, parsed.updated, parsed.updated_parsed):
        if read := parse_date(told, "UTC"):
            moment, precision = read[0].astimezone(UTC), read[1]
            kind = "date" if _has_clock(read[0], precision) else "day"
            return _hash(kind, title, moment.isoformat() if kind == "date" else read[0].date().isoformat())
    return None


def _has_clock(moment: datetime, precision: Precision | None) -> bool:
    """Whether a time is more than a day: midnight sharp is how many sources write a day."""
    return precision is not Precision.DAY and (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def document_keys(
    entries: Sequence[ParsedEntry],
    base: str,
    *,
    by_link: bool = False,
    others: Sequence[Mark] = (),
    words: Sequence[str] | None = None,
) -> list[tuple[str, ...]]:
    """The keys of each entry of a document, the first one its identity; never empty.

    `others` are the marks of entries of the same document that were not parsed again. What stands on
    several entries of a document cannot tell them apart and is left out. `by_link`: guids of this source
    are not to be trusted (`degrades`). `words` are those of each entry (`words_of`), where they are known.
    """
    words = words or [words_of(entry) for entry in entries]
    facts = [_facts(entry, base, text) for entry, text in zip(entries, words, strict=True)]
    shared = _shared_guids(facts, others) | _shared_links(facts, others, by_link=by_link)
    shared |= _shared((fact.path, fact.guid) for fact in facts)
    shared |= _shared((fact.when, fact.who) for fact in facts) | _shared((f.text, f.who) for f in facts)
    return [_keys(fact, shared, by_link=by_link) for fact in facts]


def _keys(facts: _Facts, shared: set[str], *, by_link: bool) -> tuple[str, ...]:
    guid, path, link, when, text = (
        key if key not in shared else None
        for key in (facts.guid, facts.path, facts.link, facts.when, facts.text)
    )
    if by_link and link:
        guid = path = None
    if facts.guid in shared:
        path = None
    first = guid or link or when or facts.only
    return tuple(dict.fromkeys(filter(None, (first, guid, path, link, when, text, facts.title))))


def _shared(owned: Iterable[tuple[str | None, Hashable]]) -> set[str]:
    owners: dict[str, set[Hashable]] = defaultdict(set)
    for key, owner in owned:
        if key is not None:
            owners[key].add(owner)
    return {key for key, found in owners.items() if len(found) > 1}


def _shared_guids(facts: Sequence[_Facts], others: Sequence[Mark]) -> set[str]:
    """Guids on entries with different links and titles, or on three and more with titles of their own."""
    links = _shared([*((fact.guid, fact.link) for fact in facts if fact.link), *(o for o in others if o[1])])
    titles: dict[str, set[str | None]] = defaultdict(set)
    for fact in facts:
        if fact.guid:
            titles[fact.guid].add(fact.title)
    unseen = {guid for guid, _ in others}
    return {
        guid
        for guid, found in titles.items()
        if len(found) >= 3 or (guid in links and (len(found) > 1 or guid in unseen))
    }


def _shared_links(facts: Sequence[_Facts], others: Sequence[Mark], *, by_link: bool) -> set[str]:
    if by_link:
        return _shared((fact.link, fact.title) for fact in facts)
    told = [(fact.link, fact.guid or fact.title) for fact in facts]
    return _shared([*told, *((link, guid) for guid, link in others if guid)])


def degrades(entries: Sequence[ParsedEntry], base: str, others: Sequence[Mark] = ()) -> bool:
    """Whether guids of a document cannot be trusted: more than 5 % of its entries share theirs.

    The source's rule then is its links, for good (FreshRSS does the same).
    """
    told = [guid for guid, _ in (*(marks(entry, base) for entry in entries), *others) if guid]
    if len(set(told)) == len(told):  # as almost always; the rest is not worth finding out then
        return False
    facts = [_facts(entry, base, words_of(entry)) for entry in entries]
    shared = _shared_guids(facts, others)
    guids = [guid for guid in (*(fact.guid for fact in facts), *(guid for guid, _ in others)) if guid]
    return sum(guid in shared for guid in guids) * 20 > len(guids)


def identified(candidate: Candidate, known: Mapping[str, StoredEntry]) -> StoredEntry | None:
    """The stored entry whose identity a candidate has.

    A guid is not believed where link, title, time and text all say something else: some sources give one
    guid for ever. The link identifies then.
    """
    stored = known.get(candidate.keys[0])
    if stored is None or not candidate.keys[0].startswith("guid:"):
        return stored
    if _confirms(candidate, stored, known):
        return stored
    link = next((key for key in candidate.keys if key.startswith("link:")), None)
    return known.get(link) if link else None


def _confirms(candidate: Candidate, stored: StoredEntry, known: Mapping[str, StoredEntry]) -> bool:
    told, before = candidate.entry, stored.entry
    if told.url is None or before.url is None or normalised(told.url) == normalised(before.url):
        return True
    hits = _hits(candidate, stored, known)
    alike = hits & {"link", "title"} or ("text" in hits and _is_long(told))
    return bool(alike) or _same_title(told, before) or _same_instant(told, before)


def _is_long(entry: Entry) -> bool:
    """Whether a text is long enough to be no other article's."""
    return len(entry.content_text or "") >= _LONG_TEXT


def recognised(candidate: Candidate, stored: StoredEntry, known: Mapping[str, StoredEntry]) -> bool:
    """Whether the aliases of a candidate say that it is this stored entry: two that agree, or one and the
    title. Title and a mere day are not enough where the texts differ ("Live updates").
    """
    told, before = candidate.entry, stored.entry
    hits = _hits(candidate, stored, known)
    title = "title" in hits or _same_title(told, before)
    instant = _same_instant(told, before)
    if "path" in hits and (title or instant or "link" in hits):
        return True
    if "link" in hits and (title or instant):
        return True
    if "date" in hits or ("text" in hits and instant and _is_long(told)):
        return True
    if "day" in hits:
        return "text" in hits or not (told.content_text and before.content_text)
    return "text" in hits and title and (told.published is None or before.published is None)


def _hits(candidate: Candidate, stored: StoredEntry, known: Mapping[str, StoredEntry]) -> set[str]:
    found = ((key, known.get(key)) for key in candidate.keys)
    return {key.partition(":")[0] for key, entry in found if entry and entry.row == stored.row}


def _same_title(told: Entry, before: Entry) -> bool:
    return fold_case(told.title) == fold_case(before.title)


def _same_instant(told: Entry, before: Entry) -> bool:
    moment = told.published
    return moment is not None and moment == before.published and _has_clock(moment, told.published_precision)


def rekeyed(candidate: Candidate) -> Candidate:
    """A candidate under an identity of its own, for one whose first key another entry has already."""
    first = _hash("all", *candidate.keys)
    old = candidate.entry.id
    new = f"{old.rpartition('/')[0]}/{first.partition(':')[2]}"
    return replace(
        candidate,
        entry=replace(candidate.entry, id=new),
        keys=(first, *candidate.keys),
        story=new if candidate.story == old else candidate.story,
    )


def entry_id(host: str, seen: datetime, source_id: str, key: str) -> str:
    """The tag: IRI of an entry (RFC 4151), made once and then kept."""
    authority = re.sub(r"[^a-z0-9.-]", "-", host.lower().strip("[]")) or "localhost"
    return f"tag:{authority},{seen.year}:{source_id}/{key.partition(':')[2]}"
