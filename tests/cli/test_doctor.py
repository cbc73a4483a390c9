"""`plivo-phlo doctor`: each thing that may be wrong is named, with what to do."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plivo_phlo_async.cli.doctor import _clock
from plivo_phlo_async.emulator import DEMO_AUTH_ID, PhloEmulator

from .conftest import Run


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and nobody else takes."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_where_all_is_well_it_says_so(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, _ = plivo_phlo("doctor")

    assert (code, "the credentials are taken" in out, "is there: Demo PHLO" in out) == (
        0,
        True,
        True,
    )


def test_it_shows_neither_token_nor_whole_account(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "a-token-to-hide")
    _, out, err = plivo_phlo("doctor")

    assert "a-token-to-hide" not in out + err
    assert DEMO_AUTH_ID not in out + err


def test_missing_credentials_are_told_and_nothing_is_asked(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLIVO_AUTH_TOKEN")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "PLIVO_AUTH_TOKEN" in out, emulator.requests) == (3, True, 0)


def test_refused_credentials_are_told(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "wrong")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "Compare Auth ID and Auth Token with the console." in out) == (3, True)


def test_a_phlo_that_is_not_there_is_told(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, _ = plivo_phlo("doctor", "--phlo", "nope")

    assert (code, "Compare PLIVO_PHLO_ID" in out) == (1, True)


def test_without_a_phlo_any_answer_will_do(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLIVO_PHLO_ID")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "✗" in out) == (0, False)


def test_where_nothing_listens_it_says_so(
    plivo_phlo: Run, emulator: PhloEmulator, closed_port: int
) -> None:
    code, out, _ = plivo_phlo("doctor", "--base-url", f"http://127.0.0.1:{closed_port}/v1")

    assert (code, "Nothing listens there" in out) == (4, True)


def test_tls_towards_a_server_without_is_told(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    base_url = os.environ["PLIVO_PHLO_BASE_URL"]
    code, out, _ = plivo_phlo("doctor", "--base-url", base_url.replace("http:", "https:"))

    assert (code, "speaks no TLS" in out) == (4, True)


def test_authorities_that_are_not_there_are_told(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    code, out, _ = plivo_phlo("doctor", "--base-url", "https://127.0.0.1:9/v1")

    assert (code, "Unset SSL_CERT_FILE" in out) == (4, True)


def test_authorities_of_ones_own_are_named(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    paths = ssl.get_default_verify_paths()
    monkeypatch.setenv("SSL_CERT_FILE", paths.cafile or __file__)
    _, out, _ = plivo_phlo("doctor", "--base-url", f"https://127.0.0.1:{closed_port}/v1")

    assert "TLS trust: SSL_CERT_FILE=" in out


def test_a_proxy_in_the_environment_is_named_without_its_password(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    code, out, err = plivo_phlo("doctor")

    assert (code, f"proxy: http://127.0.0.1:{closed_port}" in out) == (4, True)
    assert "secret" not in out + err


def test_an_address_that_is_none_is_told(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, _ = plivo_phlo("doctor", "--base-url", "ftp://x")

    assert (code, "must begin with https://" in out) == (3, True)


def test_an_address_without_tls_that_is_not_here_is_noted(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    _, out, _ = plivo_phlo("doctor", "--base-url", "http://nowhere.invalid/v1", "--timeout", "1")

    assert "Use https" in out


def test_machines_get_it_as_json(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    _, out, _ = plivo_phlo("doctor", "--json")

    assert {finding["verdict"] for finding in json.loads(out)} == {"ok"}


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Sat, 21 Nov 2026 12:00:00 GMT", ["ok: 5 s ahead of the server's"]),
        ("Sat, 21 Nov 2026 13:00:00 GMT", ["note: 3595 s behind the server's"]),
        ("nonsense", []),
        (None, []),
    ],
)
def test_the_clock_is_held_against_the_servers(date: str | None, told: list[str]) -> None:
    now = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)

    assert [f"{found.verdict}: {found.told}" for found in _clock(date, now)] == told
