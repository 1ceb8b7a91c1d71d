"""config.toml and the environment are read once, and every reference in them is checked."""

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from feedbot.config.sections import Config, SourceSection, reason
from feedbot.config.values import check_web_address, shown
from feedbot.errors import ConfigError
from feedbot.model import Kind

_PREFIX = "FEEDBOT_"
_A_LIST = 'a list is wanted here: ["a", "b"]'
_WANTED = {  # by how the names of pydantic's complaints begin
    ("string_type",): "text in quotes",
    ("path_type",): "a path in quotes",
    ("int_", "finite_number"): "a whole number",
    ("bool_",): "true or false",
}


def load(path: Path | None) -> Config:
    """Read the file (None: defaults only) and the environment.

    Raises ConfigError, one line naming the key and what would be right.
    """
    data = _read_toml(path) if path else {}
    where = str(path or "environment")
    telegram = data.get("telegram")
    if isinstance(telegram, dict) and "token" in telegram:
        raise ConfigError(
            f"{where}: telegram.token: a token never stands in the file;"
            " set FEEDBOT_TELEGRAM__TOKEN, or telegram.token_file"
        )
    _check_sections(where, data)
    try:
        config = Config(**data)
    except ValidationError as error:
        raise ConfigError(_first_problem(where, error)) from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where}: {_on_one_line(str(error))}") from error
    config = _absolute(config, path.parent.absolute() if path else Path.cwd(), where)
    _check_references(config, where)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: not found; name the configuration file with --config") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {_on_one_line(str(error))}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error


def _check_sections(where: str, data: dict[str, Any]) -> None:
    """Refuse sections that do not exist; pydantic does not look for them in the environment."""
    known = sorted(Config.model_fields)
    named = {section: f"{where}: {section!r}" for section in data}
    for variable in os.environ:
        section, nested, _ = variable.upper().removeprefix(_PREFIX).partition("__")
        if variable.upper().startswith(_PREFIX) and nested:
            named[section.lower()] = variable
    for section, who in named.items():
        if section not in known:
            raise ConfigError(f"{who}: unknown section; known here: {', '.join(known)}")


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _first_problem(where: str, error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    key = ".".join(f"[{part + 1}]" if isinstance(part, int) else str(part) for part in problem["loc"])
    variable = _variable(problem["loc"])
    source = f"environment {variable}" if variable else where
    more = f" ({len(problems) - 1} more)" if problems[1:] else ""
    return _on_one_line(f"{source}: {key.replace('.[', '[')}: {_complaint(problem)}{more}")


def _variable(loc: tuple[int | str, ...]) -> str | None:
    """The variable of the environment that a value came from."""
    name = _PREFIX + "__".join(str(part) for part in loc[:2]).upper()
    mine = (given for given in sorted(os.environ) if f"{given.upper()}__".startswith(f"{name}__"))
    return next(mine, None)


def _complaint(problem: Any) -> str:
    """What is wrong and what would be right, in the words of TOML where pydantic speaks of Python's types."""
    loc, kind, given = problem["loc"], problem["type"], shown(problem["input"])
    if kind == "extra_forbidden":
        return f"unknown key; known here: {', '.join(_known_keys(loc))}"
    if kind == "missing":
        return "is missing; this section needs it"
    if kind == "tuple_type":
        is_section = len(loc) == 1
        return f"write [[{loc[0]}]] in the file, a table for each" if is_section else _A_LIST
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"a table is wanted here: [{loc[0]}]" if len(loc) == 1 else "a table is wanted here"
    if kind == "greater_than_equal":
        return f"{given} is too small; {problem['ctx']['ge']} would do"
    if kind == "less_than_equal":
        return f"{given} is too large; {problem['ctx']['le']} would do"
    for kinds, wanted in _WANTED.items():
        if kind.startswith(kinds):
            return f"{wanted} is wanted here, not {given}"
    text: str = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:] + (f", not {given}" if kind in {"literal_error", "enum"} else "")


def _known_keys(where: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where[:-1]:
        if isinstance(part, str):
            default = model.model_fields[part].annotation
            args = getattr(default, "__args__", None)
            model = args[0] if args else default  # type: ignore[assignment]  # tuple[Section, ...] or Section
    return sorted(key for key in model.model_fields if key != "token")


def _absolute(config: Config, folder: Path, where: str) -> Config:
    section, telegram = config.feedbot, config.telegram
    database = folder / _database_file(section.database, where)
    paths = {"feeds_dir": folder / section.feeds_dir, "sites_dir": folder / section.sites_dir}
    token_file = folder / telegram.token_file if telegram.token_file else None
    return config.model_copy(
        update={
            "feedbot": section.model_copy(update={"database": f"sqlite:///{database}", **paths}),
            "telegram": telegram.model_copy(update={"token_file": token_file}),
            "source": tuple(_absolute_source(source, folder) for source in config.source),
        }
    )


def _database_file(database: str, where: str) -> str:
    scheme, parted, _ = database.partition("://")
    if parted and scheme.startswith("postgres"):
        raise ConfigError(
            f'{where}: feedbot.database: {scheme}:// comes with a later version; "sqlite:///path" works'
        )
    file = database.removeprefix("sqlite:///")
    if not file.isprintable() or "?" in file:
        raise ConfigError(
            f"{where}: feedbot.database: a path without ? and control characters is wanted here"
        )
    if file in {database, ""} or file.endswith("/"):
        raise ConfigError(
            f'{where}: feedbot.database: "sqlite:///var/feedbot.db" would be one, not a path without a file'
            if database.startswith("sqlite:///")
            else f'{where}: feedbot.database: {shown(scheme)} is not known; "sqlite:///var/feedbot.db" works'
        )
    return file


def _absolute_source(source: SourceSection, folder: Path) -> SourceSection:
    update: dict[str, Any] = {}
    if source.headers_file:
        update["headers_file"] = folder / source.headers_file
    if source.kind is Kind.FILES:
        update["url"] = str(folder / source.url.removeprefix("file://"))
    return source.model_copy(update=update)


def _check_references(config: Config, where: str) -> None:
    slugs = [category.slug for category in config.category]
    known = ", ".join(slugs) or "none; add a [[category]]"
    addresses = [f"{item.chat.lower()}/{item.topic} {item.category}" for item in config.subscription]
    for name, values in (
        ("category", slugs),
        ("source", [source.id for source in config.source]),
        ("subscription", addresses),
    ):
        if double := _first_double(values):
            raise ConfigError(f"{where}: {name} {double!r} is there twice; once is enough")
    ruled = any(category.match for category in config.category)
    for source in config.source:
        _check_source(source, known, where, ruled=ruled)
    named = [(f"source {source.id}", slug) for source in config.source for slug in source.slugs]
    named += [(f"subscription {item.chat}", item.category) for item in config.subscription]
    for who, slug in named:
        if slug not in slugs:
            raise ConfigError(f"{where}: {who}: category {slug!r} is not defined; known: {known}")


def _first_double(values: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _check_source(source: SourceSection, known: str, where: str, *, ruled: bool) -> None:
    if not source.slugs and not ruled:
        raise ConfigError(f'{where}: source {source.id}: no category; add category = "…" (known: {known})')
    if source.kind is not Kind.FILES:
        try:
            check_web_address(source.url)
        except ValueError as error:
            raise ConfigError(f"{where}: source {source.id}: url {error}") from error
