"""Runs scenarios in an emulator of their own, in process."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol
from urllib.parse import parse_qsl

import attrs

from ...calls.phlos import Phone
from ...errors import ApiError, CallError
from ..phlo import Phlo
from ..runtime.fetches import FetchedRequest
from .stubs import stub_of
from .values import (
    Scenario,
    ScenarioResult,
    ScenarioStep,
    find_differences,
    position_text,
)

__all__ = ["PlayedPhone", "PlayedRun", "ScenarioEmulator", "ScenarioPlay"]

_EVERY_REQUEST = "* *"


class PlayedRun(Protocol):
    """A run of a flow."""

    @property
    def path(self) -> list[str]:
        """The names of the visited nodes."""

    @property
    def states(self) -> list[tuple[str, str]]:
        """The nodes and the states that they have reached."""

    @property
    def waiting(self) -> list[str]:
        """The names of the nodes at which it waits."""

    @property
    def ended(self) -> str | None:
        """Why it ended, None if it has not."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong without ending it."""


class PlayedPhone(Protocol):
    """A phone of an emulator."""

    @property
    def heard(self) -> list[str]:
        """The prompts that it has heard."""

    def calls(self, number: str) -> PlayedRun:
        """Call a number."""

    def texts(self, number: str, message: str) -> PlayedRun:
        """Text a number."""

    def presses(self, keys: str) -> None:
        """Press keys."""

    def speaks(self, seconds: float) -> None:
        """Speak for a recording."""

    def answers(self) -> None:
        """Answer."""

    def rejects(self) -> None:
        """Reject the call."""

    def hangs_up(self) -> None:
        """Hang up."""


class ScenarioEmulator(Protocol):
    """What a scenario needs of an emulator; `PhloEmulator` has it."""

    @property
    def fetched(self) -> list[FetchedRequest]:
        """The requests of HTTP Request nodes."""

    @property
    def unused_stubs(self) -> list[str]:
        """The answers that no request has used."""

    def load_flow(self, source: Phlo, *, http: Mapping[str, object] | None = None) -> Phlo:
        """Load a flow with answers to its requests."""

    def run(self, phlo_id: str, /, **params: object) -> PlayedRun:
        """Start a run by API request."""

    def phone(self, address: str) -> PlayedPhone:
        """Return a phone."""

    def set_phone(self, address: str, behaviour: Phone) -> None:
        """Set what a phone does."""

    @property
    def texted(self) -> list[str]:
        """The phones that have received texts."""

    def texts(self, address: str) -> list[str]:
        """Return the texts that a phone has received."""

    def explain_runs(self) -> str:
        """Return a text about the runs."""


