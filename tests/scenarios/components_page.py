"""The generated part of the documentation's page on the components of a PHLO.

`python -m tests.scenarios.components_page` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from plivo_phlo_async.emulator.flow.components import (
    COMPONENTS,
    OPERATIONS,
    START,
    ComponentSpec,
    Evidence,
    OptionKind,
    OptionSpec,
    slug_of,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "phlo-components.md"
MARK = (
    "<!-- Generated from the component table by `python -m tests.scenarios.components_page`. -->\n"
)
VALUES = {
    OptionKind.TEXT: "a text",
    OptionKind.NUMBER: "a number",
    OptionKind.FLAG: "true or false",
    OptionKind.RECORD: "a flag",
    OptionKind.LIST: "a list, or a text with commas",
    OptionKind.PROMPT: "a prompt",
    OptionKind.KEYS: "a list of keys, or a text such as `12#`",
    OptionKind.KEY: "a key",
    OptionKind.PAIRS: "a mapping",
    OptionKind.BODY: "a body",
    OptionKind.AUTH: "credentials",
    OptionKind.NAMES: "a list of names",
    OptionKind.CONFIRM: "`prompt` and `key`",
    OptionKind.CONDITIONS: "conditions",
}


def page(text: str) -> str:
    """Return the page, with the handwritten part of `text`."""
    by_hand, _, _ = text.partition(MARK)
    return "\n".join([by_hand + MARK, *map(_section, (START, *COMPONENTS.values()))])


def _section(spec: ComponentSpec) -> str:
    parts = [f"## {spec.title}", _about(spec), _options(spec), _states(spec)]
    parts += [_variables(spec), _operations() if spec.title == "Branch" else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(spec: ComponentSpec) -> str:
    if spec is START:
        return (
            "Every PHLO has one: `start` in a file, `flow.start()` in Python. Besides its states it"
            " has `callback`, and `keys`: the names of the values that an API request brings, or a"
            " mapping with a value for those that are the same in every run."
        )
    names = ", ".join(f"`{name}`" for name in (spec.slug, *spec.aliases))
    text = f"In Python: `flow.{spec.slug}(name, ...)`. In a file: `{spec.title}` or {names}."
    return f"{text} It needs a call: without one, the run ends there." if spec.needs_call else text


def _options(spec: ComponentSpec) -> str:
    if not spec.options:
        return ""
    rows = "\n".join(_row(option) for option in spec.options.values())
    return f"| option | value | default | description |\n|---|---|---|---|\n{rows}"


def _row(option: OptionSpec) -> str:
    value = VALUES.get(option.kind) or ", ".join(f"`{choice}`" for choice in option.choices)
    default = "required" if option.required else f"`{option.default}`" * bool(option.default)
    name = f"`{option.name}`{_evidence(option.evidence)}"
    return f"| {name} | {value} | {default} | {option.help} |"


def _evidence(evidence: Evidence) -> str:
    return "" if evidence is Evidence.DOCUMENTED else f" ({evidence})"


def _states(spec: ComponentSpec) -> str:
    names = _names([f"{state} (`{slug_of(state)}`)" for state in spec.states])
    added = f"one for each of its `{spec.state_option}`, " if spec.state_option else ""
    text = f"States: {added}{names}."
    further = [event for event in spec.events if event not in map(slug_of, spec.states)]
    if not further:
        return text
    return f"{text} Its callback also receives {_names(f'`{event}`' for event in further)}."


def _variables(spec: ComponentSpec) -> str:
    names = [f"`{each.name}`{_evidence(each.evidence)}" for each in spec.variables.values()]
    return f"Variables: {_names(names)}." if names else ""


def _operations() -> str:
    names = _names(f"`{name}`{_evidence(OPERATIONS[name])}" for name in OPERATIONS)
    return (
        f"Comparisons: {names}. `greater_than` and `less_than` compare numbers if both sides are"
        " numbers, and texts otherwise."
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
