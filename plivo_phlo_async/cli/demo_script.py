"""The script of `plivo-phlo demo`: its people, its steps, and the Python code of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from ..resources import MultiPartyCall
from ..results import ActionResult

__all__ = ["HOLDS", "NAMES", "PROGRAM", "STEPS", "VERA", "DemoStep"]

ANN, SUE, TOM = "12025550101", "12025550102", "12025550103"
CARL, VERA = "12025550199", "12025550177"
NAMES = {ANN: "Ann", SUE: "Sue", TOM: "Tom", CARL: "Carl", VERA: "Vera"}
HOLDS = 200


@frozen
class DemoStep:
    """One step of the demo.

    Attributes:
        text: what happens.
        code: the line of Python.
        run: performs that line.
    """

    text: str
    code: str
    run: Callable[[MultiPartyCall], Awaitable[ActionResult]]


STEPS = [
    DemoStep(
        "Ann, an agent, calls Carl, a customer.",
        'await mpc.call(ann, carl, role="customer")',
        lambda mpc: mpc.call(ANN, CARL, role="customer"),
    ),
    DemoStep(
        "She puts him on hold; he hears music.",
        "await mpc.member(carl).hold()",
        lambda mpc: mpc.member(CARL).hold(),
    ),
    DemoStep(
        "She takes him off hold.",
        "await mpc.member(carl).unhold()",
        lambda mpc: mpc.member(CARL).unhold(),
    ),
    DemoStep(
        "She starts a warm transfer: she consults Sue while Carl is on hold.",
        "await mpc.warm_transfer(ann, sue)",
        lambda mpc: mpc.warm_transfer(ANN, SUE),
    ),
    DemoStep(
        "Sue cannot help; Ann aborts the transfer and talks to Carl.",
        "await mpc.member(ann).abort_transfer()",
        lambda mpc: mpc.member(ANN).abort_transfer(),
    ),
    DemoStep(
        "She starts the warm transfer again.",
        "await mpc.warm_transfer(ann, sue)",
        lambda mpc: mpc.warm_transfer(ANN, SUE),
    ),
    DemoStep(
        "Sue agrees; Ann completes the transfer and all three talk.",
        "await mpc.member(ann).resume_call()",
        lambda mpc: mpc.member(ANN).resume_call(),
    ),
    DemoStep(
        "Ann calls Vera, whose voicemail answers.",
        'await mpc.call(ann, vera, role="customer")',
        lambda mpc: mpc.call(ANN, VERA, role="customer"),
    ),
    DemoStep(
        "The node's message is left in the voicemail.",
        "await mpc.member(vera).voicemail_drop()",
        lambda mpc: mpc.member(VERA).voicemail_drop(),
    ),
    DemoStep(
        "A cold transfer: Tom replaces Ann in the call.",
        "await mpc.cold_transfer(ann, tom)",
        lambda mpc: mpc.cold_transfer(ANN, TOM),
    ),
    DemoStep(
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
