"""The client: owns the pooled connections, hands out handles."""

from __future__ import annotations

import copy
import os
import platform
import re
import ssl
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from enum import Enum
from types import TracebackType
from typing import Final, Self

import httpx
from attrs import evolve

from ._parsing import kind_of
from ._transport.auth import Credentials
from ._transport.connection_slots import ConnectionSlots
from ._transport.environment import base_url_from, node_from
from ._transport.hooks import AttemptEvent, Hooks, OutcomeEvent, PauseEvent
from ._transport.limiter import Limiter, RateLimit
from ._transport.request import RequestBuilder, mask_own_requests
from ._transport.retry import RetryPolicy
from ._transport.sender import build_sender
from ._transport.transport import SharedState, Transport
from ._version import __version__
from .actions import Action
from .bulk import BulkReport, BulkRun, Journal, Redo
from .errors import ConfigurationError, InvalidArgumentError
from .resources import MultiPartyCall, Phlo
from .results import Result

__all__ = ["AsyncPhloClient"]

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_TIMEOUT = httpx.Timeout(30.0, connect=5.0, write=5.0, pool=None)


class _Unset(Enum):
    """The mark of an argument that was not given, where None means something."""

    UNSET = "not given"

    def __repr__(self) -> str:
        return "..."


_UNSET: Final = _Unset.UNSET


class AsyncPhloClient:
    """A client for PHLO's multi-party calls, for asyncio and trio.

    It can be made anywhere, also outside an event loop. Use it with `async with`, or call
    `aclose()` when done; closed means closed.

    Args:
        auth_id: the account's Auth ID; else PLIVO_AUTH_ID.
        auth_token: the account's Auth Token; else PLIVO_AUTH_TOKEN.
        base_url: the API's address; else PLIVO_PHLO_BASE_URL, else Plivo's own.
        timeout: seconds for one attempt, for each of connecting, writing and reading, or an
            `httpx.Timeout`, or None for no limit. By default 30 to read, 5 to connect or write.
        retry: how long an action is tried.
        rate_limit: by default `RateLimit(300, per=5.0)`, the account limit Plivo documents. None
            turns it off; any object with `acquire` and `pause` will do, also one that several
            clients share.
        max_connections: how many requests may be under way at once.
        proxy: the address of a proxy; else HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, if set.
        verify: a TLS context of your own: a private authority, a client certificate.
        default_headers: sent with every request, beside the client's own.
        http_client: a client of your own, which you close. A proxy or TLS context goes into it
            then. `httpx.AsyncClient(transport=PhloTransport())` keeps this client's cost and
            safety; a transport that reports nothing to httpx's `trace` extension leaves more
            outcomes unknown.
        on_attempt: called with an `AttemptEvent` before each attempt.
        on_outcome: called with an `OutcomeEvent` when an action has ended, however it did.
        on_pause: called with a `PauseEvent` when the server refuses.

    Raises:
        ConfigurationError: credentials or address are missing or malformed.
        InvalidArgumentError: another argument is of no use; the message names it.
    """

    def __init__(
        self,
        auth_id: str | None = None,
        auth_token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | _Unset | None = _UNSET,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  a frozen value
        rate_limit: Limiter | _Unset | None = _UNSET,
        max_connections: int = 100,
        proxy: str | None = None,
        verify: ssl.SSLContext | None = None,
        default_headers: Mapping[str, str] | None = None,
        http_client: httpx.AsyncClient | None = None,
        on_attempt: Callable[[AttemptEvent], object] | None = None,
        on_outcome: Callable[[OutcomeEvent], object] | None = None,
        on_pause: Callable[[PauseEvent], object] | None = None,
    ) -> None:
        try:
            credentials = Credentials.find(auth_id, auth_token, os.environ)
        except ConfigurationError as error:  # tracebacks with local variables would show the token
            raise error.with_traceback(None) from None
        finally:
            del auth_token
        address = base_url_from(base_url, os.environ)
        if not isinstance(max_connections, int) or max_connections < 1:
            raise InvalidArgumentError("max_connections: give a whole number, at least 1.")
        if not isinstance(http_client, httpx.AsyncClient | None):
            raise InvalidArgumentError("http_client: give an httpx.AsyncClient.")
        headers = _headers(credentials, _more_headers(default_headers))
        requests = RequestBuilder(address, credentials.auth_id, headers)
        del headers
        self._transport = Transport(
            SharedState(
                build_sender(address, requests, proxy, verify, http_client),
                ConnectionSlots(max_connections),
            ),
            _TIMEOUT if timeout is _UNSET else _timeout(timeout),
            _retry(retry),
            RateLimit(300, per=5.0) if rate_limit is _UNSET else _limiter(rate_limit),
            Hooks(on_attempt, on_outcome, on_pause),
        )
        self._auth_id, self._base_url = credentials.auth_id, address
        self._is_view = False
        mask_own_requests()

    def __repr__(self) -> str:
        if not hasattr(self, "_base_url"):  # a traceback shows one that could not be built
            return "<AsyncPhloClient not built>"
        return f"<AsyncPhloClient auth_id={self._auth_id!r} base_url={self._base_url!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless they are the caller's; a view closes nothing."""
        if not self._is_view:
            await self._transport.shared.sender.aclose()

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | _Unset | None = _UNSET,
        retry: RetryPolicy | _Unset = _UNSET,
        rate_limit: Limiter | _Unset | None = _UNSET,
    ) -> AsyncPhloClient:
        """A view of this client with other options, which shares its connections.

        What is not given stays as it is. Closing the view closes nothing; it is closed when this
        client is.

        Args:
            timeout: seconds for one attempt, an `httpx.Timeout`, or None for no limit.
            retry: how long an action is tried.
            rate_limit: another limiter, or None for none.

        Raises:
            InvalidArgumentError: one of them is of no use; the message names it.
        """
        view = copy.copy(self)
        view._is_view = True
        transport = self._transport
        view._transport = evolve(
            transport,
            timeout=transport.timeout if timeout is _UNSET else _timeout(timeout),
            retry=transport.retry if retry is _UNSET else _retry(retry),
            limiter=transport.limiter if rate_limit is _UNSET else _limiter(rate_limit),
        )
        return view

    def phlo(self, phlo_id: str) -> Phlo:
        """The PHLO with this id; makes no request.

        Args:
            phlo_id: its id; the console lists them.

        Raises:
            InvalidArgumentError: it cannot be part of an address.
        """
        return Phlo(self._transport, phlo_id)

    def multi_party_call(self) -> MultiPartyCall:
        """The multi-party call node that the environment names; makes no request.

        For a service of one PHLO and node: PLIVO_PHLO_ID and PLIVO_NODE_ID, which the command
        reads, too. Any other node is `phlo(phlo_id).multi_party_call(node_id)`.

        Raises:
            ConfigurationError: one of them is not set.
        """
        phlo_id, node_id = node_from(os.environ)
        return self.phlo(phlo_id).multi_party_call(node_id)

    async def perform(self, action: Action) -> Result:
        """Carry out one action; the handles' verbs do the same.

        Args:
            action: what to do.

        Returns:
            An `ActionResult`, or for `run` and the readings the result of that name.

        Raises:
            InvalidArgumentError: it is no `Action`.
            NotSentError: nothing was sent; it is safe to try again.
            OutcomeUnknownError: it may have been carried out; check before repeating it.
            ResponseError: Plivo says no; its class tells the status.
            DecodeError: the answer to a reading cannot be read.
        """
        if not isinstance(action, Action):
            raise InvalidArgumentError(f"action: give an Action, not {type(action).__name__}.")
        return await self._transport.perform(action, kind_of(action.verb))

    def bulk(
        self,
        actions: Iterable[Action] | AsyncIterable[Action],
        *,
        concurrency: int = 10,
        journal: str | os.PathLike[str] | Journal | None = None,
        redo: Redo = (),
        on_progress: Callable[[BulkReport], object] | None = None,
    ) -> BulkRun:
        """Carry out many actions, so many at once; `async with` it and `async for` its outcomes.

        Args:
            actions: what to do, read as it is needed.
            concurrency: how many are under way at once.
            journal: where to note what was begun and finished, so that a run that was killed goes
                on where it was when it is started again with the same list and journal: the path
                of a SQLite file, or a `Journal`. What was begun and never finished is then
                `unknown`, and not sent.
            redo: what to do again all the same that an earlier run left "failed" or "unknown": a
                set of these, or a callable that gives one for an action.
            on_progress: called with the report so far after each outcome.

        Raises:
            InvalidArgumentError: an argument is of no use; the message names it.
            JournalError: on entering, that the journal cannot be used; after the outcomes, that it
                could no longer be written, which ends the run.
        """
        return BulkRun(self._transport, actions, concurrency, journal, redo, on_progress)

    async def bulk_all(
        self,
        actions: Iterable[Action] | AsyncIterable[Action],
        *,
        concurrency: int = 10,
        journal: str | os.PathLike[str] | Journal | None = None,
        redo: Redo = (),
        on_progress: Callable[[BulkReport], object] | None = None,
    ) -> BulkReport:
        """Carry out many actions to the end and give the report.

        Args:
            actions: what to do, read as it is needed.
            concurrency: how many are under way at once.
            journal: as for `bulk`: the path of a SQLite file, or a `Journal`.
            redo: as for `bulk`: what an earlier run left that is done again all the same.
            on_progress: called with the report so far after each outcome.

        Raises:
            InvalidArgumentError: an argument is of no use; the message names it.
            JournalError: the journal cannot be used, which ends the run.
        """
        async with self.bulk(
            actions,
            concurrency=concurrency,
            journal=journal,
            redo=redo,
            on_progress=on_progress,
        ) as run:
            async for _ in run:
                pass
        return run.report


