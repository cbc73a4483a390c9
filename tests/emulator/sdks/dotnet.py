"""Plivo's SDK for .NET, 5.53.0: from published sources, not recorded.

It reads its account first. The parameters of an action on a node are in the query and in the JSON,
those of an action on a member in the query alone.
"""

from urllib.parse import quote

from .requests import (
    AGENT,
    CUSTOMER,
    NODE,
    PHLO,
    SUPERVISOR,
    VOICEMAIL,
    Sdk,
    SdkRequest,
    reading,
)

PARTY = "/v1/phlo/$phlo/multi_party_call/$node"
BRIDGE = "/v1/phlo/$phlo/conference_bridge/$bridge"
RUN_PATH = "/v1/account/$account/phlo/$phlo"
ACCOUNT = (
    "account_type",
    "address",
    "auth_id",
    "auto_recharge",
    "billing_mode",
    "cash_credits",
    "city",
    "name",
    "resource_uri",
    "state",
    "timezone",
)
ACTION = ("api_id",)
RUN = ("api_id", "message")


def _dial(call: str, verb: str, to: str, role: str, after: str) -> SdkRequest:
    sent = f"action={verb}&trigger_source={AGENT}&to={quote(to, safe='')}&role={role}"
    body = f'{{"action":"{verb}","trigger_source":"{AGENT}","to":"{to}","role":"{role}"}}'
    return SdkRequest(call, "POST", f"{PARTY}/?{sent}", body, ACTION, after, verb)


def _member(call: str, verb: str, address: str, after: str = "talk") -> SdkRequest:
    target = f"{PARTY}/members/{address}?action={verb}"
    return SdkRequest(call, "POST", target, "{}", ACTION, after, verb)


SDK = Sdk(
    "dotnet",
    {
        "User-Agent": "plivo-dotnet/5.53.0",
        "Accept": "application/json",
        "Content-Type": "application/json; charset=utf-8",
    },
    (
        reading("Phlo", "/v1/Account/$account/", ACCOUNT),
        reading("Phlo.Get", "/v1/phlo/$phlo/", PHLO),
        reading("MultiPartyCall", f"{PARTY}/", NODE),
        reading("Node", f"{BRIDGE}/", NODE),
        SdkRequest("Run without data", "POST", RUN_PATH, "{}", RUN),
        SdkRequest("Run", "POST", f"{RUN_PATH}?to=%2B12025550102", '{"to":"+12025550102"}', RUN),
        _dial("Call", "call", CUSTOMER, "customer", "nothing"),
        _dial("WarmTransfer", "warm_transfer", SUPERVISOR, "agent", "talk"),
        _dial("ColdTransfer", "cold_transfer", SUPERVISOR, "agent", "talk"),
        _member("Hold", "hold", CUSTOMER),
        _member("UnHold", "unhold", CUSTOMER),
        _member("HangUp", "hangup", SUPERVISOR, "transfer"),
        _member("ResumeCall", "resume_call", AGENT, "transfer"),
        _member("AbortTransfer", "abort_transfer", AGENT, "transfer"),
        _member("VoicemailDrop", "voicemail_drop", VOICEMAIL, "voicemail"),
    ),
)
