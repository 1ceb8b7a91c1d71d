"""The text of a page without rules: where most of it stands together."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from feedbot.rules.text import fold

_MOST_NODES = 30_000
_FEWEST_LETTERS = 25
_MOST_FORMS, _LONGEST_FORM = 20, 300  # "Sign up for our newsletter", and where to write it
_CHROME_TAGS = frozenset("nav aside footer form menu dialog select button".split())
_CHROME = re.compile(
    r"(?:^|[\s_-])(?:share|sharing|shares|social|sns|comments?|respond|disqus|newsletter|subscribe|subscription|signup"
    r"|promo|advert\w*|ads?|sponsor\w*|sidebar|breadcrumbs?|pagination|paging|pager|toolbar|cookies?|popup|modal"
    r"|nav|navbar|menu|location|files?|attach|(?:[a-z]+[-_])?info|toc|skip|sr-only|screen-reader-text|visually-hidden|footer|masthead|tags|tag-list|taglist|hashtags?"
    r"|entry-meta|post-meta|article-meta|byline|print|related|recommend\w*|popular|trending|most-read|more-stories|author-bio"
    r"|author-box|about-author|post-navigation|view_util|btn_?\w*)(?:$|[\s_-])"
    r"|(?:^|[\s_-])(?:comentarios?|commentaires?|kommentare?|suscri\w{0,12}|abonnement|boletin|kanren|bdshare\w{0,20})(?:$|[\s_-])"
    r"|(?:^|\s)(?:widget|sharedaddy|jp-relatedposts|addtoany\w*|addthis\w*|yarpp\w*|subscription-widget\w*)",
    re.IGNORECASE,
)
_WRAPPERS = frozenset("p div td section article main blockquote pre li dd center font span".split())


def names_of(node: LexborNode) -> str:
    """The classes and the id of a node."""
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}".strip()


def is_chrome(node: LexborNode) -> bool:
    """Whether a node is the page's furniture by its element or its names: menus, share buttons, comments."""
    names = names_of(node)
    return node.tag in _CHROME_TAGS or (bool(names) and _CHROME.search(names) is not None)


def chrome_in(body: LexborNode) -> Iterator[LexborNode]:
    """The furniture inside a body; what holds much of its text is none, whatever its names. A box that asks
    for an e-mail address is always.
    """
    length = len(body.text(deep=True))
    for node in body.css("[class], [id]")[:_MOST_NODES]:
        if node.tag not in {"body", "html"} and is_chrome(node):
            inner = len(node.text(deep=True))
            if inner * 2 <= length:
                yield node
    for field in body.css("input[type='email']")[:_MOST_FORMS]:
        box = field.parent
        if box is not None and box.mem_id != body.mem_id and len(fold(box.text(deep=True))) <= _LONGEST_FORM:
            yield box


def densest(root: LexborNode) -> LexborNode | None:
    """The node under which the page's running text stands together; None where there is hardly any."""
    scores: dict[int, float] = {}
    nodes: dict[int, LexborNode] = {}
    for holder, letters in _holders(root):
        own = 0.0 if holder.tag == "p" else 1.0
        node: LexborNode | None = holder
        for share in (own, 1.0 - own / 2, 0.5, 0.4, 0.3):
            if node is None or node.tag in {"html", None}:
                break
            nodes[node.mem_id] = node
            scores[node.mem_id] = scores.get(node.mem_id, 0.0) + letters * share
            node = node.parent
    for key, node in nodes.items():
        scores[key] *= 1 - _link_share(node)
    if not scores:
        return None
    best = nodes[max(scores, key=lambda key: scores[key])]
    return _widened(best)


def _holders(root: LexborNode) -> Iterator[tuple[LexborNode, int]]:
    """Each element with text of its own outside the furniture, and how many letters that is."""
    waiting, seen = [root], 0
    while waiting and seen < _MOST_NODES:
        node = waiting.pop()
        seen += 1
        own, children = 0, []
        for child in node.iter(include_text=True):
            if child.is_text_node:
                own += weight((child.text_content or "").strip())
            elif child.tag in {"b", "i", "em", "strong", "span", "font", "u", "mark", "sup", "sub"}:
                own += weight(child.text(deep=True).strip())
            elif child.tag not in {"script", "style", "noscript", "template", "a"} and not is_chrome(child):
                children.append(child)
        if own >= _FEWEST_LETTERS and node.tag in _WRAPPERS | {"body"}:
            yield node, own
        waiting += children


def _link_share(node: LexborNode) -> float:
    return min(1.0, _linked(node) / (len(node.text(deep=True)) or 1))


def _linked(node: LexborNode) -> int:
    return sum(len(link.text(deep=True)) for link in node.css("a")[:500])


def weight(text: str) -> int:
    """How much a text says, in letters of an alphabet; a syllable or an ideograph is two and a half."""
    wide = sum("\u2e80" <= char <= "\ud7ff" or "\uf900" <= char <= "\ufaff" for char in text)
    return len(text) + wide * 3 // 2


def _widened(node: LexborNode) -> LexborNode:
    """The node, or those around it that add little but pictures and captions."""
    length = len(fold(node.text(deep=True)))
    above = node.parent
    for _ in range(3):
        if above is None or above.tag in {"body", "html", "tr", "tbody", "table"} or is_chrome(above):
            break
        added = len(fold(above.text(deep=True))) - length
        if added > length * 0.15 + min(200, length // 5) or _linked(above) > _linked(node) + 20:
            break
        node, above = above, above.parent
    return node
