"""The recordings that the emulator serves."""

from __future__ import annotations

import io
import struct
import wave

import pytest

from plivo_phlo_async.emulator.flow.recordings import MAX_SECONDS, recording_wav


def opened(data: bytes) -> wave.Wave_read:
    return wave.Wave_read(io.BytesIO(data))


def test_a_recording_is_a_wav_file_of_8_khz_16_bit_mono() -> None:
    file = opened(recording_wav(1.5, "a"))

    assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
    assert file.getnframes() == 12_000


@pytest.mark.parametrize(("seconds", "samples"), [(0, 0), (-1, 0), (0.001, 8), (7, 56_000)])
def test_a_recording_is_as_long_as_it_is_said_to_be(seconds: float, samples: int) -> None:
    assert opened(recording_wav(seconds, "a")).getnframes() == samples


def test_a_recording_is_quiet_and_not_silent() -> None:
    data = opened(recording_wav(2, "a")).readframes(16_000)
    samples = struct.unpack("<16000h", data)

    assert 1000 < max(samples) < 3000
    assert -3000 < min(samples) < -1000


def test_the_seed_decides_how_a_recording_sounds() -> None:
    assert recording_wav(1, "a") == recording_wav(1, "a")
    assert recording_wav(1, "a") != recording_wav(1, "b")


def test_a_recording_has_an_hour_at_most() -> None:
    assert opened(recording_wav(10 * MAX_SECONDS, "a")).getnframes() == 3600 * 8000
