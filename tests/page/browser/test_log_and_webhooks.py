"""The log, the timeline, the faults and the deliveries, as a person uses them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import FilePayload, expect

from plivo_phlo_async import ActionFailedError, OutcomeUnknownError
from plivo_phlo_async.emulator import FaultKind
from plivo_phlo_async.resources import MultiPartyCall

from .driving import AGENT, CUSTOMER, SECOND, Scene


@pytest.fixture
def receiver() -> Iterator[str]:
    """A callback URL that is always answered 204."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/events"
        server.shutdown()
        thread.join()


def test_the_log_is_newest_first(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.member(CUSTOMER).hold())

    expect(scene.entries().locator(".action")).to_have_text(["hold", "call"])
    expect(scene.entries().first.locator(".change")).to_have_text(f"{CUSTOMER} on hold")


def test_an_entry_shows_request_answer_and_both_states(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.member(CUSTOMER).hold())
    expect(scene.entries()).to_have_count(2)
    entry = scene.entries().first
    entry.locator("summary").click()

    expect(entry.get_by_role("group", name="Request", exact=True)).to_contain_text(
        f"POST /v1/phlo/support/multi_party_call/line-1/members/{CUSTOMER}"
    )
    expect(entry.get_by_role("group", name="Answer")).to_contain_text("201")
    expect(entry.locator(".states .chip")).to_have_text(["in call", "on hold"])


@pytest.mark.parametrize(
    ("title", "part"), [("As curl", "curl -X POST"), ("As Python", ".multi_party_call('line-1')")]
)
def test_a_request_can_be_copied(scene: Scene, title: str, part: str) -> None:
    scene.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    scene.talk()
    entry = scene.entries().first
    entry.locator("summary").click()
    entry.get_by_role("button", name=f"Copy: {title}").click()
    expect(entry.get_by_text("Copied")).to_be_visible()

    assert part in scene.page.evaluate("() => navigator.clipboard.readText()")


def test_the_log_is_filtered_by_call_member_and_errors(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.call(SECOND, "13035550100", "customer"), "line-2")
    scene.emulator.fail_next("soft_error")
    with pytest.raises(ActionFailedError):
        scene.do(lambda node: node.member("13035550100").hold(), "line-2")
    expect(scene.entries()).to_have_count(3)

    scene.page.get_by_label("Errors only").check()
    expect(scene.entries().locator(".action")).to_have_text(["hold"])
    scene.page.get_by_label("Errors only").uncheck()
    scene.page.get_by_label("Member").fill(f"+{CUSTOMER}")
    expect(scene.entries().locator(".address")).to_have_text([CUSTOMER])
    scene.page.get_by_label("Member").fill("")
    scene.page.locator("#filter-node").select_option(label="Line 2 · Support")
    expect(scene.entries()).to_have_count(2)
    scene.do(lambda node: node.member(CUSTOMER).hold())
    scene.do(lambda node: node.member(SECOND).mute(), "line-2")
    expect(scene.entries().locator(".action")).to_have_text(["mute", "hold", "call"])


def test_the_log_holds_some_hundreds_of_rows(scene: Scene) -> None:
    for number in range(350):
        scene.emulator.join("support", "line-1", f"1{number}")

    expect(scene.page.locator("#log-note")).to_have_text("the latest 300")
    expect(scene.entries()).to_have_count(300)


def test_act_then_do_not_answer_meets_the_next_request(scene: Scene) -> None:
    scene.talk()
    scene.page.get_by_role("button", name="Act, then do not answer").click()
    expect(scene.page.locator("#rules code")).to_have_text("close_after x1")
    with pytest.raises(OutcomeUnknownError):
        scene.do(lambda node: node.call(AGENT, SECOND))

    scene.shows(**{f"_{SECOND}": "in_call"})
    expect(scene.page.locator("#rules li")).to_have_attribute("data-spent", "true")
    expect(scene.entries("lost")).to_contain_text(
        "acts, and closes the connection without an answer"
    )
    expect(scene.page.locator("#marks .mark[data-outcome=lost]")).to_have_count(1)


def test_another_fault_is_added_and_removed(scene: Scene) -> None:
    scene.page.get_by_text("Another fault").click()
    scene.page.get_by_label("What goes wrong").select_option("500")
    scene.page.get_by_label("Action").select_option("hold")
    scene.page.get_by_label("Address").fill(CUSTOMER)
    scene.page.get_by_label("Or percent").fill("50")
    scene.page.locator("#fault").get_by_role("button", name="Add").click()
    expect(scene.page.locator("#rules code")).to_have_text(f"hold@{CUSTOMER}:500 50% seed=0")
    scene.page.get_by_role("button", name="Remove hold").click()

    expect(scene.page.locator("#rules li")).to_have_count(0)
    assert scene.emulator.faults == []


