"""Ask once more after mild wear: an answer about pictures that does not survive another save does not count.

Traces of a forgery fade only slowly when a picture is saved again or shrunk a little. An answer that turns under either
rests on something else, and would turn again on the next copy (the answers of detectors do so on whole photographs).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from unmask.core.evidence import Abstention, Evidence, Person, Score
from unmask.core.records import Face, FaceCrop, Frame, U8Array
from unmask.faces.crop import crop_face, square_around
from unmask.fusion.calibrate import log_odds, medium_probability
from unmask.fusion.decide import any_forged
from unmask.fusion.pool import pooled_logit
from unmask.media.wear.degrade import jpeg, rescale
from unmask.models.card import Calibration, CardInput

MOST_FRAMES = 8
"""Frames of a clip whose faces are worn, spread evenly."""
MOST_FACES = 4
"""Worn faces of one person that are judged."""
_MOST_KEPT = 64
_BLOCK_PX = 16  # JPEG cuts colour pictures into blocks of this size; a region on their grid is worn like the whole.
_WEARS: Mapping[str, Callable[[U8Array], U8Array]] = {
    "saved again as JPEG": partial(jpeg, quality=70),
    "shrunk to 70% and enlarged again": partial(rescale, factor=0.7),
}

Logits = Mapping[int, Sequence[float]]


@dataclass(frozen=True, slots=True)
class WornFace:
    """One scored face, worn in every way.

    Attributes:
        logit: Its answer before.
        crops: One crop for each kind of wear.
    """

    logit: float
    crops: tuple[FaceCrop, ...]


def opposite_only(card: Calibration) -> float:
    """The slack under which nothing but the opposite verdict counts as unstable: what `unmask export` starts with."""
    return log_odds(card.likely_fake_above) - log_odds(card.likely_real_below)


def due(number: int, expected: int) -> bool:
    """Whether the faces of a frame are worn: all frames of a short clip, `MOST_FRAMES` of a long one."""
    return number * MOST_FRAMES // expected != (number - 1) * MOST_FRAMES // expected


def wear_faces(
    frame: Frame, answers: Sequence[tuple[Face, Score | Abstention]], wants: CardInput, *, frames: int
) -> Iterator[WornFace | None]:
    """Wear the faces of a frame: save it again, rescale it, and cut with the same boxes.

    Args:
        frame: The frame.
        answers: Its faces, largest first, with their answers.
        wants: How the detector wants crops.
        frames: From how many frames faces are kept, so that crowds do not fill the memory.

    Yields:
        One entry a face; None for those that had no answer or are too many.
    """
    for rank, (face, answer) in enumerate(answers):
        if isinstance(answer, Score) and rank < _MOST_KEPT // frames:
            yield WornFace(answer.logit, tuple(_worn(frame, face, wants)))
        else:
            yield None


def _worn(frame: Frame, face: Face, wants: CardInput) -> Iterator[FaceCrop]:
    height, width = frame.pixels_rgb_u8.shape[:2]
    left, top, right, bottom = square_around(face.box_xyxy_px, wants.margin)
    x, y = (min(max(int(edge), 0), side - 1) // _BLOCK_PX * _BLOCK_PX for edge, side in ((left, width), (top, height)))
    region = frame.pixels_rgb_u8[y : max(int(bottom) + 2, y + 1), x : max(int(right) + 2, x + 1)]
    left, top, right, bottom = face.box_xyxy_px
    moved = replace(
        face,
        box_xyxy_px=(left - x, top - y, right - x, bottom - y),
        landmarks_px=face.landmarks_px - np.array([x, y], np.float32),
    )
    for wear in _WEARS.values():
        again = Frame(frame.index, frame.time_s, wear(region))
        yield crop_face(again, moved, size_px=wants.size_px, margin=wants.margin)


def shifts(
    faces: Sequence[WornFace], score: Callable[[Sequence[FaceCrop]], list[Score | Abstention]]
) -> tuple[float, ...]:
    """How far each kind of wear moves a person's logit.

    Args:
        faces: Worn faces of one person, in order of time; at most `MOST_FACES` of them are judged, spread evenly.
        score: The detector.

    Returns:
        The mean change over the judged faces, for each kind of wear; zeros where none could be judged.
    """
    chosen = [faces[round(place)] for place in np.linspace(0, len(faces) - 1, min(len(faces), MOST_FACES))]
    answers = score([crop for face in chosen for crop in face.crops])
    after = np.array([answer.logit if isinstance(answer, Score) else np.nan for answer in answers])
    moved = after.reshape(-1, len(_WEARS)) - np.array([face.logit for face in chosen])[:, None]
    judged = moved[~np.isnan(moved).any(axis=1)]
    return tuple(judged.mean(axis=0).tolist()) if len(judged) else (0.0,) * len(_WEARS)


def review(
    evidence: Evidence,
    people: Sequence[Person],
    logits: Logits,
    moved: Mapping[int, tuple[float, ...]],
    card: Calibration,
) -> tuple[Evidence, tuple[Person, ...]]:
    """Withdraw the answers that wear carries over their threshold.

    Args:
        evidence: A firm answer about the faces of a medium.
        people: The people it rests on, and others.
        logits: Of those it rests on, by person.
        moved: `shifts`, by person.
        card: The detector's calibration, with a `wear_slack`.

    Returns:
        Evidence and people as they were, or abstaining as ``unstable``.
    """
    slack = card.wear_slack
    assert slack is not None
    after = {
        person: [medium_probability(pooled_logit(own) + shift, card) for shift in moved[person]]
        for person, own in logits.items()
    }
    judged = tuple(
        replace(person, p_fake=None, coverage=0.0, abstained="unstable", spans=())
        if person.p_fake is not None and _carried(person.p_fake, after.get(person.id, ()), card, slack)
        else person
        for person in people
    )
    return withdrawn(evidence, [any_forged(parts) for parts in zip(*after.values(), strict=True)], card), judged


def withdrawn(evidence: Evidence, after: Sequence[float], card: Calibration) -> Evidence:
    """Withdraw a firm answer that wear carries over its threshold.

    Args:
        evidence: A firm answer.
        after: What it is after each kind of wear.
        card: The detector's calibration, with a `wear_slack`.

    Returns:
        The evidence as it was, or abstaining as ``unstable``.
    """
    assert evidence.p_fake is not None
    assert card.wear_slack is not None
    if not _carried(evidence.p_fake, after, card, card.wear_slack):
        return evidence
    far, what = max(zip(after, _WEARS, strict=True), key=lambda pair: abs(pair[0] - (evidence.p_fake or 0.0)))
    detail = f"{evidence.p_fake:.0%} as it is, {far:.0%} when {what}"
    return replace(evidence, p_fake=None, interval=None, coverage=0.0, abstained="unstable", detail=detail)


def worn_copies(pixels_rgb_u8: U8Array) -> Iterator[U8Array]:
    """A whole picture after each kind of wear, of the same size."""
    for wear in _WEARS.values():
        yield wear(pixels_rgb_u8)


def out_of_reach(answers: Sequence[float], card: Calibration) -> bool:
    """Whether wear need not be tried: every firm answer lies further inside its side than wear has ever carried one.

    Args:
        answers: Probabilities, of the medium and of its people.
        card: The detector's calibration, with a `wear_slack`.
    """
    assert card.wear_slack is not None
    reach = math.inf if card.wear_reach is None else card.wear_reach
    return all(_room(p_fake, p_fake, card, card.wear_slack) > reach for p_fake in answers)


def _carried(p_fake: float, after: Sequence[float], card: Calibration, slack: float) -> bool:
    """Whether a firm answer leaves its side of the threshold by more than the slack under any wear."""
    return any(_room(p_fake, p, card, slack) < 0 for p in after)


def _room(p_fake: float, after: float, card: Calibration, slack: float) -> float:
    """Log-odds from `after` to the edge of the side on which a firm answer `p_fake` stands; negative beyond it."""
    if p_fake >= card.likely_fake_above:
        return log_odds(after) - (log_odds(card.likely_fake_above) - slack)
    if p_fake < card.likely_real_below:
        return log_odds(card.likely_real_below) + slack - log_odds(after)
    return math.inf
