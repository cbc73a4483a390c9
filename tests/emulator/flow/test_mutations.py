"""A slice of the mutation campaign, which is `python -m tests.emulator.flow.mutations`."""

from __future__ import annotations

from .mutations import run


def test_any_text_gives_a_flow_or_problems_with_a_place() -> None:
    results = run(300, 1)

    assert results.total() == 300
    assert all(results[name] for name in ("flow", "refused", "flow of data", "refused data"))
