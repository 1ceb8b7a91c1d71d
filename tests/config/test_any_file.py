"""Whatever stands in the file: it is taken, or refused in one line."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from feedbot.config import Config, load
from feedbot.errors import ConfigError


def _names(model: type[BaseModel]) -> list[str]:
    return [*model.model_fields, "x"]


_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["1h", "policies", "https://x.example", "all", "UTC", "@name", "", "sqlite:///x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "slug", "id"]), inner),
    max_leaves=5,
)  # fmt: skip
_SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        name: _VALUES
        | st.dictionaries(st.sampled_from(_names(type(getattr(Config(), name)))), _VALUES, max_size=3)
        for name in ("feedbot", "web", "publish", "fetch", "telegram")
    }
    | {
        name: _VALUES
        | st.lists(
            st.dictionaries(st.sampled_from(_names(field.annotation.__args__[0])), _VALUES, max_size=4),
            max_size=2,
        )
        for name, field in Config.model_fields.items()
        if name in {"category", "source", "subscription"}
    },
)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _refusal(path: Path) -> str | None:
    """What is said of a file, None where it is taken; anything but a ConfigError is a fault."""
    try:
        config = load(path)
        config.sources()
        config.categories()
        config.without_effect()
    except ConfigError as error:
        return str(error)
    return None


@settings(max_examples=100, deadline=None)
@given(_SECTIONS | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), _VALUES, max_size=2))
def test_any_toml_is_taken_or_refused_in_one_line(tmp_path_factory: Any, sections: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    text = "\n".join(f"{json.dumps(key)} = {_toml(value)}" for key, value in sections.items())
    path.write_text(text.replace("\x7f", "\\u007f"), encoding="utf-8")
    told = _refusal(path)
    if told is not None:
        assert str(path) in told or "headers_file" in told
        assert "\n" not in told
        assert not [word for word in ("pydantic", "<class", "Input should") if word in told]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_taken_or_refused_in_one_line(tmp_path_factory: Any, body: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    path.write_bytes(body)
    told = _refusal(path)
    assert told is None or (str(path) in told and "\n" not in told)
