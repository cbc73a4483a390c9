"""Which path means what: Plivo's endpoints, each with the methods it takes."""

from collections.abc import Callable, Mapping

import attrs

from ..errors import OtherAccount, Refusal, UnknownResource, WrongMethod
from .phlo_api import PhloRunner, Reply
from .request import Request

Handler = Callable[[Request], Reply]
"""Answers a request, or raises a `Refusal`."""


@attrs.frozen
class ReceivedRequest:
    """A request under `/v1` as it came.

    Attributes:
        method: the HTTP method.
        path: the path, percent-encoded as it came.
        query: the query, the same.
        body: the body's JSON object, {} for an empty body, None where it is no such.
        auth_id: the Auth ID its credentials name, right or wrong; None where there are none.
    """

    method: str
    path: str
    query: str
    body: dict[str, object] | None
    auth_id: str | None


def note(request: Request) -> ReceivedRequest:
    """Return what is to be remembered of a request."""
    given = request.credentials
    return ReceivedRequest(
        method=request.method,
        path=request.raw_path.decode("latin-1"),
        query=request.query.decode("latin-1"),
        body=_readable(request),
        auth_id=None if given is None else given.auth_id.decode("utf-8", "replace"),
    )


def pick(request: Request, handlers: Mapping[str, Handler]) -> Reply:
    """Answer with the handler for the request's method.

    Raises `UnknownResource` when there is none at all, `WrongMethod` when there are others.
    """
    if not handlers:
        raise UnknownResource("path")
    if request.method not in handlers:
        raise WrongMethod(handlers)
    return handlers[request.method](request)


def plivo_handlers(
    runner: PhloRunner, auth_id: str, segments: tuple[str, ...]
) -> Mapping[str, Handler]:
    """Return what a path under `/v1` does, by method; empty when there is no such path.

    What a handler looks up first outranks what it reads: an unknown node is a 404 even with a
    malformed body.
    """
    if "" in segments:
        return {}
    match segments:
        case ("phlo", phlo):
            return {"GET": lambda _: runner.get_phlo(phlo)}
        case ("account", account, "phlo", phlo):
            return {"POST": lambda request: _run(runner, auth_id == account, phlo, request)}
        case ("phlo", phlo, "runs", run):
            return {"GET": lambda _: runner.get_run(phlo, run)}
        case ("phlo", phlo, kind, node):
            return _node_handlers(runner, (phlo, kind, node))
        case ("phlo", phlo, kind, node, "members", address):
            return {"POST": _member_handler(runner, (phlo, kind, node), address)}
    return {}


def _run(runner: PhloRunner, own: bool, phlo_id: str, request: Request) -> Reply:
    if not own:
        raise OtherAccount
    runner.find_phlo(phlo_id)
    return runner.run(phlo_id, request.parameters())


def _node_handlers(runner: PhloRunner, node: tuple[str, str, str]) -> Mapping[str, Handler]:
    def act(request: Request) -> Reply:
        runner.find_node(*node)
        return runner.act_on_node(*node, request.parameters())

    return {"GET": lambda _: runner.get_node(*node), "POST": act}


def _member_handler(runner: PhloRunner, node: tuple[str, str, str], address: str) -> Handler:
    def act(request: Request) -> Reply:
        runner.find_node(*node)
        return runner.act_on_member(*node, address, request.parameters())

    return act


def _readable(request: Request) -> dict[str, object] | None:
    try:
        return request.json()
    except Refusal:
        return None
