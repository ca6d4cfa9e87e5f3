"""The sound on the page: spectrogram, waveform and the detector's reaction, over the timeline's axis."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from unmask.core.errors import InputError
from unmask.core.records import F32Array, MediaInfo, SoundExhibit
from unmask.media.audio import stream_sound
from unmask.media.write import sound_as_mp3
from unmask.report.overlay import data_uri, mel_png, png_uri, strip_png
from unmask.report.words import clock

SPECTROGRAM_HEIGHT = 132
WAVEFORM_HEIGHT = 56
ACTIVITY_HEIGHT = 14
WAVEFORM_COLUMNS = 1000
SOUND_RATE_HZ = 24000
SOUND_KBPS = 48
MOST_SOUND_S = 600.0
MOST_SOUND_BYTES = 4_000_000
NO_SCALE = Markup("")


def spectrogram(sound: SoundExhibit, duration_s: float) -> Markup:
    """Draw the spectrogram, as long as the sound is on an axis of `duration_s`."""
    words = f"Spectrogram of {clock(sound.duration_s)} of sound: low tones at the bottom, louder is brighter."
    scale = Markup('<text x="100%" dx="6" y="11">high</text><text x="100%" dx="6" y="{}">low</text>').format(
        SPECTROGRAM_HEIGHT - 2
    )
    return _image(png_uri(mel_png(sound.mel_db)), words, _width(sound, duration_s), SPECTROGRAM_HEIGHT, scale)


def player_uri(media: MediaInfo) -> str | None:
    """Encode the sound of a medium again, small enough for a page; no metadata of the original can be in it.

    Args:
        media: What was scanned; read again from its place.

    Returns:
        MP3 as a data URI; None without sound, where it would be too long for a page, or if the file went away.
    """
    if not media.has_audio or media.duration_s > MOST_SOUND_S:
        return None
    try:
        blocks = stream_sound(media.path, rate_hz=SOUND_RATE_HZ)
        content = sound_as_mp3(blocks, kbps=SOUND_KBPS, most_bytes=MOST_SOUND_BYTES)
    except InputError:
        return None
    return None if content is None else data_uri("audio/mpeg", content)


def activity(sound: SoundExhibit, duration_s: float) -> Markup | None:
    """Draw where in time the voice detector reacted; None if it did not listen."""
    if sound.activity.size == 0:
        return None
    loudest = (int(sound.activity.argmax()) + 0.5) / sound.activity.size * sound.duration_s
    words = f"Where the voice detector reacted: most strongly around {clock(loudest)}."
    return _image(png_uri(strip_png(sound.activity)), words, _width(sound, duration_s), ACTIVITY_HEIGHT)


def waveform(sound: SoundExhibit, duration_s: float) -> Markup | None:
    """Draw the waveform, scaled to its own loudest sample; None if there is no envelope."""
    if sound.envelope.shape[0] == 0:
        return None
    edges = fewer(sound.envelope, WAVEFORM_COLUMNS)
    peak = max(float(np.abs(edges).max()), 1e-6)
    columns = edges.shape[0]
    # A hair's breadth is added so that silence is still a line.
    upper = [f"{x + 0.5:.1f},{50 - 48 * high / peak - 0.4:.1f}" for x, high in enumerate(edges[:, 1])]
    lower = [f"{x + 0.5:.1f},{50 - 48 * low / peak + 0.4:.1f}" for x, low in enumerate(edges[:, 0])]
    return Markup(
        '<svg class="waveform" role="img" aria-label="Waveform" width="100%" height="{height}">'
        '<svg x="0" y="0" width="{width:.2f}%" height="{height}" viewBox="0 0 {columns} 100" '
        'preserveAspectRatio="none"><path class="wave" d="M{path}Z"/></svg></svg>'
    ).format(
        height=WAVEFORM_HEIGHT,
        width=_width(sound, duration_s),
        columns=columns,
        path=" L".join([*upper, *reversed(lower)]),
    )


def fewer(edges: F32Array, most: int) -> F32Array:
    """Merge stretches of an envelope, shape (M, 2), until at most `most` are left; no peak is lost."""
    count = edges.shape[0]
    if count <= most:
        return edges
    starts = np.arange(most) * count // most
    lows, highs = np.minimum.reduceat(edges[:, 0], starts), np.maximum.reduceat(edges[:, 1], starts)
    return np.stack([lows, highs], axis=1)


def _width(sound: SoundExhibit, duration_s: float) -> float:
    return 100.0 * min(sound.duration_s / duration_s, 1.0) if duration_s > 0.0 else 100.0


def _image(uri: str, words: str, width: float, height: int, scale: Markup = NO_SCALE) -> Markup:
    return Markup(
        '<svg class="sound-picture" role="img" aria-label="{words}" width="100%" height="{height}">'
        '<image href="{uri}" x="0" y="0" width="{width:.2f}%" height="{height}" preserveAspectRatio="none"/>'
        "{scale}</svg>"
    ).format(words=words, height=height, uri=uri, width=width, scale=scale)
