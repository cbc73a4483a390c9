"""The client: it owns the connections and returns handles."""

from __future__ import annotations

import copy
import os
import ssl
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from enum import Enum
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import httpx
from attrs import evolve

from ._other_sdks import SpellingHints, attributes_of_other_sdks, check_arguments
from ._parsing import kind_of
from ._transport.auth import Credentials
from ._transport.connection_slots import ConnectionSlots
from ._transport.environment import base_url_from, node_from
from ._transport.headers import request_headers
from ._transport.hooks import AttemptEvent, Hooks, OutcomeEvent, PauseEvent
from ._transport.limiter import Limiter, RateLimit
from ._transport.request import RequestBuilder, mask_own_requests
from ._transport.retry import RetryPolicy
from ._transport.sender import build_sender
from ._transport.shared_state import SharedState
from ._transport.stderr_log import log_to_stderr
from ._transport.transport import Transport
from .actions import Action
from .bulk import BulkReport, BulkRun, Journal, Redo
from .bulk.durable import perform_once
from .errors import ConfigurationError, InvalidArgumentError
from .resources import MultiPartyCall, Phlo
from .results import Result

__all__ = ["AsyncPhloClient"]

_TIMEOUT = httpx.Timeout(30.0, connect=5.0, write=5.0, pool=None)


class _Unset(Enum):
    """The default of an argument for which None means something."""

    UNSET = "not given"

    def __repr__(self) -> str:
        return "..."


_UNSET: Final = _Unset.UNSET


