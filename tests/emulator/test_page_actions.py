"""`POST /_emulator/actions`: the page acts as the account, by the requests of a client."""

from typing import Any

import pytest

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_BRIDGE_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.calls.phlos import NodeType
from plivo_phlo_async.emulator.http.phlo_api import DIAL_ACTIONS, MEMBER_ACTIONS

from .asking import DIAL, NODE, WARM, Heard, ask, exchange, heard, say
from .flow.flows import StillEmulator

WHERE = {"phlo_id": DEMO_PHLO_ID, "node_id": DEMO_NODE_ID}
AT_BRIDGE = {"phlo_id": DEMO_PHLO_ID, "node_id": DEMO_BRIDGE_ID}


def act(emulator: PhloEmulator, where: dict[str, str] = WHERE, /, **given: object) -> Heard:
    content = {**where, **given}
    return ask(emulator, "POST", "/_emulator/actions", content, authorization=b"")


def requests(emulator: PhloEmulator) -> list[tuple[Any, ...]]:
    """Every logged request, as it is shown and can be copied."""
    return [
        (one.action, one.address, one.status, one.reason, one.describe()["request"])
        for one in emulator.exchanges()
    ]


@pytest.mark.parametrize("action", MEMBER_ACTIONS[NodeType.MULTI_PARTY_CALL])
def test_an_action_on_a_member_is_the_request_of_a_client(action: str) -> None:
    by_page, by_client = PhloEmulator(), PhloEmulator()
    for emulator in (by_page, by_client):
        ask(emulator, "POST", NODE, DIAL)
    shown = act(by_page, member="222", action=action).json
    sent = say(by_client, "222", action)

    assert (shown["status"], shown["body"]["error"]) == (sent.status, sent.json["error"])
    assert requests(by_page) == requests(by_client)


@pytest.mark.parametrize("action", DIAL_ACTIONS)
def test_an_action_on_a_call_is_the_request_of_a_client(action: str) -> None:
    by_page, by_client = PhloEmulator(), PhloEmulator()
    for emulator in (by_page, by_client):
        ask(emulator, "POST", NODE, DIAL)
    given = {**WARM, "action": action}
    shown = act(by_page, **given).json
    sent = ask(by_client, "POST", NODE, given)

    assert (shown["status"], shown["body"]["error"]) == (sent.status, sent.json["error"])
    assert requests(by_page) == requests(by_client)


@pytest.mark.parametrize("action", ["mute", "unmute", "hangup"])
def test_an_action_on_a_member_of_a_bridge_is_answered_as_there(action: str) -> None:
    emulator = PhloEmulator(new_id=lambda: "id")
    emulator.join(DEMO_PHLO_ID, DEMO_BRIDGE_ID, "222")
    answer = act(emulator, AT_BRIDGE, member="222", action=action)

    assert (answer.status, answer.json["status"]) == (200, 201)
    assert answer.json["body"] == {"api_id": "id"}


def test_an_accepted_action_has_neither_reason_nor_fault() -> None:
    emulator = PhloEmulator(new_id=lambda: "id")

    assert act(emulator, **DIAL).json == {
        "status": 201,
        "body": {"api_id": "id", "error": ""},
        "reason": None,
        "fault": None,
    }


def test_a_refused_action_has_the_response_and_the_reason() -> None:
    emulator = PhloEmulator(new_id=lambda: "id")
    ask(emulator, "POST", NODE, DIAL)
    answer = act(emulator, member="222", action="voicemail_drop")

    assert answer.status == 200
    assert answer.json["status"] == 400
    assert answer.json["body"]["error"] == "Invalid value provided for action."
    assert answer.json["reason"] == "222 is in_call; voicemail_drop needs a voicemail."


def test_an_unknown_action_is_refused_by_the_api() -> None:
    answer = act(PhloEmulator(), member="222", action="sing")

    assert (answer.status, answer.json["status"]) == (200, 400)
    assert answer.json["reason"].startswith("'sing' is no action here")


