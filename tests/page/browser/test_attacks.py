"""What another site's page, open in the same browser, can do to the emulator: nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from .driving import AGENT, CUSTOMER, Scene

HOSTILE = "<img src=x onerror=document.title='broken'>"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The URL of another site, whose pages are empty."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>site</title>")

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://evil.example:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def urls(server: EmulatorServer) -> dict[str, str]:
    account, token = server.emulator.auth_id, server.emulator.auth_token
    authority = f"{account}:{token}@127.0.0.1:{server.port}"
    return {
        "node": f"http://{authority}/v1/phlo/support/multi_party_call/line-1",
        "run": f"http://{authority}/v1/account/{account}/phlo/support",
        "reset": f"http://127.0.0.1:{server.port}/_emulator/reset",
    }


def untouched(emulator: PhloEmulator) -> bool:
    """Whether the scene's one call is as it was, and nothing was dialled or run since."""
    (call,) = emulator.calls.values()
    return [m.address for m in call.members] == [CUSTOMER] and not emulator.dialled


@pytest.fixture
def attacked(
    page: Page, server: EmulatorServer, elsewhere: str, complaints: list[str]
) -> Iterator[Page]:
    server.emulator.join("support", "line-1", CUSTOMER)
    page.goto(elsewhere)
    yield page
    page.close()  # which ends what the browser still asks for, such as an icon
    complaints.clear()  # it complains of what was refused


@pytest.mark.parametrize("target", ["node", "reset"])
def test_a_form_changes_nothing(attacked: Page, server: EmulatorServer, target: str) -> None:
    with attacked.expect_navigation():
        attacked.evaluate(
            """(url) => {
                const form = document.createElement("form");
                form.method = "POST";
                form.action = url;
                form.enctype = "text/plain";
                form.append(Object.assign(document.createElement("input"), {
                    name: '{"action":"call","trigger_source":"1","to":"2","x":"', value: '"}',
                }));
                document.body.append(form);
                form.submit();
            }""",
            urls(server)[target],
        )

    expect(attacked.locator("body")).to_contain_text("another site")
    assert untouched(server.emulator)


@pytest.mark.parametrize("target", ["node", "run", "reset"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_script_reads_and_changes_nothing(
    attacked: Page, server: EmulatorServer, target: str, method: str
) -> None:
    read = attacked.evaluate(
        """async ([url, method]) => {
            const { username, password } = new URL(url);
            const bare = url.replace(`${username}:${password}@`, "");
            const Authorization = "Basic " + btoa(`${username}:${password}`);
            const options = method === "POST" ? { method, body: '{"action":"call"}' } : {};
            const tries = [
                fetch(bare, { ...options, mode: "no-cors", credentials: "include" }),
                fetch(bare, { ...options, headers: { Authorization } }),
            ];
            const settled = await Promise.allSettled(tries);
            const readable = ({ value }) => value && value.type !== "opaque";
            return settled.map((one) => (readable(one) ? one.value.status : null));
        }""",
        [urls(server)[target], method],
    )

    assert read == [None, None]
    assert untouched(server.emulator)


def test_an_image_runs_no_phlo(attacked: Page, server: EmulatorServer) -> None:
    attacked.evaluate(
        """(url) => new Promise((resolve) => {
            const image = new Image();
            image.onload = image.onerror = resolve;
            image.src = url;
        })""",
        urls(server)["run"],
    )

    assert [entry.status for entry in server.emulator.exchanges()] == [None]
    assert untouched(server.emulator)


@pytest.mark.parametrize("path", ["_emulator/", "_emulator/state", "v1/phlo/support"])
def test_a_name_that_is_rebound_to_this_machine_is_refused(
    attacked: Page, server: EmulatorServer, path: str
) -> None:
    response = attacked.goto(f"http://rebound.example:{server.port}/{path}")

    assert response is not None
    assert response.status == 403
    assert CUSTOMER not in attacked.content()


def test_no_field_runs_a_script(scene: Scene) -> None:
    scene.emulator.set_callback(f"http://127.0.0.1:9/{HOSTILE.replace(' ', '%20')}")
    scene.emulator.join("support", "line-1", HOSTILE)
    scene.emulator.set_phone(HOSTILE, "ring")
    scene.do(lambda node: node.call(AGENT, HOSTILE + "2"))
    expect(scene.member(HOSTILE + "2")).to_have_count(1)
    scene.open()
    for entry in scene.page.locator("summary").all():
        if entry.is_visible():
            entry.click()

    assert scene.page.title() != "broken"
    assert scene.page.locator("img[src=x]").count() == 0
