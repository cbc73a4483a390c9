"""An event is forwarded unchanged, and the response is returned."""

from __future__ import annotations

import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server

import trustme

from plivo_phlo_async.cli.listen.forward import ForwardTarget

from .samples import BODY, LINE, URL, Read, ask, asked_for, listener, signed


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
