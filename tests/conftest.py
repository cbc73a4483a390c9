"""What all tests share."""

from __future__ import annotations

import signal
import ssl

import httpx
import pytest

from plivo_phlo_async import AsyncPhloClient

AUTH_ID = "MA2025RK4E639VJFZAGV"
BASE_URL = "https://phlorunner.example/v1"
TLS = ssl.create_default_context()  # made once: reading the certificates takes a while

# A shell without job control starts what is in its background with Ctrl-C ignored, and programs
# started from there inherit that; tests that press it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's credentials or proxies."""
    for name in ("AUTH_ID", "AUTH_TOKEN", "PHLO_BASE_URL", "PHLO_ID", "NODE_ID"):
        monkeypatch.delenv(f"PLIVO_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def client() -> AsyncPhloClient:
    http = httpx.AsyncClient(verify=TLS)
    return AsyncPhloClient(AUTH_ID, "token", base_url=BASE_URL, rate_limit=None, http_client=http)
