"""Credentials: from arguments, else the environment, else a message that helps."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from plivo_phlo_async import ConfigurationError
from plivo_phlo_async._transport.auth import Credentials

ID, TOKEN = "MA2025RK4E639VJFZAGV", "Y2Q2ZDgxZmY5YWRi"
ENVIRON = {"PLIVO_AUTH_ID": "SA" + "E" * 18, "PLIVO_AUTH_TOKEN": "from-environment"}


def test_each_credential_falls_back_on_its_own() -> None:
    found = Credentials.find(ID, None, ENVIRON)

    assert found == Credentials(ID, "from-environment")


def test_the_header_is_http_basic() -> None:
    header = Credentials(ID, TOKEN).header

    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f"{ID}:{TOKEN}"


def test_a_repr_never_shows_the_token() -> None:
    assert TOKEN not in repr(Credentials(ID, TOKEN))


@pytest.mark.parametrize(
    ("auth_id", "auth_token", "variable"),
    [
        (None, TOKEN, "PLIVO_AUTH_ID"),
        (ID, None, "PLIVO_AUTH_TOKEN"),
        ("", TOKEN, "PLIVO_AUTH_ID"),
        (ID, "  ", "PLIVO_AUTH_TOKEN"),
        ("my-account", TOKEN, "PLIVO_AUTH_ID"),
        (ID[:-1], TOKEN, "PLIVO_AUTH_ID"),
        (ID + "\n", TOKEN, "PLIVO_AUTH_ID"),
        ("XX" + "E" * 18, TOKEN, "PLIVO_AUTH_ID"),
        (ID, TOKEN + "\n", "PLIVO_AUTH_TOKEN"),
        (ID, "tök", "PLIVO_AUTH_TOKEN"),
    ],
)
def test_what_is_missing_or_malformed_is_named_with_a_way_out(
    auth_id: str | None, auth_token: str | None, variable: str
) -> None:
    with pytest.raises(ConfigurationError, match=variable) as caught:
        Credentials.find(auth_id, auth_token, {})

    assert "`plivo-phlo demo` needs no account" in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("bad", [1, b"MA", ["MA"]])
def test_a_credential_that_is_no_string_is_refused(bad: Any) -> None:
    with pytest.raises(ConfigurationError, match="auth_id must be a string"):
        Credentials.find(bad, TOKEN, {})
