"""The way in and the way out: what is missing is said, and nothing ends in a traceback."""

from __future__ import annotations

import pytest

from plivo_phlo_async import __version__
from plivo_phlo_async.cli import plivo_phlo as group

from .conftest import Installed, Run


@pytest.mark.parametrize(
    ("missing", "says"), [(["rich"], "rich"), (["click", "rich"], "click and rich")]
)
def test_without_its_packages_it_says_what_to_install(
    without: Installed, missing: list[str], says: str
) -> None:
    done = without(*missing, argv=["demo"])

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"plivo-phlo needs {says}: pip install 'plivo-phlo-async[cli]'\n"


def test_without_uvicorn_emulate_says_what_to_install_and_doctor_that_it_is_not_there(
    without: Installed,
) -> None:
    emulate = without("uvicorn", argv=["emulate"])

    assert (emulate.returncode, emulate.stderr.count("\n")) == (2, 1)
    assert "pip install" in emulate.stderr


def test_doctor_names_what_is_not_installed(without: Installed) -> None:
    assert ", uvicorn not installed; Python 3." in without("uvicorn", argv=["doctor"]).stdout


def test_the_version_is_printed(plivo_phlo: Run) -> None:
    assert plivo_phlo("--version") == (0, f"plivo-phlo, version {__version__}\n", "")


def test_without_a_command_it_shows_the_help_as_a_page_on_stderr(plivo_phlo: Run) -> None:
    _, page, _ = plivo_phlo("--help")

    assert plivo_phlo() == (2, "", page)


def test_the_help_lists_every_command_in_order_and_truncates_no_summary(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = plivo_phlo("--help")
    lines = out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    cut = [line.split()[0] for line in lines if line.endswith("...")]

    assert (code, [line.split()[0] for line in lines]) == (0, list(group.commands))
    assert [line.split()[0] for line in lines][:4] == ["demo", "emulate", "check", "test"]
    assert cut == []


@pytest.mark.parametrize("command", list(group.commands))
def test_every_option_with_a_variable_names_it_and_none_takes_the_token(
    plivo_phlo: Run, command: str
) -> None:
    code, out, _ = plivo_phlo(command, "--help")
    words = " ".join(out.split())

    assert code == 0
    for option, variable in [
        ("--auth-id ID", "PLIVO_AUTH_ID"),
        ("--base-url URL", "PLIVO_PHLO_BASE_URL"),
        ("--phlo ID", "PLIVO_PHLO_ID"),
        ("--node ID", "PLIVO_NODE_ID"),
    ]:
        assert (option in words) == (f"[env var: {variable}" in words)
    assert "--auth-token" not in words


def test_the_help_of_bulk_names_the_rate_that_it_keeps_to(plivo_phlo: Run) -> None:
    _, out, _ = plivo_phlo("bulk", "--help")

    assert "The rate limit of the account, or none. [default: 300/5s]" in " ".join(out.split())
