"""Plivo's SDK for PHP, 4.70.0: from published sources, not recorded.

`getNode` posts to the node without an action, which Plivo's error texts call mandatory.
"""

from .requests import (
    ACTION,
    AGENT,
    BRIDGE_ACTION,
    CUSTOMER,
    PHLO,
    RUN,
    SUPERVISOR,
    VOICEMAIL,
    Sdk,
    SdkRequest,
    reading,
)

PARTY = "/v1/phlo/$phlo/multi_party_call/$node"
BRIDGE = "/v1/phlo/$phlo/conference_bridge/$bridge"
RUN_PATH = "/v1/account/$account/phlo/$phlo"


def _dial(call: str, verb: str, to: str, role: str, after: str) -> SdkRequest:
    body = f'{{"action":"{verb}","trigger_source":"{AGENT}","to":"{to}","role":"{role}"}}'
    return SdkRequest(call, "POST", PARTY, body, ACTION, after, verb)


def _member(verb: str, address: str, after: str = "talk") -> SdkRequest:
    path, body = f"{PARTY}/members/{address}", f'{{"action":"{verb}"}}'
    return SdkRequest(verb, "POST", path, body, ACTION, after, verb)


def _on_bridge(verb: str) -> SdkRequest:
    path, body = f"{BRIDGE}/members/{CUSTOMER}", f'{{"action":"{verb}"}}'
    return SdkRequest(f"bridge {verb}", "POST", path, body, BRIDGE_ACTION, "bridge", verb)


SDK = Sdk(
    "php",
    {
        "User-Agent": "plivo-php/4.70.0 (PHP 8.2.32)",
        "Accept-Encoding": "*",
        "Content-type": "application/json",
    },
    (
        reading("getPhlo", "/v1/phlo/$phlo", PHLO),
        SdkRequest("getNode", "POST", PARTY, "{}", ("error",), status=400),
        SdkRequest("run without fields", "POST", RUN_PATH, "{}", RUN),
        SdkRequest("run", "POST", RUN_PATH, '{"to":"+12025550102"}', RUN),
        _dial("call", "call", CUSTOMER, "customer", "nothing"),
        _dial("warm_transfer", "warm_transfer", SUPERVISOR, "agent", "talk"),
        _dial("cold_transfer", "cold_transfer", SUPERVISOR, "agent", "talk"),
        _member("hold", CUSTOMER),
        _member("unhold", CUSTOMER),
        _member("mute", CUSTOMER),
        _member("unmute", CUSTOMER),
        _member("hangup", SUPERVISOR, "transfer"),
        _member("resume_call", AGENT, "transfer"),
        _member("abort_transfer", AGENT, "transfer"),
        _member("voicemail_drop", VOICEMAIL, "voicemail"),
        _on_bridge("mute"),
        _on_bridge("unmute"),
        _on_bridge("hangup"),
    ),
)
