"""What is run, and how: `nox` lists it, `nox -s tests` is what the README says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2025.2.9"

PROJECT = nox.project.load_toml("pyproject.toml")
MATRIX = ["3.11", "3.12", "3.13", "3.14"]

# Where pyenv keeps the Pythons, have each answer to its own name.
_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
if _pyenv.is_dir():
    os.environ.setdefault("PYENV_VERSION", ":".join(sorted(os.listdir(_pyenv), reverse=True)))


def _install(session: nox.Session, group: str, extras: str = "[all]") -> None:
    session.install("-q", f".{extras}", *nox.project.dependency_groups(PROJECT, group))


def _test(session: nox.Session, *options: str) -> None:
    session.run("pytest", "-n", "auto", *options, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, with coverage, on the Python that runs nox."""
    _install(session, "tests", extras="[all]")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", "auto", *session.posargs)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")


@nox.session(python=MATRIX)
def matrix(session: nox.Session) -> None:
    """The tests on each further Python that works here."""
    _install(session, "tests")
    _test(session, "-q")


@nox.session
def faults(session: nox.Session) -> None:
    """The fault campaign and the limiter's storms at full size; writes their table."""
    _install(session, "tests")
    table = "docs/explanation/never-twice-table.md"
    size = session.posargs or ["--faults", "100000", "--seed", "7"]
    session.run("python", "-m", "tests.faults", "--table", table, *size)
    session.run("python", "-m", "tests.transport.storms")


@nox.session
def page(session: nox.Session) -> None:
    """The emulator's page in a real browser; needs Debian's chromium."""
    _install(session, "page")
    session.run("pytest", "tests/page", *session.posargs, env={"PLIVO_PHLO_BROWSER": "1"})


@nox.session
def crash(session: nox.Session) -> None:
    """The bulk command, killed at 200 instants and started again until it is done."""
    _install(session, "tests")
    session.run("python", "-m", "tests.crash", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """What an action costs, beside other clients; writes the figures and the plot."""
    _install(session, "benchmarks")
    wanted = session.posargs or ["--plot", "docs/images/cost.png", "--json", "benchmarks.json"]
    session.run("python", "-m", "benchmarks", *wanted)
    session.run("python", "-m", "benchmarks.bulk")
    session.run("python", "-m", "benchmarks.imports")


@nox.session
def double_dial(session: nox.Session) -> None:
    """How often each client dials somebody twice under one schedule of faults."""
    _install(session, "benchmarks")
    session.run("python", "-m", "benchmarks.double_dial", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, in build/docs; a warning is an error."""
    _install(session, "docs")
    options = ("-q", "-E", "-n", "-W", "--keep-going", "-b", "html")
    session.run("sphinx-build", *options, "docs", "build/docs")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and the plainer form."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types, the tests included."""
    _install(session, "types")
    session.install("-q", "nox")
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """A wheel and an sdist in a folder of their own, checked, installed and run."""
    session.install("-q", "build", "twine")
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder)
        built = sorted(str(path) for path in Path(folder).iterdir())
        session.run("twine", "check", "--strict", *built)
        wheel = next(path for path in built if path.endswith(".whl"))
        session.install("-q", f"{wheel}[all]")
        session.run("plivo-phlo", "--version")
