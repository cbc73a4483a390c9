"""The emulator over HTTP: who is let in, which paths there are, what they answer."""

import json
from itertools import count
from typing import Any

import pytest

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    ApiError,
    EmulatedNode,
    EmulatedPhlo,
    InvalidState,
    MemberNotFound,
    NodeType,
    PhloEmulator,
    ReceivedRequest,
)
from plivo_phlo_async.emulator.calls.phones import PhoneRegistry
from plivo_phlo_async.emulator.calls.switchboard import Switchboard
from plivo_phlo_async.emulator.http.phlo_api import PhloApi
from plivo_phlo_async.emulator.http.request import HttpRequest
from plivo_phlo_async.emulator.http.request_info import parse_request

from .asking import DIAL, NODE, PHLO, RUN, WARM, Clock, ask, basic, exchange, heard, say

BRIDGE = "bridge-1"
ACCOUNT = f"/v1/Account/{DEMO_AUTH_ID}/"
WITH_BRIDGE = EmulatedPhlo(
    DEMO_PHLO_ID,
    nodes=(EmulatedNode(DEMO_NODE_ID), EmulatedNode(BRIDGE, NodeType.CONFERENCE_BRIDGE)),
)
COMPLETE = {
    "phlo_id": DEMO_PHLO_ID,
    "created_on": "2020-08-01 09:05:11.846982+00:00",
    "api_id": "id",
}


@pytest.fixture
def emulator() -> PhloEmulator:
    return PhloEmulator(phlos=[WITH_BRIDGE], new_id=lambda: "id")


def shown(emulator: PhloEmulator) -> dict[str, str]:
    state: Any = emulator.state()
    return {m["address"]: m["state"] for call in state["calls"] for m in call["members"]}


