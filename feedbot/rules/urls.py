"""Addresses: made absolute, rid of what tracks readers, and normalised for comparing."""

import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from feedbot.rules.text import clean, without_direction

MAX_URL = 2048  # bytes in UTF-8
_TRACKING = re.compile(
    r"(?:utm_\w+|[pm]tm_\w+|pk_(?:campaign|kwd|source|medium|content)|mtm_\w+|[a-z]{1,2}clid|gclsrc|gbraid|wbraid"
    r"|msclkid|ttclid|li_fat_id|igshi?d?|mibextid|srsltid|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|hsctatracking|_g[al]"
    r"|oly_(?:enc|anon)_id|vero_id|wt_z?mc|xtor|s_cid|ref_(?:src|url)|__twitter_impression|guce(?:_referrer\w*)?"
    r"|guccounter|at_(?:medium|campaign|custom\d|link_\w+|ptr_\w+|bbc_team|format)"
    r"|ns_(?:source|mchannel|campaign|linkname|fee))",
    re.IGNORECASE,
)
_SESSION = re.compile(r"(?:php|asp)?sess(?:ion)?_?id\w*|jsessionid|cfid|cftoken", re.IGNORECASE)
_SESSION_IN_PATH = re.compile(r";jsessionid=[^/?#;]*", re.IGNORECASE)
_WEB = frozenset({"http", "https"})
# White space, what RFC 3986 has no place for, and characters that are not seen.
_UNSAFE = re.compile(r"[\x00-\x20<>\"\\^`{|}\x7f\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# An address, or a path from the root of a site, in which there is nothing to resolve, to escape or to drop.
_PLAIN = re.compile(
    r"(?P<site>https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9]\d{0,3})?)?"
    r"(?P<path>(?:/(?!\.)[A-Za-z0-9._~%!$&'()*+,=:@-]*+)++"
    r"(?:\?[A-Za-z0-9._~%!$&'()*+,=:@/-]++)?+(?:\#[A-Za-z0-9._~-]++)?+)",
    re.ASCII,
)
_SITE = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9]\d{0,3})?(?=/)", re.ASCII)
_UNSAFE_HOST = re.compile(r"[\x00-\x20<>\"\\^`{|}%\x7f\s]")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def absolute(href: str | None, base: str | None = None) -> str | None:
    """The absolute http(s) address of a link as written; None for anything else (RFC 3986 section 5).

    Also None: more than 2 kB, a host that is none, port 0. A host outside ASCII comes back as IDNA.
    """
    href = (href or "")[: 4 * MAX_URL].strip()
    if plain := _plain(href, base or ""):
        return plain
    href = re.sub(r"[\t\r\n]", "", without_direction(clean(href))).strip()
    if not href:
        return None
    try:
        parts = urlsplit(urljoin(base or "", href))
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except (ValueError, UnicodeError):
        return None
    user, _, name = parts.netloc.rpartition("@")
    if parts.scheme not in _WEB or not host or port == 0 or _UNSAFE_HOST.search(name) or "\\" in user:
        return None
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    path, query, fragment = (_UNSAFE.sub(_percent, part) for part in parts[2:])
    user = _UNSAFE.sub(_percent, user)
    url = urlunsplit((parts.scheme, f"{user}@{netloc}" if user else netloc, path or "/", query, fragment))
    return url if len(url.encode()) <= MAX_URL else None


def _plain(href: str, base: str) -> str | None:
    """The absolute address of most links there are, told without taking them apart."""
    match = _PLAIN.fullmatch(href)
    if match is None or href.startswith("//"):
        return None
    site = match["site"] or ((found := _SITE.match(base)) and found[0])
    return site + match["path"] if site and len(site) + len(match["path"]) <= MAX_URL else None


def _ascii_host(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def without_tracking(url: str) -> str:
    """The address without the parameters that only count readers."""
    parts = urlsplit(url)
    if not parts.query and not parts.fragment:
        return url
    fragment = "" if _TRACKING.fullmatch(parts.fragment.partition("=")[0]) else parts.fragment
    return urlunsplit(parts._replace(query=_kept(parts.query, _TRACKING), fragment=fragment))


def _kept(query: str, dropped: re.Pattern[str]) -> str:
    return "&".join(pair for pair in query.split("&") if not dropped.fullmatch(pair.partition("=")[0]))


def normalised(url: str) -> str:
    """What the spellings of one address share; for comparing, not for asking.

    Without default port, fragment, user, the host's last dot, tracking and session parameters; escapes
    as RFC 3986 section 6.2.2 wants them. `http` becomes `https`: when a site moves, each of its links
    changes its scheme, and no two articles differ by it. `www.` stays: it may be another site.
    """
    parts = urlsplit(without_tracking(url))
    port = parts.port
    host = (parts.hostname or "").removesuffix(".")
    netloc = f"[{host}]" if ":" in host else host
    scheme = "https" if parts.scheme in _WEB else parts.scheme
    if port not in {None, 80, 443}:
        netloc += f":{port}"
    path = _SESSION_IN_PATH.sub("", parts.path) or "/"
    return urlunsplit((scheme, netloc, _same_escapes(path), _same_escapes(_kept(parts.query, _SESSION)), ""))


def _same_escapes(text: str) -> str:
    if text.isascii() and "%" not in text:
        return text
    return re.sub(r"[^\x00-\x7f]+", _percent, _ESCAPED.sub(_unescape, text))


def _unescape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def is_front_page(url: str) -> bool:
    """Whether an address is that of a whole site, which is no article's own."""
    parts = urlsplit(url)
    return not parts.query and re.fullmatch(r"/*(?:(?:index|default|home)\.\w{2,5})?", parts.path) is not None
