"""Multiparty Call and Conference Bridge."""

from __future__ import annotations

import attrs

from ..countries import country_of
from .effects import JoinConference
from .events import ConferenceEnded, FlowEvent, HungUp, Joined, Left
from .legs import NO_PRICE
from .values import Leg, RunRecording, Wait, WaitKind
from .visit import Visit

__all__ = ["enter_conference_bridge", "enter_multi_party_call", "handle_conference"]


def enter_multi_party_call(visit: Visit) -> str | Wait:
    """Join the caller, and dial the others into the call."""
    conference = visit.text("conference") or f"{visit.node.name}-{visit.draft.new_id()}"
    return _join(visit, conference, visit.text("role"), visit.text("from"), visit.texts("to"))


def enter_conference_bridge(visit: Visit) -> str | Wait:
    """Join the caller to the bridge of that name."""
    return _join(visit, visit.text("conference"), "customer", "", ())


def _join(visit: Visit, conference: str, role: str, from_: str, to: tuple[str, ...]) -> str | Wait:
    leg = visit.connect()
    visit.clear_outputs()
    if not conference or (leg is None and not (from_ and to)):
        visit.note("there is no call and no number to dial, or the conference has no name")
        return "Failed"
    visit.set_outputs(_variables(leg, conference, from_, to))
    recording = visit.draft.new_id() if visit.flag("record") else ""
    uuid = "" if leg is None else leg.uuid
    wait = visit.wait_for(WaitKind.CONFERENCE, leg=uuid, subject=recording)
    prompts = visit.prompts("prompt" if "prompt" in visit.node.spec.options else "announcement")
    visit.do(
        JoinConference(
            wait.number,
            visit.node.name,
            uuid,
            conference,
            role,
            from_,
            to,
            visit.flag("mute"),
            prompts,
        )
    )
    return wait


def handle_conference(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """Completed when the last member has left; the caller may leave before (assumed).

    After a failure the caller's call goes on (assumed).
    """
    match event:
        case Joined(conference_uuid=conference, member_id=member):
            visit.set_outputs({"conference_uuid": conference, "member_id": member})
            return visit.wait
        case Left() | HungUp():
            visit.set_outputs({"event": "ConferenceExit"})
            return attrs.evolve(visit.wait, leg="")
        case ConferenceEnded(failed=failed):
            if failed:
                return "Failed"
            if visit.leg is not None:
                visit.hang_up(visit.token.leg)
            _note_recording(visit)
            return "Completed"
    return None


def _note_recording(visit: Visit) -> None:
    wait, leg = visit.wait, visit.token.leg
    if wait.subject:
        seconds = visit.at - wait.at
        recording = RunRecording(wait.subject, visit.node.name, leg, wait.at, seconds)
        visit.draft.recordings.append(recording)


def _variables(
    leg: Leg | None, conference: str, from_: str, to: tuple[str, ...]
) -> dict[str, object]:
    caller = from_ if leg is None else leg.from_
    called = ", ".join(to) if leg is None else leg.to
    to_iso2, to_country = country_of(called)
    from_iso2, from_country = country_of(caller)
    return {
        "from": caller,
        "direction": "outbound" if leg is None else leg.direction,
        "caller_name": caller,
        "to": called,
        "event": "ConferenceEnter",
        "bill_rate": NO_PRICE,
        "call_status": "in-progress",
        "conference_name": conference,
        "call_uuid": "" if leg is None else leg.uuid,
        "conference_uuid": "",
        "member_id": "",
        "to_iso2": to_iso2,
        "from_iso2": from_iso2,
        "to_country": to_country,
        "from_country": from_country,
    }