def test_the_demo_account_has_plivos_form() -> None:
    assert (DEMO_AUTH_ID[:2], len(DEMO_AUTH_ID)) == ("MA", 20)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_phlo_can_be_read(emulator: PhloEmulator, slash: str) -> None:
    answer = ask(emulator, "GET", PHLO + slash)

    assert (answer.status, answer.json) == (200, {**COMPLETE, "name": "Emulated PHLO"})


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_node_can_be_read(emulator: PhloEmulator, slash: str) -> None:
    answer = ask(emulator, "GET", NODE + slash)

    assert (
        answer.status,
        answer.json["node_type"],
        answer.json["name"],
        answer.json["node_id"],
        answer.json["phlo_id"],
    ) == (200, "multi_party_call", "Multi-Party Call_1", DEMO_NODE_ID, DEMO_PHLO_ID)
    assert {*COMPLETE, "name", "node_id", "node_type"} == set(answer.json)


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_action_answers_201_with_an_id_and_an_empty_error(
    emulator: PhloEmulator, slash: str
) -> None:
    dialled = ask(emulator, "POST", NODE + slash, DIAL)
    held = ask(emulator, "POST", f"{NODE}/members/222{slash}", {"action": "hold"})

    assert (dialled.status, dialled.json) == (201, {"api_id": "id", "error": ""})
    assert dialled == held
    assert shown(emulator) == {"111": "in_call", "222": "on_hold"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_run_is_named_by_its_request_and_can_be_read(emulator: PhloEmulator, slash: str) -> None:
    started = ask(emulator, "POST", RUN + slash, {"to": "222"})
    read = ask(emulator, "GET", f"{PHLO}/runs/id{slash}")

    assert (
        started.status,
        started.json["api_id"],
        started.json["phlo_run_id"],
        started.json["phlo_id"],
    ) == (201, "id", "id", DEMO_PHLO_ID)
    assert "phlo_run_uuid: id" in started.json["message"]
    assert (read.status, read.json) == (
        200,
        {
            "api_id": "id",
            "phlo_id": DEMO_PHLO_ID,
            "run_id": "id",
            "call_uuids": [],
            "message_uuids": [],
            "recording_ids": [],
        },
    )


@pytest.mark.parametrize("raw", [b"", b"{}", b'""'])
def test_a_run_needs_no_variables(emulator: PhloEmulator, raw: bytes) -> None:
    assert ask(emulator, "POST", RUN, raw=raw).status == 201


@pytest.mark.parametrize(
    ("method", "content", "variables"),
    [
        ("GET", None, {"to": "222", "name": "Ann"}),
        ("POST", None, {"to": "222", "name": "Ann"}),
        ("POST", {"to": "333"}, {"to": "333", "name": "Ann"}),
    ],
)
def test_a_runs_variables_are_those_of_its_query_and_of_its_json_which_wins(
    method: str, content: dict[str, str] | None, variables: dict[str, str]
) -> None:
    raw = b"" if content is None else json.dumps(content).encode()
    request = HttpRequest(method, RUN.encode(), b"to=222&name=Ann", b"", raw)

    assert parse_request(request).read_parameters() == variables


def test_a_run_is_started_by_get_as_well(emulator: PhloEmulator) -> None:
    started = ask(emulator, "GET", f"{RUN}?to=222")

    assert (started.status, started.json["phlo_run_id"]) == (201, "id")
    assert ask(emulator, "GET", f"{PHLO}/runs/id").status == 200


@pytest.mark.parametrize("spelling", ["account", "Account"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_account_can_be_read_and_a_phlo_run_in_either_spelling(
    emulator: PhloEmulator, spelling: str, slash: str
) -> None:
    account = ask(emulator, "GET", f"/v1/{spelling}/{DEMO_AUTH_ID}{slash}")
    started = ask(emulator, "POST", f"/v1/{spelling}/{DEMO_AUTH_ID}/phlo/{DEMO_PHLO_ID}{slash}")

    assert (account.status, account.json["auth_id"]) == (200, DEMO_AUTH_ID)
    assert account.json["resource_uri"] == ACCOUNT
    assert started.status == 201


def test_another_account_is_403(emulator: PhloEmulator) -> None:
    assert ask(emulator, "GET", "/v1/Account/MAANOTHER/").status == 403


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Basic",
        b"Basic ????",
        b"Basic TUFYWA==",
        b"Bearer token",
        basic(auth_token="wrong"),
        basic(auth_id="MAWRONG"),
        basic(auth_token="\u00e9\u00e8"),
    ],
)
def test_wrong_or_missing_credentials_are_401(emulator: PhloEmulator, authorization: bytes) -> None:
    answer = ask(emulator, "POST", NODE, DIAL, authorization=authorization)

    assert (401, {"api_id", "error"}) == (answer.status, set(answer.json))
    assert emulator.dialled == {}


def test_the_schemes_name_is_read_in_any_case(emulator: PhloEmulator) -> None:
    authorization = basic().replace(b"Basic", b"bAsIc")

    assert ask(emulator, "GET", PHLO, authorization=authorization).status == 200


def test_another_account_in_the_run_path_is_403(emulator: PhloEmulator) -> None:
    path = RUN.replace(DEMO_AUTH_ID, "MAANOTHER")

    assert ask(emulator, "POST", path).status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v1/phlo"),
        ("GET", "/v1/phlo/"),
        ("GET", f"/v1/phlo//multi_party_call/{DEMO_NODE_ID}"),
        ("GET", f"{PHLO}//"),
        ("GET", f"/{PHLO}"),
        ("GET", "/v2/phlo/x"),
        ("GET", "/v1/phlo/unknown"),
        ("GET", f"{PHLO}/runs/unknown"),
        ("GET", f"{PHLO}/multi_party_call/unknown"),
        ("GET", f"{PHLO}/conference_bridge/{DEMO_NODE_ID}"),
        ("GET", f"{PHLO}/nonsense/{DEMO_NODE_ID}"),
        ("POST", f"{NODE}/members"),
        ("POST", f"{NODE}/members/"),
        ("POST", f"{NODE}/members/a/b"),
        ("POST", f"{NODE}/friends/a"),
        ("POST", RUN.replace(DEMO_PHLO_ID, "unknown")),
        ("GET", "/_emulator/nothing"),
    ],
)
def test_what_is_not_there_is_404(emulator: PhloEmulator, method: str, path: str) -> None:
    answer = ask(emulator, method, path, {"action": "hold"})

    assert (404, {"api_id", "error"}) == (answer.status, set(answer.json))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", PHLO, "GET"),
        ("PUT", RUN, "GET, POST"),
        ("POST", ACCOUNT, "GET"),
        ("POST", f"{PHLO}/runs/x", "GET"),
        ("DELETE", NODE, "GET, POST"),
        ("PUT", "/v1/phlo/unknown/multi_party_call/unknown", "GET, POST"),
        ("GET", f"{NODE}/members/111", "POST"),
        ("DELETE", f"{NODE}/members/111", "POST"),
        ("HEAD", PHLO, "GET"),
        ("POST", "/_emulator/state", "GET"),
        ("GET", "/_emulator/reset", "POST"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(
    emulator: PhloEmulator, method: str, path: str, allowed: str
) -> None:
    answer = ask(emulator, method, path)

    assert (405, allowed) == (answer.status, answer.headers["allow"])


def test_credentials_are_looked_at_before_the_path(emulator: PhloEmulator) -> None:
    assert ask(emulator, "GET", "/v1/nothing", authorization=b"").status == 401


def test_an_unknown_phlo_and_node_outrank_a_malformed_body(emulator: PhloEmulator) -> None:
    unknown = f"{PHLO}/multi_party_call/unknown"

    assert [
        ask(emulator, "POST", path, raw=b"{").status
        for path in ("/v1/phlo/x/multi_party_call/y", unknown, f"{unknown}/members/1", NODE)
    ] == [404, 404, 404, 400]


def test_another_account_outranks_an_unknown_phlo(emulator: PhloEmulator) -> None:
    assert ask(emulator, "POST", "/v1/account/MAANOTHER/phlo/unknown").status == 403


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"call"',
        b"null",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"action=call",
        b"[" * 50_000,
        b'{"to": ' + b"9" * 5000 + b"}",
        json.dumps(DIAL).encode("utf-16"),
    ],
)
@pytest.mark.parametrize("path", [NODE, f"{NODE}/members/111", RUN])
def test_a_body_that_is_no_json_object_is_400(
    emulator: PhloEmulator, path: str, raw: bytes
) -> None:
    answer = ask(emulator, "POST", path, raw=raw)

    assert (answer.status, answer.json["error"]) == (400, "The request body is not a JSON object.")


