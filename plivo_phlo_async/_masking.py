"""Phone numbers out of messages and logs."""

from __future__ import annotations

import logging
import re

__all__ = ["mask", "mask_httpx_log", "mask_numbers"]

_NUMBER = re.compile(r"\+?\d{7,}")
_MEMBER_IN_PATH = re.compile(r"(/members/)([^/?#\s]+)")


def mask(address: str) -> str:
    """An address that tells its owner which one is meant, and nobody else.

    `12025551111` becomes `…1111`, `sip:bob@phone.plivo.com` becomes `…@phone.plivo.com`.
    """
    _, at, host = address.rpartition("@")
    if at:
        return f"…@{host}"
    return f"…{address[-4:]}" if len(address) >= 8 else "…"


def mask_numbers(text: str) -> str:
    """`text` with every run of seven digits or more masked."""
    return _NUMBER.sub(lambda found: mask(found[0]), text)


class _MembersMasked(logging.Filter):
    """Masks the member's address in the URLs that httpx logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/members/" in message:
            record.msg = _MEMBER_IN_PATH.sub(lambda found: found[1] + mask(found[2]), message)
            record.args = None
        return True


_members_masked = _MembersMasked()


def mask_httpx_log() -> None:
    """Keep httpx's own logger, which writes whole URLs at INFO, from telling phone numbers."""
    logging.getLogger("httpx").addFilter(_members_masked)  # a second time changes nothing
