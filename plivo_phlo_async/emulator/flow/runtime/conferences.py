"""The conferences of flows: the live calls of the switchboard, which the client's actions change.

Assumed: those at one node with the same conference name share a call, and so do those on bridges
with the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ...calls.log_entry import LogEntry
from ...calls.members import Call, MemberRole, MemberState, NodeKey, canonical_address
from ...calls.phlos import PhoneBehaviour
from ...calls.switchboard import Switchboard
from ..engine.effects import JoinConference
from ..engine.events import ConferenceEnded, FlowEvent, Joined, Left
from ..engine.values import Run
from ..graph import FlowNode, Prompt

__all__ = ["FlowConferences", "KeptConference", "read_conferences"]


@attrs.frozen
class _Seat:
    """A run that waits for a call, with its leg in it."""

    run_id: str
    wait: int
    leg: str
    address: str


@attrs.frozen
class KeptConference:
    """A conference in a snapshot.

    Attributes:
        call_id: the id of its call.
        shared: the ids of the PHLO and the node whose runs share it, "" for a bridge.
        name: its name.
        entered: whether a member was ever in it.
        seats: the runs that wait for it.
    """

    call_id: str
    shared: str
    name: str
    entered: bool
    seats: tuple[_Seat, ...]


def read_conferences(data: Iterable[Mapping[str, Any]]) -> list[KeptConference]:
    """Return conferences from their JSON data; raises `KeyError` or `TypeError`."""
    return [
        KeptConference(**{**one, "seats": tuple(_Seat(**seat) for seat in one["seats"])})
        for one in data
    ]


class FlowConferences:
    """Joins runs to calls, and returns to them what happens there.

    Args:
        switchboard: the calls.
        assign_leg: sets the id of a member's leg in webhooks, and returns the member's id.
        send: sends an event to a run.
        hear: lets the phone at an address hear a prompt.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        assign_leg: Callable[[str, str, str], str],
        send: Callable[[str, FlowEvent], None],
        hear: Callable[[str, tuple[Prompt, ...]], None],
    ) -> None:
        self._switchboard = switchboard
        self._assign_leg = assign_leg
        self._send, self._hear = send, hear
        self.reset()

    def reset(self) -> None:
        """Forget every conference."""
        self._call_ids: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self._seats: dict[str, list[_Seat]] = {}
        self._entered: set[str] = set()

    def dump(self) -> list[dict[str, Any]]:
        """Return the conferences as JSON data."""
        return [
            attrs.asdict(
                KeptConference(
                    call_id,
                    shared,
                    name,
                    call_id in self._entered,
                    tuple(self._seats.get(call_id, ())),
                )
            )
            for (shared, name), call_id in self._call_ids.items()
        ]

    def restore(self, kept: Iterable[KeptConference]) -> None:
        """Restore conferences; `end_dead` then ends those whose calls are gone."""
        for one in kept:
            self._call_ids[one.shared, one.name] = one.call_id
            self._names[one.call_id] = one.name
            self._seats[one.call_id] = [*one.seats]
            if one.entered:
                self._entered.add(one.call_id)

    def end_dead(self) -> None:
        """End the conferences whose calls are not live."""
        for call_id in [*self._names]:
            if call_id not in self._switchboard.calls:
                self._end(call_id)

    def name_of(self, call_id: str) -> str | None:
        """Return the name of the conference of a call, None for a call of no flow."""
        return self._names.get(call_id)

    def join(self, run: Run, node: FlowNode, effect: JoinConference) -> None:
        """Join a run's call to its conference, and dial the others into it.

        It fails where the call is new and no number that it dials is valid, and where its phone is
        in the call already (assumed).
        """
        call = self._call((run.phlo_id, node.node_id), node.component, effect.conference)
        address = run.legs[effect.leg].phone if effect.leg else ""
        if not self._is_possible(call, address, effect):
            if call.call_id not in self._switchboard.calls:
                self._drop(call.call_id)
            self._send(run.run_id, ConferenceEnded(0.0, effect.wait, failed=True))
            return
        seat = _Seat(run.run_id, effect.wait, effect.leg, address)
        self._seats.setdefault(call.call_id, []).append(seat)
        member_id = ""
        if effect.leg:
            member_id = self._assign_leg(call.call_id, address, effect.leg)
        self._send(run.run_id, Joined(0.0, effect.wait, call.call_id, member_id))
        self._enter(call, address, effect)

    def _is_possible(self, call: Call, address: str, effect: JoinConference) -> bool:
        if call.call_id not in self._switchboard.calls and self._all_invalid(effect):
            return False
        if address:
            return _is_free(call, address)
        return any(_is_free(call, to) for to in effect.to)

    def _all_invalid(self, effect: JoinConference) -> bool:
        phones = [self._switchboard.phones.at(to) for to in effect.to]
        invalid = [phone.does is PhoneBehaviour.INVALID for phone in phones]
        if not invalid or not all(invalid):
            return False
        for to in effect.to:
            self._switchboard.count_dial(to)
        return True

    def _enter(self, call: Call, address: str, effect: JoinConference) -> None:
        board, role = self._switchboard, MemberRole(effect.role)
        if address:
            board.join(call, address, role, again=True)
            self._hear(address, effect.prompts)
            if effect.mute:
                board.mute(call.call_id, address)
        other = MemberRole.CUSTOMER if role is MemberRole.AGENT else MemberRole.AGENT
        for to in effect.to:
            current = board.calls.get(call.call_id, call)
            if _is_free(current, to):
                board.invite(current, to, other, by=address or effect.from_)

    def leave(self, leg: str) -> None:
        """Let a leg leave its conference, if it is in one."""
        for call_id, seats in self._seats.items():
            for seat in seats:
                call = self._switchboard.calls.get(call_id)
                found = call and seat.leg == leg and call.find(seat.address)
                if found and found.live:
                    self._switchboard.hang_up(seat.address, call_id)
                    return

    def forget(self, run: Run) -> None:
        """Forget a run that has ended."""
        for call_id, seats in [*self._seats.items()]:
            self._seats[call_id] = [seat for seat in seats if seat.run_id != run.run_id]

    def on_step(self, entry: LogEntry) -> None:
        """Send the runs of a call what a step of it means to them."""
        call_id = entry.call_id
        if call_id not in self._names:
            return
        if any(member.state is MemberState.IN_CALL for member in entry.changed_members):
            self._entered.add(call_id)
        left = {one.canonical_address for one in entry.changed_members if not one.live}
        for seat in [*self._seats.get(call_id, ())]:
            if seat.leg and canonical_address(seat.address) in left:
                self._send(seat.run_id, Left(0.0, seat.leg))
        if entry.after.ended:
            self._end(call_id)

    def _end(self, call_id: str) -> None:
        failed = call_id not in self._entered
        for seat in self._seats.pop(call_id, []):
            self._send(seat.run_id, ConferenceEnded(0.0, seat.wait, failed))
        self._drop(call_id)

    def _drop(self, call_id: str) -> None:
        self._seats.pop(call_id, None)
        self._names.pop(call_id, None)
        self._entered.discard(call_id)
        self._call_ids = {key: one for key, one in self._call_ids.items() if one != call_id}

    def _call(self, node_key: NodeKey, component: str, conference: str) -> Call:
        shared = "" if component == "Conference Bridge" else "/".join(node_key)
        call_id = self._call_ids.get((shared, conference), "")
        call = self._switchboard.calls.get(call_id)
        if call is None:
            call = self._switchboard.new_call(node_key)
            self._call_ids[shared, conference] = call.call_id
            self._names[call.call_id] = conference
        return call


def _is_free(call: Call, address: str) -> bool:
    member = call.find(address)
    return member is None or not member.live
