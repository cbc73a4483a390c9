"""Whatever is sent: never a 5xx, and nothing changes unless it was accepted."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async.emulator import PhloEmulator

from ..asking import DIAL, NODE, PHLO, RUN, WARM, ask, basic, exchange, heard

MEMBERS = [f"{NODE}/members/{address}" for address in ("111", "%2B222", "333", "999")]
PATHS = st.sampled_from([PHLO, NODE, RUN, *MEMBERS, "/_emulator/state", "/v1", "/"])
SEGMENTS = st.binary(max_size=12) | st.sampled_from([b"%", b"%zz", b"%2F", b"..", b"%FF", b"+"])
WORDS = st.sampled_from([b"v1", b"phlo", b"account", b"runs", b"members", b"_emulator"])
ANY_PATH = st.lists(WORDS | SEGMENTS, max_size=8).map(lambda parts: b"/" + b"/".join(parts))
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "\u00e9"])
HEADERS = st.just(basic()) | st.binary(max_size=30).map(lambda b: b"Basic " + b) | st.binary()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters()) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["action", "trigger_source", "to", "role"])
BODIES = (
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(NAMES, JSON).map(lambda value: json.dumps({**DIAL, **value}).encode())
)
QUERIES = st.binary(max_size=60) | st.sampled_from(
    [b"", b"action=hold", b"action=%FF&to=%ZZ", b"action=unmute&action=mute", b"&&=&=&"]
)
ADDRESSES = st.sampled_from(["111", "+111", "222", "333", "444"])
ACTIONS = st.sampled_from(
    ["hold", "unhold", "hangup", "resume_call", "abort_transfer", "voicemail_drop", "mute", "x"]
)
DIALS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["call", "warm_transfer", "cold_transfer"]),
        "trigger_source": ADDRESSES,
        "to": ADDRESSES,
        "role": st.sampled_from(["agent", "customer", None, "x"]),
    }
)
SAID = st.tuples(ADDRESSES, ACTIONS.map(lambda action: {"action": action}))


def busy() -> PhloEmulator:
    emulator = PhloEmulator(rate_limit=None)
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "POST", NODE, WARM)
    return emulator


def send_and_check(
    path: bytes, method: str, query: bytes, authorization: bytes, body: bytes
) -> None:
    emulator = busy()
    before = (emulator.calls, emulator.dialled, len(emulator.log))
    scope = {
        "type": "http",
        "method": method,
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [(b"authorization", authorization)],
    }
    answer = heard(exchange(emulator, scope, [{"type": "http.request", "body": body}]))
    unchanged = before == (emulator.calls, emulator.dialled, len(emulator.log))

    assert answer.status in (200, 201, 400, 401, 403, 404, 405)
    assert unchanged or answer.status == 201


@given(PATHS.map(str.encode) | ANY_PATH, METHODS, st.binary(max_size=60), HEADERS, BODIES)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_request_whatever_is_a_5xx_or_changes_anything_unless_accepted(
    path: bytes, method: str, query: bytes, authorization: bytes, body: bytes
) -> None:
    send_and_check(path, method, query, authorization, body)


@given(st.sampled_from([NODE, RUN, *MEMBERS]), QUERIES, BODIES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_parameter_whatever_makes_a_5xx_or_changes_anything_unless_accepted(
    path: str, query: bytes, body: bytes
) -> None:
    send_and_check(path.encode(), "POST", query, basic(), body)


@given(st.lists(DIALS | SAID, max_size=25))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_accepted_action_is_logged_once_and_dials_at_most_one_phone(
    actions: list[dict[str, Any] | tuple[str, dict[str, str]]],
) -> None:
    emulator = PhloEmulator(phones={"333": "ring", "444": "voicemail"}, rate_limit=None)
    for action in actions:
        logged, rung, calls = len(emulator.log), emulator.dialled.total(), emulator.calls
        path, content = NODE, action
        if isinstance(action, tuple):
            path, content = f"{NODE}/members/{action[0]}", action[1]
        accepted = ask(emulator, "POST", path, content).status == 201
        dials = accepted and path == NODE

        assert len(emulator.log) == logged + accepted
        assert emulator.dialled.total() == rung + dials
        assert accepted or emulator.calls == calls
