"""The body of an entry: photos with their words, and nothing that acts or leads nowhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Photo
from feedbot.publish.article import article_html, sanitised
from feedbot.publish.tidy import tidied
from tests.publish.checker import html_problems
from tests.support import entry

HARBOUR = Photo("https://gazette.example/harbour.jpg", "The harbour", "Gazette Pictures", None, 800, 500)


def body(html: str | None, *photos: Photo, text: str | None = None) -> str:
    """The article of that body; what it becomes may not act."""
    made = entry(content_html=html, content_text=text, photo=photos[0] if photos else None, photos=photos)
    found = article_html(made) or ""
    assert html_problems(found) == []
    return found


def test_a_lead_photo_that_the_body_lacks_stands_in_front_with_caption_and_credit():
    assert body("<p>It rains.</p>", HARBOUR) == (
        '<figure><img src="https://gazette.example/harbour.jpg" alt="The harbour" width="800" height="500">'
        "<figcaption>The harbour <small>Photo: Gazette Pictures</small></figcaption></figure><p>It rains.</p>"
    )


@pytest.mark.parametrize(
    "src",
    [
        "https://gazette.example/harbour.jpg",
        "/harbour.jpg",
        "//gazette.example/harbour.jpg?w=640&amp;h=400",
        "http://gazette.example/harbour-1024x683.jpg",
    ],
)
def test_a_lead_photo_that_the_body_shows_in_any_size_is_not_doubled(src: str):
    assert body(f'<p>It rains.</p><img src="{src}">', HARBOUR).count("<img") == 1


def test_pictures_of_one_script_are_different_pictures():
    first, second = (f"https://gazette.example/image?id={number}" for number in (1, 2))
    assert body(f'<img src="{second}">', Photo(first)).count("<img") == 2


def test_a_figure_without_words_gets_those_that_are_known():
    found = body(
        '<p>One.</p><figure><img src="https://gazette.example/harbour.jpg"></figure><p>Two.</p>', HARBOUR
    )
    assert found.count("The harbour") == 2  # alt and caption
    assert found.startswith("<p>One.</p><figure>")


def test_a_photo_of_which_only_the_words_are_known_keeps_them():
    found = body("<p>It rains.</p>", Photo(None, "The mayor at the quay", "Gazette Pictures"))
    assert found == "<p>It rains.</p><p>The mayor at the quay <small>Photo: Gazette Pictures</small></p>"


def test_a_text_without_html_is_paragraphs():
    assert body(None, text="One & two.\n\nThree <four>.") == "<p>One &amp; two.</p><p>Three &lt;four&gt;.</p>"


def test_nothing_is_nothing():
    assert article_html(entry(content_html=None, content_text=None)) is None
    assert article_html(entry(content_html="<script>x</script>", content_text=None)) is None


def test_addresses_are_absolute_and_what_leads_nowhere_is_no_link():
    found = body('<a href="../b">b</a> <a href="#n">n</a> <a href="tel:1">t</a> <a href="http://[">x</a>')
    assert 'href="https://gazette.example/b"' in found
    assert 'href="https://gazette.example/articles/1#n"' in found
    assert found.count("href") == 2


def test_a_framed_video_becomes_a_link_to_it():
    found = body('<iframe src="//video.example/e/7" onload="x()">no frames</iframe><p>After.</p>')
    assert found == (
        '<p><a href="https://video.example/e/7" rel="noopener noreferrer nofollow">https://video.example/e/7</a></p>'
        "<p>After.</p>"
    )


VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://a.example/x.jpg" onerror="alert(1)">',
    "<img/src='https://a.example/x.jpg'/onload=alert(1)>",
    "<img src=`javascript:alert(1)`>",
    '<img """><script>alert(1)</script>">',
    "<img src=javascript:alert(1)>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' &#14; javascript:alert(1)'>x</a>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "<a href='java&#11;script:alert(1)'>x</a>",
    "<a href='java\x0bscript:alert(1)'>x</a>",
    "<a href='java&#0;script:alert(1)'>x</a>",
    "<a href='jAvAsCrIpT&colon;alert(1)'>x</a>",
    "<a href='&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='https://a.example/' onmouseover='alert(1)' style='x:expression(1)'>x</a>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='javascript:alert(1)//'>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><input type=submit></form>",
    "<button formaction='javascript:alert(1)'>x</button>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video poster='javascript:alert(1)'><source onerror='alert(1)' src='x'></video>",
    "<audio src='javascript:alert(1)' controls onplay='alert(1)'></audio>",
    "<blockquote cite='javascript:alert(1)'>x</blockquote>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<template><script>alert(1)</script></template>",
    "<textarea><script>alert(1)</script></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><script>alert(1)</script></xmp>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<p/onclick=alert(1)>x",
    "<p title='</p><script>alert(1)</script>'>x</p>",
    "&lt;script&gt;alert(1)&lt;/script&gt;<plaintext><script>alert(1)</script>",
    "<a href='https://a.example/\" onclick=\"alert(1)'>x</a>",
    "<table background='javascript:alert(1)'><tr><td>x</td></tr></table>",
]


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_acts_survives_and_the_words_around_it_do(vector: str):
    found = body(f"<p>Before.</p>{vector}")
    assert found.startswith("<p>Before.</p>")
    alone = html_problems(sanitised(vector))  # the sanitiser by itself as well
    assert [one for one in alone if not one.startswith("href='https:")] == []


