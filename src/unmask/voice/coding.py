"""How a voice was stored: with few bits codecs rebuild it, and what they leave resembles a synthetic voice.

At few bits a second Opus (RFC 6716, its SILK layer), AMR-WB and the like send the shape of the vocal tract and an
excitation, as vocoders do; voice messages are stored so. Between these rates and those of music Opus stores the lower
half of the spectrum so, in its hybrid mode, where the sound reaches above 8 kHz.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

from unmask.core.records import MediaInfo

Coding = Literal["coarse", "hybrid"]
"""Kinds of storage that a detector of voices has to be calibrated for apart."""

CODINGS: tuple[Coding, ...] = get_args(Coding)

COARSE_BELOW_KBPS = {"opus": 26.0, "amr_nb": math.inf, "amr_wb": math.inf, "speex": math.inf, "evrc": math.inf}
"""Bits (kbit/s) under which a codec counts as coarse. Only Opus was measured; the others work alike at any rate."""

HYBRID_UP_TO_KBPS = 45.0
"""Above it, measured at 64 kbit/s, hybrid mode sounds as other codecs do."""

_ALIKE = 1.4
_MOSTLY = 0.5


def finer(media: MediaInfo, *, than_kbps: int) -> bool:
    """Whether sound was stored better than Opus would at a rate: with another codec, or with more bits.

    Args:
        media: As probed.
        than_kbps: The rate; 40 % more counts as alike.

    Returns:
        True where it has to go through Opus to sound like what a detector knows.
    """
    return media.sound_codec != "opus" or media.sound_kbps > _ALIKE * than_kbps


def coding(media: MediaInfo) -> Coding | None:
    """Say whether genuine speech sounds more synthetic for the way it was stored.

    Args:
        media: As probed. A rate of 0 is one that is not known, which counts as enough.

    Returns:
        ``coarse`` for the codecs of `COARSE_BELOW_KBPS` under their rates, ``hybrid`` for Opus that is mostly in that
        mode, up to `HYBRID_UP_TO_KBPS`; None for everything else.
    """
    if 0.0 < media.sound_kbps < COARSE_BELOW_KBPS.get(media.sound_codec, 0.0):
        return "coarse"
    return "hybrid" if media.sound_hybrid > _MOSTLY and media.sound_kbps <= HYBRID_UP_TO_KBPS else None
