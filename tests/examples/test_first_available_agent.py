"""The hunt in virtual time, with the 15 seconds of the example; and the program over sockets."""

from __future__ import annotations

import runpy
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
from trio.testing import MockClock

from plivo_phlo_async import MultiPartyCall
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, Callback, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.testing import emulated_client
from plivo_phlo_async.webhooks import MultiPartyCallEvent, WebhookApp

PROGRAM = Path(__file__).parents[2] / "examples" / "first_available_agent.py"
Meanwhile = Callable[[], Coroutine[Any, Any, Any]]
OPERATOR, CUSTOMER = "12025550100", "12025550199"
AGENTS = [f"1202555011{number}" for number in range(5)]


class Hunt:
    """A hunt in virtual time.

    Attributes:
        emulator: the emulator; its phones ring until they are hung up.
        agent: who took the call.
        seconds: how long the hunt took.
    """

    def __init__(self) -> None:
        self.emulator = PhloEmulator(phones=dict.fromkeys(AGENTS, "ring"))
        self.agent: str | None = None
        self.seconds = 0.0

    def run(self, meanwhile: Meanwhile = anyio.lowlevel.checkpoint) -> None:
        """Call the customer and hunt; other things may happen `meanwhile`."""
        clock = MockClock(autojump_threshold=0)
        anyio.run(self._run, meanwhile, backend="trio", backend_options={"clock": clock})

    async def _run(self, meanwhile: Meanwhile) -> None:
        program = runpy.run_path(str(PROGRAM), run_name="example")
        token = self.emulator.auth_token
        app = WebhookApp(program["on_event"], token, component=MultiPartyCallEvent)
        self.emulator.set_callback(Callback("https://example.com/plivo", app=app))
        async with emulated_client(self.emulator) as client, anyio.create_task_group() as group:
            mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
            await mpc.call(OPERATOR, CUSTOMER, role="customer")
            await self.emulator.delivered()
            group.start_soon(meanwhile)
            await self._hunt(program, mpc)

    async def _hunt(self, program: dict[str, Any], mpc: MultiPartyCall) -> None:
        began = anyio.current_time()
        self.agent = await program["hunt"](mpc, OPERATOR, CUSTOMER, AGENTS)
        self.seconds = anyio.current_time() - began

    async def hang_up_after(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        self.emulator.hang_up(CUSTOMER)
        await self.emulator.delivered()

    @property
    def states(self) -> dict[str, str]:
        (call,) = self.emulator.calls.values()
        return {member.address: str(member.state) for member in call.members if member.live}


def test_the_first_agent_who_answers_is_joined_with_both() -> None:
    hunt = Hunt()
    hunt.emulator.set_phone(AGENTS[0], "answer")
    hunt.run()

    assert hunt.agent == AGENTS[0]
    assert hunt.seconds == 0
    assert hunt.states == dict.fromkeys([OPERATOR, CUSTOMER, AGENTS[0]], "in_call")
    assert hunt.emulator.dialled == {CUSTOMER: 1, AGENTS[0]: 1}


def test_the_third_is_tried_after_two_have_rung_out() -> None:
    hunt = Hunt()
    hunt.emulator.set_phone(AGENTS[2], "answer")
    hunt.run()

    assert hunt.agent == AGENTS[2]
    assert hunt.seconds == 30
    assert hunt.states == dict.fromkeys([OPERATOR, CUSTOMER, AGENTS[2]], "in_call")
    assert hunt.emulator.dialled == {CUSTOMER: 1, **dict.fromkeys(AGENTS[:3], 1)}


def test_when_none_answers_the_operator_is_back_with_the_customer() -> None:
    hunt = Hunt()
    hunt.run()

    assert hunt.agent is None
    assert hunt.seconds == 75
    assert hunt.states == dict.fromkeys([OPERATOR, CUSTOMER], "in_call")
    assert hunt.emulator.dialled == {CUSTOMER: 1, **dict.fromkeys(AGENTS, 1)}


def test_a_customer_who_hangs_up_ends_the_hunt_at_once() -> None:
    hunt = Hunt()
    hunt.run(lambda: hunt.hang_up_after(20))

    assert hunt.agent is None
    assert hunt.seconds == 20
    assert hunt.states == {OPERATOR: "in_call"}
    assert hunt.emulator.dialled == {CUSTOMER: 1, **dict.fromkeys(AGENTS[:2], 1)}


def test_a_phone_that_cannot_be_dialled_is_passed_over() -> None:
    hunt = Hunt()
    hunt.emulator.fail_next("soft_error", address=AGENTS[0])
    hunt.emulator.set_phone(AGENTS[1], "answer")
    hunt.run()

    assert hunt.agent == AGENTS[1]
    assert hunt.seconds == 0


def test_a_phone_that_may_be_ringing_is_waited_for_and_not_dialled_again() -> None:
    hunt = Hunt()
    hunt.emulator.fail_next("close_after", address=AGENTS[0])
    hunt.emulator.set_phone(AGENTS[0], "answer")
    hunt.run()

    assert hunt.agent == AGENTS[0]
    assert hunt.emulator.dialled == {CUSTOMER: 1, AGENTS[0]: 1}


@pytest.mark.parametrize(("phone", "ring_seconds", "code"), [("answer", "60", 0), ("ring", "0", 1)])
def test_the_program_receives_the_events_itself(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    phone: str,
    ring_seconds: str,
    code: int,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    emulator = PhloEmulator(callback=f"http://127.0.0.1:{port}/", phones={AGENTS[0]: phone})
    with EmulatorServer(emulator) as server:
        for name, value in (server.env | {"PORT": str(port), "RING_SECONDS": ring_seconds}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", [PROGRAM.name, OPERATOR, CUSTOMER, AGENTS[0]])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(PROGRAM), run_name="__main__")

    assert ended.value.code == code
    assert ("No agent" in capsys.readouterr().out) is (code == 1)
