"""What a test sees of the runs of flows, and does with its phones."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from .emulated_phones import EmulatedPhones
from .emulator import Emulator

if TYPE_CHECKING:
    from .flow.engine.values import Run
    from .flow.runtime.phones import ReceivedText

__all__ = ["FlowRun", "SimulatedPhone"]

Current = Callable[[], AbstractContextManager[Emulator]]
"""Holds the lock of an emulator."""


class FlowRun:
    """A run of a flow, as it is whenever it is looked at.

    Args:
        current: holds the lock of its emulator.
        run_id: its id.

    Attributes:
        run_id: its id.
    """

    def __init__(self, current: Current, run_id: str) -> None:
        self._current = current
        self.run_id: str = run_id

    def __repr__(self) -> str:
        run = self._run
        state = "waiting" if run.ended is None else run.ended
        return f"<FlowRun {' > '.join(visit.node for visit in run.path)}: {state}>"

    @property
    def _run(self) -> "Run":
        with self._current() as emulator:
            return emulator.flows.find(self.run_id)

    @property
    def path(self) -> list[str]:
        """The names of the visited nodes, from "Start"."""
        return [visit.node for visit in self._run.path]

    @property
    def states(self) -> list[tuple[str, str]]:
        """The nodes and the states that they have reached."""
        return [(reached.node, reached.state) for reached in self._run.states]

    @property
    def outputs(self) -> Mapping[str, Mapping[str, object]]:
        """The variables of each visited node by name."""
        return self._run.outputs

    @property
    def waiting(self) -> list[str]:
        """The names of the nodes at which the run waits."""
        return [token.node for token in self._run.tokens]

    @property
    def ended(self) -> str | None:
        """Why it ended, None while it has not."""
        return self._run.ended

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong without ending it, a line each."""
        return self._run.notes

    @property
    def call_uuids(self) -> list[str]:
        """The ids of its calls."""
        return [*self._run.legs]

    @property
    def message_uuids(self) -> list[str]:
        """The ids of its messages."""
        return [*self._run.messages]

    @property
    def recording_ids(self) -> list[str]:
        """The ids of its recordings."""
        return [recording.recording_id for recording in self._run.recordings]

    def dump(self) -> str:
        """Return the run as JSON text, from which `testing.load_run` repeats it."""
        with self._current() as emulator:
            return json.dumps(emulator.flows.dump_run(self.run_id), indent=1)


class SimulatedPhone:
    """The phone at an address.

    Args:
        current: holds the lock of its emulator.
        address: the address.

    Attributes:
        address: the address.
    """

    def __init__(self, current: Current, address: str) -> None:
        self._current = current
        self.address: str = address

    def __repr__(self) -> str:
        return f"SimulatedPhone({self.address!r})"

    def calls(self, number: str, *, headers: Mapping[str, str] | None = None) -> FlowRun:
        """Call a number of a flow.

        Args:
            number: the number, in any spelling.
            headers: SIP headers of the call of an endpoint by their names below `Start.call`:
                `header1` and so on.

        Returns:
            The run that the call starts.

        Raises:
            ApiError: the phone is in a call, no flow has the number, an argument is invalid, or
                too many runs are live.
        """
        return self._start(lambda phones: phones.call(self.address, number, headers or {}))

    def texts(self, number: str, message: str) -> FlowRun:
        """Send a message to a number of a flow.

        Args:
            number: the number, in any spelling.
            message: the text.

        Returns:
            The run that the message starts.

        Raises:
            ApiError: no flow has the number, an argument is invalid, or too many runs are live.
        """
        return self._start(lambda phones: phones.text(self.address, number, message))

    def presses(self, keys: str) -> None:
        """Press keys, one after the other.

        Args:
            keys: the keys: 0 to 9, `*` and `#`.

        Raises:
            ApiError: one is no key.
            InvalidState: nothing asks for a key.
            MemberNotFound: the phone is in no call of a flow.
        """
        self._act(lambda phones: phones.press(self.address, keys))

    def speaks(self, seconds: float) -> None:
        """Speak for a recording.

        Args:
            seconds: how long.

        Raises:
            InvalidState: the phone is not being recorded, or not yet: its prompt is playing.
            MemberNotFound: it is in no call of a flow.
        """
        self._act(lambda phones: phones.speak(self.address, seconds))

    def answers(self) -> None:
        """Answer; raises `CallError` if the phone does not ring."""
        self._act(lambda phones: phones.answer(self.address))

    def rejects(self) -> None:
        """Reject the call; raises `CallError` if the phone does not ring."""
        self._act(lambda phones: phones.reject(self.address))

    def hangs_up(self) -> None:
        """Hang up; raises `CallError` if the phone is in no call."""
        self._act(lambda phones: phones.hang_up(self.address))

    def hears(self, text: str) -> None:
        """Check that the last prompt that the phone has heard has a text in it.

        Args:
            text: a part of the prompt, as rendered.

        Raises:
            AssertionError: it has not; the message has what was heard, and where the runs of the
                phone are.
        """
        __tracebackhide__ = True
        heard = self.heard
        if not heard or text not in heard[-1]:
            raise AssertionError("\n".join(self._explain(text, heard)))

    def _explain(self, text: str, heard: list[str]) -> list[str]:
        last = [f"  {number}. {prompt}" for number, prompt in enumerate(heard, 1)][-5:]
        lines = [f"{self.address} did not hear {text!r} last.", "It heard:", *last]
        if not heard:
            lines = [f"{self.address} did not hear {text!r}; it has heard nothing."]
        with self._current() as emulator:
            return [*lines, *emulator.flows.explain_runs(self.address)]

    @property
    def heard(self) -> list[str]:
        """The prompts that it has heard, as rendered, oldest first."""
        with self._current() as emulator:
            return [*emulator.flows.runner.phones.at(self.address).heard]

    @property
    def received(self) -> "list[ReceivedText]":
        """The messages that it has received, oldest first."""
        with self._current() as emulator:
            return [*emulator.flows.runner.phones.at(self.address).received]

    def _start(self, act: Callable[[EmulatedPhones], str]) -> FlowRun:
        with self._current() as emulator:
            run_id = act(EmulatedPhones(emulator.switchboard, emulator.flows))
        return FlowRun(self._current, run_id)

    def _act(self, act: Callable[[EmulatedPhones], None]) -> None:
        with self._current() as emulator:
            act(EmulatedPhones(emulator.switchboard, emulator.flows))
