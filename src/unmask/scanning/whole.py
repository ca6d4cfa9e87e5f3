"""Look at a still picture as a whole: all of it made smaller, and pieces of it; one answer for all.

Stills only: what was learned from them does not hold for frames of compressed clips, where it raised false alarms.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from unmask.core.evidence import Abstention, Evidence, Score
from unmask.core.records import Box, Exhibit, Frame, PictureView, U8Array
from unmask.explain.activation import face_heatmap
from unmask.faces.crop import cut_square
from unmask.fusion.calibrate import medium_interval, medium_probability, unit_evidence
from unmask.fusion.decide import decide
from unmask.fusion.pool import pooled_logit, spread
from unmask.media.sample import choose_squares
from unmask.models.card import Calibration
from unmask.scanning.kit import Kit, calibration
from unmask.scanning.sight import shown
from unmask.scanning.wear import out_of_reach, withdrawn, worn_copies

_PIECES = 4
_HEATMAP_PX = 224


@dataclass(frozen=True, slots=True)
class Overview:
    """What a picture looks like as a whole.

    Attributes:
        evidence: The picture detector's evidence.
        exhibit: The picture under the heat of its views; None if none was wanted.
        seconds: Time spent.
    """

    evidence: Evidence
    exhibit: Exhibit | None
    seconds: float


def overlook(frame: Frame, kit: Kit, *, draw: bool) -> Overview:
    """Judge a still picture as a whole.

    Args:
        frame: The picture.
        kit: Open models.
        draw: Whether to draw it for a report.

    Returns:
        The evidence, and the drawing.
    """
    start = time.perf_counter()
    card = calibration(kit.picture_card)
    side, pixels = kit.picture.wants.size_px, frame.pixels_rgb_u8
    squares = choose_squares(pixels, side_px=side, pieces=_PIECES)
    views = [PictureView(cut_square(pixels, square, side), square) for square in squares]
    answers = kit.picture.score(views)
    evidence = _steady(pixels, squares, _evidence(kit.picture_card.name, answers, card), kit)
    exhibit = _exhibit(frame, views, answers, card) if draw else None
    return Overview(evidence, exhibit, time.perf_counter() - start)


def _steady(pixels: U8Array, squares: Sequence[Box], evidence: Evidence, kit: Kit) -> Evidence:
    """Ask a firm answer again after mild wear, by the same squares; see `unmask.scanning.wear`."""
    card = calibration(kit.picture_card)
    firm = decide(evidence.p_fake, evidence.coverage, [evidence]) != "inconclusive"
    if not firm or card.wear_slack is None or out_of_reach([evidence.p_fake or 0.0], card):
        return evidence
    after = []
    for worn in worn_copies(pixels):
        views = [PictureView(cut_square(worn, square, kit.picture.wants.size_px), square) for square in squares]
        again = _evidence(evidence.detector, kit.picture.score(views), card).p_fake
        # What can no longer be judged after wear says nothing against the answer.
        after.append(evidence.p_fake or 0.0 if again is None else again)
    return withdrawn(evidence, after, card)


def _evidence(detector: str, answers: Sequence[Score | Abstention], card: Calibration) -> Evidence:
    """Judge by all views; abstain where fewer than half of them could be judged."""
    logits = [answer.logit for answer in answers if isinstance(answer, Score)]
    refusals = [answer for answer in answers if isinstance(answer, Abstention)]
    limits = (card.likely_real_below, card.likely_fake_above)
    if len(logits) < len(refusals):
        reason, _ = Counter(refusal.reason for refusal in refusals).most_common(1)[0]
        detail = next(refusal.detail for refusal in refusals if refusal.reason == reason)
        return Evidence(detector, "image", None, None, 0.0, len(answers), reason, detail, *limits)
    logit = pooled_logit(logits)
    p_fake, interval = medium_probability(logit, card), medium_interval(logit, spread(logits), card)
    return Evidence(detector, "image", p_fake, interval, len(logits) / len(answers), len(answers), None, "", *limits)


def _exhibit(
    frame: Frame, views: Sequence[PictureView], answers: Sequence[Score | Abstention], card: Calibration
) -> Exhibit:
    small, scale = shown(frame.pixels_rgb_u8)
    heat = []
    for view, answer in zip(views, answers, strict=True):
        if isinstance(answer, Score) and answer.heatmap is not None:
            left, top, right, bottom = (edge * scale for edge in view.square_xyxy_px)
            heat.append(((left, top, right, bottom), face_heatmap(unit_evidence(answer.heatmap, card), _HEATMAP_PX)))
    return Exhibit(frame.time_s, small, heatmaps=tuple(heat))
