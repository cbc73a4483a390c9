"""The words Plivo uses in its webhooks: components, their states, directions, statuses.

https://docs.plivo.com/docs/phlo/components-library

An event's field holds one of these when its value is known, and Plivo's own text when it is not.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "BranchState",
    "CallForwardState",
    "CallStatus",
    "Component",
    "ConferenceAction",
    "ConferenceBridgeState",
    "CounterState",
    "DialStatus",
    "Direction",
    "GetInputState",
    "HangupState",
    "HttpRequestState",
    "InitiateCallState",
    "InputType",
    "IvrMenuState",
    "Leg",
    "MessageStatus",
    "MessageType",
    "MultiPartyCallState",
    "PlayAudioState",
    "RecordAudioState",
    "RequestType",
    "SendSmsState",
    "StartState",
]


class Component(StrEnum):
    """A kind of node in a PHLO."""

    START = "start"
    SEND_SMS = "send_sms"
    IVR_MENU = "ivr_menu"
    GET_INPUT = "get_input"
    INITIATE_CALL = "initiate_call"
    CALL_FORWARD = "call_forward"
    HANGUP = "hangup"
    PLAY_AUDIO = "play_audio"
    RECORD_AUDIO = "record_audio"
    MULTI_PARTY_CALL = "multi_party_call"
    CONFERENCE_BRIDGE = "conference_bridge"
    HTTP_REQUEST = "http_request"
    COUNTER = "counter"
    BRANCH = "branch"


# Values of variables


class RequestType(StrEnum):
    """What started the PHLO."""

    CALL = "call"
    SMS = "sms"
    HTTP = "http"


class Direction(StrEnum):
    """Which way a call or message went, seen from Plivo."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Leg(StrEnum):
    """Which side of a bridged call: A is the call that was there first, B the one it was given."""

    A = "ALeg"
    B = "BLeg"


class CallStatus(StrEnum):
    """How a call stands; PHLO documents `in-progress`, the others are Plivo's Voice words."""

    IN_PROGRESS = "in-progress"
    RINGING = "ringing"
    COMPLETED = "completed"
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    CANCEL = "cancel"
    TIMEOUT = "timeout"


class DialStatus(StrEnum):
    """How dialling a forwarded call ended."""

    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"


class MessageStatus(StrEnum):
    """How a message stands; `received` is the one of incoming messages."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"


class MessageType(StrEnum):
    """Text only, or with media."""

    SMS = "sms"
    MMS = "mms"


class InputType(StrEnum):
    """How a caller answered a prompt."""

    DIGITS = "digits"


class ConferenceAction(StrEnum):
    """What happened in a conference last."""

    ENTER = "ConferenceEnter"
    EXIT = "ConferenceExit"
    REDIRECT = "Redirect"


# States of components


class StartState(StrEnum):
    """What a PHLO began with."""

    INCOMING_MESSAGE = "Incoming Message"
    INCOMING_CALL = "Incoming Call"
    API_REQUEST = "API Request"


class SendSmsState(StrEnum):
    """How Send SMS ended."""

    SENT = "Sent"
    FAILED = "Failed"


class IvrMenuState(StrEnum):
    """What the caller chose: one state for each allowed key, or none, or a wrong one."""

    KEY_0 = "0"
    KEY_1 = "1"
    KEY_2 = "2"
    KEY_3 = "3"
    KEY_4 = "4"
    KEY_5 = "5"
    KEY_6 = "6"
    KEY_7 = "7"
    KEY_8 = "8"
    KEY_9 = "9"
    HASH = "#"
    STAR = "*"
    NO_INPUT = "No Input"
    WRONG_INPUT = "Wrong Input"


class GetInputState(StrEnum):
    """Whether the caller entered anything."""

    SUCCESSFUL_INPUT = "Successful Input"
    NO_INPUT = "No Input"


class InitiateCallState(StrEnum):
    """How a dialled call was met."""

    ANSWERED = "Answered"
    NO_ANSWER = "No Answer"
    BUSY_OR_REJECTED = "Busy/Rejected"
    FAILED = "Failed"
    VOICEMAIL = "Voicemail"


class CallForwardState(StrEnum):
    """How a forwarded call ended."""

    COMPLETED = "Completed"
    NO_ANSWER = "No Answer"
    BUSY_OR_REJECTED = "Busy/Rejected"
    FAILED = "Failed"


class HangupState(StrEnum):
    """The call is over."""

    HANGUP_COMPLETE = "Hangup Complete"


class PlayAudioState(StrEnum):
    """The messages were played."""

    PROMPT_COMPLETED = "Prompt Completed"


class RecordAudioState(StrEnum):
    """The message was recorded."""

    RECORDING_COMPLETED = "Recording Completed"


class MultiPartyCallState(StrEnum):
    """Nobody is left on the call, or it broke."""

    COMPLETED = "Completed"
    FAILED = "Failed"


class ConferenceBridgeState(StrEnum):
    """Nobody is left on the bridge, or it broke."""

    COMPLETED = "Completed"
    FAILED = "Failed"


class HttpRequestState(StrEnum):
    """Whether the API answered with a code of 200 to 299."""

    SUCCESS = "Success"
    FAILED = "Failed"


class CounterState(StrEnum):
    """Whether the node was passed as often as its Max Count."""

    COUNT_REACHED = "Count Reached"
    COUNT_NOT_REACHED = "Count Not Reached"


class BranchState(StrEnum):
    """No condition was met; a condition that was is named by its alias, which stays a `str`."""

    NO_MATCH = "No Match"
