"""How Plivo signs a callback: V3 over URL and parameters, V2 over the URL alone.

https://docs.plivo.com/docs/voice/concepts/signature-validation/
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit


def signed_text(version: str, method: str, url: str, params: Mapping[str, str], nonce: str) -> str:
    """Return the string that is signed.

    Args:
        version: "V3" or "V2".
        method: "POST" or "GET".
        url: the callback's URL, with its query.
        params: the body's parameters; a GET's are in its URL already.
        nonce: what makes the signature this delivery's own.
    """
    parts = urlsplit(url)
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if version == "V2":
        return bare + nonce
    query = "&".join(
        f"{name}={value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    told = "" if method == "GET" else "".join(f"{n}{v}" for n, v in sorted(params.items()))
    mark = "?" if query or told else ""
    between = "." if query and told else ""
    return f"{bare}{mark}{query}{between}{told}.{nonce}"


def signature(token: str, text: str) -> str:
    """Return the signature of `text` under an Auth Token."""
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def headers_of(version: str, token: str, text: str, nonce: str) -> dict[str, str]:
    """Return the three headers that go with a callback of one account without subaccounts."""
    signed = signature(token, text)
    return {
        f"X-Plivo-Signature-{version}": signed,
        f"X-Plivo-Signature-Ma-{version}": signed,
        f"X-Plivo-Signature-{version}-Nonce": nonce,
    }
