"""One small family of errors. Each message says what happened, to what, and what to do."""

from datetime import timedelta


class FeedbotError(Exception):
    """Something that went wrong in a way feedbot foresees."""


class ConfigError(FeedbotError):
    """The configuration or the environment is not usable; names the key or path and what would be right."""


class UsageError(FeedbotError):
    """A command was called with words that cannot be meant."""


class LockedError(FeedbotError):
    """Another instance works on the same database."""


class FetchError(FeedbotError):
    """A document could not be fetched.

    `status` is the HTTP status where there was one, `retry_after` what the server asked for.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class HostBusyError(FetchError):
    """So many requests wait for a host that this one was not made; the host is not to blame."""


class ParseError(FeedbotError):
    """A document could not be read."""


class StoreError(FeedbotError):
    """The database refused; the cause is chained."""
