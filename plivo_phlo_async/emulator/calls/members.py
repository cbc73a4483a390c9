"""Who is in a multi-party call, as values: members, the transfer under way, the call itself."""

from collections.abc import Callable
from enum import StrEnum

import attrs

from ..errors import NotHere, NotNow


class MemberState(StrEnum):
    """Where a member of a call is.

    `PRIVATE` is talking apart, with the other end of a warm transfer; `VOICEMAIL` is a machine that
    has picked up.
    """

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
    """One party of a call.

    Attributes:
        address: its number or its endpoint, as first spelled.
        role: what it is to the call.
        state: where it is.
        muted: whether it is muted.
        line: what all spellings of the address share.
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
    """A transfer under way.

    Attributes:
        kind: whether the two ends talk apart first.
        giver: the address of who hands the call over.
        taker: the address of who is to have it.
        held: the addresses of those put on hold for it.
    """

    kind: TransferKind
    giver: str
    taker: str
    held: tuple[str, ...] = ()


@attrs.frozen
class Call:
    """A multi-party call.

    Attributes:
        members: all who are in it, or were, in the order they came.
        transfer: the transfer under way, None for none.
    """

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
        """Return a member, even one that has left.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The member, None when there was never one.
        """
        line = line_of(address)
        return next((m for m in self.members if m.line == line), None)

    def live(self, address: str) -> Member:
        """Return a live member.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The member.

        Raises:
            NotHere: there was never one, or it has left.
        """
        member = self.find(address)
        if member is None or not member.live:
            raise NotHere
        return member

    def seat(self, newcomer: Member) -> "Call":
        """Return the call with one more member, or another in the place of a former one.

        Args:
            newcomer: the member; it takes the place of whoever has its address.
        """
        if self.find(newcomer.address) is None:
            return attrs.evolve(self, members=(*self.members, newcomer))
        line = newcomer.line
        seats = tuple(newcomer if m.line == line else m for m in self.members)
        return attrs.evolve(self, members=seats)

    def ring(self, to: str, role: Role) -> "Call":
        """Return the call with one more phone ringing.

        Args:
            to: the phone's address.
            role: what it is to the call.

        Raises:
            NotNow: it is live already (assumed).
        """
        known = self.find(to)
        if known is not None and known.live:
            raise NotNow
        return self.seat(Member(to, role, MemberState.RINGING))

    def move(self, state: MemberState, chosen: Callable[[Member], bool]) -> "Call":
        """Return the call with some of its members elsewhere.

        Args:
            state: where they are.
            chosen: whether a member is one of them.
        """
        seats = tuple(attrs.evolve(m, state=state) if chosen(m) else m for m in self.members)
        return attrs.evolve(self, members=seats)

    def with_transfer(self, transfer: Transfer | None) -> "Call":
        """Return the call with another transfer under way.

        Args:
            transfer: the transfer, None for none.
        """
        return attrs.evolve(self, transfer=transfer)
