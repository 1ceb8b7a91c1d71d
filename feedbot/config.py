"""config.toml and the environment become one frozen Config, checked once."""

import json
import os
import re
import stat
import tomllib
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from feedbot.errors import ConfigError
from feedbot.model import Category, Kind, Source

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

# Accepted by the contract, without effect in this version; `check` and the daemon say so.
WITHOUT_EFFECT = (
    ("feedbot", "keep"),
    ("publish", "hub"),
    ("publish", "brotli"),
    ("publish", "per_source"),
    ("fetch", "proxy"),
    ("telegram", "probe_unknown"),
    ("telegram", "admins"),
    ("category", "match"),
    ("category", "approval"),
    ("source", "keep"),
    ("subscription", "template"),
    ("subscription", "style"),
)


def parse_duration(text: object) -> timedelta:
    """Read `"90s"`, `"15m"`, `"1h30m"`, `"7d"`; raises ValueError for anything else."""
    if isinstance(text, timedelta):
        return text
    parts = re.findall(r"(\d+)([smhdw])", text) if isinstance(text, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'a duration is text like "90s", "15m", "1h30m" or "7d", not {text!r}')
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def _words(value: object) -> object:
    """Let a list come from the environment: as JSON, or as words parted by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


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


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is no http:// or https:// address")
    return text.rstrip("/")


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f'{text!r} is no listening address; "127.0.0.1:8080" would be one')
    return text


def split_listen(text: str) -> tuple[str, int]:
    """Part `"127.0.0.1:8080"` or `"[::1]:8080"` into host and port."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _chat(value: object) -> str:
    text = str(value).strip() if not isinstance(value, bool) else ""
    if not re.fullmatch(r"-?\d{1,20}|@[A-Za-z]\w{3,31}", text):
        raise ValueError(f"{value!r} is no chat; a number or a @name would be one")
    return text