@pytest.mark.parametrize(("extra", "status"), [(0, 201), (1, 413)])
def test_a_body_is_read_up_to_64_kib(emulator: PhloEmulator, extra: int, status: int) -> None:
    dial = json.dumps(DIAL).encode()
    raw = dial + b" " * (64 * 1024 - len(dial) + extra)

    assert ask(emulator, "POST", NODE, raw=raw).status == status


def test_a_body_may_come_in_pieces(emulator: PhloEmulator) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": NODE,
        "headers": [(b"Authorization", basic())],
    }
    whole = json.dumps(DIAL).encode()
    pieces = [
        {"type": "http.request", "body": bytes([piece]), "more_body": True} for piece in whole
    ]

    assert heard(exchange(emulator, scope, [*pieces, {"type": "http.request"}])).status == 201


def test_a_request_that_breaks_off_is_not_acted_on(emulator: PhloEmulator) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": NODE,
        "raw_path": NODE.encode(),
        "query_string": b"",
        "headers": [(b"authorization", basic())],
    }
    whole = {"type": "http.request", "body": json.dumps(DIAL).encode(), "more_body": True}

    assert exchange(emulator, scope, [whole, {"type": "http.disconnect"}]) == []
    assert (emulator.requests, emulator.dialled) == (0, {})


def test_parameters_may_come_in_the_query_as_well(emulator: PhloEmulator) -> None:
    query = "action=call&trigger_source=111&to=%2B222&role=customer"
    dialled = ask(emulator, "POST", f"{NODE}/?{query}", {})
    held = ask(emulator, "POST", f"{NODE}/members/222?action=hold", {})

    assert (dialled.status, held.status) == (201, 201)
    assert shown(emulator) == {"111": "in_call", "+222": "on_hold"}


