"""`plivo-phlo emulate`: the emulator on a port."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ..emulator import DEMO_AUTH_ID, PhloEmulator, PhoneBehaviour, PhoneMix, read_phone_mix
from ..emulator.dashboard.snippets import as_exports
from ..emulator.durations import read_seconds
from ..emulator.errors import ApiError
from ..emulator.faults.rules import FaultKind, parse_rule
from ..emulator.http.security import is_loopback
from ..emulator.persistence import StateFile
from ..emulator.seed import Seed, load_seed
from ..emulator.server import EmulatorServer, new_auth_token
from ..emulator.webhooks.callbacks import is_url, read_callback
from .exit_codes import usage_error
from .flow_files import POLL_SECONDS, FlowFiles
from .options import json_option, parsed
from .printing import print_json
from .rate_option import read_rate

__all__ = ["emulate"]

T = TypeVar("T")

TOKEN_VARIABLE = "PLIVO_EMULATOR_AUTH_TOKEN"

OPEN_WARNING = (
    "# Warning: other machines can reach this emulator. The API at /v1 requires the Auth Token. The"
    " page and all routes under /_emulator/ require no credentials: anyone who reaches them can"
    " read every number, perform actions, change phones, faults and the account, and make this"
    " machine send requests to any URL."
)

FAULT_HELP = (
    "Inject a fault: '[WHAT:]KIND[=TIME] [x3 | 10% [seed=7]] [#2]'. WHAT is an action, @ADDRESS,"
    " ACTION@ADDRESS or a /path with *. x3 injects it three times, 10% into about one request in"
    " ten, #2 into the second matching request. Examples: hold:500, 'call:close_after x1',"
    " '@12025550199:429=5'. Kinds:"
    f" {', '.join(FaultKind)}."
)


def _read_host(text: str) -> tuple[str, str | None]:
    """Read `HOST` or `HOST=URL`; raises `ValueError`."""
    host, _, url = text.partition("=")
    if not host or "/" in host or (url and not is_url(url)):
        raise ValueError("give HOST or HOST=URL, as api.example.com=http://127.0.0.1:9000.")
    return host, url or None


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7461,
    show_default=True,
    metavar="PORT",
    help="The port to listen on; 0 selects a free port.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="HOST",
    help="The address to listen on; other machines can reach it unless it is a loopback address.",
)
@click.option(
    "--seed",
    "seed_file",
    type=click.Path(path_type=Path),
    help="A JSON file with the account, PHLOs and phones.",
)
@click.option(
    "--phones",
    "default_phone",
    type=parsed(read_phone_mix),
    metavar="MIX",
    help="What each phone without a setting of its own does when it rings, at random: 'answer 70%"
    " after 5-20s, reject 10%, never 20%'. Behaviours:"
    f" {', '.join(PhoneBehaviour)}. Append ', seed=7' for other random choices.",
)
@click.option(
    "--flow",
    "flow_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A PHLO as a YAML file; it runs as a whole. May be given several times.",
)
@click.option("--watch", is_flag=True, help="Load a --flow again when its file changes.")
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 10_000),
    default=1.0,
    metavar="N",
    help="How many simulated seconds of phones and PHLOs pass in a second.",
)
@click.option(
    "--prompt-speed",
    type=click.FloatRange(0, 1e6),
    default=15.0,
    show_default=True,
    metavar="N",
    help="The characters of a prompt that are spoken in a second; 0 for prompts without length.",
)
@click.option(
    "--allow-host",
    "hosts",
    type=parsed(_read_host),
    multiple=True,
    metavar="HOST[=URL]",
    help="A host that HTTP Request nodes may reach, besides this machine; with a URL, its requests"
    " go there instead.",
)
@click.option(
    "--latency",
    type=parsed(read_seconds),
    metavar="TIME",
    help="Delay of each response: 200ms, 1.5s.",
)
@click.option(
    "--rate",
    type=parsed(read_rate),
    metavar="N/TIME",
    help="The rate limit of the account: 300/5s.",
)
@click.option(
    "--fault", "faults", type=parsed(parse_rule), metavar="RULE", multiple=True, help=FAULT_HELP
)
@click.option(
    "--callback",
    type=parsed(read_callback),
    metavar="URL",
    help="The URL that receives webhook events.",
)
@click.option(
    "--state",
    "state_file",
    type=click.Path(path_type=Path),
    help="A file that keeps the calls across restarts.",
)
@click.option(
    "--no-rate-limit", is_flag=True, help="Disable the rate limit of 300 requests in 5 seconds."
)
@click.option(
    "--no-retry-after", is_flag=True, help="Omit Retry-After when the rate limit is exceeded."
)
@json_option("Print the environment variables as JSON.")
def emulate(
    port: int,
    host: str,
    as_json: bool,
    flow_files: tuple[Path, ...],
    watch: bool,
    **options: Any,
) -> None:
    """Serve an emulated PHLO until Ctrl-C. Print the environment variables for its clients.

    Plivo's API is served at /v1, and a web page that shows the calls at /_emulator/. The Auth Token
    comes from the seed or from PLIVO_EMULATOR_AUTH_TOKEN; by default it is random for each run.
    """
    if watch and not flow_files:
        usage_error("--watch needs a --flow.")
    files = FlowFiles(flow_files)
    emulator = _emulator(files=files, **options)
    server = EmulatorServer(emulator, host=host, port=port)
    try:
        with _deferred_interrupt():
            _start(server, host, port)
            _print_environment(server, as_json)
            if not is_loopback(host):
                click.echo(OPEN_WARNING, err=True)
        while not server.wait(POLL_SECONDS if watch else None):
            files.reload_changed(emulator)
    finally:
        server.stop()


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Raise a Ctrl-C of this block at its end.

    Within, Python could discard its exception: in a weak reference's callback, which imports have.
    """
    interrupts: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if interrupts:
        signal.raise_signal(signal.SIGINT)


