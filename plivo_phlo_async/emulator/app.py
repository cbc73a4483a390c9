"""The ASGI application: reads each request, parses it once, and sends the response."""

import json

import attrs

from .control import control_response
from .dashboard.sse import SUBSCRIBER_LIMIT, Subscriber, TooManySubscribers, last_event_id
from .emulator import Emulator
from .errors import ApiError, UnknownResource
from .http.connection import Exchange, raw_connection_of
from .http.request import Receive, Scope, Send, read_request, reject_websocket
from .http.request_info import RequestInfo, parse_request
from .http.response import HttpResponse, send_response
from .http.security import (
    PAGE_HEADERS,
    check_host,
    check_origin,
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
            request = await read_request(scope, receive)
            # A client that disconnects before the end of its request gets no action and no answer.
            if request is not None:
                raw = raw_connection_of(scope)
                exchange = Exchange(send, receive, raw, self._emulator.closing)
                await self._serve(parse_request(request), exchange, is_local_only(scope))

    async def _serve(self, info: RequestInfo, exchange: Exchange, local_only: bool) -> None:
        match info.segments[0]:
            case "v1":
                await self._serve_api(info, exchange)
            case "_emulator":
                await self._serve_control(info, exchange, local_only)
            case _:
                response = self._emulator.error_response(UnknownResource("path", info.path))
                await send_response(exchange.send, response)

    async def _serve_api(self, info: RequestInfo, exchange: Exchange) -> None:
        response, fault = await self._emulator.answer(info)
        await fault.send(response, exchange)

    async def _serve_control(self, info: RequestInfo, exchange: Exchange, local_only: bool) -> None:
        request = info.request
        try:
            if local_only:
                check_host(request.headers)
            check_origin(request.method, request.headers)
            if info.segments == ("_emulator", "events") and request.method == "GET":
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
