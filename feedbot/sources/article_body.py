"""Where an article's body stands on its page, and what it holds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Related
from feedbot.rules.text import fold
from feedbot.sources.blocks import Block, read_blocks
from feedbot.sources.body import Body, paragraphs_as_blocks, sort_out
from feedbot.sources.density import chrome_in, densest, names_of, weight
from feedbot.sources.labels import is_related_heading, spelled
from feedbot.sources.listing import href_is_page, link_of
from feedbot.sources.pack import ListRules, Pack
from feedbot.sources.selector import find
from feedbot.sources.shallow import shallow

_SHORTEST_BODY = 200  # letters; a guessed body with fewer is tried by trafilatura too
_MOST_LINKS = 40
_LARGEST_PAGE = 1 << 20  # trafilatura needs 26 s and 1.2 GB for half a million links (shared facts)
_MOST_TAGS = 20_000
_RELATED = re.compile(r"related|recommend", re.IGNORECASE)
_HEADINGS = "h2, h3, h4, h5, h6, strong, b, dt, p, span, em, div"


@dataclass(frozen=True, slots=True)
class Page:
    """A page being read by a pack; `base` is what its links count from."""

    tree: LexborHTMLParser
    root: LexborNode
    url: str
    base: str
    pack: Pack

    def nodes(self, selectors: Iterable[str]) -> set[int]:
        """The `mem_id`s of all nodes that selectors give."""
        found = (node for selector in selectors for node in find(self.root, selector))
        return {node.mem_id for node in found if isinstance(node, LexborNode)}

    def links(self, pairs: Sequence[tuple[str, str]]) -> list[Related]:
        """Links to other articles, of pairs of href and title."""
        rules = self.pack.list or ListRules(item="a")
        found = ((link_of(href, self.base, rules), title) for href, title in pairs[:_MOST_LINKS])
        return [
            Related(link, title or None) for link, title in found if link and not href_is_page(link, self.url)
        ]


def pairs_of(node: LexborNode) -> tuple[tuple[str, str], ...]:
    """The links in a node, or the link it is: href and title."""
    links = [node] if node.tag == "a" else node.css("a")[:_MOST_LINKS]
    return tuple((link.attributes.get("href") or "", fold(link.text(deep=True))) for link in links)


def find_body(page: Page, html: str, article_body: str | None) -> tuple[Body, LexborNode | None, str]:
    """The body sorted out, the node it stands in, and the rule that found it.

    `article_body` is the text that JSON-LD tells: where the page shows it, its own elements are read, as they
    have pictures and paragraphs.
    """
    for selector in page.pack.article.body:
        for found in find(page.root, selector):
            body = _read(page, found) if isinstance(found, LexborNode) else _fragment(page, found)
            if body and (body.text or body.photos):
                return body, found if isinstance(found, LexborNode) else None, selector
    node = page.tree.css_first("[itemprop~='articleBody']") or densest(page.root)
    guessed = _read(page, node) if node else None
    text = "".join(block.text for block in guessed.text) if guessed else ""
    if article_body and spelled(article_body)[:60] not in spelled(text[:20_000]):
        return _sorted(page, paragraphs_as_blocks(article_body)), node, "JSON-LD"
    if guessed and weight(text) >= _SHORTEST_BODY:
        marked = node is not None and "articleBody" in (node.attributes.get("itemprop") or "")
        return guessed, node, "microdata" if marked else "text pattern"
    return _last_resort(page, html, guessed, node, len(text))


def _last_resort(
    page: Page, html: str, guessed: Body | None, node: LexborNode | None, length: int
) -> tuple[Body, LexborNode | None, str]:
    """What trafilatura finds, where that is more."""
    from feedbot.sources.extract import extract_blocks  # noqa: PLC0415 - it costs 70 MB and half a second once

    is_fit = _SHORTEST_BODY < len(html) < _LARGEST_PAGE and html.count("<") < _MOST_TAGS
    blocks = extract_blocks(html, page.base) if is_fit else []
    if sum(len(block.text) for block in blocks) > max(length, 25):
        return _sorted(page, blocks), node, "trafilatura"
    return guessed or Body(), node, "text pattern"


def _read(page: Page, node: LexborNode) -> Body | None:
    if not node.text(deep=True).strip() and node.css_first("img, amp-img") is None:
        return None
    rules = page.pack.article
    furniture = list(chrome_in(node))
    removed = page.nodes(rules.remove) | {one.mem_id for one in furniture}
    body = _sorted(
        page, read_blocks(node, page.base, page.nodes(rules.caption), removed, page.nodes(rules.credit))
    )
    for one in furniture:
        if _RELATED.search(names_of(one)):
            body.related += page.links(pairs_of(one))
    return body


def _sorted(page: Page, blocks: Sequence[Block]) -> Body:
    return sort_out(blocks, page.links, caption_from_alt=page.pack.article.caption_from_alt)


def _fragment(page: Page, value: object) -> Body | None:
    """The body in a JSON value or attribute: HTML where it has tags, else paragraphs."""
    if not isinstance(value, str) or not value.strip():
        return None
    if not re.search(r"<[a-zA-Z]", value):
        return _sorted(page, paragraphs_as_blocks(value))
    tree = LexborHTMLParser(f"<body>{shallow(value)}</body>")
    return _read(page, tree.body) if tree.body else None


def related_outside(page: Page, scope: LexborNode | None) -> list[Related]:
    """The links under a heading such as "Related Contents" that stands outside the body."""
    inside = {scope.mem_id} if scope else set()
    for heading in page.root.css(_HEADINGS)[:5000]:
        text = heading.text(deep=True)
        if len(text) > 60 or not is_related_heading(text):
            continue
        box = heading.parent
        for _ in range(3):
            if box is None or box.tag in {"body", "html"} or box.mem_id in inside:
                break
            if links := page.links(pairs_of(box)):
                return links
            box = box.parent
    return []
