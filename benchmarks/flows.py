"""What it costs to load a flow, and to run one: `python -m benchmarks.flows`.

A flow of 200 nodes of several components, most with templates, is read from YAML with every check
and every warning. A call plays an IVR of ten nodes to its end in process, with prompts that take no
time; a hundred scenarios play it, each in an emulator of its own. Each figure is the median of the
rounds.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from statistics import median

from plivo_phlo_async.cli.scenarios import play_scenario
from plivo_phlo_async.emulator import PhloEmulator, Phone
from plivo_phlo_async.emulator.flow.check import check_phlo_text, find_warnings
from plivo_phlo_async.emulator.flow.reader import read_phlo_text
from plivo_phlo_async.emulator.flow.scenario.reader import read_scenarios
from plivo_phlo_async.emulator.flow.yaml_tree import tree_of_text
from plivo_phlo_async.testing import Clock

_HEAD = """\
phlo: Many nodes
numbers: ["+14155550100"]
start:
  keys: [to, order]
  Incoming Call: Menu_0
nodes:
"""
_PART = """\
  Menu_{n}:
    component: IVR Menu
    prompt:
      - "Hello {{{{Start.call.from}}}}, this is menu {n}. Press 1 for an agent, 2 for a message."
      - {{speak: Drücken Sie 1., language: de-DE, voice: Polly.Marlene}}
    inputs: [1, 2]
    timeout: 5
    callback: http://127.0.0.1:8000/plivo
    next:
      1: Ask_{n}
      2: Message_{n}
      No Input: Tries_{n}
      Wrong Input: Tries_{n}
  Tries_{n}:
    component: Counter
    max: 3
    next: {{Count Not Reached: Menu_{n}, Count Reached: Message_{n}}}
  Ask_{n}:
    component: HTTP Request
    method: POST
    url: http://127.0.0.1:8000/orders
    params: {{phone: "{{{{Start.call.from}}}}", key: "{{{{Menu_{n}.digits}}}}"}}
    body: {{json: {{phone: "{{{{Start.call.from}}}}", number: {n}}}}}
    expect: [name, tier]
    next: {{Success: Message_{n}, Failed: Message_{n}}}
  Message_{n}:
    component: Record Audio
    prompt: "Thank you, {{{{Ask_{n}.response.name | default: 'caller'}}}}. Please speak now."
    max: 120
    next: Text_{n}
  Text_{n}:
    component: Send SMS
    from: "{{{{Start.call.to}}}}"
    to: ["+12025550177"]
    message: "{{{{Start.call.from}}}} left {{{{Message_{n}.recording_url}}}}."
    next: {next}
"""


def flow_text(nodes: int) -> str:
    """Return the YAML of a flow.

    Args:
        nodes: how many nodes it has; five at least.
    """
    parts = nodes // 5
    names = [f"Menu_{n + 1}" for n in range(parts - 1)] + ["Menu_0"]
    return _HEAD + "".join(_PART.format(n=n, next=name) for n, name in enumerate(names))


def _milliseconds(step: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


_TEN_NODES = """\
phlo: Ten nodes
numbers: ["+14155550100"]
start: {Incoming Call: Hello}
nodes:
  Hello: {component: Play Audio, prompt: "Welcome {{Start.call.from}}.", next: Country}
  Country:
    component: Branch
    variable: "{{Start.call.from_iso2}}"
    conditions: {us: {equals: US}}
    next: Menu
  Menu: {component: IVR Menu, prompt: Press 1 or 2., inputs: [1, 2], next: Order}
  Order: {component: Get Input, prompt: "Your order number, please.", next: Count}
  Count: {component: Counter, max: 2, next: Say}
  Say: {component: Play Audio, prompt: "Order {{Order.input}}, one moment.", next: Again}
  Again: {component: IVR Menu, prompt: Press 1 to end., inputs: [1], next: Note}
  Note:
    component: Send SMS
    from: "+14155550100"
    to: "{{Start.call.from}}"
    message: "Order {{Order.input}}"
    next: Bye
  Bye: {component: Play Audio, prompt: Bye., next: End}
  End: {component: Hangup}
