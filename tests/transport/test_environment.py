"""The API's address: the argument, else the environment, else Plivo's own."""

from __future__ import annotations

from typing import Any

import pytest

from plivo_phlo_async import ConfigurationError
from plivo_phlo_async._transport.environment import base_url_from


@pytest.mark.parametrize(
    ("argument", "environ", "found"),
    [
        (None, {}, "https://phlorunner.plivo.com/v1"),
        (None, {"PLIVO_PHLO_BASE_URL": ""}, "https://phlorunner.plivo.com/v1"),
        (None, {"PLIVO_PHLO_BASE_URL": "http://127.0.0.1:1/v1/"}, "http://127.0.0.1:1/v1"),
        ("http://localhost:7461", {"PLIVO_PHLO_BASE_URL": "http://x"}, "http://localhost:7461"),
    ],
)
def test_the_address_is_the_argument_else_the_environment_else_plivos(
    argument: str | None, environ: dict[str, str], found: str
) -> None:
    assert base_url_from(argument, environ) == found


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "phlorunner.plivo.com",
        "ftp://h/v1",
        "https://",
        "https://u:p@h/v1",
        "http://h/?a=b",
        "http://h/#x",
        "http://h:99999",
        "http://[::1",
        "http://h/\n",
        5,
    ],
)
def test_a_malformed_address_is_refused_with_plivos_own(bad: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"PLIVO_PHLO_BASE_URL.*phlorunner\.plivo\.com"):
        base_url_from(bad, {})
