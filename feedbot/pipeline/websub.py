"""Sources that a hub pushes: it is asked to, and what it pushes is a hint to poll."""

import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from feedbot.errors import FetchError, HostBusyError
from feedbot.model import Document, HubLink, ParsedFeed, SourceState
from feedbot.net.answer import mask, phrase
from feedbot.net.client import Client, Reply
from feedbot.net.guard import is_public
from feedbot.pipeline.hub import FORM, CallReport
from feedbot.pipeline.tools import Tools
from feedbot.rules import websub
from feedbot.store import sources
from feedbot.store import websub as records
from feedbot.store.websub import Ask, Hint

_MOST_HOPS = 3
_UNREACHABLE = "base_url is no address that this hub can reach"
_A_DAY = timedelta(days=1)


def hub_of(document: Document, parsed: ParsedFeed) -> HubLink | None:
    """The hub of a document and its name there: headers first, then what the feed says (section 4)."""
    found = document.hub or parsed.hub
    return HubLink(found, document.self_url or parsed.self_url or document.url) if found else None


async def remember_hub(tools: Tools, state: SourceState, link: HubLink | None, now: datetime) -> bool:
    """Have the subscription that fits what a source says of its hub; whether that hub pushes now."""
    if link is None and state.hub is None:
        return False
    known = await tools.store.do(records.subscription_of, state.source_id)
    wanted = None if known is None else HubLink(known.hub, known.topic)
    if wanted == link:
        return records.is_pushed(known, now)
    token, secret = secrets.token_urlsafe(32), secrets.token_hex(32)
    await tools.store.do(records.put_subscription, state.source_id, link, token, secret, now)
    return False


async def ask(tools: Tools, due: Ask, now: datetime, jitter: float) -> CallReport | None:
    """Ask the hub of a source to push it, or to push it no more; None: there was nothing to ask.

    That a verification is awaited is written first: it may come before the answer does.
    """
    what = "subscribe" if due.wanted else "unsubscribe"
    callback = f"{tools.site.base_url}{websub.CALLBACK_PATH}{due.token}"
    again = now + websub.ask_again(due.failures, jitter)
    if due.wanted and not _is_reachable(tools.client, tools.site.base_url, due.hub):
        await tools.store.do(records.ask_failed, due, _UNREACHABLE, now + _A_DAY)
        return None
    if not await tools.store.do(records.asking, due, callback, now, again):
        return None
    form = websub.subscription_form(callback, due.topic, due.secret, subscribe=due.wanted)
    error = await _post(tools.client, due.hub, form)
    if error:
        await tools.store.do(records.ask_failed, due, error, again)
    return CallReport(what, urlsplit(due.hub).netloc, due.source_id, error)


async def _post(client: Client, url: str, form: bytes) -> str | None:
    """Ask a hub, wherever it has moved to; the error in words, None where it accepted."""
    try:
        for _ in range(_MOST_HOPS):
            reply: Reply = await client.call(url, body=form, headers=FORM, gap=True)
            if reply.location is None:
                break
            url = reply.location
    except HostBusyError:
        return "others wait for this hub"
    except FetchError as error:
        return str(error)
    return None if reply.ok else f"{mask(url)} answered {phrase(reply.status)}"


def _is_reachable(client: Client, base_url: str, hub: str) -> bool:
    """Whether a hub could call us back: at an inner address of ours only one of `allow_networks` can."""
    host = urlsplit(base_url).hostname or ""
    try:
        is_inner = not is_public(ip_address(host))
    except ValueError:
        is_inner = host == "localhost" or host.endswith(".localhost")
    return not is_inner or not client.is_public(hub)


async def follow(tools: Tools, hint: Hint, now: datetime) -> None:
    """Have a source polled that its hub pushed, public hosts once a minute at most."""
    found = await tools.store.do(sources.get_source, hint.source_id)
    is_public_host = found is None or tools.client.is_public(found[0].url)
    gap = websub.HINT_GAP if is_public_host else timedelta()
    await tools.store.do(records.follow_hint, hint, gap, now)
