"""Plain words and addresses where readers and validators expect more of them than XML does. Pure."""

import re
from html.entities import name2codepoint
from urllib.parse import urlsplit

from feedbot.rules.text import clean
from feedbot.rules.urls import absolute

# What a reader that takes text for HTML would read as markup, and validators warn of.
_TAG = re.compile(r"<(?=[/!?a-zA-Z])")
_ENTITY = re.compile(r"&(?=(#?\w+))")
_NO_URI = re.compile(r"[^0-9A-Za-z;/?:@&=+$.\-_!~*'()%,#]+|%(?![0-9A-Fa-f]{2})")
# The addresses that validators know; RFC 5322 allows more.
_EMAIL = re.compile(r"[A-Za-z0-9_.+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9][A-Za-z0-9-]*")
_JOINER = "\u2060"


def words(text: str | None) -> str:
    """The text as XML carries it, without white space around; empty for none."""
    return clean(text or "").strip()


def is_like_html(text: str) -> bool:
    """Whether a reader may take the text for HTML."""
    return bool(_TAG.search(text)) or any(map(_is_entity, _ENTITY.finditer(text)))


def unmistakable(text: str) -> str:
    """The text, looking the same, that nobody takes for HTML: where its form cannot be told (RSS), an unseen
    joiner stands after what would begin markup.
    """
    text = _TAG.sub(f"<{_JOINER}", text)
    return _ENTITY.sub(lambda match: f"&{_JOINER}" if _is_entity(match) else "&", text)


def _is_entity(match: re.Match[str]) -> bool:
    name = match[1]
    return not name.isalpha() or name in name2codepoint or name == "apos"


def web_uri(url: str | None) -> str | None:
    """The address as a URI (RFC 3986), if readers may be sent there: RSS knows no other characters.

    None for a host in brackets (IPv6), which validators take for no address.
    """
    told = absolute(clean(url)) if url else None
    if told is None or not _NO_URI.search(told):
        return told
    if "[" in urlsplit(told).netloc:
        return None
    start = told.find("/", len("https://"))
    return told[:start] + _NO_URI.sub(_percent, told[start:])


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def email_of(told: str | None) -> str | None:
    """An e-mail address that validators take for one."""
    text = words(told)
    return text if _EMAIL.fullmatch(text) else None