def _headers(credentials: Credentials, more: Mapping[str, str]) -> dict[str, str]:
    return {
        "Authorization": credentials.header,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"plivo-phlo-async/{__version__} (Python: {platform.python_version()})",
        **more,
    }


_OURS = {"authorization", "host", "content-type", "content-length", "transfer-encoding"}


def _more_headers(value: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's own headers, with the names that replace one of ours spelled as ours."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidArgumentError("default_headers: give a mapping of names to values.")
    more = {}
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER_NAME(name) or name.lower() in _OURS:
            raise InvalidArgumentError(f"default_headers: {name!r} cannot be set here.")
        if not isinstance(text, str) or not (text.isascii() and text.isprintable()):
            raise InvalidArgumentError(f"default_headers: {name} needs a value of printable ASCII.")
        more[name.title()] = text
    return more


def _timeout(value: float | httpx.Timeout | None) -> httpx.Timeout:
    if isinstance(value, httpx.Timeout):
        return value
    if value is not None and not (isinstance(value, int | float) and value > 0):
        raise InvalidArgumentError("timeout: give seconds above 0, an httpx.Timeout, or None.")
    return httpx.Timeout(value)


def _retry(value: RetryPolicy) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise InvalidArgumentError("retry: give a RetryPolicy.")
    return value


def _limiter(value: Limiter | None) -> Limiter | None:
    if value is not None and not (hasattr(value, "acquire") and hasattr(value, "pause")):
        raise InvalidArgumentError(
            "rate_limit: give a RateLimit, an object with acquire and pause, or None."
        )
    return value
