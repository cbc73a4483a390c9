"""`listen --forward` forwards an event unchanged and returns the response of the service."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server

import httpx
import pytest
import trustme
from attrs import frozen

from plivo_phlo_async.cli.listen.forward import ForwardTarget
from plivo_phlo_async.webhooks import receive, sign_v3

from .samples import BODY, ENTERS, LINE, TOKEN, URL, Read, ask, asked_for, listener, signed


@frozen
class ServiceResponse:
    """The response of a service; it has a Content-Length if it has a body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


FOUND = ServiceResponse(302, (("Location", "http://127.0.0.1:9/"),), b"ok")


@frozen
class ReceivedRequest:
    """A request as a service received it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


class Service:
    """A local HTTP service that keeps the requests it receives.

    Attributes:
        received: the requests.
        address: its host and port.
    """

    def __init__(self, response: ServiceResponse = FOUND, *, tls: trustme.CA | None = None) -> None:
        self.received: list[ReceivedRequest] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = [(name.lower(), value) for name, value in self.headers.items()]
                service.received.append(ReceivedRequest(self.command, self.path, headers, body))
                self.send_response_only(response.status)
                for name, value in response.headers:
                    self.send_header(name, value)
                if response.body:
                    self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

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


def forward(service: Service, request: httpx.Request, *, path: str = "") -> httpx.Response:
    """Forward a request to a service and return the response that its sender gets."""
    return _respond_to(request, ForwardTarget(f"http://{service.address}{path}"))


def _respond_to(request: httpx.Request, target: ForwardTarget) -> httpx.Response:
    (response,) = ask(listener(target=target), request)
    return response


@contextmanager
def responding(data: bytes) -> Iterator[str]:
    """The URL of a server that reads one event and responds with these bytes, or not at all."""
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def respond() -> None:
            with server.accept()[0] as connection, suppress(OSError):
                connection.settimeout(20)
                received = b""
                while chunk := connection.recv(65_536):  # until the client closes
                    received += chunk
                    if received.endswith(BODY):
                        connection.sendall(data)

        responder = threading.Thread(target=respond)
        responder.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        responder.join()


def test_the_service_receives_the_same_bytes() -> None:
    request = signed()
    request.headers["X-Own"] = "{1}"
    with Service() as service:
        forward(service, request)
    (received,) = service.received

    assert received.method == "POST"
    assert received.target == "/hooks/a%2Fb?tenant=5&a=%20"
    assert dict(received.headers) == dict(request.headers)
    assert received.body == BODY


def test_the_service_can_verify_the_signature() -> None:
    with Service() as service:
        forward(service, signed())
    (received,) = service.received
    url = f"http://{received.header('host')}{received.target}"
    event = receive(received.method, url, received.headers, received.body, TOKEN)

    assert event.raw["call_uuid"] == ENTERS["call_uuid"]


def test_the_sender_receives_the_response_of_the_service(capsys: Read) -> None:
    with Service() as service:
        response = forward(service, signed())
    out, err = capsys.readouterr()

    assert response.status_code == 302
    assert response.headers["location"] == "http://127.0.0.1:9/"
    assert response.text == "ok"
    assert out == LINE
    assert re.fullmatch(rf" +→ 302 in \d+ ms from http://{service.address}\n", err)


def test_repeated_header_lines_stay_separate_both_ways() -> None:
    request = signed()
    request.headers = httpx.Headers([*request.headers.raw, (b"X-Own", b"1"), (b"X-Own", b"2")])
    cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    with Service(ServiceResponse(200, cookies)) as service:
        response = forward(service, request)
    (received,) = service.received

    assert [value for name, value in received.headers if name == "x-own"] == ["1", "2"]
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_compressed_response_is_returned_as_it_is() -> None:
    body = gzip.compress(b"<Response/>")
    with Service(ServiceResponse(200, (("Content-Encoding", "gzip"),), body)) as service:
        response = forward(service, signed())

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str(len(body))
    assert response.text == "<Response/>"


def test_a_response_without_a_body_has_no_content_length() -> None:
    with Service(ServiceResponse(204)) as service:
        response = forward(service, signed())

    assert response.status_code == 204
    assert response.content == b""
    assert "content-length" not in response.headers


def test_a_target_with_a_path_receives_every_event_there() -> None:
    with Service() as service:
        forward(service, signed(), path="/own")

    assert service.received[0].target == "/own?tenant=5&a=%20"


def test_a_get_is_forwarded_without_a_body() -> None:
    with Service() as service:
        forward(service, asked_for(URL))
    (received,) = service.received

    assert received.method == "GET"
    assert received.target == "/hooks/a%2Fb?tenant=5&a=%20"
    assert received.header("content-length") is None


def test_an_empty_body_is_forwarded_with_its_length() -> None:
    url = f"{URL}&event=ConferenceEnter"
    request = httpx.Request("POST", url, headers=sign_v3("POST", url, {}, TOKEN), content=b"")
    with Service() as service:
        forward(service, request)
    (received,) = service.received

    assert received.header("content-length") == "0"
    assert received.body == b""


def test_a_service_that_is_not_local_gets_its_own_host() -> None:
    with Service() as service:
        elsewhere = service.address.replace("127.0.0.1", "0.0.0.0")
        _respond_to(signed(), ForwardTarget(f"http://{elsewhere}"))

    assert service.received[0].header("host") == elsewhere


def test_a_proxy_from_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Service() as proxy, Service() as service:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        forward(service, signed())

    assert len(service.received) == 1
    assert proxy.received == []


def test_a_certificate_that_is_trusted_is_accepted() -> None:
    ca = trustme.CA()
    context = ssl.create_default_context()
    ca.configure_trust(context)
    with Service(tls=ca) as service:
        response = _respond_to(signed(), ForwardTarget(f"https://{service.address}", context))

    assert response.status_code == 302


def test_a_certificate_that_is_not_trusted_is_refused(capsys: Read) -> None:
    with Service(tls=trustme.CA()) as service:
        response = _respond_to(signed(), ForwardTarget(f"https://{service.address}"))

    assert response.status_code == 502
    assert service.received == []
    assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err


def test_when_the_service_is_down_the_event_is_printed_and_one_line_says_why(
    capsys: Read,
) -> None:
    with create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    response = _respond_to(signed(), ForwardTarget(url))

    assert response.status_code == 502
    assert capsys.readouterr() == (
        LINE,
        f"          → not forwarded to {url}: Connection refused\n",
    )


def test_of_a_host_with_two_addresses_one_line_says_why(
    capsys: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
        for host in ("127.0.0.1", "127.0.0.2")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: addresses)
    _respond_to(signed(), ForwardTarget(f"http://two.example:{port}"))

    assert f"→ not forwarded to http://two.example:{port}: Connection refused\n" in (
        capsys.readouterr().err
    )


def test_a_host_that_does_not_exist_is_one_line(capsys: Read) -> None:
    _respond_to(signed(), ForwardTarget("http://nowhere.invalid"))
    err = capsys.readouterr().err

    assert err.count("\n") == 1
    assert re.search(r"→ not forwarded to http://nowhere\.invalid: [A-Z][\w ]+\n", err)


def test_a_service_that_does_not_respond_times_out(capsys: Read) -> None:
    with responding(b"") as url:
        response = _respond_to(signed(), ForwardTarget(url, timeout=0.5))

    assert response.status_code == 502
    assert f"→ not forwarded to {url}: no response within 0.5 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"hello\r\n\r\n", "the response is not HTTP: .*hello", id="not HTTP"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n" + b"a" * 1_048_577,
            "the response has more than 1048576 bytes",
            id="too long",
        ),
    ],
)
def test_an_unusable_response_is_one_line(capsys: Read, data: bytes, reason: str) -> None:
    with responding(data) as url:
        response = _respond_to(signed(), ForwardTarget(url))
    err = capsys.readouterr().err

    assert response.status_code == 502
    assert re.search(rf"→ not forwarded to {url}: {reason}", err)
    assert err.count("\n") == 1


def test_a_rejected_request_is_not_forwarded() -> None:
    with Service() as service:
        forward(service, signed(body=BODY + b"&a=b"))

    assert service.received == []