class ScenarioPlay:
    """Plays one scenario.

    Args:
        scenario: the scenario.
        phlo: the flow.
        emulator: a new emulator, whose clock stands still.
        advance: moves its clock, by seconds.
        settle: sends the HTTP requests that wait, and returns when they are answered.
    """

    def __init__(
        self,
        scenario: Scenario,
        phlo: Phlo,
        emulator: ScenarioEmulator,
        advance: Callable[[float], None],
        settle: Callable[[], None],
    ) -> None:
        self._scenario = scenario
        self._phlo = phlo
        self._emulator = emulator
        self._advance = advance
        self._sends = "pass" in scenario.http.values()
        self._settle_requests = settle

    def result(self, elapsed: Callable[[], float] = lambda: 0.0) -> ScenarioResult:
        """Run the scenario, and return what came of it.

        Args:
            elapsed: returns the seconds that have passed since it began.
        """
        return attrs.evolve(self._result(), seconds=elapsed())

    def _result(self) -> ScenarioResult:
        scenario, emulator = self._scenario, self._emulator
        stubs = {name: stub_of(answer) for name, answer in scenario.http.items()}
        stubs.setdefault(_EVERY_REQUEST, ConnectionRefusedError("the scenario has no answer"))
        emulator.load_flow(self._phlo, http=stubs)
        for address, phone in scenario.phones.items():
            emulator.set_phone(address, phone)
        try:
            run = self._start()
        except (ApiError, CallError) as error:
            return ScenarioResult(scenario, failures=(f"{scenario.position()}: {error.reason}",))
        self._settle()
        failures = [*self._take_steps(), *self._request_failures()]
        got = self._got(run)
        return ScenarioResult(
            scenario,
            find_differences(scenario.expected, got),
            tuple(failures),
            got,
            tuple(emulator.explain_runs().splitlines()),
        )

    def _start(self) -> PlayedRun:
        trigger = self._scenario.trigger
        if trigger.kind == "run":
            return self._emulator.run(self._phlo.phlo_id, **trigger.params)
        phone, number = self._emulator.phone(trigger.caller), self._number(trigger.number)
        if trigger.kind == "call":
            return phone.calls(number)
        return phone.texts(number, trigger.message)

    def _number(self, number: str) -> str:
        return number or next(iter(self._phlo.numbers), "")

    def _settle(self) -> None:
        if self._sends:
            self._settle_requests()

    # Steps

    def _take_steps(self) -> list[str]:
        """Take the steps up to the first that fails; return its failure."""
        for step in self._scenario.steps:
            try:
                failure = self._take(step)
            except (ApiError, CallError) as error:
                failure = error.reason
            if failure:
                return [f"{position_text(self._scenario.source, step.position)}: {failure}"]
            self._settle()
        return []

    def _take(self, step: ScenarioStep) -> str | None:
        """Take a step; returns what is wrong, None if nothing is."""
        if step.does == "wait":
            self._advance(step.seconds)
            _ = self._emulator.fetched  # looking at the emulator lets happen what is due
            return None
        phone = self._emulator.phone(step.address)
        match step.does:
            case "hears":
                return _unheard(step, phone.heard)
            case "presses":
                phone.presses(step.text)
            case "speaks":
                phone.speaks(step.seconds)
            case "texts":
                phone.texts(self._number(step.number), step.text)
            case "answers":
                phone.answers()
            case "rejects":
                phone.rejects()
            case "hangs_up":
                phone.hangs_up()
        return None

    # What happened

    def _request_failures(self) -> list[str]:
        """Return the requests without an answer, and the answers without a request."""
        where, answers = self._scenario.position(), self._scenario.http
        lines = dict.fromkeys(f"{one.method} {one.url}" for one in self._emulator.fetched)
        unanswered = [
            f"{where}: http has no answer for {line}; add `{json.dumps(line)}: 200`."
            for line in lines
            if not any(line == name or fnmatch.fnmatchcase(line, name) for name in answers)
        ]
        unused = [name for name in self._emulator.unused_stubs if name in answers]
        return [*unanswered, *(f"{where}: no request used http {name!r}." for name in unused)]

    def _got(self, run: PlayedRun) -> dict[str, object]:
        addresses = self._scenario.expected.get("texts", self._emulator.texted)
        assert isinstance(addresses, Iterable)
        return {
            "path": run.path,
            "states": [{node: state} for node, state in run.states],
            "texts": {address: self._emulator.texts(address) for address in addresses},
            "ended": run.ended or "",
            "waiting": run.waiting,
            "fetched": [_fetched(one) for one in self._emulator.fetched],
            "notes": [*run.notes],
        }


def _unheard(step: ScenarioStep, heard: Sequence[str]) -> str | None:
    if heard and step.text in heard[-1]:
        return None
    if not heard:
        return f"{step.address} did not hear {step.text!r}; it has heard nothing."
    return f"{step.address} did not hear {step.text!r}; it heard {heard[-1]!r} last."


def _fetched(request: FetchedRequest) -> object:
    """Return a request as `expect` has it: METHOD URL, and the body where there is one."""
    line = f"{request.method} {request.url}"
    return {line: _body(request.body)} if request.body else line


def _body(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return dict(parse_qsl(text, keep_blank_values=True))
