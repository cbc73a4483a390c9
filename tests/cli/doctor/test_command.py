"""`plivo-phlo doctor`: each thing that may be wrong is named, with what to do."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from plivo_phlo_async.emulator import DEMO_AUTH_ID, DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.faults.rules import parse_rule

from ..conftest import Run, Terminal

NO_PHLO = '{"api_id": "a", "error": "not found"}'
FOUND = '{"api_id": "a"}'
Paths = dict[str, tuple[int, str]]
Serve = Callable[..., str]


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees whom this machine trusts."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens, and which nothing else takes."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextmanager
def _serving(
    status: int,
    body: str = NO_PHLO,
    date: str = "",
    certificate: trustme.LeafCert | None = None,
    paths: Paths | None = None,
) -> Iterator[str]:
    """Serve the same answer for every path, except for those that contain one of `paths`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = (answer for part, answer in (paths or {}).items() if part in self.path)
            code, text = next(found, (status, body))
            self.send_response_only(code)
            self.send_header("Content-Length", str(len(text)))
            if date:
                self.send_header("Date", date)
            self.end_headers()
            self.wfile.write(text.encode())

        do_CONNECT = do_GET

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.handle_error = lambda *args: None  # type: ignore[method-assign]  # a refused certificate
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' * (certificate is not None)}://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve(emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A server that says the same to everybody, at the base URL that this gives."""
    monkeypatch.delenv("PLIVO_PHLO_ID")
    with ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(_serving(*args, **more))


def test_where_all_is_well_it_says_so(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, err = plivo_phlo("doctor")

    assert (code, err) == (0, "")
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "✓ versions",
        "✓ credentials",
        "✓ base URL",
        "✓ TLS trust",
        "✓ proxy",
        "✓ reachable",
        "✓ account",
        "✓ clock",
        "✓ PHLO",
        "✓ node",
        "All checks passed.",
    ]
    assert f"✓ PHLO: {DEMO_PHLO_ID} exists: Demo PHLO\n" in out
    assert f"✓ node: {DEMO_NODE_ID} exists: Multi-Party Call_1\n" in out


