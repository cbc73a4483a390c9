"""The nodes of each component, with their states and variables as typed attributes.

https://docs.plivo.com/docs/phlo/components-library
"""

from __future__ import annotations

from collections.abc import Iterable

from ..components import START
from .graph import BuilderGraph, BuilderNode, FlowState, StatesAndVariables
from .variables import (
    AddressVariable,
    CallVariables,
    JsonVariable,
    MessageVariables,
    ParamsVariables,
    PayloadVariable,
    RequestVariables,
    Variable,
)

__all__ = [
    "BranchNode",
    "CallForwardNode",
    "ConferenceBridgeNode",
    "CounterNode",
    "GetInputNode",
    "HangupNode",
    "HttpRequestNode",
    "InitiateCallNode",
    "IvrMenuNode",
    "MultiPartyCallNode",
    "PlayAudioNode",
    "RecordAudioNode",
    "SendSmsNode",
    "StartNode",
]


class StartNode(StatesAndVariables):
    """The Start node."""

    incoming_call: FlowState
    incoming_message: FlowState
    api_request: FlowState
    request_type: Variable
    call: CallVariables
    message: MessageVariables
    request: RequestVariables
    http: ParamsVariables

    def __init__(self, graph: BuilderGraph, keys: Iterable[str]) -> None:
        super().__init__(graph, START.title, START)
        names = tuple(keys)
        self.http.params = PayloadVariable("Start.http.params", names)
        self.request.params = PayloadVariable("Start.request.params", names)

    @property
    def params(self) -> PayloadVariable:
        """The payload of the API request, as `http.params`."""
        return self.http.params


class SendSmsNode(BuilderNode):
    """A Send SMS node."""

    component = "Send SMS"
    sent: FlowState
    failed: FlowState
    message_uuid: Variable
    from_: AddressVariable
    to: AddressVariable
    media_urls: Variable
    media_count: Variable
    type: Variable
    to_country: Variable
    from_country: Variable
    msg: Variable
    units: Variable
    total_rate: Variable
    total_amount: Variable
    direction: Variable
    status: Variable
    error_code: Variable


class IvrMenuNode(BuilderNode):
    """An IVR Menu node."""

    component = "IVR Menu"
    no_input: FlowState
    wrong_input: FlowState
    digits: Variable
    input_type: Variable

    def key(self, key: str | int) -> FlowState:
        """Return the state of a key; raises `ValueError` where the menu does not accept it."""
        return self._added_state("key", str(key))


class GetInputNode(BuilderNode):
    """A Get Input node."""

    component = "Get Input"
    successful_input: FlowState
    no_input: FlowState
    input: Variable
    input_type: Variable


class _DialledNode(BuilderNode):
    """A node that dials; Initiate Call and Call Forward share these states and variables."""

    no_answer: FlowState
    busy_rejected: FlowState
    failed: FlowState
    uuid: Variable
    to: Variable
    from_: Variable
    start_time: Variable
    answer_time: Variable
    end_time: Variable
    direction: Variable
    from_iso2: Variable
    from_country: Variable
    leg: Variable
    hangup_cause: Variable
    duration: Variable
    bill_duration: Variable
    bill_rate: Variable
    bill_amount: Variable
    ring_status: Variable


class InitiateCallNode(_DialledNode):
    """An Initiate Call node."""

    component = "Initiate Call"
    answered: FlowState
    voicemail: FlowState
    voicemail_detected: Variable
    call_status: Variable


class CallForwardNode(_DialledNode):
    """A Call Forward node."""

    component = "Call Forward"
    completed: FlowState
    parent_call_uuid: Variable
    dial_status: Variable


class HangupNode(BuilderNode):
    """A Hangup node."""

    component = "Hangup"
    hangup_complete: FlowState


class PlayAudioNode(BuilderNode):
    """A Play Audio node."""

    component = "Play Audio"
    prompt_completed: FlowState


class RecordAudioNode(BuilderNode):
    """A Record Audio node."""

    component = "Record Audio"
    recording_completed: FlowState
    call_uuid: Variable
    recording_url: Variable
    recording_uuid: Variable
    recording_duration: Variable
    recording_start_time: Variable
    recording_end_time: Variable


class _ConferenceNode(BuilderNode):
    """A node with a conference; Multiparty Call and Conference Bridge have the same attributes."""

    completed: FlowState
    failed: FlowState
    from_: Variable
    direction: Variable
    caller_name: Variable
    to: Variable
    event: Variable
    bill_rate: Variable
    call_status: Variable
    conference_name: Variable
    call_uuid: Variable
    conference_uuid: Variable
    member_id: Variable
    to_iso2: Variable
    from_iso2: Variable
    to_country: Variable
    from_country: Variable


class MultiPartyCallNode(_ConferenceNode):
    """A Multiparty Call node."""

    component = "Multiparty Call"


class ConferenceBridgeNode(_ConferenceNode):
    """A Conference Bridge node."""

    component = "Conference Bridge"


class HttpRequestNode(BuilderNode):
    """An HTTP Request node."""

    component = "HTTP Request"
    success: FlowState
    failed: FlowState
    content_type: Variable
    status_code: Variable
    response: JsonVariable


class CounterNode(BuilderNode):
    """A Counter node."""

    component = "Counter"
    count_reached: FlowState
    count_not_reached: FlowState


class BranchNode(BuilderNode):
    """A Branch node."""

    component = "Branch"
    no_match: FlowState

    def condition(self, name: str) -> FlowState:
        """Return the state of a condition; raises `ValueError` where the node has none such."""
        return self._added_state("condition", name)
