"""Enums of the values that Plivo sends: components, their states, directions, statuses.

https://docs.plivo.com/docs/phlo/components-library

An event's field holds a member of the enum when the value is known, and Plivo's text otherwise.
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
    """A component of a PHLO."""

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
    """The direction of a call or message, from Plivo's side."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Leg(StrEnum):
    """The leg of a bridged call: A is the first call, B the call it is bridged to."""

    A = "ALeg"
    B = "BLeg"


class CallStatus(StrEnum):
    """The status of a call; PHLO documents `in-progress`, Plivo's Voice API the other values."""

    IN_PROGRESS = "in-progress"
    RINGING = "ringing"
    COMPLETED = "completed"
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    CANCEL = "cancel"
    TIMEOUT = "timeout"


class DialStatus(StrEnum):
    """The result of dialling a forwarded call."""

    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"


class MessageStatus(StrEnum):
    """The status of a message; an incoming message has `received`."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"


class MessageType(StrEnum):
    """The type of a message."""

    SMS = "sms"
    MMS = "mms"


class InputType(StrEnum):
    """How a caller answers a prompt."""

    DIGITS = "digits"


class ConferenceAction(StrEnum):
    """The last action in a conference."""

    ENTER = "ConferenceEnter"
    EXIT = "ConferenceExit"
    REDIRECT = "Redirect"


# States of components


class StartState(StrEnum):
    """What started the PHLO, as the state of Start."""

    INCOMING_MESSAGE = "Incoming Message"
    INCOMING_CALL = "Incoming Call"
    API_REQUEST = "API Request"


class SendSmsState(StrEnum):
    """The state of Send SMS."""

    SENT = "Sent"
    FAILED = "Failed"


class IvrMenuState(StrEnum):
    """The state of IVR Menu: the pressed key, no input, or a key that is not allowed."""

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
    """The state of Get Input."""

    SUCCESSFUL_INPUT = "Successful Input"
    NO_INPUT = "No Input"


class InitiateCallState(StrEnum):
    """The state of Initiate Call."""

    ANSWERED = "Answered"
    NO_ANSWER = "No Answer"
    BUSY_OR_REJECTED = "Busy/Rejected"
    FAILED = "Failed"
    VOICEMAIL = "Voicemail"


class CallForwardState(StrEnum):
    """The state of Call Forward."""

    COMPLETED = "Completed"
    NO_ANSWER = "No Answer"
    BUSY_OR_REJECTED = "Busy/Rejected"
    FAILED = "Failed"


class HangupState(StrEnum):
    """The state of Hangup."""

    HANGUP_COMPLETE = "Hangup Complete"


class PlayAudioState(StrEnum):
    """The state of Play Audio."""

    PROMPT_COMPLETED = "Prompt Completed"


class RecordAudioState(StrEnum):
    """The state of Record Audio."""

    RECORDING_COMPLETED = "Recording Completed"


class MultiPartyCallState(StrEnum):
    """The state of a Multiparty Call: every member left, or the call failed."""

    COMPLETED = "Completed"
    FAILED = "Failed"


class ConferenceBridgeState(StrEnum):
    """The state of a Conference Bridge: every member left, or the conference failed."""

    COMPLETED = "Completed"
    FAILED = "Failed"


class HttpRequestState(StrEnum):
    """The state of HTTP Request: whether the response status is in the range 200 to 299."""

    SUCCESS = "Success"
    FAILED = "Failed"


class CounterState(StrEnum):
    """The state of Counter: whether its Max Count is reached."""

    COUNT_REACHED = "Count Reached"
    COUNT_NOT_REACHED = "Count Not Reached"


class BranchState(StrEnum):
    """The state of Branch when no condition matches; the alias of a match stays a `str`."""

    NO_MATCH = "No Match"
