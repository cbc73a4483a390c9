"""What the components that work on a call that is there tell.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `ends_in` make attrs fields, no values that are shared

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from attrs import frozen

from .fields import Event, ends_in, variable
from .kinds import INSTANT, MILLISECONDS, TEXT, one_of
from .vocabulary import (
    Component,
    GetInputState,
    HangupState,
    InputType,
    IvrMenuState,
    PlayAudioState,
    RecordAudioState,
)

__all__ = [
    "GetInputEvent",
    "HangupEvent",
    "IvrMenuEvent",
    "PlayAudioEvent",
    "RecordAudioEvent",
]


@frozen(kw_only=True)
class IvrMenuEvent(Event):
    """A caller chose from a menu.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: the key chosen, `No Input` or `Wrong Input`.
        digits: what was entered; a text, since `*`, `#` and zeros in front count.
        input_type: `digits`.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.IVR_MENU
    state: IvrMenuState | str | None = ends_in(one_of(IvrMenuState))
    digits: str | None = variable("digits", TEXT)
    input_type: InputType | str | None = variable("input_type", one_of(InputType))


@frozen(kw_only=True)
class GetInputEvent(Event):
    """A caller entered something.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Successful Input` or `No Input`.
        input: what was entered; a text, since `*`, `#` and zeros in front count.
        input_type: `digits`.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.GET_INPUT
    state: GetInputState | str | None = ends_in(one_of(GetInputState))
    input: str | None = variable("input", TEXT)
    input_type: InputType | str | None = variable("input_type", one_of(InputType))


@frozen(kw_only=True)
class HangupEvent(Event):
    """The call was hung up; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Hangup Complete`.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.HANGUP
    state: HangupState | str | None = ends_in(one_of(HangupState))


@frozen(kw_only=True)
class PlayAudioEvent(Event):
    """Messages were played; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Prompt Completed`.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.PLAY_AUDIO
    state: PlayAudioState | str | None = ends_in(one_of(PlayAudioState))


@frozen(kw_only=True)
class RecordAudioEvent(Event):
    """A message was recorded.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Recording Completed`.
        call_uuid: the incoming call's id.
        recording_url: where the recording is.
        recording_uuid: the recording's id.
        recording_duration: its length; Plivo sends milliseconds.
        recording_start_time: when it started, in UTC; Plivo sends a Unix time.
        recording_end_time: when it ended, in UTC; Plivo sends a Unix time.
        raw: everything that was sent, as it came.
    """

    component: ClassVar[Component | None] = Component.RECORD_AUDIO
    state: RecordAudioState | str | None = ends_in(one_of(RecordAudioState))
    call_uuid: str | None = variable("call_uuid", TEXT)
    recording_url: str | None = variable("recording_url", TEXT)
    recording_uuid: str | None = variable("recording_uuid", TEXT)
    recording_duration: timedelta | None = variable("recording_duration", MILLISECONDS)
    recording_start_time: datetime | None = variable("recording_start_time", INSTANT)
    recording_end_time: datetime | None = variable("recording_end_time", INSTANT)
