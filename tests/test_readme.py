"""What the documents say is what the code does: keys, defaults, commands, metrics, links, examples."""

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic_core import PydanticUndefined

from feedbot.cli import app, load_commands
from feedbot.config import Config, load, parse_duration
from feedbot.config.sections import WITHOUT_EFFECT
from feedbot.jobs.observe import Observer
from feedbot.rules.filters import FIELDS, parse_rule
from feedbot.sources.pack import ArticleRules, ListRules, Pack, parse_pack
from feedbot.sources.page import parse_article, parse_list

load_commands()
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "feeds" / "README.md"])
NEVER_IN_THE_FILE = {("telegram", "token")}


def between(name: str) -> str:
    return README.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]


def rows(name: str) -> Iterator[list[str]]:
    for line in between(name).strip().splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def documented() -> dict[tuple[str, str], tuple[str, str]]:
    """Default and meaning of each key of the configuration table."""
    found, section = {}, ""
    for key, default, meaning in rows("configuration"):
        if heading := re.fullmatch(r"\*\*`\[+(\w+)\]+`\*\*", key):
            section = heading[1]
        else:
            assert re.fullmatch(r"`\w+`", key), f"one key a row: {key}"
            found[section, key.strip("`")] = (default, meaning)
    return found


def in_the_code() -> dict[tuple[str, str], Any]:
    """The default of each key that there is."""
    found = {}
    for section, field in Config.model_fields.items():
        model = field.annotation
        model = getattr(model, "__args__", (model,))[0]
        for key, one in model.model_fields.items():
            found[section, key] = one.get_default(call_default_factory=True)
    return {key: value for key, value in found.items() if key not in NEVER_IN_THE_FILE}


def test_every_key_is_told_and_no_other():
    assert list(documented()) == list(in_the_code())
    assert "FEEDBOT_TELEGRAM__TOKEN" in README


@pytest.mark.parametrize("key", in_the_code(), ids=".".join)
def test_a_key_is_what_it_is_told_to_be_unless_told(key: tuple[str, str]):
    told, value = documented()[key][0], in_the_code()[key]
    literal = re.fullmatch(r"`(.*)`", told)
    if value is PydanticUndefined:
        assert told == ""
    elif value in (None, "", (), {}):
        assert told, "words that say what comes instead, or –"
        assert not literal
    elif isinstance(value, timedelta):
        assert literal
        assert parse_duration(literal[1]) == value
    else:
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        assert literal
        assert literal[1] == shown


def test_keys_without_effect_say_so():
    assert {key for key, (_, meaning) in documented().items() if meaning == "no effect yet"} == set(
        WITHOUT_EFFECT
    )


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    for word, one in (inner or {}).items():
        yield from leaves(one, f"{name} {word}".strip())


def test_every_command_and_option_is_told_and_no_other():
    told = {}
    for cell, _ in rows("commands"):
        for usage in cell.split(" · "):
            words = usage.strip("`").replace("[", " ").replace("]", " ").split()
            name = " ".join(word for word in words if word.islower() and not word.startswith("--"))
            named = {word for word in words if word.isupper() or word == "URL-or-FILE"}
            told[name] = ({word for word in words if word.startswith("--")}, named)
    wanted = {}
    for name, command in leaves(typer.main.get_command(app)):
        options = {word for one in command.params for word in one.opts if word.startswith("--")}
        options -= {"--json", "--help"}
        arguments = {one.metavar or "" for one in command.params if one.param_type_name == "argument"}
        wanted[name] = (options, arguments)
    assert {name: options for name, (options, _) in told.items()} == {n: o for n, (o, _) in wanted.items()}
    for name, (_, arguments) in wanted.items():
        assert arguments <= told[name][1], name


def test_options_of_the_program_itself_are_told():
    commands = README.partition("## Commands")[2].partition("<!-- commands -->")[0]
    program = typer.main.get_command(app)
    for option in {word for one in program.params for word in one.opts} - {"--help"}:
        assert option in commands


def test_every_metric_is_told_and_no_other():
    ends = {"counter": "_total"}
    there = {f"{one.name}{ends.get(one.type, '')}" for one in Observer().registry.collect()}
    assert set(re.findall(r"`(\w+)`", between("metrics"))) == there


def test_the_configuration_that_comes_with_it_is_read():
    config = load(ROOT / "config.toml")
    assert [source.id for source in config.source] == ["korea-net-policies"]
    assert config.without_effect() == []


def test_what_the_configuration_offers_in_comments_is_read_too(tmp_path: Path):
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    more = re.sub(r"(?m)^# (?=\[\[|[a-z_]+ = )", "", text)
    (tmp_path / "telegram-token").write_text("123456:TEST")
    (tmp_path / "config.toml").write_text(more)
    config = load(tmp_path / "config.toml")
    assert (len(config.source), len(config.subscription)) == (2, 1)


def blocks(document: str, kind: str) -> list[str]:
    """The fenced examples of a document."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def test_the_example_of_a_rule_pack_reads_the_pages_that_stand_beside_it():
    text = blocks("rule-packs.md", "toml")[0]
    section, article = blocks("rule-packs.md", "html")
    pack = parse_pack(text, "rule-packs.md")
    address = "https://news.example.org/harbour"
    listed = parse_list(section, address, pack)
    assert [(one.link, one.title) for one in listed.entries] == [
        ("https://news.example.org/harbour/4711", "The tram returns to Harbour Street")
    ]
    assert listed.next_page == "https://news.example.org/harbour?page=2"
    entry = parse_article(article, f"{address}/4711", pack)
    assert (entry.title, entry.categories) == ("The tram returns to Harbour Street", ("Harbour",))
    assert entry.published == "2026-03-03T14:30:00"
    assert [(one.name, one.email) for one in entry.authors] == [("Ada Byron", "ada@news.example.org")]
    assert (entry.content_text or "").split("\n\n") == [
        "After forty years the tram is back, and the first one was full by seven in the morning.",
        "A second line is to follow in autumn, if the bridge holds what its engineers promise.",
    ]
    assert [(one.url, one.caption, one.credit) for one in entry.photos] == [
        (
            "https://news.example.org/pictures/tram.jpg",
            "The first tram at the fish market",
            "Harbour Pictures",
        )
    ]


def test_every_key_of_a_rule_pack_is_told():
    text = (ROOT / "docs" / "rule-packs.md").read_text(encoding="utf-8")
    for rules in (Pack, ListRules, ArticleRules):
        for key in rules.__dataclass_fields__:
            assert re.search(rf"`\[?{key}\]?`|^{key} = |^\[{key}\]", text, re.MULTILINE), key


def test_the_rules_that_the_page_on_categories_shows_are_rules():
    shown = [line for block in blocks("categories.md", "rule") for line in block.splitlines()]
    assert len(shown) > 8
    for line in shown:
        parse_rule(line)
    text = (ROOT / "docs" / "categories.md").read_text(encoding="utf-8")
    for field in FIELDS:
        assert f"`{field}:" in text


def test_the_configuration_that_the_page_on_categories_shows_is_read(tmp_path: Path):
    for number, block in enumerate(blocks("categories.md", "toml")):
        assert tomllib.loads(block)
        path = tmp_path / f"{number}.toml"
        path.write_text(block)
        load(path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(document: Path):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_decision_is_in_the_table():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\[(\d{4})\]\((\S+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert [name for _, name in listed] == sorted(path.name for path in folder.glob("0*.md"))