def parse_network(text: str) -> tuple[IPv4Network | IPv6Network, int | None]:
    """Read `"127.0.0.1/32:8099"`, `"[::1]/128:8099"` or `"10.1.2.0/24"` as network and port."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(/\d{1,3})?(?::(\d{1,5}))?", text.strip())
    address = (match[1] or match[2]) + (match[3] or "") if match else text.strip()
    try:
        return ip_network(address, strict=False), int(match[4]) if match and match[4] else None
    except ValueError as error:
        raise ValueError(
            f'{text!r}: "127.0.0.1/32:8099", "[::1]/128:8099" or "10.1.2.0/24" would do'
        ) from error


def _network(text: str) -> str:
    parse_network(text)
    return text


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Slug = Annotated[str, AfterValidator(_slug)]
Zone = Annotated[str, AfterValidator(_zone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Listen = Annotated[str, AfterValidator(_listen)]
Chat = Annotated[str, BeforeValidator(_chat)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_words)]
Admins = Annotated[tuple[int, ...], BeforeValidator(_words)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedbotSection(_Section):
    """`[feedbot]`: what and where this daemon is."""

    base_url: HttpUrl = "http://127.0.0.1:8080"
    title: str = "feedbot"
    contact: str = ""
    database: str = "sqlite:///var/feedbot.db"
    feeds_dir: Path = Path("feeds")
    sites_dir: Path = Path("sites")
    language: str = "en"
    timezone: Zone = "UTC"
    keep: str = ""


class WebSection(_Section):
    """`[web]`: where readers reach the feeds; `admin_listen` takes `/metrics` away from there."""

    listen: Listen = "127.0.0.1:8080"
    admin_listen: str = ""


class PublishSection(_Section):
    """`[publish]`: how feeds are written."""

    entries: int = Field(default=50, ge=1, le=1000)
    content: Literal["full", "summary"] = "full"
    hub: str = ""
    brotli: bool = False
    per_source: bool = False


class FetchSection(_Section):
    """`[fetch]`: what strangers may make us reach, and how gently."""

    allow_networks: Networks = ()
    host_gap: Duration = timedelta(seconds=1)
    host_concurrency: int = Field(default=2, ge=1, le=16)
    proxy: str = ""


class TelegramSection(_Section):
    """`[telegram]`: the bot. `token` comes from the environment only."""

    token: SecretStr | None = None
    token_file: Path | None = None
    api_url: HttpUrl = "https://api.telegram.org"
    admins: Admins = ()
    messages_per_second: int = Field(default=25, ge=1, le=1000)
    probe_unknown: bool = False


class CategorySection(_Section):
    """`[[category]]`: a feed of ours."""

    slug: Slug
    title: str = Field(min_length=1)
    language: str | None = None
    content: Literal["full", "summary"] | None = None
    description: str | None = None
    match: tuple[str, ...] = ()
    approval: bool = False


class SourceSection(_Section):
    """`[[source]]`: a place that publishes articles."""

    id: Annotated[str, AfterValidator(_slug)]
    url: str = Field(min_length=1)
    kind: Kind | None = None
    site: str | None = None
    category: str | None = None
    categories: tuple[str, ...] = ()
    map: dict[str, str] = {}
    interval: Duration | None = None
    full_text: bool = False
    timezone: Zone | None = None
    language: str | None = None
    keep: str = ""
    headers_file: Path | None = None
    verify_tls: bool = True

    @property
    def slugs(self) -> tuple[str, ...]:
        """Every category that this source names."""
        single = (self.category,) if self.category else ()
        return tuple(dict.fromkeys((*single, *self.categories, *self.map.values())))


class SubscriptionSection(_Section):
    """`[[subscription]]`: a chat declared by the operator."""

    chat: Chat
    category: str
    topic: int = Field(default=0, ge=0)
    style: Literal["photo", "text", "full", "link"] = "photo"
    template: str = ""
    silent: bool = False
    language: str | None = None
    on_unknown: Literal["resend", "park"] = "resend"
    max_age: Duration | None = None
    latest: int = Field(default=0, ge=0, le=100)


class Config(BaseSettings):
    """The whole configuration, paths made absolute."""

    model_config = SettingsConfigDict(
        env_prefix="FEEDBOT_", env_nested_delimiter="__", enable_decoding=False, extra="forbid", frozen=True
    )

    feedbot: FeedbotSection = FeedbotSection()
    web: WebSection = WebSection()
    publish: PublishSection = PublishSection()
    fetch: FetchSection = FetchSection()
    telegram: TelegramSection = TelegramSection()
    category: tuple[CategorySection, ...] = ()
    source: tuple[SourceSection, ...] = ()
    subscription: tuple[SubscriptionSection, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return Path(self.feedbot.database.removeprefix("sqlite:///"))

    def categories(self) -> tuple[Category, ...]:
        """The categories in the order of the file, defaults filled in."""
        return tuple(
            Category(
                slug=category.slug,
                title=category.title,
                language=category.language or self.feedbot.language,
                description=category.description,
                content=category.content or self.publish.content,
            )
            for category in self.category
        )

    def sources(self) -> tuple[Source, ...]:
        """The sources of the file; raises ConfigError for a headers file that cannot be read."""
        return tuple(
            Source(
                id=source.id,
                url=source.url,
                kind=source.kind,
                site=source.site,
                categories=tuple(dict.fromkeys(filter(None, (source.category, *source.categories)))),
                category_map=dict(source.map),
                interval=source.interval,
                full_text=source.full_text,
                timezone=source.timezone or self.feedbot.timezone,
                language=source.language,
                headers=_read_headers(source),
                verify_tls=source.verify_tls,
            )
            for source in self.source
        )

    def without_effect(self) -> list[str]:
        """The keys that are set although this version does nothing with them."""
        named = []
        for section, key in WITHOUT_EFFECT:
            value = getattr(self, section)
            for part in value if isinstance(value, tuple) else (value,):
                default = type(part).model_fields[key].get_default(call_default_factory=True)
                if getattr(part, key) != default:
                    named.append(f"{section}.{key}")
        return list(dict.fromkeys(named))


def _read_headers(source: SourceSection) -> dict[str, str]:
    if source.headers_file is None:
        return {}
    try:
        lines = source.headers_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"source {source.id}: headers_file {source.headers_file}: {_reason(error)}"
        ) from error
    pairs = [line.partition(":") for line in lines if line.strip() and not line.startswith("#")]
    if bad := [
        name for name, colon, value in pairs if not colon or not re.fullmatch(r"[\w-]+", name.strip())
    ]:
        raise ConfigError(f'source {source.id}: headers_file: {bad[0]!r} is not of the form "Name: value"')
    return {name.strip(): value.strip() for name, _, value in pairs}


def load(path: Path | None) -> Config:
    """Read the file (None: defaults only) and the environment.

    Raises ConfigError, one line naming the key and what would be right.
    """
    data = _read_toml(path) if path else {}
    if "token" in (data.get("telegram") or {}):
        raise ConfigError(
            f"{path}: telegram.token: a token never stands in the file;"
            " set FEEDBOT_TELEGRAM__TOKEN, or telegram.token_file"
        )
    try:
        config = Config(**data)
    except ValidationError as error:
        raise ConfigError(f"{path or 'environment'}: {_first_problem(error)}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path or 'environment'}: {error}") from error
    config = _absolute(config, path.parent.absolute() if path else Path.cwd())
    _check_references(config, path)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: not found; name the configuration file with --config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "not UTF-8 text"


def _first_problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    where = ".".join(f"[{part + 1}]" if isinstance(part, int) else str(part) for part in problem["loc"])
    where = where.replace(".[", "[")
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key; known here: {', '.join(_known_keys(problem['loc']))}"
    text = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {text[:1].lower()}{text[1:]}" + (f" ({len(problems) - 1} more)" if problems[1:] else "")


def _known_keys(where: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where[:-1]:
        if isinstance(part, str):
            default = model.model_fields[part].annotation
            args = getattr(default, "__args__", None)
            model = args[0] if args else default  # type: ignore[assignment]  # tuple[Section, ...] or Section
    return sorted(key for key in model.model_fields if key != "token")


def _absolute(config: Config, folder: Path) -> Config:
    section, telegram = config.feedbot, config.telegram
    if not section.database.startswith("sqlite:///"):
        later = "comes with a later version" if section.database.startswith("postgres") else "is not known"
        raise ConfigError(
            f'feedbot.database: {section.database.split(":")[0]}:// {later}; "sqlite:///path" works'
        )
    database = folder / section.database.removeprefix("sqlite:///")
    paths = {"feeds_dir": folder / section.feeds_dir, "sites_dir": folder / section.sites_dir}
    sources = tuple(
        source.model_copy(update={"headers_file": folder / source.headers_file})
        if source.headers_file
        else source
        for source in config.source
    )
    sources = tuple(
        source.model_copy(update={"url": str(folder / source.url.removeprefix("file://"))})
        if source.kind is Kind.FILES
        else source
        for source in sources
    )
    token_file = folder / telegram.token_file if telegram.token_file else None
    return config.model_copy(
        update={
            "feedbot": section.model_copy(update={"database": f"sqlite:///{database}", **paths}),
            "telegram": telegram.model_copy(update={"token_file": token_file}),
            "source": sources,
        }
    )


def _check_references(config: Config, path: Path | None) -> None:
    slugs = [category.slug for category in config.category]
    known = ", ".join(slugs) or "none; add a [[category]]"
    for name, values in (("category", slugs), ("source", [source.id for source in config.source])):
        if double := next((value for value in values if values.count(value) > 1), None):
            raise ConfigError(f"{path}: {name} {double!r} is there twice; each needs a name of its own")
    for source in config.source:
        if not source.slugs:
            raise ConfigError(f'{path}: source {source.id}: no category; add category = "…" (known: {known})')
        if source.kind is not Kind.FILES and urlsplit(source.url).scheme not in {"http", "https"}:
            raise ConfigError(
                f"{path}: source {source.id}: url {source.url!r} is no http:// or https:// address"
            )
    named = [(f"source {source.id}", slug) for source in config.source for slug in source.slugs]
    named += [(f"subscription {item.chat}", item.category) for item in config.subscription]
    for who, slug in named:
        if slug not in slugs:
            raise ConfigError(f"{path}: {who}: category {slug!r} is not defined; known: {known}")


def read_token(config: Config) -> tuple[str | None, str | None]:
    """The bot token and a warning about its file; (None, None) where no token is configured.

    The order: FEEDBOT_TELEGRAM__TOKEN, `token_file`, the systemd credential `telegram_token`.
    Raises ConfigError for a file that cannot be read or holds no token.
    """
    if config.telegram.token is not None:
        return _check_token(config.telegram.token.get_secret_value(), "FEEDBOT_TELEGRAM__TOKEN"), None
    path = config.telegram.token_file
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if path is None and credentials and (Path(credentials) / "telegram_token").exists():
        path = Path(credentials) / "telegram_token"
    if path is None:
        return None, None
    try:
        text, mode = path.read_text(encoding="utf-8"), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"telegram.token_file: {path}: cannot be read: {_reason(error)}") from error
    open_to_others = mode & (stat.S_IRGRP | stat.S_IROTH) and not credentials
    warning = f"telegram.token_file: {path} can be read by others; chmod 600 would be right"
    return _check_token(text, str(path)), warning if open_to_others else None


def _check_token(text: str, where: str) -> str:
    token = text.strip()
    if not re.fullmatch(r"\d+:[\w-]{3,}", token):
        raise ConfigError(f"{where}: no bot token in it; BotFather's look like 123456789:AA…")
    return token
