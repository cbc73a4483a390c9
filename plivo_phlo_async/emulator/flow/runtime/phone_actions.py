"""What people do with their phones in flows: call, text, answer, press, speak and hang up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...calls.members import canonical_address
from ...calls.phlos import PhoneBehaviour
from ...errors import InvalidParameter, InvalidState, MemberNotFound, UnknownResource
from ...http.parameters import ADDRESS_LIMIT, is_unicode
from ..components import IVR_KEYS
from ..engine.events import Answered, Busy, HungUp, Pressed
from ..engine.step import Trigger
from ..engine.values import LegState, Run, Token, WaitKind
from ..phlo import Phlo
from .runner import FlowRunner

__all__ = ["PhoneActions"]

_HEADER = re.compile(r"header[0-9]{1,3}").fullmatch


class PhoneActions:
    """The actions of the phones in flows."""

    def __init__(self, runner: FlowRunner) -> None:
        self._runner = runner

    def call(self, address: str, number: str, headers: Mapping[str, str]) -> Run:
        """Call a number of a flow; returns the run that it starts.

        The SIP headers are variables of `Start.call`, by their names.

        Raises `UnknownResource` if no flow has the number, `InvalidParameter` for an invalid
        address or header.
        """
        _check_address(address)
        for name, value in headers.items():
            if not _HEADER(name) or not isinstance(value, str) or not is_unicode(value):
                raise InvalidParameter(f"headers[{name!r}]: give texts with names as header1.")
        trigger = Trigger("Incoming Call", address, number, headers=dict(headers))
        return self._runner.start(self._flow(number).phlo_id, trigger)

    def text(self, address: str, number: str, message: str) -> Run:
        """Send a message to a number of a flow; returns the run that it starts.

        Raises `UnknownResource` if no flow has the number, `InvalidParameter` for an invalid
        address or message.
        """
        _check_address(address)
        if not is_unicode(message):
            raise InvalidParameter("message: it has a lone surrogate; give Unicode text.")
        trigger = Trigger("Incoming Message", address, number, message)
        return self._runner.start(self._flow(number).phlo_id, trigger)

    def is_in_call(self, address: str) -> bool:
        """Return whether a phone is in a call of a flow."""
        return any(self._legs(address, LegState.UP))

    def answer(self, address: str) -> bool:
        """Answer a phone that a flow rings; returns whether one does.

        Raises `InvalidState` if the phone never answers.
        """
        return self._pick_up(address, Answered)

    def reject(self, address: str) -> bool:
        """Reject the call of a flow; returns whether there is one."""
        return self._pick_up(address, Busy)

    def hang_up(self, address: str) -> bool:
        """Hang up in every call of a flow; returns whether there is one."""
        legs = [*self._legs(address, LegState.UP)]
        for run_id, leg in legs:
            recorded = self._runner.phones.recorded_seconds(self._runner.runs[run_id], leg)
            self._runner.send(run_id, HungUp(0.0, leg, recorded or 0.0))
        return bool(legs)

    def press(self, address: str, keys: str) -> None:
        """Press keys in the latest call of a flow.

        Raises `MemberNotFound` if there is none, `InvalidParameter` for what is no key, and
        `InvalidState` if nothing asks for a key.
        """
        if not keys or set(keys) - set(IVR_KEYS):
            raise InvalidParameter(f"keys: {keys!r} is not made of 0 to 9, * and #.")
        run_id, leg = self._latest(address)
        for number, key in enumerate(keys):
            before = self._runner.runs[run_id]
            recorded = self._runner.phones.ends_recording(before, leg, key)
            self._runner.send(run_id, recorded or Pressed(0.0, leg, key))
            if self._runner.runs[run_id] is before:
                raise InvalidState(_no_key_wanted(before, leg, keys[number:]))

    def speak(self, address: str, seconds: float) -> None:
        """Speak for a recording.

        Raises `MemberNotFound` if the phone is in no call of a flow, `InvalidState` if nothing is
        recorded.
        """
        if not 0 < seconds <= 86_400:
            raise InvalidParameter("seconds: give a number above 0, up to 86400.")
        run_id, leg = self._latest(address)
        run = self._runner.runs[run_id]
        if not self._runner.phones.speak(run, leg, seconds):
            raise InvalidState(self._not_recorded(address, run, leg))

    def _not_recorded(self, address: str, run: Run, leg: str) -> str:
        token = _token_of(run, leg)
        if token is not None and token.wait is not None and token.wait.kind is WaitKind.PROMPT:
            node = self._runner.flows[run.phlo_id].nodes[token.node]
            if node.component == "Record Audio":
                return f"{address} is not being recorded yet: the prompt of {node.name} is playing."
        return f"{address} is not being recorded."

    def _flow(self, number: str) -> Phlo:
        phlo = self._runner.flow_of(number)
        if phlo is None:
            raise UnknownResource("PHLO with the number", number)
        return phlo

    def _pick_up(self, address: str, event: type[Answered] | type[Busy]) -> bool:
        legs = [*self._legs(address, LegState.RINGING)]
        never = self._runner.behaviour(address) is PhoneBehaviour.NEVER
        if legs and never and event is Answered:
            raise InvalidState(f"The phone at {address} never answers.")
        for run_id, leg in legs:
            self._runner.send(run_id, event(0.0, leg))
        return bool(legs)

    def _latest(self, address: str) -> tuple[str, str]:
        legs = [*self._legs(address, LegState.UP)]
        if not legs:
            raise MemberNotFound(f"{address} is in no call of a flow.")
        return legs[-1]

    def _legs(self, address: str, state: LegState) -> Iterator[tuple[str, str]]:
        for run_id, leg in [*self._runner.phones.at(canonical_address(address)).legs]:
            if self._runner.runs[run_id].legs[leg].state is state:
                yield run_id, leg


def _check_address(address: str) -> None:
    named = address.strip().removeprefix("+")
    if not named or len(address) > ADDRESS_LIMIT or not is_unicode(address):
        raise InvalidParameter(f"address: give 1 to {ADDRESS_LIMIT} characters.")


def _token_of(run: Run, leg: str) -> Token | None:
    return next((one for one in run.tokens if one.leg == leg), None)


def _no_key_wanted(run: Run, leg: str, keys: str) -> str:
    token = _token_of(run, leg)
    where = "the call" if token is None else token.node
    return f"{keys!r} was not pressed: {where} asks for no key now."
