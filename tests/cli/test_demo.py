"""The demo walks through a call, as text and as JSON."""

from __future__ import annotations

import json

from .conftest import Run


def test_the_demo_prints_each_step_and_its_duration(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("demo")

    assert (code, err) == (0, "")
    for words in (
        "await mpc.warm_transfer(ann, sue)",
        "⇄ in consultation",
        "‖ on hold",
        "✉ voicemail",
        "○ left",
        "mpc = client.phlo(phlo_id).multi_party_call(node_id)",
        "200 done, 0 failed, 0 unknown",
    ):
        assert words in out


def test_as_json_each_step_shows_who_is_on_the_call(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("demo", "--json")
    *steps, last = [json.loads(line) for line in out.splitlines()]
    states = [
        "".join(member["state"][0] for member in step["members"] if member["state"] != "left")
        for step in steps
    ]

    assert (code, err) == (0, "")
    # i in the call, o on hold, c consulting, v voicemail; Ann, Carl, Sue, Vera, Tom.
    assert states == ["ii", "io", "ii", "coc", "ii", "coc", "iii", "iiiv", "iii", "iii", "ii"]
    assert last["bulk"]["done"] == 200
    assert last["bulk"]["rate"] <= 60


def test_the_demo_of_a_flow_goes_from_the_call_to_the_text(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("demo", "--flow")

    assert (code, err) == (0, "")
    for words in (
        "Carl hears: Press 1 for an agent, or 2 to leave a message.",
        "await mpc.warm_transfer(ann, sue)",
        "Carl receives: Thank you for calling.",
        "Carl on hold, Ann consulting, Sue consulting",
        "the team receives: 12025550177 left a message:",
    ):
        assert words in out


def test_the_demo_of_a_flow_is_json_too(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("demo", "--flow", "--json")
    steps = [json.loads(line) for line in out.splitlines()]

    assert code == 0
    assert steps[5]["path"] == ["Start", "Menu", "Agents", "Thanks"]
    assert steps[-1]["path"] == ["Start", "Menu", "Tries", "Menu", "Leave_message", "Tell_team"]
    assert steps[-1]["ended"] == "finished at Tell_team with Sent"