@given(
    st.lists(
        st.one_of(st.sampled_from(VECTORS), st.text(max_size=20), st.sampled_from("<>\"'=&/ \x0b")),
        max_size=8,
    )
)
@settings(max_examples=80, deadline=None)
def test_no_mixture_of_them_acts_and_cleaning_twice_changes_nothing(parts: list[str]):
    found = body("".join(parts))
    assert body(found) == found


@pytest.mark.parametrize(
    ("html", "meant"),
    [
        ("<p>One<p>Two", "<p>One</p><p>Two</p>"),
        ("<ul><li>One<li>Two</ul>After", "<ul><li>One</li><li>Two</li></ul>After"),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("x</div></p>y", "xy"),
        ("a < b > c", "a &lt; b &gt; c"),
        ("one<br/>two<hr>", "one<br>two<hr>"),
        ("<!-- <p> -->x<!doctype html>y<?php z ?>", "xy"),
        ("<P CLASS=a Title=b TITLE=c>x</P>", '<p title="b">x</p>'),
        ("<p title='a&quot;b<c>'>x", '<p title="a&quot;b&lt;c&gt;">x</p>'),
        ("<p title='never closed>x", '<p title="">x</p>'),
        ("x<p title='never closed'", "x"),
        ("<!-- never closed", ""),
        ("<td>x", "<td>x</td>"),
        ("<script>if (a<b) {}</script >x", "x"),
        ("<h1>H</h1><pre>a\n  b</pre>", "<h1>H</h1><pre>a\n  b</pre>"),
        ("<img alt=x>", ""),
        ("<p>caf&eacute; &amp; &lt;tea&gt;</p>", "<p>caf&eacute; &amp; &lt;tea&gt;</p>"),
    ],
)
def test_tags_are_written_so_that_they_nest(html: str, meant: str):
    assert tidied(html, None) == meant


def test_what_is_nested_too_deep_loses_its_tags_and_keeps_its_words():
    found = tidied("<div>" * 5000 + "deep" + "</div>" * 5000 + "after", None)
    assert found == "<div>" * 100 + "deep" + "</div>" * 100 + "after"


def test_a_body_that_is_too_much_goes_out_as_its_text():
    assert body("<p>" + "a" * 600_000, text="The text.") == "<p>The text.</p>"
    assert body("&" * 60_000, text="The text.") == "<p>The text.</p>"
    assert body("&" * 600_000, text="&" * 600_000).startswith("<p>+++")


def test_a_tag_with_very_many_attributes_costs_no_more_than_its_length():
    """A sanitiser that compares each with each takes seconds; here it never sees them."""
    many = " ".join(f"a{number}='>'" for number in range(40_000))
    assert body(f"<p {many}>x</p>") == "<p>x</p>"
