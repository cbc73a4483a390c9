"""The step: what an event does to a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ..countries import country_of
from ..graph import FlowNode
from ..phlo import Phlo
from ..sms import sms_units
from .calls import RING_ENDS, enter_hangup, enter_initiate_call, handle_initiate_call
from .conferences import enter_conference_bridge, enter_multi_party_call, handle_conference
from .draft import Draft, RunLimitError
from .effects import Effect
from .events import (
    Answered,
    Busy,
    Failed,
    FlowEvent,
    HungUp,
    Left,
    LegEvent,
    Machine,
    MessageStatus,
    NoAnswer,
    Pressed,
    Stopped,
    WaitEvent,
)
from .forwarding import enter_call_forward, handle_call_forward
from .legs import NO_PRICE, NORMAL, format_time
from .logic import enter_branch, enter_counter
from .messages import enter_send_sms, handle_send_sms, update_message
from .prompts import (
    enter_input,
    enter_play_audio,
    enter_record_audio,
    handle_get_input,
    handle_ivr_menu,
    handle_play_audio,
    handle_record_audio,
)
from .requests import enter_http_request, handle_http_request
from .values import (
    Leg,
    LegState,
    Run,
    Token,
    VisitedNode,
    Wait,
    WaitKind,
)
from .visit import Visit

__all__ = ["MOST_IDLE_STEPS", "MOST_STEPS", "Trigger", "begin", "step"]

MOST_STEPS = 1000
"""The maximum number of nodes that a run visits."""

MOST_IDLE_STEPS = 100
"""The maximum number of nodes that a token visits without a wait."""

Enter = Callable[[Visit], str | Wait]
"""Begins a visit; returns the state that is reached at once, or what to wait for."""

Handle = Callable[[Visit, FlowEvent], str | Wait | None]
"""Answers an event; returns a state, what to wait for from now on, or None to ignore it."""


def _never_waits(visit: Visit, event: FlowEvent) -> None:
    return None


_BEHAVIOURS: Mapping[str, tuple[Enter, Handle]] = {
    "Send SMS": (enter_send_sms, handle_send_sms),
    "IVR Menu": (enter_input, handle_ivr_menu),
    "Get Input": (enter_input, handle_get_input),
    "Initiate Call": (enter_initiate_call, handle_initiate_call),
    "Call Forward": (enter_call_forward, handle_call_forward),
    "Hangup": (enter_hangup, _never_waits),
    "Play Audio": (enter_play_audio, handle_play_audio),
    "Record Audio": (enter_record_audio, handle_record_audio),
    "Multiparty Call": (enter_multi_party_call, handle_conference),
    "Conference Bridge": (enter_conference_bridge, handle_conference),
    "HTTP Request": (enter_http_request, handle_http_request),
    "Counter": (enter_counter, _never_waits),
    "Branch": (enter_branch, _never_waits),
}


@attrs.frozen
class Trigger:
    """What starts a run.

    Attributes:
        name: "Incoming Call", "Incoming Message" or "API Request".
        from_: the caller or the sender, "" for an API request.
        to: the number that is called or texted, "" for an API request.
        text: the text of a message.
        params: the payload of an API request.
        headers: the SIP headers of a call, by their names below `Start.call`.
    """

    name: str
    from_: str = ""
    to: str = ""
    text: str = ""
    params: Mapping[str, object] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict)


def begin(
    phlo: Phlo, run_id: str, trigger: Trigger, *, at: float, base_url: str = ""
) -> tuple[Run, tuple[Effect, ...]]:
    """Start a run.

    Args:
        phlo: the PHLO.
        run_id: the id of the run; all further ids come from it.
        trigger: what starts it.
        at: the time, in seconds since 1970.
        base_url: the URL of the emulator, for the URLs of recordings.

    Returns:
        The run after the nodes up to its first wait, and the effects of these.
    """
    run = Run(run_id, phlo.phlo_id, trigger.name, at, base_url)
    return _guarded(run, Draft(phlo, run, at), lambda draft: _start(draft, trigger))


def step(phlo: Phlo, run: Run, event: FlowEvent) -> tuple[Run, tuple[Effect, ...]]:
    """Return the run after an event, and the effects.

    An event whose wait or leg is gone has no effect, and the run is returned as it is.

    Args:
        phlo: the PHLO.
        run: the run; it is not changed.
        event: the event.
    """
    return _guarded(run, Draft(phlo, run, event.at), lambda draft: _apply(draft, event))


def _guarded(
    run: Run, draft: Draft, change: Callable[[Draft], bool]
) -> tuple[Run, tuple[Effect, ...]]:
    try:
        changed = change(draft)
    except RunLimitError as error:
        draft.end(str(error))
        changed = True
    return (draft.freeze(), tuple(draft.effects)) if changed else (run, ())


# The beginning


def _start(draft: Draft, trigger: Trigger) -> bool:
    token = draft.add_token("Start")
    draft.path.append(VisitedNode(token.number, "Start", draft.at))
    draft.set_outputs("Start", _start_variables(draft, trigger))
    if trigger.name == "Incoming Call":
        leg = Leg(
            draft.new_id(),
            token.number,
            "Start",
            trigger.from_,
            trigger.to,
            "inbound",
            LegState.UP,
            draft.at,
            answered_at=draft.at,
        )
        draft.update_leg(leg)
        draft.set_leg(token.number, leg.uuid)
    _go_on(draft, token.number, None, trigger.name)
    return True


def _start_variables(draft: Draft, trigger: Trigger) -> dict[str, object]:
    match trigger.name:
        case "Incoming Call":
            return {"request_type": "call", **_headers(trigger)}
        case "Incoming Message":
            return {"request_type": "sms", **_message_variables(draft, trigger)}
    static = {key: value for key, value in draft.phlo.start.keys.items() if value is not None}
    params = {**static, **trigger.params}
    request = {"request.uuid": draft.new_id(), "request.params": params, "http.params": params}
    return {"request_type": "http", **request}


def _headers(trigger: Trigger) -> dict[str, str]:
    return {f"call.{name}": value for name, value in trigger.headers.items()}


def _message_variables(draft: Draft, trigger: Trigger) -> dict[str, object]:
    to_iso2, to_country = country_of(trigger.to)
    from_iso2, from_country = country_of(trigger.from_)
    return {
        "message.message_uuid": draft.new_id(),
        "message.time": format_time(draft.at),
        "message.direction": "inbound",
        "message.status": "received",
        "message.to": trigger.to,
        "message.from": trigger.from_,
        "message.to_iso2": to_iso2,
        "message.from_iso2": from_iso2,
        "message.to_country": to_country,
        "message.from_country": from_country,
        "message.msg": trigger.text,
        "message.text": trigger.text,
        "message.units": str(sms_units(trigger.text)),
        "message.total_rate": NO_PRICE,
        "message.total_amount": NO_PRICE,
    }


# An event


def _apply(draft: Draft, event: FlowEvent) -> bool:
    if isinstance(event, MessageStatus):
        return _apply_message_status(draft, event)
    if isinstance(event, Stopped):
        if draft.tokens:
            draft.end(event.reason)
            return True
        return False
    if isinstance(event, WaitEvent):
        token = _token_waiting(draft, event.wait)
    else:
        token = _token_of_leg(draft, event)
    if token is None:
        return False
    return _handle(draft, token, event)


def _apply_message_status(draft: Draft, event: MessageStatus) -> bool:
    if not update_message(draft, event):
        return False
    for token in [*draft.tokens.values()]:
        if token.wait is not None and token.wait.subject == event.message:
            _handle(draft, token, event)
    return True


def _token_waiting(draft: Draft, number: int) -> Token | None:
    for token in draft.tokens.values():
        wait = token.wait
        if wait is not None and number in (wait.number, *(one.number for one in wait.attempts)):
            return token
    return None


def _token_of_leg(draft: Draft, event: LegEvent) -> Token | None:
    leg = draft.legs.get(event.leg)
    rings = isinstance(event, Answered | Machine | Busy | NoAnswer | Failed)
    wanted = LegState.RINGING if rings else LegState.UP
    if leg is None or not (leg.state is wanted or (leg.live and isinstance(event, HungUp))):
        return None
    token = draft.tokens.get(leg.token)
    if isinstance(event, Left) and not _is_in_conference(token, leg):
        return None
    return token


def _is_in_conference(token: Token | None, leg: Leg) -> bool:
    wait = None if token is None else token.wait
    return wait is not None and wait.kind is WaitKind.CONFERENCE and wait.leg == leg.uuid


def _handle(draft: Draft, token: Token, event: FlowEvent) -> bool:
    node = draft.phlo.nodes[token.node]
    visit = Visit(draft, token.number, node)
    if isinstance(event, LegEvent):
        _update_leg(visit, event)
    result = _BEHAVIOURS[node.component][1](visit, event)
    if result is not None:
        _go_on(draft, token.number, node, result)
        return True
    if not isinstance(event, HungUp | Left):
        return False
    leg = draft.legs[event.leg]
    if leg.uuid == token.leg:
        who = "the caller" if leg.direction == "inbound" else leg.phone
        draft.end_token(token.number, f"{who} hung up at {node.name}")
    return True


def _update_leg(visit: Visit, event: LegEvent) -> None:
    match event:
        case Answered() | Machine():
            visit.answered(event.leg, isinstance(event, Machine) and _detects_machines(visit))
        case HungUp() | Left() if visit.draft.legs[event.leg].state is LegState.UP:
            visit.draft.leg_ended(event.leg, NORMAL)
        case Busy() | NoAnswer() | Failed() | HungUp():
            visit.draft.leg_ended(event.leg, RING_ENDS[type(event)][1])
        case Pressed():
            pass


def _detects_machines(visit: Visit) -> bool:
    name = "voicemail_detection"
    return name in visit.node.spec.options and visit.flag(name)


# From node to node


def _go_on(draft: Draft, number: int, node: FlowNode | None, result: str | Wait) -> None:
    """Move a token until it waits or ends; `node` is None at Start."""
    while isinstance(result, str):
        name = "Start" if node is None else node.name
        draft.reach(number, name, result)
        if node is None or node.component != "Send SMS":  # its statuses are sent instead
            draft.post(name, result)
        after = (draft.phlo.start.triggers if node is None else node.next).get(result)
        if after is None:
            draft.end_token(number, _end_reason(node, result))
            return
        node = draft.phlo.nodes[after]
        entered = _enter(draft, number, node)
        if entered is None:
            draft.end_token(number, f"{node.title}: there is no call here")
            return
        result = entered
    draft.set_wait(number, result)


def _end_reason(node: FlowNode | None, state: str) -> str:
    if node is None:
        return f"Start: nothing is connected to {state}"
    if node.component == "Hangup":
        return f"hung up at {node.name}"
    return f"finished at {node.name} with {state}"


def _enter(draft: Draft, number: int, node: FlowNode) -> str | Wait | None:
    """Begin the visit of a node; None if it needs a call and there is none."""
    token = draft.tokens[number]
    draft.steps += 1
    if draft.steps > MOST_STEPS:
        raise RunLimitError(f"stopped at {node.name}: more than {MOST_STEPS} steps")
    if token.idle >= MOST_IDLE_STEPS:
        raise RunLimitError(
            f"stopped at {node.name}: more than {MOST_IDLE_STEPS} steps without a wait"
        )
    draft.tokens[number] = Token(number, node.name, None, token.leg, token.idle + 1)
    draft.path.append(VisitedNode(number, node.name, draft.at))
    visit = Visit(draft, number, node)
    if node.spec.needs_call and visit.connect() is None:
        return None
    return _BEHAVIOURS[node.component][0](visit)
