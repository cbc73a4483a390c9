"""We judge as the official package does, but where it is wrong."""

from __future__ import annotations

from contextlib import suppress

import pytest

pytest.importorskip("plivo")

from plivo.utils import signature_v3

from plivo_phlo_async.webhooks import sign_v3, verify_v3

from .agreement import Request, disagreements
from .samples import TOKEN, URL


def _signed(method: str, url: str, params: dict[str, object]) -> Request:
    signature = sign_v3(method, url, params, TOKEN, nonce="n")["X-Plivo-Signature-V3"]
    return Request(method, url, params, TOKEN, "n", signature)


def test_both_judge_alike() -> None:
    right, differently = disagreements(500, seed=11)

    assert differently == []
    assert 200 < right < 400  # so that neither verdict goes untested


# What the official package gets wrong (4.63)


def test_theirs_takes_no_query_that_is_not_ascii_and_ours_does() -> None:
    request = _signed("GET", "https://example.com/p?name=%C3%A9", {})
    taken = False
    with suppress(UnicodeEncodeError):  # or it refuses, by the Python under it
        taken = request.theirs()

    assert request.ours()
    assert not taken


def test_theirs_cuts_off_a_paths_semicolon_and_ours_signs_the_path_as_it_came() -> None:
    request = _signed("GET", "https://example.com/p;v=1", {})

    assert request.ours()
    assert not request.theirs()


def test_theirs_lets_the_url_hide_a_parameter_of_a_get_and_ours_holds_both_signed() -> None:
    signature = sign_v3("GET", URL, None, TOKEN, nonce="n")["X-Plivo-Signature-V3"]
    request = Request("GET", URL, {"tenant": "6"}, TOKEN, "n", signature)

    assert not request.ours()
    assert request.theirs()


def test_theirs_changes_the_parameters_it_is_given_and_ours_does_not() -> None:
    ours: dict[str, object] = {"a": "1"}
    theirs: dict[str, object] = {"a": "1"}
    verify_v3("GET", URL, sign_v3("GET", URL, ours, TOKEN), ours, TOKEN)
    signature_v3.construct_get_url(URL, theirs)

    assert (ours, theirs) == ({"a": "1"}, {"a": "1", "tenant": ["5"]})


def test_theirs_takes_an_empty_token_and_ours_does_not() -> None:
    signature = sign_v3("GET", URL, None, "", nonce="n")["X-Plivo-Signature-V3"]
    request = Request("GET", URL, {}, "", "n", signature)

    assert not request.ours()
    assert request.theirs()


def test_theirs_distinguishes_a_bare_host_from_one_with_a_slash_and_a_server_cannot() -> None:
    signature = sign_v3("GET", "https://example.com", None, TOKEN, nonce="n")
    request = Request(
        "GET", "https://example.com/", {}, TOKEN, "n", signature["X-Plivo-Signature-V3"]
    )

    assert request.ours()
    assert not request.theirs()


def test_theirs_does_not_compare_in_constant_time() -> None:
    assert "compare_digest" not in dir(signature_v3)
