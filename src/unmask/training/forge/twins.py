"""Twins of a whole training side, made once when its recordings are read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from unmask.core.events import Advanced, Listener, ignore
from unmask.media.wear.codec import RATE_HZ, through_codec
from unmask.training.forge.vocoders import vocoded
from unmask.training.voices import VoiceClip

_LEAST = RATE_HZ // 2
_STORED_KBPS = 36


def twins_of(
    clips: Sequence[VoiceClip], settings: Mapping[str, float], *, listener: Listener = ignore
) -> list[VoiceClip]:
    """Vocode genuine recordings.

    A twin goes through Opus once, because what people record has nearly always been through a codec before it is
    collected, and what leaves a vocoder here has not. It carries its source's group and pair, and ``twin_`` and the
    vocoder's name as its own source.

    Args:
        clips: A training side; forged recordings and those of less than half a second get no twins.
        settings: Share of the recordings that get a twin, by vocoder.
        listener: Hears progress.

    Returns:
        The twins; the same for the same recordings and settings.
    """
    genuine = [clip for clip in clips if clip.label == 0 and clip.samples_f32.size >= _LEAST]
    found = []
    for done, clip in enumerate(genuine, start=1):
        rng = np.random.default_rng(zlib.crc32(clip.samples_f32.tobytes()))
        for method in [name for name, share in settings.items() if rng.random() < share]:
            forged = np.clip(vocoded(clip.samples_f32, method, rng), -1, 1)
            if np.isfinite(forged).all():
                stored = through_codec(forged, "libopus", kbps=_STORED_KBPS)
                found.append(replace(clip, samples_f32=stored, label=1, source=f"twin_{method}", method=method))
        listener(Advanced("vocode", done, len(genuine), clip.source))
    return found
