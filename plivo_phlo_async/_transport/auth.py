"""Who asks, and whom: credentials and the API's address, from arguments or the environment."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from ..errors import ConfigurationError

__all__ = ["DEFAULT_BASE_URL", "Credentials", "base_url_from", "node_from"]

DEFAULT_BASE_URL = "https://phlorunner.plivo.com/v1"

_NO_ACCOUNT = "`plivo-phlo demo` needs no account."
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
        """Each from its argument, else from `environ`.

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
                f" digits, as the Plivo console shows it. {_NO_ACCOUNT}"
            )
        if not (found.auth_token.isascii() and found.auth_token.isprintable()):
            raise ConfigurationError(
                "auth_token (PLIVO_AUTH_TOKEN) is malformed: it holds a line end or another"
                f" character no token has; copy it again from the Plivo console. {_NO_ACCOUNT}"
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
            f" {_NO_ACCOUNT}"
        )
    return found


def base_url_from(value: str | None, environ: Mapping[str, str]) -> str:
    """The API's address with no slash at its end: `value`, else the environment's, else Plivo's.

    Raises:
        ConfigurationError: it is no http or https address, or carries a user, query or fragment.
    """
    given = value if value is not None else environ.get("PLIVO_PHLO_BASE_URL") or DEFAULT_BASE_URL
    where = "base_url (PLIVO_PHLO_BASE_URL)"
    try:
        url = httpx.URL(given)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigurationError(
            f"{where} is malformed: {error}; Plivo's is {DEFAULT_BASE_URL}. {_NO_ACCOUNT}"
        ) from error
    if url.scheme not in {"http", "https"} or not url.host:
        problem = "must begin with https:// (or http://) and a host"
    elif url.userinfo or url.query or url.fragment or "?" in given or "#" in given:
        problem = "must not carry a user, a query or a fragment"
    elif not 0 < (url.port or 80) < 2**16:
        problem = "must have a port from 1 to 65535"
    else:
        return str(url).rstrip("/")
    raise ConfigurationError(f"{where} {problem}; Plivo's is {DEFAULT_BASE_URL}. {_NO_ACCOUNT}")


def node_from(environ: Mapping[str, str]) -> tuple[str, str]:
    """The PHLO's id and the node's that `environ` names.

    Raises:
        ConfigurationError: one is not set.
    """
    names = ("PLIVO_PHLO_ID", "PLIVO_NODE_ID")
    missing = [name for name in names if not environ.get(name, "").strip()]
    if missing:
        raise ConfigurationError(
            f"No multi-party call node: set {' and '.join(missing)}, or give the ids:"
            " client.phlo(phlo_id).multi_party_call(node_id)."
        )
    phlo_id, node_id = (environ[name] for name in names)
    return phlo_id, node_id
