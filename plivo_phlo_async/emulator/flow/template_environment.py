"""Liquid, with a bound on the time and memory that one template takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from io import StringIO
from typing import Any, ClassVar, TextIO

import attrs
from liquid import BoundTemplate, Environment, RenderContext, Token
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.exceptions import (
    BlockNestingError,
    LiquidError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
)
from liquid.expression import Expression
from liquid.utils import ReadOnlyChainMap

from .template_filters import apply_filter, set_filters
from .template_values import MAX_CHARACTERS, TemplateError, size_of, text_of

__all__ = [
    "ENVIRONMENT",
    "ParsedTemplate",
    "expressions_of",
    "is_liquid",
    "one_line_errors",
    "parse_template",
    "render_parsed",
    "too_long",
]

_MAX_TAG = 2_000  # characters of a tag; the lexer's time grows with their square
_MAX_LOOPS = 10_000
_MAX_STEPS = 100_000  # of about a microsecond each
_MAX_LOCALS = 1_000_000  # bytes
_MAX_DEPTH = 30
_MAX_MESSAGE = 200  # characters


def is_liquid(template: str) -> bool:
    """Return whether a text has any Liquid."""
    return "{{" in template or "{%" in template


def too_long() -> TemplateError:
    """Return the error of a template that renders too much."""
    return TemplateError(f"renders more than {MAX_CHARACTERS:,} characters")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Raise every error as a `TemplateError`."""
    try:
        yield
    except TemplateError:
        raise
    except Exception as error:  # filters fail in many ways on values that they do not expect
        raise TemplateError(_reason(error)) from error


_REASONS = {
    RecursionError: "is nested too deeply",
    BlockNestingError: "is nested too deeply",
    LoopIterationLimitError: f"loops more than {_MAX_LOOPS:,} times",
    LocalNamespaceLimitError: f"keeps more than {_MAX_LOCALS:,} bytes",
}


def _reason(error: Exception) -> str:
    for kind, reason in _REASONS.items():
        if isinstance(error, kind) or isinstance(error.__cause__, kind):
            return reason
    text = f"cannot be rendered ({type(error).__name__}: {error})"
    if isinstance(error, LiquidError):
        text = str(error.args[0])
    line = " ".join(text.encode(errors="backslashreplace").decode().split())
    return line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]}..."


def expressions_of(template: BoundTemplate) -> Iterator[list[Expression]]:
    """Yield the expressions of each node of a template."""
    context = RenderContext(template)
    nodes = list(template.nodes)
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children(context, include_partials=False))
        expressions = list(node.expressions())
        for expression in expressions:  # which grows
            expressions.extend(expression.children())
        yield expressions


@attrs.frozen
class ParsedTemplate:
    """A template that is parsed.

    Attributes:
        template: the template.
        steps: the steps that rendering one of its nodes takes at most, apart from filters.
    """

    template: BoundTemplate
    steps: int


