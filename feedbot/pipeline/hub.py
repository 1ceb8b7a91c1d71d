"""What follows a document that changed: the operator's hub is told, or our own verifies and pushes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from feedbot.errors import FetchError, HostBusyError
from feedbot.net.answer import mask, phrase
from feedbot.net.client import Client, Reply
from feedbot.pipeline.tools import Hub, Tools
from feedbot.rules import websub
from feedbot.store import hub as records
from feedbot.store.hub import Ping, Request, Subscriber

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LATER = timedelta(minutes=1)  # where a host's line is too long


@dataclass(frozen=True, slots=True)
class CallReport:
    """What one call did: `what` it was for, to which `host`; `error` None: it was accepted. `ended`: a
    subscription is no more.
    """

    what: str
    host: str
    path: str
    error: str | None = None
    ended: bool = False


async def tell(tools: Tools, hub: Hub, now: datetime) -> int:
    """Remember which documents changed since this was asked last, and who is to hear of it; gives how many.

    The digests in the store say so, not what was written: a start after a kill finds what was not told.
    """
    changes = tools.site.shelf.changes
    if changes == hub.changes and hub.told:
        return 0
    found = {path: digest for path, digest in tools.site.shelf.digests().items() if websub.is_topic(path)}
    fresh = {path: digest for path, digest in found.items() if hub.told.get(path) != digest}
    changed = await tools.store.do(records.offer, fresh, now, ping=hub.client is not None)
    hub.told, hub.changes = found, changes
    return len(changed)


async def ping(tools: Tools, client: Client, hub: Hub, due: Ping, now: datetime, jitter: float) -> CallReport:
    """Tell the operator's hub of one document; one that cannot be told now is told later."""
    report = CallReport("ping", _host(hub.url), due.path)
    error, reply = await _post(client, hub.url, websub.ping_form(tools.site.base_url + due.path), FORM)
    if error is None:
        await tools.store.do(records.pinged, due, now)
        return report
    wait = websub.wait_after(due.failures + 1, jitter, reply.retry_after if reply else None)
    await tools.store.do(records.ping_failed, due, error, now + wait)
    return CallReport(report.what, report.host, report.path, error)


async def verify(tools: Tools, request: Request, now: datetime, challenge: str) -> CallReport:
    """Ask a callback whether it meant what was asked in its name, and do what was asked if so."""
    wish = request.wish
    what = "verify subscribe" if wish.subscribe else "verify unsubscribe"
    try:
        url = websub.verification(wish, tools.site.base_url, challenge)
        reply = await tools.client.call(url, gap=True)
        is_meant = reply.ok and reply.body == challenge.encode()
        told = "its answer is not the challenge" if reply.ok else f"it answered {phrase(reply.status)}"
    except HostBusyError as error:
        await tools.store.do(records.put_off, request, now + _LATER)
        return CallReport(what, wish.host, wish.path, str(error))
    except FetchError as error:
        is_meant, told = False, str(error)
    if not is_meant:
        await tools.store.do(records.refused, request, now)
        return CallReport(what, wish.host, wish.path, told)
    has_room = await tools.store.do(records.verified, request, now)
    return CallReport(what, wish.host, wish.path, None if has_room else "there is no room for another")


async def push(
    tools: Tools, hub: Hub, subscriber: Subscriber, now: datetime, jitter: float
) -> CallReport | None:
    """Bring a subscriber the document as it is now; None where it has it already."""
    item = tools.site.shelf.get(subscriber.path)
    if item is None or item.etag == subscriber.sent:
        await tools.store.do(records.owe_nothing, subscriber)
        return None
    topic = tools.site.base_url + subscriber.path
    headers = {"Content-Type": item.media_type, "Link": websub.links(hub.url, topic)}
    if subscriber.secret:
        headers["X-Hub-Signature"] = websub.signature(subscriber.secret, item.body)
    error, reply = await _post(tools.client, subscriber.callback, item.body, headers)
    if error is None:
        await tools.store.do(records.delivered, subscriber, item.etag, now)
    else:
        return await _not_taken(tools, subscriber, error, reply, now, jitter)
    return CallReport("push", subscriber.host, subscriber.path)


async def _not_taken(
    tools: Tools, subscriber: Subscriber, error: str, reply: Reply | None, now: datetime, jitter: float
) -> CallReport:
    """Try again later; a callback that says it is gone, or fails for days, is called no more."""
    is_gone = reply is not None and reply.status == 410
    if is_gone or websub.is_given_up(subscriber.failing_since or now, now):
        await tools.store.do(records.drop, subscriber)
        return CallReport("push", subscriber.host, subscriber.path, error, ended=True)
    wait = websub.wait_after(subscriber.failures + 1, jitter, reply.retry_after if reply else None)
    await tools.store.do(records.push_failed, subscriber, error, now, now + wait)
    return CallReport("push", subscriber.host, subscriber.path, error)


async def _post(
    client: Client, url: str, body: bytes, headers: dict[str, str]
) -> tuple[str | None, Reply | None]:
    """The error in words, None where there was none, and the answer where there was one."""
    try:
        reply = await client.call(url, body=body, headers=headers)
    except FetchError as error:
        return str(error), None
    return (None if reply.ok else f"{mask(url)} answered {phrase(reply.status)}"), reply


def _host(url: str) -> str:
    return url.partition("//")[2].partition("/")[0].rpartition("@")[2]
