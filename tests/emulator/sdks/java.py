"""Plivo's SDK for Java: from published sources, not recorded.

It aborts a warm and a cold transfer by the same action. The versions in its `User-Agent` are made
up.
"""

from .requests import (
    ACTION,
    AGENT,
    CUSTOMER,
    NODE,
    SUPERVISOR,
    VOICEMAIL,
    Sdk,
    SdkRequest,
    reading,
)

PARTY = "/v1/phlo/$phlo/multi_party_call/$node"
RUN_PATH = "/v1/account/$account/phlo/$phlo"
RUN = ("api_id", "phlo_id", "phlo_run_id")


def _dial(call: str, verb: str, to: str, role: str, after: str) -> SdkRequest:
    body = f'{{"trigger_source":"{AGENT}","to":"{to}","role":"{role}","action":"{verb}"}}'
    return SdkRequest(call, "POST", PARTY, body, ACTION, after, verb)


def _member(call: str, verb: str, address: str, after: str = "talk") -> SdkRequest:
    path, body = f"{PARTY}/members/{address}", f'{{"action":"{verb}"}}'
    return SdkRequest(call, "POST", path, body, ACTION, after, verb)


SDK = Sdk(
    "java",
    {
        "Content-Type": "application/json",
        "User-Agent": "plivo-java/5.46.3 (Implementation: Eclipse null null, Specification: a b c)",
        "Connection": "Keep-Alive",
        "Accept-Encoding": "gzip",
    },
    (
        reading("Phlo.getter", "/v1/phlo/$phlo", ("phlo_id", "name", "created_on")),
        reading("multiPartyCallGetter", PARTY, NODE),
        SdkRequest("run without a payload", "POST", RUN_PATH, "{}", RUN),
        SdkRequest("run", "POST", RUN_PATH, '{"to":"+12025550102"}', RUN),
        _dial("callCreator", "call", CUSTOMER, "customer", "nothing"),
        _dial("warmTransferCreator", "warm_transfer", SUPERVISOR, "agent", "talk"),
        _dial("coldTransferCreator", "cold_transfer", SUPERVISOR, "agent", "talk"),
        _member("memberHoldCreator", "hold", CUSTOMER),
        _member("memberUnHoldCreator", "unhold", CUSTOMER),
        _member("memberHangUpCreator", "hangup", SUPERVISOR, "transfer"),
        _member("memberResumeCallCreator", "resume_call", AGENT, "transfer"),
        _member("memberAbortWarmTransferCreator", "abort_transfer", AGENT, "transfer"),
        _member("memberVoiceMailDropCreator", "voicemail_drop", VOICEMAIL, "voicemail"),
    ),
)
