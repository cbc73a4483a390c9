"""The events of the components that decide how a PHLO goes on: HTTP Request, Counter, Branch.

https://docs.plivo.com/docs/phlo/components-library
"""

# ruff: noqa: RUF009 - `variable` and `state_field` make attrs fields, not shared values

from __future__ import annotations

from typing import Any, ClassVar

from attrs import frozen

from .base import Event, state_field, variable
from .converters import ANYTHING, COUNT, TEXT, one_of
from .enums import BranchState, Component, CounterState, HttpRequestState

__all__ = ["BranchEvent", "CounterEvent", "HttpRequestEvent"]


def _implied_state(status_code: int | None) -> HttpRequestState | None:
    if status_code is None:
        return None
    return HttpRequestState.SUCCESS if 200 <= status_code < 300 else HttpRequestState.FAILED


@frozen(kw_only=True)
class HttpRequestEvent(Event):
    """An HTTP request was made.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Success` or `Failed`; implied by `status_code` when it was not sent.
        content_type: media type of the response.
        status_code: HTTP status; 400 also when the response does not have the configured
            format.
        response: body of the response: a text, or the value of a JSON body.
    """

    component: ClassVar[Component | None] = Component.HTTP_REQUEST
    state: HttpRequestState | str | None = state_field(
        one_of(HttpRequestState), implied_by=("status_code", _implied_state)
    )
    content_type: str | None = variable("content_type", TEXT)
    status_code: int | None = variable("status_code", COUNT)
    response: Any = variable("response", ANYTHING, hashed=False)


@frozen(kw_only=True)
class CounterEvent(Event):
    """A counter was incremented; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: `Count Reached` or `Count Not Reached`.
    """

    component: ClassVar[Component | None] = Component.COUNTER
    state: CounterState | str | None = state_field(one_of(CounterState))


@frozen(kw_only=True)
class BranchEvent(Event):
    """A branch was taken; the component has no variables.

    https://docs.plivo.com/docs/phlo/components-library

    Attributes:
        state: alias of the matching condition, or `No Match`.
    """

    component: ClassVar[Component | None] = Component.BRANCH
    state: BranchState | str | None = state_field(one_of(BranchState))
