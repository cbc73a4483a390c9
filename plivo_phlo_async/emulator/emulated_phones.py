"""What people do with their phones, in the calls of flows and in all others."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .calls.members import MemberState
from .calls.switchboard import Switchboard
from .errors import InvalidState, MemberNotFound, PhoneBusy
from .flow_support import FlowSupport

if TYPE_CHECKING:
    from .flow.runtime.phone_actions import PhoneActions

__all__ = ["EmulatedPhones"]


class EmulatedPhones:
    """The phones of an emulator; it is used while the emulator's lock is held.

    Args:
        switchboard: the live calls.
        flows: the flows and their runs.
    """

    def __init__(self, switchboard: Switchboard, flows: FlowSupport) -> None:
        self._switchboard = switchboard
        self._flows = flows

    @property
    def _flow_phones(self) -> "PhoneActions":
        if not self._flows.loaded:
            raise InvalidState(
                "No flow is loaded; start the emulator with --flow FILE, or call load_flow."
            )
        return self._flows.phones

    def call(self, address: str, number: str, headers: Mapping[str, str]) -> str:
        """Call a number of a flow, with SIP headers; returns the id of the run.

        Raises `ApiError` if the phone is in a call, no flow has the number, an argument is
        invalid, or too many runs are live.
        """
        phones, member = self._flow_phones, self._switchboard.member(address)
        is_member = member is not None and member.state is not MemberState.RINGING
        if is_member or phones.is_in_call(address):
            raise PhoneBusy(address)
        return phones.call(address, number, headers).run_id

    def text(self, address: str, number: str, message: str) -> str:
        """Send a message to a number of a flow; returns the id of the run.

        Raises `ApiError` if no flow has the number, an argument is invalid, or too many runs are
        live.
        """
        return self._flow_phones.text(address, number, message).run_id

    def press(self, address: str, keys: str) -> None:
        """Press keys in a call of a flow; raises `CallError` if nothing asks for one."""
        self._flow_phones.press(address, keys)

    def speak(self, address: str, seconds: float) -> None:
        """Speak for a recording; raises `CallError` if there is none."""
        self._flow_phones.speak(address, seconds)

    def answer(self, address: str, call_id: str | None = None) -> None:
        """Answer a phone wherever it rings; raises `CallError` if it does nowhere."""
        of_flow = call_id is None and self._flows.loaded and self._flows.phones.answer(address)
        self._everywhere(of_flow, self._switchboard.answer, address, call_id)

    def reject(self, address: str, call_id: str | None = None) -> None:
        """Reject the call at a phone wherever it rings; raises `CallError` if it does nowhere."""
        of_flow = call_id is None and self._flows.loaded and self._flows.phones.reject(address)
        self._everywhere(of_flow, self._switchboard.reject, address, call_id)

    def hang_up(self, address: str, call_id: str | None = None) -> None:
        """Hang up in every call; raises `CallError` if the phone is in none."""
        of_flow = call_id is None and self._flows.loaded and self._flows.phones.hang_up(address)
        self._everywhere(of_flow, self._switchboard.hang_up, address, call_id)

    def _everywhere(
        self,
        of_flow: bool,
        act: Callable[[str, str | None], None],
        address: str,
        call_id: str | None,
    ) -> None:
        try:
            act(address, call_id)
        except MemberNotFound:
            if not of_flow:
                raise
