"""What is written is read back as an equal flow, and reads as a person writes it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from plivo_phlo_async.emulator.flow.reader import read_phlo, read_phlo_text
from plivo_phlo_async.emulator.flow.writer import to_document

from .documents import documents

once = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@once
@given(documents())
def test_yaml_and_back_changes_nothing(document: dict[str, Any]) -> None:
    phlo = read_phlo(document)

    assert read_phlo_text(phlo.to_yaml()) == phlo


@once
@given(documents())
def test_plain_data_and_back_changes_nothing(document: dict[str, Any]) -> None:
    phlo = read_phlo(document)
    written = to_document(phlo)

    assert read_phlo(written) == phlo
    assert to_document(read_phlo(written)) == written


@once
@given(documents())
def test_plain_data_is_json_which_is_read_as_it_is(document: dict[str, Any]) -> None:
    phlo = read_phlo(document)

    assert read_phlo_text(json.dumps(to_document(phlo))) == phlo
    assert read_phlo_text(json.dumps(to_document(phlo), indent="\t", ensure_ascii=False)) == phlo
