"""The phones: what each does when it rings, and what ringing phones are scheduled to do."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping

import attrs

from .members import canonical_address
from .phlos import DEFAULT_PHONE, Phone, PhoneBehaviour
from .phone_data import dump_phone
from .phone_mix import DEFAULT_MIX, PhoneMix

Phones = Mapping[str, Phone | PhoneBehaviour | str]
"""Phones by address: a `Phone`, or what it does when it rings."""


def read_phones(phones: Phones) -> dict[str, Phone]:
    """Return what each phone does; raises `ValueError` for an unknown behaviour."""
    return {to: one if isinstance(one, Phone) else Phone(one) for to, one in phones.items()}


class PhoneRegistry:
    """The configured phones; every other phone does what the default mix says.

    Two spellings of an address are one phone, listed as first spelled. `set` calls `changed`.
    """

    default: PhoneMix

    def __init__(self, *, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self.configure({}, DEFAULT_MIX)

    def configure(self, initial: Mapping[str, Phone], default: PhoneMix) -> None:
        """Set the phones that `reset` restores, and reset; `default` is what all others do."""
        self._initial = dict(initial)
        self.default = default
        self.reset()

    def reset(self) -> None:
        """Restore the initial phones."""
        self._rings: Counter[str] = Counter()
        self._drawn: dict[str, Phone] = {}
        self._listed: dict[str, Phone] = {}
        self._spellings: dict[str, str] = {}
        self._add(self._initial)

    def restore(self, phones: Mapping[str, Phone]) -> None:
        """Set these phones; the others stay as they are."""
        self._add(phones)

    def set(self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0) -> None:
        """Set what a phone does when it next rings; raises `ValueError` if that is unknown."""
        self._add({address: behaviour if isinstance(behaviour, Phone) else Phone(behaviour, after)})
        self._changed()

    def ring(self, address: str) -> Phone:
        """Return what the phone at an address does this time."""
        canonical = canonical_address(address)
        if canonical in self._spellings:
            return self.at(address)
        self._drawn[canonical] = phone = self.default.draw(canonical, self._rings[canonical])
        self._rings[canonical] += 1
        return phone

    def at(self, address: str) -> Phone:
        """Return what the phone at an address does, or did when it rang last."""
        canonical = canonical_address(address)
        if canonical in self._spellings:
            return self._listed[self._spellings[canonical]]
        return self._drawn.get(canonical, DEFAULT_PHONE)

    @property
    def listed(self) -> dict[str, Phone]:
        """The configured phones by address."""
        return dict(self._listed)

    def describe(self) -> dict[str, dict[str, object]]:
        """Return the configured phones as plain data."""
        return {to: dump_phone(phone) for to, phone in self._listed.items()}

    def _add(self, phones: Mapping[str, Phone]) -> None:
        for address, phone in phones.items():
            self._listed[self._spellings.setdefault(canonical_address(address), address)] = phone


@attrs.frozen
class ScheduledAction:
    """What a ringing phone will do, `at` which second of the clock."""

    at: float
    call_id: str
    address: str
    does: PhoneBehaviour


class PhoneSchedule:
    """The scheduled actions of ringing phones, at most one for each phone in a call."""

    def __init__(self) -> None:
        self._actions: dict[tuple[str, str], ScheduledAction] = {}
        # By time, then in the order they were added; may still have discarded ones.
        self._queue: list[tuple[float, int, ScheduledAction]] = []
        self._added = 0

    def add(self, action: ScheduledAction) -> None:
        """Schedule an action; it replaces an earlier one of the same phone."""
        self._actions[action.call_id, canonical_address(action.address)] = action
        self._added += 1
        heapq.heappush(self._queue, (action.at, self._added, action))

    @property
    def next(self) -> ScheduledAction | None:
        """The earliest action."""
        while self._queue:
            action = self._queue[0][2]
            if self._actions.get((action.call_id, canonical_address(action.address))) is action:
                return action
            heapq.heappop(self._queue)
        return None

    def discard(self, call_id: str, canonical: str) -> None:
        """Cancel the action of a phone that no longer rings in a call."""
        self._actions.pop((call_id, canonical), None)
