"""The log: every request with its answer, filtered, bounded, and repeated without a secret."""

import shlex
from typing import Any

import pytest

from plivo_phlo_async.emulator import (
    DEMO_AUTH_TOKEN,
    DEMO_BRIDGE_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)

from ..asking import DIAL, NODE, PHLO, RUN, WARM, Clock, ask, say

BRIDGE = f"{PHLO}/conference_bridge/{DEMO_BRIDGE_ID}"
CALL = f"client.phlo({DEMO_PHLO_ID!r}).multi_party_call({DEMO_NODE_ID!r})"
IN_BRIDGE = f"client.phlo({DEMO_PHLO_ID!r}).conference_bridge({DEMO_BRIDGE_ID!r})"


@pytest.fixture
def emulator() -> PhloEmulator:
    return PhloEmulator(new_id=lambda: "id", wall=Clock())


def entries(emulator: PhloEmulator, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(emulator, "GET", f"/_emulator/log{query}").json["entries"]
    return found


def test_an_entry_has_the_request_the_answer_and_what_changed(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "hold")
    entry = entries(emulator)[0]
    member = {"address": "222", "role": "customer", "muted": False}

    assert entry["request"] == {
        "method": "POST",
        "path": f"{NODE}/members/222",
        "query": "",
        "body": '{"action": "hold"}',
    }
    assert entry["answer"] == {"status": 201, "body": {"api_id": "id", "error": ""}}
    assert (entry["number"], entry["time"], entry["action"], entry["address"]) == (
        2,
        100.0,
        "hold",
        "222",
    )
    assert entry["before"] == {"members": [{**member, "state": "in_call"}], "transfer": None}
    assert entry["after"] == {"members": [{**member, "state": "on_hold"}], "transfer": None}
    assert (entry["error"], entry["fault"]) == (None, None)


def test_a_refusal_and_a_fault_are_logged(emulator: PhloEmulator) -> None:
    emulator.fail_next("503", action="call")
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "hold")
    ask(emulator, "GET", PHLO)
    found = entries(emulator, "?errors=1")

    assert [(e["answer"]["status"], e["error"], e["fault"]) for e in found] == [
        (404, "No such member in this call.", None),
        (503, "Service unavailable.", "503"),
    ]
    assert found[0]["before"] == found[0]["after"]


def test_the_log_is_filtered_by_call_and_by_member(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "GET", PHLO)
    ask(emulator, "POST", NODE, WARM)
    say(emulator, "333", "mute")
    of_call = entries(emulator, f"?call={DEMO_PHLO_ID}/{DEMO_NODE_ID}")
    of_member = entries(emulator, "?member=%2B222")

    assert [e["action"] for e in of_call] == ["mute", "warm_transfer", "call"]
    assert [e["action"] for e in of_member] == ["warm_transfer", "call"]
    assert len(entries(emulator, "?limit=1")) == 1
    assert ask(emulator, "GET", "/_emulator/log?limit=x").status == 400


def test_what_a_phone_does_is_logged_with_no_request(emulator: PhloEmulator) -> None:
    emulator.set_phone("222", "ring")
    ask(emulator, "POST", NODE, DIAL)
    emulator.answer("222")
    entry = entries(emulator)[0]

    assert (entry["action"], entry["request"], entry["answer"]) == ("answer", None, None)
    assert (entry["curl"], entry["python"]) == (None, None)


def test_a_thousand_entries_are_kept(emulator: PhloEmulator) -> None:
    roomy = PhloEmulator(rate_limit=None)
    for _ in range(1005):
        ask(roomy, "GET", PHLO)
    found = entries(roomy)

    assert (len(found), found[0]["number"], found[-1]["number"]) == (1000, 1005, 6)


@pytest.mark.parametrize(
    ("path", "content", "python"),
    [
        (NODE, DIAL, f"await {CALL}.call('111', '222', role='customer')"),
        (NODE, {**DIAL, "role": ""}, f"await {CALL}.call('111', '222', role='agent')"),
        (f"{NODE}/members/%2B2", {"action": "hold"}, f"await {CALL}.member('+2').hold()"),
        (RUN, {"a": 1}, f"await client.phlo({DEMO_PHLO_ID!r}).run({{'a': 1}})"),
        (f"{BRIDGE}/members/2", {"action": "mute"}, f"await {IN_BRIDGE}.member('2').mute()"),
        (f"{BRIDGE}/members/2", {"action": "hold"}, None),
        (f"{BRIDGE}/members/2", {"action": "leave"}, None),
        (BRIDGE, DIAL, None),
        (f"{PHLO}/ivr/n/members/2", {"action": "mute"}, None),
        (NODE, {"action": "nonsense"}, None),
        (f"{NODE}/members/2", {"action": "nonsense"}, None),
        (f"{NODE}/members/2", {"action": "call"}, None),
        (NODE, {"action": ["call"]}, None),
    ],
)
def test_a_request_is_shown_as_python(
    emulator: PhloEmulator, path: str, content: object, python: str | None
) -> None:
    ask(emulator, "POST", path, content)

    assert entries(emulator)[0]["python"] == python


def test_a_run_is_no_node(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", f"{PHLO}/runs/x", {"action": "call", "to": "2"})
    entry = entries(emulator)[0]

    assert (entry["action"], entry["address"], entry["node_id"]) == (None, None, None)


def test_a_request_is_shown_as_curl_that_a_shell_reads_as_it_was(emulator: PhloEmulator) -> None:
    nasty = {"action": "call", "trigger_source": "'; rm -rf / #", "to": "$(id)`id`\n"}
    ask(emulator, "POST", f"{NODE}?a=$HOME", nasty)
    words = shlex.split(entries(emulator)[0]["curl"])

    assert words[:3] == ["curl", "-X", "POST"]
    assert words[words.index("-u") + 1] == "$PLIVO_AUTH_ID:$PLIVO_AUTH_TOKEN"
    assert '"$(id)`id`\\n"' in words[words.index("--data-binary") + 1]
    assert words[-1].endswith(f"{DEMO_NODE_ID}?a=$HOME")
    assert "'?a=$HOME" not in entries(emulator)[0]["curl"].replace(f"{DEMO_NODE_ID}?a=$HOME'", "")


def test_no_answer_shows_the_token_wherever_it_was_written(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, {**DIAL, "to": DEMO_AUTH_TOKEN})
    ask(emulator, "POST", f"/v1/{DEMO_AUTH_TOKEN}?{DEMO_AUTH_TOKEN}", raw=DEMO_AUTH_TOKEN.encode())

    for path in ("state", "board", "log", "faults", "deliveries", "phones", DEMO_AUTH_TOKEN):
        assert DEMO_AUTH_TOKEN not in str(ask(emulator, "GET", f"/_emulator/{path}"))


def test_the_log_is_bounded_in_bytes(emulator: PhloEmulator) -> None:
    for _ in range(100):
        ask(emulator, "POST", NODE, raw=b" " * 60_000)
    kept = emulator.exchanges()

    assert len(kept) == len(emulator.received) == 4 * 1024 * 1024 // kept[0].size
