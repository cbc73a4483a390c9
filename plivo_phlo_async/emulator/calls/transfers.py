"""Handing a caller over: how a transfer begins, and the ways it can end.

Pure functions on a call, as in `calls`, with the same refusals.
"""

import attrs

from ..errors import NotNow
from .members import Call, Member, MemberState, Role, Transfer, TransferKind


def warm_transfer(current: Call, trigger_source: str, to: str, role: Role = Role.AGENT) -> Call:
    """Hold the customers and ring `to`, who will first talk with `trigger_source` apart.

    Held are the customers in the call, else everyone in it but the two. Assumed: while another
    transfer is under way, when `trigger_source` is not `in_call`, or when `to` is live or is
    `trigger_source` itself, it is `NotNow`.
    """
    return _begin(current, TransferKind.WARM, trigger_source, to, role)


def cold_transfer(current: Call, trigger_source: str, to: str, role: Role = Role.AGENT) -> Call:
    """Hold the customers and ring `to`, who will replace `trigger_source`.

    Who is held, and what is `NotNow`, is as for `warm_transfer`.
    """
    return _begin(current, TransferKind.COLD, trigger_source, to, role)


def resume_call(current: Call, address: str) -> Call:
    """End a warm transfer with everyone together; any live member's `address` will do.

    Assumed: it may come before the taker has answered; the taker then rings on and later simply
    joins. Without a warm transfer, and during a cold one, it is `NotNow`.
    """
    current.live(address)
    if current.transfer is None or current.transfer.kind is not TransferKind.WARM:
        raise NotNow
    return _together(current)


def abort_transfer(current: Call, address: str) -> Call:
    """End a transfer of either kind without its taker; any live member's `address` will do.

    Assumed: the taker leaves, and everyone else on hold or apart is `in_call`. Without a transfer
    it is `NotNow`.
    """
    current.live(address)
    if current.transfer is None:
        raise NotNow
    taker = current.transfer.taker
    return _together(current.move(MemberState.LEFT, lambda m: m.address == taker))


def connect(current: Call, transfer: Transfer, *, auto_join: bool = False) -> Call:
    """Return the call once the transfer's ringing taker has answered.

    A cold transfer replaces its giver by its taker. A warm one sets the two apart and holds the
    customers who are `in_call` by then; with `auto_join` everyone is together and it is over.
    """
    if transfer.kind is TransferKind.COLD:
        return _replace(current, transfer)
    if auto_join:
        return _together(current.move(MemberState.IN_CALL, lambda m: m.address == transfer.taker))
    return _talk_apart(current, transfer)


def give_up(current: Call, transfer: Transfer) -> Call:
    """Return the call after a transfer that came to nothing.

    Those it held return, and the end that remains of a private talk is `in_call`.
    """

    def returns(member: Member) -> bool:
        held = member.state is MemberState.ON_HOLD and member.address in transfer.held
        return held or member.state is MemberState.PRIVATE

    return current.move(MemberState.IN_CALL, returns).with_transfer(None)


def _begin(current: Call, kind: TransferKind, giver: str, to: str, role: Role) -> Call:
    giving = current.live(giver)
    if giving.state is not MemberState.IN_CALL or current.transfer is not None:
        raise NotNow
    ringing = current.ring(to, role)
    held = _to_be_held(current, giving)
    parked = ringing.move(MemberState.ON_HOLD, lambda m: m.address in held)
    return parked.with_transfer(Transfer(kind, giving.address, to, held))


def _to_be_held(current: Call, giver: Member) -> tuple[str, ...]:
    heard = [m for m in current.members if m.state is MemberState.IN_CALL and m != giver]
    customers = [m for m in heard if m.role is Role.CUSTOMER]
    return tuple(m.address for m in customers or heard)


def _talk_apart(current: Call, transfer: Transfer) -> Call:
    ends = (transfer.giver, transfer.taker)
    apart = current.move(MemberState.PRIVATE, lambda m: m.address in ends)
    heard = [m for m in apart.members if m.state is MemberState.IN_CALL]
    late = tuple(m.address for m in heard if m.role is Role.CUSTOMER)
    quiet = apart.move(MemberState.ON_HOLD, lambda m: m.address in late)
    held = tuple(dict.fromkeys((*transfer.held, *late)))
    return quiet.with_transfer(attrs.evolve(transfer, held=held))


def _replace(current: Call, transfer: Transfer) -> Call:
    def meets_taker(member: Member) -> bool:
        waits = member.role is Role.CUSTOMER or member.address in transfer.held
        waits = waits and member.state is MemberState.ON_HOLD
        return waits or member.address == transfer.taker

    alone = current.move(MemberState.LEFT, lambda m: m.address == transfer.giver)
    return alone.move(MemberState.IN_CALL, meets_taker).with_transfer(None)


def _together(current: Call) -> Call:
    away = (MemberState.ON_HOLD, MemberState.PRIVATE)
    return current.move(MemberState.IN_CALL, lambda m: m.state in away).with_transfer(None)
