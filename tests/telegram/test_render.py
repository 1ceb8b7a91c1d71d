"""HTML becomes text and entities that the server takes, with nothing lost that a reader could see."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.entities import read_text
from feedbot.telegram.render import render
from feedbot.telegram.styled import MOST_ENTITIES, Styled, shorten

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
    ("one<hr>two", "one\n\n———\n\ntwo"),
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
    ("<b> </b><i></i>", []),
    ("<blockquote>a<blockquote>b</blockquote></blockquote>", ["blockquote a\n\nb"]),
    ("<blockquote>" + "long " * 200 + "</blockquote>", ["expandable_blockquote " + ("long " * 200).strip()]),
    ("<span class=tg-spoiler>s</span><tg-spoiler>t</tg-spoiler>", ["spoiler s", "spoiler t"]),
    ("<u>u</u><s>s</s><del>d</del>", ["underline u", "strikethrough s", "strikethrough d"]),
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


TAGS = "b i u s code pre a blockquote ul ol li p div table tr td th h2 br hr sup q span".split()
PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
    st.sampled_from(
        ['<a href="https://x.y/">', '<span class="spoiler">', "&amp;", "<", " ", "\n", "👩‍👧", "글"]
    ),
    st.text(alphabet="ab 글😀\n<>&", max_size=5),
)


@given(st.lists(PIECES, max_size=25))
@settings(max_examples=100, deadline=None)
def test_whatever_the_html_the_server_takes_it_as_it_is(pieces: list[str]) -> None:
    styled = render("".join(pieces))
    if styled.text:
        assert accepted(styled)[0] == styled.text


@given(st.lists(PIECES, max_size=25), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_a_shortened_text_is_taken_too_and_never_too_long(pieces: list[str], room: int) -> None:
    styled = shorten(render("".join(pieces)), room)
    assert styled.length <= room
    if styled.text.strip():
        accepted(styled)
