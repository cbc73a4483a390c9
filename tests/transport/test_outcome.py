"""What is proven about an attempt, and nothing more."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import httpx
import pytest

from plivo_phlo_async import Outcome
from plivo_phlo_async._parsing import Reply
from plivo_phlo_async._transport.outcome import classify

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

BEFORE = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
    httpx.ProxyError("502"),
    httpx.UnsupportedProtocol("gopher"),
    httpx.LocalProtocolError("header"),
]
LATER = [
    httpx.ReadTimeout("silence"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.WriteTimeout("slow"),
    httpx.RemoteProtocolError("garbage"),
    httpx.DecodingError("gzip"),
    ssl.SSLError("record"),
    RuntimeError("what"),
]


@pytest.mark.parametrize("cause", [*BEFORE, *LATER], ids=lambda cause: type(cause).__name__)
def test_begun_and_no_status_is_ambiguous_whatever_was_raised(cause: Exception) -> None:
    assert classify(True, None, cause, NOW).outcome is Outcome.AMBIGUOUS


@pytest.mark.parametrize("cause", [*BEFORE, *LATER], ids=lambda cause: type(cause).__name__)
def test_not_begun_is_never_sent_whatever_was_raised(cause: Exception) -> None:
    assert classify(False, None, cause, NOW).outcome is Outcome.NEVER_SENT


@pytest.mark.parametrize("cause", [*BEFORE, *LATER], ids=lambda cause: type(cause).__name__)
def test_a_transport_that_reports_nothing_has_proven_nothing(cause: Exception) -> None:
    assert classify(None, None, cause, NOW).outcome is Outcome.AMBIGUOUS


def _raised_from(below: Exception) -> Exception:
    error = httpx.ConnectError("handshake")
    error.__cause__ = below
    return error


REFUSED_CERTIFICATE = ssl.SSLError(1, "alert")
REFUSED_CERTIFICATE.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize(
    ("cause", "final"),
    [
        (_raised_from(ssl.SSLCertVerificationError(1, "self-signed")), "check the certificates"),
        (_raised_from(REFUSED_CERTIFICATE), "check the certificates"),
        (_raised_from(ssl.SSLError(1, "record layer failure")), ""),
        (httpx.ProxyError("407 Proxy Authentication Required"), "check the proxy's user"),
        (httpx.ProxyError("502 Bad Gateway"), ""),
        (httpx.ConnectError("refused"), ""),
    ],
)
def test_what_no_repeat_can_heal_is_final(cause: Exception, final: str) -> None:
    attempt = classify(False, None, cause, NOW)

    assert attempt.outcome is Outcome.NEVER_SENT
    assert attempt.final.startswith(final)
    assert bool(attempt.final) is bool(final)


def test_an_answer_that_is_not_plivos_proves_nothing_and_is_final() -> None:
    attempt = classify(True, Reply(200, {}, b"<html>"), None, NOW, is_foreign=True)

    assert attempt.outcome is Outcome.AMBIGUOUS
    assert attempt.final != ""


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Outcome.ACCEPTED),
        (201, {}, Outcome.ACCEPTED),
        (299, {}, Outcome.ACCEPTED),
        (301, {}, Outcome.REJECTED),
        (400, {}, Outcome.REJECTED),
        (404, {"retry-after": "1"}, Outcome.REJECTED),
        (408, {}, Outcome.AMBIGUOUS),
        (425, {}, Outcome.REFUSED),
        (429, {}, Outcome.REFUSED),
        (429, {"retry-after": "nonsense"}, Outcome.REFUSED),
        (500, {}, Outcome.AMBIGUOUS),
        (500, {"retry-after": "1"}, Outcome.AMBIGUOUS),
        (502, {}, Outcome.AMBIGUOUS),
        (503, {}, Outcome.AMBIGUOUS),
        (503, {"retry-after": "nonsense"}, Outcome.AMBIGUOUS),
        (503, {"retry-after": "1"}, Outcome.AMBIGUOUS),
        (504, {}, Outcome.AMBIGUOUS),
        (599, {}, Outcome.AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("begun", [True, None])
def test_a_status_line_decides(
    begun: bool | None, status: int, headers: dict[str, str], outcome: Outcome
) -> None:
    assert classify(begun, Reply(status, headers, b""), None, NOW).outcome is outcome


def test_a_status_counts_even_if_the_body_broke() -> None:
    attempt = classify(True, Reply(201, {}, None), httpx.ReadError("reset"), NOW)

    assert attempt.outcome is Outcome.ACCEPTED


def test_causes_in_a_ring_are_looked_through_once() -> None:
    one, other = httpx.ConnectError("one"), ssl.SSLError(1, "other")
    one.__cause__, other.__context__ = other, one

    assert classify(False, None, one, NOW).final == ""