def test_an_action_is_counted_and_received_as_the_accounts() -> None:
    emulator = PhloEmulator()
    act(emulator, **DIAL)

    assert emulator.requests == 1
    assert [one.auth_id for one in emulator.received] == [DEMO_AUTH_ID]


def test_an_action_can_be_copied_as_curl_and_as_python() -> None:
    emulator = PhloEmulator()
    act(emulator, **DIAL)
    entry = emulator.exchanges()[0].describe()

    assert '-u "$PLIVO_AUTH_ID:$PLIVO_AUTH_TOKEN"' in str(entry["curl"])
    assert ".call('111', '222', role='customer')" in str(entry["python"])


@pytest.mark.parametrize("member", ["+1 202/555?#", "sip:a/b%2F@x", "..", "é"])
def test_any_address_reaches_its_member(member: str) -> None:
    emulator = PhloEmulator()
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, member)

    assert act(emulator, member=member, action="mute").json["status"] == 201


def test_an_action_counts_toward_the_rate_limit() -> None:
    emulator = PhloEmulator(rate_limit=(1, 5.0))
    statuses = [act(emulator, **DIAL).json["status"] for _ in range(2)]

    assert statuses == [201, 429]


def test_a_fault_meets_an_action_and_is_named() -> None:
    emulator = PhloEmulator(faults=["close_after x1"])
    answer = act(emulator, **DIAL).json

    assert (answer["fault"], answer["status"]) == ("close_after", 201)
    assert emulator.member("222") is not None


def test_an_action_takes_as_long_as_a_request() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    emulator = PhloEmulator(latency=2.0, faults=["latency=3 x1"], sleep=sleep)
    act(emulator, **DIAL)

    assert waited == [5.0]


def test_a_run_is_started_by_the_request_of_a_client() -> None:
    path = f"/v1/account/{DEMO_AUTH_ID}/phlo/test"
    by_page, by_client = (StillEmulator().load("Menu") for _ in range(2))
    shown = act(by_page, {"phlo_id": "test"}, action="run", payload={"to": "222"}).json
    sent = ask(by_client, "POST", path, {"to": "222"})

    assert shown["status"] == sent.status
    assert shown["body"].keys() == sent.json.keys()
    assert requests(by_page) == requests(by_client)
    (run,) = by_page.runs
    assert shown["body"]["phlo_run_id"] == run.run_id
    assert run.outputs["Start"]["http.params"] == {"to": "222"}


def test_a_run_of_an_unknown_phlo_is_refused_by_the_api() -> None:
    answer = act(PhloEmulator(), {"phlo_id": "x/../y"}, action="run").json

    assert answer["status"] == 404


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"phlo_id": "p", "node_id": 1}, 400),
        ({"phlo_id": DEMO_PHLO_ID, "node_id": "unknown"}, 404),
        ({**WHERE, "member": 222}, 400),
        ({"phlo_id": 1, "action": "run"}, 400),
        ({"phlo_id": DEMO_PHLO_ID, "action": "run", "payload": []}, 400),
        ([], 400),
    ],
)
def test_what_is_not_an_action_sends_no_request(given: object, status: int) -> None:
    emulator = PhloEmulator()
    answer = ask(emulator, "POST", "/_emulator/actions", given)

    assert (answer.status, emulator.requests) == (status, 0)


def test_another_method_is_405() -> None:
    answer = ask(PhloEmulator(), "GET", "/_emulator/actions")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:7461", b"http://evil.example"),
        ("127.0.0.1:7461", b"null"),
        ("evil.example", b"http://evil.example"),
    ],
)
def test_a_page_of_another_site_performs_no_action(host: str, origin: bytes) -> None:
    emulator = PhloEmulator()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/_emulator/actions",
        "headers": [(b"host", host.encode()), (b"origin", origin)],
        "server": ("127.0.0.1", 7461),
    }
    answer = heard(exchange(emulator, scope, [{"type": "http.request", "body": b"{}"}]))

    assert (answer.status, emulator.requests) == (403, 0)


def test_an_answer_has_no_token() -> None:
    emulator = PhloEmulator()
    answer = act(emulator, member=DEMO_AUTH_TOKEN, action="mute")

    assert answer.json["reason"].startswith("***")
