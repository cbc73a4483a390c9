"""Plivo's SDK for Go, 7.60.2: from published sources, not recorded.

The payload has every field, so a role that is not set is an empty string. A program sets the action
of the payload itself.
"""

from .requests import (
    ACTION,
    AGENT,
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

PARTY = "/v1/phlo/$phlo/multi_party_call/$node"
RUN_PATH = "/v1/account/$account/phlo/$phlo/"


def _dial(call: str, verb: str, to: str, role: str, after: str) -> SdkRequest:
    body = f'{{"action":"{verb}","to":"{to}","role":"{role}","trigger_source":"{AGENT}"}}\n'
    return SdkRequest(call, "POST", PARTY, body, ACTION, after, verb)


def _member(call: str, verb: str, address: str, after: str = "talk") -> SdkRequest:
    path, body = f"{PARTY}/members/{address}", f'{{"action":"{verb}"}}\n'
    return SdkRequest(call, "POST", path, body, ACTION, after, verb)


SDK = Sdk(
    "go",
    {
        "User-Agent": "plivo-go/7.60.2 (Go: go1.19.8)",
        "Content-Type": "application/json",
        "Accept-Encoding": "gzip",
    },
    (
        reading("Phlos.Get", "/v1/phlo/$phlo", PHLO),
        reading("Node", PARTY, NODE),
        SdkRequest("Run without data", "POST", RUN_PATH, "", (*RUN, "phlo_run_id")),
        SdkRequest("Run", "POST", RUN_PATH, '{"to":"+12025550102"}\n', (*RUN, "phlo_run_id")),
        _dial("Call", "call", CUSTOMER, "customer", "nothing"),
        _dial("Call without a role", "call", CUSTOMER, "", "nothing"),
        _dial("WarmTransfer", "warm_transfer", SUPERVISOR, "agent", "talk"),
        _dial("ColdTransfer", "cold_transfer", SUPERVISOR, "", "talk"),
        _member("Hold", "hold", CUSTOMER),
        _member("UnHold", "unhold", CUSTOMER),
        _member("HangUp", "hangup", SUPERVISOR, "transfer"),
        _member("ResumeCall", "resume_call", AGENT, "transfer"),
        _member("AbortTransfer", "abort_transfer", AGENT, "transfer"),
        _member("VoiceMailDrop", "voicemail_drop", VOICEMAIL, "voicemail"),
    ),
)
