"""Reading an action's parameters, refusing them in Plivo's words.

The four texts are those of Plivo's error specification; how long an address may be, and that a
blank one is a wrong value, is assumed.
"""

from collections.abc import Collection, Mapping

import attrs

from ..calls.members import Role
from ..errors import InvalidParameter

ADDRESS_LIMIT = 255
"""The longest address that is taken, in characters (assumed)."""

Parameters = Mapping[str, object]
"""What a request was sent with, from its query and its JSON."""


@attrs.frozen
class Dialling:
    """Who rings whom, and as what: the parameters of `call` and of the two transfers."""

    trigger_source: str
    to: str
    role: Role


def read_action(parameters: Parameters, allowed: Collection[str]) -> str:
    """Return the `action`, which must be one of `allowed`; raises `InvalidParameter`."""
    action = _text(parameters, "action")
    if action not in allowed:
        raise InvalidParameter("Invalid value provided for action.")
    return action


def read_dialling(parameters: Parameters) -> Dialling:
    """Return who is to be rung by whom; raises `InvalidParameter`.

    Plivo calls `role` both required and "agent" by default: the emulator takes the default.
    """
    trigger_source = _address(parameters, "trigger_source")
    return Dialling(trigger_source, _address(parameters, "to"), _role(parameters))


def _role(parameters: Parameters) -> Role:
    if parameters.get("role") is None:
        return Role.AGENT
    text = _text(parameters, "role")
    if text not in tuple(Role):
        raise InvalidParameter("Invalid value provided for role.")
    return Role(text)


def _address(parameters: Parameters, name: str) -> str:
    text = _text(parameters, name)
    if len(text) > ADDRESS_LIMIT:
        longest = f"The {name} can be maximum {ADDRESS_LIMIT} characters long."
        raise InvalidParameter(f"Invalid value provided for {name}. {longest}")
    if not text.strip().removeprefix("+"):
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
