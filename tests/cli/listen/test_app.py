"""The application verifies each request and rejects an invalid one with its reason."""

from __future__ import annotations

import shlex
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async.webhooks import sign_v2

from ..conftest import Run
from .samples import BODY, FORM, TOKEN, URL, Read, ask, asked_for, listener, multipart, signed


def test_a_sender_that_disconnects_early_is_not_printed(capsys: Read) -> None:
    async def go() -> list[Any]:
        said: list[Any] = []
        begun = {"type": "http.request", "body": BODY, "more_body": True}
        ahead = [begun, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return ahead.pop(0)

        async def send(message: Any) -> None:
            said.append(message)

        await listener()({"type": "http"}, receive, send)
        return said

    assert (anyio.run(go), capsys.readouterr()) == ([], ("", ""))


def test_a_component_that_is_named_is_not_guessed(capsys: Read) -> None:
    ask(listener(component="Conference Bridge"), signed())

    assert "  conference_bridge  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asking", "status", "says"),
    [
        (signed(body=BODY + b"&a=b"), 403, "the V3 signature does not match"),
        (httpx.Request("POST", URL, content=BODY), 403, "there is no X-Plivo-Signature-V3 header"),
        (signed("http://127.0.0.1:7462/12025550199", b"?"), 400, "neither a form nor a JSON"),
        (
            multipart(),
            400,
            "A multipart body is not supported; send application/x-www-form-urlencoded",
        ),
        (signed(body=BODY + b"&a=" + b"a" * 262_144), 413, "more than 262144 bytes"),
    ],
    ids=["forged", "unsigned", "unreadable", "multipart", "large"],
)
def test_what_is_refused_is_a_line_with_the_reason(
    capsys: Read, asking: httpx.Request, status: int, says: str
) -> None:
    answers = ask(listener(), asking)
    out, err = capsys.readouterr()

    assert ([answer.status_code for answer in answers], out) == ([status], "")
    assert err.startswith(f"12:30:00  rejected {status}  POST /")
    assert says in err
    assert err.count("\n") == 1
    assert "12025550199" not in err
    assert "public_base_url" not in err
    assert ("plivo-phlo verify" in err) == (says == "the V3 signature does not match")


def from_https(request: httpx.Request) -> httpx.Request:
    return httpx.Request(request.method, URL, headers=request.headers, content=request.read())


HTTPS = URL.replace("http", "https")


UNTAKEN = {
    "posted": (from_https(signed(HTTPS)), "its URL begins with https://"),
    "got": (from_https(asked_for(HTTPS)), "its URL begins with https://"),
    "by V2": (
        httpx.Request("POST", URL, headers=sign_v2(URL, TOKEN), content=BODY),
        "The signature matches",
    ),
}


@pytest.mark.parametrize("case", UNTAKEN)
def test_the_printed_command_diagnoses_the_signature(
    capsys: Read, plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", TOKEN)
    request, says = UNTAKEN[case]
    ask(listener(verbose=True), request)
    command = shlex.split(capsys.readouterr().err.splitlines()[1])
    _, out, _ = plivo_phlo(*command[1:])

    assert says in out
    assert ("--method" in command) == (request.method == "GET")


def test_behind_a_tunnel_the_public_url_counts(capsys: Read) -> None:
    request = signed(URL.replace("http://127.0.0.1:7462", "https://example.com/base"))
    request.url = httpx.URL(URL)
    answers = ask(listener(public_url="https://example.com/base/"), request)

    assert [answer.status_code for answer in answers] == [200]


PATH = URL.removeprefix("http://127.0.0.1:7462")


@pytest.mark.parametrize(
    ("public", "signed_for", "headers"),
    [
        ("https://wrong.example", "https://right.example", {"host": "right.example"}),
        ("https://wrong.example", "http://right.example:8080", {"host": "right.example:8080"}),
        ("https://wrong.example/base", "https://right.example/base", {"host": "right.example"}),
        ("https://right.example/base", "https://right.example", {"host": "right.example"}),
        ("http://right.example", "https://right.example", {"host": "right.example"}),
        ("https://wrong.example", "https://right.example", {"x-forwarded-host": "right.example"}),
        (None, "https://right.example", {"host": "right.example"}),
    ],
    ids=range(7),
)
def test_a_wrong_public_url_is_named_with_the_right_one(
    capsys: Read, public: str | None, signed_for: str, headers: dict[str, str]
) -> None:
    request = signed(signed_for + PATH)
    request.url = httpx.URL(URL)
    request.headers.update(headers)
    answers = ask(listener(public_url=public), request)

    assert [answer.status_code for answer in answers] == [403]
    reason = f"the signature is for another URL; pass --public-url {signed_for}"
    assert reason in capsys.readouterr().err


def test_a_forgery_names_no_public_url(capsys: Read) -> None:
    request = signed("https://right.example" + PATH, BODY + b"&a=b")
    request.url = httpx.URL(URL)
    request.headers["host"] = "right.example"
    ask(listener(public_url="https://wrong.example"), request)

    assert "the V3 signature does not match" in capsys.readouterr().err


def test_the_command_that_shows_why_has_the_host_that_was_seen(
    capsys: Read, plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", TOKEN)
    request = signed("https://right.example" + PATH)
    request.url = httpx.URL(URL)
    request.headers["host"] = "right.example"
    ask(listener(verbose=True, public_url="https://wrong.example"), request)
    command = shlex.split(capsys.readouterr().err.splitlines()[1])
    _, out, _ = plivo_phlo(*command[1:])

    assert "its host is right.example" in out


def test_v2_is_taken_only_if_allowed(capsys: Read) -> None:
    request = httpx.Request("POST", URL, headers={**FORM, **sign_v2(URL, TOKEN)}, content=BODY)
    answers = ask(listener(), request) + ask(listener(allow_v2=True), request)

    assert [answer.status_code for answer in answers] == [403, 200]
