"""What is cut before it is parsed: deep markup, piles of tags, tags without end."""

import pytest

from feedbot.sources.shallow import MAX_DEPTH, MAX_TAGS, is_too_deep, shallow


@pytest.mark.parametrize(
    "html",
    [
        '<p class="lead">Ferry <a href="/a?b=c" rel="noopener">late</a>.<br/></p>',
        "<div>" * MAX_DEPTH + "</div>" * MAX_DEPTH,
        "<p>" * (MAX_DEPTH + 1),
        "1 > 0 <p>even so",
    ],
)
def test_what_people_write_is_not_too_deep(html):
    assert not is_too_deep(html)
    assert shallow(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * (MAX_DEPTH + 1),
        "<b>" * (MAX_DEPTH + 1),
        "</p>" * (MAX_TAGS + 1),
        "<p>The end is missing <a href",
        "<p" + " x" * 3000 + ">",
        "<p>A comment without end <!-- here",
    ],
)
def test_what_would_make_a_parser_slow_is_cut(html):
    assert is_too_deep(html)
    assert html.startswith(shallow(html))
