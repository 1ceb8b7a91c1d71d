"""A Bot API emulator: strict, breakable, and with a page that shows its chats as a subscriber sees them.

It knows nothing of feedbot, so that sender and emulator cannot share a mistake. Its rules come from the Bot
API documentation and from what the server's open source does.
"""

from feedbot.demo.botapi.clock import ManualClock
from feedbot.demo.botapi.server import BotApi

__all__ = ["BotApi", "ManualClock"]
