"""`plivo-phlo verify`: whether a signature matches, what differs, and no secret in its output."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from plivo_phlo_async.webhooks import sign_v2, sign_v3

from .conftest import Run

TOKEN = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
URL = "https://example.com/plivo?b=2&a=%20"
BODY = "to=12025551111&event=ConferenceEnter"
PARAMS = {"to": "12025551111", "event": "ConferenceEnter"}
V3 = sign_v3("POST", URL, PARAMS, TOKEN, nonce="12345")["X-Plivo-Signature-V3"]
V2 = sign_v2(URL, TOKEN, nonce="12345")["X-Plivo-Signature-V2"]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", TOKEN)


def argv(url: str = URL, signature: str = V3, body: str | None = BODY) -> list[str]:
    given = ["verify", "--url", url, "--nonce", "12345", "--signature", signature]
    return given if body is None else [*given, "--body", body]


@pytest.mark.parametrize(
    "given",
    [
        argv(),
        argv(signature=f"AAAA,{V3}"),
        argv(body=json.dumps(PARAMS)),
        [*argv(body=None), "--param", "to=12025551111", "--param", "event=ConferenceEnter"],
        [*argv(signature=V2), "--v2"],
        argv(
            "https://example.com/",
            sign_v3("POST", "https://example.com", PARAMS, TOKEN, nonce="12345")[
                "X-Plivo-Signature-V3"
            ],
        ),
    ],
    ids=["form", "several", "json", "params", "v2", "bare host"],
)
def test_what_a_server_takes_is_a_match_and_exit_0(plivo_phlo: Run, given: list[str]) -> None:
    code, out, err = plivo_phlo(*given)

    assert (code, err) == (0, "")
    assert out.startswith("✓ The signature matches.")


@pytest.mark.parametrize(
    ("given", "differs"),
    [
        (argv("http://example.com/plivo?b=2&a=%20"), "its URL begins with https://"),
        (argv("https://example.com:8443/plivo?b=2&a=%20"), "does not have the port 8443"),
        (argv("https://example.com/plivo/?b=2&a=%20"), "its path ends without a slash"),
        (
            [*argv("https://inside/plivo?b=2&a=%20"), "--other-host", "example.com"],
            "its host is example.com",
        ),
        (argv(signature=V2), "it is a V2 signature, passed as V3"),
        ([*argv(), "--v2"], "it is a V3 signature, passed as V2"),
        ([*argv(), "--method", "GET"], "its method is POST"),
    ],
)
def test_what_differs_is_named_and_exit_1(plivo_phlo: Run, given: list[str], differs: str) -> None:
    code, out, err = plivo_phlo(*given)

    assert (code, err) == (1, "")
    assert out.startswith("✗ The signature does not match. It would match if:\n")
    assert differs in out


def test_a_query_that_was_signed_as_written_is_recognised(plivo_phlo: Run) -> None:
    # Of https://example.com/plivo?b=2&a=%20.eventConferenceEnterto12025551111.12345
    signed_as_written = "2/H+l2bht4uoUuOyQzA0edGv6pWe5jxfXsrNKvHSfaI="
    code, out, _ = plivo_phlo(*argv(signature=signed_as_written))

    assert code == 1
    assert "its query is signed raw, in its order and not decoded" in out


def test_with_v2_that_it_is_v2_is_no_difference(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo(*argv("http://example.com/plivo", V2), "--v2", "--json")

    assert (code, json.loads(out)["differences"]) == (1, ["its URL begins with https://"])


def test_another_token_is_named_by_its_variable(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBACCOUNT", "another")
    code, out, _ = plivo_phlo(
        *argv(), "--token-env", "SUBACCOUNT", "--token-env", "PLIVO_AUTH_TOKEN"
    )

    assert code == 1
    assert "it is made with the token in PLIVO_AUTH_TOKEN" in out
    assert "Verify with that token as well" in out


def test_spaces_around_the_token_are_reported(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", f"{TOKEN}\n")
    code, out, _ = plivo_phlo(*argv())

    assert code == 1
    assert "the token is passed with spaces or a line break around it" in out


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (argv("http://example.com/plivo"), 'public_base_url="https://example.com"'),
        (argv("https://example.com:8443/plivo"), 'public_base_url="https://example.com"'),
        (argv("https://example.com/plivo"), "allow_v2=True"),
        (argv("https://example.com/plivo/"), "allow_v2=True"),
    ],
)
def test_what_to_do_is_said(plivo_phlo: Run, given: list[str], advice: str) -> None:
    given[given.index("--signature") + 1] = V2
    _, out, _ = plivo_phlo(*given)

    assert advice in out


def test_where_the_way_differs_the_advice_is_to_let_the_server_see_it(plivo_phlo: Run) -> None:
    _, out, _ = plivo_phlo(*argv("https://example.com/plivo/?b=2&a=%20"))

    assert out.endswith("Pass the request to the server unchanged.\n")


def test_a_forgery_is_said_to_match_nothing(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo(*argv(signature="AAAA"))

    assert code == 1
    assert "No tried variant matches" in out


@pytest.mark.parametrize("url", [URL, "http://example.com/plivo?b=2&a=%20"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_numbers_are_masked_and_the_token_never_shows(
    plivo_phlo: Run, url: str, options: list[str]
) -> None:
    _, out, _ = plivo_phlo(*argv(url), *options)
    _, verbose, _ = plivo_phlo(*argv(url), *options, "-v")

    assert "12025551111" not in out
    assert "12025551111" in verbose
    assert TOKEN not in out + verbose


def test_the_finding_as_json(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo(*argv("http://example.com/plivo?b=2&a=%20"), "--json", "-v")
    end = "://example.com/plivo?a= &b=2.eventConferenceEnterto12025551111"

    assert code == 1
    assert json.loads(out) == {
        "matches": False,
        "version": "V3",
        "differences": ["its URL begins with https://"],
        "as_given": f"http{end}",
        "as_signed": f"https{end}",
        "advice": 'Pass the public URL to the server: public_base_url="https://example.com".',
    }


def test_a_body_comes_from_a_file_or_from_standard_input(
    plivo_phlo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "body"
    file.write_text(BODY)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(BODY.encode())))

    assert [plivo_phlo(*argv(body=body))[0] for body in (f"@{file}", "@-")] == [0, 0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["verify"], "Missing option '--url'"),
        (argv("example.com/plivo"), "--url: the URL has no scheme or host"),
        ([*argv(), "--param", "a=b"], "not both"),
        ([*argv(body=None), "--param", "12025551111"], "'…1111' is not KEY=VALUE"),
        (argv(body="@/nonexistent"), "No such file"),
        (argv(body="[1]"), "neither a form nor a JSON object"),
        ([*argv(), "--content-type", "application/json"], "is invalid"),
        (
            [*argv(), "--content-type", "multipart/form-data"],
            "A multipart body is not supported; send",
        ),
        ([*argv(), "--nonce", " "], "--nonce is empty"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(plivo_phlo: Run, given: list[str], says: str) -> None:
    code, out, err = plivo_phlo(*given)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_without_a_token_it_is_one_line_and_exit_3(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo(*argv(), "--token-env", "NOWHERE")

    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "set the environment variable NOWHERE" in err
