"""What went wrong with a request, in one line of our own words (edge: knows aiohttp's errors)."""

import os

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from feedbot.errors import FetchError
from feedbot.net.answer import mask
from feedbot.net.guard import RefusedAddressError
from feedbot.net.wire import EndedError, ExcessError

CONNECT_SECONDS = 10.0
FAULTS = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError, RuntimeError, EOFError)

_ENDED = (EndedError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, OSError)
_WORDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (aiohttp.ServerTimeoutError, f"no connection within {CONNECT_SECONDS:g} s"),
    (aiohttp.ClientConnectorDNSError, "the host name is not known"),
    (aiohttp.ClientConnectorCertificateError, "the certificate is not valid for this host"),
    (aiohttp.ClientSSLError, "no encrypted connection could be made"),
    (ExcessError, "the answer has more headers or framing than any honest one"),
    ((aiohttp.ClientResponseError, HttpProcessingError), "what came back is not HTTP that can be read"),
)


def told(error: Exception, target: URL) -> FetchError:
    """The FetchError for a fault of one hop: without the server's bytes, and without the address that a
    name led to.
    """
    return FetchError(f"{mask(str(target))}: {_reason(error, target)}")


def _reason(error: Exception, target: URL) -> str:
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(inner, RefusedAddressError):
        return (
            f"the address of {target.raw_host} is not public, or its port is none of the web's;"
            " allow it with fetch.allow_networks"
        )
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return f"no connection: {os.strerror(number)}" if number else "no connection"
    if isinstance(error, _ENDED):
        return "the connection ended before the whole answer was there"
    return f"could not be fetched ({type(error).__name__})"
