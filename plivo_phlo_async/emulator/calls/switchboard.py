"""The switchboard: the live calls, the phones that ring, and a log of every step.

No I/O, and no request: the runner connects what requests ask for, people and tests do the rest.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping

import attrs

from ..errors import NotHere, NotNow
from . import calls
from .log_entry import LogEntry, Place
from .members import Call, Member, MemberState, Role, line_of
from .phlos import Phone, PhoneBehaviour
from .phones import Due, Phonebook, Phones, Timers

LOG_LIMIT = 1000
"""How many of the latest log entries are kept."""

Change = Callable[[Call], Call]
"""A step: takes a call, returns the next one, or raises a `Refusal`."""


@attrs.frozen
class Kept:
    """What outlives a restart; `ages` says how many seconds each line had been in its state."""

    calls: Mapping[Place, Call]
    ages: Mapping[Place, Mapping[str, float]]
    dialled: Mapping[str, int]
    phones: Mapping[str, Phone]


class Switchboard:
    """Keeps one live call per node, and rings what stands behind each address.

    `phones` are what a reset returns to; `auto_join` makes a warm transfer's answer bring everyone
    together; `watch` is told of every step. A call is forgotten when its last member leaves (one
    live call per node is assumed). A refused step changes nothing.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        phones: Phones,
        auto_join: bool = False,
        watch: Callable[[LogEntry], None],
    ) -> None:
        self._clock = clock
        self._auto_join = auto_join
        self._watch = watch
        self.phones: Phonebook = Phonebook(phones)
        self.reset()

    def reset(self) -> None:
        """Forget every call, count and log entry; phones are again as first given."""
        self.calls: dict[Place, Call] = {}
        self.dialled: Counter[str] = Counter()
        self.log: deque[LogEntry] = deque(maxlen=LOG_LIMIT)
        self.since: dict[Place, dict[str, float]] = {}
        self.phones.reset()
        self._timers = Timers()
        self._spellings: dict[str, str] = {}
        self.steps: int = 0

    def keep(self) -> Kept:
        """Return what outlives a restart."""
        now = self._clock()
        ages = {
            place: {line: now - at for line, at in since.items()}
            for place, since in self.since.items()
        }
        return Kept(dict(self.calls), ages, dict(self.dialled), dict(self.phones.listed))

    def restore(self, kept: Kept) -> None:
        """Go on from what was kept; what rings waits to be told, whatever its phone would do."""
        now = self._clock()
        self.calls = dict(kept.calls)
        self.dialled = Counter(kept.dialled)
        self._spellings = {line_of(address): address for address in kept.dialled}
        self.since = {
            place: {line: now - age for line, age in ages.items()}
            for place, ages in kept.ages.items()
            if place in self.calls
        }
        self._timers = Timers()
        for address, phone in kept.phones.items():
            self.phones.set(address, phone)

    # What requests ask for

    def dial(self, api_id: str, place: Place, verb: str, to: str, ring: Change, *, by: str) -> None:
        """Take the step `ring` for `by`, let the phone at `to` react, and count it in `dialled`.

        `dialled` counts both spellings of an address under the one that was dialled first.
        """
        phone = self.phones.at(to)
        later = phone.by_itself and phone.after > 0
        reacts = _waits if later else self._reaction(phone.does, to)
        self._take(api_id, place, verb, to, lambda current: reacts(ring(current)), by)
        if later:
            self._timers.set(Due(self._clock() + phone.after, place, to, phone.does))

    def step(
        self, api_id: str | None, place: Place, verb: str, address: str, change: Change
    ) -> None:
        """Put the call at `place` through `change` and log it; what `change` raises goes on."""
        self._take(api_id, place, verb, address, change)

    # What people do

    def join(self, place: Place, address: str, role: Role) -> None:
        """A caller dials in as `role`; raises `NotHere` or `NotNow`, as `calls.join` does."""
        self.step(None, place, "join", address, lambda c: calls.join(c, address, role))

    def answer(self, address: str) -> None:
        """The phone at `address` is picked up wherever it rings.

        Raises `NotHere` when it rings nowhere, `NotNow` when it is one that never answers.
        """
        if self.phones.at(address).does is PhoneBehaviour.NEVER:
            raise NotNow
        picked_up = self._reaction(PhoneBehaviour.ANSWER, address)
        self._everywhere("answer", address, _rings, picked_up)

    def reject(self, address: str) -> None:
        """The phone at `address` is declined wherever it rings; raises `NotHere`."""
        self._everywhere("reject", address, _rings, lambda c: calls.reject(c, address))

    def hang_up(self, address: str) -> None:
        """The phone at `address` is put down in every call it is in; raises `NotHere`."""
        self._everywhere("hang_up", address, _is_live, lambda c: calls.hang_up(c, address))

    def member(self, address: str) -> Member | None:
        """Return the live member at `address`, of the call opened first; None when in none."""
        found = (current.find(address) for current in self.calls.values())
        return next((member for member in found if member is not None and member.live), None)

    def _everywhere(
        self, verb: str, address: str, concerned: Callable[[Member], bool], change: Change
    ) -> None:
        found = {place: current.find(address) for place, current in self.calls.items()}
        places = [place for place, member in found.items() if member and concerned(member)]
        if not places:
            raise NotHere
        for place in places:
            self.step(None, place, verb, address, change)

    # What phones do

    @property
    def next_due(self) -> float | None:
        """When, by the clock, the next ringing phone does something by itself; None if none."""
        due = self._timers.next
        return None if due is None else due.at

    def tick(self) -> None:
        """Let every phone act whose time has come, in the order of their times."""
        while (due := self._timers.next) is not None and due.at <= self._clock():
            change = self._reaction(due.does, due.address)
            self._take(None, due.place, due.does.value, due.address, change, at=due.at)

    def _reaction(self, does: PhoneBehaviour, address: str) -> Change:
        match does:
            case PhoneBehaviour.ANSWER:
                return lambda rung: calls.answer(rung, address, auto_join=self._auto_join)
            case PhoneBehaviour.REJECT:
                return lambda rung: calls.reject(rung, address)
            case PhoneBehaviour.VOICEMAIL:
                return lambda rung: calls.voicemail(rung, address)
            case _:
                return _waits

    # A step

    def _take(
        self,
        api_id: str | None,
        place: Place,
        verb: str,
        address: str,
        change: Change,
        by: str | None = None,
        *,
        at: float | None = None,
    ) -> None:
        before = self.calls.get(place, Call())
        after = change(before)
        self.steps += 1
        moment = (self.steps, self._clock() if at is None else at, api_id)
        entry = LogEntry(*moment, verb, address, *place, before, after, by)
        self.log.append(entry)
        if by is not None:
            self.dialled[self._spellings.setdefault(line_of(address), address)] += 1
        self._settle(entry)
        self._watch(entry)

    def _settle(self, entry: LogEntry) -> None:
        place, after = entry.place, entry.after
        if after.ended:
            self.calls.pop(place, None)
            self.since.pop(place, None)
        else:
            self.calls[place] = after
            since = self.since.setdefault(place, {})
            since.update((member.line, entry.at) for member in entry.moved)
        # A phone that no longer rings, or rings anew, does nothing for its former ringing.
        self._timers.settle(place, after)


def _waits(rung: Call) -> Call:
    return rung


def _rings(member: Member) -> bool:
    return member.state is MemberState.RINGING


def _is_live(member: Member) -> bool:
    return member.live
