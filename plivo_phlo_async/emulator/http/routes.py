"""The routes of Plivo's API: which path takes which methods."""

from collections.abc import Callable, Mapping

import attrs

from ..errors import OtherAccount, UnknownResource, WrongMethod
from .phlo_api import PhloApi
from .request_info import RequestInfo
from .response import HttpResponse

Handler = Callable[[RequestInfo], HttpResponse]
"""Answers a request, or raises an `ApiError` or a `CallError`."""


@attrs.frozen
class ReceivedRequest:
    """A request under `/v1`, as received.

    Attributes:
        method: the HTTP method.
        path: the path, percent-encoded as received.
        query: the query, percent-encoded as received.
        body: the JSON object of the body; {} if it is empty or was not read (401), None for
            anything else.
        auth_id: the Auth ID of its credentials, valid or not; None without credentials.
    """

    method: str
    path: str
    query: str
    body: dict[str, object] | None
    auth_id: str | None


def received_request(info: RequestInfo) -> ReceivedRequest:
    """Return what to keep of a request."""
    request, given = info.request, info.request.credentials
    return ReceivedRequest(
        method=request.method,
        path=request.path,
        query=request.query.decode("latin-1"),
        body=info.body if isinstance(info.body, dict) else None,
        auth_id=None if given is None else given.auth_id.decode("utf-8", "replace"),
    )


def dispatch(info: RequestInfo, handlers: Mapping[str, Handler]) -> HttpResponse:
    """Answer with the handler for the request's method.

    Raises `UnknownResource` if there are no handlers, `WrongMethod` if there are only others.
    """
    if not handlers:
        raise UnknownResource("path", info.path)
    if info.request.method not in handlers:
        raise WrongMethod(handlers)
    return handlers[info.request.method](info)


def api_handlers(api: PhloApi, auth_id: str, segments: tuple[str, ...]) -> Mapping[str, Handler]:
    """Return the handlers of a path under `/v1`, by method; empty if there is no such path."""
    if "" in segments:
        return {}
    match segments:
        case ("phlo", phlo):
            return {"GET": lambda _: api.get_phlo(phlo)}
        case ("account" | "Account", account):
            return {"GET": lambda _: _get_account(api, auth_id, account)}
        case ("account" | "Account", account, "phlo", phlo):
            # By GET as well: a run's URL serves as the answer URL of a call (assumed).
            return dict.fromkeys(
                ("GET", "POST"), lambda info: _run(api, auth_id == account, phlo, info)
            )
        case ("phlo", phlo, "runs", run):
            return {"GET": lambda _: api.get_run(phlo, run)}
        case ("phlo", phlo, kind, node):
            return {
                "GET": lambda _: api.get_node(phlo, kind, node),
                "POST": lambda info: api.act_on_node(phlo, kind, node, info),
            }
        case ("phlo", phlo, kind, node, "members", address):
            return {"POST": lambda info: api.act_on_member(phlo, kind, node, address, info)}
    return {}


def _get_account(api: PhloApi, auth_id: str, account: str) -> HttpResponse:
    if auth_id != account:
        raise OtherAccount
    return api.get_account(auth_id)


def _run(api: PhloApi, own: bool, phlo_id: str, info: RequestInfo) -> HttpResponse:
    if not own:
        raise OtherAccount
    return api.run(phlo_id, info)
