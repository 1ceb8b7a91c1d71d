"""Rule packs: each that is shipped beside saved pages of its kind, and what is wrong with broken ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedbot.errors import ConfigError
from feedbot.sources.decode import decode_page
from feedbot.sources.pack import Pack, pack_data, pack_from_data, parse_pack
from feedbot.sources.packs import load_packs, page_packs
from feedbot.sources.page import choose, parse_article, parse_list
from tests.sources.test_page import PAGES, record, when

PACKS = load_packs(None)
WITH_PAGES = ("hugo", "korea-board", "nextjs-news", "wordpress")


def saved(name: str) -> tuple[str, dict[str, Any]]:
    html = decode_page((PAGES / f"{name}.html").read_bytes(), None)
    return html, json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WITH_PAGES)
def test_a_shipped_pack_reads_the_article_of_its_kind(name: str):
    html, expected = saved(f"{name}-article")
    entry = parse_article(html, expected["url"], PACKS.by_name[name])
    files = [{"url": one.url, "type": one.type} for one in entry.enclosures]
    assert record(entry) | {"canonical": entry.canonical, "enclosures": files} == expected


@pytest.mark.parametrize("name", WITH_PAGES)
def test_a_shipped_pack_reads_the_list_of_its_kind(name: str):
    html, expected = saved(f"{name}-list")
    feed = parse_list(html, expected["url"], PACKS.by_name[name])
    found = [
        {
            "link": entry.link,
            "title": entry.title,
            "published": (when(entry.published) or ("",))[0][:10],
            "photo": entry.photos[0].url if entry.photos else None,
        }
        for entry in feed.entries
    ]
    assert (found, feed.next_page) == (expected["entries"], expected["next_page"])


@pytest.mark.parametrize("name", WITH_PAGES)
def test_a_saved_article_is_recognised_by_its_own_pack_alone(name: str):
    html, _ = saved(f"{name}-article")
    assert choose(html, page_packs(PACKS, None, None)[:-1]) == PACKS.by_name[name]


def test_a_pack_survives_its_way_into_the_worker():
    for pack in PACKS.by_name.values():
        assert pack_from_data(json.loads(json.dumps(pack_data(pack)))) == pack


def pack(text: str) -> Pack:
    return parse_pack(text, "mine.toml")


def test_an_article_rule_may_leave_everything_out():
    assert pack('name = "mine"').article.body == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "mine.toml: not valid TOML"),
        ("", "name: is missing"),
        ('name = "a"\n[list]\ntitle = "h2"', "list.item: is missing"),
        ('name = "a"\n[article]\nbdy = "p"', "article.bdy: no such key; there are title, body"),
        ('name = "a"\ncolour = "red"', "colour: no such key; there are name, article"),
        ('name = "a"\n[article]\ntitle = 5', "article.title: should be text or a list of texts, not 5"),
        ('name = "a"\n[article]\ntitle = ["h1", "[["]', "article.title: '[[' is no CSS selector"),
        (
            'name = "a"\n[article]\ntitle = "script@json:a..b"',
            "article.title: 'script@json:a..b': a path is names",
        ),
        ('name = "a"\nrecognise = "::"', "recognise: '::' is no CSS selector"),
        ('name = "a"\ntimezone = "Seoul"', "timezone: \"Asia/Seoul\" would be one, not 'Seoul'"),
        ('name = "a"\ntimezone = "../x"', 'timezone: "Asia/Seoul" would be one'),
        (
            'name = "a"\n[list]\nitem = "li"\nlink_pattern = "(x"\nlink_template = "{1}"',
            "list.link_pattern: '(x' is no RE2",
        ),
        ('name = "a"\n[list]\nitem = "li"\nlink_pattern = "(?=x)"\nlink_template = "x"', "no look-around"),
        (
            'name = "a"\n[list]\nitem = "li"\nlink_pattern = "(x)"',
            "link_pattern and link_template go together",
        ),
        (
            'name = "a"\n[list]\nitem = "li"\nnext_template = "/{1}"',
            "next_pattern and next_template go together",
        ),
        (
            'name = "a"\n[list]\nitem = "li"\nlink_pattern = "(x)"\nlink_template = "/{2}"',
            "list.link_template: {2} has no group; the pattern has 1",
        ),
        ('name = "a"\n[article]\ncaption_from_alt = "maybe"', "article.caption_from_alt: should be"),
    ],
)
def test_a_broken_pack_is_told_by_file_key_and_what_would_be_right(text: str, told: str):
    with pytest.raises(ConfigError) as caught:
        pack(text)
    assert told in str(caught.value)
    assert "rule pack mine.toml: " in str(caught.value)


def test_the_operators_pack_stands_over_the_shipped_one(tmp_path: Path):
    (tmp_path / "mine.toml").write_text('name = "hugo"\ntimezone = "Europe/Oslo"\n', encoding="utf-8")
    assert load_packs(tmp_path).by_name["hugo"].timezone == "Europe/Oslo"


def test_a_pattern_that_would_hang_others_does_not():
    rules = pack('name = "a"\n[list]\nitem = "a"\nlink_pattern = "((a+)+)+b"\nlink_template = "/{1}"')
    feed = parse_list(f'<a href="{"a" * 50_000}">x</a>', "https://a.example/", rules)
    assert feed.entries == ()


SCRIPT = (
    '<script id="d" type="application/json">'
    '{"a": {"b": ["x", {"c": "y"}], "n": 1933488000, "t": true}}</script>'
)


@pytest.mark.parametrize(
    ("selector", "title"),
    [
        ("script#d@json:a.b.0", "x"),
        ("script#d@json:a.b.1.c", "y"),
        ("script#d@json:a.b.*.c", "y"),
        ("script#d@json:a.n", "2031-04-09T08:00:00+00:00"),
        ("script#d@json:a.b.7", None),
        ("script#d@json:a.t", None),
        ("script#d@json:a.b", None),
        ("script#d@json:z", None),
        ("script#none@json:a", None),
        ("script#d@id", "d"),
        ("script#d@data-none", None),
    ],
)
def test_a_selector_reads_text_attributes_and_json(selector: str, title: str | None):
    rules = pack(f'name = "a"\n[article]\ntitle = "{selector}"')
    assert parse_article(SCRIPT, "https://a.example/x", rules).title == title


@pytest.mark.parametrize(
    "script",
    ["", "{", '{"a": ', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "var x;", '{"a": {"b": NaN}}'],
)
def test_broken_json_gives_nothing_and_raises_nothing(script: str):
    rules = pack('name = "a"\n[article]\ntitle = "script@json:a.c"')
    assert parse_article(f"<script>{script}</script>", "https://a.example/x", rules).title is None


def test_json_behind_an_assignment_is_read():
    rules = pack('name = "a"\n[article]\ntitle = "script@json:a"')
    html = '<script>window.state = {"a": "A title"}; go();</script>'
    assert parse_article(html, "https://a.example/x", rules).title == "A title"


@pytest.mark.parametrize(
    ("written", "date_format", "read"),
    [
        ("03/04/2031", "%d/%m/%Y", "2031-04-03T00:00:00+09:00"),
        ("04/03/2031 18:05", "%m/%d/%Y %H:%M", "2031-04-03T18:05:00+09:00"),
        ("3 April 2031", "%d/%m/%Y", "2031-04-03T00:00:00+09:00"),
    ],
)
def test_a_date_is_read_by_the_packs_own_format(written: str, date_format: str, read: str):
    rules = pack(f'name = "a"\n[article]\ndate = "b"\ndate_format = "{date_format}"')
    entry = parse_article(f"<b>{written}</b>", "https://a.example/x", rules)
    assert (when(entry.published) or ("",))[0] == read
