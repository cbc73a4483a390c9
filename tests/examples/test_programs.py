"""Each program, as it is, over a real socket: what it did is looked up in the emulator."""

import ast
import asyncio
import inspect
import runpy
import socket
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme
from aiohttp.test_utils import TestClient as AiohttpClient
from aiohttp.test_utils import TestServer as AiohttpServer
from anyio.from_thread import start_blocking_portal
from trio.testing import MockClock

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    EmulatedNode,
    EmulatedPhlo,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer

EXAMPLES = Path(__file__).parents[2] / "examples"
ANN, CARL, SUE, DAN = "12025550101", "12025550199", "12025550102", "12025550198"
LINE = DEMO_PHLO_ID, DEMO_NODE_ID
LEADS = [f"120255503{n:02}" for n in range(30)]


@pytest.fixture(scope="module")
def running() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator()) as server:
        yield server


@pytest.fixture
def server(running: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    running.emulator.reset()
    monkeypatch.setenv("PLIVO_AUTH_ID", DEMO_AUTH_ID)
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", DEMO_AUTH_TOKEN)
    monkeypatch.setenv("PLIVO_PHLO_BASE_URL", running.base_url)
    monkeypatch.setenv("PLIVO_PHLO_ID", DEMO_PHLO_ID)
    monkeypatch.setenv("PLIVO_NODE_ID", DEMO_NODE_ID)
    return running


@pytest.fixture
def emulator(server: EmulatorServer) -> PhloEmulator:
    return server.emulator


def _run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str) -> int:
    """Run a program as `python NAME ARGUMENTS` would; gives its exit code."""
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    try:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _names(name: str) -> dict[str, Any]:
    """What a program defines, for those that a server runs."""
    return runpy.run_path(str(EXAMPLES / name), run_name="example")


def _states(emulator: PhloEmulator) -> dict[str, str]:
    (call,) = emulator.calls.values()
    return {member.address: str(member.state) for member in call.members}


def _verbs(emulator: PhloEmulator) -> list[str]:
    return [entry.verb for entry in emulator.log if entry.api_id]


class TestWarmTransfer:
    def test_all_three_are_in_the_call(
        self,
        emulator: PhloEmulator,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert _run(monkeypatch, "warm_transfer.py", ANN, CARL, SUE) == 0

        assert _states(emulator) == {ANN: "in_call", CARL: "in_call", SUE: "in_call"}
        assert emulator.dialled == {CARL: 1, SUE: 1}
        assert _verbs(emulator) == ["call", "warm_transfer", "resume_call"]
        assert "all three are on the line" in capsys.readouterr().out

    @pytest.mark.parametrize(("fault", "ended"), [("close_after", (2, 1)), ("soft_error", (1, 0))])
    def test_its_exit_code_says_whether_a_phone_may_ring(
        self,
        emulator: PhloEmulator,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
        ended: tuple[int, int],
    ) -> None:
        emulator.fail_next(fault, action="call")
        code = _run(monkeypatch, "warm_transfer.py", ANN, CARL, SUE)

        assert (code, emulator.dialled[CARL]) == ended


@asynccontextmanager
async def _fastapi() -> AsyncIterator[httpx.AsyncClient]:
    app = _names("fastapi_endpoint.py")["app"]
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as service,
    ):
        yield service


