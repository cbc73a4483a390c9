"""Errors: the tree, equality and pickling."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from plivo_phlo_async import Action, errors
from plivo_phlo_async.errors import PhloError, RateLimitedError, ResponseError, SignatureError


def _tree(kind: type[PhloError]) -> Iterator[type[PhloError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


EVERY_ERROR = list(_tree(PhloError))


def _example(kind: type[PhloError]) -> PhloError:
    given: dict[str, Any] = {"attempts": 3, "may_have_happened": True}
    given["action"] = Action.call("p", "n", "12025550000", "12025551111")
    if issubclass(kind, ResponseError):
        given |= {"status_code": 400, "message": "no", "api_id": "i"}
        given |= {"body": {"error": "no"}, "headers": {"date": "today"}}
    if kind is RateLimitedError:
        given["retry_after"] = 1.5
    if kind is SignatureError:
        given["reason"] = "nonce"
    return kind("call …1111: no.", **given)


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_survives_pickling_equal_in_type_and_attributes(kind: type[PhloError]) -> None:
    error = _example(kind)
    error.add_note("detail")
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), vars(again), str(again)) == (kind, vars(error), "call …1111: no.")
    assert again == error
    assert hash(again) == hash(error)


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_can_be_copied(kind: type[PhloError]) -> None:
    error = _example(kind)

    assert copy.deepcopy(error) == error


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_is_public_and_in_the_drawing(kind: type[PhloError]) -> None:
    assert kind.__name__ in errors.__all__
    assert f" {kind.__name__}" in f" {errors.__doc__}".replace("\n", " ")


def test_errors_that_differ_in_an_attribute_are_not_equal() -> None:
    first, second = _example(ResponseError), _example(ResponseError)
    second.attempts += 1

    assert first != second


def test_an_error_equals_no_other_kind() -> None:
    assert _example(errors.NotFoundError) != _example(errors.BadRequestError)
    assert _example(PhloError) != "call …1111: no."


@pytest.mark.parametrize("kind", [errors.ConfigurationError, errors.InvalidArgumentError])
def test_what_the_caller_got_wrong_is_a_value_error(kind: type[PhloError]) -> None:
    assert issubclass(kind, ValueError)


def test_an_unknown_outcome_may_have_happened() -> None:
    assert errors.OutcomeUnknownError("lost").may_have_happened is True
