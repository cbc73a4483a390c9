"""What is run, and how: `nox` lists it, `nox -s tests` is what the README says."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2025.2.9"

PROJECT = nox.project.load_toml("pyproject.toml")
MATRIX = nox.project.python_versions(PROJECT)
# Many tests wait for a program that they start, so there are more workers than processors.
WORKERS = ("-n", str((os.cpu_count() or 1) * 3 // 2))

# Where pyenv keeps the Pythons, have each answer to its own name.
_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
if _pyenv.is_dir():
    os.environ.setdefault("PYENV_VERSION", ":".join(sorted(os.listdir(_pyenv), reverse=True)))


def _install(session: nox.Session, group: str, extras: str = "[all]") -> None:
    session.install("-q", f".{extras}", *nox.project.dependency_groups(PROJECT, group))


def _test(session: nox.Session, *options: str) -> None:
    session.run("pytest", *WORKERS, *options, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, on the Python that runs nox; in CI with coverage, which takes a third longer."""
    _install(session, "tests")
    if not os.environ.get("CI"):
        _test(session)
        return
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *WORKERS, *session.posargs)
    session.run("coverage", "combine", "-q")
    # Programs that tests start and kill are not measured.
    session.run("coverage", "report", "--fail-under=99")


@nox.session(python=MATRIX)
def matrix(session: nox.Session) -> None:
    """The tests on each further Python that works here."""
    _install(session, "tests")
    _test(session, "-q")


@nox.session(python=MATRIX[0])
def lowest(session: nox.Session) -> None:
    """The tests with the oldest version of each library that pyproject.toml allows."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "lowest"))
    wanted = (".[all]", *nox.project.dependency_groups(PROJECT, "tests"))
    session.run("uv", "pip", "install", "-q", "--resolution", "lowest-direct", *wanted)
    _test(session, "-q")


@nox.session
def faults(session: nox.Session) -> None:
    """The fault campaign, Varnish and the limiter's campaigns at full size; writes the table."""
    _install(session, "tests")
    table = "docs/explanation/never-twice-table.md"
    size = session.posargs or ["--faults", "100000", "--seed", "7"]
    session.run("python", "-m", "tests.faults", "--table", table, *size)
    session.run("python", "-m", "tests.faults.varnish", "--calls", "1000")
    session.run("python", "-m", "tests.transport.storms")
    session.run("python", "-m", "tests.shared_limit.storms")
    session.run("python", "-m", "tests.shared_limit.campaign")


@nox.session
def page(session: nox.Session) -> None:
    """The emulator's page and the agent desktop in a real browser; needs Debian's chromium."""
    _install(session, "page")
    session.run("pytest", "tests/page", *session.posargs, env={"PLIVO_PHLO_BROWSER": "1"})


@nox.session
def crash(session: nox.Session) -> None:
    """The bulk command killed at 200 instants, 2,000 damaged journals, 10,000 random lists."""
    _install(session, "tests")
    session.run("python", "-m", "tests.crash", *session.posargs)
    session.run("python", "-m", "tests.cli.bulk.fuzz", "--lists", "10000")


@nox.session
def model(session: nox.Session) -> None:
    """Five million random steps of durable actions: never twice, never hidden, never lost."""
    _install(session, "tests")
    session.run("python", "-m", "tests.durable.model", *session.posargs)


@nox.session
def calls(session: nox.Session) -> None:
    """A hundred thousand steps over up to twenty calls on one node; no call shows in another."""
    _install(session, "tests")
    session.run("python", "-m", "tests.emulator.campaign", *session.posargs)


@nox.session
def scale_out(session: nox.Session) -> None:
    """Kill workers of several queues, whose journal is in PostgreSQL; needs RabbitMQ, too."""
    _install(session, "tests")
    session.run("python", "-m", "tests.scale_out", *session.posargs)


@nox.session
def members(session: nox.Session) -> None:
    """Expect members in storms of events, timeouts and cancellations, a long time."""
    _install(session, "tests")
    for backend in ("asyncio", "trio"):
        session.run("python", "-m", "tests.webhooks.member_storms", "--backend", backend)
    session.run("python", "-m", "tests.redis_members.campaign")


@nox.session
def flows(session: nox.Session) -> None:
    """Step and run random PHLOs, read mutated files and render random templates, a long time."""
    _install(session, "tests")
    session.run("python", "-m", "tests.emulator.flow.engine.campaign", *session.posargs)
    session.run("python", "-m", "tests.emulator.flow.runtime.campaign", "--runs", "20000")
    session.run("python", "-m", "tests.emulator.flow.mutations", "--files", "20000")
    session.run("python", "-m", "tests.emulator.flow.template_fuzz", "--count", "20000")


@nox.session
def bench(session: nox.Session) -> None:
    """What an action costs, beside other clients; writes the figures and the plot."""
    _install(session, "benchmarks")
    wanted = session.posargs or ["--plot", "docs/images/cost.png", "--json", "benchmarks.json"]
    session.run("python", "-m", "benchmarks", *wanted)
    session.run("python", "-m", "benchmarks.bulk")
    session.run("python", "-m", "benchmarks.imports")
    session.run("python", "-m", "benchmarks.emulator")
    session.run("python", "-m", "benchmarks.flows")


@nox.session
def double_dial(session: nox.Session) -> None:
    """How often each client dials a number twice under one schedule of faults."""
    _install(session, "benchmarks")
    session.run("python", "-m", "benchmarks.double_dial", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, in build/docs; a warning is an error."""
    _install(session, "docs")
    options = ("-q", "-E", "-n", "-W", "--keep-going", "-b", "html")
    session.run("sphinx-build", *options, "docs", "build/docs")
    session.log(f"The site is at {Path('build/docs/index.html').resolve().as_uri()}")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, the plainer form, and workflows that give nothing away."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("zizmor", "--offline", "--quiet", ".github")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types, the tests included; then what another type checker sees of an installation."""
    _install(session, "types")
    session.install("-q", "nox")
    session.run("mypy")
    with tempfile.TemporaryDirectory() as away:
        shutil.copytree("tests/types", away, dirs_exist_ok=True)
        with session.chdir(away):
            session.run("pyright", "public_api.py", "flows.py")
            session.run("pyright", "--verifytypes", "plivo_phlo_async", "--ignoreexternal")


@nox.session(reuse_venv=False)
def build(session: nox.Session) -> None:
    """Wheel and sdist, into dist/: checked, the sdist tested, the wheel installed and run."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "release"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    sdist, wheel = (str(path.resolve()) for path in sorted(Path("dist").iterdir(), reverse=True))
    session.run("twine", "check", "--strict", sdist, wheel)
    session.install("-q", f"{wheel}[all]")
    session.run("pytest", "-q", "tests/release", env={"PLIVO_PHLO_DIST": "dist"})
    with tempfile.TemporaryDirectory() as away:
        session.run("tar", "-xf", sdist, "-C", away, external=True)
        with session.chdir(next(Path(away).iterdir())):
            _test(session, "-q", "tests/guards", "tests/release", "tests/scenarios")
    for python in MATRIX:
        session.notify(f"installed-{python}")


@nox.session(python=MATRIX, reuse_venv=False)
def installed(session: nox.Session) -> None:
    """What `build` made, alone and with its extras, on each Python that works here."""
    (wheel,) = Path("dist").glob("*.whl")
    for extras in ("", "[all]"):
        session.install("-q", f"{wheel}{extras}")
        session.run("python", "-I", "tests/release/one_call.py")
        session.run("python", "-I", "tests/release/weigh.py")
    session.run("plivo-phlo", "--version")
    session.run("plivo-phlo", "demo", silent=True)
