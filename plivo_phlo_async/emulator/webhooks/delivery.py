"""The delivery of one event: its request, and what became of it."""

import attrs

from ..calls.members import NodeKey
from .callbacks import Callback
from .http_client import WebhookRequest


@attrs.define
class Delivery:
    """The delivery of one event to a callback.

    Attributes:
        number: the number of the delivery, from 1.
        at: the time of the event, in seconds since 1970.
        call_id: the id of the call.
        node_key: the ids of the PHLO and of the node of the call.
        callback: the callback.
        variables: the variables of the event.
        request: the signed request.
        redelivery_of: the number of the delivery that this one repeats, None for an original.
        outcome: "waiting", "delivered" (a 2xx), "refused" (another status) or "failed" (no
            response).
        status: the HTTP status of the response, None while there is none.
        attempts: the number of attempts, at most two.
        error: the error of the last attempt, None where a response came.
    """

    number: int
    at: float
    call_id: str
    node_key: NodeKey
    callback: Callback
    variables: dict[str, str]
    request: WebhookRequest
    redelivery_of: int | None = None
    outcome: str = "waiting"
    status: int | None = None
    attempts: int = 0
    error: str | None = None

    def describe(self) -> dict[str, object]:
        """Return the delivery as plain data."""
        request = self.request
        phlo_id, node_id = self.node_key
        return {
            "id": self.number,
            "time": self.at,
            "phlo_id": phlo_id,
            "node_id": node_id,
            "call_id": self.call_id,
            "event": self.variables.get("event") or self.variables.get("state", ""),
            "member": self.variables.get("to") or self.variables.get("from", ""),
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": request.body.decode(),
            "variables": self.variables,
            "signed": request.signed,
            "outcome": self.outcome,
            "status": self.status,
            "attempts": self.attempts,
            "error": self.error,
            "redelivery_of": self.redelivery_of,
        }
