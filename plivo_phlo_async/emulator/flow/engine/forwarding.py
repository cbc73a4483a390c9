"""Call Forward: dials one after the other or all at once, and connects the first who accepts."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .calls import RING_ENDS
from .effects import Bridge, Play
from .events import (
    Answered,
    Busy,
    Failed,
    FlowEvent,
    HungUp,
    LegEvent,
    Machine,
    NoAnswer,
    Played,
    Pressed,
    TimedOut,
)
from .legs import CANCELED, CONFIRM_FAILED, LOST_RACE, RING_TIMEOUT
from .values import Wait, WaitKind
from .visit import Visit

__all__ = ["enter_call_forward", "handle_call_forward"]

CONFIRM_SECONDS = 5.0
"""How long a confirm prompt waits for the key (assumed)."""

_STATUS = {
    "Completed": "completed",
    "No Answer": "no-answer",
    "Busy/Rejected": "busy",
    "Failed": "failed",
}


def enter_call_forward(visit: Visit) -> str | Wait:
    """Dial the first recipient, or all of them."""
    from_, recipients = visit.text("from"), visit.texts("to")
    visit.clear_outputs()
    if visit.connect() is None or not from_ or not recipients:
        visit.note("nothing is dialled: there is no call, or 'from' or 'to' is empty")
        return _ended(visit, "Failed")
    together = len(recipients) if visit.text("order") == "parallel" else 1
    attempts = tuple(_attempt(visit, to) for to in recipients[:together])
    return visit.wait_for(
        WaitKind.FORWARD, leg=visit.token.leg, attempts=attempts, pending=recipients[together:]
    )


def handle_call_forward(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """Connect the first who accepts; Completed when either party has hung up."""
    wait = visit.wait
    if isinstance(event, HungUp) and event.leg in (wait.leg, wait.subject):
        return _caller_or_callee_left(visit)
    attempt = next((one for one in wait.attempts if _concerns(event, one)), None)
    return None if attempt is None else _advance(visit, attempt, event)


def _concerns(event: FlowEvent, attempt: Wait) -> bool:
    if isinstance(event, LegEvent):
        return event.leg == attempt.leg
    return getattr(event, "wait", None) == attempt.number


def _caller_or_callee_left(visit: Visit) -> str:
    wait = visit.wait
    if wait.kind is WaitKind.BRIDGE:
        visit.hang_up(wait.leg)
        visit.hang_up(wait.subject)
        return _ended(visit, "Completed")
    for attempt in wait.attempts:
        visit.hang_up(attempt.leg, CANCELED)
    return _ended(visit, "No Answer")


def _attempt(visit: Visit, to: str) -> Wait:
    leg = visit.dial(visit.number, visit.text("from"), to, parent=visit.token.leg)
    return visit.wait_for(WaitKind.RING, seconds=visit.seconds("ring_timeout"), leg=leg)


def _advance(visit: Visit, attempt: Wait, event: FlowEvent) -> str | Wait | None:
    match event:
        case Answered() | Machine():
            return _connect(visit, attempt) if not _confirm(visit) else _ask(visit, attempt)
        case Busy() | NoAnswer() | Failed() | HungUp():
            state = "No Answer" if attempt.kind is not WaitKind.RING else RING_ENDS[type(event)][0]
            return _without(visit, attempt, state)
        case TimedOut():
            cause = RING_TIMEOUT if attempt.kind is WaitKind.RING else CONFIRM_FAILED
            visit.hang_up(attempt.leg, cause)
            return _without(visit, attempt, "No Answer")
        case Played():
            seconds, leg = CONFIRM_SECONDS, attempt.leg
            waits = visit.wait_for(WaitKind.CONFIRM_KEY, seconds=seconds, leg=leg)
            return _replace(visit, attempt, waits)
        case Pressed(key=key) if attempt.kind is not WaitKind.RING:
            if key == _confirm(visit).get("key"):
                return _connect(visit, attempt)
            visit.hang_up(attempt.leg, CONFIRM_FAILED)
            return _without(visit, attempt, "No Answer")
    return None


def _confirm(visit: Visit) -> Mapping[str, object]:
    found = visit.node.options.get("confirm", {})
    assert isinstance(found, Mapping)
    return found


def _ask(visit: Visit, attempt: Wait) -> Wait:
    prompts = _confirm(visit)["prompt"]
    assert isinstance(prompts, tuple)
    waits = visit.wait_for(WaitKind.CONFIRM_PROMPT, leg=attempt.leg)
    visit.do(Play(waits.number, attempt.leg, visit.rendered(prompts), True, confirms=True))
    return _replace(visit, attempt, waits)


def _replace(visit: Visit, attempt: Wait, by: Wait) -> Wait:
    attempts = tuple(by if one is attempt else one for one in visit.wait.attempts)
    return attrs.evolve(visit.wait, attempts=attempts)


def _connect(visit: Visit, attempt: Wait) -> Wait:
    for other in visit.wait.attempts:
        if other is not attempt:
            visit.hang_up(other.leg, LOST_RACE)
    visit.draft.update_leg(visit.draft.legs[attempt.leg])  # the variables are its own from now on
    visit.do(Bridge(visit.wait.leg, attempt.leg))
    return visit.wait_for(WaitKind.BRIDGE, leg=visit.wait.leg, subject=attempt.leg)


def _without(visit: Visit, attempt: Wait, state: str) -> str | Wait:
    wait = visit.wait
    attempts = tuple(one for one in wait.attempts if one is not attempt)
    if wait.pending:
        return attrs.evolve(
            wait, attempts=(*attempts, _attempt(visit, wait.pending[0])), pending=wait.pending[1:]
        )
    return attrs.evolve(wait, attempts=attempts) if attempts else _ended(visit, state)


def _ended(visit: Visit, state: str) -> str:
    visit.set_outputs({"dial_status": _STATUS[state]})
    return state
