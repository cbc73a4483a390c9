"""Every way the emulator says no, each with its HTTP status and its text.

Refusal                      .status  .error  .headers
  NotHere               404  the member is unknown to this call, or has left it
  NotNow                400  the call's state does not allow the action
  InvalidParameter      400  a parameter is missing or wrong, in Plivo's words
  MalformedBody         400  the body is not a JSON object
  WrongCredentials      401  no Basic credentials, or not this account's
  OtherAccount          403  the path names another account
  UnknownResource       404  no such path, PHLO, node or run
  WrongMethod           405  the path exists for other methods only
  BodyTooLarge          413  the body is longer than the emulator reads
  TooManyRequests       429  the account's rate is used up

Plivo publishes the texts for 400 only; the others are assumed.
"""

from collections.abc import Iterable

BODY_LIMIT = 64 * 1024
"""The longest request body that is read, in bytes."""


class Refusal(Exception):
    """The emulator's no.

    Attributes:
        status: the HTTP status it is answered with.
        error: the text it is answered with.
        headers: the headers there are beside the usual ones.
    """

    status: int = 400

    def __init__(self, error: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(error)
        self.error: str = error
        self.headers: tuple[tuple[str, str], ...] = headers


class NotHere(Refusal):
    """The member is unknown to this call, or has left it (404, assumed)."""

    status = 404

    def __init__(self) -> None:
        super().__init__("No such member in this call.")


class NotNow(Refusal):
    """The action is not possible in the call's present state (400, assumed)."""

    def __init__(self) -> None:
        super().__init__("Invalid value provided for action.")


class InvalidParameter(Refusal):
    """A parameter is missing or wrong; the text is Plivo's."""


class MalformedBody(Refusal):
    """The body is not a JSON object in UTF-8."""

    def __init__(self) -> None:
        super().__init__("The request body is not a JSON object.")


class WrongCredentials(Refusal):
    """No Basic credentials came, or they are not this account's."""

    status = 401

    def __init__(self) -> None:
        text = "Authentication failed: check the Auth ID and the Auth Token."
        super().__init__(text, (("www-authenticate", 'Basic realm="phlo"'),))


class OtherAccount(Refusal):
    """The path names another account than the credentials do."""

    status = 403

    def __init__(self) -> None:
        super().__init__("The Auth ID in the path is another account's.")


class UnknownResource(Refusal):
    """There is no such path, PHLO, node or run; `what` is its name in the text."""

    status = 404

    def __init__(self, what: str) -> None:
        super().__init__(f"No such {what}.")


class WrongMethod(Refusal):
    """The path exists, but only for the methods in `allowed`."""

    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        names = ", ".join(sorted(allowed))
        super().__init__(f"Method not allowed here; allowed: {names}.", (("allow", names),))


class BodyTooLarge(Refusal):
    """The body is longer than `BODY_LIMIT` bytes."""

    status = 413

    def __init__(self) -> None:
        super().__init__(f"The request body is longer than {BODY_LIMIT} bytes.")


class TooManyRequests(Refusal):
    """The account's rate is used up; `retry_after` in whole seconds, or None to keep it quiet."""

    status = 429

    def __init__(self, retry_after: int | None) -> None:
        headers = () if retry_after is None else (("retry-after", str(retry_after)),)
        super().__init__("Too many requests: wait before the next one.", headers)
