"""A subscriber's own form of a message: a small template of HTML that cannot run away. Pure."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from feedbot.telegram.render import render
from feedbot.telegram.styled import Styled
from feedbot.telegram.tree import MOST_HTML

LONGEST = 4096
FIELDS = (
    "title", "url", "summary", "text", "content", "date", "authors", "category", "hashtag", "caption",
    "credit", "source", "language",
)  # fmt: skip
_FILTERS = frozenset({"capitalize", "default", "lower", "title", "trim", "truncate", "upper"})
_NONSENSE = (TemplateError, TypeError, ValueError, AssertionError)  # a filter given what it cannot take
_TOO_DEEP = (RecursionError, SyntaxError)  # of Jinja's parser, or of Python's that reads what Jinja wrote
# No loops, assignments, calls and arithmetic: what is written is as long as what is told, and no longer.
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr,
    nodes.Filter, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Keyword,
)  # fmt: skip


def check_template(text: str) -> str | None:
    """What is wrong with a template, in one line; None if it can be used."""
    try:
        _made(text).render(dict.fromkeys(FIELDS, "words of some length"))
    except _TOO_DEEP:
        return "too much of it lies in one another"
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {error.message}"
    except _NONSENSE as error:
        return f"it cannot be filled: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    return None


def fill(text: str, values: Mapping[str, str]) -> Styled:
    """What a template says of an entry; nothing where `check_template` has something to say.

    `content` is HTML, everything else text; a line feed is a line.
    """
    told = {name: values.get(name, "") for name in FIELDS}
    told["content"] = Markup(told["content"])  # noqa: S704  # it is rendered to text and entities, never sent
    try:
        return render("".join(_as_much(_made(text).generate(told))))
    except (*_NONSENSE, *_TOO_DEEP):
        return Styled()  # the usual form is sent instead


def _as_much(pieces: Iterator[str]) -> Iterator[str]:
    """As many pieces as a message could need: an article three hundred times over takes no memory."""
    length = 0
    for piece in pieces:
        yield piece
        length += len(piece)
        if length > MOST_HTML:
            return


@lru_cache(maxsize=256)
def _made(text: str) -> Template:
    if len(text) > LONGEST:
        raise TemplateSyntaxError(f"longer than {LONGEST} characters", 1)
    tree = _ENVIRONMENT.parse(text)
    for node in tree.find_all(nodes.Node):
        _refuse_odd(node)
    if text and not _says_something(tree):
        raise TemplateSyntaxError("it says nothing", 1)
    for data in tree.find_all(nodes.TemplateData):
        data.data = data.data.replace("\n", "<br>")
    return _ENVIRONMENT.from_string(tree)


def _says_something(tree: nodes.Template) -> bool:
    parts = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    words = "".join(part.data for part in parts if isinstance(part, nodes.TemplateData))
    return any(not isinstance(part, nodes.TemplateData) for part in parts) or bool(render(words).text)


def _refuse_odd(node: nodes.Node) -> None:
    if not isinstance(node, _NODES):
        what = type(node).__name__.lower()
        raise TemplateSyntaxError(
            f"a template has fields, filters and {{% if %}}, but no {what}", node.lineno or 1
        )
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        known = ", ".join(sorted(_FILTERS))
        raise TemplateSyntaxError(f"no filter {node.name!r}; there are {known}", node.lineno)
    if isinstance(node, nodes.Name) and node.name not in FIELDS:
        known = ", ".join(FIELDS)
        raise TemplateSyntaxError(f"no field {node.name!r}; there are {known}", node.lineno)


def _lines(value: Any) -> Any:
    """A field as HTML shows it on as many lines as it has."""
    return escape(value).replace("\n", Markup("<br>")) if type(value) is str else value


def _environment() -> Environment:
    environment = ImmutableSandboxedEnvironment(autoescape=True, finalize=_lines)
    environment.globals.clear()
    return environment


_ENVIRONMENT = _environment()
