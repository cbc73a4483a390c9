"""The events of the components that work on an existing call.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `state_field` make attrs fields, not shared values

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from attrs import frozen

from .base import Event, state_field, variable
from .converters import INSTANT, MILLISECONDS, TEXT, one_of
from .enums import (
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
    """A caller pressed a key in a menu.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: the pressed key, `No Input` or `Wrong Input`.
        digits: the input; a text, because `*`, `#` and leading zeros are significant.
        input_type: `digits`.
    """

    component: ClassVar[Component | None] = Component.IVR_MENU
    state: IvrMenuState | str | None = state_field(one_of(IvrMenuState))
    digits: str | None = variable("digits", TEXT)
    input_type: InputType | str | None = variable("input_type", one_of(InputType))


@frozen(kw_only=True)
class GetInputEvent(Event):
    """A caller entered digits.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Successful Input` or `No Input`.
        input: the input; a text, because `*`, `#` and leading zeros are significant.
        input_type: `digits`.
    """

    component: ClassVar[Component | None] = Component.GET_INPUT
    state: GetInputState | str | None = state_field(one_of(GetInputState))
    input: str | None = variable("input", TEXT)
    input_type: InputType | str | None = variable("input_type", one_of(InputType))


@frozen(kw_only=True)
class HangupEvent(Event):
    """The call was hung up; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Hangup Complete`.
    """

    component: ClassVar[Component | None] = Component.HANGUP
    state: HangupState | str | None = state_field(one_of(HangupState))


@frozen(kw_only=True)
class PlayAudioEvent(Event):
    """An audio prompt was played; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Prompt Completed`.
    """

    component: ClassVar[Component | None] = Component.PLAY_AUDIO
    state: PlayAudioState | str | None = state_field(one_of(PlayAudioState))


@frozen(kw_only=True)
class RecordAudioEvent(Event):
    """A message was recorded.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Recording Completed`.
        call_uuid: ID of the incoming call.
        recording_url: URL of the recording.
        recording_uuid: ID of the recording.
        recording_duration: length of the recording; sent in milliseconds.
        recording_start_time: start of the recording, in UTC; sent as a Unix time.
        recording_end_time: end of the recording, in UTC; sent as a Unix time.
    """

    component: ClassVar[Component | None] = Component.RECORD_AUDIO
    state: RecordAudioState | str | None = state_field(one_of(RecordAudioState))
    call_uuid: str | None = variable("call_uuid", TEXT)
    recording_url: str | None = variable("recording_url", TEXT)
    recording_uuid: str | None = variable("recording_uuid", TEXT)
    recording_duration: timedelta | None = variable("recording_duration", MILLISECONDS)
    recording_start_time: datetime | None = variable("recording_start_time", INSTANT)
    recording_end_time: datetime | None = variable("recording_end_time", INSTANT)