class _BoundedOutput(StringIO):
    """Counts characters, where python-liquid's own counts bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._length = 0

    def write(self, text: str) -> int:
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise too_long()
        return super().write(text)


class _BoundedContext(RenderContext):
    """Counts the steps that rendering takes."""

    def __init__(
        self, parsed: ParsedTemplate, variables: Mapping[str, object], now: datetime | None
    ) -> None:
        self._steps = 0
        self._node_steps = parsed.steps
        self._now = now
        super().__init__(parsed.template, globals=variables)
        # Without python-liquid's own `now` and `today`, which read the clock.
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    def spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > _MAX_STEPS:
            raise TemplateError(f"takes more than {_MAX_STEPS:,} steps")

    @property
    def disabled_tags(self) -> list[str]:
        # Every node reads it when it is rendered; there is no other place to count them all.
        self.spend(self._node_steps)
        return []

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        """Allow every tag: none renders another template."""

    def get(self, path: list[object], **options: Any) -> object:
        value = super().get(path, **options)
        if isinstance(value, str):
            self.spend(len(value) // 100)
        elif isinstance(value, dict | list | tuple):
            self.spend(size_of(value) // 8)
        return value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        if name not in self.env.filters:
            near = difflib.get_close_matches(name, self.env.filters, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise TemplateError(f"unknown filter {name[:50]!r}{hint}")
        return partial(apply_filter, self.spend, self._now, name, super().filter(name, token))

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        return _BoundedOutput()


class _BoundedRange(RangeLiteral):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        made = super().evaluate(context)
        if made and made[-1] - made[0] >= _MAX_LOOPS:
            raise TemplateError(f"has a range of more than {_MAX_LOOPS:,} numbers")
        assert isinstance(context, _BoundedContext)
        context.spend(len(made) // 8)
        return made


class _ValueNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(text_of(self.expression.evaluate(context)))


class _ValueTag(Output):
    node_class = _ValueNode


class _EchoValueNode(EchoNode):
    render_to_output = _ValueNode.render_to_output


class _EchoValueTag(EchoTag):
    node_class = _EchoValueNode


class _BoundedEnvironment(Environment):
    context_depth_limit = _MAX_DEPTH
    loop_iteration_limit: ClassVar[int | None] = _MAX_LOOPS
    local_namespace_limit: ClassVar[int | None] = _MAX_LOCALS
    output_stream_limit: ClassVar[int | None] = 4 * MAX_CHARACTERS

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for name in ("include", "render"):  # there is no other template
            del self.tags[name]
        self.add_tag(_ValueTag)
        self.add_tag(_EchoValueTag)
        set_filters(self)


ENVIRONMENT = _BoundedEnvironment()
"""The environment of all templates."""


def render_parsed(
    parsed: ParsedTemplate, variables: Mapping[str, object], now: datetime | None
) -> str:
    """Return the text that a template renders.

    Args:
        parsed: the template.
        variables: the values by name.
        now: the time that `"now"` is for the date filter; None for the clock's.

    Raises:
        TemplateError: it takes or renders too much.
    """
    output = _BoundedOutput()
    parsed.template.render_with_context(_BoundedContext(parsed, variables, now), output)
    return output.getvalue()


@lru_cache(maxsize=512)
def parse_template(template: str) -> ParsedTemplate:
    """Parse a template.

    Args:
        template: the Liquid template.

    Raises:
        TemplateError: it is too long, or it has a tag without an end.
        LiquidError: it is invalid.
    """
    if len(template) > MAX_CHARACTERS:
        raise TemplateError(f"is longer than {MAX_CHARACTERS:,} characters")
    _check_tags(template)
    parsed = ENVIRONMENT.from_string(template)
    most = 0
    for expressions in expressions_of(parsed):
        most = max(most, len(expressions))
        for expression in expressions:
            if type(expression) is RangeLiteral:
                expression.__class__ = _BoundedRange  # no setting of the parser makes them
    return ParsedTemplate(parsed, 1 + most // 8)


_OPENING = re.compile(r"\{\{|\{%(-?\s*(raw|doc)\s*-?%\})?")
_CLOSING = {
    "{{": re.compile(r"\}\}"),
    "{%": re.compile(r"%\}"),
    "raw": re.compile(r"\{%-?\s*endraw\s*-?%\}"),
    "doc": re.compile(r"\{%-?\s*enddoc\s*-?%\}"),
}


def _check_tags(template: str) -> None:
    """Refuse what the lexer takes too long for: an opening without its end, and a long tag."""
    position = 0
    while opening := _OPENING.search(template, position):
        kind = opening[2] or opening[0][:2]
        closing = _CLOSING[kind].search(template, opening.end())
        if closing is None:
            name = f"{{% {kind} %}}" if opening[2] else kind
            raise TemplateError(f"has {name} without its end")
        position = closing.end()
        if position - opening.start() > _MAX_TAG and not opening[2]:
            raise TemplateError(f"has a tag of more than {_MAX_TAG:,} characters")
