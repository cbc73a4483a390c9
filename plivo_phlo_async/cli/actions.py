"""One command for each action of a multi-party call."""

from __future__ import annotations

from typing import Any

import click

from ..actions import Action, Role, Verb
from .options import at_node, at_phlo, common
from .reach import perform

__all__ = ["COMMANDS"]

_DIALS = {
    Verb.CALL: "Dial TO into the call of TRIGGER_SOURCE. That is the agent who starts it.",
    Verb.WARM_TRANSFER: "Dial TO to talk with TRIGGER_SOURCE in private first.",
    Verb.COLD_TRANSFER: "Dial TO to take over from TRIGGER_SOURCE, who leaves.",
}
_MEMBER = {
    Verb.HOLD: "Put MEMBER on hold.",
    Verb.UNHOLD: "Take MEMBER off hold.",
    Verb.HANGUP: "Disconnect MEMBER.",
    Verb.RESUME_CALL: "End a warm transfer's private talk. Everyone is in the call then.",
    Verb.ABORT_TRANSFER: "Give up the transfer that MEMBER started.",
    Verb.VOICEMAIL_DROP: "Play the node's message to MEMBER's voicemail.",
    Verb.MUTE: "Mute MEMBER (Plivo does not document it for this node).",
    Verb.UNMUTE: "Let MEMBER be heard again (as mute, not documented).",
}


def _name(verb: Verb) -> str:
    return verb.replace("_", "-")


def _dial(verb: Verb, help: str) -> click.Command:
    @click.command(_name(verb), help=help)
    @click.argument("trigger_source")
    @click.argument("to")
    @click.option(
        "--role",
        type=click.Choice([role.value for role in Role]),
        default="agent",
        show_default=True,
        help="What TO is in the call.",
    )
    @at_phlo()
    @at_node()
    @common
    def command(
        phlo_id: str, node_id: str, trigger_source: str, to: str, role: str, **options: Any
    ) -> None:
        perform(Action(verb, phlo_id, node_id, None, trigger_source, to, role), **options)

    return command


def _member(verb: Verb, help: str) -> click.Command:
    @click.command(_name(verb), help=help)
    @click.argument("member")
    @at_phlo()
    @at_node()
    @common
    def command(phlo_id: str, node_id: str, member: str, **options: Any) -> None:
        perform(Action(verb, phlo_id, node_id, member), **options)

    return command


COMMANDS: list[click.Command] = [
    *(_dial(verb, help) for verb, help in _DIALS.items()),
    *(_member(verb, help) for verb, help in _MEMBER.items()),
]
