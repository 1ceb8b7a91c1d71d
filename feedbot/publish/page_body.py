"""The article as a part of a page: under its title, gentle to its reader, sound for a screen reader. Pure."""

import re

import nh3
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Entry
from feedbot.publish.article import article_html
from feedbot.publish.tidy import ATTRIBUTES, TAGS

_ON_A_PAGE = {
    "img": {"loading": "lazy", "referrerpolicy": "no-referrer", "decoding": "async"},
    "table": {"tabindex": "0"},  # it may be wider than the screen: who has no mouse scrolls it as well
}
_ATTRIBUTES = ATTRIBUTES | {tag: ATTRIBUTES.get(tag, set()) | more.keys() for tag, more in _ON_A_PAGE.items()}
_HEADING = re.compile(r"<(/?)h([1-6])(?=[ >])")
_SAYS_NOTHING = "a, h1, h2, h3, h4, h5, h6, summary"  # without words: a stop that is announced as "link"


def page_body(entry: Entry) -> Markup:
    """The article; its pictures are fetched late, and without telling from where."""
    html = nh3.clean(
        _sound(article_html(entry) or ""),
        tags=set(TAGS),
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values=_ON_A_PAGE,
    )
    return Markup(_below_the_title(html))  # noqa: S704  # sanitised


def _sound(html: str) -> str:
    """Links and headings without words give way to what is in them, and lists in lists to their items."""
    body = LexborHTMLParser(html).body
    if body is None:
        return html
    for node in body.css(_SAYS_NOTHING):
        if not _has_words(node):
            node.unwrap()
    for node in body.css("ul > ul, ul > ol, ol > ul, ol > ol"):
        node.unwrap()
    return body.inner_html or ""


def _has_words(node: LexborNode) -> bool:
    return bool(node.text().strip()) or any(
        (image.attributes.get("alt") or "").strip() for image in node.css("img")
    )


def _below_the_title(html: str) -> str:
    """The headings of an article under that of its page, no level left out: screen readers go by them.

    What looks like one inside an attribute stays words, whatever its number.
    """
    above: list[int] = []  # the headings, as they were told, under which the next one stands
    opened = [2]

    def level(found: re.Match[str]) -> str:
        if found[1]:
            return f"</h{opened.pop() if len(opened) > 1 else 2}"
        told = int(found[2])
        while above and above[-1] >= told:
            above.pop()
        above.append(told)
        opened.append(min(1 + len(above), 6))
        return f"<h{opened[-1]}"

    return _HEADING.sub(level, html)
