"""Windows of sound for the speech detector: a stream of blocks goes in, `SpeechWindow`s come out, memory stays flat.

Each window is trimmed to the stretch that holds speech, by the same rule that training uses for both labels: silence
at the ends of a recording tells who edited it, not whether it was forged.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from unmask.core.errors import InvalidOption
from unmask.core.evidence import Abstention
from unmask.core.records import F32Array, Sound, SpeechWindow
from unmask.voice.activity import CHUNK_S, RATE_HZ, SPEECH_ABOVE, speech_extent, speech_probabilities
from unmask.voice.music import held_tones

LENGTH_S = 4.0
HOP_S = 2.0
LEAST_SHARE = 0.3
LEAST_SPEECH_S = 0.8
# Of 1,262 genuine windows of speech 1.0 % hold their tones as clearly; music and singing made in code lie around 4.
MOST_HELD_TONES = 3.2
_TAIL_S = 0.5


def windows(
    blocks: Iterable[Sound],
    *,
    length_s: float = LENGTH_S,
    hop_s: float = HOP_S,
    starts_s: Sequence[float] | None = None,
) -> Iterator[SpeechWindow]:
    """Cut a stream of sound into windows.

    Args:
        blocks: Consecutive sound at 16 kHz, of any block size.
        length_s: Length of a window.
        hop_s: Distance between begins, where `starts_s` does not say otherwise.
        starts_s: Begins of the wanted windows in the time of the medium; the end of the sound may cut one short.

    Yields:
        Windows in order of time, each trimmed to its speech. The last one may be shorter than `length_s`; a rest of
        less than half a second that no window holds yet is left out.

    Raises:
        InvalidOption: A block is not at 16 kHz, or a length is not positive.
    """
    if length_s <= 0 or hop_s <= 0:
        message = f"Windows need a positive length and hop, got {length_s} s and {hop_s} s."
        raise InvalidOption(message)
    for sound in _cut(blocks, round(length_s * RATE_HZ), round(hop_s * RATE_HZ), starts_s):
        yield as_window(sound)


def as_window(sound: Sound) -> SpeechWindow:
    """Trim sound to its speech and measure it.

    Args:
        sound: One stretch at 16 kHz.

    Returns:
        The stretch from the first to the last speech with the share of speech in it; all of the sound, with a share
        of 0, if nobody speaks.

    Raises:
        InvalidOption: The sound is not at 16 kHz.
    """
    found = speech_probabilities(sound.samples_f32, sound.rate_hz)
    begin, end = speech_extent(found, sound.samples_f32.size)
    kept = Sound(sound.samples_f32[begin:end], sound.rate_hz, sound.start_s + begin / sound.rate_hz)
    spoken_s = float((found > SPEECH_ABOVE).sum()) * CHUNK_S
    return SpeechWindow(kept, min(spoken_s / kept.duration_s, 1.0) if end > begin else 0.0)


def unfit(window: SpeechWindow) -> Abstention | None:
    """Say why a window cannot be judged, or None if it can.

    Args:
        window: As from `windows`.

    Returns:
        ``no_speech``, ``too_short``, or ``out_of_domain`` for music and singing; None for enough speech.
    """
    if window.speech < LEAST_SHARE:
        return Abstention("no_speech", "hardly any speech in this stretch of sound")
    if window.speech * window.sound.duration_s < LEAST_SPEECH_S:
        return Abstention("too_short", f"less than {LEAST_SPEECH_S} s of speech")
    if held_tones(window.sound.samples_f32) > MOST_HELD_TONES:
        return Abstention("out_of_domain", "music or singing: tones are held as nobody speaks them")
    return None


def filled(window: SpeechWindow, *, length_s: float = LENGTH_S) -> F32Array:
    """Samples of a window at full length; short ones are repeated, as is usual in this field (Tak et al. 2021).

    Args:
        window: As from `windows`, not empty.
        length_s: Wanted length.

    Returns:
        Shape (round(length_s * rate),), float32.
    """
    length = round(length_s * window.sound.rate_hz)
    return np.resize(window.sound.samples_f32, length).astype(np.float32, copy=False)


def _begins(hop: int, origin_s: float, starts_s: Sequence[float] | None) -> Iterator[int]:
    """Begins in samples after the first one of the stream, ascending."""
    if starts_s is None:
        return itertools.count(0, hop)
    return iter(sorted(max(round((start - origin_s) * RATE_HZ), 0) for start in starts_s))


def _cut(blocks: Iterable[Sound], length: int, hop: int, starts_s: Sequence[float] | None) -> Iterator[Sound]:
    """Cut windows of `length` samples, holding no more sound than a window and a block."""
    held, first, reached, origin_s = np.zeros(0, np.float32), 0, 0, 0.0
    begins: Iterator[int] | None = None
    begin: int | None = None
    for block in blocks:
        if block.rate_hz != RATE_HZ:
            message = f"Windows need sound at {RATE_HZ} Hz, got {block.rate_hz} Hz. Resample it when decoding."
            raise InvalidOption(message)
        if begins is None:
            origin_s = block.start_s
            begins = _begins(hop, origin_s, starts_s)
            begin = next(begins, None)
        held = np.concatenate([held, block.samples_f32])
        while begin is not None and first + held.size >= begin + length:
            yield _sound(held, begin - first, length, origin_s + begin / RATE_HZ)
            reached, begin = begin + length, next(begins, None)
        if begin is None:
            return
        unused = min(max(begin - first, 0), held.size)
        held, first = held[unused:], first + unused
    end = first + held.size
    while begins is not None and begin is not None and begin < end:
        if reached == 0 or end - reached >= round(_TAIL_S * RATE_HZ):
            yield _sound(held, begin - first, length, origin_s + begin / RATE_HZ)
        reached, begin = end, next(begins, None)


def _sound(held: F32Array, offset: int, length: int, start_s: float) -> Sound:
    return Sound(held[offset : offset + length].copy(), RATE_HZ, start_s)
