"""Pages of a news site, read by a rule pack: the list, and the complete article."""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Enclosure, ParsedEntry, ParsedFeed, Photo, Related
from feedbot.rules.photo import is_photo, tidy, with_credit
from feedbot.rules.text import fold, fold_case
from feedbot.rules.urls import absolute
from feedbot.sources.blocks import Block, image_of, read_blocks, render
from feedbot.sources.labels import (
    credit_of,
    is_label,
    is_related_heading,
    join_authors,
    part_credit,
    read_authors,
    share_credits,
    spelled,
)
from feedbot.sources.pack import ListRules, Pack, split_selector

_FEWEST_WORDS = 4  # an alt text of fewer words names a picture, it does not tell about it
_MOST_RELATED = 20
_spelled_out = lru_cache(maxsize=4096)(spelled)  # each caption is compared with each photo


def select(node: LexborNode, selectors: Sequence[str]) -> tuple[str | None, str]:
    """The first folded text that a selector gives, and that selector."""
    for selector in selectors:
        css, attribute = split_selector(selector)
        for found in node.css(css) if css else [node]:
            text = fold(
                found.attributes.get(attribute) if attribute else found.text(deep=True, separator=" ")
            )
            if text:
                return text, selector
    return None, ""


def parse_list(html: str, url: str, pack: Pack) -> ParsedFeed:
    """The entries of a list page, in its order: address, and title, date and photo where they are told."""
    if pack.list is None:
        return ParsedFeed(fault=f"rule pack {pack.name} has no [list]")
    tree = LexborHTMLParser(html)
    entries: dict[str, ParsedEntry] = {}
    for item in tree.css(pack.list.item):
        entry = _list_entry(item, url, pack.list)
        if entry and entry.link and entry.link not in entries:
            entries[entry.link] = entry
    title, _ = select(tree.root, ("title",)) if tree.root else (None, "")
    fault = None if entries else f"no article found by list.item {pack.list.item!r} of rule pack {pack.name}"
    return ParsedFeed(
        title=title, link=url, language=pack.language, entries=tuple(entries.values()), fault=fault
    )


def _list_entry(item: LexborNode, base: str, rules: ListRules) -> ParsedEntry | None:
    href, _ = select(item, rules.link)
    link = link_of(href or "", base, rules)
    if link is None:
        return None
    title, by = select(item, rules.title)
    date, _ = select(item, rules.date)
    photo, _ = select(item, rules.photo)
    photos = tidy((Photo(url=photo),), base) if photo else ()
    return ParsedEntry(
        link=link, title=title, published=date, photos=photos, provenance={"title": by} if by else {}
    )


def link_of(href: str, base: str, rules: ListRules) -> str | None:
    """The address behind a link, javascript calls included."""
    match = re.search(rules.link_pattern, href) if rules.link_pattern else None
    if match:
        href = re.sub(r"\{(\d)\}", lambda part: match[int(part[1])] or "", rules.link_template)
    return absolute(href, base)


@dataclass(slots=True)
class _Body:
    """A body sorted out: what is text, what is about pictures, what is about the article."""

    text: list[Block] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    credits: list[tuple[str, int | None]] = field(default_factory=list)


def parse_article(html: str, url: str, pack: Pack) -> ParsedEntry:
    """The complete record of an article page."""
    tree = LexborHTMLParser(html)
    root = tree.root
    if root is None:
        return ParsedEntry(link=url)
    rules = pack.article
    removed = {node.mem_id for selector in rules.remove for node in tree.css(selector)}
    body_node, body_by = _body_node(tree, rules.body)
    body = _sort_out(_blocks(tree, body_node, url, pack, removed), url, pack) if body_node else _Body()
    for selector in rules.related:
        body.related += [link for node in tree.css(selector) for link in _links(_pairs(node), url, pack)]
    title, title_by = select(root, rules.title)
    date, date_by = select(root, rules.date)
    category, category_by = _category(tree, url, pack)
    byline, byline_by = select(root, rules.byline)
    told_in_body = read_authors([*body.labels, *([byline] if byline and not body.labels else [])])
    authors = told_in_body or (join_authors([byline], []) if byline else ())
    body.photos += [] if body.photos else _head_photos(root, url, rules.photo)
    photos = tidy(_with_credits(body), url)
    summary, _ = select(root, rules.summary)
    texts = [block.text for block in body.text if block.lines]
    told = {
        "title": title_by,
        "published": date_by,
        "categories": category_by,
        "content_text": body_by if texts else "",
        "authors": ("text pattern" if told_in_body else byline_by) if authors else "",
        "photos": "body" if photos else "",
    }
    return ParsedEntry(
        link=url,
        title=title,
        summary_html=summary,
        content_html=render(_only_known(body.text, photos)) or None,
        content_text="\n\n".join(texts) or None,
        authors=authors,
        categories=(category,) if category else (),
        language=pack.language or root.attributes.get("lang"),
        published=date,
        photos=photos,
        enclosures=_attachments(tree, url, rules.attachment),
        related=tuple({link.url: link for link in body.related}.values())[:_MOST_RELATED],
        provenance={name: rule for name, rule in told.items() if rule},
    )


