"""The phones: what each does when it rings, and what ringing phones are scheduled to do."""

from collections.abc import Mapping

import attrs

from .log_entry import NodeKey
from .members import Call, MemberState, canonical_address
from .phlos import DEFAULT_PHONE, Phone, PhoneBehaviour

Phones = Mapping[str, Phone | PhoneBehaviour | str]
"""Phones by address: a `Phone`, or what it does when it rings."""


class PhoneRegistry:
    """The configured phones; every other phone answers at once.

    Two spellings of an address are one phone, listed as first spelled.
    """

    def __init__(self, initial: Phones) -> None:
        self.configure(initial)

    def configure(self, initial: Phones) -> None:
        """Set the phones that `reset` restores, and reset."""
        self._initial = dict(initial)
        self.reset()

    def reset(self) -> None:
        """Restore the initial phones; raises `ValueError` for an unknown behaviour."""
        self.listed: dict[str, Phone] = {}
        self._spellings: dict[str, str] = {}
        for address, behaviour in self._initial.items():
            self.set(address, behaviour)

    def set(self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0) -> None:
        """Set what a phone does when it next rings; raises `ValueError` if that is unknown."""
        phone = behaviour if isinstance(behaviour, Phone) else Phone(behaviour, after)
        self.listed[self._spellings.setdefault(canonical_address(address), address)] = phone

    def at(self, address: str) -> Phone:
        """Return the phone at an address."""
        spelling = self._spellings.get(canonical_address(address), address)
        return self.listed.get(spelling, DEFAULT_PHONE)


@attrs.frozen
class ScheduledAction:
    """What a ringing phone will do, `at` which second of the clock."""

    at: float
    node_key: NodeKey
    address: str
    does: PhoneBehaviour


class PhoneSchedule:
    """The scheduled actions of ringing phones, at most one for each phone in a call."""

    def __init__(self) -> None:
        self._actions: dict[tuple[NodeKey, str], ScheduledAction] = {}

    def add(self, action: ScheduledAction) -> None:
        """Schedule an action; it replaces an earlier one of the same phone."""
        self._actions[action.node_key, canonical_address(action.address)] = action

    @property
    def next(self) -> ScheduledAction | None:
        """The earliest action."""
        return min(self._actions.values(), key=lambda action: action.at, default=None)

    def discard_answered(self, node_key: NodeKey, after: Call) -> None:
        """Cancel the actions of phones that no longer ring in the call at a node."""
        for key in [key for key in self._actions if key[0] == node_key]:
            member = after.find(key[1])
            if member is None or member.state is not MemberState.RINGING:
                del self._actions[key]
