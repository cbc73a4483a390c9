"""What the page and other programs see of runs."""

from __future__ import annotations

import json
from typing import Any

from ...asking import ask
from ..flows import CALLER, NUMBER, StillEmulator


def _long_run(still: StillEmulator, seconds: int) -> Any:
    still.load("Menu", Menu={"next": "Menu", "timeout": "1"})
    run = still.emulator.phone(CALLER).calls(NUMBER)
    still.clock.advance(seconds)
    assert len(run.path) == 2 + seconds
    return run


def test_an_outline_has_the_end_of_a_long_path(still: StillEmulator) -> None:
    run = _long_run(still, 300)

    (outline,) = ask(still.emulator, "GET", "/_emulator/runs").json["runs"]
    whole = ask(still.emulator, "GET", f"/_emulator/runs/{run.run_id}").json
    assert outline["path"] == ["Menu"] * 100
    assert outline["steps"] == 301
    assert whole["path"] == run.path


def test_each_event_of_a_long_run_is_short(still: StillEmulator) -> None:
    _long_run(still, 900)

    stream = still.emulator.events
    events = stream.after(stream.latest - 500) or []
    assert len(events) == 500
    assert max(len(json.dumps(event.data())) for event in events if event.kind == "run") < 2000


def test_the_dashboard_has_the_latest_runs(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    runs = [emulator.phone(CALLER).calls(NUMBER) for _ in range(60)]

    shown: Any = emulator.dashboard()["runs"]

    assert [one["run_id"] for one in shown] == [run.run_id for run in runs[:-51:-1]]


def test_no_answer_and_no_event_has_the_auth_token(still: StillEmulator) -> None:
    token = still.emulator.auth_token
    spy = {"component": "HTTP Request", "method": "POST", "auth": {"bearer": token}}
    body = {"json": {"token": token, "again": "{{Start.http.params.secret}}"}}
    emulator = still.load(
        *("Spy", "Text"),
        Spy={**spy, "url": f"http://127.0.0.1:9/{token}", "body": body},
        Text={"message": f"{token} {{{{Start.http.params.secret}}}}"},
    )
    still.emulator.load_flow(
        {**_flow_named(token), "numbers": []}, http={"POST http://127.0.0.1:9/*": {"echo": token}}
    )
    run = emulator.run("test", secret=token)
    paths = ("runs", f"runs/{run.run_id}", "dashboard", "state", "deliveries", "log")

    answers = [_text(emulator, f"/_emulator/{path}") for path in paths]

    assert run.path == ["Start", "Spy", "Text"]
    assert [path for path, text in zip(paths, answers, strict=True) if token in text] == []


def _flow_named(name: str) -> dict[str, Any]:
    return {
        **{"phlo": name, "id": "named", "start": {"API Request": "Bye"}},
        "nodes": {"Bye": {"component": "Hangup"}},
    }


def _text(emulator: Any, path: str) -> str:
    return json.dumps(ask(emulator, "GET", path).json)
