"""Undoing a content coding with a bound on what comes out. Pure."""

import zlib
from collections.abc import Iterator

from feedbot.errors import FetchError

OFFERED = "gzip, deflate"
_GZIP_MAGIC = b"\x1f\x8b"
_AT_A_TIME = 65_536
_MOST_MEMBERS = 1000  # each costs the same, however little it holds


class TooLargeError(FetchError):
    """There is more of a body than is asked for."""


class Inflater:
    """Takes a body piece by piece and never holds more than `limit` bytes of it."""

    def __init__(self, coding: str, limit: int) -> None:
        """`coding` is the Content-Encoding. Raises FetchError for one that was not offered, or for two."""
        self._limit = limit
        self._body = bytearray()
        self._coding = _known(coding)
        self._stream: zlib._Decompress | None = None
        self._waiting = b""
        self._members = 0
        self._ended = False

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Raises FetchError for too much, or for what is not of that coding."""
        for _ in self.steps(piece):
            pass

    def steps(self, piece: bytes) -> Iterator[None]:
        """The same, with a pause after each part that came out: a few bytes may hold megabytes."""
        if self._coding == "identity":
            self._add(piece)
            yield
            return
        try:
            yield from self._inflate(self._waiting + piece)
        except zlib.error as error:
            raise FetchError(f"the body is not the {self._coding} that its header says") from error

    def _inflate(self, rest: bytes) -> Iterator[None]:
        self._waiting = b""
        while rest and not self._ended:
            if self._stream is None or self._stream.eof:
                if len(rest) < 2:  # a piece may end within the two bytes that tell a stream's kind
                    self._waiting = rest
                    return
                if self._stream is not None and not self._goes_on(rest):
                    self._ended = True  # noise after the end, as some servers send it
                    return
                self._stream = self._new_stream(rest)
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise TooLargeError(f"the body is in more than {_MOST_MEMBERS} pieces")
            room = self._limit - len(self._body) + 1
            self._add(self._stream.decompress(rest, min(room, _AT_A_TIME)))
            yield
            rest = self._stream.unconsumed_tail or self._stream.unused_data

    def _goes_on(self, rest: bytes) -> bool:
        """Whether another gzip member follows (RFC 1952 section 2.2)."""
        return self._coding == "gzip" and rest.startswith(_GZIP_MAGIC)

    def _new_stream(self, rest: bytes) -> "zlib._Decompress":
        if self._coding == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        return zlib.decompressobj() if _is_zlib(rest) else zlib.decompressobj(-zlib.MAX_WBITS)

    def _add(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._limit:
            raise TooLargeError(f"the body is larger than {megabytes(self._limit)}")

    def __len__(self) -> int:
        return len(self._body)

    def start(self) -> bytes:
        """What there is of the body so far, at most `limit` bytes."""
        return bytes(self._body[: self._limit])

    def finish(self) -> bytes:
        """The whole body. Raises FetchError if it was cut short."""
        begun = self._waiting if self._stream is None else not self._stream.eof
        if begun:
            raise FetchError(f"the {self._coding} body was cut short")
        return bytes(self._body)


def megabytes(limit: int) -> str:
    """A limit as people say it."""
    return f"{limit / 1_000_000:g} MB"


def _known(coding: str) -> str:
    layers = [layer.strip().lower().removeprefix("x-") for layer in coding.split(",") if layer.strip()]
    layers = [layer for layer in layers if layer != "identity"]
    if len(layers) > 1:
        raise FetchError(f"the body has {len(layers)} codings; one is the most that is read")
    if layers and layers[0] not in {"gzip", "deflate"}:
        raise FetchError("the body has a coding that was not offered")
    return layers[0] if layers else "identity"


def _is_zlib(start: bytes) -> bool:
    """Whether a "deflate" body has its zlib wrapper (RFC 1950 section 2.2); some servers send it bare."""
    return start[0] & 0x0F == 8 and int.from_bytes(start[:2]) % 31 == 0
