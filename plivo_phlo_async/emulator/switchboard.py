"""The switchboard: the live calls, the phones that ring, and a log of every step.

No I/O, and no request: the runner connects what requests ask for, people and tests do the rest.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping

import attrs

from . import calls
from .members import Call, Member, MemberState, Role, line_of
from .phlos import DEFAULT_PHONE, Phone, PhoneBehaviour
from .refusals import NotHere, NotNow

LOG_LIMIT = 1000
"""How many of the latest log entries are kept."""

Place = tuple[str, str]
"""Where a call is: the ids of its PHLO and of its node."""


@attrs.frozen
class LogEntry:
    """One step of a call: `verb` on `address`, `at` the clock's seconds, and the call around it.

    `api_id` is the request's, and None for what a phone did by itself; what a phone does the
    moment it is rung belongs to the action that rang it. `number` counts from 1; `by` is who
    rang `address`, where somebody did.
    """

    number: int
    at: float
    api_id: str | None
    verb: str
    address: str
    phlo_id: str
    node_id: str
    before: Call
    after: Call
    by: str | None = None

    @property
    def place(self) -> Place:
        """Where the call is."""
        return self.phlo_id, self.node_id


@attrs.frozen
class Kept:
    """What outlives a restart; `ages` says how long each line had been in its state."""

    calls: Mapping[Place, Call]
    ages: Mapping[Place, Mapping[str, float]]
    dialled: Mapping[str, int]
    phones: Mapping[str, Phone]


@attrs.frozen
class _Due:
    at: float
    place: Place
    address: str
    does: PhoneBehaviour


class Switchboard:
    """Keeps one live call per node, and what stands behind each address.

    `phones` maps an address to a `Phone`, a `PhoneBehaviour` or its value, others answer at once;
    `auto_join` makes a warm transfer's answer bring everyone together; `watch` is told of every
    step. A call is forgotten when its last member leaves (one live call per node is assumed). A
    refused step changes nothing.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        phones: Mapping[str, Phone | PhoneBehaviour | str] | None = None,
        auto_join: bool = False,
        watch: Callable[[LogEntry], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._given_phones = dict(phones or {})
        self._auto_join = auto_join
        self._watch = watch
        self.reset()

    def reset(self) -> None:
        """Forget every call, count and log entry; phones are again as first given."""
        self.calls: dict[Place, Call] = {}
        self.dialled: Counter[str] = Counter()
        self.log: deque[LogEntry] = deque(maxlen=LOG_LIMIT)
        self.since: dict[Place, dict[str, float]] = {}
        self.phones: dict[str, Phone] = {}
        self._logged = 0
        self._spellings: dict[str, str] = {}
        self._lines: dict[str, str] = {}
        self._due: dict[tuple[Place, str], _Due] = {}
        for address, behaviour in self._given_phones.items():
            self.set_phone(address, behaviour)

    def give_phones(self, phones: Mapping[str, Phone | PhoneBehaviour | str]) -> None:
        """Take these phones as what a reset returns to."""
        self._given_phones = dict(phones)

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
        for address, phone in kept.phones.items():
            self.set_phone(address, phone)

    def describe(self) -> dict[str, object]:
        """Return the live calls and the counts as plain data."""
        live = [_describe(place, current) for place, current in self.calls.items()]
        return {"calls": live, "dialled": dict(self.dialled)}

    def set_phone(
        self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0.0
    ) -> None:
        """Say what the phone at `address` does when next rung; `ValueError` if there is no such."""
        phone = behaviour if isinstance(behaviour, Phone) else Phone(behaviour, after)
        self.phones[self._lines.setdefault(line_of(address), address)] = phone

    def dial(
        self,
        api_id: str,
        place: Place,
        verb: str,
        to: str,
        ring: Callable[[Call], Call],
        *,
        by: str,
    ) -> None:
        """Take the step `ring` for `by`, let the phone at `to` react, and count it in `dialled`.

        `dialled` counts both spellings of an address under the one that was dialled first.
        """
        phone = self._phone(to)
        later = phone.by_itself and phone.after > 0
        reacts = (lambda rung: rung) if later else self._reaction(phone.does, to)
        self._take(api_id, place, verb, to, lambda current: reacts(ring(current)), by)
        if later:
            due = _Due(self._clock() + phone.after, place, to, phone.does)
            self._due[place, line_of(to)] = due

    def step(
        self,
        api_id: str | None,
        place: Place,
        verb: str,
        address: str,
        change: Callable[[Call], Call],
    ) -> None:
        """Put the call at `place` through `change` and log it; what `change` raises goes on."""
        self._take(api_id, place, verb, address, change)

    def join(self, place: Place, address: str, role: Role) -> None:
        """A caller dials in as `role`; raises `NotHere` or `NotNow`, as `calls.join` does."""
        self.step(None, place, "join", address, lambda c: calls.join(c, address, role))

    def answer(self, address: str) -> None:
        """The phone at `address` is picked up wherever it rings.

        Raises `NotHere` when it rings nowhere, `NotNow` when it is one that never answers.
        """
        if self._phone(address).does is PhoneBehaviour.NEVER:
            raise NotNow
        picked_up = self._reaction(PhoneBehaviour.ANSWER, address)
        self._everywhere("answer", address, _rings, picked_up)

    def reject(self, address: str) -> None:
        """The phone at `address` is declined wherever it rings; raises `NotHere`."""
        self._everywhere("reject", address, _rings, lambda c: calls.reject(c, address))

    def hang_up(self, address: str) -> None:
        """The phone at `address` is put down in every call it is in; raises `NotHere`."""
        self._everywhere("hang_up", address, _is_live, lambda c: calls.hang_up(c, address))

    # What phones do after a while

    @property
    def next_due(self) -> float | None:
        """When, by the clock, the next ringing phone does something by itself; None if none."""
        return min((due.at for due in self._due.values()), default=None)

    def tick(self) -> None:
        """Let every phone act whose time has come, in the order of their times."""
        while (at := self.next_due) is not None and at <= self._clock():
            due = next(due for due in self._due.values() if due.at == at)
            change = self._reaction(due.does, due.address)
            self._take(None, due.place, due.does.value, due.address, change, at=at)

    def _reaction(self, does: PhoneBehaviour, address: str) -> Callable[[Call], Call]:
        match does:
            case PhoneBehaviour.ANSWER:
                return lambda rung: calls.answer(rung, address, auto_join=self._auto_join)
            case PhoneBehaviour.REJECT:
                return lambda rung: calls.reject(rung, address)
            case PhoneBehaviour.VOICEMAIL:
                return lambda rung: calls.voicemail(rung, address)
            case _:
                return lambda rung: rung

    def _phone(self, address: str) -> Phone:
        spelled = self._lines.get(line_of(address), address)
        return self.phones.get(spelled, DEFAULT_PHONE)

    def _everywhere(
        self,
        verb: str,
        address: str,
        concerned: Callable[[Member], bool],
        change: Callable[[Call], Call],
    ) -> None:
        found = {place: current.find(address) for place, current in self.calls.items()}
        places = [place for place, member in found.items() if member and concerned(member)]
        if not places:
            raise NotHere
        for place in places:
            self.step(None, place, verb, address, change)

    # A step

    def _take(
        self,
        api_id: str | None,
        place: Place,
        verb: str,
        address: str,
        change: Callable[[Call], Call],
        by: str | None = None,
        *,
        at: float | None = None,
    ) -> None:
        before = self.calls.get(place, Call())
        after = change(before)
        self._logged += 1
        moment = (self._logged, self._clock() if at is None else at, api_id)
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
            since.update((m.line, entry.at) for m in moved(entry.before, after))
        # A phone that no longer rings, or rings anew, does nothing for its former ringing.
        for due in [due for due in self._due.values() if due.place == place]:
            member = after.find(due.address)
            if member is None or not _rings(member):
                del self._due[place, line_of(due.address)]


def moved(before: Call, after: Call) -> tuple[Member, ...]:
    """Return the members of `after` who are new, or in another state than they were."""
    states = {m.line: m.state for m in before.members}
    return tuple(m for m in after.members if states.get(m.line) is not m.state)


def _describe(place: Place, current: Call) -> dict[str, object]:
    transfer = current.transfer
    shown = transfer and {
        "kind": transfer.kind.value,
        "giver": transfer.giver,
        "taker": transfer.taker,
    }
    members = [
        {"address": m.address, "role": m.role.value, "state": m.state.value, "muted": m.muted}
        for m in current.members
    ]
    return {"phlo_id": place[0], "node_id": place[1], "members": members, "transfer": shown}


def _rings(member: Member) -> bool:
    return member.state is MemberState.RINGING


def _is_live(member: Member) -> bool:
    return member.live