class AsyncPhloClient(SpellingHints):
    """A client for PHLO's multi-party calls, for asyncio and trio.

    Create it anywhere, also outside an event loop. Use it with `async with`, or call `aclose()`
    when done; a closed client stays closed.

    Args:
        auth_id: the account's Auth ID (default: PLIVO_AUTH_ID).
        auth_token: the account's Auth Token (default: PLIVO_AUTH_TOKEN).
        base_url: the API's address (default: PLIVO_PHLO_BASE_URL, else Plivo's own).
        timeout: seconds for one attempt, for each of connecting, writing and reading; or an
            `httpx.Timeout`; or None for no limit (default: 30 to read, 5 to connect or write).
        retry: when an action is retried, and for how long.
        rate_limit: a `RateLimit`, or any object with `acquire` and `pause`; several clients may
            share one. None turns it off (default: `RateLimit(300, per=5.0)`, the account limit
            that Plivo documents).
        max_connections: the number of concurrent requests.
        proxy: a proxy's URL (default: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, if set).
        verify: a TLS context, e.g. with a private authority or a client certificate.
        default_headers: additional headers of every request, by name; one can replace `Accept` or
            `User-Agent`, but no header that the request or the connection depends on.
        http_client: an `httpx.AsyncClient`, which the caller closes; it takes the place of `proxy`
            and `verify`. `httpx.AsyncClient(transport=PhloTransport())` keeps the cost and the
            safety of the default; a transport that reports nothing to httpx's `trace` extension
            leaves more outcomes unknown.
        on_attempt: called with an `AttemptEvent` before each attempt.
        on_outcome: called with an `OutcomeEvent` when an action has ended.
        on_pause: called with a `PauseEvent` when the server refuses an attempt.

    Raises:
        ConfigurationError: the credentials or the base URL are missing or malformed.
        InvalidArgumentError: an argument is invalid; the message names it.
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
        headers = request_headers(credentials, default_headers)
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
        log_to_stderr(os.environ)

    if not TYPE_CHECKING:  # type checkers read `__init__`

        @wraps(__init__)
        def __new__(cls, *args: Any, **kwargs: Any) -> Self:
            """Check the names of the arguments; `__init__` takes them."""
            names = [*kwargs]
            del args, kwargs  # tracebacks with local variables would show the token
            if cls.__init__ is AsyncPhloClient.__init__:
                check_arguments(names)
            return super().__new__(cls)

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
        """Close the connections, unless they belong to `http_client`; a view closes nothing."""
        if not self._is_view:
            await self._transport.shared.sender.aclose()

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | _Unset | None = _UNSET,
        retry: RetryPolicy | _Unset = _UNSET,
        rate_limit: Limiter | _Unset | None = _UNSET,
    ) -> AsyncPhloClient:
        """Return a view of this client with other options, which shares its connections.

        Options that are not given stay the same. Closing the view closes nothing; it is closed
        with this client.

        Args:
            timeout: seconds for one attempt, an `httpx.Timeout`, or None for no limit.
            retry: when an action is retried, and for how long.
            rate_limit: another limiter, or None for none.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
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

    @attributes_of_other_sdks
    def phlo(self, phlo_id: str) -> Phlo:
        """Return a handle for a PHLO; sends no request.

        Args:
            phlo_id: its id; the console lists them.

        Raises:
            InvalidArgumentError: it cannot be an id.
        """
        return Phlo(self._transport, phlo_id)

    def multi_party_call(self) -> MultiPartyCall:
        """Return a handle for the node in the environment; sends no request.

        It reads PLIVO_PHLO_ID and PLIVO_NODE_ID, like the command line. For any other node, use
        `phlo(phlo_id).multi_party_call(node_id)`.

        Raises:
            ConfigurationError: one of them is not set.
        """
        phlo_id, node_id = node_from(os.environ)
        return self.phlo(phlo_id).multi_party_call(node_id)

    async def perform(
        self, action: Action, *, journal: Journal | None = None, redo: Redo = ()
    ) -> Result:
        """Perform one action, like the methods of the handles; with a journal, at most once.

        With a journal, ask as often and from as many workers as you like, e.g. from a task that a
        queue delivers again. The action's `key` names it in the journal. If it was done before, the
        recorded result is returned and nothing is sent; if it failed before, the recorded error is
        raised. While another worker may be at it, this waits. If its worker is gone, its outcome
        is unknown. After the errors in `TRY_AGAIN`, and only after these, ask again.

        Args:
            action: the action; with a journal, it needs a key.
            journal: records what was begun and how it ended: a `PostgresJournal` for any number of
                hosts, a `SqliteJournal` or `MemoryJournal` for one process.
            redo: whether to do an action again that has ended: a set of "failed" and "unknown", or
                a callable that returns one for an action. It needs a journal.

        Returns:
            An `ActionResult`, or the result class of `run` or of a GET.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
            NotSentError: nothing was sent; it is safe to try again.
            JournalError: the journal cannot be used, or knows another action by this key. Nothing
                was sent.
            OutcomeUnknownError: it may have been carried out; check before you repeat it.
            ResponseError: the response is an error, with one class for each status.
            DecodeError: the body of the response to a GET was lost.
        """
        if not isinstance(action, Action):
            raise InvalidArgumentError(f"action: give an Action, not {type(action).__name__}.")
        if journal is not None:
            return await perform_once(self._transport, action, journal, redo)
        if redo:
            raise InvalidArgumentError("redo: it needs a journal.")
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
        """Run many actions with bounded concurrency: `async with` it, `async for` its outcomes.

        Args:
            actions: the actions, read lazily.
            concurrency: how many run at the same time.
            journal: the path of a SQLite file, or a `Journal`, that records what was begun and
                finished. A run that was killed continues when it is started again with the same
                list and journal. What was begun and never finished is `unknown`, and not sent.
            redo: which actions of an earlier run to do again: a set of "failed" and "unknown", or
                a callable that returns one for an action.
            on_progress: called with the report so far after each outcome.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
            JournalError: on entering, that the journal cannot be used; after the outcomes, that it
                could not be written, which ends the run.
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
        """Run many actions to the end and return the report.

        Args:
            actions: the actions, read lazily.
            concurrency: how many run at the same time.
            journal: as for `bulk`: the path of a SQLite file, or a `Journal`.
            redo: as for `bulk`: which actions of an earlier run to do again.
            on_progress: called with the report so far after each outcome.

        Raises:
            InvalidArgumentError: an argument is invalid; the message names it.
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
