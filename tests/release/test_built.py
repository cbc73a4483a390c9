"""What is in the wheel and the sdist that were built; `nox -s build` says where they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from plivo_phlo_async import __version__

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "plivo_phlo_async"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = f"plivo_phlo_async-{__version__}"
DIST = ROOT / os.environ["PLIVO_PHLO_DIST"]

Members = Mapping[str, bytes]


@pytest.fixture(scope="module")
def wheel() -> Members:
    with zipfile.ZipFile(DIST / f"{NAME}-py3-none-any.whl") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist() -> Members:
    with tarfile.open(DIST / f"{NAME}.tar.gz") as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in files.items() if file is not None}


@pytest.fixture(scope="module")
def metadata(wheel: Members) -> Message:
    return message_from_bytes(wheel[f"{NAME}.dist-info/METADATA"])


def test_the_wheel_has_the_package_and_nothing_beside_it(wheel: Members) -> None:
    assert {name.split("/")[0] for name in wheel} == {"plivo_phlo_async", f"{NAME}.dist-info"}


def test_the_wheel_has_every_file_of_the_package_as_it_is(wheel: Members) -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    inside = {name: read for name, read in wheel.items() if name.startswith("plivo_phlo_async/")}

    assert inside == {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}


def test_the_wheel_says_that_it_is_typed(wheel: Members) -> None:
    assert "plivo_phlo_async/py.typed" in wheel


@pytest.mark.parametrize("kind", [".html", ".css", ".js", ".svg"])
def test_the_wheel_brings_the_page(wheel: Members, kind: str) -> None:
    page = "plivo_phlo_async/emulator/page/"

    assert [name for name in wheel if name.startswith(page) and name.endswith(kind)] != []


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_both_bring_the_script_of_the_shared_limit(
    kind: str, request: pytest.FixtureRequest
) -> None:
    members: Members = request.getfixturevalue(kind)
    script = (ROOT / "plivo_phlo_async" / "redis" / "rate_limit.lua").read_bytes()

    assert [read for name, read in members.items() if name.endswith("rate_limit.lua")] == [script]


def test_the_wheel_gives_the_shell_its_command_and_pytest_its_fixtures(wheel: Members) -> None:
    lines = wheel[f"{NAME}.dist-info/entry_points.txt"].decode().split("\n")

    assert [line for line in lines if line] == [
        "[console_scripts]",
        "plivo-phlo = plivo_phlo_async.__main__:main",
        "[pytest11]",
        "plivo_phlo_async = plivo_phlo_async.testing.plugin",
    ]


def test_the_licence_goes_with_both(wheel: Members, sdist: Members) -> None:
    licence = (ROOT / "LICENSE").read_bytes()

    assert wheel[f"{NAME}.dist-info/licenses/LICENSE"] == sdist[f"{NAME}/LICENSE"] == licence


def test_the_licence_of_what_others_wrote_goes_with_both(wheel: Members, sdist: Members) -> None:
    name = "plivo_phlo_async/emulator/page/vendor/dagre.js.license"
    licence = (ROOT / name).read_bytes()

    assert wheel[f"{NAME}.dist-info/licenses/{name}"] == sdist[f"{NAME}/{name}"] == licence


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_nothing_names_a_place_on_the_machine_that_built_it(
    kind: str, request: pytest.FixtureRequest
) -> None:
    members: Members = request.getfixturevalue(kind)
    here = [f"{ROOT}/".encode(), f"{Path.home()}/".encode()]

    assert [name for name in members if name.startswith("/") or ".." in name.split("/")] == []
    assert [name for name, read in members.items() if any(place in read for place in here)] == []


def test_the_metadata_says_what_the_project_says(metadata: Message) -> None:
    expected = {
        "Metadata-Version": ["2.4"],  # the action that uploads knows none later
        "Name": [PROJECT["name"]],
        "Version": [__version__],
        "Summary": [PROJECT["description"]],
        "Requires-Python": [PROJECT["requires-python"]],
        "License-Expression": ["MIT"],
        "License-File": PROJECT["license-files"],
        "Author": [author["name"] for author in PROJECT["authors"]],
        "Project-URL": [f"{label}, {url}" for label, url in PROJECT["urls"].items()],
        "Classifier": PROJECT["classifiers"],
        "Provides-Extra": sorted(PROJECT["optional-dependencies"]),
        "Description-Content-Type": ["text/markdown"],
    }

    assert {field: metadata.get_all(field) for field in expected} == expected


def test_what_the_core_needs_is_all_that_it_asks_for(metadata: Message) -> None:
    asked = metadata.get_all("Requires-Dist") or []
    core = [re.split("[<>=]", line)[0] for line in asked if "extra ==" not in line]

    assert core == ["anyio", "attrs", "h11", "httpcore", "httpx", "tenacity"]


def test_every_link_of_the_description_works_outside_the_repository(metadata: Message) -> None:
    links = re.findall(r"\]\(([^)]+)\)", str(metadata.get_payload()))

    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []


def test_every_picture_of_the_description_is_a_picture_not_a_page(metadata: Message) -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", str(metadata.get_payload()))

    assert len(pictures) >= 1
    assert [url for url in pictures if not url.startswith("https://raw.")] == []


def test_every_link_into_the_repository_leads_to_a_file_of_this_version(metadata: Message) -> None:
    pages = re.findall(rf"plivo-phlo-async/(?:blob/)?v{__version__}/([^)#]+)", metadata.as_string())

    assert len(pages) > 5
    assert [page for page in pages if not (ROOT / page).is_file()] == []


def test_the_sdist_has_every_file_that_is_not_ignored(sdist: Members) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    there = {name for name in listed.stdout.split("\0") if (ROOT / name).is_file()}

    assert {name.removeprefix(f"{NAME}/") for name in sdist} == {*there, "PKG-INFO"}


def test_building_again_elsewhere_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run(["tar", "-xf", DIST / f"{NAME}.tar.gz", "-C", tmp_path], check=True)
    again = tmp_path / "again"
    command = [sys.executable, "-m", "build", "--outdir", str(again), str(tmp_path / NAME)]
    subprocess.run(command, capture_output=True, check=True)

    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in DIST.iterdir()
    }
