"""The parameters of an action, validated with Plivo's error texts.

The four texts are those of Plivo's error specification; the maximum length of an address, and that
a blank one is invalid, are assumed.
"""

from collections.abc import Collection, Mapping

import attrs

from ..calls.members import MemberRole
from ..errors import InvalidParameter

ADDRESS_LIMIT = 255
"""The maximum length of an address, in characters (assumed)."""

Parameters = Mapping[str, object]
"""The parameters of a request, from its query and its JSON."""


@attrs.frozen
class DialParameters:
    """The parameters of `call` and of the two transfers."""

    trigger_source: str
    to: str
    role: MemberRole


def read_action(parameters: Parameters, allowed: Collection[str]) -> str:
    """Return the `action`, which must be one of `allowed`; raises `InvalidParameter`."""
    action = _text(parameters, "action")
    if action not in allowed:
        reason = f"{action!r} is no action here; there are: {', '.join(allowed)}."
        raise InvalidParameter("Invalid value provided for action.", reason=reason)
    return action


def read_dial_parameters(parameters: Parameters) -> DialParameters:
    """Return who is to be rung by whom; raises `InvalidParameter`.

    Plivo calls `role` both required and "agent" by default: the emulator takes the default, also
    for an empty one, which Plivo's Go client sends for a role that is not set.
    """
    trigger_source = _address(parameters, "trigger_source")
    return DialParameters(trigger_source, _address(parameters, "to"), _role(parameters))


def _role(parameters: Parameters) -> MemberRole:
    if parameters.get("role") in (None, ""):
        return MemberRole.AGENT
    text = _text(parameters, "role")
    if text not in tuple(MemberRole):
        raise InvalidParameter("Invalid value provided for role.")
    return MemberRole(text)


def _address(parameters: Parameters, name: str) -> str:
    text = _text(parameters, name)
    if len(text) > ADDRESS_LIMIT:
        longest = f"The {name} can be maximum {ADDRESS_LIMIT} characters long."
        raise InvalidParameter(f"Invalid value provided for {name}. {longest}")
    if not text.strip().removeprefix("+") or not is_unicode(text):
        raise InvalidParameter(f"Invalid value provided for {name}.")
    return text


def _text(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise InvalidParameter(f"{name} is a mandatory param.")
    if not isinstance(value, str):
        expected = f"{name} expects a/an string."
        raise InvalidParameter(f"Invalid value provided for {name}. {expected}")
    return value


def is_unicode(text: str) -> bool:
    """Whether a text has no lone surrogate, which JSON can have and no encoding."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