def _body_node(tree: LexborHTMLParser, selectors: Sequence[str]) -> tuple[LexborNode | None, str]:
    for selector in selectors:
        for node in tree.css(selector):
            if fold(node.text(deep=True)):
                return node, selector
    return None, ""


def _blocks(tree: LexborHTMLParser, body: LexborNode, url: str, pack: Pack, removed: set[int]) -> list[Block]:
    captions = {node.mem_id for selector in pack.article.caption for node in tree.css(selector)}
    return read_blocks(body, url, captions, removed)


def _sort_out(blocks: list[Block], url: str, pack: Pack) -> _Body:
    body = _Body()
    frames = _frames(blocks)
    known: set[str] = {fold_case(block.photo.alt) for block in blocks if block.photo and block.photo.alt}
    known.discard("")
    waiting: str | None = None  # a caption that came before its picture
    under: int | None = None  # the photo right above, with nothing but its caption between
    for at, block in enumerate(blocks):
        if (heading := _related_line(block)) is not None:
            _take_text(body, replace(block, lines=block.lines[:heading]), under)
            body.related += [link for rest in blocks[at:] for link in _links(rest.links, url, pack)]
            break
        if block.photo is not None:
            if is_photo(block.photo):
                body.photos.append(replace(block.photo, caption=waiting))
                body.text.append(block)
                waiting, under = None, len(body.photos) - 1
        elif block.caption or block.frame in frames or _is_alt(block, known) or _is_credited(block, under):
            waiting = _take_caption(body.photos, block.text, frames.get(block.frame or 0), waiting)
        elif block.lines:
            _take_text(body, block, under)
            under = None
    body.photos = [_caption_parted(photo, pack.article.caption_from_alt) for photo in body.photos]
    return body


def _related_line(block: Block) -> int | None:
    """The line of a block that begins the related links, if there is one."""
    told = block.text
    for _, title in block.links[:_MOST_RELATED]:
        told = told.replace(title, " ") if title else told
    if block.links and is_related_heading(told):
        return 0
    return next((at for at, line in enumerate(block.lines) if is_related_heading(line.text)), None)


def _is_credited(block: Block, under: int | None) -> bool:
    """Whether a text right under a photo ends with its credit, so that it is the caption."""
    if under is None or not block.lines:
        return False
    words, credit = part_credit(block.text)
    return bool(words and credit)


def _frames(blocks: Sequence[Block]) -> dict[int | None, str | None]:
    """The frames that hold a picture, each with the address of its last one."""
    return {
        block.frame: block.photo.url
        for block in blocks
        if block.photo and block.frame and is_photo(block.photo)
    }


def _is_alt(block: Block, known: set[str]) -> bool:
    return fold_case(block.text) in known and len(block.text.split()) >= _FEWEST_WORDS


def _take_caption(photos: list[Photo], text: str, url: str | None, waiting: str | None) -> str | None:
    """Give a caption to its picture; returns it where that one is yet to come."""
    same = [at for at, photo in enumerate(photos) if _spelled_out(photo.alt) == _spelled_out(text)]
    framed = [at for at, photo in enumerate(photos) if url and photo.url == url]
    for at in [*same, *framed, *([len(photos) - 1] if photos and not url else [])]:
        caption = photos[at].caption
        if caption is None or _spelled_out(caption) == _spelled_out(text):
            photos[at] = replace(photos[at], caption=caption or text)
            return waiting
        if at in framed and _spelled_out(text) not in _spelled_out(caption):
            photos[at] = replace(photos[at], caption=f"{caption} {text}")
            return waiting
    repeated = any(_spelled_out(photo.caption) == _spelled_out(text) for photo in photos)
    return waiting if repeated else text


