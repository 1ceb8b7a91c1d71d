"""Undoing a content coding with a bound on what comes out."""

import zlib

from feedbot.errors import FetchError

OFFERED = "gzip, deflate"


class Inflater:
    """Takes a body piece by piece and never holds more than `limit` bytes of it."""

    def __init__(self, coding: str, limit: int) -> None:
        self._limit = limit
        self._body = bytearray()
        self._coding = _known(coding)
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS) if self._coding == "gzip" else None
        self._started = False

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Raises FetchError for too much, or for what is not of that coding."""
        if self._coding == "identity":
            self._add(piece)
            return
        try:
            self._inflate(piece)
        except zlib.error as error:
            raise FetchError(f"the body is not the {self._coding} that its header says") from error

    def _inflate(self, piece: bytes) -> None:
        if self._stream is None:  # "deflate" means zlib; some servers send it bare
            self._stream = _deflate_stream(piece)
        rest = piece
        while rest:
            if self._stream.eof:
                if self._coding != "gzip" or rest[:2] != b"\x1f\x8b":
                    return  # noise after the end, as some servers send it
                self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
            self._add(self._stream.decompress(rest, self._limit - len(self._body) + 1))
            rest = self._stream.unconsumed_tail or self._stream.unused_data

    def _add(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._limit:
            raise FetchError(f"the body is larger than {self._limit // 1_000_000} MB")

    def finish(self) -> bytes:
        """The whole body. Raises FetchError if it was cut short."""
        if self._stream is not None and not self._stream.eof and self._body:
            raise FetchError(f"the {self._coding} body was cut short")
        return bytes(self._body)


def _known(coding: str) -> str:
    layers = [layer.strip().lower() for layer in coding.split(",") if layer.strip()]
    layers = [layer.removeprefix("x-") for layer in layers if layer != "identity"]
    if len(layers) > 1:
        raise FetchError(f"the body has {len(layers)} codings; one is the most that is read")
    if layers and layers[0] not in {"gzip", "deflate"}:
        raise FetchError(f"the body is coded as {layers[0][:20]!r}, which was not offered")
    return layers[0] if layers else "identity"


def _deflate_stream(first: bytes) -> "zlib._Decompress":
    probe = zlib.decompressobj()
    try:
        probe.decompress(first[:64], 64)
    except zlib.error:
        return zlib.decompressobj(-zlib.MAX_WBITS)
    return zlib.decompressobj()
