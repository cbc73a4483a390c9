"""Diagnosis of an invalid signature: tries variants of the request until one matches.

For debugging a rejected request. A server must not use it to accept a request.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from .signature import Params, text_pairs
from .signature_variants import Difference, SignatureVariant, signature_variants

__all__ = ["Diagnosis", "Difference", "diagnose"]

_HEADERS = ("V3", "Ma-V3", "V2", "Ma-V2")


@frozen
class Diagnosis:
    """Whether a signature matches and, if not, which change of the request makes it match.

    Attributes:
        matches: the signature matches the request.
        differences: the fewest changes with which the signature matches; empty when it matches
            already, or when no tried variant matches.
        header: the matching header: "V3", "Ma-V3", "V2" or "Ma-V2"; None when none matches.
        token: the index of the matching token: 0 for `auth_token`, 1 for the first of
            `other_tokens`; None when none matches.
        signed: the signed text of the matching variant, without the nonce.
    """

    matches: bool
    differences: tuple[Difference, ...] = ()
    header: str | None = None
    token: int | None = None
    signed: str | None = field(default=None, repr=False)

    @property
    def advice(self) -> str:
        """The diagnosis in one sentence."""
        if self.matches:
            return f"The signature matches ({self.header})."
        if self.differences:
            changes = "; ".join(map(str, self.differences))
            return f"The signature would match ({self.header}): {changes}."
        return (
            "No tried variant matches: the token belongs to another account, the nonce or body to"
            " another request, or the request is forged."
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
    """Diagnose why a request's signature does not match.

    Args:
        method: the HTTP method.
        url: the URL that the server sees.
        params: the body's parameters, as for `verify_v3`.
        auth_token: the Auth Token that the server verifies with.
        nonce: the value of the nonce header.
        signature_v3: the value of `X-Plivo-Signature-V3`; several may be joined by commas.
        signature_ma_v3: the value of `X-Plivo-Signature-Ma-V3`.
        signature_v2: the value of `X-Plivo-Signature-V2`.
        signature_ma_v2: the value of `X-Plivo-Signature-Ma-V2`.
        hosts: other hosts to try, as in `X-Forwarded-Host`.
        other_tokens: other tokens to try, such as the main account's.

    Returns:
        The matching variant with the fewest differences.

    Raises:
        WebhookError: the URL's query has more than 1000 keys, or the parameters cannot be signed.
    """
    values = (signature_v3, signature_ma_v3, signature_v2, signature_ma_v2)
    sent = {header: value or "" for header, value in zip(_HEADERS, values, strict=True)}
    tokens = [auth_token, *other_tokens]
    for variant in signature_variants(method, url, text_pairs(params), hosts, tokens):
        header = _header_of(sent, variant.signature(nonce.strip()))
        if header is not None:
            return _diagnosis(variant, header)
    return Diagnosis(False)


def _header_of(sent: Mapping[str, str], expected: str) -> str | None:
    """Return the header that has this signature."""
    for header, value in sent.items():
        for each in value.split(","):
            if hmac.compare_digest(expected.encode(), each.strip().encode(errors="replace")):
                return header
    return None


def _diagnosis(variant: SignatureVariant, header: str) -> Diagnosis:
    differences = variant.differences
    if not header.endswith(variant.version):
        changed = f"it is a {variant.version} signature, passed as {header}"
        differences = (*differences, Difference("header", changed))
    return Diagnosis(not differences, differences, header, variant.token, variant.text)
