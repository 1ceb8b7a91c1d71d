"""WebSub (https://www.w3.org/TR/websub/): what is asked of hubs, what they answer, when to try again."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from feedbot.model import SourceState

HUB_PATH, CALLBACK_PATH = "/hub", "/websub/"
LEASE, SHORTEST_LEASE, LONGEST_LEASE = timedelta(days=10), timedelta(hours=1), timedelta(days=30)
UNTOLD_LEASE = timedelta(days=1)  # of a hub that does not say how long it will push
LONGEST_SECRET = 199  # bytes: section 5.1 says less than 200
MOST_FORM = 16_384  # bytes of a request: two addresses and a secret, percent-encoded
LONGEST_URL = 2048
GIVE_UP = timedelta(days=3)  # a callback that fails for so long is dropped
HINT_GAP = timedelta(seconds=60)  # between two polls of a public host that pushes ask for
SOON = timedelta(minutes=5)
DENIED = timedelta(days=1)  # a hub that says no is asked again after a day
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
_FIRST_ASK, _LONGEST_ASK = timedelta(minutes=10), timedelta(hours=24)
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})
_LIVE = re.compile(r"/feeds/(?:by/)?[a-z0-9-]+\.(?:atom|rss|json)")
_URL = re.compile(r"[\x21-\x7e]+")
_FIELDS = 64


def hub_url(hub: str, base_url: str) -> str | None:
    """The hub that our documents name: `publish.hub`, our own for "self", None where there is none."""
    return f"{base_url}{HUB_PATH}" if hub == "self" else hub or None


def is_topic(path: str) -> bool:
    """Whether a path of ours is that of a live feed: what changes, and can be subscribed to."""
    return _LIVE.fullmatch(path) is not None


class Refusal(ValueError):
    """A request that a hub does not take; `status` is the HTTP status of the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber asks our hub: `path` is that of the topic."""

    callback: str
    path: str
    subscribe: bool
    lease: timedelta = LEASE
    secret: str | None = None

    @property
    def host(self) -> str:
        """The host of the callback, as caps count it."""
        return (urlsplit(self.callback).hostname or "").rstrip(".")


def read_wish(body: bytes, base_url: str) -> Wish:
    """What the form of a subscriber says (section 5.1). Raises Refusal."""
    fields = _fields(body)
    mode = fields.get("hub.mode")
    if mode not in {"subscribe", "unsubscribe"}:
        raise Refusal("hub.mode must be subscribe or unsubscribe")
    topic = fields.get("hub.topic", "")
    path = topic.removeprefix(base_url)
    if path == topic or not is_topic(path):
        raise Refusal("hub.topic is no feed of this site", 404)
    secret = fields.get("hub.secret") or None
    if secret is not None and len(secret.encode()) > LONGEST_SECRET:
        raise Refusal("hub.secret must be shorter than 200 bytes")
    callback = check_callback(fields.get("hub.callback", ""))
    return Wish(callback, path, mode == "subscribe", read_lease(fields.get("hub.lease_seconds")), secret)


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError as error:
        raise Refusal("this is no form in UTF-8") from error
    found = dict(pairs)
    told = [name for name, _ in pairs if name.startswith("hub.")]
    if len(told) != len(set(told)):
        raise Refusal("a parameter stands twice")
    return found


def check_callback(text: str) -> str:
    """An address that a hub may call. Raises Refusal."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _URL.fullmatch(text) or len(text) > LONGEST_URL:
        raise Refusal("hub.callback must be an http:// or https:// address")
    if "@" in parts.netloc or "#" in text:
        raise Refusal("hub.callback must be an address without user and fragment")
    return text


def read_lease(text: str | None) -> timedelta:
    """The lease that a subscriber gets: what it asks for, between an hour and 30 days. Raises Refusal."""
    if not text:
        return LEASE
    if not (text.isascii() and text.isdigit()):
        raise Refusal("hub.lease_seconds must be a whole number")
    return min(max(_seconds(text), SHORTEST_LEASE), LONGEST_LEASE)


