"""Seeds: what an emulator begins with, and the place that is named when it is wrong."""

import json
from pathlib import Path

import anyio
import pytest

from plivo_phlo_async.emulator import (
    DEMO_PHLO_ID,
    ApiError,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    PhloEmulator,
    Phone,
    load_seed,
    read_seed,
)
from plivo_phlo_async.emulator.errors import CallError, InvalidParameter

from .asking import ask, basic

SEED = {
    "account": {"auth_id": "MAMINE", "auth_token": "secret-7"},
    "phlos": [
        {
            "phlo_id": "p",
            "name": "Support",
            "callback": "http://phlo/e",
            "nodes": [
                {"node_id": "a", "name": "Line"},
                {"node_id": "b", "node_type": "conference_bridge", "callback": "http://node/e"},
            ],
        }
    ],
    "phones": {"+1": "reject", "2": {"does": "answer", "after": 3}},
    "callback": "http://all/e",
    "faults": ["hold:500 x1", {"kind": "503", "action": "call"}],
}


def test_a_seed_says_what_there_is() -> None:
    seed = read_seed(SEED, "seed")

    assert seed.phlos == (
        EmulatedPhlo(
            "p",
            "Support",
            (EmulatedNode("a", name="Line"), EmulatedNode("b", NodeType.CONFERENCE_BRIDGE)),
        ),
    )
    assert seed.phones == {"+1": Phone("reject"), "2": Phone("answer", 3)}
    assert {node_key[1]: callback.url for node_key, callback in seed.callbacks.items()} == {
        "a": "http://phlo/e",
        "b": "http://node/e",
    }
    assert (seed.callback and seed.callback.url, len(seed.faults)) == ("http://all/e", 2)


def test_a_node_has_a_callback_of_its_own_only_where_it_or_its_phlo_names_one() -> None:
    nodes = [{"node_id": "a"}, {"node_id": "b", "callback": "http://node/e"}]
    seed = read_seed({"phlos": [{"phlo_id": "p", "nodes": nodes}]}, "seed")

    assert list(seed.callbacks) == [("p", "b")]


def test_an_empty_seed_is_the_demo_phlo() -> None:
    assert [phlo.phlo_id for phlo in read_seed({}, "seed").phlos] == [DEMO_PHLO_ID]


def test_a_seed_without_an_account_keeps_the_emulators() -> None:
    emulator = PhloEmulator(auth_id="MAMINE", auth_token="secret-7")
    ask(emulator, "POST", "/_emulator/seed", {})

    assert (emulator.auth_id, emulator.auth_token) == ("MAMINE", "secret-7")


def test_a_seed_is_loaded_over_http_and_shows_no_secret() -> None:
    emulator = PhloEmulator()
    answer = ask(emulator, "POST", "/_emulator/seed", SEED)
    now = ask(emulator, "GET", "/v1/phlo/p", authorization=basic("MAMINE", "secret-7"))
    before = ask(emulator, "GET", "/v1/phlo/p")
    emulator.reset()

    assert (answer.status, now.status, before.status) == (200, 200, 401)
    assert "secret-7" not in str(answer) + repr(emulator)
    assert (emulator.phones()["+1"]["does"], len(emulator.faults)) == ("reject", 2)


