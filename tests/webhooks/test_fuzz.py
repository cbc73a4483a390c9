"""Whatever comes, nothing but the two documented errors."""

from __future__ import annotations

from hypothesis import given, settings

from .fuzz import Sent, _objects, outcome, requests, signed_again


@settings(max_examples=500, deadline=None)
@given(requests)
def test_no_request_raises_anything_else(sent: Sent) -> None:
    assert outcome(sent)


@settings(max_examples=30, deadline=None)
@given(requests, _objects)
def test_no_signing_and_no_diagnosis_raises_anything_else(sent: Sent, params: object) -> None:
    signed_again(sent, params)
