"""How updates reach a bot: by long poll, or not at all while a webhook is set."""

import asyncio
from typing import Any

from feedbot.demo.botapi.calls import Call
from feedbot.demo.botapi.errors import conflict
from feedbot.demo.botapi.world import BotAccount

_LONGEST_POLL = 50
_MOST_UPDATES = 100


async def get_updates(call: Call) -> Any:
    """What happened since `offset`, waiting for it. A second poll ends the first, as the server does."""
    bot = call.bot
    if bot.webhook:
        raise conflict(
            "can't use getUpdates method while webhook is active;"
            " use deleteWebhook to delete the webhook first"
        )
    if "allowed_updates" in call.given:
        bot.allowed_updates = frozenset(call.json("allowed_updates") or ())
    bot.end_poll("terminated by other getUpdates request; make sure that only one bot instance is running")
    _acknowledge(bot, call.number("offset"))
    limit = max(1, min(_MOST_UPDATES, call.number("limit", _MOST_UPDATES)))
    seconds = max(0, min(_LONGEST_POLL, call.number("timeout")))
    if not bot.updates and seconds:
        await _wait(bot, seconds)
    return list(bot.updates)[:limit]


def _acknowledge(bot: BotAccount, offset: int) -> None:
    """Drop what lies before `offset`; a negative one keeps so many of the newest."""
    if offset < 0:
        while len(bot.updates) > -offset:
            bot.updates.popleft()
    while offset > 0 and bot.updates and bot.updates[0]["update_id"] < offset:
        bot.updates.popleft()


async def _wait(bot: BotAccount, seconds: int) -> None:
    poll = bot.poll = asyncio.get_running_loop().create_future()
    try:
        async with asyncio.timeout(seconds):
            if reason := await poll:
                raise conflict(reason)
    except TimeoutError:
        pass
    finally:
        if bot.poll is poll:
            bot.poll = None


async def set_webhook(call: Call) -> Any:
    """Have updates sent instead of fetched; here it only ends polling."""
    call.bot.webhook = str(call.given.get("url") or "")
    if call.bot.webhook:
        call.bot.end_poll("terminated by setWebhook request")
    return True


async def delete_webhook(call: Call) -> Any:
    """Fetch updates again."""
    call.bot.webhook = ""
    if call.flag("drop_pending_updates"):
        call.bot.updates.clear()
    return True


async def webhook_info(call: Call) -> Any:
    """Whether a webhook is set, and how many updates wait."""
    waiting = len(call.bot.updates)
    return {"url": call.bot.webhook, "has_custom_certificate": False, "pending_update_count": waiting}
