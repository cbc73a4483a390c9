"""Play Audio, IVR Menu, Get Input and Record Audio: the components that play to a caller."""

from __future__ import annotations

from .effects import Record
from .events import FlowEvent, HungUp, Played, Pressed, Recorded, TimedOut
from .values import RunRecording, Wait, WaitKind
from .visit import Visit

__all__ = [
    "enter_input",
    "enter_play_audio",
    "enter_record_audio",
    "handle_get_input",
    "handle_ivr_menu",
    "handle_play_audio",
    "handle_record_audio",
]


def enter_play_audio(visit: Visit) -> Wait:
    """Play the prompt."""
    return visit.play(visit.token.leg, visit.prompts())


def handle_play_audio(visit: Visit, event: FlowEvent) -> str | None:
    """Go on when the prompt has ended; keys mean nothing."""
    return "Prompt Completed" if isinstance(event, Played) else None


def enter_input(visit: Visit) -> Wait:
    """Play the prompt of an IVR Menu or Get Input, which then waits for keys."""
    # Played even where it is empty: the phone then knows that keys are asked for.
    wait = visit.play(visit.token.leg, visit.prompts(), accepts_keys=True)
    visit.clear_outputs()
    return wait


def _wait_for_keys(visit: Visit, digits: str = "") -> Wait:
    seconds = visit.seconds("timeout")
    return visit.wait_for(WaitKind.KEYS, seconds=seconds, leg=visit.token.leg, digits=digits)


def handle_ivr_menu(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """One key decides (assumed); the timeout begins when the prompt ends."""
    match event:
        case Played():
            return _wait_for_keys(visit)
        case TimedOut():
            return "No Input"
        case Pressed(key=key) if visit.wait.kind is WaitKind.KEYS or visit.flag("interrupt"):
            visit.set_outputs({"digits": key, "input_type": "digits"})
            return key if key in visit.node.texts("inputs") else "Wrong Input"
    return None


def handle_get_input(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """Collect keys until `#`, the maximum or the timeout; `#` is not part of them (assumed)."""
    match event:
        case Played():
            return _wait_for_keys(visit)
        case TimedOut():
            return _with_input(visit, visit.wait.digits)
        case Pressed(key="#"):
            return _with_input(visit, visit.wait.digits)
        case Pressed(key=key):
            digits = visit.wait.digits + key
            if len(digits) >= max(1, visit.seconds("max_digits")):
                return _with_input(visit, digits)
            return _wait_for_keys(visit, digits)
    return None


def _with_input(visit: Visit, digits: str) -> str:
    if not digits:
        return "No Input"
    visit.set_outputs({"input": digits, "input_type": "digits"})
    return "Successful Input"


def enter_record_audio(visit: Visit) -> Wait:
    """Play the prompt, then record."""
    prompts = visit.prompts()
    visit.clear_outputs()
    return visit.play(visit.token.leg, prompts) if prompts else _record(visit)


def handle_record_audio(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """Record until a key, silence, the maximum or the end of the call (assumed)."""
    wait = visit.wait
    match event:
        case Played():
            return _record(visit)
        case _ if wait.kind is not WaitKind.RECORDING:
            return None
        case Recorded(seconds=seconds):
            return _recorded(visit, seconds)
        case Pressed(key=key) if key not in visit.text("finish_on"):
            return None
        case HungUp(spoken=spoken):
            return _recorded(visit, max(spoken, event.at - wait.at))
        case TimedOut() | Pressed():
            return _recorded(visit, event.at - wait.at)
    return None


def _record(visit: Visit) -> Wait:
    longest, silence = visit.seconds("max"), visit.seconds("silence")
    recording_id, leg = visit.draft.new_id(), visit.token.leg
    wait = visit.wait_for(WaitKind.RECORDING, seconds=longest, leg=leg, subject=recording_id)
    keys, beep = visit.text("finish_on"), visit.flag("beep")
    visit.do(Record(wait.number, leg, recording_id, silence, longest, keys, beep))
    return wait


def _recorded(visit: Visit, seconds: float) -> str:
    wait = visit.wait
    longest = wait.seconds if wait.seconds is not None else seconds
    seconds = min(max(0.0, seconds), longest)
    recording = RunRecording(wait.subject, visit.node.name, wait.leg, wait.at, seconds)
    visit.draft.recordings.append(recording)
    visit.set_outputs(
        {
            "call_uuid": wait.leg,
            "recording_url": f"{visit.draft.base_url}/_emulator/recordings/{wait.subject}.wav",
            "recording_uuid": wait.subject,
            "recording_duration": str(round(seconds * 1000)),
            "recording_start_time": str(round(wait.at)),
            "recording_end_time": str(round(wait.at + seconds)),
        }
    )
    return "Recording Completed"
