"""The switchboard: the live calls, the phones that ring, and a log of every step.

No I/O, and no request: the runner connects what requests ask for, people and tests do the rest.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping

import attrs

from . import calls
from .members import Call, Member, MemberState, Role, line_of
from .phlos import PhoneBehaviour
from .refusals import NotHere, NotNow

LOG_LIMIT = 1000
"""How many of the latest log entries are kept."""

Place = tuple[str, str]
"""Where a call is: the ids of its PHLO and of its node."""


@attrs.frozen
class LogEntry:
    """One step of a call: `verb` on `address`, `at` the clock's seconds, and the call around it.

    `api_id` is the request's, and None for what a phone did by itself; what a phone does the
    moment it is rung belongs to the action that rang it. `number` counts from 1.
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


class Switchboard:
    """Keeps one live call per node, and what stands behind each address.

    `phones` maps an address to a `PhoneBehaviour` or its value, others answer at once;
    `auto_join` makes a warm transfer's answer bring everyone together. A call is forgotten when
    its last member leaves (one live call per node is assumed). A refused step changes nothing.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        phones: Mapping[str, PhoneBehaviour | str] | None = None,
        auto_join: bool = False,
    ) -> None:
        self._clock = clock
        self._given_phones = dict(phones or {})
        self._auto_join = auto_join
        self.reset()

    def reset(self) -> None:
        """Forget every call, count and log entry; phones are again as first given."""
        self.calls: dict[Place, Call] = {}
        self.dialled: Counter[str] = Counter()
        self.log: deque[LogEntry] = deque(maxlen=LOG_LIMIT)
        self._logged = 0
        self._spellings: dict[str, str] = {}
        self._phones: dict[str, PhoneBehaviour] = {}
        for address, behaviour in self._given_phones.items():
            self.set_phone(address, behaviour)

    def describe(self) -> dict[str, object]:
        """Return the live calls and the counts as plain data."""
        live = [_describe(place, current) for place, current in self.calls.items()]
        return {"calls": live, "dialled": dict(self.dialled)}

    def set_phone(self, address: str, behaviour: PhoneBehaviour | str) -> None:
        """Say what the phone at `address` does when next rung; `ValueError` if there is no such."""
        self._phones[line_of(address)] = PhoneBehaviour(behaviour)

    def dial(
        self, api_id: str, place: Place, verb: str, to: str, ring: Callable[[Call], Call]
    ) -> None:
        """Take the step `ring`, let the phone at `to` react, and count it in `dialled`.

        `dialled` counts both spellings of an address under the one that was dialled first.
        """
        self.step(api_id, place, verb, to, lambda current: self._react(ring(current), to))
        self.dialled[self._spellings.setdefault(line_of(to), to)] += 1

    def step(
        self,
        api_id: str | None,
        place: Place,
        verb: str,
        address: str,
        change: Callable[[Call], Call],
    ) -> None:
        """Put the call at `place` through `change` and log it; what `change` raises goes on."""
        before = self.calls.get(place, Call())
        after = change(before)
        self._logged += 1
        moment = (self._logged, self._clock(), api_id)
        self.log.append(LogEntry(*moment, verb, address, *place, before, after))
        self.calls[place] = after
        if after.ended:
            del self.calls[place]

    def join(self, place: Place, address: str, role: Role) -> None:
        """A caller dials in as `role`; raises `NotHere` or `NotNow`, as `calls.join` does."""
        self.step(None, place, "join", address, lambda c: calls.join(c, address, role))

    def answer(self, address: str) -> None:
        """The phone at `address` is picked up wherever it rings.

        Raises `NotHere` when it rings nowhere, `NotNow` when it is one that never answers.
        """
        if self._behaviour(address) is PhoneBehaviour.NEVER:
            raise NotNow
        self._everywhere("answer", address, _rings, self._picked_up(address))

    def reject(self, address: str) -> None:
        """The phone at `address` is declined wherever it rings; raises `NotHere`."""
        self._everywhere("reject", address, _rings, lambda c: calls.reject(c, address))

    def hang_up(self, address: str) -> None:
        """The phone at `address` is put down in every call it is in; raises `NotHere`."""
        self._everywhere("hang_up", address, _is_live, lambda c: calls.hang_up(c, address))

    def _react(self, rung: Call, address: str) -> Call:
        match self._behaviour(address):
            case PhoneBehaviour.ANSWER:
                return self._picked_up(address)(rung)
            case PhoneBehaviour.REJECT:
                return calls.reject(rung, address)
            case PhoneBehaviour.VOICEMAIL:
                return calls.voicemail(rung, address)
            case _:
                return rung

    def _picked_up(self, address: str) -> Callable[[Call], Call]:
        return lambda current: calls.answer(current, address, auto_join=self._auto_join)

    def _behaviour(self, address: str) -> PhoneBehaviour:
        return self._phones.get(line_of(address), PhoneBehaviour.ANSWER)

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
