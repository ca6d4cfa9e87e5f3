"""Distillation: a large detector judges a stock of views once, and a small network learns from views and answers.

The teacher's doubt about a view says more than the bare label (Hinton, Vinyals and Dean 2015), and a stock can be
passed through many times, although the teacher takes ten times as long for a view as the pupil.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from unmask.core.errors import InvalidOption
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import U8Array
from unmask.fusion.calibrate import unit_probability
from unmask.media.sample import VIEW_RULE
from unmask.media.wear import degrade
from unmask.models.catalogue import find
from unmask.models.session import Session
from unmask.training.recipe import Recipe

Vary = Callable[[U8Array, np.random.Generator], U8Array]
"""From a view to what a pupil sees of it."""

_SAVED_EVERY = 64
_SMALLEST_CUT = 0.88
_RECODED = 0.2
_METHODS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)


class Views(Protocol):
    """Endless examples: pixels, label, and what a head does not need."""

    def __getitem__(self, number: int) -> Sequence[Any]:
        """Make an example."""
        ...


@dataclass(frozen=True, slots=True)
class Material:
    """What a pupil is taught with.

    Attributes:
        stream: What the stock is drawn of, in the size that the teacher sees.
        vary: Makes what the pupil sees from a view: little enough that the teacher's answer still holds.
        pieces: What a second stock, without labels, is drawn of, if any; see `unmask.training.recipe.Teacher`.
    """

    stream: Views
    vary: Vary
    pieces: Views | None = None


class TaughtViews(Dataset[tuple[U8Array, np.float32]]):
    """Endless examples out of a stock of views; of each two, the first is genuine and the second is fake, or a piece.

    Args:
        material: What it is made from.
        session: The open teacher; see `face_teacher` and `picture_teacher`.
        recipe: Its table ``[teacher]`` and its seed.
        folder: Where the stock is kept; one that was broken off goes on.
        listener: Hears how far the teacher is.
    """

    def __init__(
        self, material: Material, session: Session, recipe: Recipe, folder: Path, *, listener: Listener = ignore
    ) -> None:
        teacher = recipe.teacher
        self._vary, self._seed, self._share = material.vary, recipe.schedule.seed, teacher.share
        self._labelled = _stock(material.stream, session, teacher.views, folder, listener)
        self._often, count = teacher.pieces, max(round(teacher.views * teacher.pieces), 1)
        others = folder / "pieces"
        self._others = _stock(material.pieces, session, count, others, listener) if material.pieces else None

    def __getitem__(self, number: int) -> tuple[U8Array, np.float32]:
        """Make an example.

        Args:
            number: From 0; without end.

        Returns:
            Pixels, shape (S, S, 3), uint8, and the target: the label, moved towards the teacher's answer.
        """
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self._seed, number])
        if self._others and rng.random() < self._often:
            pixels, answers = self._others
            place = int(rng.integers(len(answers)))
            return self._vary(np.asarray(pixels[place], np.uint8), rng), np.float32(answers[place])
        pixels, answers = self._labelled
        label = number % 2
        place = 2 * int(rng.integers(len(answers) // 2)) + label
        target = (1 - self._share) * label + self._share * answers[place]
        return self._vary(np.asarray(pixels[place], np.uint8), rng), np.float32(target)


def face_teacher(recipe: Recipe, margin: float) -> Session:
    """Open the teacher of a pupil that judges faces.

    Args:
        recipe: Its table ``[teacher]``.
        margin: The pupil's, around the face.

    Raises:
        UnknownModel: There is no such teacher.
        InvalidOption: The teacher does not judge single face crops of that margin.
        WeightsMissing: The teacher's weights are not on this machine.
    """
    wants = find(recipe.teacher.card).input
    fits = wants is not None and not wants.frames and abs(wants.margin - margin) <= 1e-6
    return _teacher(recipe, fits, f"single face crops with a margin of {margin:g} times the face")


def picture_teacher(recipe: Recipe) -> Session:
    """Open the teacher of a pupil that judges whole pictures; raises what `face_teacher` does."""
    wants = find(recipe.teacher.card).input
    return _teacher(recipe, wants is not None and wants.crop == VIEW_RULE, "whole pictures and pieces of them")


def _teacher(recipe: Recipe, fits: bool, what: str) -> Session:  # noqa: FBT001
    card = find(recipe.teacher.card)
    if card.family != recipe.family or not fits or card.calibration is None:
        message = (
            f"teacher.card: {card.name} is no calibrated judge of {what}, as the pupil will be. "
            "Name one that is; `unmask models list` shows them."
        )
        raise InvalidOption(message)
    # Without its companion, which may be the pupil itself.
    return Session(replace(card, companion=None), threads=recipe.schedule.threads)


def seen_by(session: Session) -> int:
    """Side of the views that a teacher sees, in pixels."""
    assert session.card.input is not None
    return session.card.input.size_px


def _stock(
    stream: Views, session: Session, count: int, folder: Path, listener: Listener
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Views, of shape (count, S, S, 3), left on disk, and the teacher's probabilities of a fake, shape (count,)."""
    folder.mkdir(parents=True, exist_ok=True)
    judged, seen_px = folder / "answers.npy", seen_by(session)
    calibration = session.card.calibration
    assert calibration is not None
    answers = np.load(judged) if judged.is_file() else np.zeros(0, np.float32)
    mode = "r+" if len(answers) else "w+"
    pixels = np.lib.format.open_memmap(
        folder / "views.npy", mode=mode, dtype=np.uint8, shape=(count, seen_px, seen_px, 3)
    )
    while len(answers) < count:
        numbers = range(len(answers), min(len(answers) + _SAVED_EVERY, count))
        for number in numbers:
            pixels[number] = stream[number][0]
        logits = [float(session.run(pixels[number : number + 1])["logit"][0]) for number in numbers]
        found = [unit_probability(logit, calibration) for logit in logits]
        answers = np.concatenate([answers, np.array(found, np.float32)])
        pixels.flush()
        part = folder / "answers.part.npy"
        np.save(part, answers)
        part.replace(judged)
        listener(Advanced("views", len(answers), count, f"judged by {session.card.name}"))
    return pixels, answers


def varied(pixels: U8Array, rng: np.random.Generator, size_px: int) -> U8Array:
    """A face crop mirrored, cut a little, resized, and sometimes compressed."""
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    side = int(pixels.shape[0] * rng.uniform(_SMALLEST_CUT, 1.0))
    top, left = (int(value) for value in rng.integers(0, pixels.shape[0] - side + 1, 2))
    cut = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    made = np.asarray(cv2.resize(cut, (size_px, size_px), interpolation=int(rng.choice(_METHODS))), np.uint8)
    return degrade.jpeg(made, int(rng.integers(45, 98))) if rng.random() < _RECODED else made


def shifted(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Part of a view of a whole picture, mirrored or compressed now and then, never resized: traces live in pixels."""
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    side = pixels.shape[0] * 6 // 7
    top, left = (int(value) for value in rng.integers(0, pixels.shape[0] - side + 1, 2))
    cut = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return degrade.jpeg(cut, int(rng.integers(45, 98))) if rng.random() < _RECODED else cut
