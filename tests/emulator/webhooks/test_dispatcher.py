"""Deliveries: in order, beside the requests, tried again only when nothing answered."""

from urllib.parse import parse_qs

import anyio
import anyio.lowlevel
import pytest

from plivo_phlo_async.emulator import DEMO_AUTH_TOKEN, PhloEmulator, WebhookRequest

from ..asking import DIAL, NODE, WARM, ask, say

pytestmark = pytest.mark.anyio
VARIABLES = {
    "from",
    "direction",
    "caller_name",
    "to",
    "event",
    "bill_rate",
    "call_status",
    "conference_name",
    "call_uuid",
    "conference_uuid",
    "member_id",
    "to_iso2",
    "from_iso2",
    "to_country",
    "from_country",
}
URL = "http://127.0.0.1:9/events"


class Receiver:
    """What was sent, and what is answered: a status, or an error to raise."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.letters: list[WebhookRequest] = []

    async def __call__(self, request: WebhookRequest) -> int:
        self.letters.append(request)
        await anyio.lowlevel.checkpoint()
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def received(self) -> list[tuple[str, str]]:
        forms = [parse_qs(request.body.decode()) for request in self.letters]
        return [(form["event"][0], form.get("to", form["from"])[0]) for form in forms]


def heard(*answers: int | Exception) -> tuple[PhloEmulator, Receiver]:
    receiver = Receiver(*answers)
    return PhloEmulator(callback=URL, deliver=receiver), receiver


async def test_events_are_sent_in_their_order_and_block_nothing() -> None:
    emulator, receiver = heard()
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "POST", NODE, WARM)
    say(emulator, "222", "hangup")
    before = len(receiver.letters)
    await emulator.delivered()

    assert before == 0
    assert receiver.received == [
        ("ConferenceEnter", "111"),
        ("ConferenceEnter", "222"),
        ("Redirect", "111"),
        ("ConferenceEnter", "333"),
        ("ConferenceExit", "222"),
    ]


async def test_the_variables_are_the_components() -> None:
    emulator, _ = heard()
    ask(emulator, "POST", NODE, {**DIAL, "to": "+12025550199"})
    say(emulator, "12025550199", "hangup")
    first, entered, left = (delivery.variables for delivery in emulator.deliveries)

    assert set(entered) == VARIABLES
    assert (entered["from"], entered["to"], entered["direction"], entered["to_iso2"]) == (
        "111",
        "+12025550199",
        "outbound",
        "US",
    )
    assert (first["direction"], first["from"]) == ("inbound", "111")
    for name in ("call_uuid", "member_id", "conference_uuid"):
        assert entered[name] == left[name]
    assert first["conference_uuid"] == entered["conference_uuid"]
    assert first["member_id"] != entered["member_id"]


async def test_who_comes_again_is_another_leg_and_in_another_call_another_conference() -> None:
    emulator, _ = heard()
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "hangup")
    ask(emulator, "POST", NODE, DIAL)
    for member in ("222", "111"):
        say(emulator, member, "hangup")
    emulator.join(*node_keys(emulator)[0], "222")
    received = [delivery.variables for delivery in emulator.deliveries]
    entered = [
        one for one in received if one["event"] == "ConferenceEnter" and "222" in one.values()
    ]

    assert [one["direction"] for one in entered] == ["outbound", "outbound", "inbound"]
    assert len({one["call_uuid"] for one in entered} | {one["member_id"] for one in entered}) == 6
    first, second, third = (one["conference_uuid"] for one in entered)
    assert first == second != third


@pytest.mark.parametrize(
    ("answers", "outcome", "attempts", "status"),
    [
        ([200], "delivered", 1, 200),
        ([TimeoutError(), 204], "delivered", 2, 204),
        ([OSError("refused"), OSError("refused")], "failed", 2, None),
        ([500], "refused", 1, 500),
        ([404], "refused", 1, 404),
    ],
)
async def test_it_is_tried_again_once_and_only_when_nothing_answered(
    answers: list[int | Exception], outcome: str, attempts: int, status: int | None
) -> None:
    emulator, receiver = heard(*answers)
    emulator.join(*next(iter(node_keys(emulator))), "5")
    await emulator.delivered()
    (delivery,) = emulator.deliveries

    assert (delivery.outcome, delivery.attempts, delivery.status) == (outcome, attempts, status)
    assert len(receiver.letters) == attempts


def node_keys(emulator: PhloEmulator) -> list[tuple[str, str]]:
    return [(phlo.phlo_id, node.node_id) for phlo in emulator.phlos for node in phlo.nodes]


async def test_a_delivery_is_shown_and_sent_again_newly_signed() -> None:
    emulator, receiver = heard()
    emulator.join(*node_keys(emulator)[0], "5")
    await emulator.delivered()
    again = ask(emulator, "POST", "/_emulator/deliveries/1/redeliver")
    await emulator.delivered()
    shown = ask(emulator, "GET", "/_emulator/deliveries").json["deliveries"]
    one, other = receiver.letters

    assert (again.status, again.json["redelivery_of"]) == (201, 1)
    assert [(d["id"], d["outcome"], d["attempts"]) for d in shown] == [
        (2, "delivered", 1),
        (1, "delivered", 1),
    ]
    assert (one.body == other.body, one.signed == other.signed) == (True, False)
    assert DEMO_AUTH_TOKEN not in str(shown)
    assert ask(emulator, "POST", "/_emulator/deliveries/9/redeliver").status == 404


async def test_a_callback_is_set_for_all_and_for_one_node_and_taken_away() -> None:
    emulator, receiver = heard()
    phlo_id, node_id = node_keys(emulator)[0]
    node = {"phlo_id": phlo_id, "node_id": node_id}
    own = {"url": "http://own/e", "method": "GET", "version": "V2"}
    shown = ask(emulator, "POST", "/_emulator/callback", {**own, **node}).json
    emulator.join(phlo_id, node_id, "5")
    ask(emulator, "DELETE", "/_emulator/callback", node)
    emulator.join(phlo_id, node_id, "6")
    ask(emulator, "DELETE", "/_emulator/callback")
    emulator.join(phlo_id, node_id, "7")
    await emulator.delivered()

    assert shown["nodes"] == [{**node, **own, "format": "form", "port_in_signature": True}]
    assert [request.url.partition("?")[0] for request in receiver.letters] == ["http://own/e", URL]


@pytest.mark.parametrize(
    "given",
    ["ftp://x", "x", "http://", "http://u:p@x/", "http://x:99999", "http://x/#f", "http://\u00e9/"],
)
async def test_what_is_no_url_is_refused(given: str) -> None:
    answer = ask(PhloEmulator(), "POST", "/_emulator/callback", {"url": given})

    assert (answer.status, "callback.url" in answer.json["error"]) == (400, True)


async def test_a_thousand_deliveries_are_kept() -> None:
    emulator, _ = heard()
    ask(emulator, "POST", NODE, DIAL)
    for _ in range(1100):
        emulator.redeliver(emulator.deliveries[-1].number)
    kept = len(emulator.deliveries)
    await emulator.delivered()

    assert (kept, {d.outcome for d in emulator.deliveries}) == (1000, {"delivered"})


async def test_a_delivery_that_is_being_sent_makes_room_for_another_and_no_other_is_lost() -> None:
    began, go_on = anyio.Event(), anyio.Event()
    received: list[WebhookRequest] = []

    async def deliver(request: WebhookRequest) -> int:
        received.append(request)
        began.set()
        await go_on.wait()
        return 200

    emulator = PhloEmulator(callback=URL, deliver=deliver)
    emulator.join(*node_keys(emulator)[0], "5")
    async with anyio.create_task_group() as group:
        group.start_soon(emulator.delivered)
        await began.wait()
        for _ in range(1000):
            emulator.redeliver(emulator.deliveries[-1].number)
        kept = [delivery.number for delivery in emulator.deliveries]
        go_on.set()
    outcomes = {delivery.outcome for delivery in emulator.deliveries}

    assert (kept[0], kept[-1], len(received), outcomes) == (2, 1001, 1001, {"delivered"})


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_delivery_that_the_end_of_its_loop_interrupts_says_so(backend: str) -> None:
    async def until_sent() -> None:
        emulator.join(*node_keys(emulator)[0], "5")
        await sending.wait()

    async def deliver(_: WebhookRequest) -> int:
        sending.set()
        await anyio.sleep_forever()
        raise AssertionError

    sending = anyio.Event()
    emulator = PhloEmulator(callback=URL, deliver=deliver)
    anyio.run(until_sent, backend=backend)
    (delivery,) = emulator.deliveries

    assert (delivery.outcome, delivery.error) == ("failed", "the emulator stopped")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_a_loop_that_ended_left_is_sent_by_the_next(backend: str) -> None:
    async def join() -> None:
        emulator.join(*node_keys(emulator)[0], "5")

    emulator, receiver = heard()
    anyio.run(join, backend=backend)
    anyio.run(emulator.delivered, backend=backend)

    assert receiver.received == [("ConferenceEnter", "5")]


async def test_what_a_reset_forgets_is_not_sent() -> None:
    emulator, receiver = heard()
    emulator.join(*node_keys(emulator)[0], "5")
    emulator.reset()
    await emulator.delivered()

    assert (receiver.letters, emulator.deliveries) == ([], ())
