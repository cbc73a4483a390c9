"""The emulator's errors.

EmulatorError                  .error  .reason
  CallError                    a call's state does not allow a step; knows no HTTP
    MemberNotFound             the member is not in the call
    InvalidState               the action is not possible in the call's state
  ApiError                     .status  .headers
    InvalidParameter      400  a parameter is missing or invalid, in Plivo's words
    MalformedBody         400  the body is not a JSON object
    WrongCredentials      401  the Basic credentials are missing or wrong
    OtherAccount          403  the path names another account
    UnknownResource       404  the path, PHLO, node, run or call does not exist
    WrongMethod           405  the path exists for other methods only
    PhoneBusy             409  the phone is in a call, and cannot call a number
    BodyTooLarge          413  the body exceeds `BODY_LIMIT`
    TooManyRequests       429  the rate limit is exceeded

Plivo publishes the texts for 400 only; the others are assumed.
"""

from collections.abc import Iterable

BODY_LIMIT = 64 * 1024
"""The largest request body that the emulator reads, in bytes."""


class EmulatorError(Exception):
    """Base class of the emulator's errors.

    Attributes:
        error: the error text of the response.
        reason: one line that says why, for people.
    """

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error: str = error
        self.reason: str = reason


class CallError(EmulatorError):
    """The state of a call does not allow a step; the call stays unchanged."""


class MemberNotFound(CallError):
    """The member is not in the call, or has left it."""

    def __init__(self, reason: str) -> None:
        super().__init__("No such member in this call.", reason)


class InvalidState(CallError):
    """The action is not possible in the present state of the call."""

    def __init__(self, reason: str) -> None:
        super().__init__("Invalid value provided for action.", reason)


class ApiError(EmulatorError):
    """An error response.

    Attributes:
        status: the HTTP status.
        error: the error text of the response.
        reason: one line that says why, for people; the error text by default.
        headers: additional response headers.
    """

    status: int = 400

    def __init__(
        self, error: str, headers: tuple[tuple[str, str], ...] = (), *, reason: str = ""
    ) -> None:
        super().__init__(error, reason or error)
        self.headers: tuple[tuple[str, str], ...] = headers


class InvalidParameter(ApiError):
    """A parameter is missing or invalid; the text is Plivo's."""


class MalformedBody(ApiError):
    """The body is not a JSON object in UTF-8."""

    def __init__(self) -> None:
        super().__init__("The request body is not a JSON object.")


class WrongCredentials(ApiError):
    """The Basic credentials are missing or do not match the account."""

    status = 401

    def __init__(self) -> None:
        text = "Authentication failed: check the Auth ID and the Auth Token."
        super().__init__(text, (("www-authenticate", 'Basic realm="phlo"'),))


class OtherAccount(ApiError):
    """The path names another account than the credentials."""

    status = 403

    def __init__(self) -> None:
        super().__init__("The Auth ID in the path belongs to another account.")


class UnknownResource(ApiError):
    """The path, PHLO, node, run or call does not exist; `what` names its kind, `name` it."""

    status = 404

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"No such {what}.", reason=f"There is no {what} {name!r}.")


class WrongMethod(ApiError):
    """The path exists only for the methods in `allowed`."""

    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        names = ", ".join(sorted(allowed))
        super().__init__(f"Method not allowed here; allowed: {names}.", (("allow", names),))


class PhoneBusy(ApiError):
    """The phone is in a call, and cannot call a number."""

    status = 409

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is in a call already; hang up first.")


class BodyTooLarge(ApiError):
    """The body is larger than `BODY_LIMIT` bytes."""

    status = 413

    def __init__(self) -> None:
        super().__init__(f"The request body is larger than {BODY_LIMIT} bytes.")


class TooManyRequests(ApiError):
    """The rate limit is exceeded; `retry_after` in whole seconds, None to send no such header."""

    status = 429

    def __init__(self, retry_after: int | None) -> None:
        headers = () if retry_after is None else (("retry-after", str(retry_after)),)
        super().__init__("Too many requests: wait before the next one.", headers)
