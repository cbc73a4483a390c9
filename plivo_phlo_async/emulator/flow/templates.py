"""The templates of options.

Which of Liquid's filters and tags Plivo allows is not documented; here are the standard ones.
https://shopify.github.io/liquid/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from liquid import BoundTemplate
from liquid.builtin.expressions import FilteredExpression, Path

from .template_environment import (
    ENVIRONMENT,
    expressions_of,
    is_liquid,
    one_line_errors,
    parse_template,
    render_parsed,
    too_long,
)
from .template_values import (
    MAX_CHARACTERS,
    DottedText,
    TemplateError,
    nest_variables,
    text_of,
)

__all__ = [
    "MAX_CHARACTERS",
    "DottedText",
    "Reference",
    "TemplateError",
    "nest_variables",
    "references",
    "render",
    "text_of",
    "unknown_filters",
]


@attrs.frozen
class Reference:
    """A variable that a template reads.

    Attributes:
        path: the names of its path: `("Menu", "digits")`.
        has_default: whether the `default` filter is applied to it.
    """

    path: tuple[str, ...]
    has_default: bool


def render(template: str, variables: Mapping[str, object], *, now: datetime | None = None) -> str:
    """Return the text that a template renders.

    Args:
        template: the Liquid template.
        variables: the values by name, as JSON has them, and `DottedText`. A variable without a
            value is empty.
        now: the time that `"now"` is for the date filter; None for the clock's.

    Raises:
        TemplateError: the template is invalid, or it takes or renders too much.
    """
    if not is_liquid(template):
        if len(template) > MAX_CHARACTERS:
            raise too_long()
        return template
    with one_line_errors():
        return render_parsed(parse_template(template), variables, now)


def references(template: str) -> tuple[Reference, ...]:
    """Return the variables that a template reads and does not set itself, in their order.

    Args:
        template: the Liquid template.

    Raises:
        TemplateError: the template is invalid.
    """
    if not is_liquid(template):
        return ()
    with one_line_errors():
        parsed = parse_template(template)
        found = parsed.template.analyze(include_partials=False).globals.values()
        defaults = _with_default(parsed.template)
    variables = sorted((variable for each in found for variable in each), key=_position)
    made = [
        Reference(_names(variable.segments), _position(variable) in defaults)
        for variable in variables
        if isinstance(variable.segments[0], str)
    ]
    return tuple(dict.fromkeys(made))


def unknown_filters(template: str) -> tuple[str, ...]:
    """Return the names of the filters in a template that do not exist.

    Args:
        template: the Liquid template.

    Raises:
        TemplateError: the template is invalid.
    """
    if not is_liquid(template):
        return ()
    with one_line_errors():
        used = parse_template(template).template.analyze(include_partials=False).filters
    return tuple(name for name in used if name not in ENVIRONMENT.filters)


def _position(variable: Any) -> int:
    position: int = variable.span.index
    return position


def _names(segments: list[Any]) -> tuple[str, ...]:
    # A path ends where a variable gives the name: that variable is a reference of its own.
    names: list[str] = []
    for segment in segments:
        if isinstance(segment, list):
            break
        names.append(str(segment))
    return tuple(names)


def _with_default(template: BoundTemplate) -> set[int]:
    return {
        expression.left.token.start_index
        for expressions in expressions_of(template)
        for expression in expressions
        if isinstance(expression, FilteredExpression)
        and isinstance(expression.left, Path)
        and any(each.name == "default" for each in expression.filters or ())
    }
