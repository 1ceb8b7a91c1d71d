"""The pages for people: everything escaped, nothing that runs, landmarks and words for every picture."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from lxml import etree
from lxml.html import document_fromstring

from feedbot.model import Author, Photo, Related
from feedbot.publish.opml import render_opml
from feedbot.publish.pages import (
    Place,
    Shown,
    render_category,
    render_entry,
    render_index,
    render_missing,
    render_retracted,
    style,
)
from feedbot.publish.shelf import Shelf
from feedbot.publish.words import LANGUAGES
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


LONG = "A word " * 60 + "W" * 300
ODD = {
    "plain": entry(),
    "photo": with_photo(entry(), width=1200, height=800),
    "korean": entry(title="꽃시장이 다시 열린다", language="ko", authors=()),
    "arabic": entry(title="قرر مجلس المدينة", language="ar"),
    "long": entry(title=LONG, summary=LONG),
    "bare": entry(url=None, summary=None, content_html=None, content_text=None, language=None, authors=()),
    "broken": with_photo(entry(), width=None, height=None, caption=None),
    "hostile": entry(
        title=HOSTILE,
        summary=HOSTILE,
        language='en" onload="x',
        authors=(Author(HOSTILE, 'a@b.example"><script>'),),
        content_html=f"<h1>Theirs</h1><h5>Deep</h5><h2>Again</h2>{HOSTILE}"
        "<img src=x.jpg title='<h1><img src=y onerror=alert(1)>'>"
        "<table><tr><td onclick=x style='x'>1</td></tr></table>"
        "<a href='javascript:x'>x</a><iframe src=//a></iframe>",
        related=(Related("javascript:alert(1)", HOSTILE), Related("https://a.example/", None)),
        photo=Photo("javascript:alert(1)", HOSTILE),
    ),
}


@pytest.mark.parametrize("language", ["en", "ko", "fr"])
@pytest.mark.parametrize("name", ODD)
def test_every_page_keeps_the_rules_of_the_house(name: str, language: str):
    made = ODD[name]
    shown = Shown(HEAD, 100, NOW, [stored(made)])
    place = replace(PLACE, language=language, bot="news_bot")
    for html in (
        render_index(place, [shown]),
        render_index(replace(place, static=True), [shown]),
        render_category(place, shown, 3),
        render_entry(place, stored(made), [HEAD], ORIGINS["gazette"], whole=True),
        render_entry(place, stored(made), [HEAD], None, whole=False),
        render_retracted(place, stored(made, retracted_at=NOW)),
    ):
        assert faults(html.decode()) == []


def faults(html: str) -> list[str]:
    """What a screen reader, a browser without JavaScript or a suspicious reader would complain of."""
    page = document_fromstring(html)
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    levels = [int(one.tag[1]) for one in page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    found = [f"id {one} stands twice" for one in ids if ids.count(one) > 1]
    skipped = any(after > before + 1 for before, after in pairwise(levels))
    found += [] if levels.count(1) == 1 and levels[0] == 1 and not skipped else [f"headings {levels}"]
    found += [] if page.get("lang") in {"en", "ko"} else ["no language"]
    for one in page.iter():
        if not isinstance(one.tag, str):
            continue
        found += [f"{one.tag} {name}" for name in one.attrib if name.startswith("on") or name == "style"]
        found += [f"{one.tag}"] if one.tag in {"script", "iframe", "form", "object", "style", "base"} else []
        labelled = one.get("aria-labelledby")
        found += [f"no {labelled}"] if labelled and labelled not in ids else []
        href = one.get("href") or one.get("src") or ""
        found += [href] if href.lower().startswith(("javascript:", "data:", "//")) else []
        if one.tag == "a":
            found += [] if one.text_content().strip() else [f"a link to {href} without words"]
        if one.tag == "img":
            kind = (one.get("loading"), one.get("referrerpolicy"), one.get("alt") is not None)
            found += [] if kind == ("lazy", "no-referrer", True) else [f"img {kind}"]
    return found


def test_our_words_are_korean_where_the_site_is_and_english_where_we_speak_no_other():
    korean = index(entry(), language="ko")
    assert '<html lang="ko">' in korean
    assert "기사 1건" in korean
    assert "2026년 3월 1일" in korean
    assert '<html lang="en">' in index(entry(), language="fr")
    assert set(LANGUAGES["en"]) == set(LANGUAGES["ko"])


def test_text_runs_in_the_direction_of_its_language():
    assert '<h1 lang="ar" dir="rtl">' in page(ODD["arabic"])
    assert 'lang="ko" dir="auto"' in page(ODD["korean"])


def test_who_shares_an_article_shares_its_photo_and_words():
    html = page(with_photo(entry()))
    assert '<meta property="og:type" content="article">' in html
    assert '<meta property="og:image" content="https://gazette.example/articles/1.jpg">' in html
    assert '<meta property="og:title" content="Article 1">' in html
    assert '<meta name="description" content="What article 1 says.">' in html


def test_readers_find_every_feed_of_a_page():
    category = render_category(PLACE, Shown(HEAD, 1, NOW, [stored(entry())]), 1).decode()
    for html in (index(entry()), category):
        for ending, kind in ((".atom", "atom+xml"), (".rss", "rss+xml"), (".json", "feed+json")):
            found = f'<link rel="alternate" type="application/{kind}" title="Policies – Test News'
            assert found in html
            assert f'href="https://feeds.example/feeds/policies{ending}"' in html
    assert 'href="https://feeds.example/feeds/all.atom"' in index(entry())


def test_an_article_of_a_summary_feed_says_no_more_than_its_summary():
    html = page(
        entry(content_html="<p>All of it.</p>", content_text="All of it.", summary="Some."), whole=False
    )
    assert "Some." in html
    assert "All of it." not in html
    assert "Read it at gazette.example" in html


def test_page_numbers_around_the_one_that_is_shown():
    html = render_category(PLACE, Shown(HEAD, 24 * 20, NOW, [stored(entry())]), 10).decode()
    numbers = re.findall(r'aria-label="Page (\d+)"', html)
    assert numbers == ["1", "8", "9", "11", "12", "20"]
    assert 'aria-current="page"' in html
