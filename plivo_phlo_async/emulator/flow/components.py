"""The component table: the options, states and variables of each of the 14 components.

The file reader, the JSON Schema, the Python builder, the engine and the documentation read it.
https://docs.plivo.com/docs/phlo/components-library
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType

import attrs

__all__ = [
    "COMPONENTS",
    "IVR_KEYS",
    "OPERATIONS",
    "START",
    "TRIGGERS",
    "ComponentSpec",
    "Evidence",
    "OptionKind",
    "OptionSpec",
    "VariableSpec",
    "find_component",
    "slug_of",
]


class Evidence(StrEnum):
    """How a fact about Plivo is known."""

    DOCUMENTED = "documented"
    SEEN = "seen"
    ASSUMED = "assumed"


class OptionKind(StrEnum):
    """The form of an option's value.

    Every value is text and may be a Liquid template, except for the choices, the keys and the
    names in mappings.
    """

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    RECORD = "record"
    LIST = "list"
    PROMPT = "prompt"
    KEYS = "keys"
    KEY = "key"
    CHOICE = "choice"
    PAIRS = "pairs"
    BODY = "body"
    AUTH = "auth"
    NAMES = "names"
    CONFIRM = "confirm"
    CONDITIONS = "conditions"


@attrs.frozen
class OptionSpec:
    """An option of a component.

    Attributes:
        name: its name in a file.
        kind: the form of its value.
        help: what it does.
        required: whether a node must have it.
        default: its value where a node has none, "" for none.
        choices: its values, for a choice.
        evidence: how it is known.
    """

    name: str
    kind: OptionKind
    help: str
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    evidence: Evidence = Evidence.DOCUMENTED


@attrs.frozen
class VariableSpec:
    """A variable of a component.

    Attributes:
        name: its name below the node's: `digits`, `call.from`.
        evidence: how it is known.
    """

    name: str
    evidence: Evidence = Evidence.DOCUMENTED


@attrs.frozen
class ComponentSpec:
    """A component of a PHLO.

    Attributes:
        title: its name, as Plivo's console has it.
        slug: its name in Python and in webhooks.
        states: its states, besides those that its options add.
        state_option: the option whose keys are states as well, "" for none.
        options: its options by name.
        variables: its variables by name.
        events: what its callback can receive besides its states.
        aliases: other slugs that a file may use.
        needs_call: whether it ends the token where there is no call.
        waits: whether every path through it waits for something outside the PHLO.
    """

    title: str
    slug: str
    states: tuple[str, ...]
    options: MappingProxyType[str, OptionSpec]
    variables: MappingProxyType[str, VariableSpec]
    state_option: str = ""
    events: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    needs_call: bool = False
    waits: bool = True


def slug_of(name: str) -> str:
    """Return the slug of a state or title: `Busy/Rejected` gives `busy_rejected`."""
    return re.sub(r"[^0-9a-z*#]+", "_", name.lower()).strip("_")


def _options(*options: OptionSpec) -> MappingProxyType[str, OptionSpec]:
    return MappingProxyType({option.name: option for option in options})


def _variables(documented: str, seen: str = "") -> MappingProxyType[str, VariableSpec]:
    found = {name: VariableSpec(name) for name in documented.split()}
    found |= {name: VariableSpec(name, Evidence.SEEN) for name in seen.split()}
    return MappingProxyType(found)


IVR_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#")
"""The keys of a phone, in their order on it."""

TRIGGERS = ("Incoming Call", "Incoming Message", "API Request")
"""What starts a PHLO: the states of Start."""

START = ComponentSpec(
    "Start",
    "start",
    TRIGGERS,
    MappingProxyType({}),
    _variables(
        "request_type call.uuid call.to call.from call.start_time call.answer_time call.end_time"
        " call.direction call.to_iso2 call.from_iso2 call.to_country call.from_country call.leg"
        " call.hangup_cause call.duration call.bill_duration call.bill_rate call.bill_amount"
        " message.message_uuid message.time message.direction message.status message.to"
        " message.from message.to_iso2 message.from_iso2 message.to_country message.from_country"
        " message.msg message.text message.units message.total_rate message.total_amount"
        " request.uuid request.params http.params"
    ),
    waits=False,
)
"""The Start node, which every PHLO has; a file has it as `start`, not among its nodes."""

_FROM_CALL = OptionSpec("from", OptionKind.TEXT, "The caller ID.", required=True)
_TO_CALL = OptionSpec(
    "to",
    OptionKind.LIST,
    "The numbers and SIP endpoints to dial; `;ext=12` after a number dials an extension (no effect"
    " in the emulator).",
    required=True,
)
_RECORD = OptionSpec("record", OptionKind.RECORD, "Whether to record the call.")
_PROMPT = OptionSpec("prompt", OptionKind.PROMPT, "What to play first.")
_TIMEOUT = OptionSpec("timeout", OptionKind.NUMBER, "Seconds to wait for a key.", default="5")

_SEND_SMS = ComponentSpec(
    "Send SMS",
    "send_sms",
    ("Sent", "Failed"),
    _options(
        OptionSpec("from", OptionKind.TEXT, "The number or sender ID.", required=True),
        OptionSpec("to", OptionKind.LIST, "The recipients, one message each.", required=True),
        OptionSpec("message", OptionKind.TEXT, "The text."),
        OptionSpec("media", OptionKind.LIST, "URLs of media; they make it an MMS."),
        OptionSpec(
            "log",
            OptionKind.FLAG,
            "Whether Plivo logs the text (no effect in the emulator).",
            default="true",
        ),
    ),
    _variables(
        "message_uuid from to media_urls media_count type to.iso2 from.iso2 to_country from_country"
        " msg units total_rate total_amount direction status error_code"
    ),
    events=("queued", "sent", "delivered", "undelivered", "failed", "rejected"),
    aliases=("send_message",),
)

_IVR_MENU = ComponentSpec(
    "IVR Menu",
    "ivr_menu",
    ("No Input", "Wrong Input"),
    _options(
        _PROMPT,
        OptionSpec("inputs", OptionKind.KEYS, "The keys that it accepts.", required=True),
        _TIMEOUT,
        OptionSpec(
            "interrupt", OptionKind.FLAG, "Whether a key interrupts the prompt.", default="true"
        ),
    ),
    _variables("digits input_type"),
    state_option="inputs",
    needs_call=True,
)

_GET_INPUT = ComponentSpec(
    "Get Input",
    "get_input",
    ("Successful Input", "No Input"),
    _options(
        _PROMPT,
        OptionSpec("max_digits", OptionKind.NUMBER, "The maximum number of digits.", default="99"),
        attrs.evolve(_TIMEOUT, help="Seconds to wait for the first and for each further key."),
    ),
    _variables("input input_type"),
    needs_call=True,
)

_INITIATE_CALL = ComponentSpec(
    "Initiate Call",
    "initiate_call",
    ("Answered", "No Answer", "Busy/Rejected", "Failed", "Voicemail"),
    _options(
        _FROM_CALL,
        _TO_CALL,
        OptionSpec("ring_timeout", OptionKind.NUMBER, "Seconds to ring.", default="120"),
        _RECORD,
        OptionSpec(
            "voicemail_detection",
            OptionKind.FLAG,
            "Whether a machine that answers leads to Voicemail.",
            default="false",
            evidence=Evidence.SEEN,
        ),
        OptionSpec(
            "headers",
            OptionKind.PAIRS,
            "SIP headers, sent with the prefix X-PH- (no effect in the emulator).",
        ),
    ),
    _variables(
        "uuid to from start_time answer_time end_time direction from_iso2 from_country leg"
        " hangup_cause duration bill_duration bill_rate bill_amount ring_status voicemail_detected"
        " call_status"
    ),
    events=("hangup",),
)

_CALL_FORWARD = ComponentSpec(
    "Call Forward",
    "call_forward",
    ("Completed", "No Answer", "Busy/Rejected", "Failed"),
    _options(
        _FROM_CALL,
        _TO_CALL,
        OptionSpec("ring_timeout", OptionKind.NUMBER, "Seconds that each rings.", default="30"),
        OptionSpec(
            "order",
            OptionKind.CHOICE,
            "Whether to dial one after the other or all at once.",
            default="sequence",
            choices=("sequence", "parallel"),
        ),
        OptionSpec("confirm", OptionKind.CONFIRM, "A prompt, and the key that accepts the call."),
        _RECORD,
    ),
    _variables(
        "uuid to from start_time answer_time end_time direction from_iso2 from_country leg"
        " hangup_cause duration bill_duration bill_rate bill_amount ring_status parent_call_uuid"
        " dial_status"
    ),
)

_HANGUP = ComponentSpec(
    "Hangup",
    "hangup",
    ("Hangup Complete",),
    _options(
        OptionSpec(
            "reason",
            OptionKind.CHOICE,
            "What the caller hears if no other component has used the call yet.",
            choices=("Rejected", "Busy"),
        )
    ),
    _variables(""),
    waits=False,
)

_PLAY_AUDIO = ComponentSpec(
    "Play Audio",
    "play_audio",
    ("Prompt Completed",),
    _options(attrs.evolve(_PROMPT, help="What to play.", required=True)),
    _variables(""),
    aliases=("prompt",),
    needs_call=True,
)

_RECORD_AUDIO = ComponentSpec(
    "Record Audio",
    "record_audio",
    ("Recording Completed",),
    _options(
        _PROMPT,
        OptionSpec(
            "beep",
            OptionKind.FLAG,
            "Whether to beep before it (no effect in the emulator).",
            default="true",
        ),
        OptionSpec(
            "silence",
            OptionKind.NUMBER,
            "Seconds of silence that end it.",
            default="15",
            evidence=Evidence.ASSUMED,
        ),
        OptionSpec(
            "max",
            OptionKind.NUMBER,
            "The maximum length in seconds.",
            default="60",
            evidence=Evidence.ASSUMED,
        ),
        OptionSpec(
            "finish_on",
            OptionKind.KEY,
            "The key that ends it.",
            default="#",
            evidence=Evidence.ASSUMED,
        ),
    ),
    _variables(
        "call_uuid recording_url recording_uuid recording_duration recording_start_time"
        " recording_end_time"
    ),
    needs_call=True,
)

_CONFERENCE_VARIABLES = (
    "from direction caller_name to event bill_rate call_status conference_name call_uuid"
    " conference_uuid member_id to_iso2 from_iso2 to_country from_country"
)
_JOIN_PROMPT = OptionSpec("prompt", OptionKind.PROMPT, "What the caller hears on joining.")
_BEEP = OptionSpec(
    "beep",
    OptionKind.FLAG,
    "Whether a beep announces a new member (no effect in the emulator).",
)
_MUTE = OptionSpec("mute", OptionKind.FLAG, "Whether the caller joins muted.", default="false")
_CONFERENCE_EVENTS = ("ConferenceEnter", "ConferenceExit", "Redirect")

_MULTI_PARTY_CALL = ComponentSpec(
    "Multiparty Call",
    "multi_party_call",
    ("Completed", "Failed"),
    _options(
        OptionSpec("from", OptionKind.TEXT, "The caller ID for those it dials."),
        OptionSpec("to", OptionKind.LIST, "The numbers that it dials into the call."),
        OptionSpec(
            "conference",
            OptionKind.TEXT,
            "The name of the conference; without one, each run has a call of its own.",
        ),
        OptionSpec(
            "role",
            OptionKind.CHOICE,
            "The role of the caller; those it dials have the other one.",
            default="customer",
            choices=("customer", "agent"),
        ),
        _JOIN_PROMPT,
        OptionSpec(
            "hold_music",
            OptionKind.TEXT,
            "The URL of music for members on hold (no effect in the emulator).",
        ),
        _BEEP,
        _MUTE,
        _RECORD,
    ),
    _variables(_CONFERENCE_VARIABLES),
    events=_CONFERENCE_EVENTS,
    aliases=("multiparty_call", "multi-party_call"),
)

_CONFERENCE_BRIDGE = ComponentSpec(
    "Conference Bridge",
    "conference_bridge",
    ("Completed", "Failed"),
    _options(
        OptionSpec("conference", OptionKind.TEXT, "The name of the conference.", required=True),
        attrs.evolve(_JOIN_PROMPT, name="announcement"),
        OptionSpec(
            "wait_music",
            OptionKind.TEXT,
            "The URL of music until the moderator joins (no effect in the emulator).",
        ),
        _BEEP,
        _MUTE,
        _RECORD,
    ),
    _variables(_CONFERENCE_VARIABLES),
    events=_CONFERENCE_EVENTS,
)

_HTTP_REQUEST = ComponentSpec(
    "HTTP Request",
    "http_request",
    ("Success", "Failed"),
    _options(
        OptionSpec(
            "method",
            OptionKind.CHOICE,
            "The HTTP method.",
            required=True,
            choices=("GET", "POST", "PUT", "DELETE"),
        ),
        OptionSpec("url", OptionKind.TEXT, "The http or https URL.", required=True),
        OptionSpec("headers", OptionKind.PAIRS, "Headers."),
        OptionSpec("params", OptionKind.PAIRS, "Parameters for the query."),
        OptionSpec(
            "body",
            OptionKind.BODY,
            "`json` (whose values are texts), `form` or `multipart`; not for GET.",
        ),
        OptionSpec("auth", OptionKind.AUTH, "`basic: [user, password]` or `bearer: token`."),
        OptionSpec(
            "expect",
            OptionKind.NAMES,
            "Keys that the JSON response must have; else the state is Failed.",
        ),
    ),
    _variables("content_type status_code response"),
)

_COUNTER = ComponentSpec(
    "Counter",
    "counter",
    ("Count Reached", "Count Not Reached"),
    _options(
        OptionSpec(
            "max",
            OptionKind.NUMBER,
            "The visit of a run at which the count is reached.",
            required=True,
        )
    ),
    _variables(""),
    waits=False,
)

_BRANCH = ComponentSpec(
    "Branch",
    "branch",
    ("No Match",),
    _options(
        OptionSpec("variable", OptionKind.TEXT, "The text to compare.", required=True),
        OptionSpec(
            "conditions",
            OptionKind.CONDITIONS,
            "States, each with a comparison: `gold: {equals: gold}`. The first match wins.",
        ),
    ),
    _variables(""),
    state_option="conditions",
    waits=False,
)

COMPONENTS: MappingProxyType[str, ComponentSpec] = MappingProxyType(
    {
        spec.title: spec
        for spec in (
            _SEND_SMS,
            _IVR_MENU,
            _GET_INPUT,
            _INITIATE_CALL,
            _CALL_FORWARD,
            _HANGUP,
            _PLAY_AUDIO,
            _RECORD_AUDIO,
            _MULTI_PARTY_CALL,
            _CONFERENCE_BRIDGE,
            _HTTP_REQUEST,
            _COUNTER,
            _BRANCH,
        )
    }
)
"""The components that nodes have, by title."""

OPERATIONS = MappingProxyType(
    {
        "equals": Evidence.DOCUMENTED,
        "not_equals": Evidence.ASSUMED,
        "contains": Evidence.ASSUMED,
        "starts_with": Evidence.ASSUMED,
        "ends_with": Evidence.ASSUMED,
        "greater_than": Evidence.ASSUMED,
        "less_than": Evidence.ASSUMED,
        "is_empty": Evidence.ASSUMED,
    }
)
"""The comparisons of a Branch."""


def _by_slug(specs: Iterable[ComponentSpec]) -> dict[str, ComponentSpec]:
    slugs = {slug_of(spec.title): spec for spec in specs}
    for spec in specs:
        slugs |= dict.fromkeys((spec.slug, *spec.aliases), spec)
    return slugs


_BY_SLUG = _by_slug(COMPONENTS.values())


def find_component(name: str) -> ComponentSpec | None:
    """Return the component with a title or a slug, None for none."""
    return COMPONENTS.get(name) or _BY_SLUG.get(name)
