"""A node with several calls, each step of which is checked against all of them."""

from __future__ import annotations

from collections.abc import Mapping

from plivo_phlo_async.emulator import (
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    Call,
    LogEntry,
    MemberRole,
    MemberState,
    PhloEmulator,
    TransferKind,
)
from plivo_phlo_async.emulator.calls.members import canonical_address

from .asking import NODE, Clock, ask

Calls = Mapping[str, Call]
TALKING = (MemberState.RINGING, MemberState.VOICEMAIL)


class WatchedNode:
    """An emulator whose calls must stay apart, whatever is done to them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.emulator = PhloEmulator(
            clock=self.clock,
            wall=self.clock,
            rate_limit=None,
            callback="http://127.0.0.1:9/events",
        )
        self.accepted = self.refused = self.webhooks = self.most = 0

    # What is done

    def dial(self, action: str, source: str, to: str, role: MemberRole) -> None:
        content = {"action": action, "trigger_source": source, "to": to, "role": role.value}
        self._request(NODE, content, source, dials=True, opens=action == "call")

    def act(self, action: str, address: str) -> None:
        self._request(f"{NODE}/members/{address}", {"action": action}, address)

    def join(self, address: str, role: MemberRole, call_id: str | None, new_call: bool) -> None:
        before = self.emulator.calls
        latest = next(reversed(before), None)
        where = call_id or (None if new_call else latest)
        content = {"role": role.value, "call_id": call_id, "new_call": new_call}
        ask(self.emulator, "POST", f"/_emulator/phones/{address}/call", content)
        self._check(before, {where} if where else set(), opens=where is None)

    def phone(self, act: str, address: str, call_id: str | None) -> None:
        before = self.emulator.calls
        concerned = {call_id} if call_id else set(_with(before, address))
        content = {"call_id": call_id}
        ask(self.emulator, "POST", f"/_emulator/phones/{address}/{act}", content)
        self._check(before, concerned)

    def set_phone(self, address: str, does: str, after: float) -> None:
        before = self.emulator.calls
        self.emulator.set_phone(address, does, after)
        self._check(before, set())

    def time_passes(self, seconds: float) -> None:
        before = self.emulator.calls
        self.clock.now += seconds
        ringing = {call.call_id for call in before.values() if _has(call, MemberState.RINGING)}
        self._check(before, ringing)

    def hang_up_everyone(self) -> None:
        for call in self.emulator.calls.values():
            for member in call.members:
                if member.live:
                    self.phone("hangup", member.address, call.call_id)
        assert self.emulator.calls == {}

    # What must hold

    def _request(
        self,
        path: str,
        content: Mapping[str, str],
        found_by: str,
        *,
        dials: bool = False,
        opens: bool = False,
    ) -> None:
        before, rung = self.emulator.calls, self.emulator.dialled.total()
        found = _with(before, found_by)[-1:]
        answer = ask(self.emulator, "POST", path, content)
        accepted = answer.status == 201
        self.accepted += accepted
        self.refused += not accepted

        changed = self._check(before, set(found), opens=opens and not found)
        assert self.emulator.dialled.total() == rung + (accepted and dials)
        assert accepted or not changed
        entry = self.emulator.exchanges(errors=not accepted)[0]
        assert (entry.reason is None) is accepted
        assert accepted or (answer.status == 404) is (not found and not opens)
        assert not found or entry.call_id == found[0]

    def _check(self, before: Calls, concerned: set[str], opens: bool = False) -> set[str]:
        """Check that only the calls concerned changed, and return those that did."""
        after = self.emulator.calls
        self.most = max(self.most, len(after))
        changed = {
            call_id
            for call_id in {*before, *after}
            if before.get(call_id) is not after.get(call_id)
            and before.get(call_id) != after.get(call_id)
        }
        opened = changed - {*before}
        assert changed - opened <= concerned
        assert len(opened) <= opens
        for call_id in changed & {*after}:
            check_call(after[call_id])
        self._check_webhooks(changed)
        return changed

    def _check_webhooks(self, changed: set[str]) -> None:
        new = []
        for delivery in reversed(self.emulator.deliveries):
            if delivery.number <= self.webhooks:
                break
            new.append(delivery)
        self.webhooks += len(new)
        for delivery in new:
            sent = delivery.variables
            assert sent["conference_uuid"] == delivery.call_id
            assert delivery.call_id in changed
            assert {sent["from"], sent["to"]} - {""} <= self._seen_in(delivery.call_id)

    def _seen_in(self, call_id: str) -> set[str]:
        steps: list[LogEntry] = [one for one in self.emulator.log if one.call_id == call_id]
        assert all(step.before.call_id == call_id for step in steps)
        return {spelling for m in steps[-1].after.members for spelling in _spellings(m.address)}

    def check_views(self) -> None:
        """Check that everything that shows the calls shows the same ones."""
        calls = self.emulator.calls
        state = ask(self.emulator, "GET", "/_emulator/state").json["calls"]
        dashboard = ask(self.emulator, "GET", "/_emulator/dashboard").json["calls"]
        assert (
            [one["call_id"] for one in state] == [one["call_id"] for one in dashboard] == [*calls]
        )
        for shown, call in zip(state, calls.values(), strict=True):
            assert (shown["phlo_id"], shown["node_id"]) == (DEMO_PHLO_ID, DEMO_NODE_ID)
            assert [(m["address"], m["state"]) for m in shown["members"]] == [
                (m.address, m.state.value) for m in call.members
            ]


def check_call(call: Call) -> None:
    """Check what holds in every call, without looking at the others."""
    lines = [m.canonical_address for m in call.members]
    assert len(set(lines)) == len(lines)
    consulting = {m.address for m in call.members if m.state is MemberState.CONSULTING}
    transfer = call.transfer
    if transfer is None:
        assert consulting == set()
        return
    target = call.live(transfer.target)
    assert call.live(transfer.transferor) != target
    assert all(call.live(address) for address in transfer.held)
    talks = transfer.kind is TransferKind.WARM and target.state not in TALKING
    assert consulting == ({transfer.transferor, transfer.target} if talks else set())
    customers = [m.state for m in call.members if m.role is MemberRole.CUSTOMER]
    assert not consulting or MemberState.IN_CALL not in customers


def _with(calls: Calls, address: str) -> list[str]:
    """The ids of the calls that an address is live in, in the order they were opened."""
    found = [(call_id, call.find(address)) for call_id, call in calls.items()]
    return [call_id for call_id, member in found if member is not None and member.live]


def _has(call: Call, state: MemberState) -> bool:
    return any(member.state is state for member in call.members)


def _spellings(address: str) -> tuple[str, str]:
    return canonical_address(address), f"+{canonical_address(address)}"
