"""Plivo's SDK for Ruby, 4.63.4: from published sources, not recorded.

The headers are those that Faraday 1.1 of Debian sends with the SDK's settings.
"""

from .requests import (
    ACTION,
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

PARTY = "/v1/phlo/$phlo/multi_party_call/$node/"
RUN_PATH = "/v1/account/$account/phlo/$phlo/"
RUN = ("api_id", "phlo_id", "phlo_run_id")


def _dial(name: str, to: str, role: str, after: str) -> SdkRequest:
    body = f'{{"action":"{name}","trigger_source":"{AGENT}","to":"{to}","role":{role}}}'
    return SdkRequest(name, "POST", PARTY, body, ACTION, after, name)


def _member(name: str, address: str, after: str = "talk") -> SdkRequest:
    path, body = f"{PARTY}members/{address}/", f'{{"action":"{name}"}}'
    return SdkRequest(name, "POST", path, body, ACTION, after, name)


SDK = Sdk(
    "ruby",
    {
        "User-Agent": "plivo-ruby/4.63.4 (Ruby 3.1.2)",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
    },
    (
        reading("phlo.get", "/v1/phlo/$phlo/", PHLO),
        reading("multi_party_call", PARTY, NODE),
        SdkRequest("run without params", "POST", RUN_PATH, "", RUN),
        SdkRequest("run", "POST", RUN_PATH, '{"to":"+12025550102"}', RUN),
        _dial("call", CUSTOMER, '"customer"', "nothing"),
        _dial("warm_transfer", SUPERVISOR, '"agent"', "talk"),
        _dial("cold_transfer", SUPERVISOR, "null", "talk"),
        _member("hold", CUSTOMER),
        _member("unhold", CUSTOMER),
        _member("mute", CUSTOMER),
        _member("unmute", CUSTOMER),
        _member("hangup", SUPERVISOR, "transfer"),
        _member("resume_call", AGENT, "transfer"),
        _member("abort_transfer", AGENT, "transfer"),
        _member("voicemail_drop", VOICEMAIL, "voicemail"),
    ),
)
