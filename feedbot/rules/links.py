"""The Link header (RFC 8288, before it RFC 5988): which documents a document names, and as what."""

import re
from collections.abc import Iterable, Iterator

from feedbot.rules.urls import absolute

_MOST = 16_384  # characters of all headers together
_BETWEEN = re.compile(r"[\s,]*+")
_TARGET = re.compile(r"<([^<>]*)>")
_PARAMETER = re.compile(r"""\s*+;\s*+(?:([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*+"|[^\s,;"]*))?)?""")
_QUOTED_PAIR = re.compile(r"\\(.)")


def linked(values: Iterable[str], base: str, rel: str) -> str | None:
    """The first address that the headers of the document at `base` name with that relation."""
    for target, parameters in _links(",".join(values)[:_MOST]):
        is_about_it = absolute(parameters.get("anchor", base), base) == absolute(base)
        is_meant = is_about_it and rel in parameters.get("rel", "").lower().split()
        if is_meant and (found := absolute(target, base)):
            return found
    return None


def _links(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    at = 0
    while at < len(text):
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing as well
        target = _TARGET.match(text, at)
        if target is None:
            at = text.find(",", at) + 1 or len(text)
            continue
        at, parameters = target.end(), dict[str, str]()
        while parameter := _PARAMETER.match(text, at):
            at = parameter.end()
            if parameter[1]:  # of two with one name the first counts (section 3.3)
                parameters.setdefault(parameter[1].lower(), _value(parameter[2] or ""))
        yield target[1], parameters


def _value(text: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", text[1:-1]) if text.startswith('"') else text