def test_the_body_outranks_the_query(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "POST", f"{NODE}/members/222?action=hangup", {"action": "hold"})

    assert shown(emulator)["222"] == "on_hold"


@pytest.mark.parametrize(
    ("address", "segment"),
    [
        ("+14155550100", "+14155550100"),
        ("+14155550100", "%2B14155550100"),
        ("sip:bob@phone.example", "sip:bob@phone.example"),
        ("sip:bob@phone.example", "sip%3Abob%40phone.example"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("caf\u00e9 1", "caf%C3%A9%201"),
        ("100%", "100%25"),
    ],
)
def test_a_member_is_found_by_its_encoded_address(
    emulator: PhloEmulator, address: str, segment: str
) -> None:
    ask(emulator, "POST", NODE, {**DIAL, "to": address})

    assert say(emulator, segment, "hold").status == 201
    assert shown(emulator)[address] == "on_hold"


def test_a_conference_bridge_knows_mute_unmute_and_hanging_up_only(emulator: PhloEmulator) -> None:
    bridge = f"{PHLO}/conference_bridge/{BRIDGE}"
    for address in ("111", "222", "333"):
        emulator.join(DEMO_PHLO_ID, BRIDGE, address)
    said = [("111", "mute"), ("111", "hold"), ("222", "hangup"), ("333", "leave"), ("9", "mute")]
    statuses = [
        ask(emulator, "POST", f"{bridge}/members/{member}", {"action": action}).status
        for member, action in said
    ]

    assert statuses == [201, 400, 201, 201, 404]
    assert ask(emulator, "POST", f"{bridge}/members/111", {"action": "unmute"}).json.keys() == {
        "api_id"
    }
    assert shown(emulator) == {"111": "in_call", "222": "left", "333": "left"}
    assert ask(emulator, "POST", bridge, DIAL).json["error"] == (
        "Invalid value provided for action."
    )


def test_the_state_has_the_published_shape(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "mute")
    ask(emulator, "POST", NODE, WARM)
    answer = ask(emulator, "GET", "/_emulator/state", authorization=b"")

    assert answer.json == {
        "calls": [
            {
                "call_id": next(iter(emulator.calls)),
                "phlo_id": DEMO_PHLO_ID,
                "node_id": DEMO_NODE_ID,
                "members": [
                    {"address": "111", "role": "agent", "state": "consulting", "muted": False},
                    {"address": "222", "role": "customer", "state": "on_hold", "muted": True},
                    {"address": "333", "role": "agent", "state": "consulting", "muted": False},
                ],
                "transfer": {"kind": "warm", "transferor": "111", "target": "333"},
            }
        ],
        "dialled": {"222": 1, "333": 1},
        "requests": 3,
    }
    assert answer.json == emulator.state()


def test_an_emulator_without_a_call_shows_nothing(emulator: PhloEmulator) -> None:
    assert emulator.state() == {"calls": [], "dialled": {}, "requests": 0}


def test_reset_makes_it_as_new() -> None:
    emulator = PhloEmulator(phones={"222": "reject"}, rate_limit=(2, 5.0))
    emulator.set_phone("222", "answer")
    emulator.set_phone("333", "reject")
    ask(emulator, "POST", RUN)
    ask(emulator, "POST", NODE, DIAL)
    answer = ask(emulator, "POST", "/_emulator/reset", authorization=b"")

    assert (answer.status, answer.json) == (200, {"calls": [], "dialled": {}, "requests": 0})
    assert (emulator.log, emulator.received, emulator.calls) == ((), (), {})
    assert ask(emulator, "POST", NODE, DIAL).status == 201
    assert ask(emulator, "POST", NODE, {**DIAL, "to": "333"}).status == 201
    assert shown(emulator) == {"111": "in_call", "222": "left", "333": "in_call"}


def test_the_latest_ten_thousand_runs_can_be_read() -> None:
    ids = map(str, count())
    switchboard = Switchboard(PhoneRegistry(), clock=lambda: 0.0, on_step=lambda _: None)
    api = PhloApi(switchboard, new_id=lambda: next(ids))
    api.configure([WITH_BRIDGE])
    info = parse_request(HttpRequest("POST", RUN.encode(), b"", b"", b""))
    for _ in range(10_001):
        api.run(DEMO_PHLO_ID, info)

    assert [api.get_run(DEMO_PHLO_ID, run).status for run in ("0", "1", "10000")] == [
        404,
        200,
        200,
    ]


def test_a_run_is_forgotten_by_reset(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", RUN)
    emulator.reset()

    assert ask(emulator, "GET", f"{PHLO}/runs/id").status == 404


def test_what_came_in_is_kept_as_it_came(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", f"{NODE}/members/%2B1/?a=b%20c", {"action": "hold"})
    ask(emulator, "GET", "/v1/nothing", authorization=b"")
    ask(emulator, "POST", NODE, raw=b"{")

    assert emulator.received == (
        ReceivedRequest(
            "POST", f"{NODE}/members/%2B1/", "a=b%20c", {"action": "hold"}, DEMO_AUTH_ID
        ),
        ReceivedRequest("GET", "/v1/nothing", "", {}, None),
        ReceivedRequest("POST", NODE, "", None, DEMO_AUTH_ID),
    )
    assert emulator.requests == 3


def test_the_latest_thousand_requests_and_steps_are_kept() -> None:
    emulator = PhloEmulator(rate_limit=None)
    ask(emulator, "POST", NODE, DIAL)
    for _ in range(1001):
        say(emulator, "222", "mute")

    assert (len(emulator.received), len(emulator.log), emulator.requests) == (1000, 1000, 1002)
    assert emulator.log[-1].number == 1002


@pytest.mark.anyio
async def test_lifespan_is_followed(emulator: PhloEmulator) -> None:
    arriving = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": next(arriving)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await emulator({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_websocket_is_turned_away(emulator: PhloEmulator) -> None:
    sent = exchange(emulator, {"type": "websocket"}, [{"type": "websocket.connect"}])

    assert sent == [{"type": "websocket.close", "code": 1000}]


def test_the_clock_that_was_given_can_be_looked_at() -> None:
    clock = Clock()

    assert PhloEmulator(clock=clock).clock is clock


def test_a_repr_shows_no_token(emulator: PhloEmulator) -> None:
    assert emulator.auth_token not in repr(emulator)


def test_a_caller_joins_only_an_existing_node(emulator: PhloEmulator) -> None:
    with pytest.raises(ApiError) as caught:
        emulator.join(DEMO_PHLO_ID, "unknown", "222")

    assert caught.value.status == 404


def test_a_caller_joins_a_call_only_once(emulator: PhloEmulator) -> None:
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "222")

    with pytest.raises(InvalidState):
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "222")


def test_a_phone_that_rings_is_answered_rejected_or_put_down_by_hand() -> None:
    emulator = PhloEmulator(phones=dict.fromkeys(("2", "3", "4"), "ring"))
    for to in ("2", "3", "4"):
        ask(emulator, "POST", NODE, {**DIAL, "to": to})
    emulator.answer("+2")
    emulator.reject("3")
    emulator.hang_up("4")

    assert shown(emulator) == {"111": "in_call", "2": "in_call", "3": "left", "4": "left"}


def test_a_phone_acts_in_every_call_it_is_in(emulator: PhloEmulator) -> None:
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "222")
    emulator.join(DEMO_PHLO_ID, BRIDGE, "222")
    emulator.hang_up("222")

    assert emulator.calls == {}


def test_a_phone_that_rings_nowhere_is_not_here(emulator: PhloEmulator) -> None:
    for act in (emulator.answer, emulator.reject, emulator.hang_up):
        with pytest.raises(MemberNotFound):
            act("222")


def test_a_phone_that_never_answers_rings_on_even_when_asked() -> None:
    emulator = PhloEmulator(phones={"222": "never"})
    ask(emulator, "POST", NODE, DIAL)

    with pytest.raises(InvalidState):
        emulator.answer("222")

    assert shown(emulator)["222"] == "ringing"


def test_a_behaviour_there_is_not_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="sing"):
        PhloEmulator(phones={"222": "sing"})
