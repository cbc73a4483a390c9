"""What stands behind each address, and what the phones that ring will do by themselves."""

from collections.abc import Mapping

import attrs

from .log_entry import Place
from .members import Call, MemberState, line_of
from .phlos import DEFAULT_PHONE, Phone, PhoneBehaviour

Phones = Mapping[str, Phone | PhoneBehaviour | str]
"""Phones by address: a `Phone`, or what one does when it is rung."""


class Phonebook:
    """The phones something was said about; all others answer at once.

    Two spellings of an address are one phone, listed as it was first spelled.
    """

    def __init__(self, given: Phones) -> None:
        self.give(given)

    def give(self, phones: Phones) -> None:
        """Take these phones as what a reset returns to, and start from them."""
        self._given = dict(phones)
        self.reset()

    def reset(self) -> None:
        """Have the phones first given; `ValueError` for what no phone does."""
        self.listed: dict[str, Phone] = {}
        self._spellings: dict[str, str] = {}
        for address, behaviour in self._given.items():
            self.set(address, behaviour)

    def set(self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0) -> None:
        """Say what the phone at `address` does when next rung; `ValueError` if there is no such."""
        phone = behaviour if isinstance(behaviour, Phone) else Phone(behaviour, after)
        self.listed[self._spellings.setdefault(line_of(address), address)] = phone

    def at(self, address: str) -> Phone:
        """Return what stands behind an address."""
        return self.listed.get(self._spellings.get(line_of(address), address), DEFAULT_PHONE)


@attrs.frozen
class Due:
    """What a ringing phone will do by itself, `at` which second of the clock."""

    at: float
    place: Place
    address: str
    does: PhoneBehaviour


class Timers:
    """The ringing phones that will do something by themselves."""

    def __init__(self) -> None:
        self._due: dict[tuple[Place, str], Due] = {}

    def set(self, due: Due) -> None:
        """Have a phone do something later, in place of what it was to do."""
        self._due[due.place, line_of(due.address)] = due

    @property
    def next(self) -> Due | None:
        """What will be done first."""
        return min(self._due.values(), key=lambda due: due.at, default=None)

    def settle(self, place: Place, after: Call) -> None:
        """Call off the phones that no longer ring in the call at `place`."""
        for due in [due for due in self._due.values() if due.place == place]:
            member = after.find(due.address)
            if member is None or member.state is not MemberState.RINGING:
                del self._due[place, line_of(due.address)]
