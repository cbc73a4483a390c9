"""Transfers: how one begins, and the ways it can end.

Pure functions on a call, with the same errors as in `calls`.
"""

import attrs

from ..errors import InvalidState
from .members import Call, CallMember, MemberRole, MemberState, Transfer, TransferKind


def warm_transfer(
    current: Call, trigger_source: str, to: str, role: MemberRole = MemberRole.AGENT
) -> Call:
    """Hold the customers and ring `to`, which then consults with `trigger_source`.

    It holds the customers in the call, or, if there are none, everyone but the two. Assumed: it is
    `InvalidState` while another transfer is in progress, when `trigger_source` is not `in_call`,
    or when `to` is live or is `trigger_source` itself.
    """
    return _begin(current, TransferKind.WARM, trigger_source, to, role)


def cold_transfer(
    current: Call, trigger_source: str, to: str, role: MemberRole = MemberRole.AGENT
) -> Call:
    """Hold the customers and ring `to`, which then replaces `trigger_source`.

    It holds the same members, and is `InvalidState` in the same cases, as `warm_transfer`.
    """
    return _begin(current, TransferKind.COLD, trigger_source, to, role)


def resume_call(current: Call, address: str) -> Call:
    """End a warm transfer with everyone together; `address` may be any live member.

    Assumed: it may come before the target has answered; the target then rings on and joins. It is
    `InvalidState` without a warm transfer.
    """
    current.live(address)
    if current.transfer is None or current.transfer.kind is not TransferKind.WARM:
        raise InvalidState(f"No warm transfer is in progress in the call of {address}.")
    return _together(current)


def abort_transfer(current: Call, address: str) -> Call:
    """End a transfer of either kind without its target; `address` may be any live member.

    Assumed: the target leaves, and everyone else who is on hold or consulting is `in_call`. It is
    `InvalidState` without a transfer.
    """
    current.live(address)
    if current.transfer is None:
        raise InvalidState(f"No transfer is in progress in the call of {address}.")
    target = current.transfer.target
    return _together(current.move(MemberState.LEFT, lambda m: m.address == target))


def connect(current: Call, transfer: Transfer, *, auto_join: bool = False) -> Call:
    """Return the call after the transfer's ringing target has answered.

    In a cold transfer the target replaces the transferor. In a warm one the two consult, and the
    customers who are `in_call` by then go on hold; with `auto_join` everyone is together and the
    transfer is over.
    """
    if transfer.kind is TransferKind.COLD:
        return _replace(current, transfer)
    if auto_join:
        return _together(current.move(MemberState.IN_CALL, lambda m: m.address == transfer.target))
    return _consult(current, transfer)


def cancel(current: Call, transfer: Transfer) -> Call:
    """Return the call after a transfer that failed.

    The members it held return, and a consulting member who remains is `in_call`.
    """

    def returns(member: CallMember) -> bool:
        held = member.state is MemberState.ON_HOLD and member.address in transfer.held
        return held or member.state is MemberState.CONSULTING

    return current.move(MemberState.IN_CALL, returns).with_transfer(None)


def _begin(current: Call, kind: TransferKind, transferor: str, to: str, role: MemberRole) -> Call:
    source = current.live(transferor)
    if current.transfer is not None:
        raise InvalidState(_in_progress(current.transfer))
    if source.state is not MemberState.IN_CALL:
        raise InvalidState(f"{transferor} is {source.state}; only a member in_call can transfer.")
    ringing = current.ring(to, role)
    held = _to_hold(current, source)
    waiting = ringing.move(MemberState.ON_HOLD, lambda m: m.address in held)
    return waiting.with_transfer(Transfer(kind, source.address, to, held))


def _in_progress(transfer: Transfer) -> str:
    ends = f"{transfer.transferor} to {transfer.target}"
    resume = "resume_call or " if transfer.kind is TransferKind.WARM else ""
    return f"A {transfer.kind} transfer from {ends} is in progress; {resume}abort_transfer first."


def _to_hold(current: Call, transferor: CallMember) -> tuple[str, ...]:
    others = [m for m in current.members if m.state is MemberState.IN_CALL and m != transferor]
    customers = [m for m in others if m.role is MemberRole.CUSTOMER]
    return tuple(m.address for m in customers or others)


def _consult(current: Call, transfer: Transfer) -> Call:
    ends = (transfer.transferor, transfer.target)
    consulting = current.move(MemberState.CONSULTING, lambda m: m.address in ends)
    others = [m for m in consulting.members if m.state is MemberState.IN_CALL]
    late = tuple(m.address for m in others if m.role is MemberRole.CUSTOMER)
    waiting = consulting.move(MemberState.ON_HOLD, lambda m: m.address in late)
    held = tuple(dict.fromkeys((*transfer.held, *late)))
    return waiting.with_transfer(attrs.evolve(transfer, held=held))


def _replace(current: Call, transfer: Transfer) -> Call:
    def meets_target(member: CallMember) -> bool:
        waits = member.role is MemberRole.CUSTOMER or member.address in transfer.held
        waits = waits and member.state is MemberState.ON_HOLD
        return waits or member.address == transfer.target

    alone = current.move(MemberState.LEFT, lambda m: m.address == transfer.transferor)
    return alone.move(MemberState.IN_CALL, meets_target).with_transfer(None)


def _together(current: Call) -> Call:
    away = (MemberState.ON_HOLD, MemberState.CONSULTING)
    return current.move(MemberState.IN_CALL, lambda m: m.state in away).with_transfer(None)