def _start(server: EmulatorServer, host: str, port: int) -> None:
    try:
        server.start()
    except ImportError as error:
        usage_error(str(error))
    except OSError as error:
        usage_error(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port."
        )


def _print_environment(server: EmulatorServer, as_json: bool) -> None:
    if as_json:
        print_json(server.env)
    else:
        for line in as_exports(server.env, server.host):
            click.echo(line)
    page = server.base_url.replace("/v1", "/_emulator/")
    click.echo(f"# The emulator runs until Ctrl-C. Its calls are shown at {page}", err=True)


def _emulator(
    *,
    default_phone: PhoneMix | None,
    seed_file: Path | None,
    state_file: Path | None,
    rate: tuple[int, float] | None,
    latency: float | None,
    no_rate_limit: bool,
    no_retry_after: bool,
    faults: tuple[Any, ...],
    callback: Any,
    files: FlowFiles,
    speed: float,
    prompt_speed: float,
    hosts: tuple[tuple[str, str | None], ...],
) -> PhloEmulator:
    if rate is not None and no_rate_limit:
        usage_error("give --rate or --no-rate-limit, not both.")
    seed = Seed() if seed_file is None else _read("--seed", seed_file, lambda: load_seed(seed_file))
    emulator = PhloEmulator(
        auth_id=seed.auth_id or DEMO_AUTH_ID,
        auth_token=seed.auth_token or os.environ.get(TOKEN_VARIABLE) or new_auth_token(),
        phlos=() if seed_file is None and files.paths else seed.phlos,
        phones=seed.phones,
        default_phone=default_phone or seed.default_phone,
        rate_limit=None if no_rate_limit else rate or (300, 5.0),
        retry_after=not no_retry_after,
        latency=latency or 0.0,
        faults=(*seed.faults, *faults),
        callback=callback or seed.callback,
        callbacks=seed.callbacks,
        flows=seed.flows,
        speed=speed,
        prompt_speed=prompt_speed or None,
        allow_hosts={**seed.hosts, **dict(hosts)},
    )
    files.load(emulator)
    if state_file is not None:
        _keep(emulator, StateFile(state_file))
    return emulator


def _keep(emulator: PhloEmulator, file: StateFile) -> None:
    kept = _read("--state", file.path, file.read)
    if kept is not None:
        _read("--state", file.path, lambda: emulator.restore(kept))
    # Write now, so that a path that is not writable is reported at the start.
    _read("--state", file.path, lambda: file.write(emulator.snapshot()))
    emulator.state_file = file


def _read(option: str, path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except OSError as error:
        usage_error(f"{option} {path}: {error.strerror or error}.")
    except ApiError as no:
        usage_error(f"{option}: {no.error}")
