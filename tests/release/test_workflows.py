"""What the workflows run, on which Pythons, and whose code they trust."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
JOBS = {
    f"{workflow}-{name}": job
    for workflow, definition in WORKFLOWS.items()
    for name, job in definition["jobs"].items()
}
STEPS = [(name, step) for name, job in JOBS.items() for step in job.get("steps", ())]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MINOR = re.compile(r"Programming Language :: Python :: (3\.\d+)")
PYTHONS = [found[1] for line in PROJECT["classifiers"] if (found := MINOR.fullmatch(line))]


def _uses() -> Iterator[str]:
    for _, step in STEPS:
        if "uses" in step:
            yield step["uses"]


def _sessions() -> set[str]:
    """The names of nox's sessions that the workflows run."""
    chosen = {name for job in JOBS.values() for name in _matrix(job).get("session", ())}
    named = re.findall(r"nox -s \"?(\w+)", "\n".join(step.get("run", "") for _, step in STEPS))
    return {*chosen, *named}


def _matrix(job: dict[str, Any]) -> dict[str, list[str]]:
    matrix: dict[str, list[str]] = job.get("strategy", {}).get("matrix", {})
    return matrix


def test_every_action_of_others_is_pinned_to_a_commit() -> None:
    actions = list(_uses())

    assert len(actions) > 4
    assert [one for one in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []


def test_every_pin_says_which_version_it_is() -> None:
    text = "".join(path.read_text() for path in (ROOT / ".github").rglob("*.yml"))
    pins = re.findall(r"@[0-9a-f]{40}(.*)", text)

    assert [pin for pin in pins if not re.fullmatch(r" # v\d+\.\d+\.\d+", pin)] == []


def test_one_action_has_one_version() -> None:
    actions = {*_uses()}

    assert len({action.split("@")[0] for action in actions}) == len(actions)


def test_every_python_of_the_classifiers_is_tested() -> None:
    noxfile = (ROOT / "noxfile.py").read_text()

    assert "\nMATRIX = nox.project.python_versions(PROJECT)\n" in noxfile
    assert _matrix(JOBS["tests-matrix"])["python"] == PYTHONS


def test_every_python_is_there_for_what_is_built() -> None:
    named = [
        step["with"]["python-version"].split()
        for _, step in STEPS
        if "setup-python" in step.get("uses", "") and "$" not in step["with"]["python-version"]
    ]

    assert len(named) == 2
    assert [pythons for pythons in named if sorted(pythons) != PYTHONS] == []


def test_the_oldest_python_is_the_one_that_is_required() -> None:
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_a_workflow_runs_what_is_run_here() -> None:
    noxfile = (ROOT / "noxfile.py").read_text()
    there = {*re.findall(r"^@nox\.session.*\ndef (\w+)\(", noxfile, re.MULTILINE)}

    assert _sessions() == {"tests", "matrix", "lowest", "lint", "types", "docs", "page", "build"}
    assert _sessions() - there == set()


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_do_nothing_that_no_job_asks_for(workflow: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_only_publishing_may_do_more_than_read(job: str) -> None:
    allowed = {"id-token": "write"} if job == "release-publish" else {"contents": "read"}

    assert JOBS[job]["permissions"] == allowed


def test_no_checkout_leaves_its_credentials_behind() -> None:
    checkouts = [step for _, step in STEPS if "actions/checkout" in step.get("uses", "")]

    assert len(checkouts) == 3
    assert [step for step in checkouts if step["with"] != {"persist-credentials": False}] == []


def test_nothing_is_published_that_was_not_tested_and_built() -> None:
    publish = JOBS["release-publish"]

    assert publish["environment"]["name"] == "pypi"
    assert publish["needs"] == ["tests", "build"]
    assert WORKFLOWS["release"][True] == {"push": {"tags": ["v*"]}}  # YAML reads `on` as True
