"""The sections of config.toml, and the whole of it: which keys there are, and what they are unless told."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from feedbot.config.values import (
    Admins,
    Chat,
    Duration,
    HttpUrl,
    Hub,
    Interval,
    Keep,
    Language,
    Listen,
    ListenOrNone,
    NamedPath,
    Networks,
    OneLine,
    PathOrNone,
    Rules,
    Slug,
    Whole,
    Words,
    Zone,
    parse_duration,
)
from feedbot.errors import ConfigError
from feedbot.model import Category, Kind, Source
from feedbot.rules.filters import Rule, parse_rules

# Accepted by the contract, without effect in this version; `check` and the daemon say so.
WITHOUT_EFFECT = (
    ("fetch", "proxy"),
    ("telegram", "admins"),
    ("category", "approval"),
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedbotSection(_Section):
    """`[feedbot]`: what and where this daemon is."""

    base_url: HttpUrl = "http://127.0.0.1:8080"
    title: Words = "feedbot"
    contact: OneLine = ""
    database: str = "sqlite:///var/feedbot.db"
    feeds_dir: NamedPath = Path("feeds")
    sites_dir: NamedPath = Path("sites")
    language: Language = "en"
    timezone: Zone = "UTC"
    keep: Keep = ""


class WebSection(_Section):
    """`[web]`: where readers reach the feeds; `admin_listen` takes `/metrics` away from there."""

    listen: Listen = "127.0.0.1:8080"
    admin_listen: ListenOrNone = ""


class PublishSection(_Section):
    """`[publish]`: how feeds are written."""

    entries: Whole = Field(default=50, ge=1, le=1000)
    content: Literal["full", "summary"] = "full"
    hub: Hub = ""
    brotli: bool = False
    per_source: bool = False


class FetchSection(_Section):
    """`[fetch]`: what strangers may make us reach, and how gently."""

    allow_networks: Networks = ()
    host_gap: Duration = timedelta(seconds=1)
    host_concurrency: Whole = Field(default=2, ge=1, le=16)
    proxy: str = ""


class TelegramSection(_Section):
    """`[telegram]`: the bot. `token` comes from the environment only."""

    token: SecretStr | None = None
    token_file: PathOrNone = None
    api_url: HttpUrl = "https://api.telegram.org"
    admins: Admins = ()
    messages_per_second: Whole = Field(default=25, ge=1, le=1000)
    probe_unknown: bool = False
    withdrawn: Literal["mark", "delete"] = "mark"


class CategorySection(_Section):
    """`[[category]]`: a feed of ours."""

    slug: Slug
    title: Words
    language: Language | None = None
    content: Literal["full", "summary"] | None = None
    description: OneLine | None = None
    match: Rules = ()
    approval: bool = False


class SourceSection(_Section):
    """`[[source]]`: a place that publishes articles."""

    id: Slug
    url: Words
    kind: Kind | None = None
    site: str | None = None
    category: str | None = None
    categories: tuple[str, ...] = ()
    map: dict[str, str] = {}
    interval: Interval | None = None
    full_text: bool = False
    timezone: Zone | None = None
    language: Language | None = None
    keep: Keep = ""
    headers_file: PathOrNone = None
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
    topic: Whole = Field(default=0, ge=0)
    style: Literal["photo", "album", "text", "full", "link", "rich"] = "photo"
    template: str = ""
    silent: bool = False
    language: Language | None = None
    on_unknown: Literal["resend", "park"] = "resend"
    max_age: Duration | None = None
    latest: Whole = Field(default=0, ge=0, le=100)


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

    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules of the categories that have some."""
        return {category.slug: parse_rules(category.match) for category in self.category if category.match}

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
                keep=parse_duration(kept) if (kept := source.keep or self.feedbot.keep) else None,
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


def reason(error: Exception) -> str:
    """Why a file could not be read, in words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)


def _read_headers(source: SourceSection) -> dict[str, str]:
    """The headers of a source, one to a line; a complaint names the line, for its words may be secret."""
    if source.headers_file is None:
        return {}
    where = f"source {source.id}: headers_file {source.headers_file}"
    try:
        lines = source.headers_file.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: {reason(error)}") from error
    headers = {}
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not re.fullmatch(r"[!#$%&'*+.^`|~\w-]+", name.strip(), re.ASCII):
            raise ConfigError(f'{where}: line {number} is not of the form "Name: value"')
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value.strip()):
            raise ConfigError(f"{where}: line {number} holds a control character")
        headers[name.strip()] = value.strip()
    return headers
