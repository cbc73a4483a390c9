"""`plivo-phlo demo --flow`: a whole PHLO, from an incoming call to the text afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import as_file, files

from attrs import frozen
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..emulator import CallMember, FlowRun, PhloEmulator
from ..resources import MultiPartyCall
from ..testing import Clock, client_of
from .exit_codes import usage_error
from .printing import print_json

__all__ = ["run_flow_demo"]

NUMBER = "+14155550100"
ANN, SUE, TEAM = "12025550101", "12025550102", "12025550104"
CARL, VERA = "12025550199", "12025550177"
NAMES = {ANN: "Ann", SUE: "Sue", TEAM: "the team", CARL: "Carl", VERA: "Vera"}


class SupportLine:
    """The support line on an emulator whose clock stands still.

    Attributes:
        emulator: the emulator.
        clock: its clock.
        node: the multi-party node, for the client's actions.
    """

    def __init__(self, emulator: PhloEmulator, clock: Clock, node: MultiPartyCall) -> None:
        self.emulator: PhloEmulator = emulator
        self.clock: Clock = clock
        self.node: MultiPartyCall = node

    async def does(self, address: str, action: str, *arguments: object) -> None:
        """Let a person do something with a phone."""
        getattr(self.emulator.phone(address), action)(*arguments)

    async def waits(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    async def leaves_message(self) -> None:
        """Let Vera leave a message."""
        phone = self.emulator.phone(VERA)
        phone.presses("2")
        phone.speaks(4)

    async def all_hang_up(self) -> None:
        """Let everyone in the call hang up."""
        for address in (ANN, SUE, CARL):
            self.emulator.hang_up(address)


@frozen
class FlowDemoStep:
    """One step of the demo.

    Attributes:
        text: what happens.
        code: the line of Python, "" where a person acts.
        run: lets it happen.
    """

    text: str
    code: str
    run: Callable[[SupportLine], Awaitable[object]]


STEPS = [
    FlowDemoStep(
        f"Carl calls {NUMBER} and hears the menu.",
        "",
        lambda line: line.does(CARL, "calls", NUMBER),
    ),
    FlowDemoStep(
        "He presses 1; the PHLO dials Ann, an agent, who answers.",
        "",
        lambda line: line.does(CARL, "presses", "1"),
    ),
    FlowDemoStep(
        "Ann puts him on hold.",
        "await mpc.member(carl).hold()",
        lambda line: line.node.member(CARL).hold(),
    ),
    FlowDemoStep(
        "She consults Sue.",
        "await mpc.warm_transfer(ann, sue)",
        lambda line: line.node.warm_transfer(ANN, SUE),
    ),
    FlowDemoStep(
        "All three talk.",
        "await mpc.member(ann).resume_call()",
        lambda line: line.node.member(ANN).resume_call(),
    ),
    FlowDemoStep(
        "Everyone hangs up; the PHLO thanks Carl by SMS.", "", lambda line: line.all_hang_up()
    ),
    FlowDemoStep(f"Vera calls {NUMBER}.", "", lambda line: line.does(VERA, "calls", NUMBER)),
    FlowDemoStep(
        "She presses nothing for six seconds, and hears the menu again.",
        "",
        lambda line: line.waits(6),
    ),
    FlowDemoStep(
        "She presses 2, and speaks for four seconds.", "", lambda line: line.leaves_message()
    ),
    FlowDemoStep(
        "She hangs up; the PHLO texts the team where the recording is.",
        "",
        lambda line: line.does(VERA, "hangs_up"),
    ),
]


async def run_flow_demo(as_json: bool) -> None:
    """Play the support line, and print each step."""
    clock = Clock(runs=False)
    emulator = PhloEmulator(
        clock=clock, wall=clock.wall, sleep=clock.sleep, prompt_speed=None, rate_limit=None
    )
    _load(emulator)
    printer = _print_as_json if as_json else _Printer().step
    async with client_of(emulator) as client:
        node = client.phlo("support-line").multi_party_call("agents")
        line = SupportLine(emulator, clock, node)
        for number, step in enumerate(STEPS, 1):
            await step.run(line)
            printer(number, step, emulator)


def _load(emulator: PhloEmulator) -> None:
    with as_file(files("plivo_phlo_async.cli") / "support_line.phlo.yaml") as path:
        try:
            emulator.load_flow(path)
        except ImportError as missing:
            usage_error(str(missing))


def _print_as_json(number: int, step: FlowDemoStep, emulator: PhloEmulator) -> None:
    run = emulator.runs[-1]
    values = {"step": number, "text": step.text, "code": step.code, "path": run.path}
    print_json({**values, "waiting": run.waiting, "ended": run.ended, "texts": _texts(emulator)})


def _texts(emulator: PhloEmulator) -> dict[str, list[str]]:
    return {address: texts for address in NAMES if (texts := emulator.texts(address))}


class _Printer:
    """Prints the demo as text: what happened, what was heard and texted, where the run is."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._heard: dict[str, int] = {}
        self._received: dict[str, int] = {}

    def step(self, number: int, step: FlowDemoStep, emulator: PhloEmulator) -> None:
        """Print a step."""
        self._console.print(Text(f"\n{number:>2}  {step.text}", "bold"))
        if step.code:
            self._line("»", "magenta", step.code)
        for address, name in NAMES.items():
            for prompt in self._new(self._heard, address, emulator.phone(address).heard):
                self._line("♪", "cyan", f"{name} hears: {prompt}")
            for text in self._new(self._received, address, emulator.texts(address)):
                self._line("✉", "green", f"{name} receives: {text}")
        for call in emulator.calls.values():
            members = [f"{NAMES[one.address]} {_state(one)}" for one in call.members]
            self._line("☎", "magenta", ", ".join(members))
        self._path(emulator.runs[-1])

    def _new(self, seen: dict[str, int], address: str, all_: list[str]) -> list[str]:
        new = all_[seen.get(address, 0) :]
        seen[address] = len(all_)
        return new

    def _path(self, run: FlowRun) -> None:
        end = f"waits at {run.waiting[0]}" if run.waiting else "ended"
        self._line("●", "yellow", f"{' > '.join(run.path)}: {end}")

    def _line(self, sign: str, colour: str, text: str) -> None:
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_row(Text(sign, colour), Text(text, overflow="fold"))
        self._console.print(Padding(table, (0, 0, 0, 4), expand=False))


def _state(member: CallMember) -> str:
    return member.state.value.replace("_", " ").replace("in call", "in the call")
