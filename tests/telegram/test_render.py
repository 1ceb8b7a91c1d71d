"""HTML becomes text and entities that the server takes, with nothing lost that a reader could see."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.entities import read_text
from feedbot.telegram.render import render
from feedbot.telegram.styled import MOST_ENTITIES, Styled, plain, shorten, without_leftovers
from tests.telegram.server import complaints

TEXTS = [
    ("<p>one</p><p>two</p>", "one\n\ntwo"),
    ("<h2>Head</h2><p>one<br>two</p>three", "Head\n\none\ntwo\n\nthree"),
    ("<p>5 &lt; 6 && 7 > 3, 5 < 6&nbsp;&hellip; &copy;</p>", "5 < 6 && 7 > 3, 5 < 6 … ©"),
    ("<p>안녕<strong>하세요</strong>는</p>", "안녕하세요는"),
    ("a<script>alert(1)</script>b<style>x{}</style>c<iframe src=x>no</iframe>", "abc"),
    ("<![CDATA[<b>kept</b>]]> *as* _it_ [is](x)", "kept *as* _it_ [is](x)"),
    ("<div>" * 400 + "deep" + "</div>" * 400, "deep"),
    ("<ul><li>one<ul><li>two</ul><li><p>three</p><p>four</p></ul>", "• one\n  ◦ two\n• three\n  four"),
    ("<ol start=3><li>a<li value=9>b<li>c</ol>", "3. a\n9. b\n10. c"),
    ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y"),
    ("H<sub>2</sub>O, 1<sup>st</sup>, note<sup><a href='#f'>[1]</a></sup>", "H₂O, 1st, note¹"),
    ("<ol><li>Note <a href='#r'>↩</a></li></ol>", "1. Note"),
    ("<dl><dt>T</dt><dd>D</dd></dl><details><summary>S</summary>body</details>", "T\nD\n\nS\nbody"),
    ("<figure><img src=x><figcaption>A caption</figcaption></figure>text", "A caption\n\ntext"),
    ("<hr>one<hr><hr>two<hr>", "one\n\n———\n\ntwo"),
    ("a<pre>x<br>y<br><br>z</pre>", "a\n\nx\ny\n\nz"),
    ("a<pre>\n    if x:\n\ty\n</pre>", "a\n\nif x:\ny"),
    ("a<pre>  b\nc</pre>", "a\n\n\xa0\xa0b\nc"),
    ("<ul><li>a<pre>x\n y</pre><li>b<blockquote>q</blockquote></ul>", "• a\n\nx\n y\n\n• b\n\nq"),
    ("<ol type=a><li>x<li>y</ol><ol type=I start=4><li>z</ol>", "a. x\nb. y\n\nIV. z"),
    ("<ul><li><input type=checkbox checked>done<li><input type=checkbox> open</ul>", "• ☑ done\n• ☐ open"),
    ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> <ruby>字<rt>ji</rt></ruby>", "漢(kan) 字(ji)"),
    ("so <math><mi>x</mi><mo>=</mo><mn>2</mn><annotation>tex</annotation></math>", "so x=2"),
    ("x<sup>n+1</sup>, 10<sup>−3</sup>, a<sup>TM</sup>", "xⁿ⁺¹, 10⁻³, aTM"),
    ("nice <img class=emoji alt=🙂> day<img alt='A photo'>", "nice 🙂 day"),
    ("\ufeff<p>\u200b</p><ul><li>\u2060</ul><p>x</p>", "x"),
    ("A\u030angstrom o\u0333", "Ångstrom o"),
    ("<![CDATA[a]]> b[c[0]]>1", "a b[c[0]]>1"),
    ("he said <q>so</q>.", "he said “so”."),
    ("<foo>bar</foo> <font color=red>x</font><video>no</video>", "bar x"),
    ("a\x00b\x0bc\ud83d", "abc"),
    ("<table><tr><td><p>one</p><p>two</p></td><td>x</td></tr></table>", "one\n\ntwo\n\nx"),
    ("<table><tr><td>one</td></tr><tr><td>two</td></tr></table>", "one\ntwo"),
    ("", ""),
    ("<p> &nbsp; </p>", ""),
]  # fmt: skip


@pytest.mark.parametrize(("html", "text"), TEXTS)
def test_blocks_lists_notes_and_signs_read_as_on_the_page(html: str, text: str) -> None:
    assert render(html).text == text


def marked(html: str) -> list[tuple[str, str]]:
    styled = render(html)
    units = styled.text.encode("utf-16-le")
    return [
        (span.type, units[span.offset * 2 : (span.offset + span.length) * 2].decode("utf-16-le"))
        for span in styled.spans
    ]


ENTITIES = [
    ("<b>bold <i>both</b> it</i> <b>open", ["bold bold both", "italic both", "italic it", "bold open"]),
    ("<li><b>x</b></li>", ["bold x"]),
    ("👨‍👩‍👧‍👦<b> 🇰🇷 </b>", ["bold 🇰🇷"]),
    ("<a href='/x'>r</a><a href='javascript:x'>j</a><a href='https://x.y/'>l</a>", ["text_link l"]),
    ("<a href='https://x.y/'><code>z</code></a>", ["text_link z"]),
    ("<b>q <code>w</code> e</b>", ["bold q", "code w", "bold e"]),
    ("<b><b>once</b></b>", ["bold once"]),
    (
        "<a href='https://x.y/'>a<blockquote>b</blockquote>c</a>",
        ["text_link a", "blockquote b", "text_link b", "text_link c"],
    ),
    (
        "<i>a<blockquote>b<pre>c</pre>d</blockquote></i>",
        ["italic a", "blockquote b\n\nc\n\nd", "italic b", "pre c", "italic d"],
    ),
    ("<code>a<blockquote>b</blockquote></code>", ["code a", "blockquote b", "code b"]),
    ("<b> </b><i></i>", []),
    ("<blockquote>a<blockquote>b</blockquote></blockquote>", ["blockquote a\n\nb"]),
    ("<blockquote>" + "long " * 200 + "</blockquote>", ["expandable_blockquote " + ("long " * 200).strip()]),
    ("<span class=tg-spoiler>s</span><tg-spoiler>t</tg-spoiler>", ["spoiler s", "spoiler t"]),
    ("<u>u</u><s>s</s><del>d</del>", ["underline u", "strikethrough s", "strikethrough d"]),
]


ADDRESSES = [
    ("https://x.y/a?b=c#d", True),
    ("HTTPS://user:word@x.y:8080", True),
    ("http://[::1]/", True),
    ("https://한국.example/", True),
    ("tg://resolve?domain=x", True),
    ("tg://user?id=1", False),
    ("http://localhost/", False),
    ("https://?x", False),
    ("https://x.y:99999/", False),
    ("https://x.y:0/", False),
    ("http://[zz]/", False),
    ("http://%zz.y/", False),
    ("http://x`.y/", False),
    ("https:/x.y", False),
    ("https://x.y/" + "a" * 5000, False),
]


@pytest.mark.parametrize(("url", "taken"), ADDRESSES)
def test_an_address_that_the_server_would_refuse_is_no_link(url: str, taken: bool) -> None:
    assert bool(render(f"<a href='{url}'>words</a>").spans) is taken
    assert bool(plain("words", url=url).spans) is taken


def test_an_address_with_a_space_leads_where_a_browser_would_go() -> None:
    assert [span.url for span in render("<a href=' https://x.y/a\n b '>words</a>").spans] == [
        "https://x.y/a%20b"
    ]


@pytest.mark.parametrize(("html", "found"), ENTITIES)
def test_styles_cover_their_words_and_nothing_else(html: str, found: list[str]) -> None:
    assert [f"{kind} {words}" for kind, words in marked(html)] == found


def test_code_keeps_its_lines_and_the_name_of_its_language() -> None:
    html = '<p>see</p><pre><code class="language-python">def f():\n    return 1\n</code></pre><p>end</p>'
    styled = render(html)
    assert styled.text == "see\n\ndef f():\n    return 1\n\nend"
    assert [(span.type, span.language) for span in styled.spans] == [("pre", "python")]


def test_a_table_is_aligned_where_korean_letters_take_two_columns() -> None:
    rows = "<tr><th>City<th>수량</tr><tr><td>서울<td>3</tr><tr><td>Busan<td>12</tr>"
    html = f"<table><caption>Sales</caption>{rows}</table>"
    assert render(html).text == "Sales\nCity  | 수량\n------+-----\n서울  | 3\nBusan | 12"
    assert [kind for kind, _ in marked(html)] == ["bold", "pre"]


def test_a_table_too_wide_for_a_phone_becomes_lines() -> None:
    html = f"<table><tr><th>Name<th>What it says</tr><tr><td>Harbour<td>{'long words ' * 5}</tr></table>"
    assert render(html).text == "Name: Harbour\nWhat it says: " + ("long words " * 5).strip()


def test_what_reaches_over_rows_and_columns_leaves_their_places_empty() -> None:
    html = "<table><tr><td rowspan=2>A<td>B</tr><tr><td>C</tr><tr><td colspan=2>DD</tr></table>"
    assert render(html).text == "A  | B\n   | C\nDD |"


def test_a_cell_keeps_its_words_apart_and_a_head_beside_its_cells_is_none_above() -> None:
    html = "<table><tr><th>Born<td>May<br>1815</tr><tr><th>Died<td>안녕<b>하</b></tr></table>"
    assert render(html).text == "Born | May 1815\nDied | 안녕하"


def test_no_row_of_a_table_is_lost() -> None:
    html = "<table>" + "".join(f"<tr><td>r{at}<td>v</tr>" for at in range(300)) + "</table>"
    assert render(html).text.count("\n") == 299


HOSTILE = [
    "<div>" * 100_000 + "deep",
    "<ul><li>x" * 50_000,
    "<table><tr><td>x" * 30_000,
    "<sup>x<sub>" * 50_000,
    "<dl><dt>a<dd>b" * 30_000,
    "<![CDATA[" * 60_000,
    "<b><i>x" * 60_000,
]


@pytest.mark.parametrize("html", HOSTILE, ids=lambda html: html[:12])
def test_html_that_never_ends_is_cut_where_no_message_would_hold_more(html: str) -> None:
    """Without a limit of tags these took minutes and gigabytes; what follows 10,000 tags is not read."""
    styled = render(html)
    assert len(styled.text) < 200_000
    assert not complaints(styled.text, styled.spans, 10**6)


def test_a_picture_among_the_words_does_not_take_their_place() -> None:
    picture = f"<img src='data:image/png;base64,{'A' * 600_000}'>"
    assert render(f"{picture}<p>words</p>").text == "words"


def test_where_a_text_is_cut_no_bullet_stands_alone() -> None:
    styled = render("<p>One word</p><ul><li>second-long-word</ul>")
    assert shorten(styled, 14).text == "One word…"


def test_of_too_many_entities_links_stay() -> None:
    html = "".join(f"<b>w{at}</b> <a href='https://x.y/{at}'>l</a> " for at in range(90))
    kinds = [kind for kind, _ in marked(html)]
    assert (len(kinds), kinds.count("text_link")) == (MOST_ENTITIES, 90)


def accepted(styled: Styled) -> tuple[str, list[dict[str, Any]]]:
    entities = [
        {key: value for key, value in (("type", one.type), ("offset", one.offset), ("length", one.length),
         ("url", one.url), ("language", one.language)) if value is not None}
        for one in styled.spans
    ]  # fmt: skip
    text, kept = read_text(styled.text, entities, None, caption=True)
    assert kept == entities
    return text, kept


TAGS = (
    "b i u s code pre a blockquote ul ol li p div table tr td th h2 br hr sup q span tg-spoiler figure"
    " figcaption dl dt dd details ruby rt input math caption"
).split()
WORDS = st.sampled_from(
    [
        "word ",
        "글자",
        "👩\u200d👧 ",
        "\n",
        "x. ",
        "🇰🇷",
        "e\u0301",
        "&amp;",
        "< ",
        "\u200b",
        "  a\tb",
        "—",
        "a\u030a",
    ]
)
OPENING = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS]),
    st.sampled_from(
        ["<a href='https://x.y/'>", "<a href='http://host/'>", "<span class=spoiler>", "<td rowspan=2>"]
    ),
)


def _element(start: str, inside: list[str], end: str) -> str:
    return f"{start}{''.join(inside)}{end}"


TREES = st.recursive(
    WORDS,
    lambda inside: st.builds(
        _element, OPENING, st.lists(inside, max_size=4), st.sampled_from(["", *[f"</{tag}>" for tag in TAGS]])
    ),
    max_leaves=25,
)


@given(st.lists(TREES, max_size=6), st.integers(1, 200))
@settings(max_examples=150, deadline=None)
def test_whatever_the_html_the_server_takes_it_as_it_is(trees: list[str], room: int) -> None:
    whole = render("".join(trees))
    for styled in (whole, shorten(whole, room)):
        assert complaints(styled.text, styled.spans, 10**6) == []
        if styled.text.strip("\u200b\n ") and styled.length < 1000:
            assert accepted(styled)[0] == styled.text
    assert shorten(whole, room).length <= room


LEFTOVERS = [
    ("Words.\n\nContinue Reading", "Words."),
    ("Words … Continue reading →", "Words …"),
    ("Words. The post On words first appeared on A Blog.", "Words."),
    ("Words […] The post On words appeared first on A Blog.", "Words […]"),
    ("Words.\n\n• Read more »\n\nThe post X appeared first on Y.", "Words."),
    ("Words. 더 보기", "Words."),
    ("He wants to read more", "He wants to read more"),
    ("Read more", "Read more"),
]


@pytest.mark.parametrize(("text", "left"), LEFTOVERS)
def test_what_blogs_put_behind_an_excerpt_is_left_out(text: str, left: str) -> None:
    styled = without_leftovers(plain(text, "bold"))
    assert styled == plain(left, "bold")
