"""Lines that are about the article, not of it: bylines, photo credits, e-mails, "Related Contents"."""

import re
from collections.abc import Iterable, Sequence

from feedbot.model import Author
from feedbot.rules.text import fold, fold_case

_EMAIL = r"[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_EMAILS = re.compile(
    rf"(?:e-?mail\s*[:=]?\s*|contact\s*[:=]\s*)?((?:{_EMAIL})(?:\s*[,;/·|&]?\s*(?:and\s+)?{_EMAIL})*)",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"(?:Written\s+|Reported\s+)?By\s*[:=]?\s+(.+)", re.IGNORECASE)
_REPORTER = re.compile(rf"(?:[\w·\s]{{1,20}}=\s*)?([가-힣]{{2,5}})\s*기자(?:\s*[(\[]?({_EMAIL})[)\]]?)?")
_PHOTO = r"(?:Photos?|Images?|Pictures?|Videos?|사진)(?:\s+(?:and|&)\s+videos?)?"
_SIGN = r"\s*[=:：|]\s*"
_WORDED = r"\s*(?:by|from|courtesy\s+of|credits?\s*[=:：]?)\s+"
_CREDIT = re.compile(rf"[(\[]?{_PHOTO}(?:{_SIGN}|{_WORDED})(.+?)[)\]]?", re.IGNORECASE)
_CREDIT_IN_CAPTION = re.compile(
    rf"(.*?)(?:\s*[(\[]\s*{_PHOTO}(?:{_SIGN}|{_WORDED})([^()\[\]]{{2,100}})[)\]]\.?"
    rf"|(?:(?<=[.!?\"'”’)])\s+|\s+[/|]\s*){_PHOTO}{_SIGN}(.{{2,100}}))",
    re.IGNORECASE,
)
_RELATED = re.compile(
    r"Related\s+(?:Contents?|Articles?|News|Stor(?:y|ies)|Links?|Posts?)\s*:?|관련\s*(?:기사|콘텐츠|뉴스)",
    re.IGNORECASE,
)
_NAME_PARTS = re.compile(r"\s*(?:,|;|&|/|·|\band\b)\s*", re.IGNORECASE)
_PARTICLES = frozenset("al bin da de del della den der di dos du el from ibn la le ter van von y".split())
_LONGEST_LABEL = 160


def is_related_heading(line: str) -> bool:
    """Whether a line begins the list of other articles."""
    return _RELATED.fullmatch(fold(line)) is not None


def byline_names(line: str) -> tuple[str, ...]:
    """The names of "By Kim Nara and Lee Sol" or "서울 = 김나라 기자"; none for a sentence with "By"."""
    if reporter := _REPORTER.fullmatch(fold(line)):
        return (reporter[1],)
    match = _BYLINE.fullmatch(fold(line))
    if not match or len(line) > _LONGEST_LABEL or not fold(line)[:1].isupper():
        return ()
    names = tuple(name for name in (part.strip(" .|") for part in _NAME_PARTS.split(match[1])) if name)
    looks_like_names = all(len(name.split()) <= 6 and _is_name(name) for name in names)
    return names if names and looks_like_names and not match[1].endswith((".", "?", "!")) else ()


def _is_name(name: str) -> bool:
    words = [word for word in name.split() if word.casefold() not in _PARTICLES]
    capital = all(word[0].isupper() or not word[0].islower() or not word[0].isascii() for word in words)
    return bool(words) and capital and not any(char.isdigit() for char in name)


def credit_of(line: str) -> str | None:
    """The credit of "Photos =Yonhap News", whatever the spaces around the sign."""
    line = fold(line)
    match = _CREDIT.fullmatch(line) if len(line) <= _LONGEST_LABEL else None
    if not match or (line.endswith(".") and "=" not in line):
        return None
    return match[1].strip() or None


def part_credit(caption: str | None) -> tuple[str | None, str | None]:
    """A caption without the credit at its end, and that credit: "A cloud. (Photo: Lee Sol)"."""
    if credit := credit_of(caption or ""):
        return None, credit
    match = _CREDIT_IN_CAPTION.fullmatch(fold(caption))
    return (match[1].strip() or None, (match[2] or match[3]).strip()) if match else (caption, None)


def share_credits(found: Sequence[tuple[str, int | None]]) -> tuple[dict[int, str], str | None]:
    """The credit of each photo that has its own, and that of all others.

    `found` holds each credit with the place of the photo that it stands right under. A single one is
    meant for the whole article.
    """
    if len({credit for credit, _ in found}) <= 1:
        return {}, found[0][0] if found else None
    own = {place: credit for credit, place in found if place is not None}
    return own, next((credit for credit, place in found if place is None), None)


def emails_of(line: str) -> tuple[str, ...]:
    """The addresses of a line that holds nothing else, or that ends a Korean byline."""
    if (reporter := _REPORTER.fullmatch(fold(line))) and reporter[2]:
        return (reporter[2],)
    match = _EMAILS.fullmatch(fold(line).strip("()<>[]* "))
    return tuple(dict.fromkeys(re.findall(_EMAIL, match[1]))) if match else ()


def is_label(line: str) -> bool:
    """Whether a line is a byline, a credit or an e-mail."""
    return bool(byline_names(line) or credit_of(line) or emails_of(line))


def read_authors(lines: Iterable[str]) -> tuple[Author, ...]:
    """Authors with their e-mails, from the lines that tell them."""
    names: list[str] = []
    emails: list[str] = []
    for line in lines:
        names += byline_names(line)
        emails += emails_of(line)
    return join_authors(dict.fromkeys(names), dict.fromkeys(emails))


def join_authors(names: Iterable[str], emails: Iterable[str]) -> tuple[Author, ...]:
    """Each name with its e-mail: the one that spells the name best, else the next one in order.

    An e-mail without any name makes an author named by its local part, so that it is not lost.
    """
    left, people = list(emails), list(names)
    owner: dict[str, str] = {}
    for spells in (_spells_whole, _spells_all, _spells_some):
        for name in people:
            match = next((mail for mail in left if spells(name, mail)), None)
            if match and name not in owner:
                owner[name] = match
                left.remove(match)
    for name in people:
        if name not in owner and left:
            owner[name] = left.pop(0)
    if not people:
        return tuple(Author(mail.partition("@")[0], mail) for mail in left)
    return tuple(Author(name, owner.get(name)) for name in people)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", fold_case(text))


def _words(name: str) -> list[str]:
    return [letters for word in name.split() if (letters := _letters(word))]


def _local(mail: str) -> str:
    return _letters(mail.partition("@")[0])


def _spells_whole(name: str, mail: str) -> bool:
    """`kimnara` for Kim Nara."""
    return bool(_letters(name)) and _letters(name) in _local(mail)


def _spells_all(name: str, mail: str) -> bool:
    """`nara.kim` for Kim Nara."""
    return bool(_words(name)) and all(word in _local(mail) for word in _words(name))


def _spells_some(name: str, mail: str) -> bool:
    """`nara` for Kim Nara."""
    return any(len(word) > 2 and word in _local(mail) for word in _words(name))
