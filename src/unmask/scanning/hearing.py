"""Listen to the sound of a medium in one pass: windows of speech, their scores, a drawing of the sound."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import Abstention, Evidence, Score, TimelinePoint, Voice
from unmask.core.records import MediaInfo, Sound, SoundExhibit, SpeechWindow
from unmask.explain.spectrum import SoundSketch
from unmask.media.audio import stream_sound
from unmask.media.recode import through_opus
from unmask.media.sample import choose_windows
from unmask.scanning.kit import Kit
from unmask.scanning.voices import Heard, judge_voices
from unmask.voice.coding import coding, finer
from unmask.voice.speakers import voice_print
from unmask.voice.windows import filled, unfit, windows

_AT_ONCE = 8
_BLOCK_S = 2.0
_LEAD_S = 1.0
"""A codec that starts in the middle of a recording settles in this time."""
_CODED = (
    "The sound was stored with {codec} at {kbps:.0f} kbit/s, which makes genuine voices sound synthetic: more is "
    "asked for before a voice is called forged. An earlier copy at a higher rate would tell more."
)


@dataclass(slots=True)
class Hearing:
    """What was heard.

    Attributes:
        evidence: The speech detector's evidence, an entry for each voice.
        voices: Who was heard.
        timeline: One point for each scored window.
        exhibit: Drawing of the sound; None if none was wanted.
        seconds: Time spent.
        spoken: Begin and end of the speech in each window that was judged, seconds; windows overlap.
    """

    evidence: list[Evidence]
    voices: tuple[Voice, ...] = ()
    timeline: list[TimelinePoint] = field(default_factory=list)
    exhibit: SoundExhibit | None = None
    seconds: float = 0.0
    spoken: tuple[tuple[float, float], ...] = ()


def listen(
    media: MediaInfo,
    kit: Kit,
    *,
    draw: bool,
    warn: Callable[[str], None],
    listener: Listener = ignore,
) -> Hearing:
    """Score the speech of a sound track.

    Args:
        media: A file with sound.
        kit: Open models.
        draw: Whether to draw the sound for a report.
        warn: Takes a sentence for each fault that did not stop the work.
        listener: Hears how many windows are done.

    Returns:
        The hearing.

    Raises:
        DecodeFailed: Not one sample could be decoded.
    """
    start = time.perf_counter()
    wants = kit.speech.wants
    sketch = SoundSketch(wants.rate_hz) if draw else None
    hop_s = wants.length_s / 2
    starts_s = choose_windows(media.duration_s, length_s=wants.length_s, hop_s=hop_s)
    blocks = _drawn(stream_sound(media.path, rate_hz=wants.rate_hz, block_s=_BLOCK_S, warn=warn), sketch)
    if wants.opus_kbps and finer(media, than_kbps=wants.opus_kbps):
        blocks = through_opus(blocks, kbps=wants.opus_kbps, wanted=_in_windows(starts_s, wants.length_s))
    heard: list[Heard] = []
    batch: list[SpeechWindow] = []
    for window in windows(blocks, length_s=wants.length_s, hop_s=hop_s, starts_s=starts_s.tolist()):
        listener(Advanced("listening", len(heard) + len(batch), len(starts_s)))
        batch.append(window)
        if len(batch) == _AT_ONCE:
            heard.extend(_scored(batch, kit))
            batch = []
    heard.extend(_scored(batch, kit))
    coded = coding(media)
    scale = kit.speech_calibration(coded)
    evidence, voices, timeline = judge_voices(heard, kit.speech_card.name, scale, length_s=wants.length_s)
    if coded in kit.speech_card.coded_calibrations and any(entry.p_fake is not None for entry in evidence):
        warn(_CODED.format(codec=media.sound_codec, kbps=media.sound_kbps))
    activity = np.array([point.p_fake for point in timeline], np.float32)
    return Hearing(
        evidence=evidence,
        voices=voices,
        timeline=timeline,
        exhibit=sketch.exhibit(activity) if sketch else None,
        seconds=time.perf_counter() - start,
        spoken=tuple((one.start_s, one.end_s) for one in heard if isinstance(one.answer, Score)),
    )


def _in_windows(starts_s: NDArray[np.float64], length_s: float) -> Callable[[Sound], bool]:
    """Tell blocks that a window, or the second before one, reaches into; of a long recording most are none."""

    def taken(block: Sound) -> bool:
        before = int(np.searchsorted(starts_s, block.end_s + _LEAD_S))
        return before > 0 and bool(starts_s[before - 1] + length_s > block.start_s)

    return taken


def _drawn(blocks: Iterator[Sound], sketch: SoundSketch | None) -> Iterator[Sound]:
    for block in blocks:
        if sketch:
            sketch.feed(block.samples_f32)
        yield block


def _scored(batch: list[SpeechWindow], kit: Kit) -> list[Heard]:
    """Score the windows that hold enough speech; the others are abstentions."""
    answers: list[Score | Abstention | None] = [unfit(window) for window in batch]
    open_places = [place for place, answer in enumerate(answers) if answer is None]
    units = [_full(batch[place], kit.speech.wants.length_s) for place in open_places]
    for place, answer in zip(open_places, kit.speech.score(units) if units else [], strict=True):
        answers[place] = answer
    return [
        _heard(window, answer, kit.speech.wants.length_s / 2)
        for window, answer in zip(batch, answers, strict=True)
        if answer is not None
    ]


def _heard(window: SpeechWindow, answer: Score | Abstention, hop_s: float) -> Heard:
    """Note a window; its voice is described up to where the next one begins."""
    sound = window.sound
    begin = sound.samples_f32[: round(hop_s * sound.rate_hz)]
    return Heard(sound.start_s, sound.end_s, answer, voice_print(begin) if isinstance(answer, Score) else None)


def _full(window: SpeechWindow, length_s: float) -> SpeechWindow:
    samples = filled(window, length_s=length_s)
    return SpeechWindow(Sound(samples, window.sound.rate_hz, window.sound.start_s), window.speech)
