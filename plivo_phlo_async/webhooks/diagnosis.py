"""Why a signature does not match: the same request in other readings, until one does.

For a person with a request that was refused, at a terminal; not for a server, which must not take
what merely could have been meant.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from .readings import Difference, Reading, readings
from .signature import Params, text_pairs

__all__ = ["Diagnosis", "Difference", "diagnose"]

_HEADERS = ("V3", "Ma-V3", "V2", "Ma-V2")


@frozen
class Diagnosis:
    """Whether a signature matches, and if not, what would make it.

    Attributes:
        matches: the request is signed as it stands.
        differences: what has to be read differently for the signature to match, the fewest that
            will do; empty when it matches, or when nothing tried does.
        header: the header that matched: "V3", "Ma-V3", "V2" or "Ma-V2"; None when none did.
        token: which token it is made with: 0 for `auth_token`, 1 for the first of `other_tokens`
            and so on; None when none matched.
        signed: what was signed in the reading that matches, but for the nonce.
    """

    matches: bool
    differences: tuple[Difference, ...] = ()
    header: str | None = None
    token: int | None = None
    signed: str | None = field(default=None, repr=False)

    @property
    def advice(self) -> str:
        """The finding in one sentence."""
        if self.matches:
            return f"The signature matches ({self.header})."
        if self.differences:
            told = "; ".join(map(str, self.differences))
            return f"The signature would match ({self.header}): {told}."
        return (
            "Nothing tried matches: it is another account's token, another request's nonce or"
            " body, or a forgery."
        )


def diagnose(
    method: str,
    url: str,
    params: Params | None,
    auth_token: str,
    *,
    nonce: str,
    signature_v3: str | None = None,
    signature_ma_v3: str | None = None,
    signature_v2: str | None = None,
    signature_ma_v2: str | None = None,
    hosts: Sequence[str] = (),
    other_tokens: Sequence[str] = (),
) -> Diagnosis:
    """Find out why a request's signature does not match.

    Args:
        method: the HTTP method.
        url: the URL as the server saw it.
        params: the body's parameters, as for `verify_v3`.
        auth_token: the Auth Token it was checked with.
        nonce: the nonce header's value.
        signature_v3: the value of `X-Plivo-Signature-V3`; several joined by commas will do.
        signature_ma_v3: the value of `X-Plivo-Signature-Ma-V3`.
        signature_v2: the value of `X-Plivo-Signature-V2`.
        signature_ma_v2: the value of `X-Plivo-Signature-Ma-V2`.
        hosts: other hosts it may have been asked for, as `X-Forwarded-Host` names them.
        other_tokens: other tokens to try, as those of main account and subaccount.

    Returns:
        The reading with the fewest differences that matches.

    Raises:
        WebhookError: the URL's query has more than 1000 keys, or the parameters cannot be signed.
    """
    values = (signature_v3, signature_ma_v3, signature_v2, signature_ma_v2)
    sent = {header: value or "" for header, value in zip(_HEADERS, values, strict=True)}
    for reading in readings(method, url, text_pairs(params), hosts, [auth_token, *other_tokens]):
        header = _header_of(sent, reading.signature(nonce.strip()))
        if header is not None:
            return _found(reading, header)
    return Diagnosis(False)


def _header_of(sent: Mapping[str, str], made: str) -> str | None:
    """The header that holds this signature."""
    for header, value in sent.items():
        for each in value.split(","):
            if hmac.compare_digest(made.encode(), each.strip().encode(errors="replace")):
                return header
    return None


def _found(reading: Reading, header: str) -> Diagnosis:
    differences = reading.differences
    if not header.endswith(reading.version):
        told = f"it is a signature {reading.version}, given as {header}"
        differences = (*differences, Difference("header", told))
    return Diagnosis(not differences, differences, header, reading.token, reading.text)
