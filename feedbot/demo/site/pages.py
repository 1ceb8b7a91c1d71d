"""The site's pages, with the structure and the oddities of the government news site that feedbot reads."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape as xml_escape

from jinja2 import Environment, PackageLoader, select_autoescape

from feedbot.demo.site.articles import Article

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("feedbot.demo.site"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    environment.filters["copied"] = copied
    environment.globals["date_of"] = date_of
    return environment


def day(one: Article) -> str:
    """`Jun 18, 2025`: no time, no zone."""
    return f"{_MONTHS[one.published.month - 1]} {one.published.day:02}, {one.published.year}"


def date_of(one: Article) -> str:
    """What stands above an article: some say the time as well."""
    return one.published.strftime("%Y-%m-%dT%H:%M:%S%z") if one.with_time else day(one)


def copied(caption: str) -> str:
    """The second copy of a caption: it has a no-break space more than the first."""
    return caption.replace(" of ", "\u00a0 of ", 1).replace(" the ", "\u00a0 the ", 1)


def render_front(shown: Mapping[str, Sequence[Article]]) -> bytes:
    """The front page."""
    return _environment().get_template("front.html").render(shown=shown, title="Saebyeok.net").encode()


def render_list(section: str, shown: Sequence[Article]) -> bytes:
    """The list of a section: its links are calls of javascript."""
    return (
        _environment().get_template("list.html").render(section=section, shown=shown, title=section).encode()
    )


def render_article(one: Article, related: Sequence[Article]) -> bytes:
    """An article."""
    page = _environment().get_template("article.html")
    return page.render(one=one, related=related, title=one.title).encode()


def style() -> bytes:
    """The style sheet."""
    return files("feedbot.demo.site").joinpath("templates/style.css").read_bytes()


def render_rss(section: str, shown: Sequence[Article], url: str) -> bytes:
    """The section's RSS: summaries only, no photo, dates without zone."""
    items = "".join(
        f"<item><title>{xml_escape(one.title)}</title><link>{url}{xml_escape(one.path)}</link>"
        f"<guid>{url}{xml_escape(one.path)}</guid><description>{xml_escape(one.summary)}</description>"
        f"<pubDate>{one.published:%Y-%m-%d %H:%M:%S}</pubDate></item>"
        for one in shown
    )
    head = f"<title>Saebyeok.net : {section}</title><link>{url}</link><description>{section}</description>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
        f"{head}<language>en</language>{items}</channel></rss>"
    ).encode()
