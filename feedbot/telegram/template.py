"""A subscriber's own form of a message: a small template of HTML that cannot run away. Pure."""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from feedbot.telegram.render import render
from feedbot.telegram.styled import Styled

LONGEST = 4096
FIELDS = (
    "title", "url", "summary", "text", "content", "date", "authors", "category", "hashtag", "caption",
    "credit", "source", "language",
)  # fmt: skip
_FILTERS = frozenset({"capitalize", "default", "lower", "title", "trim", "truncate", "upper"})
_NONSENSE = (TemplateError, TypeError, ValueError, AssertionError)  # a filter given what it cannot take
# No loops, assignments, calls and arithmetic: what is written is as long as what is told, and no longer.
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr,
    nodes.Filter, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Keyword,
)  # fmt: skip


def check_template(text: str) -> str | None:
    """What is wrong with a template, in one line; None if it can be used."""
    try:
        _made(text).render(dict.fromkeys(FIELDS, "words of some length"))
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {error.message}"
    except _NONSENSE as error:
        return f"it cannot be filled: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    return None


def fill(text: str, values: Mapping[str, str]) -> Styled:
    """What a template says of an entry. `content` is HTML, everything else text; a line feed is a line.

    Raises TemplateSyntaxError where `check_template` has something to say.
    """
    told = {name: values.get(name, "") for name in FIELDS}
    told["content"] = Markup(told["content"])  # noqa: S704  # it is rendered to text and entities, never sent
    try:
        return render(_made(text).render(told))
    except _NONSENSE:
        return Styled()  # the usual form is sent instead


@lru_cache(maxsize=256)
def _made(text: str) -> Template:
    if len(text) > LONGEST:
        raise TemplateSyntaxError(f"longer than {LONGEST} characters", 1)
    tree = _ENVIRONMENT.parse(text)
    for node in tree.find_all(nodes.Node):
        _refuse_odd(node)
    for data in tree.find_all(nodes.TemplateData):
        data.data = data.data.replace("\n", "<br>")
    return _ENVIRONMENT.from_string(tree)


def _refuse_odd(node: nodes.Node) -> None:
    if not isinstance(node, _NODES):
        what = type(node).__name__.lower()
        raise TemplateSyntaxError(
            f"a template has fields, filters and {{% if %}}, but no {what}", node.lineno
        )
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        known = ", ".join(sorted(_FILTERS))
        raise TemplateSyntaxError(f"no filter {node.name!r}; there are {known}", node.lineno)
    if isinstance(node, nodes.Name) and node.name not in FIELDS:
        known = ", ".join(FIELDS)
        raise TemplateSyntaxError(f"no field {node.name!r}; there are {known}", node.lineno)


def _environment() -> Environment:
    environment = ImmutableSandboxedEnvironment(autoescape=True)
    environment.globals.clear()
    return environment


_ENVIRONMENT = _environment()