def test_it_changes_nothing_and_dials_nothing(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    plivo_phlo("doctor")

    assert {request.method for request in emulator.received} == {"GET"}
    assert emulator.dialled == {}


def test_for_machines_each_finding_is_an_object(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, err = plivo_phlo("doctor", "--json", "--phlo", "nope")
    findings = json.loads(out)

    assert (code, err, out.count("\n"), out.isascii()) == (1, "", 1, True)
    assert all(
        finding.keys() == {"name", "verdict", "detail", "advice", "code"} for finding in findings
    )
    assert [f["name"] for f in findings if f["verdict"] == "wrong"] == ["PHLO"]


def test_on_a_terminal_what_is_long_goes_on_beside_its_sign(
    emulator: PhloEmulator, terminal: Terminal
) -> None:
    code, shown = terminal("doctor", "--phlo", "nope", NO_COLOR="1")
    lines = [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in shown.splitlines()]

    assert (code, lines[0].startswith("✓ versions: plivo-phlo-async ")) == (1, True)
    assert lines[1].startswith("  ")
    assert "  Compare --phlo with the console; a PHLO has to be deployed." in lines
    assert lines[-2:] == [
        "? node: its PHLO was not found",
        "Failed checks: PHLO. Not checked: account, node.",
    ]


@pytest.mark.parametrize(("environ", "green"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_there_is_colour_on_a_terminal_that_wants_it(
    emulator: PhloEmulator, terminal: Terminal, environ: dict[str, str], green: bool
) -> None:
    _, shown = terminal("doctor", **environ)

    assert ("\x1b[32m✓" in shown) == green


# Credentials


def test_it_shows_neither_token_nor_whole_account_but_where_they_are_from(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "a-token-to-hide")
    _, out, err = plivo_phlo("doctor")

    assert "a-token-to-hide" not in out + err
    assert DEMO_AUTH_ID not in out + err
    assert "from PLIVO_AUTH_ID, Auth Token (15 characters) from PLIVO_AUTH_TOKEN" in out


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (None, "No auth_token: set the environment variable PLIVO_AUTH_TOKEN. `plivo-phlo demo`"),
        ("a\n", "✗ credentials: PLIVO_AUTH_TOKEN is malformed"),
    ],
)
def test_credentials_that_cannot_be_sent_are_named_and_nothing_is_asked(
    plivo_phlo: Run,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
    says: str,
) -> None:
    monkeypatch.delenv("PLIVO_AUTH_TOKEN")
    if token is not None:
        monkeypatch.setenv("PLIVO_AUTH_TOKEN", token)
    code, out, _ = plivo_phlo("doctor")

    assert (code, says in out, emulator.requests) == (3, True, 0)
    assert out.endswith(
        "? node: fix the problems above first\nFailed checks: credentials."
        " Not checked: reachable, account, clock, PHLO, node.\n"
    )


def test_a_subaccount_is_named_as_one(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = plivo_phlo("doctor", "--auth-id", f"SA{DEMO_AUTH_ID[2:]}")

    assert f"Auth ID SA{DEMO_AUTH_ID[2:4]}…{DEMO_AUTH_ID[-2:]} (a subaccount) from --auth-id" in out


@pytest.mark.parametrize("around", ["{} ", "'{}'", '"{}"'])
def test_what_was_copied_along_with_the_token_is_noted(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, around: str
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", around.format(emulator.auth_token))
    code, out, _ = plivo_phlo("doctor")

    assert code == 3
    assert "Remove the spaces or quotation marks around PLIVO_AUTH_TOKEN." in out


# Where it goes, and how


@pytest.mark.parametrize(
    ("options", "environ", "says"),
    [
        (["--base-url", "ftp://x"], "", "--base-url must begin with https://"),
        ([], "ftp://x", "PLIVO_PHLO_BASE_URL must begin with https://"),
    ],
)
def test_an_address_that_is_none_is_named_with_where_it_is_from(
    plivo_phlo: Run,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    environ: str,
    says: str,
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_BASE_URL", environ)
    code, out, _ = plivo_phlo("doctor", *options)

    assert (code, f"✗ base URL: {says}" in out) == (3, True)
    assert "? reachable: fix the problems above first" in out


def test_without_an_address_it_is_plivos(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLIVO_PHLO_BASE_URL")
    monkeypatch.delenv("PLIVO_AUTH_TOKEN")  # so that no server is asked
    _, out, _ = plivo_phlo("doctor")

    assert "✓ base URL: https://phlorunner.plivo.com/v1, Plivo's\n" in out
    assert "✓ TLS trust: the CAs of certifi\n✓ proxy: none\n" in out


def test_an_address_without_tls_that_is_not_here_is_noted(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    _, out, _ = plivo_phlo("doctor", "--base-url", "http://nowhere.invalid/v1", "--timeout", "1")

    assert "! base URL: http://nowhere.invalid/v1, from --base-url\n  Use https" in out


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SSL_CERT_FILE", "none.pem", "No such file or directory"),
        ("SSL_CERT_FILE", "wrong.pem", "no certificate"),
        ("SSL_CERT_FILE", ".", "Is a directory"),
        ("SSL_CERT_DIR", "none", "No such file or directory"),
    ],
)
def test_authorities_that_cannot_be_read_are_named(
    plivo_phlo: Run,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    value: str,
    says: str,
) -> None:
    (tmp_path / "wrong.pem").write_text("no certificate at all")
    monkeypatch.setenv(variable, str(tmp_path / value))
    code, out, _ = plivo_phlo("doctor", "--base-url", "https://127.0.0.1:9/v1")
    lines = out.splitlines()
    line = next(line for line in lines if line.startswith(f"✗ TLS trust: {variable}={tmp_path}"))

    assert (code, says.lower() in line.lower()) == (4, True)
    assert f"Unset {variable}" in lines[lines.index(line) + 1]


def test_own_authorities_are_counted_and_trusted(
    plivo_phlo: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority, another = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    another.cert_pem.write_to_path(tmp_path / "own.pem", append=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    url = serve(404, certificate=authority.issue_cert("127.0.0.1"))
    code, out, _ = plivo_phlo("doctor", "--base-url", url)

    assert f"✓ TLS trust: SSL_CERT_FILE={tmp_path}/own.pem, 2 certificates\n" in out
    assert (code, "✓ reachable: " in out) == (0, True)


def test_a_directory_of_authorities_is_named(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    _, out, _ = plivo_phlo("doctor", "--base-url", "https://127.0.0.1:9/v1")

    assert f"✓ TLS trust: SSL_CERT_DIR={tmp_path}\n" in out


# Proxies


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["", "http://me:secret@"])
def test_a_dead_proxy_is_named_without_its_password(
    plivo_phlo: Run,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    variable: str,
    scheme: str,
) -> None:
    monkeypatch.setenv(variable, f"{scheme}127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    code, out, err = plivo_phlo("doctor")

    assert (code, "secret" in out + err) == (4, False)
    assert f"! proxy: http://127.0.0.1:{closed_port}, from {variable}\n" in out
    assert " through a proxy: ConnectError" in out
    assert f"Nothing listens there: check host and port in {variable}." in out


def test_of_two_variables_the_one_in_force_is_named(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", "http://nowhere.invalid")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    _, out, _ = plivo_phlo("doctor")

    assert f"! proxy: http://127.0.0.1:{closed_port}, from http_proxy\n" in out


def test_a_proxy_that_refuses_is_reported(
    plivo_phlo: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")
    monkeypatch.setenv("HTTPS_PROXY", serve(407).removesuffix("/v1"))
    code, out, _ = plivo_phlo("doctor", "--base-url", "https://phlorunner.example/v1")

    assert (code, "The proxy refuses the connection: check HTTPS_PROXY, its user" in out) == (
        4,
        True,
    )


@pytest.mark.parametrize("proxy", ["http://me:secret@127.0.0.1:port", "what://me:secret@127.0.0.1"])
def test_a_proxy_that_is_none_is_named_without_its_password(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    code, out, err = plivo_phlo("doctor")

    assert (code, "✗ proxy: " in out, "secret" in out + err) == (3, True, False)
    assert "proxy: proxy:" not in out
    assert "Correct HTTP_PROXY" in out


def test_a_host_that_no_proxy_leaves_out_is_reached_without(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "✓ proxy: none: NO_PROXY excludes this host\n" in out) == (0, True)


# No answer


def test_where_nothing_listens_it_says_so(
    plivo_phlo: Run, emulator: PhloEmulator, closed_port: int
) -> None:
    code, out, _ = plivo_phlo("doctor", "--base-url", f"http://127.0.0.1:{closed_port}/v1")

    assert (code, "Nothing listens there: check host and port in --base-url." in out) == (4, True)
    assert f"✗ reachable: 127.0.0.1:{closed_port}: ConnectError: " in out


def test_a_host_that_no_server_knows_is_reported(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")
    monkeypatch.setenv("PLIVO_PHLO_BASE_URL", "https://nowhere.invalid/v1")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "cannot be resolved: check DNS and PLIVO_PHLO_BASE_URL." in out) == (4, True)


def test_a_server_that_says_nothing_is_reported(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        code, out, _ = plivo_phlo("doctor", "--base-url", url, "--timeout", "0.1")

    assert " within 0.1 s\n" in out
    assert (
        code,
        "There was no answer in time: check network, firewall and --base-url." in out,
    ) == (
        4,
        True,
    )


def test_a_server_that_hangs_up_is_reported(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    def hang_up(server: socket.socket) -> None:
        server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=(server,)).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        code, out, _ = plivo_phlo("doctor", "--base-url", url)

    assert (code, "\n  Check network, firewall and --base-url." in out) == (4, True)


def test_tls_towards_a_server_without_is_reported(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    base_url = os.environ["PLIVO_PHLO_BASE_URL"]
    code, out, _ = plivo_phlo("doctor", "--base-url", base_url.replace("http:", "https:"))

    assert (code, "does not use TLS: check scheme and port in --base-url" in out) == (4, True)


@pytest.mark.parametrize(
    ("name", "until", "trusted", "says"),
    [
        ("127.0.0.1", timedelta(1), False, "pass yours with SSL_CERT_FILE"),
        ("127.0.0.1", -timedelta(1), True, "Check this machine's clock"),
        ("127.0.0.2", timedelta(1), True, "The certificate is for another host"),
    ],
)
def test_a_certificate_that_is_refused_is_reported_with_why(
    plivo_phlo: Run,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    until: timedelta,
    trusted: bool,
    says: str,
) -> None:
    authority = trustme.CA()
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "own.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    now = datetime.now(UTC)
    certificate = authority.issue_cert(name, not_before=now - timedelta(9), not_after=now + until)
    code, out, _ = plivo_phlo("doctor", "--base-url", serve(404, certificate=certificate))

    assert (code, says in out) == (4, True)


# An answer


def test_refused_credentials_are_reported(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "wrong")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "Compare Auth ID and Auth Token with the console." in out) == (3, True)
    assert out.endswith("Failed checks: account. Not checked: PHLO, node.\n")


@pytest.mark.parametrize(
    ("status", "body", "code", "says"),
    [
        (200, '{"api_id": "a"}', 0, "? account: the server answers 200 for a PHLO that does not"),
        (200, "<html>Log in here</html>", 1, "Something else answers there: check --base-url"),
        (302, "", 1, "✗ reachable: {host} answers 302, which Plivo does not"),
        (403, NO_PHLO, 1, "Check in the console whether PHLO is enabled"),
        (404, NO_PHLO, 0, "? account: the server does not reject the credentials, but whether"),
        (404, "<h1>Not Found</h1>", 0, "! reachable: {host} answers 404 without an api_id"),
        (429, NO_PHLO, 0, "? account: it is over its rate limit"),
        (503, "", 1, "✗ reachable: {host} answers 503\n  Try again soon"),
    ],
)
def test_an_answer_is_reported_with_what_to_do(
    plivo_phlo: Run, serve: Serve, status: int, body: str, code: int, says: str
) -> None:
    url = serve(status, body)
    left, out, _ = plivo_phlo("doctor", "--base-url", url)

    assert (left, says.format(host=url.split("/")[2]) in out) == (code, True)


def test_a_phlo_that_is_not_there_is_reported(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, _ = plivo_phlo("doctor", "--phlo", "nope")

    assert (code, "Compare --phlo with the console" in out) == (1, True)
    assert "? account: the server does not reject the credentials, but whether" in out


def test_a_phlo_without_a_name_exists_too_and_proves_that_the_credentials_are_accepted(
    plivo_phlo: Run, serve: Serve
) -> None:
    url = serve(404, paths={"/phlo/p": (200, FOUND)})
    code, out, _ = plivo_phlo("doctor", "--phlo", "p", "--base-url", url)

    assert code == 0
    assert "✓ account: the server accepts the credentials\n" in out
    assert "✓ PHLO: p exists\n" in out


# The node


@pytest.mark.parametrize(
    ("status", "body", "control", "code", "says"),
    [
        (200, FOUND, 404, 0, "✓ node: n exists\n"),
        (404, NO_PHLO, 404, 1, "✗ node: get_node n: 404 Not Found"),
        (200, FOUND, 200, 0, "? node: the server answers 200, but that proves nothing"),
        (200, FOUND, 500, 0, "? node: the server answers 200, but that proves nothing"),
        (400, NO_PHLO, 404, 1, "? node: get_node n: 400 Bad Request"),
        (429, NO_PHLO, 404, 1, "? node: get_node n: 429 Too Many Requests"),
        (500, NO_PHLO, 404, 1, "? node: get_node n: 500 Internal Server Error"),
        (200, "<html>Log in here</html>", 404, 1, "? node: get_node n: "),
    ],
)
def test_a_node_is_checked_by_its_get_if_the_answer_proves_something(
    plivo_phlo: Run, serve: Serve, status: int, body: str, control: int, code: int, says: str
) -> None:
    paths = {
        "/multi_party_call/n": (status, body),
        "/multi_party_call/": (control, FOUND if control == 200 else NO_PHLO),
        "/phlo/p": (200, FOUND),
    }
    url = serve(404, date=format_datetime(datetime.now(UTC), usegmt=True), paths=paths)
    left, out, _ = plivo_phlo("doctor", "--phlo", "p", "--node", "n", "--base-url", url)

    assert left == code
    assert says in out
    assert ("All checks passed" in out) == says.startswith("✓")
    assert ("Not checked: " in out) == says.startswith("?")


def test_a_node_that_does_not_exist_is_an_error_with_what_to_compare(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    code, out, _ = plivo_phlo("doctor", "--node", "nope")

    assert code == 1
    assert "Compare --node with the configuration of the node in the console." in out
    assert out.endswith("Failed checks: node.\n")


def test_what_was_not_named_is_not_checked_and_said(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLIVO_PHLO_ID")
    monkeypatch.delenv("PLIVO_NODE_ID")
    code, out, _ = plivo_phlo("doctor")

    assert code == 0
    assert "? PHLO: pass --phlo, or set PLIVO_PHLO_ID\n" in out
    assert out.endswith("No check failed. Not checked: account, PHLO, node.\n")


def test_an_answer_that_breaks_off_is_not_a_crash(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    emulator.add_fault(parse_rule("/v1/phlo/*:cut_body"))
    code, out, _ = plivo_phlo("doctor")
    emulator.clear_faults()

    assert code != 0
    assert "All checks passed" not in out


def test_a_phlo_whose_id_is_none_is_reported(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ID", "..")
    code, out, _ = plivo_phlo("doctor")

    assert (code, "✗ PHLO: PLIVO_PHLO_ID: '..' is not an id or address." in out) == (2, True)


@pytest.mark.parametrize(
    ("date", "says"),
    [
        (timedelta(hours=-1), "! clock: 36"),
        (timedelta(hours=1), "s behind the server's\n  Set it: "),
        (timedelta(seconds=10), "✓ clock: "),
        ("some day", None),
        ("", None),
    ],
    ids=str,
)
def test_a_clock_that_is_far_from_the_servers_is_noted(
    plivo_phlo: Run, serve: Serve, date: timedelta | str, says: str | None
) -> None:
    if isinstance(date, timedelta):
        date = format_datetime(datetime.now(UTC) + date, usegmt=True)
    code, out, _ = plivo_phlo("doctor", "--base-url", serve(404, date=date))

    assert code == 0
    assert (says or "? clock: the answer has no date\n") in out
