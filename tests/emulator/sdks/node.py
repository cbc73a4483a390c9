"""Plivo's SDK for Node: recorded with `plivo` 4.79.0 from npm.

Its methods of a member (`hold` and the others) and `multiPartyCall.get` fail before they send
anything. The requests of a conference bridge are those of an old version that is not on npm any
more; they are taken from published sources, not recorded.
"""

from .requests import (
    ACTION,
    AGENT,
    BRIDGE_ACTION,
    CUSTOMER,
    PHLO,
    RUN,
    SUPERVISOR,
    Sdk,
    SdkRequest,
    reading,
)

PARTY = "/v1/phlo/$phlo/multi_party_call/$node"
BRIDGE = "/v1/phlo/$phlo/conference_bridge/$bridge"
RUN_PATH = "/v1/account/$account/phlo/$phlo"


def _dial(call: str, verb: str, to: str, role: str, after: str) -> SdkRequest:
    body = f'{{"action":"{verb}","to":"{to}","role":"{role}","trigger_source":"{AGENT}"}}'
    return SdkRequest(call, "POST", PARTY, body, ACTION, after, verb)


def _on_bridge(verb: str, step: str) -> SdkRequest:
    body, path = f'{{"action":"{verb}"}}', f"{BRIDGE}/members/{CUSTOMER}"
    return SdkRequest(f"bridge {verb}", "POST", path, body, BRIDGE_ACTION, "bridge", step)


SDK = Sdk(
    "node",
    {
        "Accept": "application/json, text/plain, */*",
        "Content-Type": "application/json",
        "User-Agent": "plivo-node/4.79.0 (Node: v20.20.2)",
        "Accept-Encoding": "gzip, compress, deflate, br",
        "Connection": "keep-alive",
    },
    (
        reading("phlo.get", "/v1/phlo/$phlo/?phlo_id=$phlo", PHLO),
        SdkRequest("run", "POST", RUN_PATH, '""', RUN),
        SdkRequest(
            "run with fields",
            "POST",
            RUN_PATH,
            '{"to":"+12025550102","first_name":"Carl"}',
            RUN,
        ),
        _dial("call", "call", CUSTOMER, "customer", "nothing"),
        _dial("warmTransfer", "warm_transfer", SUPERVISOR, "agent", "talk"),
        _dial("coldTransfer", "cold_transfer", SUPERVISOR, "agent", "talk"),
        SdkRequest(
            "abortTransfer",
            "POST",
            f"{PARTY}/members/{AGENT}",
            '{"action":"abort_transfer"}',
            after="transfer",
            verb="abort_transfer",
        ),
        _on_bridge("mute", "mute"),
        _on_bridge("unmute", "unmute"),
        _on_bridge("leave", "leave"),
    ),
)
