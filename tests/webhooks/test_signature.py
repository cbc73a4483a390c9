"""Who sent a webhook: Plivo's own vectors, and everything that must be refused."""

from __future__ import annotations

import copy
import hmac
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async.errors import SignatureError
from plivo_phlo_async.webhooks import (
    MemoryNonces,
    sign_v2,
    sign_v3,
    signature,
    verify_v2,
    verify_v3,
)

from .samples import MEMBER, TOKEN, URL

# From the test suites of Plivo's own packages.

NONCE = "31627761595286130198"
WHERE = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
CALL_UUID = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
SENT = {
    "Direction": "outbound",
    "From": "19792014278",
    "ALegUUID": CALL_UUID,
    "CallStatus": "in-progress",
    "BillRate": "0.002",
    "ParentAuthID": "MANWVLYTK4ZWU1YTY4QA",
    "To": "sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com",
    "ALegRequestUUID": CALL_UUID,
    "CallUUID": CALL_UUID,
    "RequestUUID": CALL_UUID,
    "SIP-H-To": "<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1",
    "SessionStart": "2020-04-08 11:34:33.238707",
    "Event": "StartApp",
}
OFFICIAL_V3 = [
    (f"{WHERE}/?a=b&c=d", "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
    (WHERE, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
]
OFFICIAL_V2 = "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="

# Computed with the official Python package, token my_auth_token, nonce 12345.

PLAIN = "https://example.com/hook"
COMPUTED_V3: list[tuple[str, str, dict[str, str], str]] = [
    ("GET", PLAIN, {}, "2TNDYianEHQEtogamL9Ew6nbA6T2hr7N479rTAzylSQ="),
    ("POST", PLAIN, {}, "2TNDYianEHQEtogamL9Ew6nbA6T2hr7N479rTAzylSQ="),
    (
        "POST",
        "https://example.com/hook?foo=bar",
        {},
        "yvaKmnpfpyDdmjsHUNPWF4U4PN0Rvdd0jPZj2bjsTKg=",
    ),
    (
        "POST",
        "https://example.com/abcd?foo=bar",
        {"To": "+15555555555", "From": "+15551111111", "CallUUID": "abc", "Digits": "1"},
        "izK7SSNItRvfGVxmuE+LX2B8CDTnl9sQVQ548H7VCVA=",
    ),
]


WRONG, ANOTHER = "A" * 43 + "=", "B" * 43 + "="


def _v3(signature: str, nonce: str = NONCE) -> dict[str, str]:
    return {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}


def _v2(signature: str, nonce: str = "12345") -> dict[str, str]:
    return {"X-Plivo-Signature-V2": signature, "X-Plivo-Signature-V2-Nonce": nonce}


def _is_right(check: Callable[[], None]) -> bool:
    try:
        check()
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize(("url", "expected"), OFFICIAL_V3)
def test_plivos_own_v3_vectors_match(url: str, expected: str) -> None:
    verify_v3("POST", url, _v3(expected), SENT, TOKEN)

    assert sign_v3("POST", url, SENT, TOKEN, nonce=NONCE)["X-Plivo-Signature-V3"] == expected


@pytest.mark.parametrize(("url", "expected"), OFFICIAL_V3)
@pytest.mark.parametrize("wrong", [{"token": TOKEN + "4"}, {"nonce": NONCE + "1"}])
def test_plivos_own_v3_vectors_fail_with_another_token_or_nonce(
    url: str, expected: str, wrong: dict[str, str]
) -> None:
    headers = _v3(expected, wrong.get("nonce", NONCE))
    with pytest.raises(SignatureError):
        verify_v3("POST", url, headers, SENT, wrong.get("token", TOKEN))


@pytest.mark.parametrize(("method", "url", "params", "expected"), COMPUTED_V3)
def test_v3_agrees_with_what_the_official_package_computed(
    method: str, url: str, params: dict[str, str], expected: str
) -> None:
    headers = sign_v3(method, url, params, "my_auth_token", nonce="12345")

    assert headers["X-Plivo-Signature-V3"] == expected


def test_plivos_own_v2_vector_matches() -> None:
    verify_v2("https://answer.url", _v2(OFFICIAL_V2), "my_auth_token")

    headers = sign_v2("https://answer.url", "my_auth_token", nonce="12345")
    assert headers["X-Plivo-Signature-V2"] == OFFICIAL_V2


@pytest.mark.parametrize(
    ("token", "nonce"), [("my_auth_tokens", "12345"), ("my_auth_token", "123456")]
)
def test_plivos_own_v2_vector_fails_with_another_token_or_nonce(token: str, nonce: str) -> None:
    with pytest.raises(SignatureError):
        verify_v2("https://answer.url", _v2(OFFICIAL_V2, nonce), token)


# What is signed


@pytest.mark.parametrize(
    ("method", "url", "params", "text"),
    [
        ("GET", "https://h/p?b=2&a=1", {}, "https://h/p?a=1&b=2"),
        ("GET", "https://h/p?a=1", {"a": "1", "b": "2"}, "https://h/p?a=1&b=2"),
        ("GET", "https://h/p?a=1", {"a": "2"}, "https://h/p?a=1&a=2"),
        ("GET", "https://h/p?", {}, "https://h/p"),
        ("POST", "https://h/p?b=2&a=1", {"d": "4", "c": "3"}, "https://h/p?a=1&b=2.c3d4"),
        ("POST", "https://h/p", {"c": "3"}, "https://h/p?c3"),
        ("POST", "https://h/p?b=2&a=1", {}, "https://h/p?a=1&b=2"),
        ("POST", "https://h/p", {}, "https://h/p"),
        ("POST", "https://h", {}, "https://h"),
        ("POST", "HTTPS://H:8443/%7Ep/a%2Fb;x=1#ct=5", {}, "https://H:8443/%7Ep/a%2Fb;x=1"),
        ("POST", "https://[::1]:5/p", {}, "https://[::1]:5/p"),
        ("POST", "https://h/p?a=%20&a=+&b=%C3%A9&c", {}, "https://h/p?a= &a= &b=\u00e9&c="),
        ("POST", "https://h/p", {"Z": "1", "a": "2", "SIP-H-To": "3"}, "https://h/p?SIP-H-To3Z1a2"),
        ("POST", "https://h/p", {"a": ["2", "1"], "b": ""}, "https://h/p?a1a2b"),
        ("POST", "https://h/p", [("a", "2"), ("b", ""), ("a", "1")], "https://h/p?a1a2b"),
        ("POST", "https://h/p", {"a": {"c": 1, "b": True}, "d": None}, "https://h/p?abTruec1dNone"),
    ],
)  # fmt: skip
def test_what_is_signed(method: str, url: str, params: Any, text: str) -> None:
    pairs = signature.text_pairs(params)

    assert signature.signed_text("V3", method, url, pairs) == text


def test_keys_that_only_unequal_bytes_tell_apart_are_kept_apart() -> None:
    first = sign_v3("POST", "https://h/p?a=%ff", None, TOKEN, nonce="n")
    second = sign_v3("POST", "https://h/p?a=%fe", None, TOKEN, nonce="n")

    assert first != second


def test_repeats_of_a_framework_are_all_signed() -> None:
    many: Any = SimpleNamespace(multi_items=lambda: [("a", "2"), ("a", "1")])

    assert signature.text_pairs(many) == [("a", "2"), ("a", "1")]


@given(
    url=st.text(max_size=20).map("https://h/".__add__),
    params=st.dictionaries(st.text(), st.text() | st.lists(st.text())),
    nonce=st.text(st.characters(codec="latin-1", exclude_categories=["C", "Z"]), min_size=1),
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_signed_verifies(method: str, url: str, params: dict[str, Any], nonce: str) -> None:
    headers = sign_v3(method, url, params, TOKEN, nonce=nonce)

    verify_v3(method, url, headers, params, TOKEN)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"url": URL.replace("https", "http")},
        {"url": URL.replace("tenant=5", "tenant=6")},
        {"url": URL.replace("/plivo", "/plivo/")},
        {"url": URL.replace("/plivo", "/%70livo")},
        {"url": URL.replace(".com", ".com:443")},
        {"url": URL + "&a="},
        {"params": {**MEMBER, "event": "ConferenceExit"}},
        {"params": {**MEMBER, "more": ""}},
        {"params": {**MEMBER, "event": ["ConferenceEnter", "ConferenceExit"]}},
        {"params": {key: MEMBER[key] for key in MEMBER if key != "event"}},
        {"params": None},
        {"auth_token": TOKEN[:-1]},
    ],
    ids=str,
)
def test_any_change_of_a_signed_request_is_noticed(change: dict[str, Any]) -> None:
    request: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "headers": sign_v3("POST", URL, MEMBER, TOKEN),
        "params": MEMBER,
        "auth_token": TOKEN,
    }

    assert _is_right(lambda: verify_v3(**request))
    assert not _is_right(lambda: verify_v3(**{**request, **change}))


