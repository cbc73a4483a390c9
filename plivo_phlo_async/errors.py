"""The package's exceptions, split by whether the server can have acted.

PhloError
  ConfigurationError          the client cannot be built (also ValueError)
  InvalidArgumentError        an argument cannot be sent (also ValueError)
  RequestError                no response came
    NotSentError                the server cannot have acted
    OutcomeUnknownError         it may have acted
  ResponseError               a response came, and it is an error
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
  JournalError                a journal cannot be used
  WebhookError
    SignatureError              a webhook that cannot be trusted
"""

from __future__ import annotations

from typing import Any

from ._json_values import JsonObject, to_json_value

__all__ = [
    "TRY_AGAIN",
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


class PhloError(Exception, JsonObject):
    """The base of all errors of this package.

    Errors are equal if their type, message and attributes are; every error can be pickled.

    Attributes:
        may_have_happened: whether any attempt may have been carried out. If so, check before you
            repeat an action that dials.
        attempts: how many requests were made; 0 if none was.
        action: the `Action`, or None.
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

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON values, without the action."""
        return {
            "type": type(self).__name__,
            "message": str(self),
            "may_have_happened": self.may_have_happened,
            "attempts": self.attempts,
        }

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        return {"type": str, "message": str, "may_have_happened": bool, "attempts": int}


class ConfigurationError(PhloError, ValueError):
    """The configuration is missing or malformed; the message says what to set."""


class InvalidArgumentError(PhloError, ValueError):
    """An argument is invalid; the message names it. Nothing was sent."""


class RequestError(PhloError):
    """No response came."""


class NotSentError(RequestError):
    """No request was begun, so the server cannot have acted; trying again is safe."""


class OutcomeUnknownError(RequestError):
    """The request was begun and no response came: the action may have been carried out.

    `may_have_happened` is True. Check before you repeat an action that dials.
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
    """The response is an error; statuses without a class of their own raise this one.

    Attributes:
        status_code: the HTTP status.
        message: Plivo's message with phone numbers masked; "" if it sent none.
        api_id: Plivo's id of the request, or None.
        body: the response's body, parsed if it is JSON, else as text.
        headers: the response's headers, names in lower case.
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

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON values, without the action and the headers."""
        return {
            **super().to_dict(),
            "status_code": self.status_code,
            "server_message": self.message,
            "api_id": self.api_id,
            "body": to_json_value(self.body),
        }

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        own = {"status_code": int, "server_message": str, "api_id": str | None, "body": Any}
        return {**super()._json_types(), **own}


class BadRequestError(ResponseError):
    """400: a parameter is missing or invalid, or the call is not in a state for this action."""


class AuthenticationError(ResponseError):
    """401: Plivo does not accept this Auth ID and Auth Token."""


class PermissionDeniedError(ResponseError):
    """403: the PHLO is not enabled, or belongs to another account."""


class NotFoundError(ResponseError):
    """404: the PHLO, node or member does not exist (or the PHLO is not deployed)."""


class ConflictError(ResponseError):
    """409: the call's state does not allow the action."""


class RateLimitedError(ResponseError):
    """429, for longer than the client may wait.

    Attributes:
        retry_after: seconds the server asks to wait, or None if it does not say.
    """

    retry_after: float | None

    def __init__(self, text: str = "", *, retry_after: float | None = None, **answer: Any) -> None:
        super().__init__(text, **answer)
        self.retry_after = retry_after

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON values, without the action and the headers."""
        return {**super().to_dict(), "retry_after": self.retry_after}

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        return {**super()._json_types(), "retry_after": float | None}


class ServerError(ResponseError):
    """5xx: `may_have_happened` is True, since gateways send it after the server has acted."""


class ActionFailedError(ResponseError):
    """2xx whose "error" is not empty: Plivo accepted the request, and the action failed."""


class UnexpectedResponseError(ResponseError):
    """2xx whose body is complete and not Plivo's, e.g. from a login portal or a wrong base URL.

    `may_have_happened` is True: a proxy may have answered after Plivo acted.
    """


class DecodeError(PhloError):
    """2xx to a GET whose body was lost; try again."""


class JournalError(PhloError):
    """A journal cannot be read or written, is in use, or belongs to other actions.

    An action that was not begun in it was not sent.
    """


TRY_AGAIN: tuple[type[PhloError], ...] = (NotSentError, JournalError)
"""What a queue retries after `perform` with a journal: the errors after which nothing was sent."""


class WebhookError(PhloError):
    """A webhook request cannot be used."""


class SignatureError(WebhookError):
    """A webhook request's signature is missing or wrong: treat the request as forged.

    Attributes:
        reason: what to check, in a few words.
    """

    reason: str

    def __init__(self, message: str = "", *, reason: str = "", **story: Any) -> None:
        super().__init__(message, **story)
        self.reason = reason or message

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON values."""
        return {**super().to_dict(), "reason": self.reason}

    @classmethod
    def _json_types(cls) -> dict[str, Any]:
        return {**super()._json_types(), "reason": str}
