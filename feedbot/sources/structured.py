"""What a page says of itself for machines: JSON-LD, OpenGraph and other meta elements, microdata.

Each reader gives a `ParsedEntry` with what its part tells and nothing else.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbot.model import Author, ParsedEntry, Photo
from feedbot.rules.text import fold
from feedbot.rules.urls import absolute, is_front_page, normalised
from feedbot.sources.labels import byline_authors
from feedbot.sources.pictures import image_of, stem

_MOST_NODES = 2000
_MOST_PHOTOS = 10
_MOST_LABELS = 20
_ARTICLE = re.compile(r"(?:.*[/:#])?(?:\w*Article|BlogPosting|\w*NewsPosting|Report|LiveBlogPosting)")
_SITE_PICTURE = re.compile(
    r"(?:og|opengraph|sns|share|social|default|facebook|fb|twitter|kakao|site|common|main|no|meta)"
    r"(?:[-_]?(?:og|img|images?|default|share|sharing|card|thumb(?:nail)?|logo|photo|pic|meta|site|\d+x?\d*))*"
    r"\.\w{3,4}",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_TITLE = ("og:title", "twitter:title", "dc.title", "dcterms.title", "title")
_PUBLISHED = (
    "article:published_time", "article:published", "og:published_time", "og:article:published_time",
    "datepublished", "date", "dc.date", "dc.date.issued", "dc.date.created", "dcterms.date", "dcterms.issued",
    "dcterms.created", "pubdate", "publishdate", "publish-date", "publish_date", "publication_date",
    "parsely-pub-date", "sailthru.date", "article.published", "citation_publication_date", "regdate",
)  # fmt: skip
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
_AUTHOR = ("article:author", "author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator",
           "dable:author", "byl", "citation_author")  # fmt: skip
_SECTION = ("article:section", "parsely-section", "og:article:section", "section", "category")
_SUMMARY = ("og:description", "description", "twitter:description", "dc.description")
_IMAGE = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")


def read_json_ld(tree: LexborHTMLParser, url: str) -> tuple[ParsedEntry, set[str]]:
    """The article that the page's JSON-LD tells of, and the addresses of logos that it names."""
    nodes = list(_ld_nodes(tree))
    by_id = {str(node["@id"]): node for node in nodes if "@id" in node and len(node) > 1}
    logos = {stem(photo.url) for node in nodes for photo in _ld_photos(node.get("logo"), by_id, url)}
    article = _ld_article(nodes, url)
    if article is None:
        return ParsedEntry(), logos
    people, groups = _ld_authors(article.get("author") or article.get("creator"), by_id)
    entry = ParsedEntry(
        title=_text(article.get("headline")) or _text(article.get("name")),
        summary_html=_text(article.get("description")),
        content_text=_body_text(article.get("articleBody")),
        authors=people or groups,
        categories=tuple(_labels(article.get("articleSection")) or _labels(article.get("keywords"))),
        language=_language(article.get("inLanguage")),
        published=_text(article.get("datePublished")) or _text(article.get("dateCreated")),
        updated=_text(article.get("dateModified")),
        photos=_unlike(_ld_photos(article.get("image") or article.get("thumbnailUrl"), by_id, url), logos),
        canonical=_canonical(article.get("url") or _ld_id(article.get("mainEntityOfPage")), url),
    )
    return entry, logos


