"""The ASGI application: checks, reads and parses each request once, and sends the response."""

import json
from contextlib import suppress

import attrs

from .asgi import Receive, Scope, Send
from .control import control_response
from .dashboard.sse import SUBSCRIBER_LIMIT, Subscriber, TooManySubscribers, last_event_id
from .emulator import Emulator
from .errors import ApiError, UnknownResource
from .http.connection import Exchange, raw_connection_of
from .http.request import (
    Disconnected,
    HttpRequest,
    discard_body,
    read_body,
    read_head,
    reject_websocket,
)
from .http.request_info import RequestInfo, parse_request
from .http.response import HttpResponse, send_response
from .http.security import (
    PAGE_HEADERS,
    SAFE_METHODS,
    check_host,
    check_site,
    is_local_only,
    secret_masker,
)


class EmulatorApp:
    """The ASGI application of an emulator.

    Args:
        emulator: the emulator that answers.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection, as `PhloEmulator` does."""
        if scope["type"] == "lifespan":
            await self._emulator.background.run(receive, send, alongside=self._write_state)
        elif scope["type"] == "websocket":
            await reject_websocket(receive, send)
        else:
            exchange = Exchange(send, receive, raw_connection_of(scope), self._emulator.closing)
            # A client that disconnects before the end of its request gets no action and no answer.
            with suppress(Disconnected):
                await self._serve(read_head(scope), exchange, is_local_only(scope))

    async def _serve(self, head: HttpRequest, exchange: Exchange, local_only: bool) -> None:
        try:
            self._admit(head, local_only)
        except ApiError as error:
            await discard_body(exchange.receive)
            await self._refuse(head, error, exchange)
            return
        request = attrs.evolve(head, body=await read_body(exchange.receive))
        if head.segments[0] == "v1":
            await self._serve_api(parse_request(request), exchange)
        else:
            await self._serve_control(parse_request(request), exchange)

    def _admit(self, head: HttpRequest, local_only: bool) -> None:
        """Check whether to read a request's body; raises `ApiError`."""
        area = head.segments[0]
        if area not in ("v1", "_emulator"):
            raise UnknownResource("path", head.path)
        if local_only:
            check_host(head.headers)
        if area == "v1" or head.method not in SAFE_METHODS:
            check_site(head.headers)
        if area == "v1":
            self._emulator.authenticate(head.credentials)

    async def _refuse(self, head: HttpRequest, error: ApiError, exchange: Exchange) -> None:
        if head.segments[0] == "_emulator":
            response = self._protect(self._emulator.error_response(error))
        else:
            response = self._emulator.refuse(parse_request(head), error)
        await send_response(exchange.send, response)

    async def _serve_api(self, info: RequestInfo, exchange: Exchange) -> None:
        response, fault = await self._emulator.answer(info)
        await fault.send(response, exchange)

    async def _serve_control(self, info: RequestInfo, exchange: Exchange) -> None:
        try:
            if info.segments == ("_emulator", "events") and info.request.method == "GET":
                await self._stream_events(info, exchange)
                return
        except ApiError as error:
            response = self._emulator.error_response(error)
        else:
            response = await control_response(self._emulator, info)
        await send_response(exchange.send, self._protect(response))

    async def _stream_events(self, info: RequestInfo, exchange: Exchange) -> None:
        events = self._emulator.events
        if events.notifier.subscribers >= SUBSCRIBER_LIMIT:
            raise TooManySubscribers
        subscriber = Subscriber(
            events,
            exchange,
            snapshot=self._emulator.latest_dashboard,
            mask=self._mask,
            sleep=self._emulator.sleep,
        )
        await subscriber.stream(events.number_of(last_event_id(info.request)))

    def _protect(self, response: HttpResponse) -> HttpResponse:
        protected = attrs.evolve(response, headers=(*response.headers, *PAGE_HEADERS))
        if response.raw is not None:
            return protected
        return attrs.evolve(protected, raw=self._mask(json.dumps(response.body)).encode())

    def _mask(self, text: str) -> str:
        return secret_masker(self._emulator.auth_token)(text)

    async def _write_state(self) -> None:
        if self._emulator.state_file is not None:
            await self._emulator.state_file.write_changes(self._emulator)
