"""The story that `plivo-phlo demo` tells: who is in it, what happens, and the Python for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from ..resources import MultiPartyCall
from ..results import ActionResult

__all__ = ["HOLDS", "NAMES", "PROGRAM", "STORY", "VERA", "Step"]

ANN, SUE, TOM = "12025550101", "12025550102", "12025550103"
CARL, VERA = "12025550199", "12025550177"
NAMES = {ANN: "Ann", SUE: "Sue", TOM: "Tom", CARL: "Carl", VERA: "Vera"}
HOLDS = 200


@frozen
class Step:
    """One step of the story: what happens, the line of Python, and that line as a call."""

    tells: str
    code: str
    do: Callable[[MultiPartyCall], Awaitable[ActionResult]]


STORY = [
    Step(
        "Ann, an agent, calls Carl, a customer.",
        'await mpc.call(ann, carl, role="customer")',
        lambda mpc: mpc.call(ANN, CARL, role="customer"),
    ),
    Step(
        "She puts him on hold; he hears music.",
        "await mpc.member(carl).hold()",
        lambda mpc: mpc.member(CARL).hold(),
    ),
    Step(
        "She is back.",
        "await mpc.member(carl).unhold()",
        lambda mpc: mpc.member(CARL).unhold(),
    ),
    Step(
        "A warm transfer: she asks Sue in private, while Carl waits.",
        "await mpc.warm_transfer(ann, sue)",
        lambda mpc: mpc.warm_transfer(ANN, SUE),
    ),
    Step(
        "Sue cannot help; Ann takes Carl back.",
        "await mpc.member(ann).abort_transfer()",
        lambda mpc: mpc.member(ANN).abort_transfer(),
    ),
    Step(
        "On second thoughts she asks again.",
        "await mpc.warm_transfer(ann, sue)",
        lambda mpc: mpc.warm_transfer(ANN, SUE),
    ),
    Step(
        "Sue agrees, and all three talk.",
        "await mpc.member(ann).resume_call()",
        lambda mpc: mpc.member(ANN).resume_call(),
    ),
    Step(
        "Ann calls Vera, whose voicemail answers.",
        'await mpc.call(ann, vera, role="customer")',
        lambda mpc: mpc.call(ANN, VERA, role="customer"),
    ),
    Step(
        "The node's message is dropped into it.",
        "await mpc.member(vera).voicemail_drop()",
        lambda mpc: mpc.member(VERA).voicemail_drop(),
    ),
    Step(
        "A cold transfer: Tom takes over, and Ann is out.",
        "await mpc.cold_transfer(ann, tom)",
        lambda mpc: mpc.cold_transfer(ANN, TOM),
    ),
    Step(
        "Carl hangs up.",
        "await mpc.member(carl).hangup()",
        lambda mpc: mpc.member(CARL).hangup(),
    ),
]

PROGRAM = """\
from plivo_phlo_async import AsyncPhloClient

async with AsyncPhloClient() as client:  # PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN
    mpc = client.phlo(phlo_id).multi_party_call(node_id)
"""
