"""Status, headers and body become a result or the right error; nothing makes that crash."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async import (
    Action,
    ActionFailedError,
    ActionResult,
    DecodeError,
    NodeDetails,
    PhloDetails,
    PhloError,
    PhloRun,
    PhloRunDetails,
    Result,
    Verb,
)
from plivo_phlo_async import errors as e
from plivo_phlo_async._parsing import Reply, error_from, kind_of, result_from

HOLD = Action.hold("p", "n", "12025551111")
TIMING = {"attempts": 2, "elapsed": 0.5}


def _read(action: Action, answer: Any, status: int = 200) -> Result:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return result_from(kind_of(action.verb), action, Reply(status, {}, body), TIMING)


def test_an_acknowledgement() -> None:
    result = _read(HOLD, {"api_id": "a", "error": "", "new": 1}, 201)

    assert result == ActionResult("a", status_code=201, raw={"api_id": "a", "error": "", "new": 1})
    assert (result.attempts, result.elapsed) == (2, 0.5)


def test_a_phlo() -> None:
    answer = {
        "api_id": "a",
        "phlo_id": "e564",
        "name": "assignment",
        "created_on": "2018-11-03 19:32:33.210714+00:00",
    }
    result = _read(Action.get_phlo("e564"), answer)

    made = datetime(2018, 11, 3, 19, 32, 33, 210714, UTC)
    assert result == PhloDetails("e564", "assignment", made, "a", raw=answer, status_code=200)


def test_a_node() -> None:
    answer = {"node_id": "n", "phlo_id": "p", "name": "MPC", "node_type": "multi_party_call"}
    result = _read(Action.get_node("p", "multi_party_call", "n"), answer)

    assert result == NodeDetails("n", "p", "MPC", "multi_party_call", raw=answer, status_code=200)


@pytest.mark.parametrize(
    ("answer", "run_id"),
    [({"api_id": "a", "phlo_run_id": "r"}, "r"), ({"api_id": "a"}, "a"), ({}, None)],
)
def test_a_runs_id_is_its_own_or_else_the_requests(
    answer: dict[str, str], run_id: str | None
) -> None:
    result = _read(Action.run("p"), answer | {"message": "b'Start'"}, 201)

    assert isinstance(result, PhloRun)
    assert (result.run_id, result.message, result.phlo_id) == (run_id, "b'Start'", "p")


def test_what_a_run_has_produced() -> None:
    answer = {"run_id": "r", "call_uuids": ["1", "2"], "message_uuids": [], "recording_ids": None}
    result = _read(Action.get_run("p", "r"), answer)

    assert result == PhloRunDetails("r", "p", ("1", "2"), raw=answer, status_code=200)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", b'"x"', b"\xff\xfe", b"null", b"{" * 10**5]
)
@pytest.mark.parametrize("verb", ["hold", "run"])
def test_an_accepted_action_whose_answer_cannot_be_read_is_done(verb: str, body: bytes) -> None:
    action = HOLD if verb == "hold" else Action.run("p")
    result = _read(action, body, 201)

    assert result.api_id is None
    assert not result.reply_complete
    assert result.status_code == 201


def test_a_lost_body_is_one_that_cannot_be_read() -> None:
    result = result_from(ActionResult, HOLD, Reply(201, {}, None), TIMING)

    assert result == ActionResult(reply_complete=False, status_code=201)


def test_a_reading_that_cannot_be_read_has_nothing_else_to_give() -> None:
    with pytest.raises(DecodeError, match="200, but its body was lost"):
        _read(Action.get_phlo("p"), b"")


def test_an_answer_of_yes_with_an_error_is_a_failure() -> None:
    with pytest.raises(
        ActionFailedError, match="Plivo accepted it, but it failed: no credit"
    ) as caught:
        _read(HOLD, {"api_id": "a", "error": "no credit"}, 201)

    assert (caught.value.status_code, caught.value.api_id) == (201, "a")


def test_a_field_of_another_shape_is_left_out_and_stays_in_raw() -> None:
    result = _read(Action.get_phlo("p"), {"name": ["x"], "created_on": 5, "api_id": {}})

    assert result == PhloDetails(
        "p", raw={"name": ["x"], "created_on": 5, "api_id": {}}, status_code=200
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, e.BadRequestError),
        (401, e.AuthenticationError),
        (403, e.PermissionDeniedError),
        (404, e.NotFoundError),
        (409, e.ConflictError),
        (429, e.RateLimitedError),
        (500, e.ServerError),
        (503, e.ServerError),
        (599, e.ServerError),
        (302, e.ResponseError),
        (405, e.ResponseError),
        (422, e.ResponseError),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[e.ResponseError]) -> None:
    error = error_from(HOLD, Reply(status, {"date": "d"}, b'{"api_id": "a", "error": "no"}'))

    assert type(error) is kind
    assert (error.status_code, error.message, error.api_id) == (status, "no", "a")
    assert (error.body, error.headers) == ({"api_id": "a", "error": "no"}, {"date": "d"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": "to is a mandatory param."}', "to is a mandatory param."),
        (b'{"error": {"error": "inner"}}', "inner"),
        (b'{"message": "outer"}', "outer"),
        (b'{"error": ""}', ""),
        (b'{"error": ["x"]}', ""),
        (b"plain\n text ", "plain text"),
        (b"<html><body>nginx</body></html>", ""),
        (b"", ""),
        (b"x" * 1000, "x" * 200),
    ],
)
def test_plivos_words_are_found_wherever_they_stand(body: bytes, message: str) -> None:
    assert error_from(HOLD, Reply(400, {}, body)).message == message


@pytest.mark.parametrize("body", [b"plain", b"<html>", b"\xff"])
def test_a_body_that_is_no_json_stays_readable_as_text(body: bytes) -> None:
    assert error_from(HOLD, Reply(502, {}, body)).body == body.decode(errors="replace")


def test_the_message_is_one_line_with_what_went_wrong_and_what_to_do() -> None:
    reply = Reply(400, {}, b'{"error": "+12025551111 is\\nno number."}')

    assert str(error_from(HOLD, reply)) == (
        "hold …1111: 400 Bad Request: …1111 is no number."
        " Check the arguments, and that the call is in a state that allows it."
    )


def test_the_message_says_when_it_may_have_happened() -> None:
    error = error_from(HOLD, Reply(500, {}, b""), may_have_happened=True, stopped="tried twice")

    assert str(error) == (
        "hold …1111: 500 Internal Server Error (tried twice)."
        " It may have happened; check before repeating it."
    )
    assert error.may_have_happened is True


@given(
    status=st.integers(200, 599),
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["error", "api_id", "message", "name", "created_on", "call_uuids"]),
                inner,
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
    verb=st.sampled_from(sorted(Verb)),
)
def test_nothing_a_server_sends_raises_anything_else(status: int, body: bytes, verb: str) -> None:
    action = {
        "run": Action.run("p"),
        "get_phlo": Action.get_phlo("p"),
        "get_node": Action.get_node("p", "t", "n"),
        "get_run": Action.get_run("p", "r"),
    }.get(verb, HOLD)
    reply = Reply(status, {}, body)
    try:
        outcome: object = (
            result_from(kind_of(action.verb), action, reply, TIMING)
            if status < 300
            else error_from(action, reply)
        )
    except PhloError as error:
        outcome = error

    assert isinstance(outcome, Result | PhloError)
    assert "\n" not in (str(outcome) if isinstance(outcome, PhloError) else "")
