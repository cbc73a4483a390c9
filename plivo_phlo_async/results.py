"""What Plivo returns, as frozen values.

A field that the response lacks is None; nothing that a server sends makes a result raise. The whole
response stays readable in `raw`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from ._json_values import JsonObject

__all__ = ["ActionResult", "NodeDetails", "PhloDetails", "PhloRun", "PhloRunDetails", "Result"]


@frozen(kw_only=True)
class Result(JsonObject):
    """What all results have.

    Attributes:
        api_id: Plivo's id of the request; None if the response lacks it.
        reply_complete: False if the request was accepted but the response's body was lost.
        raw: the whole response as parsed from JSON; {} if it could not be parsed.
        attempts: how many requests it took.
        elapsed: seconds from start to end, including waits.
        status_code: the HTTP status of the last response.
    """

    api_id: str | None = None
    reply_complete: bool = True
    raw: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)
    attempts: int = field(default=1, eq=False)
    elapsed: float = field(default=0.0, eq=False)
    status_code: int = 0


@frozen
class ActionResult(Result):
    """Plivo accepted the action; this is an acknowledgement, and the effect on the call follows.

    https://www.plivo.com/docs/phlo/api/phlo/multiparty-call

    Attributes:
        api_id: Plivo's id of the request; None if the response's body was lost.
        error: always "" (a response with an error raises `ActionFailedError`).
        reply_complete: False if the action was accepted but the response's body was lost.
    """

    api_id: str | None = None
    error: str = ""
    reply_complete: bool = True


@frozen
class PhloDetails(Result):
    """A PHLO.

    https://docs.plivo.com/docs/phlo/api/overview

    Attributes:
        phlo_id: its id.
        name: its name in the console.
        created_on: when it was created, with time zone.
        api_id: Plivo's id of the request.
    """

    phlo_id: str | None = None
    name: str | None = None
    created_on: datetime | None = None
    api_id: str | None = None


@frozen
class NodeDetails(Result):
    """A node of a PHLO.

    https://www.plivo.com/docs/phlo/api/phlo/multiparty-call/retrieve-a-multiparty-call

    Attributes:
        node_id: its id, shown in the node's configuration panel.
        phlo_id: the PHLO it belongs to.
        name: its name in the console.
        node_type: "multi_party_call" or another type's name.
        created_on: when it was created, with time zone.
        api_id: Plivo's id of the request.
    """

    node_id: str | None = None
    phlo_id: str | None = None
    name: str | None = None
    node_type: str | None = None
    created_on: datetime | None = None
    api_id: str | None = None


@frozen
class PhloRun(Result):
    """A PHLO was started.

    https://docs.plivo.com/docs/phlo/api/phlo/run-a-phlo/

    Attributes:
        run_id: the run's id, for `get_run`; None if the response's body was lost.
        phlo_id: the PHLO that runs.
        message: Plivo's description of the first step; not meant to be parsed.
        api_id: Plivo's id of the request.
    """

    run_id: str | None = None
    phlo_id: str | None = None
    message: str | None = None
    api_id: str | None = None


@frozen
class PhloRunDetails(Result):
    """What a run of a PHLO produced (from Plivo's Java SDK; not documented).

    Attributes:
        run_id: the run's id.
        phlo_id: the PHLO that ran.
        call_uuids: calls it made.
        message_uuids: messages it sent.
        recording_ids: recordings it made.
        api_id: Plivo's id of the request.
    """

    run_id: str | None = None
    phlo_id: str | None = None
    call_uuids: tuple[str, ...] = ()
    message_uuids: tuple[str, ...] = ()
    recording_ids: tuple[str, ...] = ()
    api_id: str | None = None
