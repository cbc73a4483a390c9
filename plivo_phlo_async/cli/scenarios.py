"""`plivo-phlo test`: runs the scenarios of a PHLO, and reports what differs."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import click
from rich.console import Console
from rich.text import Text

from ..emulator import PhloEmulator
from ..emulator.webhooks.http_client import WebhookRequest
from ..testing.clock import Clock
from .exit_codes import FAILED, OK, USAGE, usage_error
from .flow_problems import flow_module, problem_line
from .options import json_option
from .printing import print_json, print_line, printable

__all__ = ["play_scenario", "test"]


@click.command()
@click.argument("flow", required=False, metavar="FLOW")
@click.argument("files", nargs=-1, metavar="SCENARIOS...")
@click.option(
    "-k",
    "names",
    multiple=True,
    metavar="NAME",
    help="Run only the scenarios with this in their name.",
)
@click.option("--update", is_flag=True, help="Write what happens into the expect of scenarios.")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the results as JUnit XML, for a CI server.",
)
@click.option(
    "--prompt-speed",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="CHARACTERS",
    help="Characters of a prompt spoken in a second; 0 for prompts that take no time.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of scenarios, for editors.")
@json_option("Print the results as JSON.")
def test(
    flow: str | None,
    files: tuple[str, ...],
    names: tuple[str, ...],
    update: bool,
    junit: Path | None,
    prompt_speed: float,
    schema: bool,
    as_json: bool,
) -> None:
    """Run the scenarios of a PHLO. Show what differs from what is expected.

    FLOW is the file of the PHLO, SCENARIOS are files of scenarios. They run in this process.
    Nothing is sent over the network except a request whose answer is `pass`, to this machine; the
    clock stands still but for `wait`.

    The exit code is 1 if a scenario fails, and 2 if a file has an error.
    """
    if schema:
        click.echo(json.dumps(flow_module("scenario.schema").scenario_schema(), indent=2))
        return
    if flow is None or not files:
        usage_error(
            "give a PHLO and its scenarios: plivo-phlo test shop.phlo.yaml shop.scenario.yaml."
        )
    console = Console(highlight=False)
    phlo, scenarios = _load(console, flow, files, check_names=not update)
    chosen = _choose(scenarios, names)
    results = []
    with _quiet():
        for scenario in chosen:
            result = play_scenario(scenario, phlo, prompt_speed)
            results.append(result)
            if not as_json and not update:
                _print_result(console, result)
    if update:
        results = [*_update(console, results, files, as_json)]
    if junit is not None:
        junit.write_bytes(flow_module("scenario.junit").junit_xml(results))
    if as_json:
        print_json([_as_data(result) for result in results])
    else:
        print_line(console, _summary(results), "bold")
    raise SystemExit(OK if all(result.passed for result in results) else FAILED)


# Files


def _load(
    console: Console, flow: str, files: Sequence[str], *, check_names: bool
) -> tuple[Any, list[Any]]:
    """Return the flow and its scenarios, or exit with every problem of the files."""
    reader, scenario_reader = flow_module("reader"), flow_module("scenario.reader")
    problems: list[Any] = []
    phlo, scenarios = None, []
    try:
        phlo = reader.load_phlo(flow)
    except flow_module("problems").FlowError as error:
        problems += error.problems
    for file in dict.fromkeys(files):
        try:
            scenarios += scenario_reader.load_scenarios(file, phlo if check_names else None)
        except flow_module("problems").FlowError as error:
            problems += error.problems
    for problem in problems:
        print_line(console, problem_line(problem))
    if problems:
        raise SystemExit(USAGE)
    return phlo, scenarios


def _choose(scenarios: list[Any], names: Sequence[str]) -> list[Any]:
    wanted = [name.casefold() for name in names]
    chosen = [
        scenario
        for scenario in scenarios
        if not wanted or any(name in scenario.name.casefold() for name in wanted)
    ]
    if not chosen:
        usage_error(f"no scenario has {' or '.join(map(repr, names))} in its name.")
    return chosen


# Running


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the emulator log nothing: a report has the notes of its runs."""
    flow_module("runtime.runner")  # loaded before the first scenario, whose time it would count to
    logger, handler = logging.getLogger("plivo_phlo_async.emulator"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


async def _accept(request: WebhookRequest) -> int:
    """Answer the request of a callback, which is not sent."""
    return 200


def play_scenario(scenario: Any, phlo: Any, prompt_speed: float = 0.0) -> Any:
    """Run a scenario in an emulator of its own, whose clock stands still.

    Args:
        scenario: the scenario.
        phlo: the flow.
        prompt_speed: the characters of a prompt a second; 0 for prompts that take no time.

    Returns:
        The `ScenarioResult`.
    """
    clock = Clock(runs=False)
    derive_id, numbers = flow_module("ids").derive_id, iter(range(1_000_000))
    emulator = PhloEmulator(
        clock=clock,
        wall=clock.wall,
        sleep=clock.sleep,
        deliver=_accept,
        new_id=lambda: derive_id(scenario.name, str(next(numbers))),
        prompt_speed=prompt_speed or None,
    )
    play = flow_module("scenario.runner").ScenarioPlay(
        scenario, phlo, emulator, clock.advance, lambda: anyio.run(emulator.delivered)
    )
    began = time.perf_counter()
    return play.result(lambda: time.perf_counter() - began)


# Updating


def _update(
    console: Console, results: Sequence[Any], files: Sequence[str], as_json: bool
) -> Iterator[Any]:
    """Write what happened into the files; yield the results as they are then."""
    updates = flow_module("scenario.update")
    for file in dict.fromkeys(files):
        of_file = [result for result in results if result.scenario.source == file]
        changed = [result for result in of_file if updates.updated_keys(result)]
        if changed:
            path = Path(file)
            try:
                text = updates.updated_text(path.read_bytes().decode("utf-8"), changed)
            except updates.UpdateRefused as refused:
                usage_error(f"{file}: {refused}")
            path.write_bytes(text.encode("utf-8"))
        for result in of_file:
            keys = updates.updated_keys(result)
            if not as_json:
                _print_result(console, result, updated=tuple(keys))
            yield flow_module("scenario.values").as_passed(result) if keys else result


# Output


def _print_result(console: Console, result: Any, updated: Sequence[str] = ()) -> None:
    name, milliseconds = printable(result.scenario.name), round(1000 * result.seconds)
    mark, style = ("✓", "green") if result.passed else ("✗", "red")
    note = f"({milliseconds} ms)"
    if updated:
        mark, style, note = "~", "yellow", f"updated: {', '.join(updated)}"
    print_line(console, Text.assemble((mark, style), f" {name} ", (note, "dim")))
    report = flow_module("scenario.report")
    lines = report.failure_lines(result)
    if updated:
        lines = lines[: len(lines) - len(result.explanation)]
    for line in lines:
        print_line(console, Text(f"    {printable(line)}"))


def _summary(results: Sequence[Any]) -> str:
    failed = sum(not result.passed for result in results)
    count = f"{len(results)} scenario{'s' * (len(results) != 1)}"
    seconds = sum(result.seconds for result in results)
    return f"{count}: {len(results) - failed} passed, {failed} failed ({seconds:.2f} s)."


def _as_data(result: Any) -> dict[str, object]:
    return {
        "file": result.scenario.source,
        "line": result.scenario.positions.get("", (0, 0))[0],
        "name": result.scenario.name,
        "passed": result.passed,
        "seconds": round(result.seconds, 6),
        "failures": list(result.failures),
        "differences": [
            {"key": one.key, "expected": one.expected, "got": one.got} for one in result.differences
        ],
        "got": result.got,
    }
