"""A template can say what is told, and do nothing else."""

import pytest

from feedbot.telegram.template import check_template, fill

GOOD = [
    "<b>{{ title }}</b> {{ url }}",
    "{{ summary|truncate(100) }}",
    "{% if authors and not caption %}x{% endif %}",
    "",
]


@pytest.mark.parametrize("text", GOOD)
def test_fields_filters_and_conditions_are_all_that_is_needed(text: str) -> None:
    assert check_template(text) is None


BAD = [
    ("{% for a in authors %}{% endfor %}", "no for"),
    ("{{ title * 1000000000 }}", "no mul"),
    ("{{ title.__class__ }}", "no getattr"),
    ("{{ title['x'] }}", "no getitem"),
    ("{{ range(9) }}", "no call"),
    ("{% set x = title ~ title %}", "no assign"),
    ("{% include 'x' %}", "no include"),
    ("{{ title|replace('a', text) }}", "no filter 'replace'"),
    ("{{ titel }}", "no field 'titel'"),
    ("line\n{% if %}", "line 2"),
    ("{{ title|truncate('x') }}", "cannot be filled"),
    ("x" * 5000, "longer than"),
    ("{{ " + "not " * 900 + "title }}", "lies in one another"),
    ("{{ " + "(" * 900 + "title" + ")" * 900 + " }}", "lies in one another"),
    ("{% if title %}" * 130 + "x" + "{% endif %}" * 130, "lies in one another"),
    ("{# a comment #} <b> </b>", "says nothing"),
    ("{% autoescape false %}{{ title }}{% endautoescape %}", "line 1: a template has"),
    ("{{ '{0.__class__}'.format(title) }}", "no call"),
    ("{{ title|attr('__class__') }}", "no filter 'attr'"),
    ("{{ 9 ** 9 ** 9 }}", "no pow"),
    ("{% macro f() %}{{ f() }}{% endmacro %}", "no macro"),
    ("{{ title|center(1000000000) }}", "no filter 'center'"),
]


@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_what_could_run_away_or_is_not_known_is_refused_in_one_line(text: str, complaint: str) -> None:
    found = check_template(text)
    assert found is not None
    assert complaint in found
    assert "\n" not in found


def test_fields_are_text_and_content_is_html() -> None:
    told = fill("{{ title }}\n{{ content }}", {"title": "<b>x</b>", "content": "<b>y</b>"})
    assert told.text == "<b>x</b>\ny"
    assert [span.type for span in told.spans] == ["bold"]


def test_a_filter_that_is_given_nonsense_costs_only_the_template() -> None:
    assert fill("{{ title|truncate('x') }}", {"title": "long " * 200}).text == ""


def test_a_field_keeps_its_lines() -> None:
    assert fill("{{ text }}", {"text": "one\ntwo\n\n<three>"}).text == "one\ntwo\n\n<three>"


def test_an_article_told_three_hundred_times_is_told_as_often_as_a_message_could_need() -> None:
    told = fill("{{ content }}" * 300, {"content": "<p>words</p>" * 40_000})
    assert 4096 < len(told.text) < 600_000


def test_a_template_whose_depth_nobody_checked_costs_only_the_template() -> None:
    assert fill("{{ " + "not " * 900 + "title }}", {"title": "x"}).text == ""
