"""The diagnosis of an invalid signature has the fewest differences."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from plivo_phlo_async.webhooks import Diagnosis, Difference, diagnose, sign_v2, sign_v3
from plivo_phlo_async.webhooks.signature import signature

from .agreement import made
from .samples import MEMBER, TOKEN

SIGNED = "https://example.com/hooks/plivo?b=2&a=1"


def _ask(url: str = SIGNED, *, signed: dict[str, str] | None = None, **other: Any) -> Diagnosis:
    headers = sign_v3("POST", SIGNED, MEMBER, TOKEN, nonce="n") if signed is None else signed
    asked: dict[str, Any] = {
        "method": "POST",
        "params": MEMBER,
        "auth_token": TOKEN,
        "nonce": "n",
        "signature_v3": headers.get("X-Plivo-Signature-V3"),
        "signature_ma_v3": headers.get("X-Plivo-Signature-Ma-V3"),
        "signature_v2": headers.get("X-Plivo-Signature-V2"),
    }
    return diagnose(url=url, **{**asked, **other})


def _differences(found: Diagnosis) -> list[str]:
    return [str(each) for each in found.differences]


def test_a_right_signature_matches() -> None:
    found = _ask()

    assert found.matches
    assert found.differences == ()
    assert found.header == "V3"
    assert found.token == 0
    assert found.advice == "The signature matches (V3)."
    assert found.signed is not None
    assert found.signed.startswith("https://example.com/hooks/plivo?a=1&b=2.bill_rate0.0035")


@pytest.mark.parametrize(
    ("given", "differences"),
    [
        ({"url": SIGNED.replace("https", "http")}, ["its URL begins with https://"]),
        ({"url": SIGNED.replace(".com", ".com:8000")}, ["its host does not have the port 8000"]),
        ({"url": SIGNED.replace("plivo", "plivo/")}, ["its path ends without a slash"]),
        ({"url": SIGNED.replace("hooks", "%68ooks")}, ["its path is signed decoded"]),
        ({"url": SIGNED.replace("b=2&a=1", "a=1&b=2")}, None),
        (
            {"url": "http://10.0.0.7:8000/hooks/plivo?b=2&a=1", "hosts": ["example.com"]},
            [
                "its URL begins with https://",
                "its host is example.com",
                "its host does not have the port 8000",
            ],
        ),
        (
            {"params": {**MEMBER, "a": "1", "b": "2"}},
            ["the query's parameters were passed as the body's as well"],
        ),
        (
            {"auth_token": f"{TOKEN}\n"},
            ["the token is passed with spaces or a line break around it"],
        ),
        (
            {"auth_token": "sub", "other_tokens": [TOKEN]},
            ["it is made with other token no. 1"],
        ),
        ({"signature_v3": "x"}, None),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_differs_is_named(given: dict[str, Any], differences: list[str] | None) -> None:
    found = _ask(**given)

    assert found.matches == (differences is None)
    assert _differences(found) == (differences or [])


@pytest.mark.parametrize(
    ("signed", "given", "difference"),
    [
        (
            sign_v3("POST", SIGNED.replace(".com", ".com:443"), MEMBER, TOKEN, nonce="n"),
            {},
            "its host has the port 443",
        ),
        (
            sign_v3("POST", SIGNED.replace("plivo", "plivo/"), MEMBER, TOKEN, nonce="n"),
            {},
            "its path ends with a slash",
        ),
        (sign_v3("POST", SIGNED[:-8], MEMBER, TOKEN, nonce="n"), {}, "its query is not signed"),
        (sign_v3("POST", SIGNED, None, TOKEN, nonce="n"), {}, "its parameters are not signed"),
        (sign_v3("GET", SIGNED, MEMBER, TOKEN, nonce="n"), {}, "its method is GET"),
        (
            sign_v2(SIGNED, TOKEN, nonce="n"),
            {},
            "it is signed with V2, which covers neither query nor body",
        ),
    ],
    ids=range(6),
)
def test_what_was_signed_otherwise_is_named(
    signed: dict[str, str], given: dict[str, Any], difference: str
) -> None:
    found = _ask(signed=signed, **given)

    assert _differences(found) == [difference]
    assert found.advice.endswith(f": {difference}.")


def test_a_query_signed_as_written_is_named() -> None:
    asked = SIGNED.partition("?")[2]
    base = SIGNED.partition("?")[0]
    body = "".join(f"{key}{MEMBER[key]}" for key in sorted(MEMBER))
    right = signature("V3", f"{base}?{asked}.{body}", "n", TOKEN)
    found = _ask(signed={"X-Plivo-Signature-V3": right})

    assert _differences(found) == ["its query is signed raw, in its order and not decoded"]


def test_a_subaccounts_header_is_not_the_main_accounts() -> None:
    headers = sign_v3("POST", SIGNED, MEMBER, "sub", nonce="n", main_auth_token=TOKEN)

    assert _ask(signed=headers).matches
    assert _ask(signed=headers).header == "Ma-V3"


def test_a_signature_in_the_wrong_place_is_named() -> None:
    v2 = sign_v2(SIGNED, TOKEN, nonce="n")["X-Plivo-Signature-V2"]
    found = _ask(signature_v3=v2, signature_ma_v3=None)

    assert found.differences[-1] == Difference("header", "it is a V2 signature, passed as V3")


def test_a_query_signed_as_written_without_a_body_is_named() -> None:
    right = signature("V3", "https://example.com/p?b=2&a=1", "n", TOKEN)
    found = _ask("https://example.com/p?b=2&a=1", params=None, signature_v3=right)

    assert _differences(found) == ["its query is signed raw, in its order and not decoded"]


def test_each_difference_names_its_part() -> None:
    headers = sign_v2("https://example.com:443/hooks/plivo/", "main", nonce="n")
    found = _ask(
        "http://10.0.0.7/hooks/plivo?b=2&a=1",
        hosts=["", "example.com"],
        other_tokens=["sub", "main"],
        signature_v3=headers["X-Plivo-Signature-V2"],
        signature_ma_v3=None,
    )

    parts = ["scheme", "host", "port", "path", "version", "token", "header"]
    assert [each.part for each in found.differences] == parts
    assert (found.header, found.token) == ("V3", 2)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"method": "GET"}, "method"),
        ({"params": {**MEMBER, "a": "1"}}, "params"),
        ({"auth_token": f" {TOKEN}"}, "token"),
    ],
)
def test_so_do_those_of_method_parameters_and_token(given: dict[str, Any], part: str) -> None:
    assert [each.part for each in _ask(**given).differences] == [part]


def test_of_two_readings_that_match_the_one_with_fewer_differences_counts() -> None:
    signed = sign_v3("POST", "https://example.com/p", {"c": "3"}, TOKEN, nonce="n")
    found = _ask("https://example.com/p?c3", signed=signed, params={"c": "3"})

    assert _differences(found) == ["its query is not signed"]


def test_a_scheme_is_known_in_capitals_too() -> None:
    signed = sign_v3("POST", "http://example.com/p", MEMBER, TOKEN, nonce="n")

    assert _differences(_ask("HTTPS://example.com/p", signed=signed)) == [
        "its URL begins with http://"
    ]


@pytest.mark.parametrize(
    ("signed", "given", "hosts", "part", "difference"),
    [
        ("https://h.example/p", "https://u:pw@h.example/p", [], "userinfo",
         "its URL has no user and password"),
        ("https://u:pw@h.example/p", "https://h.example/p", ["u:pw@h.example"], "userinfo",
         "its URL has a user and password"),
        ("https://u:pw@h.example/p", "https://10.0.0.1/p", ["u:pw@h.example"], "userinfo",
         "its host is h.example, after a user and password"),
        ("https://h.example/p", "https://H.Example/p", [], "host",
         "its host is spelt h.example"),
        ("https://H.example/p", "https://h.example/p", [], "host",
         "its host is spelt H.example"),
        ("https://H.Example/p", "https://h.example/p", [], "host",
         "its host is spelt H.Example"),
        ("https://h.example/a%2Fb", "https://h.example/a%2fb", [], "path",
         "its path is signed with its percent-encoding in upper case"),
        ("https://h.example/a%2fb", "https://h.example/a%2Fb", [], "path",
         "its path is signed with its percent-encoding in lower case"),
        ("https://h.example/a%20b", "https://h.example/a b", [], "path",
         "its path is signed percent-encoded where it has to be"),
        ("https://h.example/~%20p", "https://h.example/%7E%20p", [], "path",
         "its path is signed percent-encoded where it has to be"),
    ],
    ids=range(10),
)  # fmt: skip
def test_userinfo_case_and_percent_encoding_are_named(
    signed: str, given: str, hosts: list[str], part: str, difference: str
) -> None:
    headers = sign_v3("POST", signed, MEMBER, TOKEN, nonce="n")
    found = _ask(given, signed=headers, hosts=hosts)

    assert found.differences == (Difference(part, difference),)
    assert "pw" not in found.advice


def test_a_fragment_is_no_difference() -> None:
    assert _ask(f"{SIGNED}#ct=2500&rt=5500").matches


def test_spaces_around_a_nonce_are_no_difference() -> None:
    assert _ask(nonce=" n ").matches


def test_the_slash_of_a_bare_host_is_no_difference() -> None:
    signed = sign_v3("POST", "https://example.com", MEMBER, TOKEN, nonce="n")

    assert _ask("https://example.com/", signed=signed).matches
    assert not _ask("https://example.com/p", signed=signed).matches


def test_a_request_matches_when_it_would_be_taken_and_only_then() -> None:
    random = Random(13)
    judged = []
    for request in [made(random) for _ in range(60)]:
        found = diagnose(
            request.method,
            request.url,
            request.params,
            request.token,
            nonce=request.nonce,
            signature_v3=request.signature,
        )
        judged.append((found.matches, request.ours()))

    assert {*judged} == {(True, True), (False, False)}


@pytest.mark.parametrize("url", [SIGNED, "", "/hooks/plivo", "https://"])
def test_what_matches_nothing_is_said_to(url: str) -> None:
    found = _ask(url, nonce="another")

    assert not found.matches
    assert found.differences == ()
    assert found.header is None
    assert "forged" in found.advice


def test_a_finding_shows_no_numbers_in_its_repr() -> None:
    assert MEMBER["from"] not in repr(_ask())
