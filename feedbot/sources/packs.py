"""Loading rule packs (edge): those that come with feedbot, and the operator's own over them."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from feedbot.errors import ConfigError
from feedbot.model import Kind, Source
from feedbot.sources.pack import Pack, Packs, parse_pack

GENERIC = "generic"


def load_packs(sites_dir: Path | None) -> Packs:
    """All packs by name, the operator's over those shipped. Raises ConfigError for a broken one."""
    found: dict[str, Pack] = {}
    for resource in sorted(files("feedbot.sources").joinpath("sites").iterdir(), key=lambda item: item.name):
        if resource.name.endswith(".toml"):
            pack = parse_pack(resource.read_text(encoding="utf-8"), resource.name)
            found[pack.name] = pack
    for path in sorted(sites_dir.glob("*.toml")) if sites_dir and sites_dir.is_dir() else ():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"rule pack {path}: cannot be read: {error}") from error
        pack = parse_pack(text, str(path))
        found[pack.name] = pack
    return Packs(found)


def page_packs(packs: Packs, site: str | None, host: str | None) -> list[Pack]:
    """The packs to read an article page with: the named one, the host's, or each that could recognise it
    and the generic one last.
    """
    if site:
        return [packs.get(site, f"site {site}")]
    if pack := packs.for_host(host):
        return [pack]
    recognising = [pack for pack in packs.by_name.values() if pack.recognise and pack.name != GENERIC]
    return [*recognising, packs.get(GENERIC, "feedbot")]


def with_pack(source: Source, packs: Packs) -> Source:
    """A source with its rule pack named: the one told, else that of its host. Raises ConfigError."""
    pack = packs.get(source.site, f"source {source.id}") if source.site else None
    if pack is None and source.kind in {None, Kind.PAGE}:
        pack = packs.for_host(urlsplit(source.url).hostname)
    return replace(source, site=pack.name if pack else None)
