"""The units that an SMS is billed for, and how long it may be.

https://www.plivo.com/docs/messaging/concepts/encoding-and-concatenation
"""

from __future__ import annotations

__all__ = ["MAX_GSM_CHARACTERS", "MAX_UCS2_CHARACTERS", "sms_length", "sms_limit", "sms_units"]

MAX_GSM_CHARACTERS = 1600
"""The maximum length of a text of GSM characters; those of the extension count as two."""

MAX_UCS2_CHARACTERS = 737
"""The maximum length of any other text, in UTF-16 units."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM_ALL = _GSM | _GSM_EXTENSION
_GSM_SINGLE, _GSM_PART = 160, 153
_UCS2_SINGLE, _UCS2_PART = 70, 67


def sms_units(text: str) -> int:
    """Return the number of messages that a text is sent as; an empty one is one (assumed).

    Args:
        text: the text.
    """
    single, part = (_GSM_SINGLE, _GSM_PART) if _is_gsm(text) else (_UCS2_SINGLE, _UCS2_PART)
    sizes = _sizes(text)
    if sum(sizes) <= single:
        return 1
    units, room = 0, 0
    for size in sizes:
        if size > room:  # a character is never split
            units, room = units + 1, part
        room -= size
    return units


def sms_length(text: str) -> int:
    """Return the length of a text as an SMS: in GSM characters, or else in UTF-16 units.

    Args:
        text: the text.
    """
    return sum(_sizes(text))


def sms_limit(text: str) -> int:
    """Return the `sms_length` that a text may have at most.

    Args:
        text: the text, whose characters decide about its encoding.
    """
    return MAX_GSM_CHARACTERS if _is_gsm(text) else MAX_UCS2_CHARACTERS


def _is_gsm(text: str) -> bool:
    return _GSM_ALL.issuperset(text)


def _sizes(text: str) -> list[int]:
    if _is_gsm(text):
        return [2 if character in _GSM_EXTENSION else 1 for character in text]
    return [2 if ord(character) > 0xFFFF else 1 for character in text]
