"""Saved pages of a news site, each beside the record that its page tells, written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedbot.model import ParsedEntry
from feedbot.rules.dates import parse_date
from feedbot.sources.packs import load_packs
from feedbot.sources.page import link_of, parse_article, parse_list

PAGES = Path(__file__).parent / "pages"
ARTICLES = sorted(path.stem for path in PAGES.glob("korea-net-*.html") if "-list-" not in path.name)
LISTS = sorted(path.stem for path in PAGES.glob("korea-net-list-*.html"))
PACK = load_packs(None).by_name["korea-net"]
URL = "https://www.korea.net/NewsFocus/policies/view?articleId=1"


def saved(name: str) -> tuple[str, dict[str, Any]]:
    html = (PAGES / f"{name}.html").read_text(encoding="utf-8")
    return html, json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))


def when(text: str | None) -> tuple[str, str] | None:
    read = parse_date(text, "Asia/Seoul")
    return (read[0].isoformat(), read[1].value) if read else None


def record(entry: ParsedEntry) -> dict[str, Any]:
    published, precision = when(entry.published) or (None, None)
    return {
        "url": entry.link,
        "language": entry.language,
        "title": entry.title,
        "categories": list(entry.categories),
        "published": published,
        "precision": precision,
        "authors": [{"name": one.name, "email": one.email} for one in entry.authors],
        "paragraphs": (entry.content_text or "").split("\n\n") if entry.content_text else [],
        "photos": [{"url": one.url, "caption": one.caption, "credit": one.credit} for one in entry.photos],
        "related": [{"url": one.url, "title": one.title} for one in entry.related],
    }


def article(body: str, *, before: str = '<h2 id="print_title">A title</h2>') -> ParsedEntry:
    return parse_article(f'<html>{before}<div id="content_text_ALLBOX">{body}</div></html>', URL, PACK)


@pytest.mark.parametrize("name", ARTICLES)
def test_a_saved_article_gives_the_record_its_page_tells(name: str):
    html, expected = saved(name)
    assert record(parse_article(html, expected["url"], PACK)) == expected


@pytest.mark.parametrize("name", LISTS)
def test_a_saved_list_gives_each_article_once_in_its_order(name: str):
    html, expected = saved(name)
    found = [
        {
            "link": entry.link,
            "title": entry.title,
            "published": (when(entry.published) or ("", ""))[0][:10],
            "photo": entry.photos[0].url if entry.photos else None,
        }
        for entry in parse_list(html, expected["url"], PACK).entries
    ]
    assert found == expected["entries"]


def test_the_body_as_html_keeps_headings_lists_and_tables_and_has_no_captions():
    html, expected = saved("korea-net-table")
    content = parse_article(html, expected["url"], PACK).content_html or ""
    assert "<h3>What it costs</h3>" in content
    assert "<ul><li>Deliveries by night use electric vans.</li><li>" in content
    assert '<a href="https://www.korea.net/NewsFocus/policies/view?articleId=300001">radio</a>' in content
    assert "walking pace" not in content
    assert "By Jung" not in content
    assert "Comment" not in content


def test_pictures_stay_where_they_stand_between_the_paragraphs():
    html, expected = saved("korea-net-inline-photo")
    content = parse_article(html, expected["url"], PACK).content_html or ""
    assert content.index("half an hour") < content.index("d4e5f6") < content.index("Tickets cost")


def test_an_attachment_is_an_enclosure():
    html, expected = saved("korea-net-two-authors")
    (one,) = parse_article(html, expected["url"], PACK).enclosures
    assert (one.url, one.type) == (
        "https://www.korea.net/upload/attach/duru-fact-sheet.pdf",
        "application/pdf",
    )


@pytest.mark.parametrize(
    "line",
    [
        "Photos =Naru News",
        "Photos = Naru News",
        "Photo=Naru News",
        "Photo: Naru News",
        "Photos\u00a0=\u00a0 Naru News",
        "Photos courtesy of Naru News",
        "Photo by Naru News",
        "(Photo: Naru News)",
        "사진 = Naru News",
        "Photos | Naru News",
        "Photo credit: Naru News",
        "PHOTOS = Naru News",
        "<strong>Photos</strong> = Naru News",
        "Photos = <em>Naru News</em>",
    ],
)
def test_a_credit_goes_to_the_photo_however_it_is_written(line: str):
    entry = article(f'<p><img src="/a.jpg"></p><p>By Kim Nara</p><p>{line}</p><p>It rained all day.</p>')
    assert [photo.credit for photo in entry.photos] == ["Naru News"]
    assert entry.content_text == "It rained all day."


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Kim Nara", ["Kim Nara"]),
        ("By\u00a0 Kim Nara", ["Kim Nara"]),
        ("BY KIM NARA", ["KIM NARA"]),
        ("By Kim Nara and Lee Sol", ["Kim Nara", "Lee Sol"]),
        ("By Kim Nara, Lee Sol", ["Kim Nara", "Lee Sol"]),
        ("By Kim Nara, Lee Sol and Oh Bori", ["Kim Nara", "Lee Sol", "Oh Bori"]),
        ("By Kim Nara &amp; Lee Sol", ["Kim Nara", "Lee Sol"]),
        ("By Honorary Reporter Ana de la Cruz", ["Honorary Reporter Ana de la Cruz"]),
        ("서울 = 김나라 기자", ["김나라"]),
        ("김나라 기자", ["김나라"]),
    ],
)
def test_a_byline_names_its_authors(line: str, names: list[str]):
    entry = article(f"<p>{line}</p><p>It rained all day.</p>")
    assert [author.name for author in entry.authors] == names
    assert entry.content_text == "It rained all day."


@pytest.mark.parametrize(
    ("names", "emails", "expected"),
    [
        ("Jo Garam and Rhee Sora", "sora.rhee@a.example", [None, "sora.rhee@a.example"]),
        (
            "Kim Nara, Kim Sol",
            "solkim@a.example, narakim@a.example",
            ["narakim@a.example", "solkim@a.example"],
        ),
        ("Kim Nara, Lee Sol", "x1@a.example, x2@a.example", ["x1@a.example", "x2@a.example"]),
        ("Kim Nara, Lee Sol", "desk@a.example", ["desk@a.example", None]),
    ],
)
def test_an_email_goes_to_the_author_whose_name_it_spells(
    names: str, emails: str, expected: list[str | None]
):
    entry = article(f"<p>By {names}</p><p>It rained all day.</p><p>{emails}</p>")
    assert [author.email for author in entry.authors] == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "By Tuesday it had rained all day.",
        "By Tuesday, Kim Nara had left",
        "Photos of the rain hang in the hall.",
        "Photo: this is how rain looks from above, as the students of the school wrote.",
        "Related contents were shown in the hall.",
        "Write to rain@korea.example for tickets.",
        "By the sea, Naru grows.",
    ],
)
def test_a_sentence_of_the_article_stays_in_it(sentence: str):
    entry = article(f"<p>By Kim Nara</p><p>It rained.</p><p>{sentence}</p><p>Then it stopped.</p>")
    assert entry.content_text == f"It rained.\n\n{sentence}\n\nThen it stopped."
    assert [author.name for author in entry.authors] == ["Kim Nara"]


@pytest.mark.parametrize(
    "end",
    [
        "<p>nara@korea.example</p>",
        "<p>E-mail: nara@korea.example</p>",
        '<p>E-mail : <a href="mailto:nara@korea.example">nara@korea.example</a></p>',
        "<p>(nara@korea.example)</p>",
        "<p>\u00a0nara@korea.example\u00a0</p>",
        "<div><br>nara@korea.example<br></div>",
    ],
)
def test_the_last_line_is_the_authors_email(end: str):
    entry = article(f"<p>By Kim Nara</p><p>It rained all day.</p>{end}")
    assert [(author.name, author.email) for author in entry.authors] == [("Kim Nara", "nara@korea.example")]
    assert entry.content_text == "It rained all day."


CAPTION = "Clouds hang over the harbor of Naru on a wet day in April."
COPY = CAPTION.replace(" on", "\u00a0 on")


@pytest.mark.parametrize(
    "picture",
    [
        f'<p><img src="/a.jpg" alt="{CAPTION}"></p>',
        f'<p><img src="/a.jpg" alt="{CAPTION}"><br>{CAPTION}</p>',
        f'<p><img src="/a.jpg" alt="{CAPTION}"></p><p>{CAPTION}</p>',
        f'<p><img src="/a.jpg" alt="{CAPTION}"></p><p>{COPY}</p>',
        f'<p><img src="/a.jpg" alt="{CAPTION}"></p><p>&nbsp;</p><p><span>{CAPTION}</span></p>',
        f'<figure><img src="/a.jpg" alt=""><figcaption>{CAPTION}</figcaption></figure>',
        f'<table><tr><td><img src="/a.jpg"></td></tr><tr><td>{CAPTION}</td></tr></table>',
        f'<div class="figCenter"><img src="/a.jpg" alt="a.jpg"><p>{CAPTION}</p></div>',
        f'<p class="figcaption">{CAPTION}</p><p><img src="/a.jpg"></p>',
        f'<div class="figCenter"><img src="/a.jpg" alt="Clouds over Naru in"><p>{CAPTION}</p></div>',
        f'<center><img src="/a.jpg"><br><font size="2">{CAPTION}</font></center>',
        f'<p style="text-align: center"><img src="/a.jpg"></p><p style="text-align: center">{CAPTION}</p>',
        f'<p><img src="/a.jpg" alt="a.jpg"><br>{CAPTION}</p>',
        f'<p><img src="/a.jpg"></p><p>{CAPTION}</p>',
        f'<p><img src="/a.jpg" alt="{CAPTION.removesuffix(".")}"><em>{COPY}</em></p>',
        f'<p><img src="/a.jpg"></p><p class="photoCaption">{CAPTION}</p>',
        f'<p><img src="/a.jpg"></p><p>{CAPTION}</p><p>{COPY}</p>',
        f'<p><img src="/a.jpg" alt=""><br>{CAPTION}<br>{COPY}</p>',
        f'<p><img src="/a.jpg"></p><p>{CAPTION}<br>{COPY}</p>',
        f'<div class="photo"><img src="/a.jpg"><p>{CAPTION}</p><p>{COPY}</p></div>',
        f'<p><img src="/a.jpg" alt="{CAPTION}"></p><p>{CAPTION}</p><p>{COPY}</p>',
    ],
)
def test_a_caption_is_told_once_and_is_no_body_text(picture: str):
    entry = article(f"{picture}<p>By Kim Nara</p><p>It rained all day.</p>")
    assert [(photo.url, photo.caption) for photo in entry.photos] == [
        ("https://www.korea.net/a.jpg", CAPTION)
    ]
    assert entry.content_text == "It rained all day."


@pytest.mark.parametrize(
    "copies", ["<p>{0}</p><p>{1}</p>", "<p>{0}<br>{1}</p>", "<div>{0}</div><div>{1}</div>"]
)
def test_a_caption_printed_twice_under_a_photo_between_paragraphs_is_no_body_text(copies: str):
    told = copies.format(CAPTION, COPY)
    entry = article(
        f'<p>By Kim Nara</p><p>It rained.</p><p><img src="/a.jpg"></p>{told}<p>Then it stopped.</p>'
    )
    assert [photo.caption for photo in entry.photos] == [CAPTION]
    assert entry.content_text == "It rained.\n\nThen it stopped."


@pytest.mark.parametrize(
    "written",
    [
        "(Photo: Lee Sol)",
        "(Photo by Lee Sol)",
        "(Photo courtesy of Lee Sol)",
        "(Photo = Lee Sol)",
        "[Photo: Lee Sol]",
        "/ Photo: Lee Sol",
        "Photo=Lee Sol",
        "(사진=Lee Sol)",
    ],
)
def test_a_credit_inside_a_caption_wins_over_that_of_the_article(written: str):
    entry = article(
        f'<div class="figCenter"><img src="/a.jpg"><p class="figcaption">{CAPTION} {written}</p></div>'
        "<p>Photos = Naru News</p><p>It rained all day.</p>"
    )
    assert [(photo.caption, photo.credit) for photo in entry.photos] == [(CAPTION, "Lee Sol")]


def test_a_credit_line_under_its_own_photo_belongs_to_that_photo():
    figure = (
        '<div class="figCenter"><img src="/{0}.jpg"><p class="figcaption">{1}</p></div><p>Photo = {2}</p>'
    )
    entry = article(
        figure.format("a", CAPTION, "Lee Sol")
        + "<p>It rained all day.</p>"
        + figure.format("b", "Umbrellas dry in the hall of the harbor office.", "Naru News")
    )
    assert [photo.credit for photo in entry.photos] == ["Lee Sol", "Naru News"]


def test_captions_under_two_pictures_in_a_row_find_their_own():
    second = "Umbrellas dry in the hall of the harbor office."
    entry = article(
        f'<p><img src="/a.jpg" alt="{CAPTION}"><img src="/b.jpg" alt="{second}"></p>'
        f"<p>{second}</p><p>{COPY}</p><p>It rained all day.</p>"
    )
    assert [photo.caption for photo in entry.photos] == [CAPTION, second]
    assert entry.content_text == "It rained all day."


@pytest.mark.parametrize(
    "body",
    [
        '<p><img src="/a.jpg" align="left">It rained all day in the town.</p><p>Then it stopped.</p>',
        '<img src="/a.jpg"><br><br>It rained all day in the town.<br><br>Then it stopped.',
        '<center><img src="/a.jpg"></center>It rained all day in the town.<br><br>Then it stopped.',
    ],
)
def test_text_beside_a_picture_is_no_caption(body: str):
    entry = article(body)
    assert entry.content_text == "It rained all day in the town.\n\nThen it stopped."
    assert [photo.caption for photo in entry.photos] == [None]


BODIES = {
    "p": "<p>It rained all day.</p><p>Then it stopped.</p>",
    "div": "<div>It rained all day.</div><div><br></div><div>Then it stopped.</div>",
    "br": "<div>It rained all day.<br><br>Then it stopped.</div>",
    "br with spaces": "<div>It rained all day.<br>&nbsp;<br />\n Then it stopped.</div>",
    "nested": "<div><div><div>It rained all day.</div></div><section><p>Then it stopped.</p></section></div>",
    "bare": "It rained all day.<br><br>Then it stopped.",
    "spans": "<p><span>It <b>rained</b></span><span> all day.</span></p><p><span>Then it stopped.</span></p>",
    "layout table": "<table><tr><td><p>It rained all day.</p><p>Then it stopped.</p></td></tr></table>",
    "unclosed": "<p>It rained all day.<p>Then it stopped.",
    "script": "<p>It rained all day.</p><script>var a = '<p>x</p>';</script><!-- <p>y</p> -->"
    "<style>p{}</style><p>Then it stopped.</p>",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_paragraphs_are_found_whatever_parts_them(body: str):
    assert article(body).content_text == "It rained all day.\n\nThen it stopped."


RELATED = "<a href=\"javascript:fnView('NewsFocus/policies','2')\">More rain</a>"


@pytest.mark.parametrize(
    "box",
    [
        f"<p>Related Contents</p><p>{RELATED}</p>",
        f"<p><strong>Related&nbsp;Contents</strong></p><ul><li>{RELATED}</li></ul>",
        f'<div class="related"><h3>Related Contents</h3><ul><li>{RELATED}</li></ul></div>',
        f"<dl><dt>Related Contents</dt><dd>{RELATED}</dd></dl>",
        f"<p>Related Articles</p><p>{RELATED}</p>",
        f"<p>Related Contents<br>{RELATED}</p>",
        f"<p>Related Contents {RELATED}</p>",
    ],
)
def test_related_contents_inside_the_body_are_links_and_no_text(box: str):
    entry = article(f"<p>It rained all day.</p><p>nara@korea.example</p>{box}")
    assert entry.content_text == "It rained all day."
    assert [(one.url, one.title) for one in entry.related] == [
        ("https://www.korea.net/NewsFocus/policies/view?articleId=2", "More rain")
    ]


@pytest.mark.parametrize(
    "box",
    [
        f'<section class="related_news"><h3>Related Contents</h3><ul><li>{RELATED}</li></ul></section>',
        f"<div><div><strong>Related Contents</strong></div><div>{RELATED}</div></div>",
    ],
)
def test_related_contents_outside_the_body_are_found_by_their_heading(box: str):
    html = f'<div id="content_text_ALLBOX"><p>It rained all day.</p></div>{box}'
    (link,) = parse_article(html, URL, PACK).related
    assert (link.url, link.title) == (
        "https://www.korea.net/NewsFocus/policies/view?articleId=2",
        "More rain",
    )


@pytest.mark.parametrize("inside", ["", "<p></p>", "&nbsp;", "<div><br></div>", "<!-- nothing -->"])
def test_an_empty_body_box_keeps_title_and_link(inside: str):
    entry = article(inside)
    assert (entry.title, entry.link, entry.content_text) == ("A title", URL, None)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<",
        "\x00",
        "<html></html>",
        "plain words",
        '<div id="content_text_ALLBOX">' + "<table><tr><td>" * 500 + "deep",
        '<div id="content_text_ALLBOX">' + "<div>" * 3000 + "deep",
        '<div id="content_text_ALLBOX">' + "<b>" * 3000 + "deep",
        '<div id="content_text_ALLBOX"><img src="http://[::1"><a href="http://[::1">x</a>',
        "<frameset><frame src=x></frameset>",
    ],
)
def test_a_broken_page_raises_nothing_and_keeps_its_link(html: str):
    assert parse_article(html, URL, PACK).link == URL
    assert parse_list(html, URL, PACK).entries == ()


def test_a_missing_title_is_taken_from_the_head():
    entry = article(
        "<p>It rained.</p>", before='<head><meta property="og:title" content="Rain &amp; wind"></head>'
    )
    assert entry.title == "Rain & wind"


def test_two_hundred_pictures_are_two_hundred_photos():
    body = "".join(
        f'<p><img src="/{at}.jpg" alt="Picture number {at} of two hundred"></p>' for at in range(200)
    )
    entry = article(f"{body}<p>It rained all day.</p>")
    assert len(entry.photos) == 200
    assert entry.content_text == "It rained all day."


def test_icons_pixels_and_logos_are_no_photos():
    entry = article(
        '<img src="/images/ico_print.png"><img src="/t.gif" width="1" height="1"><img src="/images/logo.png">'
        '<img src="data:image/png;base64,AAAA"><p>It rained all day.</p>'
    )
    assert entry.photos == ()


def test_the_heads_picture_stands_in_where_the_body_has_none():
    head = '<head><meta property="og:image" content="/upload/a.jpg"></head>'
    assert [photo.url for photo in article("<p>Rain.</p>", before=head).photos] == [
        "https://www.korea.net/upload/a.jpg"
    ]


@pytest.mark.parametrize(
    ("href", "link"),
    [
        ("javascript:fnView('NewsFocus/policies','273475','x')", "/NewsFocus/policies/view?articleId=273475"),
        ('javascript:fnView( "NewsFocus/sci-tech" , 273475 )', "/NewsFocus/sci-tech/view?articleId=273475"),
        ("/NewsFocus/policies/view?articleId=5", "/NewsFocus/policies/view?articleId=5"),
    ],
)
def test_a_javascript_link_becomes_the_address_that_it_opens(href: str, link: str):
    assert PACK.list is not None
    assert link_of(href, URL, PACK.list) == f"https://www.korea.net{link}"


ITEM = '<img src="/t.jpg" alt="Thumb"><span class="cont"><b class="subj">Rain</b><em>Jul 03, 2031</em></span>'


@pytest.mark.parametrize(
    ("before", "link", "after"),
    [
        ('<div class="list-box">', "href=\"javascript:fnView('NewsFocus/policies','11','x')\"", "</div>"),
        ('<div class="list-box">', 'href=\'javascript:goView("NewsFocus/policies", "11")\'', "</div>"),
        ('<ul class="list-box"><li>', "href=\"#\" onclick=\"fnView('NewsFocus/policies','11')\"", "</ul>"),
        (
            '<div class="list-box"><ul><li>',
            "href=\"javascript:view('/NewsFocus/policies/',11);\"",
            "</ul></div>",
        ),
        (
            '<div class="list-box"><div>',
            'href="javascript:fnView(&#39;NewsFocus/policies&#39;,&#39;11&#39;)"',
            "</div></div>",
        ),
    ],
)
def test_a_list_item_is_read_however_its_link_is_called(before: str, link: str, after: str):
    box = f"{before}<a {link}>{ITEM}</a>{after}"
    (entry,) = parse_list(box, "https://news.example/NewsFocus/policies", PACK).entries
    assert entry.link == "https://news.example/NewsFocus/policies/view?articleId=11"
    assert (entry.title, entry.published) == ("Rain", "Jul 03, 2031")
    assert [photo.url for photo in entry.photos] == ["https://news.example/t.jpg"]


def test_the_next_page_of_a_list_is_built_from_its_javascript():
    html = f"""<div class="list-box"><a href="javascript:fnView('NewsFocus/policies','11')">{ITEM}</a></div>
        <div class="paging"><strong>1</strong><a href="javascript:fnPage('2')">2</a></div>"""
    feed = parse_list(html, "https://news.example/NewsFocus/policies", PACK)
    assert feed.next_page == "https://news.example/NewsFocus/policies?pageIndex=2"


@pytest.mark.parametrize("href", ["javascript:void(0)", "javascript:fnPage('2')", "mailto:a@b.example", ""])
def test_a_link_that_opens_no_article_is_none(href: str):
    assert PACK.list is not None
    assert link_of(href, URL, PACK.list) in (None, URL)
