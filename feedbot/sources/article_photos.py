"""The pictures of an article: those of its body, and the one on top that the page's head names."""

from collections.abc import Sequence
from dataclasses import replace

from selectolax.lexbor import LexborNode

from feedbot.model import Photo
from feedbot.rules.photo import is_photo
from feedbot.rules.urls import absolute
from feedbot.sources.article_body import Page
from feedbot.sources.blocks import is_frame, read_blocks
from feedbot.sources.body import Body, sort_out
from feedbot.sources.density import is_chrome
from feedbot.sources.pictures import image_of, stem
from feedbot.sources.selector import find, text_of

_MOST_IMAGES = 300
_LEAD_WIDTH = 200
_LONGEST_FRAME = 900


def article_photos(
    page: Page,
    body: Body,
    scope: LexborNode | None,
    heads: Sequence[tuple[str, tuple[Photo, ...]]],
    logos: set[str],
) -> tuple[list[Photo], str | None, str]:
    """The photos, the credit of those that have none, and the rule that found the first.

    A picture that the head names (`heads`, by rule) is the article's where the page shows it outside its
    masthead, or where the body has none; never where the masthead shows it too.
    """
    photos, credit = body.credited()
    ruled = _ruled(page)
    if ruled:
        known = {stem(photo.url) for photo in photos}
        return [*(one for one in ruled if stem(one.url) not in known), *photos], credit, "photo"
    rule, head = next(((rule, found) for rule, found in heads if found and is_photo(found[0])), ("", ()))
    if not head:
        return (photos or _beside(page, scope)), credit, "body"
    wanted = stem(head[0].url)
    if wanted in {stem(photo.url) for photo in photos}:
        return [_joined(one, head[0]) if stem(one.url) == wanted else one for one in photos], credit, "body"
    shown, in_masthead = _shown(page, scope, head[0])
    if shown:
        return [_joined(shown, head[0]), *photos], credit, rule
    if photos or in_masthead or stem(head[0].url) in logos:
        return photos, credit, "body"
    return list(head), credit, rule


def _beside(page: Page, scope: LexborNode | None) -> list[Photo]:
    """The first picture of the article around a body that has none."""
    near = scope.parent if scope is not None else None
    for _ in range(3):
        if near is None or near.tag in {"body", "html"} or is_chrome(near):
            return []
        for node in near.css("img, amp-img")[:_MOST_IMAGES]:
            photo = _framed(page, node)
            if (
                photo
                and is_photo(photo)
                and (photo.width or _LEAD_WIDTH) >= _LEAD_WIDTH
                and not _in_chrome(node, near)
            ):
                return [photo]
        if near.tag in {"article", "main"}:
            return []
        near = near.parent
    return []


def _in_chrome(node: LexborNode, end: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.mem_id != end.mem_id:
        if is_chrome(above):
            return True
        above = above.parent
    return False


def _ruled(page: Page) -> list[Photo]:
    """The pictures outside the body that the pack names."""
    for selector in page.pack.article.photo:
        found = list(find(page.root, selector))
        photos = [
            _framed(page, one) if isinstance(one, LexborNode) else Photo(absolute(text_of(one), page.base))
            for one in found[:_MOST_IMAGES]
        ]
        if kept := [photo for photo in photos if photo and photo.url and is_photo(photo)]:
            return kept
    return []


def _shown(page: Page, scope: LexborNode | None, head: Photo) -> tuple[Photo | None, bool]:
    """The picture as the page shows it, with its caption, and whether the masthead or a menu shows it."""
    wanted = stem(head.url)
    shown: Photo | None = None
    for node in page.root.css("img, amp-img")[:_MOST_IMAGES]:
        photo = image_of(node, page.base)
        if photo is None or stem(photo.url) != wanted:
            continue
        if _in_masthead(node):
            return None, True
        shown = shown or _framed(page, node)
    return shown, False


def _in_masthead(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag not in {"article", "main", "body"}:
        if above.tag in {"nav", "footer", "aside"}:
            return True
        if above.tag == "header":
            holder = above.parent
            return holder is None or holder.tag in {"body", "div"}
        above = above.parent
    return False


def _framed(page: Page, node: LexborNode) -> Photo | None:
    """A picture with the caption and credit of the figure around it."""
    image = node if node.tag in {"img", "amp-img"} else node.css_first("img, amp-img")
    picture = image_of(image, page.base) if image is not None else None
    frame: LexborNode | None = node
    for _ in range(5):
        if (
            frame is None
            or frame.tag in {"body", "article", "main"}
            or len(frame.text(deep=True)) > _LONGEST_FRAME
        ):
            break
        if is_frame(frame) or frame.css_first("figcaption, [class*='caption']") is not None:
            captions = page.nodes(page.pack.article.caption)
            blocks = read_blocks(frame, page.base, captions, framed=is_frame(frame))
            photos, credit = sort_out(blocks, page.links, caption_from_alt=False).credited()
            same = [one for one in photos if picture is None or stem(one.url) == stem(picture.url)]
            if same and (same[0].caption or same[0].credit or credit):
                return replace(same[0], credit=same[0].credit or credit)
        frame = frame.parent
    return picture


def _joined(shown: Photo, head: Photo) -> Photo:
    return replace(
        shown,
        caption=shown.caption or head.caption,
        credit=shown.credit or head.credit,
        alt=shown.alt or head.alt,
    )