class TestFastapiEndpoint:
    @pytest.mark.asyncio
    async def test_it_rings_the_customer(self, emulator: PhloEmulator) -> None:
        async with _fastapi() as service:
            answer = await service.post("/calls", json={"agent": ANN, "customer": CARL})

        assert (answer.status_code, emulator.dialled) == (202, {CARL: 1})
        assert answer.json()["api_id"] in {entry.api_id for entry in emulator.log}

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("fault", "says", "rung"),
        [
            ("close_after", (504, "do not try again"), 1),
            ("soft_error", (502, "refused"), 0),
            ("429", (503, "try again"), 0),  # for longer than a client waits
        ],
    )
    async def test_it_says_whether_to_try_again(
        self, emulator: PhloEmulator, fault: str, says: tuple[int, str], rung: int
    ) -> None:
        emulator.fail_next(fault, action="call", seconds=600 if fault == "429" else None)
        async with _fastapi() as service:
            answer = await service.post("/calls", json={"agent": ANN, "customer": CARL})

        reason = answer.json()["detail"].split(":")[0]
        assert ((answer.status_code, reason), emulator.dialled[CARL]) == (says, rung)

    @pytest.mark.asyncio
    async def test_what_was_never_sent_may_be_tried_again(
        self, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PLIVO_PHLO_BASE_URL", f"http://127.0.0.1:{_shut_port()}/v1")
        async with _fastapi() as service:
            answer = await service.post("/calls", json={"agent": ANN, "customer": CARL})

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert emulator.requests == 0


def _shut_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class TestAiohttpHandler:
    @pytest.mark.asyncio
    async def test_it_holds_and_unholds(self, emulator: PhloEmulator) -> None:
        emulator.join(*LINE, CARL)
        app = _names("aiohttp_handler.py")["make_app"]()
        seen = []
        async with AiohttpClient(AiohttpServer(app)) as service:
            for method, address in [("PUT", CARL), ("DELETE", CARL), ("PUT", SUE)]:
                async with service.request(method, f"/members/{address}/hold") as answer:
                    seen.append((answer.status, _states(emulator)[CARL]))

        assert seen == [(204, "on_hold"), (204, "in_call"), (404, "in_call")]


class TestTwoAccounts:
    def test_each_team_calls_from_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with (
            EmulatorServer(_account("sales")) as sales,
            EmulatorServer(_account("support")) as support,
        ):
            for team, server in {"SALES": sales, "SUPPORT": support}.items():
                monkeypatch.setenv(f"PLIVO_{team}_AUTH_ID", server.emulator.auth_id)
                monkeypatch.setenv(f"PLIVO_{team}_AUTH_TOKEN", server.emulator.auth_token)
                monkeypatch.setenv(f"PLIVO_{team}_BASE_URL", server.base_url)
                monkeypatch.setenv(f"PLIVO_{team}_PHLO_ID", team.lower())
                monkeypatch.setenv(f"PLIVO_{team}_NODE_ID", f"{team.lower()}-line")
            jobs = [f"sales {ANN} {CARL}", f"support {SUE} {DAN}", f"sales {ANN} {DAN}"]
            monkeypatch.setattr(sys, "stdin", iter(jobs))

            assert _run(monkeypatch, "two_accounts.py") == 0

        assert sales.emulator.dialled == {CARL: 1, DAN: 1}
        assert support.emulator.dialled == {DAN: 1}
        assert {request.auth_id for request in sales.emulator.received} == {"MASALESSALESSALESSAL"}


def _account(team: str) -> PhloEmulator:
    node = EmulatedNode(f"{team}-line")
    auth_id = f"MA{team.upper() * 4}"[:20]
    return PhloEmulator(
        auth_id=auth_id, auth_token=f"token of {team}", phlos=[EmulatedPhlo(team, nodes=(node,))]
    )


class TestNotebookCell:
    def test_its_cells_run_with_await_at_the_top(
        self, emulator: PhloEmulator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = EXAMPLES / "notebook_cell.py"
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(path.read_text(), str(path), "exec", flags=flags)
        assert code.co_flags & inspect.CO_COROUTINE

        asyncio.run(eval(code, {"__name__": "__main__"}))

        assert _verbs(emulator) == ["call", "hold", "hangup"]
        assert emulator.dialled == {CARL: 1}
        assert _states(emulator)[CARL] == "left"
        assert "multi_party_call" in capsys.readouterr().out


class TestRetryOverride:
    def test_the_hasty_gives_up_and_the_stubborn_gets_through(
        self,
        emulator: PhloEmulator,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        emulator.fail_next("503", action="mute", times=None)
        emulator.fail_next("503", action="hangup", times=5)  # a default policy ends after four

        assert _run(monkeypatch, "retry_override.py", ANN, CARL) == 0

        out = capsys.readouterr().out
        assert "not muted after 1 attempt(s)" in out
        assert "hung up after 6 attempt(s)" in out
        assert emulator.requests == 1 + 1 + 6
        assert _states(emulator)[CARL] == "left"


class TestSharedLimiter:
    def test_both_clients_together_keep_the_gap(
        self, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customers = [f"120255502{n:02}" for n in range(12)]
        monkeypatch.setenv("PLIVO_CALL_GAP", "0.03")

        assert _run(monkeypatch, "shared_limiter.py", ANN, *customers) == 0

        assert emulator.dialled == dict.fromkeys(customers, 1)
        times = [entry.at for entry in emulator.log if entry.verb == "call"]
        # One request may be longer on its way than the next, so only the whole is certain.
        assert times[-1] - times[0] >= 8 * 0.03

    def test_a_refusal_is_made_good(
        self, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customers = ["12025550201", "12025550202", "12025550203"]
        monkeypatch.setenv("PLIVO_CALL_GAP", "0.01")
        emulator.fail_next("429", address=customers[0], seconds=0.1)

        assert _run(monkeypatch, "shared_limiter.py", ANN, *customers) == 0

        assert emulator.dialled == dict.fromkeys(customers, 1)

    def test_after_a_refusal_no_call_starts_during_the_pause(self) -> None:
        spaced = runpy.run_path(str(EXAMPLES / "shared_limiter.py"))["Spaced"](0.0)

        async def starts() -> float:
            await spaced.acquire()
            began = anyio.current_time()
            spaced.pause(5)
            await spaced.acquire()
            return anyio.current_time() - began

        waited = anyio.run(
            starts, backend="trio", backend_options={"clock": MockClock(autojump_threshold=0)}
        )

        assert waited == pytest.approx(5)


class TestBehindAProxy:
    def test_tls_goes_through_a_tunnel(
        self, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("PLIVO_PHLO_BASE_URL", f"https://localhost:{server.port}/v1")
        with _proxy(authority) as proxy:
            monkeypatch.setenv("PLIVO_PROXY", f"http://user:word@127.0.0.1:{proxy.port}")
            assert _run(monkeypatch, "behind_a_proxy.py", ANN, CARL) == 0

        assert proxy.asked == [f"CONNECT localhost:{server.port} HTTP/1.1"]
        assert proxy.named
        assert server.emulator.dialled == {CARL: 1}

    @pytest.mark.parametrize("variable", ["PLIVO_PROXY", "HTTP_PROXY"])
    def test_plain_http_is_forwarded(
        self, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        with _proxy() as proxy:
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
            assert _run(monkeypatch, "behind_a_proxy.py", ANN, CARL) == 0

        assert [line.split("/v1")[0] for line in proxy.asked] == [
            f"POST {server.base_url.removesuffix('/v1')}"
        ]
        assert server.emulator.dialled == {CARL: 1}

    def test_a_proxy_that_says_no_has_sent_nothing(
        self,
        server: EmulatorServer,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("PLIVO_PHLO_BASE_URL", f"https://localhost:{server.port}/v1")
        with _proxy() as proxy:  # no certificate, no tunnel
            monkeypatch.setenv("PLIVO_PROXY", f"http://127.0.0.1:{proxy.port}")
            assert _run(monkeypatch, "behind_a_proxy.py", ANN, CARL) == 1

        assert "no phone was rung" in capsys.readouterr().err
        assert server.emulator.requests == 0


class _Proxy:
    """A forward proxy; where it has an authority, a tunnel's TLS ends in it."""

    def __init__(self, authority: trustme.CA | None) -> None:
        self.asked: list[str] = []
        self.named = False
        self.names: list[str] = []
        self.port = 0
        self._tls: ssl.SSLContext | None = None
        if authority:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(self._tls)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._client, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.lower().split("\r\n")
        self.asked.append(head.split("\r\n")[0])
        headers = dict(field.split(": ", 1) for field in fields if field)
        self.named |= "proxy-authorization" in headers
        target = line.split()[1]
        if line.startswith("connect ") and not self._tls:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await _shut(writer)
            return
        if self._tls:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await writer.start_tls(self._tls)
            first, port = "", target.rpartition(":")[2]
        else:
            url = httpx.URL(target)
            first, port = head.replace(target, url.raw_path.decode(), 1), str(url.port)
        behind, ahead = await asyncio.open_connection("127.0.0.1", int(port))
        ahead.write(first.encode())
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, ahead))
            group.create_task(_pump(behind, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    await _shut(writer)


async def _shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


@contextmanager
def _proxy(authority: trustme.CA | None = None) -> Iterator[_Proxy]:
    proxy = _Proxy(authority)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(proxy.serve()):
        yield proxy


class TestBulkFromDatabase:
    @pytest.fixture
    def database(self, tmp_path: Path) -> str:
        path = str(tmp_path / "campaign.db")
        with closing(sqlite3.connect(path)) as leads, leads:
            leads.execute("CREATE TABLE leads (id INTEGER PRIMARY KEY, phone TEXT, outcome TEXT)")
            leads.executemany("INSERT INTO leads (phone) VALUES (?)", [(p,) for p in LEADS])
        return path

    def test_everybody_is_rung_once_over_two_runs(
        self,
        emulator: PhloEmulator,
        monkeypatch: pytest.MonkeyPatch,
        database: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        lost, refused = LEADS[3], LEADS[7]
        emulator.fail_next("close_after", address=lost)
        emulator.fail_next("soft_error", address=refused)

        assert _run(monkeypatch, "bulk_from_database.py", database, ANN) == 1
        assert "28 rung, 1 failed, 1 unknown" in capsys.readouterr().out
        assert _run(monkeypatch, "bulk_from_database.py", database, ANN) == 1
        assert "0 rung, 0 failed, 1 unknown" in capsys.readouterr().out

        assert emulator.dialled == {phone: 1 for phone in LEADS if phone != refused}
        with closing(sqlite3.connect(database)) as leads:
            outcomes = dict(leads.execute("SELECT phone, outcome FROM leads"))
        assert outcomes == {**dict.fromkeys(LEADS, "done"), lost: "unknown", refused: "failed"}


class TestOwnTests:
    def test_they_pass_and_the_phones_they_rang_were_rung_once(self) -> None:
        seen = _Emulators()
        here = str(EXAMPLES / "test_click_to_call.py")

        assert pytest.main(["-q", "-p", "no:cacheprovider", here], plugins=[seen]) == 0
        assert seen.dialled == [{CARL: 1}] * 4


class _Emulators:
    """A pytest plugin that looks into each test's emulator when the test is over."""

    def __init__(self) -> None:
        self.dialled: list[dict[str, int]] = []

    def pytest_runtest_teardown(self, item: pytest.Function) -> None:
        emulator: Any = item.funcargs["phlo_emulator"]
        self.dialled.append(dict(emulator.dialled))
