"""Codecs that rebuild a voice instead of keeping its sound: what they leave resembles a synthetic voice.

At few bits a second Opus (RFC 6716, its SILK layer), AMR-WB and the like send the shape of the vocal tract and an
excitation, as vocoders do. Voice messages are stored so.
"""

from __future__ import annotations

import math

LEAST_KBPS = {"opus": 26.0, "amr_nb": math.inf, "amr_wb": math.inf, "speex": math.inf, "evrc": math.inf}
"""Bits (kbit/s) under which a codec counts as coarse. Only Opus was measured; the others work alike at any rate."""


_ALIKE = 1.4


def finer(codec: str, kbps: float, *, than_kbps: int) -> bool:
    """Whether sound was stored better than Opus would at a rate: with another codec, or with more bits.

    Args:
        codec: FFmpeg's name; empty if there is no sound.
        kbps: Mean rate of the sound track.
        than_kbps: The rate; 40 % more counts as alike.

    Returns:
        True where it has to go through Opus to sound like what a detector knows.
    """
    return codec != "opus" or kbps > _ALIKE * than_kbps


def coarse(codec: str, kbps: float) -> bool:
    """Whether genuine speech sounds more synthetic for the way it was stored.

    Args:
        codec: FFmpeg's name, for example ``opus``; empty if there is no sound.
        kbps: Mean rate of the sound track, all channels; 0 if it is not known, which counts as enough.

    Returns:
        True for the codecs of `LEAST_KBPS` under their rates.
    """
    return 0.0 < kbps < LEAST_KBPS.get(codec, 0.0)
