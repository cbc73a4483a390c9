"""What the client reads from the environment: the API's address, the default PHLO and node."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from ..errors import ConfigurationError

__all__ = ["DEFAULT_BASE_URL", "NO_ACCOUNT", "base_url_from", "node_from"]

DEFAULT_BASE_URL = "https://phlorunner.plivo.com/v1"
NO_ACCOUNT = "`plivo-phlo demo` needs no account."  # ends a message about missing configuration


def base_url_from(value: str | None, environ: Mapping[str, str]) -> str:
    """Return the API's address: `value`, else PLIVO_PHLO_BASE_URL, else Plivo's own.

    It ends without a slash.

    Raises:
        ConfigurationError: it is not an http or https URL, or has a user, a query or a fragment.
    """
    given = value if value is not None else environ.get("PLIVO_PHLO_BASE_URL") or DEFAULT_BASE_URL
    where = "base_url (PLIVO_PHLO_BASE_URL)"
    try:
        url = httpx.URL(given)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigurationError(
            f"{where} is malformed: {error}; Plivo's is {DEFAULT_BASE_URL}. {NO_ACCOUNT}"
        ) from error
    if url.scheme not in {"http", "https"} or not url.host:
        problem = "must begin with https:// (or http://) and a host"
    elif url.userinfo or url.query or url.fragment or "?" in given or "#" in given:
        problem = "must not have a user, a query or a fragment"
    elif not 0 < (url.port or 80) < 2**16:
        problem = "must have a port from 1 to 65535"
    else:
        return str(url).rstrip("/")
    raise ConfigurationError(f"{where} {problem}; Plivo's is {DEFAULT_BASE_URL}. {NO_ACCOUNT}")


def node_from(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the ids in PLIVO_PHLO_ID and PLIVO_NODE_ID.

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
