"""The recordings that the emulator serves: a hum with the rhythm of speech."""

from __future__ import annotations

import io
import math
import random
import struct
import wave

__all__ = ["MAX_SECONDS", "recording_wav"]

MAX_SECONDS = 3600
"""The maximum length of a recording in seconds; it has 16,000 bytes a second."""

_RATE = 8000  # samples a second
_WIDTH = 2  # bytes of a sample
_SYLLABLES = 8
_SYLLABLE = _RATE // 4  # samples
_LOUDNESS = 2000  # of 32767


def recording_wav(seconds: float, seed: str) -> bytes:
    """Return a WAV file of 8 kHz, 16 bit, mono.

    Args:
        seconds: its length, `MAX_SECONDS` at most; below zero for none.
        seed: what decides how it sounds; the same gives the same file.
    """
    size = round(min(max(seconds, 0), MAX_SECONDS) * _RATE) * _WIDTH
    pattern = _pattern(seed)
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_WIDTH)
        file.setframerate(_RATE)
        file.writeframes((pattern * (size // len(pattern) + 1))[:size])
    return output.getvalue()


def _pattern(seed: str) -> bytes:
    dice = random.Random(seed)
    voice = dice.uniform(100, 220)  # Hz
    pitches = [voice * dice.uniform(0.85, 1.2) for _ in range(_SYLLABLES)]
    samples = [sample for pitch in pitches for sample in _syllable(pitch)]
    return struct.pack(f"<{len(samples)}h", *samples)


def _syllable(pitch: float) -> list[int]:
    """Return the samples of a hum that rises and falls."""
    turn = 2 * math.pi * pitch / _RATE
    rise = math.pi / _SYLLABLE
    return [
        round(_LOUDNESS * math.sin(at * rise) * (math.sin(at * turn) + math.sin(2 * at * turn)) / 2)
        for at in range(_SYLLABLE)
    ]
