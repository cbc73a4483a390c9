"""Scenarios from files: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath

from ..options import OptionReader
from ..phlo import Phlo
from ..problems import FlowError, Path, ProblemList, list_names, quote
from ..reader import read_file
from ..tree import ListValue, MapValue, ScalarValue, SourceValue, find_positions
from ..yaml_tree import tree_of_text
from .expect_reader import ExpectReader
from .part_reader import PartReader
from .phone_reader import PhoneReader
from .step_reader import StepReader
from .stubs import read_answer
from .values import Scenario, ScenarioTrigger

__all__ = ["KEYS", "METHODS", "TRIGGER_KEYS", "load_scenarios", "read_scenarios"]

KEYS = ("name", "call", "text", "run", "http", "phones", "steps", "expect")
"""The keys of a scenario."""

TRIGGER_KEYS: Mapping[str, tuple[str, ...]] = {
    "call": ("from", "to"),
    "text": ("from", "to", "message"),
}
"""The keys of what starts a run by a phone."""

_TRIGGERS = {"call": "Incoming Call", "text": "Incoming Message", "run": "API Request"}
METHODS = ("GET", "POST", "PUT", "DELETE", "*")
"""The methods of requests that are answered."""


def load_scenarios(path: str | PathLike[str], phlo: Phlo | None = None) -> tuple[Scenario, ...]:
    """Load the scenarios of a YAML or JSON file.

    Args:
        path: the file.
        phlo: the flow that they are for; None if their names of nodes are not checked.

    Raises:
        FlowError: the file cannot be read, or is invalid; with every problem.
    """
    return read_scenarios(read_file(path), fspath(path), phlo)


def read_scenarios(
    text: str, source: str = "<text>", phlo: Phlo | None = None
) -> tuple[Scenario, ...]:
    """Read scenarios from YAML or JSON: one, or a mapping with `scenarios`.

    Args:
        text: the YAML or JSON.
        source: its name in error messages.
        phlo: the flow that they are for; None if their names of nodes are not checked.

    Raises:
        FlowError: the text is invalid; with every problem.
    """
    tree = tree_of_text(text, source)
    problems = ProblemList(source)
    find_positions(tree, problems)
    scenarios = _FileReader(problems, phlo).scenarios(tree)
    if problems.errors:
        raise FlowError(problems.errors)
    return scenarios


class _FileReader:
    """Reads the scenarios of one file."""

    def __init__(self, problems: ProblemList, phlo: Phlo | None) -> None:
        self._problems = problems
        self._phlo = phlo

    def scenarios(self, tree: SourceValue) -> tuple[Scenario, ...]:
        """Return what is valid of the scenarios."""
        if not isinstance(tree, MapValue):
            text = "give a scenario, or a mapping with scenarios: and a list of them."
            self._problems.add(tree.position, (), text)
            return ()
        if "scenarios" not in tree.entries:
            return (self._scenario(tree, ()),)
        path: Path = ("scenarios",)
        given = OptionReader(self._problems).mapping(tree, (), ("scenarios",)) or {}
        listed = given.get("scenarios", ListValue((), tree.position))
        if not isinstance(listed, ListValue) or not listed.items:
            self._problems.add(listed.position, path, "give a list of scenarios.")
            return ()
        found = tuple(self._scenario(item, (*path, n)) for n, item in enumerate(listed.items))
        self._check_names(found, listed)
        return found

    def _scenario(self, value: SourceValue, path: Path) -> Scenario:
        return _ScenarioReader(self._problems, self._phlo, path).scenario(value)

    def _check_names(self, found: tuple[Scenario, ...], listed: ListValue) -> None:
        seen = set()
        for number, scenario in enumerate(found):
            if scenario.name in seen:
                where = ("scenarios", number, "name")
                at = scenario.positions.get("", listed.items[number].position)
                self._problems.add(at, where, f"{quote(scenario.name)} is there twice.")
            seen.add(scenario.name)


class _ScenarioReader(PartReader):
    """Reads one scenario."""

    def __init__(self, problems: ProblemList, phlo: Phlo | None, path: Path) -> None:
        super().__init__(problems, phlo)
        self._path = path

    def scenario(self, value: SourceValue) -> Scenario:
        """Return what is valid of it."""
        given = self._options.mapping(value, self._path, KEYS, "a scenario")
        if given is None:
            return Scenario("", ScenarioTrigger("run"))
        name = given.get("name")
        trigger = self._trigger(value, given)
        steps = StepReader(self._problems, self._phlo, trigger.caller)
        expect = ExpectReader(self._problems, self._phlo)
        expected, positions = expect.expected(given.get("expect"), (*self._path, "expect"))
        return Scenario(
            self._name(value, name),
            trigger,
            self._http(given.get("http"), (*self._path, "http")),
            PhoneReader(self._problems, self._phlo).phones(
                given.get("phones"), (*self._path, "phones")
            ),
            steps.steps(given.get("steps"), (*self._path, "steps")),
            expected,
            {"": value.position if name is None else name.position, **positions},
            self._problems.source,
        )

    def _name(self, value: SourceValue, name: SourceValue | None) -> str:
        path = (*self._path, "name")
        if name is None:
            self._add(value, path, "give the scenario a name.")
        elif isinstance(name, ScalarValue):
            text = name.text
            if text.strip() and text.isprintable():
                return text
            self._add(name, path, "give a name of one line that is not empty.")
        else:
            self._options.text(name, path)
        return ""

    # What starts it

    def _trigger(self, value: SourceValue, given: Mapping[str, SourceValue]) -> ScenarioTrigger:
        there = value.entries if isinstance(value, MapValue) else {}
        kinds = [kind for kind in _TRIGGERS if kind in there]
        if len(kinds) != 1:
            text = "give one of call, text and run: what starts the run."
            self._add(value, self._path, text)
            return ScenarioTrigger("call", "?")  # one problem is enough
        (kind,) = kinds
        path = (*self._path, kind)
        inner = given.get(kind, MapValue({}, (), value.position))
        if self._phlo is not None and _TRIGGERS[kind] not in self._phlo.start.triggers:
            what = f"nothing is connected to {_TRIGGERS[kind]} of Start."
            self._add(inner, path, f"{what} There is {list_names([*self._phlo.start.triggers])}.")
        if kind == "run":
            return ScenarioTrigger(kind, params=self._params(inner, path))
        return self._by_phone(kind, inner, path)

    def _params(self, value: SourceValue, path: Path) -> dict[str, str]:
        if not isinstance(value, MapValue):
            self._add(value, path, "give a mapping of keys and values, or {} for none.")
            return {}
        entries = value.entries.items()
        return {
            name: self._options.text(inner, (*path, name)) or "" for name, (_, inner) in entries
        }

    def _by_phone(self, kind: str, value: SourceValue, path: Path) -> ScenarioTrigger:
        given = self.texts_of(value, path, TRIGGER_KEYS[kind])
        if "from" not in given and isinstance(value, MapValue):
            self._add(value, (*path, "from"), "give the address of the phone.")
        number = self.number(value, given, path)
        return ScenarioTrigger(kind, given.get("from", ""), number, given.get("message", ""))

    def _http(self, value: SourceValue | None, path: Path) -> dict[str, object]:
        """Return the answers to requests by METHOD URL."""
        answers: dict[str, object] = {}
        for name, (key, inner) in self.entries(value, path, "METHOD URL to an answer").items():
            method, space, url = name.partition(" ")
            if method not in METHODS or not space or not url or " " in url:
                hint = f"give METHOD URL, with {', '.join(METHODS[:-1])} or * for any"
                self._add(key, path, f"{quote(name)} is no request; {hint}.")
            answers[name] = read_answer(inner)
        return answers
