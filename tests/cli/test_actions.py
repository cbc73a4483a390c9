"""One command for each action: data to stdout, the rest to stderr, and a documented exit code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from plivo_phlo_async.emulator import DEMO_BRIDGE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.faults.rules import parse_rule

from .conftest import Run

ANN, SUE, CARL = "12025550101", "12025550102", "12025550199"


def _states(emulator: PhloEmulator) -> dict[str, str]:
    calls: Any = emulator.state()["calls"]
    return {member["address"]: member["state"] for call in calls for member in call["members"]}


def test_the_verbs_make_a_call(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    seen = []
    for command in (
        ("call", ANN, CARL, "--role", "customer"),
        ("hold", CARL),
        ("unhold", CARL),
        ("warm-transfer", ANN, SUE),
        ("abort-transfer", ANN),
        ("warm-transfer", ANN, SUE),
        ("resume-call", ANN),
        ("mute", CARL),
        ("unmute", CARL),
        ("hangup", SUE),
        ("cold-transfer", ANN, SUE),
    ):
        code, out, err = plivo_phlo(*command)
        assert (code, err) == (0, "")
        assert ": accepted in " in out
        seen.append([state for state in _states(emulator).values() if state != "left"])

    assert seen == [
        ["in_call", "in_call"],
        ["in_call", "on_hold"],
        ["in_call", "in_call"],
        ["consulting", "on_hold", "consulting"],
        ["in_call", "in_call"],
        ["consulting", "on_hold", "consulting"],
        ["in_call", "in_call", "in_call"],
        ["in_call", "in_call", "in_call"],
        ["in_call", "in_call", "in_call"],
        ["in_call", "in_call"],
        ["in_call", "in_call"],
    ]


@pytest.mark.parametrize("command", ["mute", "unmute", "hangup"])
def test_a_member_of_a_conference_bridge_is_named_by_the_nodes_type(
    plivo_phlo: Run, emulator: PhloEmulator, command: str
) -> None:
    emulator.join(DEMO_PHLO_ID, DEMO_BRIDGE_ID, CARL)
    at = ("--node", DEMO_BRIDGE_ID, "--node-type", "conference_bridge")
    code, _, err = plivo_phlo(command, CARL, *at)

    assert (code, err) == (0, "")
    assert f"/conference_bridge/{DEMO_BRIDGE_ID}/members/" in emulator.received[-1].path


def test_voicemail_drop(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    emulator.set_phone(CARL, "voicemail")
    plivo_phlo("call", ANN, CARL)
    code, out, _ = plivo_phlo("voicemail-drop", CARL)

    assert (code, _states(emulator)[CARL]) == (0, "left")
    assert out.startswith("voicemail_drop …0199: accepted in ")


def test_json_has_the_action_and_its_result(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, err = plivo_phlo("call", ANN, CARL, "--json")
    printed = json.loads(out)

    assert code == 0
    assert err == ""
    assert printed["ok"]
    assert (printed["action"]["verb"], printed["action"]["to"]) == ("call", CARL)
    assert (printed["result"]["status_code"], printed["result"]["error"]) == (201, "")


def test_json_has_an_error_too(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, err = plivo_phlo("hold", CARL, "--json")
    printed = json.loads(out)

    assert code == 1
    assert not printed["ok"]
    assert printed["error"]["type"] == "NotFoundError"
    assert printed["error"]["status_code"] == 404
    assert not printed["error"]["may_have_happened"]
    assert err.startswith("hold …0199: 404 Not Found: ")


def test_an_answer_that_broke_off_is_printed_as_accepted(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    emulator.add_fault(parse_rule("call:cut_body x1"))
    code, out, _ = plivo_phlo("call", ANN, CARL)

    assert code == 0
    assert out.endswith(" s; the response body was lost\n")


def test_more_than_one_attempt_is_printed(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    emulator.add_fault(parse_rule("call:429=0 x1"))
    code, out, _ = plivo_phlo("call", ANN, CARL)

    assert code == 0
    assert out.endswith(", 2 attempts)\n")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["hold"], "Missing argument 'MEMBER'"),
        (["hold", CARL], "Missing option '--phlo' (env var: 'PLIVO_PHLO_ID')"),
        (["hold", "", "--phlo", "p", "--node", "n"], "member_address: it is empty"),
        (["call", ANN, CARL, "--role", "boss", "--phlo", "p", "--node", "n"], "'boss' is not one"),
        (["run", "name", "--phlo", "p"], "'name' is not KEY=VALUE"),
        (["run", "--payload", "{", "--phlo", "p"], "--payload is not JSON"),
        (["run", "--payload", "[1]", "--phlo", "p"], "--payload is not a JSON object"),
        (["hold", CARL, "--timeout", "0", "--phlo", "p", "--node", "n"], "timeout"),
        (["dance"], "No such command 'dance'"),
        (["emulate", "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(plivo_phlo: Run, argv: list[str], message: str) -> None:
    code, out, err = plivo_phlo(*argv)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize("options", [[], ["--base-url", "phlorunner"]])
def test_without_credentials_it_is_one_line_and_exit_3(plivo_phlo: Run, options: list[str]) -> None:
    code, out, err = plivo_phlo("hold", CARL, "--phlo", "p", "--node", "n", *options)

    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "`plivo-phlo demo` needs no account" in err


@pytest.mark.parametrize(
    ("argv", "environ", "says"),
    [
        (["--auth-id", "MA1"], {}, "--auth-id is malformed: an Auth ID is MA or SA"),
        ([], {"PLIVO_AUTH_ID": "MA1"}, "PLIVO_AUTH_ID is malformed: an Auth ID is MA or SA"),
        (
            [],
            {"PLIVO_AUTH_ID": ""},
            "set the environment variable PLIVO_AUTH_ID, or pass --auth-id",
        ),
        ([], {"PLIVO_AUTH_TOKEN": ""}, "set the environment variable PLIVO_AUTH_TOKEN. `plivo"),
        ([], {"PLIVO_AUTH_TOKEN": "a\n"}, "PLIVO_AUTH_TOKEN is malformed: it holds a line end"),
        (["--base-url", "x"], {}, "--base-url must begin with https://"),
        ([], {"PLIVO_PHLO_BASE_URL": "x"}, "PLIVO_PHLO_BASE_URL must begin with https://"),
        (["--phlo", ".."], {}, "--phlo: '..' is not an id or address."),
        ([], {"PLIVO_PHLO_ID": ".."}, "PLIVO_PHLO_ID: '..' is not an id or address."),
        ([], {"PLIVO_NODE_ID": ".."}, "PLIVO_NODE_ID: '..' is not an id or address."),
    ],
)
def test_an_error_names_the_option_or_the_variable_that_a_value_is_from(
    plivo_phlo: Run,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
    environ: dict[str, str],
    says: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, out, err = plivo_phlo("hold", CARL, *argv)

    assert code in {2, 3}
    assert out == ""
    assert emulator.requests == 0
    assert says in err


def test_a_token_is_not_printed_even_where_it_is_malformed(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "to-be-hidden\n")
    printed = [plivo_phlo(*argv) for argv in (["hold", CARL], ["doctor"], ["show", "--json"])]

    assert not any("to-be-hidden" in out + err for _, out, err in printed)


def test_wrong_credentials_are_exit_3(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "wrong")
    code, _, err = plivo_phlo("hold", CARL)

    assert (code, err.count("\n")) == (3, 1)
    assert "Check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN" in err


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes the request and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_no_network_is_exit_4(plivo_phlo: Run, emulator: PhloEmulator, silent_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    code, _, err = plivo_phlo("call", ANN, CARL, "--base-url", url)
    _, as_json, _ = plivo_phlo("call", ANN, CARL, "--base-url", url, "--json")

    assert (code, err.count("\n")) == (4, 1)
    assert "status_code" not in json.loads(as_json)["error"]
    assert "Nothing happened; it is safe to try again" in err


def test_an_unknown_outcome_is_exit_5(
    plivo_phlo: Run, emulator: PhloEmulator, silent_port: int
) -> None:
    url = f"http://127.0.0.1:{silent_port}"
    code, _, err = plivo_phlo("call", ANN, CARL, "--base-url", url, "--timeout", "0.1")

    assert (code, err.count("\n")) == (5, 1)
    assert "It may have happened; check before repeating it" in err


def _start(*argv: str, environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "plivo_phlo_async", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )


ENVIRON = {
    "PLIVO_AUTH_ID": "MA2025RK4E639VJFZAGV",
    "PLIVO_AUTH_TOKEN": "t",
    "PLIVO_PHLO_ID": "p",
    "PLIVO_NODE_ID": "n",
}


def test_ctrl_c_in_doubt_says_so_and_is_exit_130() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = _start("call", ANN, CARL, "--base-url", url, environ=ENVIRON)
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)

    assert (process.returncode, out) == (130, "")
    assert "call …0199: it may have happened; check before repeating it." in err
    assert "Traceback" not in err


def test_emulate_prints_what_to_export_and_answers_until_ctrl_c() -> None:
    process = _start("emulate", "--port", "0", environ={})
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    environ = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    asked = _start("call", ANN, CARL, "--json", environ=environ)
    printed = json.loads(asked.communicate(timeout=120)[0])
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)

    assert printed["ok"] is True
    assert process.returncode == 130
    assert "/_emulator/\n" in err
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_one_line(plivo_phlo: Run, silent_port: int) -> None:
    code, out, err = plivo_phlo("emulate", "--port", str(silent_port))

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "choose another --port" in err
    assert threading.active_count() >= 1
