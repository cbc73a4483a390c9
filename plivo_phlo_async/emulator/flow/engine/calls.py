"""Initiate Call and Hangup."""

from __future__ import annotations

from .events import Answered, Busy, Failed, FlowEvent, HungUp, Machine, NoAnswer, TimedOut
from .legs import BUSY_LINE, INVALID_DESTINATION, NO_ANSWER, NORMAL, REJECTED, RING_TIMEOUT
from .values import Wait, WaitKind
from .visit import Visit

__all__ = ["RING_ENDS", "enter_hangup", "enter_initiate_call", "handle_initiate_call"]

RING_ENDS: dict[type, tuple[str, str]] = {
    Busy: ("Busy/Rejected", REJECTED),
    HungUp: ("Busy/Rejected", REJECTED),
    NoAnswer: ("No Answer", NO_ANSWER),
    Failed: ("Failed", INVALID_DESTINATION),
}
"""The state and the cause by which a ringing leg ends, by the type of the event."""

_REASONS = {"Rejected": REJECTED, "Busy": BUSY_LINE, "": NORMAL}


def enter_initiate_call(visit: Visit) -> str | Wait:
    """Dial every recipient, each with a token of its own; hang up the call before (assumed)."""
    from_, recipients = visit.text("from"), visit.texts("to")
    visit.clear_outputs()
    if not from_ or not recipients:
        visit.note("nothing is dialled: 'from' or 'to' is empty")
        return "Failed"
    if visit.leg is not None:
        visit.hang_up(visit.token.leg)
    seconds, headers = visit.seconds("ring_timeout"), _headers(visit)
    first = _ring(visit, visit.number, from_, recipients[0], seconds, headers)
    for to in recipients[1:]:
        token = visit.draft.add_token(visit.node.name)
        wait = _ring(visit, token.number, from_, to, seconds, headers)
        visit.draft.set_wait(token.number, wait)
    return first


def _headers(visit: Visit) -> dict[str, str]:
    return {f"X-PH-{name}": value for name, value in visit.pairs("headers").items()}


def _ring(
    visit: Visit, token: int, from_: str, to: str, seconds: float, headers: dict[str, str]
) -> Wait:
    leg = visit.dial(token, from_, to, headers=headers)
    visit.draft.set_leg(token, leg)
    return visit.wait_for(WaitKind.RING, seconds=seconds, leg=leg)


def handle_initiate_call(visit: Visit, event: FlowEvent) -> str | None:
    """Go on with the call of the recipient, or without one."""
    match event:
        case Answered():
            return "Answered"
        case Machine():
            is_detected = visit.draft.legs[visit.wait.leg].machine
            return "Voicemail" if is_detected else "Answered"
        case TimedOut():
            visit.hang_up(visit.wait.leg, RING_TIMEOUT)
            return "No Answer"
        case Busy() | HungUp() | NoAnswer() | Failed():
            return RING_ENDS[type(event)][0]
    return None


def enter_hangup(visit: Visit) -> str:
    """Hang up the call; the reason is what a caller hears who was not connected yet."""
    leg = visit.leg
    if leg is not None:
        rejects = leg.direction == "inbound" and not leg.connected
        visit.hang_up(leg.uuid, _REASONS[visit.node.text("reason")] if rejects else NORMAL)
    return "Hangup Complete"
