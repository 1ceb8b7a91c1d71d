"""The steps: poll, complete, publish, deliver. Read this first, then the file of each.

    poll(source)       state -> fetch -> parse -> normalise -> changes -> save      one transaction
    complete(source)   entries that need their page -> fetch -> merge -> save       one transaction per entry
    publish(feed)      changed entries -> fragments -> documents -> files, bytes
    deliver(chat)      claim -> message -> send, edit or probe -> record the outcome

No step calls another; what one leaves in the store the next one finds there. Each returns a report, with
what the world may do (a dead site, a blocked bot) in it; an exception is a surprise.
"""

from feedbot.pipeline.complete import CompleteReport, complete
from feedbot.pipeline.deliver import DeliverReport, deliver
from feedbot.pipeline.desk import Desk
from feedbot.pipeline.poll import PollReport, poll
from feedbot.pipeline.publish import publish, publish_index, take_in, tidy
from feedbot.pipeline.tools import Tools

__all__ = [
    "CompleteReport",
    "DeliverReport",
    "Desk",
    "PollReport",
    "Tools",
    "complete",
    "deliver",
    "poll",
    "publish",
    "publish_index",
    "take_in",
    "tidy",
]
