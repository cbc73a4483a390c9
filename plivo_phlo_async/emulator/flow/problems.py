"""What is wrong with a flow, and where."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

import attrs

__all__ = [
    "FlowError",
    "FlowProblem",
    "Path",
    "ProblemList",
    "Severity",
    "did_you_mean",
    "list_names",
    "path_text",
    "quote",
]

Path = tuple[str | int, ...]
"""Where a value is: the keys and the indexes that lead to it."""

MAX_PROBLEMS = 1000
"""The largest number of problems that a list keeps."""

_MAX_COMPARED = 100_000  # names, for suggestions; a second or so
_MAX_QUOTED = 60  # characters
_MAX_LISTED = 20  # names
_WORD = re.compile(r"[^\W_]+")


class Severity(StrEnum):
    """What a problem does: an error refuses the flow."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@attrs.frozen
class FlowProblem:
    """One problem of a flow; `str` gives it as one line.

    Attributes:
        source: the file, or the name of what was read; "" for none.
        line: the line, from 1; 0 where there is none.
        column: the column, from 1; 0 where there is none.
        place: the keys that lead to it, such as `nodes.Menu.inputs`; "" for the whole flow.
        text: what is wrong, and what to do.
        severity: whether it refuses the flow.
    """

    source: str
    line: int
    column: int
    place: str
    text: str
    severity: Severity = Severity.ERROR

    @property
    def position(self) -> str:
        """The source with the line and the column, as far as there are any."""
        if not self.line:
            return self.source
        return f"{self.source}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.position, self.place, self.text) if part)


class FlowError(ValueError):
    """A flow is invalid.

    Attributes:
        problems: every error, in the order of the source.
    """

    def __init__(self, problems: Iterable[FlowProblem]) -> None:
        self.problems: tuple[FlowProblem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class ProblemList:
    """Collects the problems of one source, up to `MAX_PROBLEMS`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._found: list[FlowProblem] = []
        self._compared = 0

    @property
    def is_full(self) -> bool:
        """Whether it keeps no further problem."""
        return len(self._found) >= MAX_PROBLEMS

    @property
    def errors(self) -> tuple[FlowProblem, ...]:
        """The errors, in the order of the source."""
        return tuple(each for each in self.all if each.severity is Severity.ERROR)

    @property
    def all(self) -> tuple[FlowProblem, ...]:
        """Every problem, in the order of the source."""
        return tuple(sorted(self._found, key=lambda each: (each.line, each.column)))

    def add(
        self,
        position: tuple[int, int],
        path: Path,
        text: str,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a problem at a line and a column."""
        if not self.is_full:
            problem = FlowProblem(self.source, *position, path_text(path), text, severity)
            self._found.append(problem)

    def suggest(self, name: str, names: Collection[str]) -> str:
        """Return what `did_you_mean` does, and "" after very many comparisons: they take long."""
        self._compared += len(names)
        return did_you_mean(name, names) if self._compared <= _MAX_COMPARED else ""


def path_text(path: Path) -> str:
    """Return a path as text: `("nodes", "Menu", "prompt", 0)` gives `nodes.Menu.prompt[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}"
    return text.removeprefix(".")


def quote(text: str) -> str:
    """Return a text in quotes, shortened, without control characters."""
    return repr(_shortened(text))


def list_names(names: Sequence[str]) -> str:
    """Return names as a list: the first of them, if there are many."""
    shown = [_shown(name) for name in names[:_MAX_LISTED]]
    return ", ".join([*shown, "..."] if len(names) > _MAX_LISTED else shown)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean X?)` with the name that is near or has `name` as a part, else ""."""
    if len(name) > _MAX_QUOTED:
        return ""
    spelled = {each.lower(): each for each in reversed(list(names))}
    near = difflib.get_close_matches(name.lower(), spelled, n=1) or [
        each for each in spelled if name.lower() in _WORD.findall(each)
    ]
    return f" (did you mean {_shown(spelled[near[0]])}?)" if near else ""


def _shown(text: str) -> str:
    return text if text.isprintable() and len(text) <= _MAX_QUOTED else repr(_shortened(text))[1:-1]


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}..."
