"""`plivo-phlo emulate`: the emulator on a port, for any client."""

from __future__ import annotations

import json

import click

from ..emulator import PhloEmulator
from ..emulator.server import EmulatorServer, shell_exports

__all__ = ["emulate"]


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7461,
    show_default=True,
    help="0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--no-rate-limit", is_flag=True, help="Allow more than 300 requests in 5 seconds.")
@click.option("--no-retry-after", is_flag=True, help="Refuse with no Retry-After.")
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
def emulate(
    port: int, host: str, no_rate_limit: bool, no_retry_after: bool, as_json: bool
) -> None:  # fmt: skip
    """Serve an emulated PHLO until Ctrl-C; prints what to export to reach it.

    Plivo's API is at /v1, the state of the calls at /_emulator/state.
    """
    emulator = PhloEmulator(
        rate_limit=None if no_rate_limit else (300, 5.0), retry_after=not no_retry_after
    )
    try:
        server = EmulatorServer(emulator, host=host, port=port).start()
    except ImportError as error:
        raise click.UsageError(str(error), click.get_current_context()) from None
    except OSError as error:
        raise click.UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port.",
            click.get_current_context(),
        ) from None
    lines = shell_exports(emulator, server.base_url)
    click.echo(json.dumps(_as_values(lines)) if as_json else lines)
    state = server.base_url.replace("/v1", "/_emulator/state")
    click.echo(f"# An emulated PHLO answers there until Ctrl-C; its calls: {state}", err=True)
    try:
        server.wait()
    finally:
        server.stop()


def _as_values(lines: str) -> dict[str, str]:
    pairs = (line.removeprefix("export ").partition("=") for line in lines.splitlines())
    return {name: value for name, _, value in pairs}
