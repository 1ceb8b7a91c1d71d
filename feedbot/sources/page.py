"""Article pages: the complete record, each field by the first of its fallbacks that tells it.

In order: the rule pack's selectors; lines of the body that are about the article; JSON-LD; meta elements;
microdata; how the visible page is written. Bodies: `article_body.py`. Pictures: `article_photos.py`.
"""

import mimetypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Author, Enclosure, ParsedEntry, Related
from feedbot.rules.dates import parse_date
from feedbot.rules.photo import tidy, with_credit
from feedbot.rules.text import fold, fold_case
from feedbot.rules.urls import absolute
from feedbot.sources.article_body import Page, find_body, pairs_of, related_outside
from feedbot.sources.article_photos import article_photos
from feedbot.sources.blocks import Block, render
from feedbot.sources.body import Body, only_known
from feedbot.sources.labels import EMAILS, Label, byline_authors, join_authors
from feedbot.sources.listing import base_of, link_of, parse_list, read_format
from feedbot.sources.pack import Pack, compiled
from feedbot.sources.patterns import date_in, is_part_of_head, is_sentence, read_patterns
from feedbot.sources.selector import find, select, select_all
from feedbot.sources.shallow import shallow
from feedbot.sources.structured import read_json_ld, read_meta, read_microdata, read_names

__all__ = ["choose", "link_of", "parse_article", "parse_list", "plain", "recognises"]

_MOST_RELATED = 20
_HEAD_BLOCKS = 8
_SHORT_LINE = 40
_RUNNING = 80
_TYPES = {".hwp": "application/x-hwp", ".hwpx": "application/hwp+zip"}


@dataclass(frozen=True, slots=True)
class _Told:
    """One part of a page, and what it tells."""

    rule: str
    entry: ParsedEntry


def parse_article(html: str, url: str, pack: Pack) -> ParsedEntry:
    """The complete record of an article page; of a hostile one at least title and link."""
    html = shallow(html)
    tree = LexborHTMLParser(html)
    root = tree.root
    if root is None:
        return ParsedEntry(link=url)
    page = Page(tree, root, url, base_of(tree, url), pack)
    structured, logos = read_json_ld(tree, url)
    meta = read_meta(tree, read_names(tree), url, logos)
    microdata = read_microdata(tree, url)
    body, scope, body_by = find_body(page, html, structured.content_text)
    told = _first_of(
        [
            _Told("", _by_rules(page)),
            _Told("text pattern", ParsedEntry(authors=_signed(body.labels))),
            _Told("JSON-LD", replace(structured, content_text=None, photos=())),
            _Told("meta", replace(meta, photos=())),
            _Told("microdata", replace(microdata, photos=())),
            _Told("text pattern", read_patterns(tree, page.base, scope, _lines(body.text))),
        ]
    )
    body.text = _without_head(body.text, told)
    if body_by in {"text pattern", "trafilatura"}:
        body.text = _without_edges(body.text)
    heads = (("JSON-LD", structured.photos), ("OpenGraph", meta.photos), ("microdata", microdata.photos))
    found, credit, photos_by = article_photos(page, body, scope, heads, logos)
    photos = with_credit(tidy(found, page.base), credit)
    texts = [block.text for block in body.text if block.lines]
    more = {"content_text": body_by if texts else "", "photos": photos_by if photos else ""}
    return replace(
        told,
        link=url,
        content_html=render(only_known(body.text, photos)) or None,
        content_text="\n\n".join(texts) or None,
        authors=_with_emails(told.authors, body.labels, page),
        photos=photos,
        enclosures=_attachments(page),
        related=_related(page, body, scope),
        canonical=meta.canonical or structured.canonical,
        provenance={**told.provenance, **{name: rule for name, rule in more.items() if rule}},
    )


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    return (line.text for block in blocks for line in block.lines)


def _first_of(parts: Sequence[_Told]) -> ParsedEntry:
    """Each field from the first part that tells it, with that part's name as provenance."""
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in (one.name for one in fields(ParsedEntry) if one.name not in {"provenance", "canonical"}):
        for part in parts:
            value = getattr(part.entry, name)
            if value and (name not in {"published", "updated"} or parse_date(value, "UTC")):
                values[name] = value
                provenance[name.removesuffix("_html")] = part.entry.provenance.get(name, part.rule)
                break
    return ParsedEntry(**values, provenance={name: rule for name, rule in provenance.items() if rule})


def _by_rules(page: Page) -> ParsedEntry:
    """What the pack's selectors give."""
    rules = page.pack.article
    title, title_by = select(page.root, rules.title)
    date, date_by = select(page.root, rules.date)
    summary, summary_by = select(page.root, rules.summary)
    bylines, byline_by = select_all(page.root, rules.byline)
    authors = [author for line in bylines for author in byline_authors(line)]
    category, category_by = _category(page)
    return ParsedEntry(
        title=title,
        summary_html=summary,
        authors=tuple(dict.fromkeys(authors)),
        categories=(category,) if category else (),
        language=page.pack.language or page.root.attributes.get("lang"),
        published=read_format(date, rules.date_format),
        provenance={
            "title": title_by,
            "published": date_by,
            "summary_html": summary_by,
            "authors": byline_by,
            "categories": category_by,
        },
    )


