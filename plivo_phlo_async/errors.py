"""Everything this package raises, split by whether the server can have acted.

PhloError
  ConfigurationError          the client cannot be built (also ValueError)
  InvalidArgumentError        an argument cannot be sent (also ValueError)
  RequestError                no answer came
    NotSentError                the server cannot have acted
    OutcomeUnknownError         it may have acted
  ResponseError               an answer came, and it says no
    BadRequestError             400
    AuthenticationError         401
    PermissionDeniedError       403
    NotFoundError               404
    ConflictError               409
    RateLimitedError            429
    ServerError                 5xx
    ActionFailedError           2xx whose "error" is not empty
    UnexpectedResponseError     2xx whose body is not Plivo's; it may have acted
  DecodeError                 2xx to a GET whose body cannot be read
  JournalError                a bulk run's journal cannot be used
  WebhookError
    SignatureError              a webhook that cannot be trusted
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ActionFailedError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "DecodeError",
    "InvalidArgumentError",
    "JournalError",
    "NotFoundError",
    "NotSentError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "PhloError",
    "RateLimitedError",
    "RequestError",
    "ResponseError",
    "ServerError",
    "SignatureError",
    "UnexpectedResponseError",
    "WebhookError",
]


class PhloError(Exception):
    """Base of all errors of this package.

    Two errors are equal when type, message and attributes are; every error can be pickled.

    Attributes:
        may_have_happened: True when the action may have been carried out by any of its attempts.
            Do not repeat a dialling action then before checking.
        attempts: how many times the action was tried; 0 when it never got that far.
        action: the `Action` this is about, or None.
    """

    may_have_happened: bool
    attempts: int
    action: Any

    def __init__(
        self,
        message: str = "",
        *,
        may_have_happened: bool = False,
        attempts: int = 0,
        action: Any = None,
    ) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened
        self.attempts = attempts
        self.action = action

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PhloError) or type(other) is not type(self):
            return NotImplemented
        return (self.args, self.__dict__) == (other.args, other.__dict__)

    def __hash__(self) -> int:
        return hash((type(self), self.args))


class ConfigurationError(PhloError, ValueError):
    """The client cannot be built from what it was given; the message says what to set."""


class InvalidArgumentError(PhloError, ValueError):
    """An argument cannot be sent; the message names it. Nothing was sent."""


class RequestError(PhloError):
    """No answer came."""


class NotSentError(RequestError):
    """No attempt was begun, so the server cannot have acted; trying again is safe."""


class OutcomeUnknownError(RequestError):
    """The request was begun and no answer came: the action may have been carried out.

    `may_have_happened` is True. Check before repeating an action that dials.
    """

    def __init__(
        self,
        message: str = "",
        *,
        may_have_happened: bool = True,
        attempts: int = 0,
        action: Any = None,
    ) -> None:
        super().__init__(
            message, may_have_happened=may_have_happened, attempts=attempts, action=action
        )


class ResponseError(PhloError):
    """An answer came and it says no; the class of any status without one of its own.

    Attributes:
        status_code: the HTTP status.
        message: Plivo's own words with phone numbers masked, "" when it sent none.
        api_id: Plivo's id of the request, or None.
        body: the answer's body: parsed when it was JSON, else its text.
        headers: the answer's headers, names in lower case.
    """

    status_code: int
    message: str
    api_id: str | None
    body: Any
    headers: dict[str, str]

    def __init__(
        self,
        text: str = "",
        *,
        status_code: int = 0,
        message: str = "",
        api_id: str | None = None,
        body: Any = "",
        headers: dict[str, str] | None = None,
        may_have_happened: bool = False,
        attempts: int = 0,
        action: Any = None,
    ) -> None:
        super().__init__(
            text, may_have_happened=may_have_happened, attempts=attempts, action=action
        )
        self.status_code = status_code
        self.message = message
        self.api_id = api_id
        self.body = body
        self.headers = headers or {}


class BadRequestError(ResponseError):
    """400: a parameter is missing or invalid, or the call is not in a state for this action."""


class AuthenticationError(ResponseError):
    """401: Plivo does not know this Auth ID and Auth Token."""


class PermissionDeniedError(ResponseError):
    """403: the PHLO is not enabled, or belongs to another account."""


class NotFoundError(ResponseError):
    """404: no such PHLO, node or member (or the PHLO is not deployed)."""


class ConflictError(ResponseError):
    """409: the call's state does not allow this."""


class RateLimitedError(ResponseError):
    """429, for longer than the client was allowed to wait.

    Attributes:
        retry_after: seconds the server asked to wait, or None when it did not say.
    """

    retry_after: float | None

    def __init__(self, text: str = "", *, retry_after: float | None = None, **answer: Any) -> None:
        super().__init__(text, **answer)
        self.retry_after = retry_after


class ServerError(ResponseError):
    """5xx: `may_have_happened` is True, since gateways answer so after the server has acted."""


class ActionFailedError(ResponseError):
    """2xx whose "error" is not empty: Plivo took the request and says it failed."""


class UnexpectedResponseError(ResponseError):
    """2xx whose body is whole and not Plivo's: from a login portal, a proxy, a wrong base URL.

    `may_have_happened` is True: something on the way may have answered after Plivo acted.
    """


class DecodeError(PhloError):
    """2xx to a GET whose body was lost on the way; ask again."""


class JournalError(PhloError):
    """A bulk run's journal cannot be read or written, is in use, or is another list's.

    Whatever was not begun in it was not sent.
    """


class WebhookError(PhloError):
    """A webhook that cannot be used."""


class SignatureError(WebhookError):
    """A webhook whose signature is missing or wrong: treat it as forged.

    Attributes:
        reason: what to check, in a few words.
    """

    reason: str

    def __init__(self, message: str = "", *, reason: str = "", **story: Any) -> None:
        super().__init__(message, **story)
        self.reason = reason or message
