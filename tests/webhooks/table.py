"""The documentation's table of variables, from the classes: `python -m tests.webhooks.table`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import Attribute, fields

from plivo_phlo_async.webhooks import (
    EVENTS,
    Event,
    StartCallEvent,
    StartMessageEvent,
    StartRequestEvent,
)
from plivo_phlo_async.webhooks.kinds import Kind

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "webhook-variables.md"

_TOP = """# What each component tells

Every variable of every component, and what it becomes in Python. A variable that was not sent, or
that cannot be read, is `None` (`media_urls`: `()`); what came stays in the event's `raw`. Where a
type is an enum, a word it does not know stays a `str`. Times without a zone are taken to be UTC,
and Unix times are understood everywhere.

Plivo does not document how it spells the keys in a webhook: `call.uuid`, `call_uuid`, `CallUUID`
and a nested `{"call": {"uuid": ...}}` are all understood.

This page is made of the classes by `python -m tests.webhooks.table`.
"""


def variables(event: type[Event]) -> list[Attribute[Any]]:
    """The fields of this event that hold variables, its state not among them."""
    return [own for own in fields(event) if own.metadata and own.name != "state"]


def states(event: type[Event]) -> list[str]:
    words = fields(event).state.metadata["kind"].values  # type: ignore[attr-defined,unused-ignore]
    return [str(word) for word in words]


def _row(event: type[Event], own: Attribute[Any]) -> str:
    kind: Kind = own.metadata["kind"]
    kind_text = kind.python_type.replace("|", "\\|")
    words = ", ".join(f"`{word}`" for word in kind.values or ())
    cells = (f"`{own.metadata['variable']}`", f"`{own.name}`", f"`{kind_text}`", kind.unit or words)
    return f"| {' | '.join(cells)} |"


def _section(event: type[Event]) -> str:
    own = variables(event)
    head = "| variable | attribute | type | unit or values |\n| --- | --- | --- | --- |"
    rows = "\n".join([head, *(_row(event, each) for each in own)]) if own else "No variables."
    ends = ", ".join(f"`{state}`" for state in states(event))
    return f"## {event.__name__}\n\n{rows}\n\nStates: {ends}.\n"


def page() -> str:
    kinds = list(EVENTS.values())
    kinds[1:1] = [StartCallEvent, StartMessageEvent, StartRequestEvent]
    return "\n".join([_TOP, *map(_section, kinds)])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
    print(f"wrote {PAGE.name}")
