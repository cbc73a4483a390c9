"""Send SMS."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..countries import country_of
from ..sms import sms_length, sms_limit, sms_units
from .draft import Draft
from .effects import SendText
from .events import FlowEvent, HungUp, MessageStatus
from .legs import NO_PRICE
from .values import RunMessage, Wait, WaitKind
from .visit import Visit

__all__ = ["enter_send_sms", "handle_send_sms", "update_message"]

_NEXT = {
    "queued": {"sent", "delivered", "undelivered", "failed", "rejected"},
    "sent": {"delivered", "undelivered", "failed", "rejected"},
}
_STATES = {
    "sent": "Sent",
    "delivered": "Sent",
    "undelivered": "Failed",
    "failed": "Failed",
    "rejected": "Failed",
}


def enter_send_sms(visit: Visit) -> str | Wait:
    """Send a message to each recipient; the first one decides the state (assumed)."""
    from_, recipients = visit.text("from"), visit.texts("to")
    text, media = visit.render(visit.node.text("message")), visit.texts("media")
    too_long = sms_length(text) > sms_limit(text)
    if not from_ or not recipients or too_long:
        why = "the text is too long" if too_long else "'from' or 'to' is empty"
        name, to = visit.node.name, ", ".join(recipients)
        return _not_sent(visit, RunMessage("", name, from_, to, text, media), why)
    messages = [_send(visit, from_, to, text, media) for to in recipients]
    visit.set_outputs(message_variables(messages[0]))
    return visit.wait_for(WaitKind.MESSAGE, subject=messages[0].uuid)


def _not_sent(visit: Visit, message: RunMessage, why: str) -> str:
    visit.note(f"nothing is sent: {why}")
    variables = message_variables(attrs.evolve(message, status="failed"))
    visit.set_outputs(variables)
    visit.draft.post(visit.node.name, "failed", variables)
    return "Failed"


def _send(visit: Visit, from_: str, to: str, text: str, media: tuple[str, ...]) -> RunMessage:
    uuid = visit.draft.new_id()
    message = RunMessage(uuid, visit.node.name, from_, to, text, media)
    visit.draft.messages[uuid] = message
    visit.do(SendText(uuid, from_, to, text, media))
    visit.draft.post(visit.node.name, "queued", message_variables(message))
    return message


def handle_send_sms(visit: Visit, event: FlowEvent) -> str | Wait | None:
    """Go on when the first message was sent or has failed; without the call if that has ended."""
    match event:
        case MessageStatus(message=message, status=status) if message == visit.wait.subject:
            return _STATES.get(status)
        case HungUp():
            return visit.wait
    return None


def update_message(draft: Draft, event: MessageStatus) -> bool:
    """Note the status of a message; returns whether it is new."""
    known = draft.messages.get(event.message)
    if known is None or event.status not in _NEXT.get(known.status, ()):
        return False
    message = attrs.evolve(known, status=event.status, error_code=event.error_code)
    draft.messages[event.message] = message
    if draft.outputs.get(message.node, {}).get("message_uuid") == message.uuid:
        draft.set_outputs(message.node, message_variables(message))
    draft.post(message.node, event.status, message_variables(message))
    return True


def message_variables(message: RunMessage) -> Mapping[str, object]:
    """Return the variables of a message."""
    to_iso2, to_country = country_of(message.to)
    from_iso2, from_country = country_of(message.from_)
    return {
        "message_uuid": message.uuid,
        "from": message.from_,
        "to": message.to,
        "media_urls": list(message.media),
        "media_count": str(len(message.media)),
        "type": "mms" if message.media else "sms",
        "to.iso2": to_iso2,
        "from.iso2": from_iso2,
        "to_country": to_country,
        "from_country": from_country,
        "msg": message.text,
        "units": str(sms_units(message.text)),
        "total_rate": NO_PRICE,
        "total_amount": NO_PRICE,
        "direction": "outbound",
        "status": message.status,
        "error_code": message.error_code,
    }
