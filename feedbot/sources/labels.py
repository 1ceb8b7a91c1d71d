"""Lines that are about the article, not of it: bylines, photo credits, e-mails, "Related Contents"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedbot.model import Author
from feedbot.rules.text import fold, fold_case

_EMAIL = r"[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_EMAILS = re.compile(
    rf"(?:e-?mail\s*[:=]?\s*|contact\s*[:=]\s*)?((?:{_EMAIL})(?:\s*[,;/·|&]?\s*(?:and\s+)?{_EMAIL})*)",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"(?:Written\s+|Reported\s+)?By\s*[:=]?\s+(.+)", re.IGNORECASE)
_CREDIT = re.compile(
    r"[(\[]?(?:Photos?|Images?|Pictures?|Videos?|사진)(?:\s+(?:and|&)\s+videos?)?\s*"
    r"(?:[=:：]\s*|(?:by|from|courtesy\s+of|credits?\s*[=:：]?)\s+)(.+?)[)\]]?",
    re.IGNORECASE,
)
_RELATED = re.compile(
    r"Related\s+(?:Contents?|Articles?|News|Stor(?:y|ies)|Links?|Posts?)\s*:?|관련\s*(?:기사|콘텐츠|뉴스)",
    re.IGNORECASE,
)
_NAME_PARTS = re.compile(r"\s*(?:,|;|&|/|·|\band\b)\s*", re.IGNORECASE)
_LONGEST_LABEL = 160


@dataclass(frozen=True, slots=True)
class Labels:
    """What the lines about an article say, and the provenance of each."""

    authors: tuple[Author, ...] = ()
    credit: str | None = None


def is_related_heading(line: str) -> bool:
    """Whether a line begins the list of other articles."""
    return _RELATED.fullmatch(fold(line)) is not None


def byline_names(line: str) -> tuple[str, ...]:
    """The names of "By Kim Nara and Lee Sol"; empty for a sentence that begins with "By"."""
    match = _BYLINE.fullmatch(fold(line))
    if not match or len(line) > _LONGEST_LABEL or not fold(line)[:1].isupper():
        return ()
    names = tuple(name for name in (part.strip(" .|") for part in _NAME_PARTS.split(match[1])) if name)
    looks_like_names = all(len(name.split()) <= 6 and _is_name(name) for name in names)
    return names if names and looks_like_names and not match[1].endswith((".", "?", "!")) else ()


def _is_name(name: str) -> bool:
    return not any(char.isdigit() for char in name) and (name[0].isupper() or not name[0].isascii())


def credit_of(line: str) -> str | None:
    """The credit of "Photos =Yonhap News", whatever the spaces around the sign."""
    line = fold(line)
    match = _CREDIT.fullmatch(line) if len(line) <= _LONGEST_LABEL else None
    if not match or (line.endswith(".") and "=" not in line):
        return None
    return match[1].strip() or None


def emails_of(line: str) -> tuple[str, ...]:
    """The addresses of a line that holds nothing else."""
    match = _EMAILS.fullmatch(fold(line).strip("()<>[]* "))
    return tuple(dict.fromkeys(re.findall(_EMAIL, match[1]))) if match else ()


def is_label(line: str) -> bool:
    """Whether a line is a byline, a credit or an e-mail."""
    return bool(byline_names(line) or credit_of(line) or emails_of(line))


def read_labels(lines: Iterable[str]) -> Labels:
    """Authors with their e-mails, and the photo credit, from the lines that tell them."""
    names: list[str] = []
    emails: list[str] = []
    credit = None
    for line in lines:
        names += byline_names(line)
        emails += emails_of(line)
        credit = credit or credit_of(line)
    return Labels(join_authors(dict.fromkeys(names), dict.fromkeys(emails)), credit)


def join_authors(names: Iterable[str], emails: Iterable[str]) -> tuple[Author, ...]:
    """Each name with its e-mail: the one that spells the name, else the next one in order.

    An e-mail without any name makes an author named by its local part, so that it is not lost.
    """
    left, people = list(emails), list(names)
    owner: dict[str, str] = {}
    for name in people:
        spelled = re.sub(r"[^a-z]", "", fold_case(name))
        if match := next(
            (mail for mail in left if spelled and spelled in mail.casefold().split("@")[0]), None
        ):
            owner[name] = match
            left.remove(match)
    for name in people:
        if name not in owner and left:
            owner[name] = left.pop(0)
    if not people:
        return tuple(Author(mail.partition("@")[0], mail) for mail in left)
    return tuple(Author(name, owner.get(name)) for name in people)