# Headers


def _lower(headers: dict[str, str]) -> Any:
    return {name.lower(): value for name, value in headers.items()}


def _asgi(headers: dict[str, str]) -> Any:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _many(headers: dict[str, str]) -> Any:
    name = "X-Plivo-Signature-V3"
    return {**headers, name: f"{WRONG}, {headers[name]} ,{ANOTHER}"}


def _first_of_two(headers: dict[str, str]) -> Any:
    return [*headers.items(), ("X-Plivo-Signature-V3", "other")]


def _last_of_two(headers: dict[str, str]) -> Any:
    return [("X-Plivo-Signature-V3", "other"), *headers.items()]


def _beside_bytes_of_any_kind(headers: dict[str, str]) -> Any:
    return [(b"x-own", b"\xff"), *_asgi(headers)]


SPELLINGS = [_lower, _asgi, _many, _first_of_two, _last_of_two, _beside_bytes_of_any_kind]


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_headers_are_found_however_they_come(spelt: Callable[[dict[str, str]], Any]) -> None:
    headers = spelt(sign_v3("POST", URL, MEMBER, TOKEN, main_auth_token="another"))

    verify_v3("POST", URL, headers, MEMBER, TOKEN)


def test_the_main_accounts_header_alone_will_do() -> None:
    headers = sign_v3("POST", URL, MEMBER, TOKEN)
    del headers["X-Plivo-Signature-V3"]

    verify_v3("POST", URL, headers, MEMBER, TOKEN)


