"""The members of a call as a value."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async.emulator.calls.members import CallMember, MemberRole, MemberState
from plivo_phlo_async.emulator.calls.roster import CHUNK, Roster

ADDRESSES = [str(number) for number in range(2 * CHUNK + 3)]
STATES = [MemberState.IN_CALL, MemberState.ON_HOLD, MemberState.LEFT]
MEMBERS = st.builds(
    CallMember, st.sampled_from(ADDRESSES[:7]), st.just(MemberRole.AGENT), st.sampled_from(STATES)
)


def member(address: str, state: MemberState = MemberState.IN_CALL) -> CallMember:
    return CallMember(address, MemberRole.AGENT, state)


@pytest.fixture
def full() -> Roster[CallMember]:
    """A roster of more than two chunks."""
    return Roster(member(address) for address in ADDRESSES)


@pytest.mark.parametrize("address", [ADDRESSES[0], ADDRESSES[CHUNK], ADDRESSES[-1]])
def test_a_member_is_replaced_in_its_place(full: Roster[CallMember], address: str) -> None:
    held = member(address, MemberState.ON_HOLD)
    after = full.with_member(held)

    assert [m.address for m in after] == ADDRESSES
    assert after.find(address) == held
    assert full.find(address) == member(address)


def test_a_new_member_comes_last(full: Roster[CallMember]) -> None:
    after = full.with_member(member("new"))

    assert list(after) == [*full, member("new")]
    assert full.find("new") is None


def test_changes_are_what_differs(full: Roster[CallMember]) -> None:
    held = member(ADDRESSES[CHUNK], MemberState.ON_HOLD)
    after = full.with_member(held).with_member(member("new"))

    assert list(after.changes(full)) == [(member(ADDRESSES[CHUNK]), held), (None, member("new"))]


def test_a_member_that_is_gone_is_a_change(full: Roster[CallMember]) -> None:
    empty: Roster[CallMember] = Roster()

    assert list(empty.changes(Roster([member("1")]))) == [(member("1"), None)]


def test_two_rosters_that_come_from_one_know_their_own_members() -> None:
    first = Roster([member("1")])
    one, other = first.with_member(member("2")), first.with_member(member("3"))
    both = other.with_member(member("2"))

    assert (one.find("3"), other.find("2")) == (None, None)
    assert one.find("2") == both.find("2") == member("2")
    assert one.with_member(member("2", MemberState.LEFT)).count(MemberState.LEFT) == 1


@given(st.lists(MEMBERS, max_size=30), st.sampled_from(STATES))
def test_it_is_a_list_without_two_of_an_address(members: list[CallMember], to: MemberState) -> None:
    roster: Roster[CallMember] = Roster()
    listed: dict[str, CallMember] = {}
    for each in members:
        roster = roster.with_member(each)
        listed[each.address] = each
    moved = roster.map(lambda m: attrs.evolve(m, state=to))

    assert list(roster) == list(listed.values())
    assert [roster.count(state) for state in STATES] == [
        sum(m.state is state for m in listed.values()) for state in STATES
    ]
    assert moved.count(to) == len(listed)
    assert roster == Roster(listed.values())
