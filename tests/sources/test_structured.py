"""Pages without rules: the machine-readable parts, their order, and pages of many makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedbot.model import ParsedEntry
from feedbot.sources.decode import decode_page
from feedbot.sources.packs import load_packs
from feedbot.sources.page import parse_article, parse_list
from tests.sources.test_page import PAGES, record

URL = "https://post.example/2031/05/barge"
PACK = load_packs(None).by_name["generic"]
MADE = sorted(path.stem for path in PAGES.glob("generic-*.html"))
TEXT = "The barge carries four thousand books and a small stove, and stops at another lock every day. " * 3


def page(head: str = "", body: str = "", *, lang: str = ' lang="en"', url: str = URL) -> ParsedEntry:
    text = f"<article><p>{TEXT}</p>{body}</article>"
    return parse_article(f"<html{lang}><head>{head}</head><body>{text}</body></html>", url, PACK)


def structured(data: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


@pytest.mark.parametrize("name", MADE)
def test_a_page_of_another_make_is_read_without_rules_of_its_own(name: str):
    html = decode_page((PAGES / f"{name}.html").read_bytes(), None)
    expected: dict[str, Any] = json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))
    found = record(parse_article(html, expected["url"], PACK))
    found["published"] = (found["published"] or "")[:10] or None
    found["authors"] = [author["name"] for author in found["authors"]]
    assert {key: found[key] for key in expected} == expected


ARTICLE = {
    "@type": "NewsArticle",
    "headline": "A barge of books",
    "datePublished": "2031-05-12T09:00:00+01:00",
}


@pytest.mark.parametrize(
    "data",
    [
        ARTICLE,
        [ARTICLE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "Post"}, ARTICLE]},
        [{"@graph": [ARTICLE]}],
        {**ARTICLE, "@type": ["Article", "NewsArticle"]},
        {**ARTICLE, "@type": "BlogPosting"},
        {**ARTICLE, "@type": "https://schema.org/ReportageNewsArticle"},
        {"@type": "WebPage", "mainEntity": ARTICLE},
        [
            {"@type": "NewsArticle", "headline": "Another", "url": "https://post.example/x"},
            {**ARTICLE, "url": URL},
        ],
        {**ARTICLE, "headline": "A barge &#111;f books"},
    ],
)
def test_the_article_is_found_however_json_ld_wraps_it(data: Any):
    entry = page(structured(data))
    assert (entry.title, entry.published) == ("A barge of books", "2031-05-12T09:00:00+01:00")
    assert entry.provenance["title"] == entry.provenance["published"] == "JSON-LD"


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Mara Voss", ["Mara Voss"]),
        ("By Mara Voss and Leo Finch", ["Mara Voss", "Leo Finch"]),
        (["Mara Voss", "Leo Finch"], ["Mara Voss", "Leo Finch"]),
        ({"@type": "Person", "name": "Mara Voss"}, ["Mara Voss"]),
        ({"@type": "Person", "name": ["Mara Voss", "Leo Finch"]}, ["Mara Voss", "Leo Finch"]),
        ([{"name": "Mara Voss"}, {"@type": "Organization", "name": "The Post"}], ["Mara Voss"]),
        ({"@type": "Organization", "name": "The Birkby Post"}, ["The Birkby Post"]),
        ({"@id": "#mara"}, ["Mara Voss"]),
        ("https://post.example/mara", []),
        ({}, []),
        (None, []),
        (5, []),
    ],
)
def test_authors_of_json_ld_are_people_before_organisations(author: Any, names: list[str]):
    entry = page(
        structured([{**ARTICLE, "author": author}, {"@id": "#mara", "@type": "Person", "name": "Mara Voss"}])
    )
    assert [one.name for one in entry.authors] == names


PICTURE = "https://post.example/media/barge.jpg"


@pytest.mark.parametrize(
    "image",
    [
        PICTURE,
        [PICTURE],
        {"@type": "ImageObject", "url": PICTURE},
        {"contentUrl": PICTURE, "width": {"@type": "QuantitativeValue", "value": 1200}},
        [{"url": PICTURE, "width": "1200px"}, {"url": "https://post.example/media/barge-300x200.jpg"}],
        {"@id": PICTURE},
        "/media/barge.jpg",
    ],
)
def test_an_image_of_json_ld_is_read_in_every_form(image: Any):
    entry = page(structured({**ARTICLE, "image": image}))
    assert [photo.url for photo in entry.photos] == [PICTURE]
    assert entry.provenance["photos"] == "JSON-LD"


@pytest.mark.parametrize(
    "script",
    [
        "",
        "{",
        "null",
        "[[[]]]",
        '{"@type": 5}',
        '{"@type": "Article", "headline": {"a": 1}, "author": [[1]], "image": [{}]}',
    ],
)
def test_broken_json_ld_is_passed_over(script: str):
    entry = page(
        f'<script type="application/ld+json">{script}</script><meta property="og:title" content="A title">'
    )
    assert entry.title == "A title"


def test_each_field_falls_back_on_its_own():
    entry = page(
        structured({"@type": "Article", "headline": "From JSON-LD"})
        + '<meta property="og:title" content="From OpenGraph">'
        '<meta property="article:section" content="Town"><meta name="author" content="Mara Voss">',
        '<time datetime="2031-05-12">May 12</time>',
    )
    assert entry.title == "From JSON-LD"
    assert {
        key: entry.provenance[key] for key in ("title", "categories", "authors", "published", "content_text")
    } == {
        "title": "JSON-LD",
        "categories": "OpenGraph",
        "authors": "meta",
        "published": "text pattern",
        "content_text": "text pattern",
    }


@pytest.mark.parametrize("date", ["yesterday", "", "0000-00-00", "12345"])
def test_a_date_that_is_none_falls_back(date: str):
    head = structured({**ARTICLE, "datePublished": date})
    entry = page(f'{head}<meta property="article:published_time" content="2031-05-12">')
    assert entry.published == "2031-05-12"


def test_a_byline_in_the_body_names_the_author_though_the_head_names_the_site():
    entry = page(
        '<meta name="author" content="post.example desk">', "<p>By Mara Voss</p><p>mara@post.example</p>"
    )
    assert [(one.name, one.email) for one in entry.authors] == [("Mara Voss", "mara@post.example")]


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("A barge of books | The Post", "A barge of books"),
        ("A barge of books - The Post", "A barge of books"),
        ("A barge of books – the post", "A barge of books"),
        ("What is The Post", "What is The Post"),
        ("The Post", "The Post"),
    ],
)
def test_the_sites_name_is_no_part_of_a_title(title: str, told: str):
    head = f'<meta property="og:site_name" content="The Post"><meta property="og:title" content="{title}">'
    assert page(head).title == told


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('<meta property="og:image" content="/img/og_image.png">', ""),
        ('<meta property="og:image" content="/img/default.jpg">', ""),
        ('<meta property="og:image" content="/img/logo-post.png">', ""),
        (
            structured({**ARTICLE, "image": "/img/post.png", "publisher": {"logo": {"url": "/img/post.png"}}})
            + '<meta property="og:image" content="/img/post.png">',
            "",
        ),
    ],
)
def test_the_sites_own_picture_is_no_photo(head: str, body: str):
    assert page(head, body).photos == ()


def test_a_picture_that_the_masthead_shows_is_no_photo():
    html = (
        '<html><head><meta property="og:image" content="/img/crest.png"></head><body>'
        f'<header><img src="/img/crest.png"></header><article><p>{TEXT}</p></article></body></html>'
    )
    assert parse_article(html, URL, PACK).photos == ()


def test_the_picture_on_top_leads_with_its_caption_before_those_of_the_body():
    html = (
        '<html><head><meta property="og:image" content="/media/barge-1200x630.jpg"></head><body><main>'
        '<h1>T</h1><figure><img src="/media/barge.jpg"><figcaption>The barge.'
        ' <span class="credit">Tom Ash</span></figcaption></figure>'
        f'<div class="entry-content"><p>{TEXT}</p><img src="/media/stove.jpg"></div></main></body></html>'
    )
    found = [(photo.url, photo.caption, photo.credit) for photo in parse_article(html, URL, PACK).photos]
    assert found == [
        ("https://post.example/media/barge.jpg", "The barge.", "Tom Ash"),
        ("https://post.example/media/stove.jpg", None, None),
    ]


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ('<link rel="canonical" href="/2031/barge">', "https://post.example/2031/barge"),
        (
            '<meta property="og:url" content="https://post.example/2031/barge">',
            "https://post.example/2031/barge",
        ),
        ('<link rel="canonical" href="https://post.example/">', None),
        ('<link rel="canonical" href="javascript:x">', None),
        ("", None),
    ],
)
def test_the_canonical_address_is_the_articles_never_the_front_page(head: str, canonical: str | None):
    assert page(head).canonical == canonical


@pytest.mark.parametrize(
    ("image", "url"),
    [
        ('<img src="data:image/gif;base64,R0lG" data-src="/a.jpg">', "/a.jpg"),
        ('<img src="/blank.gif" data-original="/a.jpg">', "/a.jpg"),
        ('<img src="/spacer.gif" data-lazy-src="/a.jpg">', "/a.jpg"),
        ('<img src="/s.jpg" srcset="/s.jpg 300w, /a.jpg 1200w, /m.jpg 600w">', "/a.jpg"),
        ('<img src="/s.jpg" srcset="/s.jpg, /a.jpg 2x">', "/a.jpg"),
        ('<img srcset="/s.jpg 300w,/a.jpg 1200w">', "/a.jpg"),
        ('<img srcset="/w_300,h_2/s.jpg 300w, /w_1200,h_8/a.jpg 1200w">', "/w_1200,h_8/a.jpg"),
        ('<img srcset="/a.jpg 2000w, /huge.jpg 6000w">', "/a.jpg"),
        ('<img src="data:image/gif;base64,R0lG" data-srcset="/s.jpg 1x, /a.jpg 2x">', "/a.jpg"),
        (
            '<picture><source srcset="/a.jpg 9w, /s.jpg 3w"><img src="data:image/gif;base64,R"></picture>',
            "/a.jpg",
        ),
        ('<picture><source srcset="/a.avif"><img src="/a.jpg"></picture>', "/a.jpg"),
        ('<img class="lazy" src="/loading.gif"><noscript><img src="/a.jpg"></noscript>', "/a.jpg"),
        ('<img data-src="/a.jpg"><noscript><img src="/a-300x200.jpg"></noscript>', "/a.jpg"),
        ('<noscript><img src="/a.jpg"></noscript>', "/a.jpg"),
        ('<amp-img src="/a.jpg" width="800" height="600"></amp-img>', "/a.jpg"),
    ],
)
def test_a_lazy_picture_is_found(image: str, url: str):
    photos = page(body=f"<p>{image}</p>").photos
    assert [photo.url for photo in photos] == [f"https://post.example{url}"]


@pytest.mark.parametrize(
    "image",
    [
        '<img src="/p?id=1" width="1" height="1">',
        '<img src="/p?id=1" style="width:1px;height:1px">',
        '<img src="https://t.example/pixel.gif">',
        '<img src="data:image/png;base64,AAAA">',
        '<img src="/img/icon-share.png">',
    ],
)
def test_what_counts_readers_is_no_photo(image: str):
    assert page(body=image).photos == ()


@pytest.mark.parametrize(
    "chrome",
    [
        '<div class="share-buttons"><a href="/s">Share this on a network</a></div>',
        '<ul class="post-tags"><li><a href="/t/1">boats</a></li></ul>',
        '<p>Tags: <a href="/t/1">boats</a>, <a href="/t/2">books</a></p>',
        '<section id="comments"><p>What a lovely boat that is, and how quiet.</p></section>',
        '<div class="newsletter-signup"><p>Get our letter every week</p></div>',
        "<p>#boats #books</p>",
        "<p>ADVERTISEMENT</p>",
        '<p><a href="/1">Facebook</a> <a href="/2">Mail</a></p>',
        '<p>Read more: <a href="/1">Birkby paints its bridges</a></p>',
        "<nav><a href='/1'>Back</a></nav>",
        "<form><input><button>Send</button></form>",
    ],
)
def test_furniture_inside_an_article_is_no_text(chrome: str):
    assert page(body=chrome).content_text == TEXT.strip()


ROWS = "".join(
    f'<li class="row"><a href="/n/{n}"><img src="/t/{n}.jpg"><h3>A headline, number {n}</h3></a>'
    f"<span>{n + 1} May 2031</span></li>"
    for n in range(5)
)


def test_a_section_page_without_rules_gives_its_largest_row_of_links():
    menu = '<nav><a href="/about">About the newspaper</a></nav>'
    html = f'<body>{menu}<ul>{ROWS}</ul><a rel="next" href="?p=2">2</a></body>'
    feed = parse_list(html, "https://post.example/town", PACK)
    assert [(entry.link, entry.title, entry.published) for entry in feed.entries][:1] == [
        ("https://post.example/n/0", "A headline, number 0", "1 May 2031")
    ]
    assert (len(feed.entries), feed.next_page) == (5, "https://post.example/town?p=2")
    assert [photo.url for entry in feed.entries for photo in entry.photos][:1] == [
        "https://post.example/t/0.jpg"
    ]


DEEP = {
    "200,000 open div": "<div>" * 200_000,
    "div closed by others' ends": "<div></span>" * 100_000,
    "formatting in blocks": "".join(f"<div><b id={n}></div>" for n in range(20_000)),
    "a hundred thousand attributes": f"<p {' '.join(f'a{n}' for n in range(100_000))}>",
    "attributes behind a quoted bracket": f'<p a=">" {" ".join(f"a{n}" for n in range(100_000))}>',
    "optgroup": "<optgroup>" * 50_000,
    "<": "<" * 1_000_000,
    "&": "&" * 1_000_000,
    "links": '<a href="/x">A link of some length</a> ' * 100_000,
    "pictures": '<img src="/a.jpg" alt="one two three four five">' * 20_000,
    "json": f'<script type="application/ld+json">{"[" * 200_000}</script>',
}


@pytest.mark.parametrize("hostile", DEEP.values(), ids=DEEP.keys())
def test_a_hostile_page_keeps_its_title_and_link(hostile: str):
    html = f"<html><head><title>A barge of books</title></head><body><h1>A barge of books</h1><div>{hostile}"
    entry = parse_article(html, URL, PACK)
    assert (entry.title, entry.link) == ("A barge of books", URL)
    assert len(entry.content_text or "") <= 700_000


def test_a_thousand_open_paragraphs_are_not_deep():
    entry = parse_article("<body>" + "<p>It rained all day in the town of Birkby." * 1000, URL, PACK)
    assert len((entry.content_text or "").split("\n\n")) == 1000


def test_saved_pages_are_in_pairs():
    assert [path.with_suffix(".json").exists() for path in Path(PAGES).glob("*.html")] == [True] * len(
        list(Path(PAGES).glob("*.html"))
    )