@pytest.mark.parametrize("token", ["sub", "main"])
def test_the_token_of_account_and_subaccount_both_verify(token: str) -> None:
    verify_v3("GET", URL, sign_v3("GET", URL, None, "sub", main_auth_token="main"), None, token)
    verify_v2(URL, sign_v2(URL, "sub", main_auth_token="main"), token)


def test_a_token_that_changes_can_be_given_with_the_next() -> None:
    verify_v3("GET", URL, sign_v3("GET", URL, None, "old"), None, ["new", "old"])


def _without(name: str) -> dict[str, str]:
    headers = sign_v3("POST", URL, MEMBER, TOKEN)
    for each in [each for each in headers if each in name.split()]:
        del headers[each]
    return headers


@pytest.mark.parametrize(
    ("headers", "token", "reason"),
    [
        ({}, TOKEN, "no X-Plivo-Signature-V3 header"),
        (_without("X-Plivo-Signature-V3 X-Plivo-Signature-Ma-V3"), TOKEN, "Signature-V3 header"),
        ({**_without(""), "X-Plivo-Signature-V3-Nonce": ""}, TOKEN, "Nonce header"),
        (_without("X-Plivo-Signature-V3-Nonce"), TOKEN, "no X-Plivo-Signature-V3-Nonce header"),
        (_v3(" , "), TOKEN, "no X-Plivo-Signature-V3 header"),
        (sign_v3("POST", URL, MEMBER, ""), "", "Auth Token to verify with is empty"),
        (sign_v3("POST", URL, MEMBER, " "), " ", "Auth Token to verify with is empty"),
        (sign_v3("POST", URL, MEMBER, ""), [TOKEN, ""], "Auth Token to verify with is empty"),
        (_without(""), [], "Auth Token to verify with is empty"),
        (_v3("gar\u00fcage"), TOKEN, "has no signature, which is 44 characters of Base64"),
        (_v3(WRONG), TOKEN, "does not match"),
        (sign_v2(URL, TOKEN), TOKEN, "no X-Plivo-Signature-V3 header"),
    ],
    ids=range(12),
)
def test_what_is_missing_is_refused_and_named(headers: Any, token: Any, reason: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_v3("POST", URL, headers, MEMBER, token)

    assert reason in caught.value.reason


@pytest.mark.parametrize("dropped", ["", "X-Plivo-Signature-V3-Nonce"])
def test_an_empty_nonce_is_refused_even_when_it_was_signed(dropped: str) -> None:
    headers = sign_v3("POST", URL, MEMBER, TOKEN, nonce="")
    headers.pop(dropped, None)
    with pytest.raises(SignatureError, match="Nonce header"):
        verify_v3("POST", URL, headers, MEMBER, TOKEN)


@pytest.mark.parametrize("headers", [{}, {"X-Plivo-Signature-V2": "x"}, _v2(""), _v2("x", " ")])
def test_v2_refuses_what_is_missing(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureError, match=r"there is no .* header"):
        verify_v2(URL, headers, TOKEN)


def test_a_refusal_shows_neither_token_nor_number_nor_the_right_signature() -> None:
    right = sign_v3("POST", URL, MEMBER, TOKEN, nonce="n")["X-Plivo-Signature-V3"]
    with pytest.raises(SignatureError) as caught:
        verify_v3("POST", URL, _v3(WRONG, "n"), MEMBER, TOKEN)

    shown = f"{caught.value!r} {caught.value.reason} {vars(caught.value)}"
    assert [
        secret for secret in (TOKEN, right, MEMBER["from"], MEMBER["to"]) if secret in shown
    ] == []


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []

    def compare(first: bytes, second: bytes) -> bool:
        compared.append(second)
        return first == second

    monkeypatch.setattr(hmac, "compare_digest", compare)
    headers = sign_v3("POST", URL, MEMBER, TOKEN)
    verify_v3("POST", URL, _many(headers), MEMBER, TOKEN)

    right = headers["X-Plivo-Signature-V3"].encode()
    assert compared == [WRONG.encode(), right, ANOTHER.encode(), right]


def test_nothing_given_is_changed() -> None:
    params = {**MEMBER, "list": ["2", "1"], "nested": {"a": ["2", "1"]}}
    headers = sign_v3("GET", URL, params, TOKEN)
    before = copy.deepcopy((params, headers))
    verify_v3("GET", URL, headers, params, TOKEN)

    assert (params, headers) == before


# Where a proxy stands before the server


@pytest.mark.parametrize(
    ("public", "seen", "base"),
    [
        ("https://a.example/p?x=1", "http://10.0.0.1:8000/p?x=1", "https://a.example"),
        ("https://a.example/p?x=1", "http://10.0.0.1:8000/p?x=1", "https://a.example/"),
        ("https://a.example/hooks/p", "http://10.0.0.1/p", "https://a.example/hooks"),
        ("https://a.example:8443/p", "/p", "https://a.example:8443"),
        ("https://a.example/p", "p", "https://a.example"),
        ("https://a.example/a%2Fb", "http://10.0.0.1/a%2Fb", "https://a.example"),
        ("https://a.example/h/p", "http://10.0.0.1/p", "https://a.example/h#ct=2500&rt=5500"),
        ("https://u:p@a.example/p", "http://10.0.0.1/p", "https://u:p@a.example"),
    ],
)
def test_the_public_url_is_what_counts(public: str, seen: str, base: str) -> None:
    headers = sign_v3("POST", public, MEMBER, TOKEN)
    verify_v3("POST", seen, headers, MEMBER, TOKEN, public_base_url=base)
    verify_v2(seen, sign_v2(public, TOKEN), TOKEN, public_base_url=base)

    assert not _is_right(lambda: verify_v3("POST", seen, headers, MEMBER, TOKEN))


@pytest.mark.parametrize("target", ["/hooks/p", "/hooks/p?x=1", "/", ""])
def test_a_documented_fragment_of_the_configured_url_is_not_signed(target: str) -> None:
    seen = f"https://a.example{target}"
    configured = f"{seen}#ct=2500&rt=5500"
    for signed, asked in ((configured, seen), (seen, configured)):
        verify_v3("POST", asked, sign_v3("POST", signed, MEMBER, TOKEN), MEMBER, TOKEN)
        verify_v2(asked, sign_v2(signed, TOKEN), TOKEN)


def test_the_seen_host_cannot_reach_into_the_public_one() -> None:
    headers = sign_v3("GET", "https://a.example.evil.example/p", None, TOKEN)
    with pytest.raises(SignatureError):
        verify_v3(
            "GET", ".evil.example/p", headers, None, TOKEN, public_base_url="https://a.example"
        )


@pytest.mark.parametrize("url", ["/plivo", "", "plivo", "https:///p", "//example.com/p"])
def test_a_url_without_its_host_is_refused_and_named(url: str) -> None:
    with pytest.raises(SignatureError, match="public_base_url"):
        verify_v3("GET", url, _v3(WRONG), None, TOKEN)


def test_a_bare_host_is_asked_for_with_a_slash() -> None:
    headers = sign_v3("POST", "https://example.com?a=1", MEMBER, TOKEN)

    verify_v3("POST", "https://example.com/?a=1", headers, MEMBER, TOKEN)


# The same request again


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_request_is_taken_once() -> None:
    nonces, headers = MemoryNonces(), sign_v3("POST", URL, MEMBER, TOKEN)
    verify_v3("POST", URL, headers, MEMBER, TOKEN, nonces=nonces)
    with pytest.raises(SignatureError) as caught:
        verify_v3("POST", URL, headers, MEMBER, TOKEN, nonces=nonces)

    assert "seen before" in caught.value.reason


class _Awaited:
    def is_new(self, nonce: str) -> Any:
        return object()


@pytest.mark.parametrize("version", ["V2", "Ma-V2"])
def test_a_request_without_its_v3_headers_is_a_repeated_one(version: str) -> None:
    nonces = MemoryNonces()
    v2 = sign_v2(URL, TOKEN)
    kept = {f"X-Plivo-Signature-{version}", "X-Plivo-Signature-V2-Nonce"}
    both = {**v2, **sign_v3("POST", URL, MEMBER, TOKEN)}
    verify_v3("POST", URL, both, MEMBER, TOKEN, nonces=nonces)
    stripped = {name: value for name, value in v2.items() if name in kept}
    with pytest.raises(SignatureError, match="seen before"):
        verify_v2(URL, stripped, TOKEN, nonces=nonces)


def test_a_request_without_its_v2_headers_is_a_repeated_one() -> None:
    nonces, v3 = MemoryNonces(), sign_v3("POST", URL, MEMBER, TOKEN)
    verify_v2(URL, {**v3, **sign_v2(URL, TOKEN)}, TOKEN, nonces=nonces)
    with pytest.raises(SignatureError, match="seen before"):
        verify_v3("POST", URL, v3, MEMBER, TOKEN, nonces=nonces)


def test_one_nonce_of_both_versions_is_stored_once() -> None:
    nonces = MemoryNonces()
    v2, v3 = sign_v2(URL, TOKEN, nonce="n"), sign_v3("POST", URL, MEMBER, TOKEN, nonce="n")
    verify_v3("POST", URL, {**v2, **v3}, MEMBER, TOKEN, nonces=nonces)

    assert len(nonces) == 1


def test_a_store_that_must_be_awaited_lets_nothing_through_unawaited() -> None:
    with pytest.raises(SignatureError):
        verify_v2(URL, sign_v2(URL, TOKEN), TOKEN, nonces=_Awaited())


def test_a_forger_fills_no_store_and_uses_up_no_nonce() -> None:
    nonces, headers = MemoryNonces(), sign_v2(URL, TOKEN)
    for url in (URL.replace("plivo", "other"), "/plivo"):
        with pytest.raises(SignatureError):
            verify_v2(url, headers, TOKEN, nonces=nonces)

    verify_v2(URL, headers, TOKEN, nonces=nonces)
    assert len(nonces) == 1


def test_a_nonce_is_remembered_for_its_window() -> None:
    clock = _Clock()
    nonces = MemoryNonces(10.0, clock=clock)
    seen = []
    for clock.now in (0.0, 9.9, 10.0, 19.9, 20.0):
        seen.append(nonces.is_new("n"))

    assert seen == [True, False, True, False, True]


def test_no_more_nonces_are_remembered_than_asked_for() -> None:
    nonces = MemoryNonces(max_size=3)
    seen = [nonces.is_new(nonce) for nonce in "abcda"]

    assert (seen, len(nonces)) == ([True] * 5, 3)
    assert not nonces.is_new("d")


def _deep() -> Any:
    params: Any = "x"
    for _ in range(5000):
        params = {"a": params}
    return params


@pytest.mark.parametrize(
    ("url", "params"),
    [("https://h/p?" + "a=b&" * 1001, None), ("https://h/p", _deep()), ("https://h/p", ["abc"])],
    ids=["keys", "deep", "pairs"],
)
def test_what_cannot_be_signed_is_refused(url: str, params: Any) -> None:
    with pytest.raises(SignatureError):
        verify_v3("POST", url, _v3(WRONG), params, TOKEN)


def test_half_a_character_of_a_json_text_can_be_signed() -> None:
    params = {"msg": "\ud83d"}

    verify_v3("POST", URL, sign_v3("POST", URL, params, TOKEN), params, TOKEN)
