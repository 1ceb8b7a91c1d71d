"""The selector language of rule packs; `pack.py` says how it is written."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feedbot.rules.text import fold

_ATTRIBUTE = re.compile(r"(.*?)@([\w:-]+)", re.DOTALL)
_JSON = re.compile(r"(?:(.*)@)?json:(.+)", re.DOTALL)
_STEP = re.compile(r"[\w$@:-]+|\*")
_EMPTY_PAGE = LexborHTMLParser("<p></p>")


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector taken apart; `path` leads into the JSON text of the nodes, or of a list's item."""

    css: str
    attribute: str | None = None
    path: tuple[str, ...] | None = None


@lru_cache(maxsize=1024)
def read_selector(text: str) -> Selector:
    """Take a selector apart. Raises ValueError saying what is wrong with it."""
    if match := _JSON.fullmatch(text):
        path = tuple(match[2].split("."))
        if not all(_STEP.fullmatch(step) for step in path):
            raise ValueError(
                f"{text!r}: a path is names, list indices and * with points between, as in a.0.b"
            )
        selector = Selector((match[1] or "").strip(), path=path)
    elif match := _ATTRIBUTE.fullmatch(text):
        selector = Selector(match[1].strip(), attribute=match[2])
    else:
        selector = Selector(text.strip())
    try:
        if selector.css:
            _EMPTY_PAGE.css(selector.css)
    except (SelectolaxError, ValueError) as error:
        raise ValueError(f"{text!r} is no CSS selector") from error
    if text and not (selector.css or selector.attribute or selector.path):
        raise ValueError(f"{text!r} selects nothing")
    return selector


def find(subject: Any, text: str) -> Iterator[Any]:
    """What a selector gives, in order: nodes, attribute values, JSON values. `subject` is a node, or a JSON
    value that an earlier selector gave.
    """
    selector = read_selector(text)
    if not isinstance(subject, LexborNode):
        if selector.path and not selector.css:
            yield from _walk(subject, selector.path)
        return
    for node in subject.css(selector.css) if selector.css else [subject]:
        if selector.path:
            yield from _walk(_loaded(node.text(deep=True)), selector.path)
        elif selector.attribute:
            yield node.attributes.get(selector.attribute)
        else:
            yield node


def _walk(value: Any, path: Sequence[str]) -> Iterator[Any]:
    values = [value]
    for step in path:
        values = [inner for one in values for inner in _step(one, step)]
    return iter(values)


def _step(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values()) if step == "*" else [value[step]] if step in value else []
    if isinstance(value, list):
        if step == "*":
            return value
        return [value[int(step)]] if step.isascii() and step.isdigit() and int(step) < len(value) else []
    return []


@lru_cache(maxsize=4)
def _loaded(text: str) -> Any:
    """The first JSON object or list of a script: `window.state = {...};` is one too."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def text_of(found: Any) -> str:
    """The folded text of what a selector gave; a number that counts seconds or milliseconds is a time."""
    if isinstance(found, LexborNode):
        return fold(found.text(deep=True, separator=" "))
    if isinstance(found, bool) or found is None:
        return ""
    if isinstance(found, int | float):
        return _time(found) or str(found)
    return fold(found) if isinstance(found, str) else ""


def _time(number: float) -> str | None:
    seconds = number / 1000 if 1e11 < number < 1e13 else number
    return datetime.fromtimestamp(seconds, UTC).isoformat() if 5e8 < seconds < 5e9 else None


def select(subject: Any, selectors: Sequence[str]) -> tuple[str | None, str]:
    """The first text that a selector gives, and that selector."""
    for selector in selectors:
        for found in find(subject, selector):
            if text := text_of(found):
                return text, selector
    return None, ""


def select_all(subject: Any, selectors: Sequence[str]) -> tuple[list[str], str]:
    """All texts of the first selector that gives any, and that selector."""
    for selector in selectors:
        if texts := [text for found in find(subject, selector) if (text := text_of(found))]:
            return texts, selector
    return [], ""
