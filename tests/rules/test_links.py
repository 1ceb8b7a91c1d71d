"""The Link header, as honest servers write it and as others do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.rules.links import linked

BASE = "https://feeds.example/news.xml"
HUB = "https://hub.example/"


@pytest.mark.parametrize(
    "header",
    [
        '<https://hub.example/>; rel="hub"',
        "<https://hub.example/>;rel=hub",
        '< https://hub.example/ > ; REL = "HUB"',
        '<https://feeds.example/news.xml>; rel="self", <https://hub.example/>; rel="hub"',
        '<https://hub.example/>; title="a, b; rel=self"; rel="hub"',
        r'<https://hub.example/>; title="a \" b"; rel="hub"',
        '<https://hub.example/>; rel="preload hub"',
        '<https://hub.example/>; rel="hub"; rel="self"',
        ', ,<https://other.example/>; rel="self",,<https://hub.example/>; crossorigin; rel="hub"',
        'nonsense, <https://hub.example/>; rel="hub"',
        '<https://hub.example/>; rel="hub"; anchor="https://feeds.example/news.xml"',
        '<javascript:alert(1)>; rel="hub", <https://hub.example/>; rel=hub',
    ],
)
def test_a_hub_is_found(header: str):
    assert linked([header], BASE, "hub") == HUB


@pytest.mark.parametrize(
    "header",
    [
        "",
        "https://hub.example/; rel=hub",
        "<https://hub.example/>",
        '<https://hub.example/>; rel="hubs"',
        '<https://hub.example/>; rel="self"; rel="hub"',
        '<https://hub.example/>; rel="hub"; anchor="https://other.example/"',
        "<https://hub.example/; rel=hub",
        "<ftp://hub.example/>; rel=hub",
    ],
)
def test_what_names_no_hub_of_this_document_names_none(header: str):
    assert linked([header], BASE, "hub") is None


def test_several_headers_are_one_and_relative_addresses_are_resolved():
    assert (
        linked(["</self>; rel=self", "</hub?a=1>; rel=hub"], BASE, "hub") == "https://feeds.example/hub?a=1"
    )
    assert linked(["<>; rel=self"], BASE, "self") in {None, BASE}


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='<>;,="\\ rel hub/:a\t', max_size=400))
def test_any_header_is_read_to_its_end(header: str):
    linked([header], BASE, "hub")


def test_a_long_header_takes_no_longer_than_it_is_long():
    for piece in ("<", '<a>;x="', "; a", '<a>; b=";\\', ","):
        linked([piece * 100_000], BASE, "hub")
