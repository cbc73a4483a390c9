"""Why a request is refused: Plivo's text on the wire, the reason in the logs."""

import logging
from collections.abc import Callable

import pytest

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, EmulatorError, PhloEmulator

from ..asking import NODE, PHLO, RUN, ask

ANN, CARL, BEN, VERA = "12025550101", "12025550102", "12025550103", "12025550104"
IMPOSSIBLE = "Invalid value provided for action."
MEMBERS = f"{NODE}/members"


def dial(action: str, source: str, to: str) -> dict[str, str]:
    return {"action": action, "trigger_source": source, "to": to}


@pytest.fixture
def emulator() -> PhloEmulator:
    """Ann and Ben consult, Carl waits."""
    emulator = PhloEmulator(phones={VERA: "voicemail"})
    ask(emulator, "POST", NODE, {**dial("call", ANN, CARL), "role": "customer"})
    ask(emulator, "POST", NODE, dial("warm_transfer", ANN, BEN))
    return emulator


@pytest.mark.parametrize(
    ("path", "content", "answer", "reason"),
    [
        (
            f"{MEMBERS}/{ANN}",
            {"action": "hold"},
            (400, IMPOSSIBLE),
            f"{ANN} is consulting; resume_call or abort_transfer first.",
        ),
        (
            f"{MEMBERS}/{CARL}",
            {"action": "unhold"},
            (400, IMPOSSIBLE),
            f"{CARL} is a customer, and waits while two members consult;"
            " resume_call or abort_transfer first.",
        ),
        (
            f"{MEMBERS}/{CARL}",
            {"action": "voicemail_drop"},
            (400, IMPOSSIBLE),
            f"{CARL} is on_hold; voicemail_drop needs a voicemail.",
        ),
        (
            f"{MEMBERS}/{CARL}",
            {"action": "sing"},
            (400, IMPOSSIBLE),
            "'sing' is no action here; there are: hold, unhold, hangup, resume_call,"
            " abort_transfer, voicemail_drop, mute, unmute.",
        ),
        (
            NODE,
            dial("cold_transfer", ANN, "5"),
            (400, IMPOSSIBLE),
            f"A warm transfer from {ANN} to {BEN} is in progress;"
            " resume_call or abort_transfer first.",
        ),
        (
            NODE,
            dial("call", ANN, CARL),
            (400, IMPOSSIBLE),
            f"{CARL} is in the call already: on_hold.",
        ),
        (
            NODE,
            dial("warm_transfer", "9", "5"),
            (404, "No such member in this call."),
            "9 is in no call at this node.",
        ),
        (
            f"{MEMBERS}/9",
            {"action": "hold"},
            (404, "No such member in this call."),
            "9 is in no call at this node, or has left it.",
        ),
        (
            NODE,
            {"action": "call", "to": "5"},
            (400, "trigger_source is a mandatory param."),
            "trigger_source is a mandatory param.",
        ),
    ],
)
def test_a_refusal_has_plivos_text_and_the_log_says_why(
    emulator: PhloEmulator,
    path: str,
    content: dict[str, str],
    answer: tuple[int, str],
    reason: str,
) -> None:
    given = ask(emulator, "POST", path, content)
    entry = emulator.exchanges()[0]

    assert (given.status, given.json["error"]) == answer
    assert entry.reason == reason
    assert entry.describe()["reason"] == reason


@pytest.mark.parametrize(
    ("method", "path", "error", "reason"),
    [
        ("GET", "/v1/phlo/p", "No such PHLO.", "There is no PHLO 'p'."),
        ("POST", RUN.replace(DEMO_PHLO_ID, "p"), "No such PHLO.", "There is no PHLO 'p'."),
        ("GET", f"{PHLO}/runs/r", "No such run.", "There is no run 'r'."),
        (
            "GET",
            f"{PHLO}/conference_bridge/{DEMO_NODE_ID}",
            "No such node.",
            f"There is no node 'conference_bridge/{DEMO_NODE_ID}'.",
        ),
        ("GET", "/v1/x", "No such path.", "There is no path '/v1/x'."),
    ],
)
def test_a_404_says_what_is_unknown(method: str, path: str, error: str, reason: str) -> None:
    emulator = PhloEmulator()
    given = ask(emulator, method, path)

    assert (given.status, given.json["error"]) == (404, error)
    assert emulator.exchanges()[0].reason == reason


def test_an_accepted_request_has_no_reason(emulator: PhloEmulator) -> None:
    assert [entry.reason for entry in emulator.exchanges()] == [None, None]


def test_an_answer_that_a_fault_makes_has_no_reason(emulator: PhloEmulator) -> None:
    emulator.fail_next("500")
    ask(emulator, "POST", f"{MEMBERS}/{CARL}", {"action": "mute"})

    assert emulator.exchanges()[0].reason is None


def test_a_refusal_is_one_line_in_the_log_with_the_number_masked(
    emulator: PhloEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "plivo_phlo_async.emulator")
    ask(emulator, "POST", f"{MEMBERS}/{ANN}", {"action": "hold"})
    ask(emulator, "POST", f"{MEMBERS}/{CARL}", {"action": "mute"})

    assert caplog.messages == [
        "hold refused with 400:"
        " \N{HORIZONTAL ELLIPSIS}0101 is consulting; resume_call or abort_transfer first."
    ]


def test_the_control_routes_say_why(emulator: PhloEmulator) -> None:
    answer = ask(emulator, "POST", f"/_emulator/phones/{CARL}/call")

    assert (answer.status, answer.json["error"]) == (
        400,
        f"{CARL} is in the call already: on_hold.",
    )


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda e: e.answer("9"), "9 is not ringing."),
        (lambda e: e.reject(ANN), f"{ANN} is not ringing."),
        (lambda e: e.hang_up("9"), "9 is in no call."),
    ],
)
def test_what_is_done_in_python_raises_with_the_reason(
    emulator: PhloEmulator, act: Callable[[PhloEmulator], None], reason: str
) -> None:
    with pytest.raises(EmulatorError) as caught:
        act(emulator)

    assert str(caught.value) == reason
