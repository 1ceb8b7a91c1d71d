"""What the jobs of each one took the last time; who took long is expected to take long again."""

_MOST = 5000


class Costs:
    """Seconds of CPU by the name of whose job it was, of the most recent ones. The empty name is nobody's."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._seconds: dict[str, float] = {}

    def of(self, name: str) -> float | None:
        """What the last job took; None where there was none."""
        return self._seconds.get(name)

    def note(self, name: str, seconds: float) -> None:
        """Remember what a job took."""
        if not name:
            return
        self._seconds.pop(name, None)
        self._seconds[name] = seconds
        if len(self._seconds) > self._most:
            del self._seconds[next(iter(self._seconds))]
