"""An account's credentials, from arguments or the environment."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from attrs import field, frozen

from ..errors import ConfigurationError
from .environment import NO_ACCOUNT

__all__ = ["Credentials"]

# https://docs.plivo.com/docs/account: MA for a main account, SA for a subaccount, 20 characters.
_AUTH_ID = re.compile(r"(MA|SA)[A-Za-z0-9]{18}")


@frozen
class Credentials:
    """An account's Auth ID and Auth Token."""

    auth_id: str
    auth_token: str = field(repr=False)

    @classmethod
    def find(
        cls, auth_id: str | None, auth_token: str | None, environ: Mapping[str, str]
    ) -> Credentials:
        """Return the credentials: each from its argument, else from `environ`.

        Raises:
            ConfigurationError: one is missing or malformed.
        """
        found = cls(
            _given("auth_id", auth_id, "PLIVO_AUTH_ID", environ),
            _given("auth_token", auth_token, "PLIVO_AUTH_TOKEN", environ),
        )
        if not _AUTH_ID.fullmatch(found.auth_id):
            raise ConfigurationError(
                "auth_id (PLIVO_AUTH_ID) is malformed: an Auth ID is MA or SA and 18 letters or"
                f" digits, as the Plivo console shows it. {NO_ACCOUNT}"
            )
        if not (found.auth_token.isascii() and found.auth_token.isprintable()):
            raise ConfigurationError(
                "auth_token (PLIVO_AUTH_TOKEN) is malformed: it holds a line end or another"
                f" character no token has; copy it again from the Plivo console. {NO_ACCOUNT}"
            )
        return found

    @property
    def header(self) -> str:
        """The value of `Authorization`: HTTP basic authentication."""
        pair = f"{self.auth_id}:{self.auth_token}".encode()
        return "Basic " + base64.b64encode(pair).decode()


def _given(argument: str, value: object, variable: str, environ: Mapping[str, str]) -> str:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{argument} must be a string, not {type(value).__name__}.")
    found = value if value is not None else environ.get(variable)
    if not found or not found.strip():
        raise ConfigurationError(
            f"No {argument}: set the environment variable {variable}, or pass {argument}=."
            f" {NO_ACCOUNT}"
        )
    return found
