"""Scenarios are played: steps, the time, requests and their answers, what is expected."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from plivo_phlo_async.emulator.flow.reader import read_phlo_text
from plivo_phlo_async.emulator.flow.scenario.values import ExpectDifference

from . import playing
from .playing import called, play


def test_a_scenario_passes_when_everything_happens_as_expected() -> None:
    result = called("""\
http: {"POST http://127.0.0.1:9/orders": {name: Ann}}
steps:
  - wait: 5
  - hears: Press 1
  - presses: 1
  - hears: Hello Ann.
expect:
  path: [Start, Menu, Menu, Look_up, Say]
  states: [{Start: Incoming Call}, {Menu: No Input}, {Menu: 1}, {Look_up: Success},
    {Say: Prompt Completed}]
  ended: "* with Prompt Completed"
  waiting: []
  fetched: [{"POST http://127.0.0.1:9/*": {phone: 12025550000}}]
  notes: []
""")

    assert result.passed, result
    assert result.failures == ()
    assert result.differences == ()


def test_a_difference_has_what_was_expected_and_what_happened() -> None:
    result = called("expect: {path: [Start, Say], waiting: Menu}")

    assert not result.passed
    assert result.differences == (ExpectDifference("path", ["Start", "Say"], ["Start", "Menu"]),)


def test_the_first_step_that_fails_ends_the_scenario() -> None:
    result = called("steps: [{hears: Hello}, {presses: 2}]")

    assert result.failures == (
        "shop.scenario.yaml:3:10: 12025550000 did not hear 'Hello'; it heard 'Press 1 or 2.' last.",
    )
    assert result.got["waiting"] == ["Menu"]


@pytest.mark.parametrize(
    ("steps", "failure"),
    [
        ("[{12025550001: {hears: x}}]", "12025550001 did not hear 'x'; it has heard nothing."),
        ("[{speaks: 1}]", "12025550000 is not being recorded."),
        ("[{12025550001: {presses: 1}}]", "12025550001 is in no call of a flow."),
        ("[{12025550001: answers}]", "12025550001 "),
    ],
)
def test_a_step_that_is_not_possible_fails_with_the_reason(steps: str, failure: str) -> None:
    (found,) = called(f"steps: {steps}").failures

    assert failure in found


def test_the_last_prompt_is_the_one_that_counts() -> None:
    (failure,) = called("steps: [presses: 2, hears: Press 1]").failures

    assert "12025550000 did not hear 'Press 1'; it heard 'Speak.' last." in failure


def test_a_payload_may_have_any_key() -> None:
    (result,) = play("name: A\nrun: {to: 12025550001, phlo_id: 1, self: 2}")

    assert result.got["path"] == ["Start", "Ring"]


def test_phones_do_what_a_scenario_says() -> None:
    ringing, answering, never = play("""\
scenarios:
  - {name: A, run: {to: 12025550001}, phones: {12025550001: ring}, steps: [12025550001: rejects],
     expect: {states: [Start: API Request, Ring: Busy/Rejected]}}
  - {name: B, run: {to: 12025550001}, phones: {12025550001: ring}, steps: [12025550001: answers],
     expect: {states: [Start: API Request, Ring: Answered]}}
  - {name: C, run: {to: 12025550001}, phones: {12025550001: {does: answer, after: 3}},
     steps: [wait: 2], expect: {waiting: Ring}}
""")

    assert (ringing.differences, answering.differences, never.differences) == ((), (), ())


def test_messages_start_runs_and_are_received() -> None:
    (result,) = play("""\
name: A
text: {from: 12025550000, message: Hello}
steps: [texts: {message: Again}, 12025550001: {texts: {message: Hi}}]
expect: {path: [Start, Reply], texts: {+12025550000: [Hi., Hi.], 12025550001: [Hi.]}}
""")

    assert result.passed, result


def test_a_caller_who_hangs_up_leaves_the_message() -> None:
    result = called("""\
steps: [presses: 2, speaks: 3, hangs_up]
expect: {path: [Start, Menu, Message, Text], texts: {12025550143: [12025550000 spoke.]}}
""")

    assert result.passed, result


def test_a_request_without_an_answer_fails_the_scenario() -> None:
    (failure,) = called("steps: [presses: 1]").failures

    assert failure == (
        "shop.scenario.yaml:1:7: http has no answer for POST http://127.0.0.1:9/orders;"
        ' add `"POST http://127.0.0.1:9/orders": 200`.'
    )


def test_an_answer_that_no_request_uses_fails_the_scenario() -> None:
    (failure,) = called('http: {"GET http://a": 200}').failures

    assert failure == "shop.scenario.yaml:1:7: no request used http 'GET http://a'."


def test_a_server_that_is_down_is_a_refused_connection() -> None:
    result = called("""\
http: {"* *": refused}
steps: [presses: 1]
expect: {path: [Start, Menu, Look_up, Say], notes: ["*refused*"]}
""")

    assert result.passed, result


def test_a_start_that_the_emulator_refuses_is_a_failure() -> None:
    (result,) = play("name: A\nrun: {to: ''}\nexpect: {ended: '*'}")

    assert result.got["path"] == ["Start", "Ring"]


class _Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"name": "Bob"}')

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_pass_sends_a_request_to_this_machine(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = playing.FLOW.replace("127.0.0.1:9/", f"127.0.0.1:{port}/")
    monkeypatch.setattr(playing, "PHLO", read_phlo_text(flow))
    result = called("""\
http: {"POST http://127.0.0.1:*": pass}
steps: [presses: 1, hears: Hello Bob.]
expect: {path: [Start, Menu, Look_up, Say]}
""")

    assert result.passed, result
