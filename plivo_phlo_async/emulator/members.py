"""Who is in a multi-party call, as values: members, the transfer under way, the call itself."""

from collections.abc import Callable
from enum import StrEnum

import attrs

from .refusals import NotHere, NotNow


class MemberState(StrEnum):
    """Where a member of a call is."""

    RINGING = "ringing"
    IN_CALL = "in_call"
    ON_HOLD = "on_hold"
    PRIVATE = "private"
    VOICEMAIL = "voicemail"
    LEFT = "left"


class Role(StrEnum):
    """What a member is to the call."""

    AGENT = "agent"
    CUSTOMER = "customer"


class TransferKind(StrEnum):
    """Warm: the two agents talk apart first. Cold: the giver leaves when the taker answers."""

    WARM = "warm"
    COLD = "cold"


def line_of(address: str) -> str:
    """Return what two spellings of one address share: all but one leading `+` (assumed)."""
    return address.removeprefix("+")


@attrs.frozen
class Member:
    """One party of a call: its `address` as first given, `role`, `state` and whether `muted`.

    `line` is what all spellings of the address share.
    """

    address: str
    role: Role
    state: MemberState
    muted: bool = False
    line: str = attrs.field(init=False, repr=False, eq=False)

    @line.default
    def _line(self) -> str:
        return line_of(self.address)

    @property
    def live(self) -> bool:
        """Whether the member has not left; a ringing phone is live."""
        return self.state is not MemberState.LEFT


@attrs.frozen
class Transfer:
    """A transfer under way from `giver` to `taker`; `held` are those put on hold for it."""

    kind: TransferKind
    giver: str
    taker: str
    held: tuple[str, ...] = ()


@attrs.frozen
class Call:
    """A multi-party call: its members in the order they came, and the transfer, if any."""

    members: tuple[Member, ...] = ()
    transfer: Transfer | None = None

    @property
    def ended(self) -> bool:
        """Whether no member is live; a call nobody has opened counts as ended."""
        return not any(member.live for member in self.members)

    @property
    def talking_apart(self) -> bool:
        """Whether the two ends of a warm transfer are talking privately."""
        return any(member.state is MemberState.PRIVATE for member in self.members)

    def find(self, address: str) -> Member | None:
        """Return the member at `address`, even one that has left, or None."""
        line = line_of(address)
        return next((m for m in self.members if m.line == line), None)

    def live(self, address: str) -> Member:
        """Return the live member at `address`.

        Raises `NotHere` for an unknown member and for one that has left.
        """
        member = self.find(address)
        if member is None or not member.live:
            raise NotHere
        return member

    def seat(self, newcomer: Member) -> "Call":
        """Return the call with `newcomer` in it, in the place of whoever had that address."""
        if self.find(newcomer.address) is None:
            return attrs.evolve(self, members=(*self.members, newcomer))
        line = newcomer.line
        seats = tuple(newcomer if m.line == line else m for m in self.members)
        return attrs.evolve(self, members=seats)

    def ring(self, to: str, role: Role) -> "Call":
        """Return the call with `to` ringing; `NotNow` when it is live already (assumed)."""
        known = self.find(to)
        if known is not None and known.live:
            raise NotNow
        return self.seat(Member(to, role, MemberState.RINGING))

    def move(self, state: MemberState, chosen: Callable[[Member], bool]) -> "Call":
        """Return the call with every `chosen` member in `state`."""
        seats = tuple(attrs.evolve(m, state=state) if chosen(m) else m for m in self.members)
        return attrs.evolve(self, members=seats)

    def with_transfer(self, transfer: Transfer | None) -> "Call":
        """Return the call with `transfer` as the one under way; None ends it."""
        return attrs.evolve(self, transfer=transfer)
