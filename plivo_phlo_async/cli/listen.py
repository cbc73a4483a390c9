"""`plivo-phlo listen`: what a PHLO tells, as it comes."""

from __future__ import annotations

import os
import socket
import sys
from datetime import datetime
from typing import Any

import click

from ..errors import ConfigurationError
from ..webhooks import parse
from .exits import refuse
from .forward import Target, is_web_address
from .listener import Listener
from .teller import Teller

__all__ = ["listen"]


def _web_address(context: click.Context, option: click.Parameter, url: str | None) -> str | None:
    if url is None or is_web_address(url):
        return url
    raise click.BadParameter(
        f"{url!r}: give a URL as https://example.com, with no query.", context, option
    )


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7462,
    show_default=True,
    help="0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--public-url",
    callback=_web_address,
    metavar="URL",
    help="What Plivo was given in front of the path, when a tunnel or proxy is between.",
)
@click.option(
    "--forward",
    callback=_web_address,
    metavar="URL",
    help="Hand each event on to this service, unchanged; its answer goes back to the sender. A URL"
    " with no path keeps the request's.",
)
@click.option("--component", metavar="NAME", help="Which posts here, else its variables tell.")
@click.option("--allow-v2", is_flag=True, help="Take what is signed by V2 only: URL, not body.")
@click.option("--no-verify", is_flag=True, help="Check no signature: anyone can post anything.")
@click.option("-v", "--verbose", is_flag=True, help="Print all variables, with full numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each event.")
def listen(port: int, host: str, verbose: bool, as_json: bool, **options: Any) -> None:
    """Print what a PHLO tells, as it comes, on any path, until Ctrl-C.

    Signatures are checked with PLIVO_AUTH_TOKEN. Events go to stdout; a request that is refused,
    and how forwarding went, to stderr.
    """
    teller = Teller(verbose=verbose, as_json=as_json, clock=lambda: datetime.now().astimezone())
    listener = _listener(teller, **options)
    try:
        import uvicorn
    except ImportError:
        refuse('listening needs uvicorn: pip install "plivo-phlo-async[emulator]".')
    config = uvicorn.Config(
        listener,
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
    listener.stop = lambda: setattr(server, "should_exit", True)
    try:
        listening = socket.create_server((host, port), family=_family(host), backlog=2048)
    except OSError as error:
        refuse(f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port.")
    with listening:
        _tell_start(host, listening.getsockname()[1], **options)
        try:
            server.run([listening])
        finally:
            many, refused = teller.events, teller.refusals
            click.echo(f"# {many} event{'s' * (many != 1)}, {refused} refused.", err=True)
    # Here only when it was stopped: whoever read our output has seen enough.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _listener(
    teller: Teller,
    *,
    public_url: str | None,
    forward: str | None,
    component: str | None,
    allow_v2: bool,
    no_verify: bool,
) -> Listener:
    if no_verify and allow_v2:
        refuse("give --allow-v2 or --no-verify, not both.")
    if component is not None:
        parse(component, {})  # a name that is none is told before anything is awaited
    token = os.environ.get("PLIVO_AUTH_TOKEN", "").strip()
    if not token and not no_verify:
        raise ConfigurationError(
            "No Auth Token to check signatures with: set the environment variable"
            " PLIVO_AUTH_TOKEN, or give --no-verify."
        )
    return Listener(
        teller,
        None if no_verify else token,
        public_url=public_url,
        allow_v2=allow_v2,
        component=component,
        target=None if forward is None else Target(forward),
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _tell_start(
    host: str, port: int, *, no_verify: bool, public_url: str | None, **options: Any
) -> None:
    named = f"[{host}]" if ":" in host else host
    known = f", known as {public_url}" if public_url else ""
    checked = "no signature is checked" if no_verify else "signatures are checked"
    click.echo(f"# Listening at http://{named}:{port}{known} until Ctrl-C; {checked}.", err=True)
