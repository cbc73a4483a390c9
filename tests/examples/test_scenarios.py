"""The example scenarios pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from plivo_phlo_async.cli import plivo_phlo

FLOWS = Path(__file__).parents[2] / "examples" / "flows"
FILES = sorted(FLOWS.glob("*.scenario.yaml"))

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def _flow(path: Path) -> Path:
    return path.with_name(path.name.replace(".scenario.", ".phlo."))


@each_file
def test_every_scenario_passes(path: Path) -> None:
    done = CliRunner().invoke(plivo_phlo, ["test", str(_flow(path)), str(path)])

    assert done.exit_code == 0, done.output


@each_file
def test_its_comment_shows_how_to_run_it(path: Path) -> None:
    flow, scenarios = (f"examples/flows/{each.name}" for each in (_flow(path), path))
    command = f"#   plivo-phlo test {flow} \\\n#     {scenarios}\n"

    assert command in path.read_text()


def test_the_readme_names_each() -> None:
    readme = (FLOWS / "README.md").read_text()

    assert len(FILES) == 5
    assert all(f"({path.name})" in readme for path in FILES)
