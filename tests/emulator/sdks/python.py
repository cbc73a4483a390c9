"""Plivo's SDK for Python: recorded with `plivo` 4.63.0 from PyPI."""

from .requests import (
    ACTION,
    AGENT,
    BRIDGE_ACTION,
    CUSTOMER,
    NODE,
    PHLO,
    RUN,
    SUPERVISOR,
    VOICEMAIL,
    Sdk,
    SdkRequest,
    reading,
)

PARTY = "/v1/phlo/$phlo/multi_party_call/$node/"
BRIDGE = "/v1/phlo/$phlo/conference_bridge/$bridge/"
RUN_PATH = "/v1/account/$account/phlo/$phlo/"


def _dial(name: str, to: str, role: str, after: str) -> SdkRequest:
    body = f'{{"action": "{name}", "trigger_source": "{AGENT}", "to": "{to}", "role": "{role}"}}'
    return SdkRequest(name, "POST", PARTY, body, ACTION, after, name)


def _member(name: str, address: str, after: str = "talk") -> SdkRequest:
    body = f'{{"action": "{name}"}}'
    path = f"{PARTY}members/{address}/"
    return SdkRequest(name, "POST", path, body, ACTION, after, name)


def _on_bridge(name: str) -> SdkRequest:
    body, path = f'{{"action": "{name}"}}', f"{BRIDGE}members/{CUSTOMER}/"
    return SdkRequest(f"bridge {name}", "POST", path, body, BRIDGE_ACTION, "bridge", name)


SDK = Sdk(
    "python",
    {
        "User-Agent": "plivo-python/4.63.0 (Python: 3.11.7)",
        "Accept-Encoding": "gzip, deflate",
        "Accept": "application/json",
        "Connection": "keep-alive",
        "Content-Type": "application/json",
    },
    (
        reading("get", "/v1/phlo/$phlo/", PHLO),
        reading("multi_party_call", PARTY, NODE),
        reading("node", BRIDGE, NODE),
        SdkRequest("run", "POST", RUN_PATH, "{}", RUN),
        SdkRequest("run with fields", "POST", RUN_PATH, '{"to": "+12025550102", "count": 2}', RUN),
        _dial("call", CUSTOMER, "customer", "nothing"),
        _dial("warm_transfer", SUPERVISOR, "agent", "talk"),
        _dial("cold_transfer", SUPERVISOR, "agent", "talk"),
        SdkRequest(
            "warm_transfer without a role",
            "POST",
            PARTY,
            f'{{"action": "warm_transfer", "trigger_source": "{AGENT}", "to": "{SUPERVISOR}"}}',
            after="talk",
            verb="warm_transfer",
        ),
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
