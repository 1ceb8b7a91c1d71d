"""Addresses: made absolute, rid of what tracks readers, and normalised for comparing."""

import re
from urllib.parse import urljoin, urlsplit, urlunsplit

MAX_URL = 2048
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_[ce]id|_hs(?:enc|mi)|oly_(?:enc|anon)_id"
    r"|vero_id|at_(?:medium|campaign)|ns_(?:source|mchannel|campaign|linkname|fee))",
    re.IGNORECASE,
)
_PORTS = {"http": ":80", "https": ":443"}


def absolute(href: str | None, base: str | None = None) -> str | None:
    """The absolute http(s) address of a link as written; None for anything else (RFC 3986 section 5)."""
    href = re.sub(r"[\t\r\n]", "", href or "").strip()
    if not href or len(href) > MAX_URL:
        return None
    try:
        parts = urlsplit(urljoin(base or "", href))
        host = (
            (parts.hostname or "").encode("idna").decode()
            if not (parts.hostname or "").isascii()
            else parts.hostname
        )
        port = parts.port
    except (ValueError, UnicodeError):
        return None
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or re.search(r"[\x00-\x20<>\"\\^`{|}]", parts.netloc)
    ):
        return None
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    user = parts.netloc.rpartition("@")[0]
    quoted = [re.sub(r"[\x00-\x20<>\"\x7f]", _percent, part) for part in parts[2:]]
    url = urlunsplit((parts.scheme, f"{user}@{netloc}" if user else netloc, quoted[0] or "/", *quoted[1:]))
    return url if len(url) <= MAX_URL else None


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def without_tracking(url: str) -> str:
    """The address without the parameters that only count readers."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    kept = [pair for pair in parts.query.split("&") if not _TRACKING.fullmatch(pair.partition("=")[0])]
    return urlunsplit(parts._replace(query="&".join(kept)))


def normalised(url: str) -> str:
    """What two spellings of one address share: no default port, fragment, user or tracking."""
    parts = urlsplit(without_tracking(url))
    netloc = parts.netloc.rpartition("@")[2].lower().removesuffix(_PORTS.get(parts.scheme, ""))
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
