"""`plivo-phlo listen`: what comes is told, what is not signed is refused, what is asked goes on."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from typing import Any

import anyio
import httpx
import pytest
import trustme

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.cli.listen.app import ListenApp
from plivo_phlo_async.cli.listen.event_format import line_parts
from plivo_phlo_async.cli.listen.forward import ForwardTarget
from plivo_phlo_async.cli.listen.printer import EventPrinter
from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.webhooks import parse, sign_v2, sign_v3

from ..conftest import Run

TOKEN = DEMO_AUTH_TOKEN
URL = "http://127.0.0.1:7462/hooks/a%2Fb?tenant=5&a=%20"
ENTERS = {
    "event": "ConferenceEnter",
    "direction": "outbound",
    "from": "12025550101",
    "to": "12025550199",
    "call_uuid": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
}
BODY = str(httpx.QueryParams(ENTERS)).encode()
FORM = {"content-type": "application/x-www-form-urlencoded"}
LINE = "12:30:00  multi_party_call  ConferenceEnter  …0199  3e82ae9d\n"
Read = pytest.CaptureFixture[str]


def listener(*, verbose: bool = False, as_json: bool = False, **options: Any) -> ListenApp:
    def noon() -> datetime:
        return datetime(2026, 1, 2, 12, 30, tzinfo=UTC)

    given = {"auth_token": TOKEN, **options}
    return ListenApp(EventPrinter(verbose=verbose, as_json=as_json, clock=noon), **given)


def signed(url: str = URL, body: bytes = BODY) -> httpx.Request:
    signature = sign_v3("POST", url, ENTERS, TOKEN, nonce="n")
    return httpx.Request("POST", url, headers={**FORM, **signature}, content=body)


def asked_for(url: str) -> httpx.Request:
    return httpx.Request("GET", url, headers=sign_v3("GET", url, None, TOKEN, nonce="n"))


def multipart() -> httpx.Request:
    headers = sign_v3("POST", URL, {}, TOKEN)
    return httpx.Request("POST", URL, headers=headers, files={"event": b"ConferenceEnter"})


def ask(app: ListenApp, *requests: httpx.Request) -> list[httpx.Response]:
    async def go() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return [await client.send(request) for request in requests]

    return anyio.run(go)


# The command, as a process


@contextmanager
def listening(
    *options: str, code: int = 130, says: str = "# 0 events, 0 rejected."
) -> Iterator[tuple[Any, str]]:
    command = [sys.executable, "-m", "plivo_phlo_async", "listen", "--port", "0", *options]
    environ = {**os.environ, "PLIVO_AUTH_TOKEN": TOKEN, "PYTHONIOENCODING": "utf-8"}
    environ.pop("PYTHONUNBUFFERED", None)  # what was not read is to be in the way at the end
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environ,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    patience = threading.Timer(20, process.kill)  # a line that never comes must not be awaited
    patience.start()
    try:
        told = process.stderr.readline()
        yield process, told.split()[3]
    finally:
        if code == 130:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        patience.cancel()
        rest = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    assert (process.returncode, rest.splitlines()[0]) == (code, says)
    assert ("Traceback" in rest, "Error" in rest, "ERROR" in rest) == (False, False, False)


def test_beside_the_emulator_each_event_is_a_line_until_ctrl_c() -> None:
    async def call(emulator: PhloEmulator, base_url: str) -> None:
        async with AsyncPhloClient(DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=base_url) as client:
            mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
            await mpc.call("12025550101", "12025550199", role="customer")
            await mpc.member("12025550199").hangup()
            await emulator.delivered()

    with (
        listening(says="# 3 events, 0 rejected.") as (process, url),
        EmulatorServer(PhloEmulator(callback=f"{url}/any/path")) as server,
    ):
        anyio.run(call, server.emulator, server.base_url)
        lines = [process.stdout.readline() for _ in range(3)]

    assert [line.split()[2:4] for line in lines] == [
        ["ConferenceEnter", "…0101"],
        ["ConferenceEnter", "…0199"],
        ["ConferenceExit", "…0199"],
    ]
    for line in lines:
        assert re.fullmatch(r"\d\d:\d\d:\d\d  multi_party_call  \w+ +…\d{4}  [0-9a-f]{8}\n", line)
    assert {delivery.status for delivery in server.emulator.deliveries} == {200}


def test_one_event_is_counted_as_one() -> None:
    with listening("--no-verify", says="# 1 event, 0 rejected.") as (_, url):
        answer = httpx.post(url, data=ENTERS, trust_env=False)

    assert answer.status_code == 200


def test_when_nobody_reads_any_more_it_ends_and_the_sender_is_not_told_200() -> None:
    with listening("--no-verify", code=0) as (process, url):
        process.stdout.close()
        answer = httpx.post(url, data=ENTERS, trust_env=False)
        process.wait(timeout=20)

    assert answer.status_code == 503


# What is told


def test_an_event_is_a_line_with_its_number_masked(capsys: Read) -> None:
    answers = ask(listener(), signed())

    assert [answer.status_code for answer in answers] == [200]
    assert capsys.readouterr() == (LINE, "")


def test_all_variables_are_shown_if_asked(capsys: Read) -> None:
    long = "1" * 300
    ask(listener(verbose=True, auth_token=None), signed(body=BODY + f"&new={long}".encode()))
    out, _ = capsys.readouterr()

    assert out.startswith(LINE)
    assert "          to         12025550199\n" in out
    assert f"          new        {long} (not known)\n" in out


def test_json_has_everything_on_one_line(capsys: Read) -> None:
    ask(listener(as_json=True), signed())
    out, _ = capsys.readouterr()
    told = json.loads(out)

    assert out.count("\n") == 1
    assert told["time"] == "2026-01-02T12:30:00+00:00"
    assert (told["method"], told["url"], told["verified"]) == ("POST", URL, True)
    assert (told["component"], told["variables"]["to"]) == ("multi_party_call", "12025550199")
    assert told["raw"] == {**ENTERS, "tenant": "5", "a": " "}


def test_what_is_sent_does_not_steer_the_terminal(capsys: Read) -> None:
    form = {"event": "\x1b[31mred\r\n", "to": "1202\x1b]0;x\x07", "member_id": "\x9b2J"}
    for kind in ({"verbose": True}, {"as_json": True}, {}):
        app = listener(auth_token=None, **kind)
        ask(app, httpx.Request("POST", URL, data=form))
    ask(listener(), httpx.Request("POST", URL.replace("hooks", "%1B"), data=form))

    assert {each for each in "".join(capsys.readouterr()) if not each.isprintable()} == {"\n"}


def test_json_has_no_infinity_and_no_depth_breaks_it(capsys: Read) -> None:
    deep = b'{"event": "ConferenceEnter", "a": Infinity, "b": ' + b"[" * 300 + b"]" * 300 + b"}"
    request = httpx.Request("POST", URL, content=deep)
    answers = ask(listener(auth_token=None, as_json=True), request)
    told = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))

    assert (answers[0].status_code, told["raw"]["a"]) == (200, "inf")


def test_in_json_durations_are_seconds_instants_iso_8601_and_money_a_text(capsys: Read) -> None:
    form = {"call.duration": "90", "call.start_time": "1586345673", "call.bill_rate": "0.0035"}
    ask(listener(auth_token=None, as_json=True), httpx.Request("POST", URL, data=form))
    told = json.loads(capsys.readouterr().out)["variables"]

    assert (told["duration"], told["bill_rate"]) == (90, "0.0035")
    assert told["start_time"] == "2020-04-08T11:34:33+00:00"


@pytest.mark.parametrize(
    ("component", "told", "style"),
    [
        ("multi_party_call", {"event": "ConferenceEnter"}, "green"),
        ("multi_party_call", {"event": "ConferenceExit"}, "yellow"),
        ("multi_party_call", {"event": "Redirect"}, "yellow"),
        ("multi_party_call", {"state": "Failed"}, "red"),
        ("call_forward", {"dial_status": "no-answer"}, "red"),
    ],
)
def test_who_leaves_and_what_fails_stand_out(
    component: str, told: dict[str, str], style: str
) -> None:
    assert line_parts(parse(component, told))[1][1] == style


def test_on_a_terminal_an_event_is_no_wider_and_a_refusal_is_not_cut(
    capsys: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    ask(listener(verbose=True), signed(), httpx.Request("POST", URL, content=BODY))
    out, err = (re.sub(r"\x1b\[[0-9;]*m", "", each) for each in capsys.readouterr())

    assert out.startswith("12:30:00  multi_party_call  ConferenceE…\n")
    assert max(map(len, out.splitlines())) <= 40
    assert err.endswith("header, or it is empty\n")


def test_who_goes_away_before_the_end_is_not_told_of(capsys: Read) -> None:
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


# What is refused


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
    assert (err.count("\n"), "12025550199" in err, "public_base_url" in err) == (1, False, False)
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
def test_the_command_that_tells_why_does(
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


def test_v2_is_taken_only_if_allowed(capsys: Read) -> None:
    request = httpx.Request("POST", URL, headers={**FORM, **sign_v2(URL, TOKEN)}, content=BODY)
    answers = ask(listener(), request) + ask(listener(allow_v2=True), request)

    assert [answer.status_code for answer in answers] == [403, 200]


# What is handed on


class Service:
    """A service that keeps what it was asked, on a port."""

    def __init__(self, tls: trustme.CA | None = None, *, status: int = 302) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.asked.append((self.command, self.path, headers, body))
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:9/")
                if status != 204:
                    self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"" if status == 204 else b"ok")

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.issue_cert("127.0.0.1").configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Service:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_an_event_is_handed_on_as_it_came_and_the_answer_goes_back(capsys: Read) -> None:
    request = signed()
    request.headers["X-Own"] = "{1}"
    with Service() as service:
        url = f"http://{service.address}"
        answers = ask(listener(target=ForwardTarget(url)), request)
    out, err = capsys.readouterr()
    method, line, headers, body = service.asked[0]

    assert (method, line, body) == ("POST", "/hooks/a%2Fb?tenant=5&a=%20", BODY)
    assert headers == dict(request.headers)
    assert [(each.status_code, each.text) for each in answers] == [(302, "ok")]
    assert answers[0].headers["location"] == "http://127.0.0.1:9/"
    assert out == LINE
    assert re.fullmatch(rf" +→ 302 in \d+ ms from {url}\n", err)


def test_an_answer_without_a_body_stays_one(capsys: Read) -> None:
    with Service(status=204) as service:
        answers = ask(listener(target=ForwardTarget(f"http://{service.address}")), signed())

    assert [(each.status_code, each.content) for each in answers] == [(204, b"")]
    assert "content-length" not in answers[0].headers


def test_a_target_with_a_path_gets_everything_there(capsys: Read) -> None:
    with Service() as service:
        ask(listener(target=ForwardTarget(f"http://{service.address}/own")), signed())

    assert service.asked[0][1] == "/own?tenant=5&a=%20"


def test_a_get_is_handed_on_without_a_body(capsys: Read) -> None:
    with Service() as service:
        ask(listener(target=ForwardTarget(f"http://{service.address}")), asked_for(URL))
    method, line, headers, body = service.asked[0]

    assert (method, line, body) == ("GET", "/hooks/a%2Fb?tenant=5&a=%20", b"")
    assert "content-length" not in headers


def test_a_service_elsewhere_is_asked_by_its_own_name(capsys: Read) -> None:
    with Service() as service:
        elsewhere = service.address.replace("127.0.0.1", "0.0.0.0")
        ask(listener(target=ForwardTarget(f"http://{elsewhere}")), signed())

    assert service.asked[0][2]["host"] == elsewhere


def test_tls_is_checked(capsys: Read) -> None:
    ca = trustme.CA()
    context = ssl.create_default_context()
    ca.configure_trust(context)
    with Service(ca) as service:
        url = f"https://{service.address}"
        answers = [
            *ask(listener(target=ForwardTarget(url, context)), signed()),
            *ask(listener(target=ForwardTarget(url)), signed()),
        ]

    assert [answer.status_code for answer in answers] == [302, 502]
    assert len(service.asked) == 1


def test_when_forwarding_fails_the_event_is_told_all_the_same(capsys: Read) -> None:
    with create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    answers = ask(listener(target=ForwardTarget(url)), signed())

    assert [answer.status_code for answer in answers] == [502]
    assert capsys.readouterr() == (
        LINE,
        f"          → not forwarded to {url}: Connection refused\n",
    )


def test_a_service_that_says_nothing_is_waited_for_no_longer_than_was_said(capsys: Read) -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        too_late = threading.Timer(10, silent.close)  # by which who still waits is cut off
        too_late.start()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answers = ask(listener(target=ForwardTarget(url, timeout=0.01)), signed())
        too_late.cancel()

    assert [answer.status_code for answer in answers] == [502]
    assert f"→ not forwarded to {url}: no response within 0.01 s" in capsys.readouterr().err


def test_a_service_that_speaks_no_http_is_said_to(capsys: Read) -> None:
    with create_server(("127.0.0.1", 0)) as mumbling:

        def answer() -> None:
            with mumbling.accept()[0] as asking:
                asked = b""
                while not asked.endswith(BODY):
                    asked += asking.recv(65_536)
                asking.sendall(b"hello\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        url = f"http://127.0.0.1:{mumbling.getsockname()[1]}"
        answers = ask(listener(target=ForwardTarget(url)), signed())
        answering.join()

    assert [answer.status_code for answer in answers] == [502]
    assert f"→ not forwarded to {url}: the response is not HTTP: hello" in capsys.readouterr().err


def test_what_is_refused_is_not_handed_on(capsys: Read) -> None:
    with Service() as service:
        ask(
            listener(target=ForwardTarget(f"http://{service.address}")), signed(body=BODY + b"&a=b")
        )

    assert service.asked == []


# What is wrong before it begins


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--public-url", "example.com"], "'example.com': pass a URL"),
        (["--forward", "http://127.0.0.1:8000/?a=b"], "without a query"),
        (["--forward", "http://127.0.0.1:port"], "pass a URL"),
        (["--component", "Dance"], "'Dance' is not one of start, send_sms"),
        (["--allow-v2", "--no-verify"], "not both"),
        (["--port", "70000"], "not in the range"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid:7462"),
    ],
)
def test_what_is_wrong_is_one_clear_line_and_exit_2(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", TOKEN)
    code, out, err = plivo_phlo("listen", *options)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_a_port_that_is_taken_is_one_clear_line_and_exit_2(plivo_phlo: Run) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = plivo_phlo("listen", "--no-verify", "--port", port)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in err


def test_without_a_token_it_is_one_clear_line_and_exit_3(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("listen")

    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "PLIVO_AUTH_TOKEN, or pass --no-verify" in err


def test_without_uvicorn_it_says_what_to_install(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, _, err = plivo_phlo("listen", "--no-verify")

    assert (code, err.count("\n")) == (2, 1)
    assert 'pip install "plivo-phlo-async[emulator]"' in err
