"""What all tests share."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator

import httpx
import pytest
import trustme

from plivo_phlo_async import AsyncPhloClient

AUTH_ID = "MA2025RK4E639VJFZAGV"
BASE_URL = "https://phlorunner.example/v1"
TLS = ssl.create_default_context()  # made once: reading the certificates takes a while

# A shell without job control starts what is in its background with Ctrl-C ignored, and programs
# started from there inherit that; tests that press it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs and default TLS contexts trust one authority; reading all of them takes a while."""
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's credentials or proxies."""
    for name in ("AUTH_ID", "AUTH_TOKEN", "PHLO_BASE_URL", "PHLO_ID", "PHLO_LOG", "NODE_ID"):
        monkeypatch.delenv(f"PLIVO_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that a test starts run without coverage, which doubles what they take."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def client() -> AsyncPhloClient:
    http = httpx.AsyncClient(verify=TLS)
    return AsyncPhloClient(AUTH_ID, "token", base_url=BASE_URL, rate_limit=None, http_client=http)
