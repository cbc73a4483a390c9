"""How the house is built: who may import whom, what is named where, what is public."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import plivo_phlo_async

PACKAGE = Path(plivo_phlo_async.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A room may import from the rooms below it and from its own.
LADDER = [
    {
        "_addresses",
        "_early_interrupt",
        "_event_loop",
        "_json_values",
        "_masking",
        "_other_sdks",
        "_version",
    },
    {"errors", "results"},
    {"actions"},
    {"_parsing"},
    {"_transport"},
    {"resources"},
    {"bulk"},
    {"client", "otel", "postgres", "redis"},
    {"testing"},
    {"cli"},
    {"__main__"},
]
STEP = {room: step for step, rooms in enumerate(LADDER) for room in rooms}
# Beside the ladder: what may import what at all.
APART = {
    "emulator": {"_version", "_masking"},
    "webhooks": {"_addresses", "_event_loop", "_json_values", "errors"},
}
# The emulator's own ladder, of its modules and packages.
EMULATOR_LADDER = [
    {"asgi", "durations", "errors", "flow_package", "notifier", "race", "spawn", "time_scale"},
    {"calls"},
    {"http", "webhooks"},
    {"faults", "dashboard", "lifespan", "flow"},
    {"seed", "flow_support"},
    {"persistence", "emulated_phones"},
    {"emulator"},
    {"page", "actions", "flow_runs"},
    {"control"},
    {"app"},
    {"phlo_emulator"},
    {"server"},
]
EMULATOR_STEP = {room: step for step, rooms in enumerate(EMULATOR_LADDER) for room in rooms}
MAY_USE_WHAT_STANDS_APART = {"redis", "testing", "cli", "__main__"}

HTTPX = {
    "client.py",
    "_transport",
    "testing",
    "emulator/flow/fetch",
    "emulator/webhooks/http_client.py",
    "cli/listen/forward.py",
}
TENACITY = {"_transport/retry.py"}
HOMES = [
    ("httpx", HTTPX),
    ("httpcore", {"_transport"}),
    ("tenacity", TENACITY),
    ("redis", {"redis"}),
    ("psycopg", {"postgres"}),
    ("psycopg_pool", {"postgres"}),
    ("opentelemetry", {"otel.py"}),
    ("pydantic_core", {"_json_values.py"}),
]


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _room(path: Path) -> str:
    return _name(path).removesuffix(".py").split("/")[0]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _imports(path: Path) -> list[tuple[ast.Import | ast.ImportFrom, str]]:
    """Every import of a file, with the absolute name of the module."""
    found: list[tuple[ast.Import | ast.ImportFrom, str]] = []
    package = ("plivo_phlo_async." + _name(path).removesuffix(".py").replace("/", ".")).split(".")
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
            found += [(node, name) for name in (names if not node.module else [module])]
    return found


def _rooms_imported(path: Path) -> set[str]:
    inside = [name.split(".") for _, name in _imports(path) if name.startswith("plivo_phlo_async.")]
    return {parts[1] for parts in inside} - {_room(path)}


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_data_flows_one_way(path: Path) -> None:
    room = _room(path)
    if room == "__init__":
        return
    allowed = APART.get(room) or {below for below in STEP if STEP[below] < STEP[room]}
    if room in MAY_USE_WHAT_STANDS_APART:
        allowed = allowed | APART.keys()

    assert _rooms_imported(path) - allowed == set()


@pytest.mark.parametrize("path", [f for f in FILES if _room(f) == "emulator"], ids=_name)
def test_data_flows_one_way_inside_the_emulator(path: Path) -> None:
    room = _name(path).removesuffix(".py").split("/")[1]
    if room == "__init__":
        return
    inside = "plivo_phlo_async.emulator."
    imported = {
        name.removeprefix(inside).split(".")[0]
        for _, name in _imports(path)
        if name.startswith(inside)
    }
    allowed = {below for below in EMULATOR_STEP if EMULATOR_STEP[below] < EMULATOR_STEP[room]}

    assert imported - allowed - {room} == set()


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_imports_inside_the_package_are_relative(path: Path) -> None:
    absolute = [
        name
        for node, name in _imports(path)
        if name.startswith("plivo_phlo_async") and getattr(node, "level", 0) == 0
    ]

    assert absolute == []


@pytest.mark.parametrize(("library", "where"), HOMES)
def test_a_library_is_named_only_where_it_lives(library: str, where: set[str]) -> None:
    importing = {
        _name(path)
        for path in FILES
        if any(name.split(".")[0] == library for _, name in _imports(path))
    }
    at_home = {name for name in importing if any(f"{name}/".startswith(f"{h}/") for h in where)}

    assert at_home
    assert importing - at_home == set()


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_import_of_another_room_hides_from_the_ladder(path: Path) -> None:
    hiding = (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)
    places = [n for n in ast.walk(_tree(path)) if isinstance(n, hiding)]
    hidden = [
        node.lineno
        for place in places
        for node in ast.walk(place)
        if isinstance(node, ast.ImportFrom) and node.level > (path.parent != PACKAGE)
    ]

    assert hidden == []


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_room_is_named_after_nothing(path: Path) -> None:
    assert path.stem not in {"utils", "types", "constants", "config", "helpers", "common"}


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_all_names_what_is_there(path: Path) -> None:
    name = _name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if name == "__main__":
        return
    module = importlib.import_module(
        "plivo_phlo_async" if name == "__init__" else f"plivo_phlo_async.{name}"
    )
    public = getattr(module, "__all__", [])

    assert [missing for missing in public if not hasattr(module, missing)] == []
    assert sorted(set(public)) == sorted(public)


def test_no_class_name_is_used_twice() -> None:
    names = Counter(
        node.name.lstrip("_")
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ClassDef)
    )

    # Terms of flows that the client, the webhooks and the bulk runs, in packages apart, have too.
    shared = {"Leg", "MessageStatus", "Phlo", "Record"}
    assert {name for name, count in names.items() if count > 1} <= shared


def test_a_star_import_gives_exactly_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from plivo_phlo_async import *", names)
    del names["__builtins__"]

    assert sorted(names) == sorted(plivo_phlo_async.__all__)


def _loaded_by_the_import() -> set[str]:
    # httpx itself loads click and rich where they are installed, for a command of its own.
    code = (
        "import sys, httpx; before = set(sys.modules);"
        "import plivo_phlo_async; print(*set(sys.modules) - before)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(loaded.stdout.split())


def test_the_core_imports_nothing_optional() -> None:
    optional = {"click", "rich", "uvicorn", "redis", "opentelemetry", "trio", "pytest"}
    optional |= {"pydantic", "pydantic_core", "fastapi", "celery", "psycopg", "taskiq"}
    ours = {"plivo_phlo_async.emulator", "plivo_phlo_async.cli", "plivo_phlo_async.testing"}

    assert (optional | ours) & _loaded_by_the_import() == set()


def test_the_import_leaves_to_first_use_what_is_slow_to_load() -> None:
    slow = {"asyncio", "h11", "tenacity", "anyio.streams.memory", "sqlite3"}

    assert slow & _loaded_by_the_import() == set()


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