"""

_CALLER, _NUMBER = "12025550000", "+14155550100"


def _emulator(text: str) -> PhloEmulator:
    emulator = PhloEmulator(prompt_speed=None)
    emulator.load_flow(text)
    emulator.set_phone(_CALLER, Phone(keys=("1", "1234#", "1")))
    return emulator


def _runs_a_second(runs: int, rounds: int) -> float:
    emulator = _emulator(_TEN_NODES)
    phone = emulator.phone(_CALLER)
    assert len(phone.calls(_NUMBER).path) == 11

    def play() -> None:
        for _ in range(runs):
            phone.calls(_NUMBER)

    return 1000 * runs / _milliseconds(play, rounds)


def _megabytes_of_live_runs(runs: int) -> float:
    """Return how much memory live runs take, each waiting for a key in a menu."""
    emulator = _emulator(flow_text(200))
    tracemalloc.start()
    for number in range(runs):
        emulator.phone(f"1202{number:07}").calls(_NUMBER)
    assert sum(run.ended is None for run in emulator.runs) == runs
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 2**20


def _resident_megabytes(runs: int) -> float:
    """Return the peak memory of a process with so many live runs, interpreter and all."""
    program = f"from benchmarks import flows; flows.print_resident_kilobytes({runs})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return int(done.stdout) / 1024


def print_resident_kilobytes(runs: int) -> None:
    """Start runs that wait for a key, and print the peak memory of this process."""
    emulator = _emulator(flow_text(200))
    for number in range(runs):
        emulator.phone(f"1202{number:07}").calls(_NUMBER)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _milliseconds_of_a_jump(runs: int) -> float:
    """Return how long one jump of the clock takes that ends the wait of every run."""
    clock = Clock(runs=False)
    emulator = PhloEmulator(prompt_speed=None, clock=clock, wall=clock.wall, sleep=clock.sleep)
    emulator.load_flow(flow_text(200))
    for number in range(runs):
        emulator.phone(f"1202{number:07}").calls(_NUMBER)
    steps = emulator.runs[0].path
    clock.advance(5)
    milliseconds = _milliseconds(emulator.state, 1)
    assert len(emulator.runs[0].path) > len(steps)
    return milliseconds


_SCENARIO = """\
- name: Scenario {n}
  call: {{from: "12025550000"}}
  steps:
  - {{hears: Press 1 or 2, presses: 1}}
  - {{presses: 1234#}}
  - {{hears: Press 1 to end, presses: 1}}
  expect:
    path: [Start, Hello, Country, Menu, Order, Count, Say, Again, Note, Bye, End]
    texts: {{"12025550000": [Order 1234]}}
"""


def _milliseconds_of_scenarios(scenarios: int, rounds: int) -> float:
    """Return how long it takes to read and play scenarios."""
    phlo = read_phlo_text(_TEN_NODES)
    text = "scenarios:\n" + "".join(_SCENARIO.format(n=n) for n in range(scenarios))

    def play() -> None:
        results = [play_scenario(each, phlo) for each in read_scenarios(text, phlo=phlo)]
        assert all(result.passed for result in results)

    return _milliseconds(play, rounds)


def main() -> None:
    """Read the arguments, run, print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    text = flow_text(args.nodes)
    began = time.perf_counter()
    phlo = read_phlo_text(text)
    first = 1000 * (time.perf_counter() - began)
    steps: dict[str, Callable[[], object]] = {
        "YAML with positions": lambda: tree_of_text(text, "flow"),
        "a flow with every check": lambda: read_phlo_text(text),
        "its warnings": lambda: find_warnings(phlo),
        "`plivo-phlo check`: all of it": lambda: check_phlo_text(text),
        "written as YAML": phlo.to_yaml,
    }
    print(f"| {len(phlo.nodes)} nodes, {text.count(chr(10))} lines | ms |\n| --- | ---: |")
    print(f"| a flow with every check, the first time | {first:.0f} |")
    for name, step in steps.items():
        print(f"| {name} | {_milliseconds(step, args.rounds):.0f} |")
    print("\n| a whole run of ten nodes | |\n| --- | ---: |")
    print(f"| runs a second, in process | {_runs_a_second(500, args.rounds):.0f} |")
    print(f"| memory of 1000 live runs | {_megabytes_of_live_runs(1000):.1f} MiB |")
    print(f"| memory of a process with 1000 live runs | {_resident_megabytes(1000):.0f} MiB |")
    print(f"| a jump that fires 1000 timers | {_milliseconds_of_a_jump(1000):.0f} ms |")
    scenarios = _milliseconds_of_scenarios(100, args.rounds)
    print(f"| 100 scenarios, read and played | {scenarios:.0f} ms |")


if __name__ == "__main__":
    main()
