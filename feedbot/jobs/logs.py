"""Logs go to stderr, one line each, and never hold a secret."""

import logging
import re
import sys
from typing import Any

import structlog

_TOKEN = re.compile(r"(?<!\d)\d{5,}:[\w-]{4,}")
_USER = re.compile(r"(://)[^/?#\s@]+@")
_SECRET_VALUE = re.compile(r"((?:token|key|secret|password|auth|sig)=)[^&\s]+", re.IGNORECASE)


def hide_secrets(text: str) -> str:
    """A text without bot tokens and without secrets of addresses."""
    if ":" not in text and "=" not in text:  # each of them has one
        return text
    return _SECRET_VALUE.sub(r"\1***", _USER.sub(r"\1", _TOKEN.sub("***", text)))


def _hide(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A line without secrets, without empty values, and in one line whatever strangers wrote into it."""
    return {key: _line(value) for key, value in event.items() if value is not None}


def _line(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    told = hide_secrets(value)
    if told.isprintable():
        return told
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in told)


class _Filter(logging.Filter):
    """Keeps tokens out of the lines that libraries write."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always written."""
        record.msg, record.args = hide_secrets(record.getMessage()), None
        if record.exc_info:
            record.exc_text = hide_secrets(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def set_up_logging() -> None:
    """Logs go to stderr: our own lines, and what libraries warn of."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    processors = [
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _hide,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        renderer,
    ]
    structlog.configure(
        processors=processors,
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Filter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
