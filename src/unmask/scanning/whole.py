"""Look at pictures as a whole while their frames pass by: a few frames, each made smaller and in pieces."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from unmask.core.evidence import Abstention, Evidence, Score, TimelinePoint
from unmask.core.records import Box, Exhibit, F32Array, Frame, PictureView
from unmask.explain.activation import face_heatmap
from unmask.faces.crop import cut_square
from unmask.fusion.calibrate import medium_interval, medium_probability, unit_probability
from unmask.fusion.pool import pooled_logit, spread
from unmask.media.sample import choose_squares
from unmask.models.card import Calibration
from unmask.scanning.kit import Kit, calibration
from unmask.scanning.sight import shown

MOST_FRAMES = 4
_PIECES_OF_A_STILL = 4
_PIECES_OF_A_FRAME = 1
_HEATMAP_PX = 224


@dataclass(slots=True)
class _Looked:
    """A frame that was looked at."""

    time_s: float
    views: list[PictureView]
    exhibit: Exhibit
    scale: float
    answers: list[Score | Abstention] = field(default_factory=list)


class Whole:
    """Takes views of frames that pass by, and judges them at the end.

    Args:
        kit: Open models.
        expected: About how many frames will pass; one is a still.
    """

    def __init__(self, kit: Kit, expected: int) -> None:
        self._kit = kit
        self._pieces = _PIECES_OF_A_STILL if expected == 1 else _PIECES_OF_A_FRAME
        count = min(expected, MOST_FRAMES)
        self._wanted = {int((place + 0.5) * expected / count) for place in range(count)}
        self._looked: list[_Looked] = []
        self.seconds = 0.0

    def watch(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on, and take views of a few."""
        for number, frame in enumerate(frames):
            if number in self._wanted:
                start = time.perf_counter()
                self._looked.append(self._take(frame))
                self.seconds += time.perf_counter() - start
            yield frame

    def _take(self, frame: Frame) -> _Looked:
        side = self._kit.picture.wants.size_px
        pixels = frame.pixels_rgb_u8
        squares = choose_squares(pixels, side_px=side, pieces=self._pieces)
        views = [PictureView(cut_square(pixels, square, side), square) for square in squares]
        small, scale = shown(pixels)
        return _Looked(frame.time_s, views, Exhibit(frame.time_s, small), scale)

    def judge(self) -> tuple[Evidence, list[TimelinePoint]]:
        """Score the views that were taken.

        Returns:
            The evidence, and one point for each frame that was scored.
        """
        start = time.perf_counter()
        for looked in self._looked:
            looked.answers = self._kit.picture.score(looked.views)
        self.seconds += time.perf_counter() - start
        card = calibration(self._kit.picture_card)
        scored = [(looked.time_s, logits) for looked in self._looked if (logits := _logits(looked.answers))]
        points = [TimelinePoint(t_s, unit_probability(pooled_logit(logits), card), "image") for t_s, logits in scored]
        answers = [answer for looked in self._looked for answer in looked.answers]
        return _evidence(self._kit.picture_card.name, answers, card), points

    def exhibits(self) -> tuple[Exhibit, ...]:
        """The frames that were looked at, under the heat of their views."""
        return tuple(replace(looked.exhibit, heatmaps=_heat(looked)) for looked in self._looked)


def _logits(answers: Sequence[Score | Abstention]) -> list[float]:
    return [answer.logit for answer in answers if isinstance(answer, Score)]


def _evidence(detector: str, answers: Sequence[Score | Abstention], card: Calibration) -> Evidence:
    logits = _logits(answers)
    limits = (card.likely_real_below, card.likely_fake_above)
    if not logits:
        refusals = [answer for answer in answers if isinstance(answer, Abstention)] or [Abstention("too_short")]
        reason, _ = Counter(refusal.reason for refusal in refusals).most_common(1)[0]
        detail = next(refusal.detail for refusal in refusals if refusal.reason == reason)
        return Evidence(detector, "image", None, None, 0.0, len(answers), reason, detail, *limits)
    logit = pooled_logit(logits)
    p_fake, interval = medium_probability(logit, card), medium_interval(logit, spread(logits), card)
    return Evidence(detector, "image", p_fake, interval, len(logits) / len(answers), len(answers), None, "", *limits)


def _heat(looked: _Looked) -> tuple[tuple[Box, F32Array], ...]:
    found = []
    for view, answer in zip(looked.views, looked.answers, strict=True):
        if isinstance(answer, Score) and answer.heatmap is not None:
            left, top, right, bottom = (edge * looked.scale for edge in view.square_xyxy_px)
            found.append(((left, top, right, bottom), face_heatmap(answer.heatmap, _HEATMAP_PX)))
    return tuple(found)
