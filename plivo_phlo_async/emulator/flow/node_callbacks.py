"""The callbacks of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidParameter
from ..webhooks.callbacks import CHOICES, Callback, read_callback
from .components import slug_of
from .graph import NodeCallback
from .options import FLAGS, OptionReader
from .problems import Path, ProblemList, list_names, quote
from .template_environment import is_liquid
from .tree import OpaqueValue, ScalarValue, SourceValue

__all__ = ["CALLBACK_KEYS", "CallbackReader"]

CALLBACK_KEYS = ("url", *CHOICES, "port_in_signature", "events")
"""The keys of a callback."""

_ANY_URL = "http://127.0.0.1/"  # for the checks of the other keys


class CallbackReader:
    """Reads callbacks, and adds what is wrong with them to a list of problems."""

    def __init__(self, problems: ProblemList) -> None:
        self._problems = problems
        self._options = OptionReader(problems)

    def callback(
        self, value: SourceValue, path: Path, title: str, events: Sequence[str]
    ) -> NodeCallback | None:
        """Return a callback, None for one that is invalid.

        Args:
            value: a URL, a mapping, or a `Callback` or `NodeCallback` where data holds one.
            path: where it is.
            title: the title of its component.
            events: the events that it can receive.
        """
        if isinstance(value, OpaqueValue) and isinstance(value.value, NodeCallback):
            return value.value
        if isinstance(value, OpaqueValue) and isinstance(value.value, Callback):
            return NodeCallback(value.value)
        if isinstance(value, ScalarValue):
            url = self._checked("url", value.text, value, path)
            return None if url is None else NodeCallback(Callback(value.text))
        given = self._options.mapping(value, path, CALLBACK_KEYS, "a URL, or a mapping")
        if given is None:
            return None
        chosen = self._events(given.pop("events", None), (*path, "events"), title, events)
        values = self._values(given, path)
        if "url" not in given:
            self._problems.add(value.position, path, "give a url.")
        return NodeCallback(Callback(**values), chosen) if "url" in values else None

    def _values(self, given: Mapping[str, SourceValue], path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in given.items():
            text = self._options.text(value, (*path, key))
            if text is not None:
                is_flag = key == "port_in_signature"
                found = FLAGS.get(text.lower()) if is_flag else text
                values[key] = self._checked(key, found, value, (*path, key))
        return {key: value for key, value in values.items() if value is not None}

    def _checked(self, key: str, found: object, value: SourceValue, path: Path) -> object:
        """Return the value of a key; None where it is invalid. A template is not checked."""
        if key == "url" and isinstance(found, str) and is_liquid(found):
            return found
        try:
            read_callback({"url": _ANY_URL, key: found}, "")
        except InvalidParameter as error:
            self._problems.add(value.position, path, error.error.partition(": ")[2])
            return None
        return found

    def _events(
        self, value: SourceValue | None, path: Path, title: str, events: Sequence[str]
    ) -> tuple[str, ...]:
        """Return the chosen events in the order of the component."""
        if value is None:
            return ()
        chosen = set()
        for name in self._options.texts(value, path) or ():
            event = name if name in events else _with_slug(name, events)
            if event is None:
                near = self._problems.suggest(name, events)
                there = f"it has {list_names(events)}."
                text = f"{title} has no event {quote(name)}{near}; {there}"
                self._problems.add(value.position, path, text)
            chosen.add(event)
        return tuple(event for event in events if event in chosen)


def _with_slug(slug: str, names: Sequence[str]) -> str | None:
    return next((name for name in names if slug_of(name) == slug), None)
