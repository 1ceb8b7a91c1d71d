"""How long the answers of each one took of late; who is not known to answer quickly may hang."""

_MOST = 20_000
_QUICK_SECONDS = 5.0
_FIRST_SECONDS = 3.0


class Habits:
    """Seconds that answers took, by the name of whose they are, of the most recent ones."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._seconds: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def note(self, name: str, seconds: float, *, whole: bool) -> None:
        """An answer took so long, or did not come in that time. Once is no habit, where it came."""
        before = self._last.pop(name, 0.0)
        self._seconds[name] = min(seconds, before) if whole else seconds
        self._last[name] = seconds
        if len(self._last) > self._most:
            oldest = next(iter(self._last))
            del self._last[oldest], self._seconds[oldest]

    def of(self, name: str) -> float | None:
        """What an answer is expected to take; None where nothing is known."""
        return self._seconds.get(name)

    def is_quick(self, name: str) -> bool:
        """Whether answers came, and quickly."""
        return self._seconds.get(name, _QUICK_SECONDS) < _QUICK_SECONDS

    def first_try(self, name: str) -> float:
        """After how many seconds it is time to let others pass: twice what the last answer took."""
        return max(_FIRST_SECONDS, 2 * self._last.get(name, 0.0))