@pytest.mark.parametrize(
    ("seed", "names"),
    [
        ([], "it: give an object"),
        ({"phlo": []}, "phlo: unknown; known are account"),
        ({"phlos": {}}, "phlos: give a list"),
        ({"phlos": [3]}, "phlos[0]: give an object"),
        ({"phlos": [{"name": "x"}]}, "phlos[0].phlo_id: give a string"),
        ({"phlos": [{"phlo_id": "p"}, {"phlo_id": "p"}]}, "phlos[1].phlo_id: 'p' occurs twice"),
        ({"phlos": [{"phlo_id": "p", "node": []}]}, "phlos[0].node: unknown"),
        ({"phlos": [{"phlo_id": "p", "nodes": [{}]}]}, "phlos[0].nodes[0].node_id"),
        (
            {"phlos": [{"phlo_id": "p", "nodes": [{"node_id": "n", "node_type": "ivr"}]}]},
            "phlos[0].nodes[0].node_type: give multi_party_call or",
        ),
        (
            {"phlos": [{"phlo_id": "p", "nodes": [{"node_id": "n", "callback": "x"}]}]},
            "phlos[0].nodes[0].callback.url",
        ),
        ({"phones": {"1": "sing"}}, "phones['1'].does"),
        ({"account": {"auth_id": "x"}}, "account.auth_token"),
        ({"callback": {"url": "http://x", "method": "PUT"}}, "callback.method"),
        ({"callback": {"url": "http://x", "method": []}}, "callback.method"),
        ({"faults": ["hold:501"]}, "fault 'hold:501'.kind"),
        ({"faults": [{"kind": "500", "count": 0}]}, "faults[0].count"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_changes_nothing(
    seed: object, names: str
) -> None:
    with pytest.raises(ApiError) as refused:
        read_seed(seed, "seed.json")
    emulator = PhloEmulator()
    emulator.join(emulator.phlos[0].phlo_id, emulator.phlos[0].nodes[0].node_id, "5")
    answer = ask(emulator, "POST", "/_emulator/seed", seed)

    assert refused.value.error.startswith(f"seed.json: {names}")
    assert (answer.status, len(emulator.calls)) == (400, 1)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"{\n 'a'}", r"seed.json, line 2, column 2"),
        (b"\xff", "UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_json_names_the_line(tmp_path: Path, content: bytes, names: str) -> None:
    path = tmp_path / "seed.json"
    path.write_bytes(content)

    with pytest.raises(ApiError, match=names):
        load_seed(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED))

    assert load_seed(path) == read_seed(SEED, "seed")


FLOW = {
    "phlo": "Hello",
    "id": "hello",
    "numbers": ["+14155550100"],
    "start": {"Incoming Call": "Say"},
    "nodes": {"Say": {"component": "Play Audio", "prompt": "Hello."}},
}


def test_a_phlo_may_be_a_flow_or_the_file_of_one(tmp_path: Path) -> None:
    (tmp_path / "other.phlo.json").write_text(json.dumps({**FLOW, "id": "other", "numbers": []}))
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"phlos": [FLOW, {"file": "other.phlo.json"}]}))
    emulator = PhloEmulator()

    emulator.load(load_seed(seed))

    assert [phlo.phlo_id for phlo in emulator.phlos] == ["hello", "other"]
    assert emulator.phone("12025550000").calls("+14155550100").path == ["Start", "Say"]


def test_a_seed_without_flows_removes_those_before_it() -> None:
    emulator = PhloEmulator(flows=[FLOW])

    emulator.load(read_seed({"phlos": []}, "seed"))

    assert emulator.phlos == ()
    with pytest.raises(CallError, match="No flow is loaded"):
        emulator.phone("12025550000").calls("+14155550100")


@pytest.mark.parametrize(
    ("phlo", "says"),
    [
        ({"file": "x.phlo.yaml"}, "phlos[0].file: only a seed in a file may name files."),
        ({**FLOW, "nodes": {}}, "no node 'Say'"),
    ],
)
def test_a_flow_that_is_wrong_names_its_place(phlo: object, says: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_seed({"phlos": [phlo]}, "seed")
    assert says in caught.value.error
    assert caught.value.error.startswith("seed: phlos[0]")


@pytest.mark.parametrize("url", [5, "", "httpx", "http://"])
def test_hosts_are_validated(url: object) -> None:
    with pytest.raises(InvalidParameter, match="give a URL, or null for the host itself"):
        read_seed({"hosts": {"api.example.com": url}}, "seed")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"numbers": []}, "seed: phlos[1].id: 'hello' belongs to phlos[0] already."),
        ({"id": "x"}, "seed: phlos[1].numbers: '+14155550100' belongs to phlos[0] already."),
    ],
)
def test_two_flows_of_a_seed_share_nothing(changes: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_seed({"phlos": [FLOW, {**FLOW, **changes}]}, "seed")
    assert caught.value.error == says


def test_a_seed_replaces_the_hosts_of_the_one_before() -> None:
    flow = {
        "phlo": "Ask",
        "start": {"API Request": "Ask"},
        "nodes": {"Ask": {"component": "HTTP Request", "method": "GET", "url": "https://b/"}},
    }
    emulator = PhloEmulator(allow_hosts=["a"])
    emulator.load(read_seed({"hosts": {"b": None}}, "seed"))

    emulator.load(read_seed({"phlos": [flow]}, "seed"))

    run = emulator.run(emulator.phlos[0].phlo_id)
    anyio.run(emulator.delivered)
    assert run.notes == ("Ask: b is not allowed; start the emulator with --allow-host b",)
