"""Broken XML mended before it is read: most feeds that are not well-formed lack very little."""

import re
from html.entities import html5

from feedparser.mixin import _FeedParserMixin  # type: ignore[import-untyped]  # it has no types

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PREFIX = re.compile(r"<([A-Za-z][\w.-]{0,30}):[A-Za-z]")
_DECLARED_PREFIX = re.compile(r"\bxmlns:([\w.-]{1,31})\s*=")
_ROOT_NAME = re.compile(r"<[\w.:-]{1,60}(?=[\s>/])")
_MOST_PREFIXES = 20
_REFERENCE = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|<!--(?:.*?-->|.*)|&(?:lt|gt|amp|quot|apos);"
    r"|&#(?:([0-9]{1,7})|x([0-9a-fA-F]{1,6}));|&([a-zA-Z][a-zA-Z0-9]{1,31});|&+(?=&)|&",
    re.DOTALL,
)


def tidy(text: str) -> str:
    """The text of a feed, from its root on, without what XML 1.0 cannot carry, with HTML's entities as
    characters, bare ampersands escaped and prefixes bound.

    Most feeds that are not well-formed are well-formed then, and nothing of them is lost on the way.
    """
    return _bound(_REFERENCE.sub(_resolved, _UNFIT.sub("", text)))


def _resolved(match: re.Match[str]) -> str:
    """What stands for a reference, a section or an ampersand in well-formed XML."""
    whole, decimal, hexadecimal, name = match[0], match[1], match[2], match[3]
    if whole[0] == "<":
        return whole
    if decimal or hexadecimal:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        return (
            whole
            if code < 0x110000 and (code in {9, 10, 13} or code > 31) and not _UNFIT.match(chr(code))
            else ""
        )
    if name:
        character = html5.get(f"{name};", "<")
        return f"&amp;{name};" if character in "<>&" else character
    return whole if whole[-1] == ";" else "&amp;" * len(whole)


def _bound(text: str) -> str:
    """The text with those prefixes declared in its root that it uses and forgot to declare."""
    declared = {*_DECLARED_PREFIX.findall(text), "xml", "xmlns"}
    used = {name for name in _PREFIX.findall(text) if name not in declared}
    root = _ROOT_NAME.match(text)
    if root is None or not used or len(used) > _MOST_PREFIXES:
        return text
    known = {prefix: uri for uri, prefix in _FeedParserMixin.namespaces.items() if prefix}
    known |= {"atom": "http://www.w3.org/2005/Atom"}
    bound = "".join(f' xmlns:{name}="{known.get(name, "urn:unbound:" + name)}"' for name in sorted(used))
    return text[: root.end()] + bound + text[root.end() :]
