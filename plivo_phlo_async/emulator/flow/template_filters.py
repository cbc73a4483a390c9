"""The filters of templates: Liquid's own, with a bound on what they read and make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from liquid import Environment, is_undefined
from liquid.builtin.filters import array, string
from liquid.builtin.filters.misc import date
from liquid.exceptions import FilterArgumentError

from .template_values import MAX_SIZE, TemplateError, size_of, text_of

__all__ = ["apply_filter", "set_filters"]

_PLAIN = Environment()
_TEXT = frozenset(
    name for name, function in _PLAIN.filters.items() if function.__module__ == string.__name__
)
_QUADRATIC = frozenset({"strip_html", "uniq"})
_ITEMS = (list, tuple, range)
_ODD = (bool, dict, *_ITEMS)  # whose str() is Python's
# These are python-liquid's, not Liquid's.
_FOREIGN = ("escapejs", "safe")
_MAX_DATE = 100  # characters of a date and of its format


def set_filters(environment: Environment) -> None:
    """Replace the filters that take too much or fail unclearly, and remove foreign ones.

    Args:
        environment: the environment, which has python-liquid's filters.
    """
    for name in _FOREIGN:
        environment.filters.pop(name, None)
    environment.add_filter("concat", _concat)
    environment.add_filter("join", _join)
    environment.add_filter("replace", _replace)
    environment.add_filter("strip_html", _strip_html)
    environment.add_filter("date", _date)


def apply_filter(
    spend: Callable[[int], None],
    now: datetime | None,
    name: str,
    function: Callable[..., object],
    left: object,
    /,
    *args: object,
    **kwargs: object,
) -> object:
    """Return what a filter makes of a value.

    Args:
        spend: receives the steps that it takes.
        now: the time that the date filter reads; None for the clock's.
        name: the filter's name.
        function: the filter.
        left: the value.
        args: the filter's arguments.
        kwargs: the filter's named arguments.

    Raises:
        TemplateError: a value is too large.
    """
    size = sum(map(size_of, (left, *args, *kwargs.values())))
    spend(1 + size // 8 + (size * size // 1000 if name in _QUADRATIC else 0))
    value = left
    if name == "date":
        value = _moment(left, now)
    elif name in _TEXT:
        value = left if name == "slice" and isinstance(left, _ITEMS) else text_of(left)
    if name in _TEXT or name == "map":  # which makes a text of its argument for each item
        args = tuple(text_of(arg) if arg is None or isinstance(arg, _ODD) else arg for arg in args)
    try:
        made = function(value, *args, **kwargs)
    except (TypeError, FilterArgumentError) as error:
        if " argument" in str(error.args[0]):
            raise TemplateError(f"the filter {name!r} has the wrong arguments") from error
        raise
    size_of(made)
    return left if is_undefined(left) and made == [] else made


def _check(size: int) -> None:
    if size > MAX_SIZE:
        raise TemplateError(f"has a value of more than {MAX_SIZE:,} characters")


def _concat(left: object, items: object) -> object:
    # python-liquid fails with an error about its own exception instead.
    if not isinstance(items, list | tuple):
        raise TemplateError("concat expects a list")
    return array.concat(left, items)


def _join(left: object, separator: object = " ") -> str:
    texts = [text_of(item) for item in _flat(left)]
    between = text_of(separator)
    _check(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, _ITEMS):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _replace(text: str, old: object, new: object = "") -> str:
    before, after = text_of(old), text_of(new)
    _check(len(text) + text.count(before) * (len(after) - len(before)))
    return text.replace(before, after)


_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>", re.DOTALL | re.IGNORECASE)


def _strip_html(text: str) -> str:
    return _TAGS.sub("", text)


def _moment(value: object, now: datetime | None) -> object:
    if value in ("now", "today"):
        return now or datetime.now(UTC)
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return datetime.fromtimestamp(int(value), UTC)
    return value


def _date(value: Any, form: Any) -> str:
    if len(text_of(form)) > _MAX_DATE or (isinstance(value, str) and len(value) > _MAX_DATE):
        raise TemplateError(f"has a date or a date's format of more than {_MAX_DATE} characters")
    made: str = date(value, form, environment=_PLAIN)
    return made
