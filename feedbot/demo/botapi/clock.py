"""A clock that tests move, so that an hour of flood control costs no hour."""


class ManualClock:
    """Shows the time that it was set to, in seconds."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start

    def __call__(self) -> float:
        """Now."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