def _take_text(body: _Body, block: Block, under: int | None) -> None:
    """Lines about the article go to the labels, the rest is text. `under`: the photo right above."""
    kept = tuple(line for line in block.lines if not is_label(line.text))
    body.labels += [line.text for line in block.lines if line not in kept]
    first = block.lines[0].text if block.lines else ""
    for line in block.lines:
        if credit := credit_of(line.text):
            body.credits.append((credit, under if line.text == first else None))
    if kept:
        body.text.append(replace(block, lines=kept))


def _caption_parted(photo: Photo, from_alt: bool) -> Photo:
    """The photo with the credit that stands in its caption; the alt text where there is no caption."""
    caption, credit = part_credit(photo.caption)
    if caption is None and from_alt and len((photo.alt or "").split()) >= _FEWEST_WORDS:
        caption, told = part_credit(photo.alt)
        credit = credit or told
    return replace(photo, caption=caption, credit=credit)


def _with_credits(body: _Body) -> tuple[Photo, ...]:
    own, common = share_credits(body.credits)
    credited = (replace(photo, credit=photo.credit or own.get(at)) for at, photo in enumerate(body.photos))
    return with_credit(credited, common)


def _attachments(tree: LexborHTMLParser, url: str, selectors: Sequence[str]) -> tuple[Enclosure, ...]:
    nodes = (node for selector in selectors for node in tree.css(selector))
    links = dict.fromkeys(filter(None, (absolute(node.attributes.get("href"), url) for node in nodes)))
    return tuple(Enclosure(link, type=mimetypes.guess_type(urlsplit(link).path)[0]) for link in links)


def _only_known(blocks: Sequence[Block], photos: Sequence[Photo]) -> list[Block]:
    left = {photo.url for photo in photos}
    kept = []
    for block in blocks:
        if block.photo is None or block.photo.url in left:
            kept.append(block)
            left.discard(block.photo.url if block.photo else None)
    return kept


def _pairs(node: LexborNode) -> tuple[tuple[str, str], ...]:
    return tuple((link.attributes.get("href") or "", fold(link.text(deep=True))) for link in node.css("a"))


def _links(pairs: Sequence[tuple[str, str]], url: str, pack: Pack) -> list[Related]:
    rules = pack.list or ListRules(item="a")
    found = ((link_of(href, url, rules), title) for href, title in pairs)
    return [Related(link, title or None) for link, title in found if link and not href_is_page(link, url)]


def href_is_page(link: str, url: str) -> bool:
    """Whether a link leads to the page it stands on."""
    return link.partition("#")[0] == url.partition("#")[0]


def _category(tree: LexborHTMLParser, url: str, pack: Pack) -> tuple[str | None, str]:
    """The section label: by selector, else the words on the page that spell the section of the address."""
    if tree.root is None:
        return None, ""
    text, by = select(tree.root, pack.article.category)
    if text:
        return text, by
    address, _ = select(tree.root, ("link[rel='canonical']@href", "meta[property='og:url']@content"))
    for path in (urlsplit(url).path, urlsplit(address or "").path):
        match = re.search(pack.article.category_pattern, path) if pack.article.category_pattern else None
        if match:
            return _spelled(tree, match[1]), "category_pattern"
    return None, ""


def _spelled(tree: LexborHTMLParser, section: str) -> str:
    wanted = fold_case(section.replace("-", " "))
    for node in tree.css("h1, h2, h3, h4, a, span, strong, em, p, li, div"):
        text = fold(node.text(deep=True)) if node.child is not None else ""
        if len(text) <= len(section) + 2 and fold_case(text.replace("-", " ").replace("/", " ")) == wanted:
            return text
    return section[:1].upper() + section[1:]


def _head_photos(root: LexborNode, url: str, selectors: Sequence[str]) -> list[Photo]:
    """The picture that the page's head or its top names, for articles whose body has none."""
    for selector in selectors:
        css, attribute = split_selector(selector)
        for node in root.css(css):
            found = (
                Photo(url=absolute(node.attributes.get(attribute), url)) if attribute else image_of(node, url)
            )
            if found and found.url and is_photo(found):
                return [found]
    return []


def recognises(html: str, pack: Pack) -> bool:
    """Whether a page without a known address is one of this site's articles."""
    return bool(pack.recognise) and LexborHTMLParser(html).css_first(pack.recognise) is not None


def plain(value: Any) -> str:
    """The text of an HTML fragment, folded."""
    return fold(LexborHTMLParser(str(value)).text(deep=True, separator=" "))
