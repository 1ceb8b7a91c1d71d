"""What the words of config.toml mean: durations, addresses, networks; a refusal says what would be right."""

import json
import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator

from feedbot.rules.filters import parse_rule

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LONGEST_DURATION = timedelta(days=36_500)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_duration(text: object) -> timedelta:
    """Read `"90s"`, `"15m"`, `"1h30m"`, `"7d"`; raises ValueError for anything else."""
    if isinstance(text, timedelta):
        return text
    parts = re.findall(r"([0-9]{1,9})([smhdw])", text) if isinstance(text, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'a duration is text like "90s", "15m", "1h30m" or "7d", not {shown(text)}')
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if seconds > LONGEST_DURATION.total_seconds():
        raise ValueError(f"{text!r} is longer than a hundred years")
    return timedelta(seconds=seconds)


def parse_interval(text: object) -> timedelta:
    """Read how often a source is polled; raises ValueError for less than a second as well."""
    value = parse_duration(text)
    if value < timedelta(seconds=1):
        raise ValueError('a source is polled at most once a second; "30m" would do')
    return value


def split_listen(text: str) -> tuple[str, int]:
    """Part `"127.0.0.1:8080"` or `"[::1]:8080"` into host and port."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def parse_network(text: str) -> tuple[IPv4Network | IPv6Network, int | None]:
    """Read `"127.0.0.1/32:8099"`, `"[::1]/128:8099"` or `"10.1.2.0/24"` as network and port.

    Raises ValueError for anything else.
    """
    match = re.fullmatch(
        r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(/[0-9]{1,3})?(?::([0-9]{1,5}))?", text.strip(), re.ASCII
    )
    address = (match[1] or match[2]) + (match[3] or "") if match else text.strip()
    port = int(match[4]) if match and match[4] else None
    try:
        network = ip_network(address, strict=False)
    except ValueError as error:
        raise ValueError(_no_network(text)) from error
    if port is not None and not 0 < port < 65536:
        raise ValueError(_no_network(text))
    return network, port


def _no_network(text: str) -> str:
    return f'{text!r} is no network; "127.0.0.1/32:8099", "[::1]/128:8099" or "10.1.2.0/24" would be one'


def words(value: object) -> object:
    """Let a list come from the environment: as JSON, or as words parted by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f'{value!r} is no list; ["a", "b"] or a,b would be one') from error
    return [word.strip() for word in value.split(",") if word.strip()]


def check_web_address(text: str) -> str:
    """An http(s) address with a host; raises ValueError for anything else."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\x00-\x20\x7f]", text):
        raise ValueError(f"{shown(text)} is no http:// or https:// address")
    return text


def shown(value: object) -> str:
    """A value in the words of TOML, short, and without the password of an address."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list, tuple)):
        return "a table" if isinstance(value, dict) else "a list"
    text = re.sub(r"//[^/\s]*@", "//***@", str(value))
    text = text if len(text) <= 60 else f"{text[:59]}…"
    return repr(text) if isinstance(value, str) else text


def _base_address(text: str) -> str:
    check_web_address(text)
    if re.search(r"[?#]", text) or "@" in urlsplit(text).netloc:
        raise ValueError(f"{shown(text)}: an address without user, ? and # is wanted here")
    return text.rstrip("/")


def _path(value: object) -> object:
    if isinstance(value, str) and not value.isprintable():
        raise ValueError(f"{shown(value)}: a path without control characters is wanted here")
    return value


def _named_path(value: object) -> object:
    if value == "":
        raise ValueError("is empty; a path is wanted here")
    return _path(value)


def _path_or_none(value: object) -> object:
    return _path(value) or None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f'{name!r} is no time zone; "Asia/Seoul" would be one') from error
    return name


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text) or text == "all":
        raise ValueError(
            f"{text!r}: a slug is a-z, 0-9 and -, at most 64, begins with no -, and is not 'all'"
        )
    return text


def _listen(text: str) -> str:
    match = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):([0-9]{1,5})", text, re.ASCII)
    if not match or int(match[1]) > 65535:
        raise ValueError(f'{text!r} is no listening address; "127.0.0.1:8080" would be one')
    return text


def _listen_or_none(text: str) -> str:
    return _listen(text) if text else text


def _language(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", text):
        raise ValueError(f'{text!r} is no language; "en" or "pt-BR" would be one')
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{shown(text)}: words on one line are wanted here")
    return text


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; words are wanted here")
    return _one_line(text)


def _hub(text: str) -> str:
    return text if text in {"", "self"} else check_web_address(text)


def _keep(text: str) -> str:
    if text:
        parse_duration(text)
    return text


def parse_chat(value: object) -> str:
    """A chat's number as text, or its `@name`; raises ValueError for anything else."""
    text = str(value).strip() if not isinstance(value, bool) else ""
    if re.fullmatch(r"-?\d{1,20}", text, re.ASCII) and int(text):
        return str(int(text))
    if not re.fullmatch(r"@[A-Za-z]\w{3,31}", text, re.ASCII):
        raise ValueError(f"{shown(value)} is no chat; a number or a @name would be one")
    return text


def _network(text: str) -> str:
    parse_network(text)
    return text


def _rule(text: str) -> str:
    parse_rule(text)
    return text


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        message = f"a whole number is wanted here, not {str(value).lower()}"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports a ValueError, and lets a TypeError through
    return value


Rules = tuple[Annotated[str, AfterValidator(_rule)], ...]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Interval = Annotated[timedelta, BeforeValidator(parse_interval)]
Slug = Annotated[str, AfterValidator(_slug)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
OneLine = Annotated[str, AfterValidator(_one_line)]
Words = Annotated[str, AfterValidator(_words)]
NamedPath = Annotated[Path, BeforeValidator(_named_path)]
PathOrNone = Annotated[Path | None, BeforeValidator(_path_or_none)]
HttpUrl = Annotated[str, AfterValidator(_base_address)]
Hub = Annotated[str, AfterValidator(_hub)]
Keep = Annotated[str, AfterValidator(_keep)]
Listen = Annotated[str, AfterValidator(_listen)]
ListenOrNone = Annotated[str, AfterValidator(_listen_or_none)]
Chat = Annotated[str, BeforeValidator(parse_chat)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(words)]
Admins = Annotated[tuple[Whole, ...], BeforeValidator(words)]