def _ld_nodes(tree: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """All objects of all JSON-LD scripts; broken scripts are passed over."""
    waiting: list[Any] = []
    for script in tree.css("script[type*='ld+json']"):
        text = script.text(deep=True).strip().removeprefix("<!--").removesuffix("-->")
        text = re.sub(r"^\s*(?://)?<!\[CDATA\[|(?://)?\]\]>\s*$", "", text)
        try:
            waiting.append(json.loads(text.strip().rstrip(";"), strict=False))
        except (ValueError, RecursionError):
            continue
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting = [*value, *waiting]
        elif isinstance(value, dict):
            yield value
            waiting += [inner for inner in value.values() if isinstance(inner, dict | list)]


def _ld_article(nodes: Iterable[dict[str, Any]], url: str) -> dict[str, Any] | None:
    """The node about this page; else the first article with a headline."""
    articles = [node for node in nodes if _is_article(node.get("@type"))]
    for node in articles:
        told = _text(node.get("url")) or _text(node.get("@id")) or _text(_ld_id(node.get("mainEntityOfPage")))
        link = absolute((told or "").partition("#")[0], url)
        if link and normalised(link) == normalised(url):
            return node
    return next((node for node in articles if node.get("headline") or node.get("articleBody")), None)


def _is_article(types: Any) -> bool:
    return any(
        isinstance(one, str) and _ARTICLE.fullmatch(one)
        for one in (types if isinstance(types, list) else [types])
    )


def _ld_id(value: Any) -> Any:
    return value.get("@id") or value.get("url") if isinstance(value, dict) else value


def _resolved(value: Any, by_id: dict[str, dict[str, Any]]) -> Any:
    """An object that is only a reference, replaced by what it refers to."""
    is_reference = isinstance(value, dict) and "@id" in value and len(value) <= 2
    return by_id.get(str(value["@id"]), value) if is_reference else value


def _ld_authors(
    value: Any, by_id: dict[str, dict[str, Any]]
) -> tuple[tuple[Author, ...], tuple[Author, ...]]:
    """People, and organisations that sign as authors."""
    people: list[Author] = []
    groups: list[Author] = []
    for one in (value if isinstance(value, list) else [value])[:_MOST_LABELS]:
        found = _resolved(one, by_id)
        if isinstance(found, str):
            people += byline_authors(unescape(found))
        elif isinstance(found, dict):
            uri = absolute(_text(found.get("url")) or "")
            email = (_text(found.get("email")) or "").removeprefix("mailto:") or None
            is_group = "Organization" in str(found.get("@type"))
            for name in _labels(found.get("name")):
                told = [Author(name)] if is_group else byline_authors(name)
                (groups if is_group else people).extend(Author(a.name, email or a.email, uri) for a in told)
    return tuple(people), tuple(groups)


def _ld_photos(value: Any, by_id: dict[str, dict[str, Any]], base: str) -> list[Photo]:
    photos: list[Photo] = []
    for one in (value if isinstance(value, list) else [value])[:_MOST_PHOTOS]:
        found = _resolved(one, by_id)
        if isinstance(found, str):
            photos.append(Photo(absolute(unescape(found), base)))
        elif isinstance(found, dict):
            href = _text(found.get("url")) or _text(found.get("contentUrl")) or _text(found.get("@id"))
            photos.append(
                Photo(
                    absolute(href, base),
                    caption=_text(found.get("caption")),
                    credit=_text(found.get("creditText")),
                    width=_number(found.get("width")),
                    height=_number(found.get("height")),
                )
            )
    return [photo for photo in photos if photo.url]


def _unlike(photos: Iterable[Photo], logos: set[str]) -> tuple[Photo, ...]:
    """Photos once each, whatever their sizes, without the site's own pictures."""
    kept: dict[str, Photo] = {}
    for photo in photos:
        if stem(photo.url) not in logos and not is_site_picture(photo.url):
            kept.setdefault(stem(photo.url), photo)
    return tuple(kept.values())


def is_site_picture(url: str | None) -> bool:
    """Whether a picture's name says that each page of the site has it: `og_image.png`, `default.jpg`."""
    return _SITE_PICTURE.fullmatch((url or "").partition("?")[0].rpartition("/")[2]) is not None


def _number(value: Any) -> int | None:
    if isinstance(value, dict):
        value = value.get("value")
    digits = str(value).removesuffix("px").removesuffix(".0") if isinstance(value, int | float | str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None


def _text(value: Any) -> str | None:
    """A plain text of JSON-LD: entities read, the first of a list, the `@value` of an object."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("@value")
    return fold(unescape(value)) or None if isinstance(value, str) else None


def _labels(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    told = [_text(one.get("name") if isinstance(one, dict) and "name" in one else one) for one in values]
    labels = [label for one in told if one for label in (one.split(",") if len(values) == 1 else [one])]
    return list(dict.fromkeys(filter(None, map(fold, labels))))[:_MOST_LABELS]


def _body_text(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    text = unescape(value)
    if re.search(r"</?(?:p|br|div)\b", text):
        text = re.sub(r"</?(?:p|br|div|li|h\d)\b[^<>]*>", "\n\n", text)
    text = re.sub(r"<[^<>]{0,500}>", "", text)
    return "\n\n".join(filter(None, map(fold, re.split(r"\n+", text)))) or None


def _language(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("alternateName") or value.get("name")
    text = _text(value) or ""
    return text.replace("_", "-") if _LANGUAGE.fullmatch(text) else None


def _canonical(value: Any, url: str) -> str | None:
    """An address that a page calls its own; the site's front page is none."""
    link = absolute(_text(value), url)
    return link if link and (not is_front_page(link) or is_front_page(url)) else None


@dataclass(slots=True)
class Meta:
    """The meta elements of a page: their contents by name in lower case."""

    contents: dict[str, list[str]] = field(default_factory=dict)

    def first(self, names: Iterable[str]) -> tuple[str | None, str]:
        """The first content that is not empty, and which kind of name told it."""
        for name in names:
            for content in self.contents.get(name, ()):
                if content:
                    return content, "OpenGraph" if name.startswith(("og:", "article:")) else "meta"
        return None, ""


def read_names(tree: LexborHTMLParser) -> Meta:
    """The meta elements by name, property or itemprop."""
    meta = Meta()
    for node in tree.css("meta[content]")[:_MOST_NODES]:
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        name = (name or attributes.get("http-equiv") or "").strip().lower()
        meta.contents.setdefault(name, []).append(fold(attributes.get("content")))
    return meta


def read_meta(tree: LexborHTMLParser, meta: Meta, url: str, logos: set[str]) -> ParsedEntry:
    """What the head's meta and link elements tell; each field with the kind that told it."""
    title, title_by = meta.first(_TITLE)
    published, published_by = meta.first(_PUBLISHED)
    section, section_by = meta.first(_SECTION)
    summary, summary_by = meta.first(_SUMMARY)
    names, author_by = _meta_authors(meta)
    image, image_by = meta.first(_IMAGE)
    link = tree.css_first("link[rel~='canonical'][href]")
    tags = tuple(meta.contents.get("article:tag", ()))[:_MOST_LABELS]
    photo = Photo(
        absolute(image, url),
        alt=meta.first(("og:image:alt", "twitter:image:alt"))[0],
        width=_number(meta.first(("og:image:width",))[0]),
        height=_number(meta.first(("og:image:height",))[0]),
    )
    told = {
        "title": title_by,
        "published": published_by,
        "categories": section_by or ("OpenGraph" if tags else ""),
        "summary_html": summary_by,
        "authors": author_by,
        "photos": image_by,
    }
    return ParsedEntry(
        title=_without_site(title, meta.first(("og:site_name", "application-name"))[0]),
        summary_html=summary,
        authors=names,
        categories=(section,) if section else tags,
        language=_language(meta.first(("og:locale", "content-language"))[0]),
        published=published,
        updated=meta.first(_UPDATED)[0],
        photos=_unlike([photo] if photo.url else [], logos),
        canonical=_canonical(
            (link.attributes.get("href") if link else None) or meta.first(("og:url",))[0], url
        ),
        provenance={name: rule for name, rule in told.items() if rule},
    )


def _meta_authors(meta: Meta) -> tuple[tuple[Author, ...], str]:
    """The people that a meta element names; the site itself is none, nor is an address."""
    site = {fold(name).casefold() for name in meta.contents.get("og:site_name", ())}
    for name in _AUTHOR:
        told = [
            one for one in meta.contents.get(name, ()) if one and "://" not in one and not one.startswith("@")
        ]
        people = [person for one in told[:_MOST_LABELS] for person in byline_authors(one)]
        if people := [person for person in people if person.name.casefold() not in site]:
            return tuple(people), "OpenGraph" if name.startswith("article:") else "meta"
    return (), ""


def _without_site(title: str | None, site: str | None) -> str | None:
    """A title without the site's name behind it."""
    if title and site and len(title) > len(site) and title.casefold().endswith(site.casefold()):
        left = title[: -len(site)].rstrip()
        if left and left[-1] in "|-–—:·•»<｜":
            return left.rstrip(" |-–—:·•»<｜") or title
    return title


def read_microdata(tree: LexborHTMLParser, url: str) -> ParsedEntry:
    """What the properties of the page's schema.org article tell."""
    scope: LexborNode | None = next(
        (
            node
            for node in tree.css("[itemscope][itemtype]")[:50]
            if _is_article(node.attributes.get("itemtype"))
        ),
        None,
    )
    if scope is None:
        return ParsedEntry()
    props: dict[str, list[LexborNode]] = {}
    for node in scope.css("[itemprop]")[:_MOST_NODES]:
        for name in (node.attributes.get("itemprop") or "").split():
            props.setdefault(name, []).append(node)

    def told(*names: str) -> str | None:
        return next((text for name in names for node in props.get(name, ()) if (text := _value(node))), None)

    images = (
        image_of(node, url) or Photo(absolute(_value(node), url)) for node in props.get("image", ())[:3]
    )
    return ParsedEntry(
        title=told("headline"),
        summary_html=told("description"),
        authors=tuple(person for node in props.get("author", ())[:_MOST_LABELS] for person in _people(node)),
        categories=tuple(filter(None, [told("articleSection")])),
        language=_language(told("inLanguage")),
        published=told("datePublished", "dateCreated"),
        updated=told("dateModified"),
        photos=_unlike((photo for photo in images if photo.url), set()),
    )


def _people(node: LexborNode) -> Iterable[Author]:
    name = node.css_first("[itemprop~='name']") if "itemscope" in node.attributes else None
    return byline_authors(_value(name or node))


def _value(node: LexborNode) -> str:
    """The value of a microdata property (HTML standard, "Values")."""
    attributes = node.attributes
    told = attributes.get("content") or (attributes.get("datetime") if node.tag == "time" else None)
    if node.tag in {"img", "source", "iframe"}:
        told = told or attributes.get("src")
    if node.tag == "link":
        told = told or attributes.get("href")
    return fold(told) if told else fold(node.text(deep=True, separator=" "))
