"""What is told of the steps: one log line each, with the same words as the metrics."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from feedbot.errors import FeedbotError, StoreError
from feedbot.pipeline import CompleteReport, DeliverReport, PollReport
from feedbot.pipeline.hub import CallReport
from feedbot.publish.site import PublishReport
from feedbot.rules.delivery import Lost, Unchanged
from feedbot.store.outbox import Task

_SAME_ERROR = 3600.0
_STORE_EVERY = 300.0
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 3600.0


class Observer:
    """Turns reports into log lines and metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._log = structlog.get_logger()
        self._told: dict[tuple[str, str], tuple[float, int]] = {}
        self._paused: dict[str, tuple[float, float]] = {}
        make: dict[str, Any] = {"registry": self.registry}
        self.polls = Counter("feedbot_polls", "Polls of sources, by result", ["result"], **make)
        self.new_entries = Counter("feedbot_entries_new", "Entries never seen before", **make)
        self.updated_entries = Counter("feedbot_entries_updated", "Entries that changed", **make)
        self.pages = Counter("feedbot_pages", "Article pages asked, by result", ["result"], **make)
        self.published = Counter("feedbot_feeds_published", "Feed documents written", **make)
        self.deliveries = Counter("feedbot_deliveries", "Attempts to send, by outcome", ["outcome"], **make)
        self.surprises = Counter(
            "feedbot_surprises", "Steps that ended in an unforeseen error", ["step"], **make
        )
        self.seconds = Histogram("feedbot_step_seconds", "How long a step took", ["step"], **make)
        self.waiting = Gauge("feedbot_deliveries_waiting", "Deliveries now, by state", ["state"], **make)
        self.websub_calls = Counter(
            "feedbot_websub_calls",
            "Calls to hubs and subscribers, by what and result",
            ["what", "result"],
            **make,
        )
        self.hub_subscribers = Gauge("feedbot_hub_subscribers", "Whom our own hub pushes to", **make)
        self.sources_pushed = Gauge("feedbot_sources_pushed", "Sources that a hub pushes", **make)

    def metrics(self) -> bytes:
        """The metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def event(self, text: str, **values: Any) -> None:
        """One line about something that happened."""
        self._log.info(text, **values)

    def warn(self, text: str, **values: Any) -> None:
        """One line about something that the operator may want to change."""
        self._log.warning(text, **values)

    def polled(self, report: PollReport, seconds: float) -> None:
        """A source was polled."""
        self.seconds.labels("poll").observe(seconds)
        self.polls.labels("error" if report.error else "not_modified" if report.status == 304 else "ok").inc()
        self.new_entries.inc(report.new)
        self.updated_entries.inc(report.updated)
        told: dict[str, Any] = {"source": report.source_id, "status": report.status}
        if report.error:
            self._failure("poll failed", report.source_id, report.error, **told)
        elif report.new or report.updated:
            counts = {"new": report.new, "updated": report.updated, "planned": report.planned}
            self.event("poll", **told, **counts, seconds=round(seconds, 3))
        self._taken_back(report)
        for alarm in report.alarms:
            self._failure("source has changed", report.source_id, alarm, source=report.source_id)
        if report.cut_off:
            told_off = "only the newest 1,000 entries of its document are read"
            self._failure("source is long", report.source_id, told_off, source=report.source_id)
        if report.stopped:
            self.warn(
                "source stopped: it is gone; `feedbot source resume` asks it again", source=report.source_id
            )
        if report.moved_to:
            self.event("source moved for good", source=report.source_id, to=report.moved_to)
        if report.flood:
            self.warn(
                "many old entries at once: stored and published, not sent",
                source=report.source_id,
                entries=report.flood,
            )

    def completed(self, report: CompleteReport, seconds: float) -> None:
        """The pages of a source were asked."""
        self.seconds.labels("complete").observe(seconds)
        self.pages.labels("ok").inc(report.completed)
        self.pages.labels("error").inc(report.failed)
        self.updated_entries.inc(report.updated)
        self._taken_back(report)
        counts = {"completed": report.completed, "failed": report.failed, "planned": report.planned}
        if report.error:
            self._failure("page failed", report.source_id, report.error, source=report.source_id, **counts)
        else:
            self.event("complete", source=report.source_id, **counts, seconds=round(seconds, 3))

    def _taken_back(self, report: PollReport | CompleteReport) -> None:
        if report.retracted:
            self.event("entries taken back", source=report.source_id, entries=report.retracted)

    def publication(self, report: PublishReport, seconds: float) -> None:
        """A feed was rendered."""
        self.seconds.labels("publish").observe(seconds)
        self.published.inc(report.documents + report.archives)
        if report.error:
            self._failure("publish failed", report.slug, report.error, feed=report.slug)
        if report.written:
            counts = {"entries": report.entries, "documents": report.documents, "archives": report.archives}
            self.event("publish", feed=report.slug, **counts, seconds=round(seconds, 3))

    def called(self, report: CallReport, seconds: float) -> None:
        """A hub or a subscriber was called."""
        self.seconds.labels("websub").observe(seconds)
        self.websub_calls.labels(report.what, "error" if report.error else "ok").inc()
        told: dict[str, Any] = {"what": report.what, "host": report.host, "about": report.path}
        if report.error:
            self._failure(
                "websub failed", f"{report.what} {report.host}", report.error, **told, ended=report.ended
            )
        else:
            self.event("websub", **told, seconds=round(seconds, 3))

    def delivered(self, report: DeliverReport, seconds: float) -> None:
        """A message was tried."""
        outcome = type(report.outcome).__name__
        self.seconds.labels("deliver").observe(seconds)
        self.deliveries.labels(outcome).inc()
        told = {"chat": report.delivery.address.chat, "outcome": outcome, "title": report.title}
        reason = getattr(report.outcome, "reason", None)
        if report.task is not Task.SEND:
            told["task"] = report.task.value
        if report.alarm:
            self.warn("message put right", chat=report.delivery.address.chat, fault=report.alarm)
        if report.accepted or isinstance(report.outcome, (Unchanged, Lost)):
            self.event("deliver", **told, photo_fault=report.photo_fault, seconds=round(seconds, 3))
        else:
            self.warn("deliver", **told, reason=reason, seconds=round(seconds, 3))

    def unwritten(self, error: FeedbotError) -> None:
        """The pages that list the feeds could not be written."""
        self._failure("publish failed", "index", str(error))

    def _failure(
        self, event: str, key: str, error: str, *, every: float = _SAME_ERROR, **values: Any
    ) -> None:
        """The same error of the same source is told once in so many seconds, with its count."""
        now = time.monotonic()
        at, count = self._told.get((key, error), (float("-inf"), 0))
        if now - at < every:
            self._told[(key, error)] = (at, count + 1)
            return
        self._told = {kept: value for kept, value in self._told.items() if now - value[0] < _SAME_ERROR}
        self._told[(key, error)] = (now, 0)
        again = {"before": count} if count else {}
        self.warn(event, **values, error=error, **again)

    async def guarded(
        self,
        key: str,
        step: Awaitable[None] | Callable[[], Awaitable[None]],
        longest: float = _LONGEST_PAUSE,
    ) -> None:
        """Run a step; a surprise is told, stops this step only, and makes it pause longer each time, so many
        seconds at most.

        A database that refuses, as on a full disk, refuses every step: that is told once in five minutes.
        """
        try:
            await (step if isinstance(step, Awaitable) else step())
        except StoreError as error:
            self._pause(key, _STORE_EVERY)
            self._failure("the database refuses", "the store", str(error), every=_STORE_EVERY)
        except Exception:  # the job runner: nothing unforeseen ends the daemon
            pause = self._pause(key, longest)
            self._log.exception("surprise", step=key, pause_seconds=pause)
        else:
            self._paused.pop(key, None)

    def _pause(self, key: str, longest: float) -> float:
        _, pause = self._paused.get(key, (0.0, _FIRST_PAUSE / 2))
        pause = min(pause * 2, longest)
        self._paused[key] = (time.monotonic() + pause, pause)
        self.surprises.labels(key.partition(":")[0]).inc()
        return pause

    def is_paused(self, key: str) -> bool:
        """Whether a step waits after a surprise."""
        return self.paused_until(key) > time.monotonic()

    def paused_until(self, key: str) -> float:
        """Until when a step waits after a surprise, in seconds of the monotonic clock; 0 if it does not."""
        return self._paused.get(key, (0.0, 0.0))[0]
