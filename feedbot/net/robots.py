"""robots.txt (RFC 9309): what a site asks crawlers not to read. Pure."""

import math
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MOST_BYTES = 512_000  # RFC 9309 section 2.5: at least 500 kibibytes are read; what follows is not there
LONGEST_DELAY = 30.0
_PRODUCT = "feedbot"
_TOKEN = re.compile(r"[a-z_-]+", re.ASCII)
_UNRESERVED = frozenset((string.ascii_letters + string.digits + "-._~").encode())
_ENCODED = re.compile(rb"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~:/?#\[\]@!&'()+,;=-]")


class _Rule(NamedTuple):
    allow: bool
    pattern: str


@dataclass(frozen=True, slots=True)
class Robots:
    """What one robots.txt says to feedbot. `delay` is the Crawl-delay in seconds, a hint; 0: none."""

    rules: tuple[_Rule, ...] = ()
    delay: float = 0.0

    def allows(self, target: str) -> bool:
        """Whether a path with its query may be read: the longest pattern decides, and of equal ones Allow."""
        path = _comparable(target.encode("utf-8", "surrogatepass"), wild=False)
        if path == "/robots.txt":
            return True
        best, allowed = -1, True
        for rule in self.rules:
            length = len(rule.pattern)
            longer = length > best or (length == best and rule.allow)
            if longer and _matches(rule.pattern, path):
                best, allowed = length, rule.allow
        return allowed

    @property
    def weight(self) -> int:
        """About how many bytes of memory the rules take."""
        return sum(150 + len(rule.pattern) for rule in self.rules)


def parse_robots(body: bytes) -> Robots:
    """The rules of the groups that name feedbot, else of those for everybody; any bytes give some answer."""
    ours, everybodys = _Group(), _Group()
    groups: list[_Group] = []
    naming = False
    for key, value in _lines(body):
        if key == b"user-agent":
            groups = groups if naming else []
            naming = True
            token = value.decode("ascii", "replace").lower()
            if token.split()[:1] == ["*"]:
                groups.append(everybodys)
            elif (match := _TOKEN.match(token)) and match[0] == _PRODUCT:
                groups.append(ours)
            for group in groups:
                group.named = True
        elif key in {b"allow", b"disallow"}:
            naming = False
            for group in groups:
                group.add(value, allow=key == b"allow")
        elif key == b"crawl-delay":
            for group in groups:
                group.delay = group.delay or _delay(value)
    chosen = ours if ours.named else everybodys
    return Robots(tuple(chosen.rules), chosen.delay)


class _Group:
    def __init__(self) -> None:
        self.named = False
        self.delay = 0.0
        self.rules: dict[_Rule, None] = {}

    def add(self, value: bytes, *, allow: bool) -> None:
        if value:
            self.rules[_Rule(allow, _comparable(value, wild=True))] = None


def _lines(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in re.split(rb"[\r\n]+", body[:MOST_BYTES].removeprefix(b"\xef\xbb\xbf")):
        key, colon, value = line.partition(b"#")[0].partition(b":")
        if colon:
            yield key.strip().lower(), value.strip()


def _delay(value: bytes) -> float:
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return min(seconds, LONGEST_DELAY) if math.isfinite(seconds) and seconds > 0 else 0.0


def _comparable(path: bytes, *, wild: bool) -> str:
    """A path or pattern in one spelling (RFC 9309 section 2.2.2): unreserved characters bare, what no URL
    may hold percent-encoded. In a pattern (`wild`) `*` is wild and a last `$` the end; both are encoded
    wherever they are only themselves.
    """

    def spelled(match: re.Match[bytes]) -> bytes:
        found = match[0]
        if len(found) == 3:
            octet = int(found[1:], 16)
            return bytes([octet]) if octet in _UNRESERVED else found.upper()
        if wild and (found == b"*" or (found == b"$" and match.end() == len(path))):
            return found
        return b"%%%02X" % found[0]

    return _ENCODED.sub(spelled, path).decode("ascii")


def _matches(pattern: str, path: str) -> bool:
    """Whether a pattern fits the start of a path, by one walk without going back."""
    anchored = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not others:
        return not anchored or path == first
    at = len(first)
    last = others.pop() if anchored else ""
    for piece in others:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return len(path) - at >= len(last) and path.endswith(last)
