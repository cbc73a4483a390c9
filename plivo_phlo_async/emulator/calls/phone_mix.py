"""What phones do at random: each behaviour has a percentage."""

import math
import random
import re

import attrs

from ..durations import read_range
from .phlos import Phone, PhoneBehaviour

EXAMPLE = "answer 70% after 5-20s, reject 10%, never 20%"
"""A mix as text."""

_PART = re.compile(r"(\S+)(?:\s+(\d+(?:\.\d+)?)%)?(?:\s+after\s+(\S+))?")
_SEED = re.compile(r"seed=(\d{1,9})")


@attrs.frozen
class PhoneShare:
    """What some of the phones do.

    Attributes:
        percent: the share of rings, in percent.
        does: what the phone does.
        least: the minimum number of seconds that it rings first.
        most: the maximum number of seconds.
    """

    percent: float
    does: PhoneBehaviour
    least: float = 0.0
    most: float = 0.0


@attrs.frozen
class PhoneMix:
    """What phones do when they ring, at random.

    The choice depends on the seed, the address and how often that address has rung, and on nothing
    else.

    Attributes:
        shares: what the phones do, and how many of them; together 100 percent.
        seed: the seed of the random choices.
    """

    shares: tuple[PhoneShare, ...] = (PhoneShare(100, PhoneBehaviour.ANSWER),)
    seed: int = 0

    def draw(self, canonical_address: str, ring: int) -> Phone:
        """Return what the phone at an address does.

        Args:
            canonical_address: the phone's address.
            ring: how often it has rung before.
        """
        chance = random.Random(f"{self.seed} {canonical_address!a} {ring}")
        drawn = chance.random() * 100
        for share in self.shares:
            drawn -= share.percent
            if drawn < 0:
                break
        return Phone(share.does, chance.uniform(share.least, share.most))

    def __str__(self) -> str:
        parts = [_text(share) for share in self.shares]
        return ", ".join(parts + ([f"seed={self.seed}"] if self.seed else []))


DEFAULT_MIX = PhoneMix()
"""Every phone answers at once."""


def read_phone_mix(text: str) -> PhoneMix:
    """Parse a mix, as `EXAMPLE`; `seed=7` may be its last part.

    Of several behaviours one may have no percentage: it is the rest.

    Args:
        text: the behaviours, each with its percentage and how long the phone rings first.

    Raises:
        ValueError: the text is invalid; the message says which part.
    """
    parts = [part.strip() for part in text.split(",")]
    seed = _SEED.fullmatch(parts[-1])
    shares = [_read_share(part) for part in (parts[:-1] if seed else parts)]
    open_ones = [share for share in shares if math.isnan(share.percent)]
    if len(open_ones) > 1 or not shares:
        raise ValueError(f"{text!r}: give each behaviour its percentage, as in {EXAMPLE!r}.")
    given = sum(share.percent for share in shares if share not in open_ones)
    rest = 100 - given
    if rest == 0 and open_ones:
        name = open_ones[0].does
        raise ValueError(f"{text!r}: the percentages add up to 100, which leaves none for {name}.")
    if rest < 0 or (rest > 0) != bool(open_ones):
        raise ValueError(f"{text!r}: the percentages add up to {given:g}, not 100.")
    filled = [attrs.evolve(one, percent=rest) if one in open_ones else one for one in shares]
    return PhoneMix(tuple(filled), int(seed[1]) if seed else 0)


def _read_share(part: str) -> PhoneShare:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"{part!r}: write it as in {EXAMPLE!r}.")
    does, percent, after = found.groups()
    if does not in tuple(PhoneBehaviour):
        raise ValueError(f"{does!r}: a phone does one of {', '.join(PhoneBehaviour)}.")
    least, most = read_range(after) if after else (0.0, 0.0)
    if after and not Phone(does).automatic:
        raise ValueError(f"{part!r}: 'after' does not apply to {does}; omit it.")
    return PhoneShare(float(percent or "nan"), PhoneBehaviour(does), least, most)


def _text(share: PhoneShare) -> str:
    percent = "" if share.percent == 100 else f" {share.percent:g}%"
    range_ = f"{share.least:g}-{share.most:g}" if share.least < share.most else f"{share.most:g}"
    return f"{share.does.value}{percent}" + (f" after {range_}s" if share.most else "")
