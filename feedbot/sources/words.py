"""The small texts of a feed: titles, names, labels, languages; capped, and rid of markup."""

import re
from html import unescape
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from feedbot.model import Author
from feedbot.rules.text import fold, fold_case

MAX_TITLE = 1000
MAX_AUTHOR = 200
MAX_LABEL = 100
MOST_LABELS = 32
MOST_AUTHORS = 32
_LONGEST = 20_000  # of a text before its markup is read
_MARKUP = re.compile(r"</?[a-zA-Z!][^<>]*>|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li)\b[^<>]*>", re.IGNORECASE)
_MAIL = r"(?:mailto:)?([^\s<>()\"',;:]{1,64}@[^\s<>()\"',;:]{1,255})"
_FORMS = (
    re.compile(rf"{_MAIL}\s{{0,9}}\((.{{0,300}})\)"),
    re.compile(rf"{_MAIL}[\s,:-]{{1,9}}(.{{1,300}})"),
    re.compile(rf"(.{{0,300}}?)[\s,:-]{{0,9}}[<(\[]?\s{{0,9}}{_MAIL}\s{{0,9}}[>)\]]?"),
)
_NOBODY = re.compile(r"(?:do-?not-?reply|no-?reply|noemail|nobody)@", re.IGNORECASE)


def text_of(value: Any, limit: int = MAX_TITLE) -> str | None:
    """Folded text of a value that may hold markup; None where nothing is left."""
    text = str(value or "")[:_LONGEST]
    if _MARKUP.search(text):
        text = without_markup(text)
    return fold(text)[:limit].strip() or None


def line(value: Any, limit: int = MAX_TITLE) -> str | None:
    """Folded text of a value that is known to hold no markup: `<` is a sign like others."""
    return fold(str(value or "")[:_LONGEST])[:limit].strip() or None


def without_markup(html: str) -> str:
    """The words of an HTML fragment; no space comes in but where a line breaks."""
    tree = LexborHTMLParser("<body>" + _BREAK.sub(" ", html))
    tree.strip_tags(["script", "style", "noscript", "template", "iframe"])
    return tree.body.text(deep=True, separator="") if tree.body else ""


def language_of(value: Any) -> str | None:
    """A language tag (RFC 5646) or nothing."""
    text = str(value or "")[:100].strip().replace("_", "-")
    return text if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}", text) else None


def labels_of(values: Any) -> tuple[str, ...]:
    """Category labels, each once."""
    found = (text_of(value, MAX_LABEL) for value in values)
    return tuple(dict.fromkeys(label for label in found if label))[:MOST_LABELS]


def person(text: Any, email: Any = None, uri: str | None = None) -> Author | None:
    """An author from words in one of the usual forms: `Name`, `mail (Name)`, `Name <mail>`, `mail`.

    A mail address that takes no mail is left out; an author of whom only the address is known is called by
    its first part.
    """
    written, mail = str(text or "")[:1000], line(email, 320)
    name, told = _parted(written) if "@" in written else (text_of(written), None)
    mail = mail or told
    if mail and ("@" not in mail or _NOBODY.match(mail)):
        mail = None
    name = (name or (mail or "").partition("@")[0])[:MAX_AUTHOR].strip()
    return Author(name, mail, uri) if name else None


def _parted(text: str) -> tuple[str | None, str | None]:
    """Name and address of a text that holds an address."""
    text = fold(unescape(text))
    for at, form in enumerate(_FORMS):
        if match := form.fullmatch(text):
            mail, name = (match[1], match[2]) if at < 2 else (match[2], match[1])
            return text_of(name.strip("\"' "), MAX_AUTHOR), mail
    return text_of(text, MAX_AUTHOR), None


def merged(authors: Any) -> tuple[Author, ...]:
    """Authors, each once: feeds say the same person in two elements, once with address and once without."""
    found: dict[str, Author] = {}
    for author in authors:
        if author is None:
            continue
        key = fold_case(author.name)
        known = found.get(key)
        if known is None and len(found) >= MOST_AUTHORS:
            break
        found[key] = (
            Author(known.name, known.email or author.email, known.uri or author.uri) if known else author
        )
    return tuple(found.values())
