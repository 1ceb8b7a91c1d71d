"""Lists of pages without rules: the row of links that are made alike, and what stands around each."""

import pytest

from feedbot.sources.listing import parse_list
from feedbot.sources.pack import Pack

URL = "https://quay.example/news/"


def listed(*items: str) -> list[tuple[str | None, str | None]]:
    html = f"<html><body><div>{''.join(items)}</div></body></html>"
    return [(one.title, one.published) for one in parse_list(html, URL, Pack("generic")).entries]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            '<li><span>2025-06-1{n}</span><a href="/{n}.htm">北码头将在九月重建{n}</a></li>',
            ("北码头将在九月重建1", "2025-06-11"),
        ),
        (
            '<dl><dt>2025年6月1{n}日</dt><dd><a href="/{n}">北埠頭を再建へ九月に着工{n}</a></dd></dl>',
            ("北埠頭を再建へ九月に着工1", "2025年6月11日"),
        ),
        (
            (
                '<table><tr><td><b><a href="/{n}">The pier opens again {n}</a></b><br>'
                "<font>June 1{n}, 2025</font><br>What it is about.</td></tr></table>"
            ),
            ("The pier opens again 1", "June 11, 2025"),
        ),
        (
            (
                '<article><h2><a href="/{n}">The pier opens {n}</a></h2>'
                '<a href="/author/m">Mara Lindqvist</a><time datetime="2025-06-1{n}">{n} jun</time></article>'
            ),
            ("The pier opens 1", "2025-06-11"),
        ),
    ],
)
def test_short_titles_and_dates_around_a_link_are_told(item: str, expected: tuple[str, str]) -> None:
    found = listed(*(item.replace("{n}", str(number)) for number in (1, 2, 3)))
    assert (len(found), found[0]) == (3, expected)


def test_links_in_sentences_are_no_list() -> None:
    said = '<p>Of the pier much was written, for instance by <a href="/{n}">the harbour office {n}</a>.</p>'
    assert listed(*(said.replace("{n}", str(number)) for number in range(5))) == []
