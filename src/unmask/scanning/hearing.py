"""Listen to the sound of a medium in one pass: windows of speech, their scores, a drawing of the sound."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import Abstention, Evidence, Score, TimelinePoint
from unmask.core.records import Sound, SoundExhibit, SpeechWindow
from unmask.explain.spectrum import SoundSketch
from unmask.fusion.calibrate import medium_interval, medium_probability, unit_probability
from unmask.fusion.pool import pooled_logit, spread
from unmask.media.audio import stream_sound
from unmask.media.sample import choose_windows
from unmask.models.card import Calibration
from unmask.scanning.kit import Kit, calibration
from unmask.voice.windows import filled, unfit, windows

_AT_ONCE = 8


@dataclass(slots=True)
class Hearing:
    """What was heard.

    Attributes:
        evidence: The speech detector's evidence.
        timeline: One point for each scored window.
        exhibit: Drawing of the sound; None if none was wanted.
        seconds: Time spent.
    """

    evidence: Evidence
    timeline: list[TimelinePoint] = field(default_factory=list)
    exhibit: SoundExhibit | None = None
    seconds: float = 0.0


def listen(
    path: Path,
    duration_s: float,
    kit: Kit,
    *,
    draw: bool,
    warn: Callable[[str], None],
    listener: Listener = ignore,
) -> Hearing:
    """Score the speech of a sound track.

    Args:
        path: A file with sound.
        duration_s: Its length.
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
    starts_s = choose_windows(duration_s, length_s=wants.length_s, hop_s=wants.length_s / 2)
    blocks = _drawn(stream_sound(path, rate_hz=wants.rate_hz, warn=warn), sketch)
    heard: list[tuple[float, Score | Abstention]] = []
    batch: list[SpeechWindow] = []
    for window in windows(blocks, length_s=wants.length_s, hop_s=wants.length_s / 2, starts_s=starts_s.tolist()):
        listener(Advanced("listening", len(heard) + len(batch), len(starts_s)))
        batch.append(window)
        if len(batch) == _AT_ONCE:
            heard.extend(_scored(batch, kit))
            batch = []
    heard.extend(_scored(batch, kit))
    card = calibration(kit.speech_card)
    timeline = [
        TimelinePoint(t_s, unit_probability(answer.logit, card), "audio")
        for t_s, answer in heard
        if isinstance(answer, Score)
    ]
    activity = np.array([point.p_fake for point in timeline], np.float32)
    return Hearing(
        evidence=_evidence(kit.speech_card.name, [answer for _, answer in heard], card),
        timeline=timeline,
        exhibit=sketch.exhibit(activity) if sketch else None,
        seconds=time.perf_counter() - start,
    )


def _drawn(blocks: Iterator[Sound], sketch: SoundSketch | None) -> Iterator[Sound]:
    for block in blocks:
        if sketch:
            sketch.feed(block.samples_f32)
        yield block


def _scored(batch: list[SpeechWindow], kit: Kit) -> list[tuple[float, Score | Abstention]]:
    """Score the windows that hold enough speech; the others are abstentions."""
    answers: list[Score | Abstention | None] = [unfit(window) for window in batch]
    open_places = [place for place, answer in enumerate(answers) if answer is None]
    units = [_full(batch[place], kit.speech.wants.length_s) for place in open_places]
    for place, answer in zip(open_places, kit.speech.score(units) if units else [], strict=True):
        answers[place] = answer
    middles = [(window.sound.start_s + window.sound.end_s) / 2 for window in batch]
    return [(t_s, answer) for t_s, answer in zip(middles, answers, strict=True) if answer is not None]


def _full(window: SpeechWindow, length_s: float) -> SpeechWindow:
    samples = filled(window, length_s=length_s)
    return SpeechWindow(Sound(samples, window.sound.rate_hz, window.sound.start_s), window.speech)


def _evidence(detector: str, answers: list[Score | Abstention], card: Calibration) -> Evidence:
    logits = [answer.logit for answer in answers if isinstance(answer, Score)]
    refusals = [answer for answer in answers if isinstance(answer, Abstention)]
    limits = (card.likely_real_below, card.likely_fake_above)
    if not logits:
        reason = Counter(refusal.reason for refusal in refusals).most_common(1)[0][0] if refusals else "no_speech"
        detail = refusals[0].detail if refusals else "there is no sound to examine"
        return Evidence(detector, "audio", None, None, 0.0, len(answers), reason, detail, *limits)
    logit = pooled_logit(logits)
    p_fake, interval = medium_probability(logit, card), medium_interval(logit, spread(logits), card)
    return Evidence(detector, "audio", p_fake, interval, len(logits) / len(answers), len(answers), None, "", *limits)