def _signed(labels: Sequence[Label]) -> tuple[Author, ...]:
    """The authors of lines that stand in the body itself."""
    names = dict.fromkeys(name for label in labels for name in label.names)
    return join_authors(names, ()) if names else ()


def _with_emails(authors: Sequence[Author], labels: Sequence[Label], page: Page) -> tuple[Author, ...]:
    """The authors, each with its e-mail where the page tells one; without a name it makes an author."""
    told = [mail for label in labels for mail in label.emails]
    for text in select_all(page.root, page.pack.article.email)[0]:
        told += EMAILS.findall(text)[:20]
    known = {author.email for author in authors}
    left = dict.fromkeys(mail for mail in told if mail not in known)
    waiting = [author.name for author in authors if author.email is None]
    if not authors:
        return join_authors((), left)
    emails = {one.name: one.email for one in join_authors(waiting, left)} if waiting else {}
    return tuple(replace(author, email=author.email or emails.get(author.name)) for author in authors)


def _without_head(blocks: list[Block], told: ParsedEntry) -> list[Block]:
    """The blocks without the lines on top that repeat title, section, date or author."""
    head = [block for block in blocks[:_HEAD_BLOCKS] if block.lines]
    running = next((n for n, block in enumerate(head) if len(block.text) > 100), len(head))
    dropped = {id(block) for block in head[:running] if is_part_of_head(block.text, told)}
    is_all = all(id(block) in dropped for block in blocks if block.lines)
    return blocks if is_all else [block for block in blocks if id(block) not in dropped]


def _without_edges(blocks: list[Block]) -> list[Block]:
    """A guessed body without the short lines above its first sentence that are none, and a date below."""
    texts = [block for block in blocks if block.lines]
    first = next((n for n, block in enumerate(texts) if len(block.text) > _RUNNING), 0)
    heading = {"h2", "h3", "h4"}
    above = [one for one in texts[:first] if one.where.tag not in heading and not is_sentence(one.text)]
    below = (block for block in texts[max(first, len(texts) - 2) :] if date_in(block.text, whole=True))
    dropped = {id(block) for block in (*above, *below) if len(block.text) <= _SHORT_LINE}
    return [block for block in blocks if id(block) not in dropped]


def _attachments(page: Page) -> tuple[Enclosure, ...]:
    """Files that the pack names, each with the type its link's address or words tell."""
    found: dict[str, Enclosure] = {}
    for selector in page.pack.article.attachment:
        for node in find(page.root, selector):
            links = [node] if isinstance(node, LexborNode) and node.tag == "a" else []
            for link in links or (node.css("a[href]") if isinstance(node, LexborNode) else ()):
                url = absolute(link.attributes.get("href"), page.base)
                if url:
                    words = fold(link.text(deep=True) or link.attributes.get("title"))
                    found.setdefault(
                        url, Enclosure(url, type=_type_of(urlsplit(url).path) or _type_of(words))
                    )
    return tuple(found.values())


def _type_of(name: str) -> str | None:
    match = re.search(r"\.[A-Za-z0-9]{2,5}(?=$|[\s\])(])", name)
    return (_TYPES.get(match[0].lower()) or mimetypes.guess_type(f"a{match[0]}")[0]) if match else None


def _related(page: Page, body: Body, scope: LexborNode | None) -> tuple[Related, ...]:
    links: list[Related] = list(body.related)
    for selector in page.pack.article.related:
        for node in find(page.root, selector):
            links += page.links(pairs_of(node)) if isinstance(node, LexborNode) else []
    links = links or related_outside(page, scope)
    return tuple({link.url: link for link in reversed(links)}.values())[::-1][:_MOST_RELATED]


def _category(page: Page) -> tuple[str | None, str]:
    """The section label: by selector, else the words on the page that spell the section of the address."""
    rules = page.pack.article
    text, by = select(page.root, rules.category)
    if text or not rules.category_pattern:
        return text, by
    address, _ = select(page.root, ("link[rel='canonical']@href", "meta[property='og:url']@content"))
    for path in (urlsplit(page.url).path, urlsplit(address or "").path):
        if match := compiled(rules.category_pattern).search(path):
            return _spelled(page.tree, match[1]), "category_pattern"
    return None, ""


def _spelled(tree: LexborHTMLParser, section: str) -> str:
    wanted = fold_case(section.replace("-", " "))
    for node in tree.css("h1, h2, h3, h4, a, span, strong, em, p, li, div")[:5000]:
        text = fold(node.text(deep=True)) if node.child is not None else ""
        if len(text) <= len(section) + 2 and fold_case(text.replace("-", " ").replace("/", " ")) == wanted:
            return text
    return section[:1].upper() + section[1:]


def recognises(html: str, pack: Pack) -> bool:
    """Whether a page without a known address is one of this site's articles."""
    return choose(html, [pack]) is pack


def choose(html: str, packs: Sequence[Pack]) -> Pack | None:
    """The first pack that recognises a page without a known address as one of its site's articles."""
    root = LexborHTMLParser(shallow(html)).root
    if root is None:
        return None
    return next(
        (pack for pack in packs if pack.recognise and any(True for _ in find(root, pack.recognise))), None
    )


def plain(value: Any) -> str:
    """The text of an HTML fragment, folded."""
    return fold(LexborHTMLParser(shallow(str(value))).text(deep=True, separator=" "))