def told_lease(text: str | None) -> timedelta:
    """The lease that a hub says it gave; a day where that cannot be read."""
    if not text or not (text.isascii() and text.isdigit()):
        return UNTOLD_LEASE
    return min(_seconds(text), LONGEST_LEASE)


def _seconds(digits: str) -> timedelta:
    return timedelta(seconds=int(digits)) if len(digits) <= 9 else LONGEST_LEASE


def with_query(callback: str, more: Mapping[str, str]) -> str:
    """A callback with these parameters after its own, which stay as they are (section 5.3)."""
    mark = "" if callback.endswith(("?", "&")) else "&" if "?" in callback else "?"
    return f"{callback}{mark}{urlencode(more)}"


def verification(wish: Wish, base_url: str, challenge: str) -> str:
    """The address that a subscriber is asked at, whether it meant what was asked in its name."""
    told = {"hub.mode": "subscribe" if wish.subscribe else "unsubscribe", "hub.topic": base_url + wish.path}
    lease = {"hub.lease_seconds": str(int(wish.lease.total_seconds()))} if wish.subscribe else {}
    return with_query(wish.callback, {**told, "hub.challenge": challenge, **lease})


def links(hub: str, topic: str) -> str:
    """The Link header of a document that is pushed (section 7)."""
    return f'<{hub}>; rel="hub", <{topic}>; rel="self"'


def signature(secret: str, body: bytes) -> str:
    """The X-Hub-Signature of a body (section 7.1)."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def read_signature(header: str) -> tuple[str, str] | None:
    """Method and hex digest of an X-Hub-Signature; None for what is none."""
    method, _, digest = header.strip().partition("=")
    method = method.lower()
    return (method, digest.lower()) if method in _METHODS and digest.isascii() else None


def subscription_form(callback: str, topic: str, secret: str, *, subscribe: bool) -> bytes:
    """What we ask a hub of a source."""
    told = {
        "hub.mode": "subscribe" if subscribe else "unsubscribe",
        "hub.topic": topic,
        "hub.callback": callback,
    }
    more = {"hub.lease_seconds": str(int(LEASE.total_seconds())), "hub.secret": secret} if subscribe else {}
    return urlencode({**told, **more}).encode()


def ping_form(topic: str) -> bytes:
    """What tells the operator's hub that a feed changed: hubs read one name or the other."""
    return urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}).encode()


def wait_after(failures: int, jitter: float, asked: timedelta | None = None) -> timedelta:
    """How long a callback, or the operator's hub, is left alone: half a minute, doubling to six hours, or
    what it asks for up to a day. `jitter` is 0 to 0.1.
    """
    wait = _doubled(_FIRST_WAIT, failures - 1, _LONGEST_WAIT) * (1 + jitter)
    return max(wait, min(asked or wait, timedelta(days=1)))


def ask_again(failures: int, jitter: float) -> timedelta:
    """How long a hub of a source is left alone that refused, or did not answer, or did not verify."""
    return _doubled(_FIRST_ASK, failures, _LONGEST_ASK) * (1 + jitter)


def _doubled(first: timedelta, times: int, most: timedelta) -> timedelta:
    wait: timedelta = first * 2 ** min(times, 20)
    return min(wait, most)


def renew_after(lease: timedelta) -> timedelta:
    """When a subscription is renewed: at two thirds of its lease."""
    return max(lease * 2 / 3, SOON)


def may_hint(state: SourceState) -> bool:
    """Whether a push may have a source polled before its time: not while it fails, or its host is to rest."""
    return state.stopped is None and not state.failures and not state.because.startswith("429")


def is_given_up(failing_since: datetime, now: datetime) -> bool:
    """Whether a callback failed for so long that it is dropped."""
    return now - failing_since >= GIVE_UP
