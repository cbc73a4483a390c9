"""A slice of the long run: `python -m tests.emulator.flow.template_fuzz`."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from .template_fuzz import PIECES, outcome, run


def test_generated_templates_render_or_are_refused() -> None:
    outcomes, _ = run(150, seed=5)

    assert outcomes.total() == 150
    assert outcomes["rendered"] > 20


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([*PIECES, "a", "if ", "for "]), st.text(max_size=5))))
def test_any_text_renders_or_is_refused(pieces: list[str]) -> None:
    assert outcome("".join(pieces))
