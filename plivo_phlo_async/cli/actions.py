"""The commands for the actions of a multi-party call, and for those of a conference bridge."""

from __future__ import annotations

from typing import Any

import click

from ..actions import Action, Role, Verb
from .client_runner import perform
from .options import at_node, at_phlo, common

__all__ = ["COMMANDS"]

_DIALS = {
    Verb.CALL: "Dial TO into the call of TRIGGER_SOURCE, the agent.",
    Verb.WARM_TRANSFER: "Dial TO for a consultation with TRIGGER_SOURCE. The customer is on hold.",
    Verb.COLD_TRANSFER: "Dial TO to replace TRIGGER_SOURCE in the call.",
}
_MEMBER = {
    Verb.HOLD: "Put MEMBER on hold.",
    Verb.UNHOLD: "Take MEMBER off hold.",
    Verb.RESUME_CALL: "End the consultation of a warm transfer. Everyone joins the call.",
    Verb.ABORT_TRANSFER: "Abort the warm transfer that MEMBER started.",
    Verb.VOICEMAIL_DROP: "Play the node's message to the voicemail of MEMBER.",
}
_AT_ANY_NODE = {
    Verb.MUTE: "Mute MEMBER (not in Plivo's current documentation).",
    Verb.UNMUTE: "Unmute MEMBER (not in Plivo's current documentation).",
    Verb.HANGUP: "Disconnect MEMBER.",
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
        help="The role of TO in the call.",
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


def _member_at_any_node(verb: Verb, help: str) -> click.Command:
    @click.command(_name(verb), help=help)
    @click.argument("member")
    @at_phlo()
    @at_node("The ID of the node.")
    @click.option(
        "--node-type",
        type=click.Choice(["multi_party_call", "conference_bridge"]),
        default="multi_party_call",
        show_default=True,
        help="The type of the node.",
    )
    @common
    def command(phlo_id: str, node_id: str, member: str, node_type: str, **options: Any) -> None:
        perform(Action(verb, phlo_id, node_id, member, node_type=node_type), **options)

    return command


COMMANDS: list[click.Command] = [
    *(_dial(verb, help) for verb, help in _DIALS.items()),
    *(_member(verb, help) for verb, help in _MEMBER.items()),
    *(_member_at_any_node(verb, help) for verb, help in _AT_ANY_NODE.items()),
]
