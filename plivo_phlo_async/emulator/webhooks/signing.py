"""Plivo's webhook signatures: V3 over the URL and the parameters, V2 over the URL alone.

https://docs.plivo.com/docs/voice/concepts/signature-validation/
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit


def signed_text(
    version: str,
    method: str,
    url: str,
    params: Mapping[str, str],
    nonce: str,
    *,
    port_in_signature: bool = True,
) -> str:
    """Return the string to sign.

    Args:
        version: "V3" or "V2".
        method: "POST" or "GET".
        url: the callback's URL, with its query.
        params: the parameters of the body; those of a GET are in its URL.
        nonce: the nonce of the delivery.
        port_in_signature: whether the URL is signed with its port, as documented; the V3
            validators of Plivo's SDKs for Java, Ruby and .NET drop it, and Ruby's V2 validator.
    """
    parts = urlsplit(url)
    host = parts.netloc if port_in_signature else _without_port(parts.netloc)
    bare = f"{parts.scheme}://{host}{parts.path}"
    if version == "V2":
        return bare + nonce
    query = "&".join(
        f"{name}={value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    joined = "" if method == "GET" else "".join(f"{n}{v}" for n, v in sorted(params.items()))
    mark = "?" if query or joined else ""
    between = "." if query and joined else ""
    return f"{bare}{mark}{query}{between}{joined}.{nonce}"


def _without_port(netloc: str) -> str:
    return re.sub(r":\d*\Z", "", netloc)


def signature(token: str, text: str) -> str:
    """Return the signature of `text` with an Auth Token."""
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signature_headers(version: str, token: str, text: str, nonce: str) -> dict[str, str]:
    """Return the three signature headers of an account without subaccounts."""
    signed = signature(token, text)
    return {
        f"X-Plivo-Signature-{version}": signed,
        f"X-Plivo-Signature-Ma-{version}": signed,
        f"X-Plivo-Signature-{version}-Nonce": nonce,
    }