def test_the_strip_has_a_mark_for_each_request_by_outcome(scene: Scene) -> None:
    async def bulk(node: MultiPartyCall) -> None:
        for _ in range(12):
            await node.member(CUSTOMER).mute()

    scene.talk()
    scene.emulator.add_fault("mute:429=0 x3")
    scene.do(bulk)

    expect(scene.page.locator("#marks .mark")).to_have_count(16)
    expect(scene.page.locator("#marks .mark[data-outcome=throttled]")).to_have_count(3)
    expect(scene.page.locator("#legend li[data-outcome=throttled]")).to_have_text(
        "3 throttled, 429"
    )


def test_the_strip_is_bounded(scene: Scene) -> None:
    async def bulk(node: MultiPartyCall) -> None:
        for _ in range(31):
            await asyncio.gather(*(node.member(CUSTOMER).mute() for _ in range(20)))

    scene.talk()
    scene.do(bulk)

    expect(scene.page.locator("#tally")).to_have_text("1 call · 621 requests", timeout=20_000)
    marks = scene.page.locator("#marks .mark").count()
    assert 594 <= marks <= 600


def test_a_delivery_shows_its_signed_string_and_is_redelivered(scene: Scene, receiver: str) -> None:
    scene.page.get_by_label("Callback URL").fill(receiver)
    scene.page.locator("#callback").get_by_role("button", name="Set").click()
    expect(scene.page.get_by_role("button", name="Clear")).to_be_visible()
    scene.emulator.join("support", "line-1", CUSTOMER)
    rows = scene.page.locator("#deliveries > li")
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_attribute("data-outcome", "delivered")
    expect(rows.first.locator(".change")).to_contain_text(f"1 attempt · {receiver}")

    rows.first.locator("summary").click()
    signed = rows.first.get_by_role("group", name="Signed string")
    expect(signed).to_have_text(scene.emulator.deliveries[0].request.signed)
    rows.first.get_by_role("button", name="Redeliver").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_attribute("data-outcome", "delivered")


def test_the_port_is_left_out_of_the_signature_if_so_chosen(scene: Scene, receiver: str) -> None:
    form = scene.page.locator("#callback")
    form.get_by_label("Callback URL").fill(receiver)
    form.get_by_label("Port").select_option("not signed")
    form.get_by_role("button", name="Set").click()
    expect(scene.page.get_by_role("button", name="Clear")).to_be_visible()
    expect(form.get_by_label("Port")).to_have_value("false")
    scene.emulator.join("support", "line-1", CUSTOMER)

    expect(scene.page.locator("#deliveries > li")).to_have_count(1)
    signed = scene.emulator.deliveries[0].request.signed
    assert signed.startswith("http://127.0.0.1/events?")


def test_a_callback_is_cleared(scene: Scene, receiver: str) -> None:
    scene.emulator.set_callback(receiver)
    expect(scene.page.get_by_label("Callback URL")).to_have_value(receiver)
    scene.page.get_by_role("button", name="Clear").click()

    expect(scene.page.get_by_label("Callback URL")).to_have_value("")
    assert scene.emulator.callbacks()["callback"] is None


def test_a_reset_empties_the_page(scene: Scene) -> None:
    scene.talk()
    expect(scene.entries()).to_have_count(1)
    scene.page.get_by_role("button", name="Reset").click()
    scene.page.get_by_role("button", name="Reset all").click()

    expect(scene.page.locator("#no-calls")).to_be_visible()
    expect(scene.entries()).to_have_count(0)
    expect(scene.page.locator("#timeline")).to_be_hidden()


def test_a_seed_is_loaded_from_a_file(scene: Scene) -> None:
    text = b'{"phlos": [{"phlo_id": "p", "name": "Sales", "nodes": [{"node_id": "n"}]}]}'
    seed_file = FilePayload(name="seed.json", mimeType="application/json", buffer=text)
    scene.page.locator("#seed").set_input_files(seed_file)

    expect(scene.page.locator("#ring-node option")).to_have_text(["Multi-Party Call_1 · Sales"])
    assert [phlo.phlo_id for phlo in scene.emulator.phlos] == ["p"]


def test_every_kind_of_fault_can_be_chosen(scene: Scene) -> None:
    options = scene.page.locator("#fault-kind option")

    expect(options).to_have_count(len(FaultKind))
    assert [one.get_attribute("value") for one in options.all()] == list(FaultKind)
