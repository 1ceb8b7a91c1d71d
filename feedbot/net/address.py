"""Which addresses are fetched, read by the one parser that also dials them (yarl). Pure."""

import base64
import re
from ipaddress import ip_address

from yarl import URL

from feedbot.errors import FetchError
from feedbot.net.answer import mask

_LONGEST = 8192
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?", re.ASCII)
_TO_THE_LETTER = re.compile(r"https?://[a-z0-9.:\[\]-]+/[!$-;=?-\[\]-~]*")
_SURROGATE = re.compile("[\udc80-\udcff]")


def parsed(address: str) -> URL:
    """The URL of an address that may be dialled, without its fragment. Raises FetchError."""
    try:
        found = URL(address)
        fault = _fault(found, address)
    except (ValueError, TypeError):
        fault = "this is no address that can be fetched"
    if fault:
        raise FetchError(f"{mask(address)}: {fault}")
    return found.with_fragment(None) if found.raw_fragment else found


def as_written(address: str) -> URL:
    """The URL of an address that may be dialled, path and query to the letter where that can be: another
    spelling may not open what it stands for. Raises FetchError.
    """
    found = parsed(address)
    return URL(address, encoded=True) if _TO_THE_LETTER.fullmatch(address) else found


def _fault(found: URL, address: str) -> str | None:
    if found.scheme not in {"http", "https"}:
        return "only whole http:// and https:// addresses are fetched"
    host = found.raw_host or ""
    # A label of more than 63 bytes would raise deep in the resolver.
    if ":" in host:
        ip_address(host)
    elif not _NAME.fullmatch(host):
        return "this is no address that can be fetched"
    if found.port == 0:
        return "this is no address that can be fetched"
    if len(address) > _LONGEST:
        return "the address is too long"
    return None


def is_literal(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def without_user(url: URL) -> URL:
    """The same URL without user information."""
    return url.with_user(None) if url.raw_user or url.raw_password else url


def redirected(base: URL, location: str) -> URL:
    """Where a Location header leads (RFC 9110 section 10.2.2). Raises FetchError, "bad redirect".

    Bytes that are no UTF-8 (surrogateescape) are percent-encoded as they are. User information is none
    of a server's business: nobody but the operator tells us as whom to speak.
    """
    text = location.strip(" \t")
    try:
        if not text:
            raise FetchError("it does not say whereto")
        if _CONTROL.search(text):
            raise FetchError("it leads to what is no address")
        text = _SURROGATE.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)
        told = URL(text)
        if told.scheme and not told.raw_host:
            raise FetchError("it leads to what is no whole address")
        target = parsed(str(base.join(told)))
        if target.raw_user or target.raw_password:
            raise FetchError("it leads to an address with user information")
    except ValueError as error:
        raise FetchError(f"{mask(str(base))}: bad redirect: it leads to what is no address") from error
    except FetchError as error:
        raise FetchError(f"{mask(str(base))}: bad redirect: {error}") from error
    return target


def credentials(url: URL) -> dict[str, str]:
    """The header that the user information of a URL stands for (RFC 7617)."""
    if not url.user:
        return {}
    pair = f"{url.user}:{url.password or ''}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def same_origin(one: URL, other: URL) -> bool:
    """Whether two URLs have scheme, host and port in common (RFC 6454 section 4)."""
    return (one.scheme, one.raw_host, one.port) == (other.scheme, other.raw_host, other.port)
