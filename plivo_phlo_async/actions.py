"""Actions as values: an `Action` knows its path, its body and whether a retry is safe.

It holds no client, so it can be compared, pickled, and written to JSON or to a row of a file.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from attrs import field, fields_dict, frozen

from ._json_values import JsonObject, field_types
from ._masking import mask
from .errors import InvalidArgumentError

__all__ = ["Action", "RetrySafety", "Role", "Verb", "check_text"]


class Role(StrEnum):
    """A member's side of the call; Plivo plays each side its own hold music."""

    AGENT = "agent"
    CUSTOMER = "customer"


class Verb(StrEnum):
    """What an action does; the value is Plivo's own name for it, where it has one."""

    CALL = "call"
    WARM_TRANSFER = "warm_transfer"
    COLD_TRANSFER = "cold_transfer"
    HOLD = "hold"
    UNHOLD = "unhold"
    HANGUP = "hangup"
    RESUME_CALL = "resume_call"
    ABORT_TRANSFER = "abort_transfer"
    VOICEMAIL_DROP = "voicemail_drop"
    MUTE = "mute"
    UNMUTE = "unmute"
    RUN = "run"
    GET_PHLO = "get_phlo"
    GET_NODE = "get_node"
    GET_RUN = "get_run"

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that its actions have, in the order of the constructor."""
        return _FIELDS[self]

    @property
    def required_fields(self) -> tuple[str, ...]:
        """The names of the fields that its actions must have."""
        return _REQUIRED[self]


class RetrySafety(StrEnum):
    """Whether an action is retried after an attempt that may have been carried out.

    Attributes:
        NEVER: it is not: a retry could dial twice, or act on another state of the call.
        ONCE_IF_NEWEST: it is once, within 5 seconds, unless a newer action for that member
            supersedes it. It sets a state, so that a second time changes nothing.
        UNTIL_GONE: it is, and 404 or 409 then counts as done: the member is gone.
        FREELY: it is. It only reads.
    """

    NEVER = "never"
    ONCE_IF_NEWEST = "once_if_newest"
    UNTIL_GONE = "until_gone"
    FREELY = "freely"


_DIALS = ("phlo_id", "node_id", "trigger_source", "to", "role")
_MEMBER = ("phlo_id", "node_id", "member_address")
_MULTI_PARTY_CALL, _CONFERENCE_BRIDGE = "multi_party_call", "conference_bridge"
_AT_A_BRIDGE = (Verb.MUTE, Verb.UNMUTE, Verb.HANGUP)
_FIELDS = dict.fromkeys(Verb, _MEMBER) | {
    **dict.fromkeys(_AT_A_BRIDGE, (*_MEMBER, "node_type")),
    Verb.CALL: _DIALS,
    Verb.WARM_TRANSFER: _DIALS,
    Verb.COLD_TRANSFER: _DIALS,
    Verb.RUN: ("phlo_id", "payload"),
    Verb.GET_PHLO: ("phlo_id",),
    Verb.GET_NODE: ("phlo_id", "node_type", "node_id"),
    Verb.GET_RUN: ("phlo_id", "run_id"),
}
_OPTIONAL = (
    *("node_id", "member_address", "trigger_source", "to", "role"),
    *("node_type", "run_id", "payload"),
)
_REQUIRED = {
    verb: tuple(name for name in names if name not in {"role", "payload"})
    for verb, names in _FIELDS.items()
} | dict.fromkeys(_AT_A_BRIDGE, _MEMBER)
_ADDRESSES = frozenset({"member_address", "trigger_source", "to"})
_SEGMENT = ":@+;=&,!$'()*"  # beside letters, digits and -._~
_PLAIN = re.compile(r"[A-Za-z0-9_.~:@+-]*").fullmatch  # stays as it is in a path
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Characters that draw nothing, though Unicode lists them as letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
_LONGEST = 1024  # far beyond any id or address, and what fits in every server's URL
_READS = frozenset({Verb.GET_PHLO, Verb.GET_NODE, Verb.GET_RUN})
_RETRY_SAFETY = {
    **dict.fromkeys(Verb, RetrySafety.NEVER),
    **dict.fromkeys((Verb.HOLD, Verb.UNHOLD, Verb.MUTE, Verb.UNMUTE), RetrySafety.ONCE_IF_NEWEST),
    **dict.fromkeys(_READS, RetrySafety.FREELY),
    Verb.HANGUP: RetrySafety.UNTIL_GONE,
}


def _as_verb(value: Verb | str) -> Verb:
    try:
        return Verb(value)
    except ValueError:
        raise InvalidArgumentError(f"verb: {value!r} is not one of {', '.join(Verb)}.") from None


def _as_role(value: Role | str | None) -> Role | None:
    try:
        return None if value is None else Role(value)
    except ValueError:
        raise InvalidArgumentError(f"role: {value!r} is not one of {', '.join(Role)}.") from None


def _as_payload(value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a copy of `value`, so that later changes to the original have no effect."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"payload: give a mapping, not {type(value).__name__}.")
    try:
        copy: dict[str, Any] = json.loads(_json(dict(value)))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"payload: it cannot be written as JSON: {error}.") from error
    return copy


def check_text(name: str, value: object) -> None:
    """Check that `value` can be an id or address.

    Args:
        name: the argument's name, for the message.
        value: the argument.

    Raises:
        InvalidArgumentError: it cannot; the message names the argument.
    """
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name}: give a string, not {type(value).__name__}.")
    if not value.strip():
        raise InvalidArgumentError(f"{name}: it is empty; give an id or address.")
    if len(value) > _LONGEST:
        raise InvalidArgumentError(f"{name}: it has more than {_LONGEST} characters.")
    # A client or proxy may resolve these as relative path segments, encoded or not.
    if value in {".", ".."}:
        raise InvalidArgumentError(f"{name}: {value!r} is not an id or address.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name}: {value!r} is not valid Unicode text.") from None
    if not value.isascii() or not value.isprintable():
        _check_visible(name, value)


def _check_visible(name: str, value: str) -> None:
    """Refuse invisible characters: they would end a log line, or make equal addresses differ."""
    for character in value:
        if unicodedata.category(character) in _INVISIBLE or character in _BLANK:
            raise InvalidArgumentError(
                f"{name}: it holds U+{ord(character):04X}, a character that cannot be seen;"
                " leave it out."
            )


@frozen(repr=False)
class Action(JsonObject):
    """One action: a verb and what it needs, validated when it is created.

    Create one with the constructor named after the verb, e.g.
    `Action.hold(phlo_id, node_id, "12025551111")`.

    Attributes:
        verb: what it does.
        phlo_id: the PHLO.
        node_id: the node in it.
        member_address: phone number or SIP address of the member it changes.
        trigger_source: phone number or SIP address of the agent who starts a call or transfer.
        to: phone number or SIP address to dial.
        role: the side on which the dialled member joins.
        key: your own name for this action; it identifies it in a bulk run.
        node_type: the node's type, for reading a node; for `mute`, `unmute` and `hangup`, it is
            "conference_bridge", or None for a multi-party call.
        run_id: the run, for reading it.
        payload: the JSON object for the Start node of a run.

    Raises:
        InvalidArgumentError: a field is missing, empty, of the wrong type, or does not belong to
            the verb; the message names it.
    """

    verb: Verb = field(converter=_as_verb)
    phlo_id: str
    node_id: str | None = None
    member_address: str | None = None
    trigger_source: str | None = None
    to: str | None = None
    role: Role | None = field(default=None, converter=_as_role)
    key: str | None = None
    node_type: str | None = field(default=None, kw_only=True)
    run_id: str | None = field(default=None, kw_only=True)
    payload: Mapping[str, Any] | None = field(
        default=None, kw_only=True, converter=_as_payload, hash=False
    )

    def __attrs_post_init__(self) -> None:
        takes = self.verb.fields
        if self.role is None and "role" in takes:
            object.__setattr__(self, "role", Role.AGENT)
        if "node_id" in takes and self.verb is not Verb.GET_NODE:
            self._check_node_type()
        for name in self.verb.required_fields:
            check_text(name, getattr(self, name))
        if self.key is not None:
            check_text("key", self.key)
        for name in _OPTIONAL:
            if name not in takes and getattr(self, name) is not None:
                raise InvalidArgumentError(f"{name}: {self.verb} does not take it; leave it out.")

    def _check_node_type(self) -> None:
        """Check that a node of this type takes the verb; the default type becomes None.

        The default has one form, so that equal actions have equal digests in a journal.
        """
        if self.node_type == _MULTI_PARTY_CALL:
            object.__setattr__(self, "node_type", None)
        elif self.node_type not in (None, _CONFERENCE_BRIDGE):
            known = f"{_MULTI_PARTY_CALL}, {_CONFERENCE_BRIDGE}"
            raise InvalidArgumentError(f"node_type: {self.node_type!r} is not one of {known}.")
        elif self.node_type is not None and self.verb not in _AT_A_BRIDGE:
            takes = f"a {_CONFERENCE_BRIDGE} takes only {', '.join(_AT_A_BRIDGE)}"
            raise InvalidArgumentError(f"node_type: {takes}, not {self.verb}.")

    def __repr__(self) -> str:
        """Show the fields that are set, with numbers masked; tracebacks show this."""
        shown = [
            f"{name}={mask(value) if name in _ADDRESSES else value!r}"
            for name, value in self.to_dict().items()
            if name != "payload"
        ]
        payload = [] if self.payload is None else ["payload=…"]
        return f"Action({', '.join([*shown, *payload])})"

    @property
    def addresses(self) -> tuple[str | None, ...]:
        """The texts that hold its phone numbers and SIP addresses; None for each it lacks."""
        payload = None if self.payload is None else _json(self.payload).decode()
        return (self.member_address, self.trigger_source, self.to, payload)

    def __str__(self) -> str:
        """Return the action in a few words, without a full phone number, for messages and logs."""
        address = self.member_address or self.to
        return f"{self.verb} {mask(address) if address else self.node_id or self.phlo_id}"

    @property
    def retry_safety(self) -> RetrySafety:
        """Whether it is retried after an attempt that may have been carried out."""
        return _RETRY_SAFETY[self.verb]

    @property
    def method(self) -> str:
        """The HTTP method of its request."""
        return "GET" if self.verb in _READS else "POST"

    def path(self, auth_id: str) -> str:
        """Return the path of its request below the base URL, percent-encoded.

        Characters that a path segment may hold stay, so that a valid address gives the same bytes
        as the official SDKs. All others are encoded, so that no value leaves its segment.

        Args:
            auth_id: the account, which is part of the path of a run.
        """
        segments: tuple[str | None, ...] = ("phlo", self.phlo_id)
        if self.verb is Verb.RUN:
            segments = ("account", auth_id, *segments)
        elif self.verb is Verb.GET_RUN:
            segments = (*segments, "runs", self.run_id)
        elif self.verb is not Verb.GET_PHLO:
            segments = (*segments, self.node_type or _MULTI_PARTY_CALL, self.node_id)
        if self.member_address is not None:
            segments = (*segments, "members", self.member_address)
        return "".join(
            f"/{segment}" if _PLAIN(str(segment)) else f"/{quote(str(segment), safe=_SEGMENT)}"
            for segment in segments
        )

    def body(self) -> bytes | None:
        """Return the JSON body of its request, or None if it has none."""
        if self.verb in _READS:
            return None
        if self.verb is Verb.RUN:
            return None if self.payload is None else _json(self.payload)
        if self.member_address is not None:
            return _MEMBER_BODIES[self.verb]
        return _json(
            {
                "action": self.verb,
                "trigger_source": self.trigger_source,
                "to": self.to,
                "role": self.role,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are set, as plain JSON values."""
        values = {name: getattr(self, name) for name in fields_dict(Action)}
        return {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in values.items()
            if value is not None
        }

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        always = {"verb", "phlo_id"}
        types = field_types(cls).items()
        return {name if name in always else f"{name}?": kind for name, kind in types}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Action:
        """Return the action that `to_dict` wrote.

        Args:
            values: its fields by name.

        Raises:
            InvalidArgumentError: a field is unknown, missing or wrong; the message names it.
        """
        unknown = [str(name) for name in values if name not in fields_dict(cls)]
        if unknown:
            raise InvalidArgumentError(f"{', '.join(unknown)}: no such field of an action.")
        for name in ("verb", "phlo_id"):
            if values.get(name) is None:
                raise InvalidArgumentError(f"{name}: it is missing.")
        return cls(**values)

    # The constructors, in the order of a call.

    @classmethod
    def call(
        cls, phlo_id: str, node_id: str, trigger_source: str, to: str,
        role: Role | str = Role.AGENT, *, key: str | None = None,
    ) -> Action:  # fmt: skip
        """Dial `to` into the call of `trigger_source`; it joins as `role`."""
        return cls(Verb.CALL, phlo_id, node_id, None, trigger_source, to, role, key)

    @classmethod
    def warm_transfer(
        cls, phlo_id: str, node_id: str, trigger_source: str, to: str,
        role: Role | str = Role.AGENT, *, key: str | None = None,
    ) -> Action:  # fmt: skip
        """Dial `to` for a consultation with `trigger_source` before the customer is transferred."""
        return cls(Verb.WARM_TRANSFER, phlo_id, node_id, None, trigger_source, to, role, key)

    @classmethod
    def cold_transfer(
        cls, phlo_id: str, node_id: str, trigger_source: str, to: str,
        role: Role | str = Role.AGENT, *, key: str | None = None,
    ) -> Action:  # fmt: skip
        """Dial `to` to replace `trigger_source`, who leaves once it answers."""
        return cls(Verb.COLD_TRANSFER, phlo_id, node_id, None, trigger_source, to, role, key)

    @classmethod
    def hold(
        cls, phlo_id: str, node_id: str, member_address: str, *, key: str | None = None
    ) -> Action:
        """Put a member on hold."""
        return cls(Verb.HOLD, phlo_id, node_id, member_address, key=key)

    @classmethod
    def unhold(
        cls, phlo_id: str, node_id: str, member_address: str, *, key: str | None = None
    ) -> Action:
        """Take a member off hold."""
        return cls(Verb.UNHOLD, phlo_id, node_id, member_address, key=key)

    @classmethod
    def mute(
        cls, phlo_id: str, node_id: str, member_address: str,
        *, node_type: str | None = None, key: str | None = None,
    ) -> Action:  # fmt: skip
        """Mute a member (seen in two official SDKs; no current page of Plivo's has it).

        For a member of a conference bridge, pass `node_type="conference_bridge"`.
        """
        return cls(Verb.MUTE, phlo_id, node_id, member_address, key=key, node_type=node_type)

    @classmethod
    def unmute(
        cls, phlo_id: str, node_id: str, member_address: str,
        *, node_type: str | None = None, key: str | None = None,
    ) -> Action:  # fmt: skip
        """Unmute a member; `node_type` and what supports it are as for `mute`."""
        return cls(Verb.UNMUTE, phlo_id, node_id, member_address, key=key, node_type=node_type)

    @classmethod
    def resume_call(
        cls, phlo_id: str, node_id: str, member_address: str, *, key: str | None = None
    ) -> Action:
        """End the consultation of a warm transfer: everyone is in the call."""
        return cls(Verb.RESUME_CALL, phlo_id, node_id, member_address, key=key)

    @classmethod
    def abort_transfer(
        cls, phlo_id: str, node_id: str, member_address: str, *, key: str | None = None
    ) -> Action:
        """Abort a transfer; `member_address` is the agent who started it."""
        return cls(Verb.ABORT_TRANSFER, phlo_id, node_id, member_address, key=key)

    @classmethod
    def voicemail_drop(
        cls, phlo_id: str, node_id: str, member_address: str, *, key: str | None = None
    ) -> Action:
        """Play the node's message to a member whose voicemail answered."""
        return cls(Verb.VOICEMAIL_DROP, phlo_id, node_id, member_address, key=key)

    @classmethod
    def hangup(
        cls, phlo_id: str, node_id: str, member_address: str,
        *, node_type: str | None = None, key: str | None = None,
    ) -> Action:  # fmt: skip
        """Disconnect a member; `node_type` is as for `mute`."""
        return cls(Verb.HANGUP, phlo_id, node_id, member_address, key=key, node_type=node_type)

    @classmethod
    def run(
        cls, phlo_id: str, payload: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Action:
        """Start a PHLO; `payload` holds the keys declared in its Start node."""
        return cls(Verb.RUN, phlo_id, payload=payload, key=key)

    @classmethod
    def get_phlo(cls, phlo_id: str, *, key: str | None = None) -> Action:
        """Read a PHLO."""
        return cls(Verb.GET_PHLO, phlo_id, key=key)

    @classmethod
    def get_node(
        cls, phlo_id: str, node_type: str, node_id: str, *, key: str | None = None
    ) -> Action:
        """Read a node."""
        return cls(Verb.GET_NODE, phlo_id, node_id, node_type=node_type, key=key)

    @classmethod
    def get_run(cls, phlo_id: str, run_id: str, *, key: str | None = None) -> Action:
        """Read what a run produced."""
        return cls(Verb.GET_RUN, phlo_id, run_id=run_id, key=key)


_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _json(value: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode(value).encode()


_MEMBER_BODIES = {verb: _json({"action": verb}) for verb in Verb}
