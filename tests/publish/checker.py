"""A house checker for Atom documents: RFC 4287's grammar, what the W3C validator says, and our own rules.

It shares no code with what it checks. `problems()` gives one line for each thing that is wrong.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
LOST = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ONE, _AT_MOST_ONE, _MANY = "one", "at most one", "many"
_GRAMMAR: dict[str, dict[str, str]] = {
    "feed": {
        **dict.fromkeys(("id", "title", "updated"), _ONE),
        **dict.fromkeys(("generator", "icon", "logo", "rights", "subtitle"), _AT_MOST_ONE),
        **dict.fromkeys(("author", "category", "contributor", "link", "entry"), _MANY),
    },
    "entry": {
        **dict.fromkeys(("id", "title", "updated", "published"), _ONE),
        **dict.fromkeys(("content", "rights", "source", "summary"), _AT_MOST_ONE),
        **dict.fromkeys(("author", "category", "contributor", "link"), _MANY),
    },
    "source": {
        **dict.fromkeys(("id", "title", "updated"), _ONE),
        **dict.fromkeys(("generator", "icon", "logo", "rights", "subtitle"), _AT_MOST_ONE),
        **dict.fromkeys(("author", "category", "contributor", "link"), _MANY),
    },
    "author": {"name": _ONE, "uri": _AT_MOST_ONE, "email": _AT_MOST_ONE},
    "contributor": {"name": _ONE, "uri": _AT_MOST_ONE, "email": _AT_MOST_ONE},
}
_ATTRIBUTES = {
    "link": {"href", "rel", "type", "hreflang", "title", "length"},
    "category": {"term", "scheme", "label"},
    "generator": {"uri", "version"},
    "content": {"type", "src"},
    **{name: {"type"} for name in ("title", "summary", "subtitle", "rights")},
}
_RELS = (
    "alternate",
    "via",
    "enclosure",
    "related",
    "self",
    "hub",
    "next",
    "prev-archive",
    "next-archive",
    "current",
    "license",
    "replies",
)
_IN_MEDIA = {
    "title": {"type"},
    "description": {"type"},
    "credit": {"role", "scheme"},
    "thumbnail": {"url", "width", "height"},
}
_IRI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_URI = re.compile(r"https?://(\[[0-9A-Fa-f:]+\])?[0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,#]*")
_MARKUP = re.compile(r"</\w+>|&#?\w+;")
_TAG = re.compile(r"tag:([a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:\S+")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
EMAIL = re.compile(r"[A-Za-z0-9_.+'-]+@([A-Za-z0-9-]+\.)+[A-Za-z0-9][A-Za-z0-9-]*")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")
_FORBIDDEN = set(
    "script style iframe object embed form input svg math base meta link applet frame frameset".split()
)


def problems(document: bytes, url: str | None = None) -> list[str]:
    """What is wrong with a document that was asked for at `url`."""
    try:
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, huge_tree=True))
        ElementTree.fromstring(document)  # expat is the second opinion
    except (etree.XMLSyntaxError, ElementTree.ParseError) as error:
        return [f"not well-formed: {error}"]
    if root.tag != ATOM + "feed":
        return [f"root is {root.tag}"]
    return [*_grammar(root), *_feed(root, url), *_entries(root)]


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _children(element: Any, name: str) -> list[Any]:
    return list(element.findall(ATOM + name))


def _text(element: Any, name: str) -> str:
    return element.findtext(ATOM + name) or ""


def _grammar(root: Any) -> Iterator[str]:
    for element in root.iter():
        if not isinstance(element.tag, str):
            yield "a comment or processing instruction"
        elif element.tag.startswith(ATOM):
            yield from _atom_element(element)
        elif element.tag in {LOST, ARCHIVE}:
            yield from _of_history(element, root)
        elif not element.tag.startswith(MEDIA):
            yield f"undeclared namespace: {element.tag}"
        if (language := element.get(LANG)) is not None and not _LANGUAGE.fullmatch(language):
            yield f"xml:lang={language!r}"


def _of_history(element: Any, root: Any) -> Iterator[str]:
    if element.getparent() is not root or len(element) or (element.text or "").strip():
        yield f"{element.tag} is no empty child of the feed"
    if element.tag == ARCHIVE and element.attrib:
        yield f"{element.tag} {dict(element.attrib)}"
    if element.tag == LOST and (
        set(element.attrib) != {"ref", "when"}
        or not _TAG.fullmatch(element.get("ref"))
        or not _DATE.fullmatch(element.get("when"))
    ):
        yield f"{element.tag} {dict(element.attrib)}"


def _atom_element(element: Any) -> Iterator[str]:
    name = _name(element)
    unknown = {key for key in element.attrib if key != LANG} - _ATTRIBUTES.get(name, set())
    if unknown:
        yield f"{name} has attributes {unknown}"
    allowed = _GRAMMAR.get(name)
    children = [child for child in element if isinstance(child.tag, str)]
    if allowed is None:
        if children and element.get("type") != "xhtml":
            yield f"{name} has children"
    else:
        counts = Counter(_name(child) for child in children if child.tag.startswith(ATOM))
        yield from (f"unknown element {child} in {name}" for child in counts.keys() - allowed.keys())
        yield from (
            f"{name} without {child}" for child, how in allowed.items() if how == _ONE and not counts[child]
        )
        yield from (
            f"{name} with {counts[child]} {child}"
            for child, how in allowed.items()
            if how != _MANY and counts[child] > 1
        )
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            yield f"text between the elements of {name}"
    yield from _FORMS.get(name, lambda _: iter(()))(element)


def _id(element: Any) -> Iterator[str]:
    text = element.text or ""
    if not _IRI.fullmatch(text) or (text.startswith("tag:") and not _TAG.fullmatch(text)):
        yield f"id {text!r} is no IRI"


def _date(element: Any) -> Iterator[str]:
    text = element.text or ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        yield f"date {text!r}"
    if not _DATE.fullmatch(text):
        yield f"date {text!r} is not RFC 3339 with Z and whole seconds"


def _text_construct(element: Any) -> Iterator[str]:
    if element.get("type", "text") not in {"text", "html"}:
        yield f"{_name(element)} type={element.get('type')!r}"
    if _name(element) == "title" and not (element.text or "").strip():
        yield "blank title"
    if element.get("type", "text") == "text" and _MARKUP.search(element.text or ""):
        yield f"{_name(element)} looks like HTML: {element.text!r}"
    if "\ufffd" in (element.text or ""):
        yield f"a lost character in {_name(element)}"
    if element.get("type") == "html":
        yield from html_problems(element.text or "")


def _link(element: Any) -> Iterator[str]:
    href, rel = element.get("href"), element.get("rel")
    if not _is_uri(href):
        yield f"link to {href!r}"
    if rel not in _RELS:
        yield f"rel={rel!r}"
    if element.get("type") is not None and not _MIME.fullmatch(element.get("type")):
        yield f"link type={element.get('type')!r}"
    if element.get("length") is not None and not element.get("length").isdecimal():
        yield f"length={element.get('length')!r}"


def _category(element: Any) -> Iterator[str]:
    if not (element.get("term") or "").strip():
        yield "category without term"
    if element.get("scheme") is not None and not _IRI.fullmatch(element.get("scheme")):
        yield f"scheme={element.get('scheme')!r}"
    if element.get("label") == "":
        yield "empty label"


def _person(element: Any) -> Iterator[str]:
    if not _text(element, "name").strip():
        yield "a person without a name"
    if _MARKUP.search(_text(element, "name")):
        yield f"a name that looks like HTML: {_text(element, 'name')!r}"
    email = element.findtext(ATOM + "email")
    if email is not None and not EMAIL.fullmatch(email):
        yield f"email {email!r}"
    uri = element.findtext(ATOM + "uri")
    if uri is not None and not _IRI.fullmatch(uri):
        yield f"uri {uri!r}"


_FORMS: dict[str, Any] = {
    "id": _id,
    **dict.fromkeys(("updated", "published"), _date),
    **dict.fromkeys(("title", "summary", "subtitle", "rights", "content"), _text_construct),
    "link": _link,
    "category": _category,
    **dict.fromkeys(("author", "contributor"), _person),
}


def _is_web(url: str | None) -> bool:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s<>\"]", url or "")
    )


def _is_uri(url: str | None) -> bool:
    """Whether it is a web address in the characters of RFC 3986, as the validator wants it."""
    return _is_web(url) and _URI.fullmatch(url or "") is not None


def _feed(root: Any, url: str | None) -> Iterator[str]:
    selves = [link.get("href") for link in _children(root, "link") if link.get("rel") == "self"]
    if len(selves) != 1 or (url is not None and selves != [url]):
        yield f"self is {selves}, asked was {url}"
    if [link.get("rel") for link in _children(root, "link")].count("alternate") != 1:
        yield "the feed has not one alternate"
    if not _children(root, "author") and not all(
        _children(entry, "author") for entry in _children(root, "entry")
    ):
        yield "no author anywhere"
    if root.get(LANG) is None:
        yield "no xml:lang"
    updated = [_text(entry, "updated") for entry in _children(root, "entry")]
    updated += [lost.get("when") for lost in root.findall(LOST)]
    ids = {_text(entry, "id") for entry in _children(root, "entry")}
    yield from (
        f"{lost.get('ref')} is lost and there" for lost in root.findall(LOST) if lost.get("ref") in ids
    )
    yield from _archive(root)
    if updated and _text(root, "updated") != max(updated):
        yield "the feed's updated is not that of its newest entry"


def _archive(root: Any) -> Iterator[str]:
    """RFC 5005 section 4: what an archive, and what the document that changes, must and may link to."""
    rels = Counter(link.get("rel") for link in _children(root, "link"))
    if any(rels[name] > 1 for name in ("current", "prev-archive", "next-archive")):
        yield f"links of the history are {dict(rels)}"
    if root.find(ARCHIVE) is None and (rels["current"] or rels["next-archive"]):
        yield "no archive, and links as one"
    if root.find(ARCHIVE) is not None and (not rels["current"] or rels["hub"] or root.find(LOST) is not None):
        yield "an archive without the current document, or with what only that has"


def _entries(root: Any) -> Iterator[str]:
    entries = _children(root, "entry")
    ids = Counter(_text(entry, "id") for entry in entries)
    yield from (f"id {one} stands {count} times" for one, count in ids.items() if count > 1)
    moments = Counter(_text(entry, "updated") for entry in entries)
    yield from (f"{count} were updated at {one}" for one, count in moments.items() if count > 1)
    published = [_text(entry, "published") for entry in entries]
    if published != sorted(published, reverse=True):
        yield "not newest first"
    for entry in entries:
        yield from (f"{_text(entry, 'id')}: {one}" for one in _entry(entry))


def _entry(entry: Any) -> Iterator[str]:
    if entry.find(f"{ATOM}content") is None and entry.find(f"{ATOM}summary") is None:
        yield "neither content nor summary"
    if _text(entry, "updated") < _text(entry, "published"):
        yield "updated before it was published"
    rels = [link.get("rel") for link in _children(entry, "link")]
    if rels[:1] != ["alternate"] or rels.count("alternate") != 1:
        yield f"links are {rels}: one alternate must come first"
    if rels != sorted(rels, key=lambda rel: _RELS.index(rel) if rel in _RELS else 99):
        yield f"links are {rels}: not in order"
    hrefs = [link.get("href") for link in _children(entry, "link") if link.get("rel") == "enclosure"]
    if len(hrefs) != len(set(hrefs)):
        yield "an enclosure stands twice"
    terms = [category.get("term") for category in _children(entry, "category")]
    if len(terms) != len(set(terms)):
        yield "a category stands twice"
    source = entry.find(ATOM + "source")
    if source is None:
        yield "no source"
    elif [link.get("rel") for link in _children(source, "link")] not in ([], ["self", "alternate"]):
        yield "the links of the source are not self and alternate"
    yield from _media(entry)


def _media(entry: Any) -> Iterator[str]:
    if entry.find(f"{MEDIA}group") is not None:
        yield "media:group"
    for content in entry.iter(f"{MEDIA}content"):
        if content.getparent() is not entry:
            yield "media:content is no direct child"
        if not _is_uri(content.get("url")) or content.get("medium") != "image":
            yield f"media:content {dict(content.attrib)}"
        if content.find(f"{MEDIA}thumbnail") is None:
            yield "media:content without thumbnail"
        numbers = [content.get(name) for name in ("width", "height", "fileSize")]
        if any(number is not None and not number.isdecimal() for number in numbers):
            yield f"media:content numbers {numbers}"
        for child in content:
            known = _IN_MEDIA.get(_name(child))
            if known is None or set(child.attrib) - known or len(child):
                yield f"{child.tag} {dict(child.attrib)} in media:content"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _FORBIDDEN:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "xlink:href", "background"}:
                self.found.append(f"{name}= on <{tag}>")
            if name in {"href", "src", "cite", "poster"} and not (
                _is_web(value) or (value or "").startswith("mailto:")
            ):
                self.found.append(f"{name}={value!r} on <{tag}>")

    def handle_comment(self, data: str) -> None:
        self.found.append("a comment")


def html_problems(html: str) -> list[str]:
    """What may not be in the HTML of an entry: what acts, and what leads nowhere."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found
