"""The command: it serves the application until Ctrl-C."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from typing import Any

import click

from ...errors import ConfigurationError
from ...webhooks import parse
from ..exit_codes import usage_error
from .app import ListenApp
from .forward import ForwardTarget, is_http_url
from .printer import EventPrinter

__all__ = ["listen"]


def _http_url(context: click.Context, option: click.Parameter, url: str | None) -> str | None:
    if url is None or is_http_url(url):
        return url
    raise click.BadParameter(
        f"{url!r}: pass a URL such as https://example.com, without a query.", context, option
    )


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7462,
    show_default=True,
    help="The port to listen on; 0 selects a free port.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--public-url",
    callback=_http_url,
    metavar="URL",
    help="The public base URL, when a tunnel or proxy is in front.",
)
@click.option(
    "--forward",
    callback=_http_url,
    metavar="URL",
    help="Forward each event to this service and return its response. A URL without a path keeps"
    " the path of the request.",
)
@click.option(
    "--component", metavar="NAME", help="The component that posts here (default: detected)."
)
@click.option(
    "--allow-v2",
    is_flag=True,
    help="Accept requests that are signed with V2 only, which does not cover the body.",
)
@click.option("--no-verify", is_flag=True, help="Do not verify signatures; anyone can post.")
@click.option("-v", "--verbose", is_flag=True, help="Print all variables, with full phone numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per event.")
def listen(port: int, host: str, verbose: bool, as_json: bool, **options: Any) -> None:
    """Print the webhook events of a PHLO. It listens on any path until Ctrl-C.

    Signatures are verified with PLIVO_AUTH_TOKEN. Events go to stdout, rejected requests and the
    responses of the forward target to stderr.
    """
    printer = EventPrinter(
        verbose=verbose, as_json=as_json, clock=lambda: datetime.now().astimezone()
    )
    app = _app(printer, **options)
    try:
        import uvicorn
    except ImportError:
        usage_error('listen requires uvicorn: pip install "plivo-phlo-async[emulator]".')
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    app.stop = lambda: setattr(server, "should_exit", True)
    # uvicorn handles signals only while it serves. Handle them from before the socket is bound:
    # Python discards a KeyboardInterrupt in a weak reference's callback, and imports have these.
    with server.capture_signals(), _bind(host, port) as listening:
        _print_start(host, listening.getsockname()[1], **options)
        try:
            server.run([listening])
        finally:
            events, rejected = printer.events, printer.rejections
            click.echo(f"# {events} event{'s' * (events != 1)}, {rejected} rejected.", err=True)


def _app(
    printer: EventPrinter,
    *,
    public_url: str | None,
    forward: str | None,
    component: str | None,
    allow_v2: bool,
    no_verify: bool,
) -> ListenApp:
    if no_verify and allow_v2:
        usage_error("pass --allow-v2 or --no-verify, not both.")
    if component is not None:
        parse(component, {})  # raises for an unknown name
    token = os.environ.get("PLIVO_AUTH_TOKEN", "").strip()
    if not token and not no_verify:
        raise ConfigurationError(
            "No Auth Token to verify signatures with: set the environment variable"
            " PLIVO_AUTH_TOKEN, or pass --no-verify."
        )
    return ListenApp(
        printer,
        None if no_verify else token,
        public_url=public_url,
        allow_v2=allow_v2,
        component=component,
        target=None if forward is None else ForwardTarget(forward),
    )


def _bind(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=_family(host), backlog=2048)
    except OSError as error:
        usage_error(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port."
        )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _print_start(
    host: str, port: int, *, no_verify: bool, public_url: str | None, **options: Any
) -> None:
    address = f"[{host}]" if ":" in host else host
    public = f", publicly {public_url}" if public_url else ""
    verification = "signatures are not verified" if no_verify else "signatures are verified"
    click.echo(
        f"# Listening at http://{address}:{port}{public} until Ctrl-C; {verification}.", err=True
    )
