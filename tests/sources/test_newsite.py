"""A stub of a rule pack: it parses, and reads the page it was made from."""

import json
import tomllib

import pytest

from feedbot.sources.decode import decode_page
from feedbot.sources.newsite import record_of, stub_pack
from feedbot.sources.pack import Pack, parse_pack
from feedbot.sources.page import parse_article, parse_list
from tests.sources.test_page import PAGES, record, when

ARTICLES = (
    "wordpress-article",
    "hugo-article",
    "korea-board-article",
    "nextjs-news-article",
    "korea-net-inline-photo",
)


@pytest.mark.parametrize("name", ARTICLES)
def test_a_stub_reads_the_page_it_was_made_from_no_worse_than_no_rules_do(name: str):
    html = decode_page((PAGES / f"{name}.html").read_bytes(), None)
    url = json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))["url"]
    stub = parse_pack(stub_pack(html, url), "stub.toml")
    found, plain = parse_article(html, url, stub), parse_article(html, url, Pack("none"))
    assert (found.title, when(found.published)) == (plain.title, when(plain.published))
    assert found.authors == plain.authors
    assert record(found)["paragraphs"] == record(plain)["paragraphs"]


def test_a_stub_names_the_nodes_it_found():
    html = (PAGES / "wordpress-article.html").read_text(encoding="utf-8")
    article = tomllib.loads(stub_pack(html, "https://courier.example/2031/04/crane/"))["article"]
    assert article["title"] == "h1.wp-block-post-title"
    assert article["date"].endswith("time@datetime")
    assert "entry-content" in article["body"]


def test_a_stub_of_a_section_page_finds_its_list():
    rows = "".join(
        f'<li class="news"><a href="/n/{n}">A headline of some length, number {n}</a></li>' for n in range(9)
    )
    menu = '<nav><a href="/a">About the newspaper itself</a></nav>'
    html = f'<html lang="en"><body>{menu}<ul>{rows}</ul></body></html>'
    stub = parse_pack(stub_pack(html, "https://a.example/news"), "stub.toml")
    assert [entry.link for entry in parse_list(html, "https://a.example/news", stub).entries] == [
        f"https://a.example/n/{n}" for n in range(9)
    ]


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("", "https://a.example/"),
        ("<p>", 'https://a.example/"\n]x'),
        ('<h1 class="a\\"b">T</h1>', "file:///a.html"),
        ('<html lang="e&quot;n"><h1 id="1">Title of it</h1>', "https://xn--9n2bp8q.example/"),
    ],
)
def test_a_stub_parses_whatever_the_page(html: str, url: str):
    assert parse_pack(stub_pack(html, url), "stub.toml").name


def test_the_record_is_json_with_every_paragraph():
    html = (PAGES / "hugo-article.html").read_text(encoding="utf-8")
    told = json.loads(record_of(parse_article(html, "https://notes.example/trails/bog/", Pack("none"))))
    assert told["title"] == "A boardwalk over Moss Fen"
    assert len(told["paragraphs"]) == 6
