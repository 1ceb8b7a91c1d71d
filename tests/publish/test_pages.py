"""The pages for people: everything escaped, nothing that runs, landmarks and words for every picture."""

import re
from dataclasses import replace

import pytest
from lxml import etree

from feedbot.model import Photo
from feedbot.publish.opml import render_opml
from feedbot.publish.pages import Place, Shown, render_entry, render_index, render_missing, style
from feedbot.publish.shelf import Shelf
from tests.publish.test_atom import HEAD, ORIGINS
from tests.support import NOW, entry, stored, with_photo

HOSTILE = "<script>alert(1)</script>\x0b\ud800\"'"


PLACE = Place("Test News", "https://feeds.example", "en")


def index(*entries, bot=None, **where):
    shown = Shown(HEAD, len(entries), NOW, [stored(one, row) for row, one in enumerate(entries, 1)])
    return render_index(replace(PLACE, bot=bot, **where), [shown]).decode()


def page(made, *, whole=True, **where):
    place = replace(PLACE, **where)
    return render_entry(place, stored(made), [HEAD], ORIGINS["gazette"], whole=whole).decode()


@pytest.mark.parametrize("html", [index(entry()), page(entry()), render_missing(PLACE, "nothing").decode()])
def test_a_page_has_a_language_landmarks_and_one_heading_and_runs_nothing(html: str):
    assert '<html lang="en">' in html
    assert all(html.count(f"<{name}") == 1 for name in ("main", "h1", "footer"))
    assert "<script" not in html
    assert not re.search(r"\son\w+=|style=", html)


def test_the_index_shows_the_newest_with_feed_and_bot():
    html = index(with_photo(entry(1)), entry(2, title="꽃시장이 다시 열린다", language="ko"), bot="news_bot")
    assert 'href="https://feeds.example/feeds/policies.atom"' in html
    assert 'href="https://t.me/news_bot?start=policies"' in html
    assert 'alt="" width="600" height="400" loading="lazy"' in html  # its title stands beside it
    assert '<li class="card bare" lang="ko" dir="auto">' in html
    assert "2 articles" in html


def test_an_article_has_the_address_of_its_original_and_of_its_feed():
    html = page(entry())
    assert '<link rel="canonical" href="https://gazette.example/articles/1">' in html
    assert 'type="application/atom+xml"' in html
    assert '<link rel="canonical" href="https://feeds.example/e/1">' in page(entry(url=None))


def test_what_a_source_writes_is_shown_and_not_obeyed():
    made = entry(
        title=HOSTILE, summary=HOSTILE, content_html=HOSTILE, photo=Photo("https://a.example/x.jpg", HOSTILE)
    )
    for html in (index(made), page(made)):
        assert "<script" not in html
        assert "\x0b" not in html


def test_without_categories_and_without_entries_the_index_says_so():
    assert "no category yet" in render_index(PLACE, []).decode()
    assert "Nothing yet" in index()


def test_the_list_of_feeds_is_opml():
    heads = [HEAD, replace(HEAD, site_title="Test <News>")]
    outlines = etree.fromstring(render_opml("Test\x0b News", heads)).findall("body/outline")
    assert [one.get("xmlUrl") for one in outlines] == ["https://feeds.example/feeds/policies.atom"] * 2


def test_text_and_ground_contrast_enough_in_light_and_dark():
    """WCAG 2.2 asks 4.5 : 1 of text."""
    sheet = style().decode()
    for colours in re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)[:2]:
        known = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", colours))
        pairs = [(one, ground) for one in ("ink", "quiet", "accent") for ground in ("page", "paper")]
        for one, ground in [*pairs, ("on-accent", "accent"), ("accent", "soft")]:
            assert contrast(known[one], known[ground]) >= 4.5, (one, ground)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_small_document_is_not_packed():
    shelf = Shelf()
    shelf.put("/", b"x", "text/plain", NOW)
    assert shelf.get("/").compressed is None
    assert shelf.get("/nothing") is None
