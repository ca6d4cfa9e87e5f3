"""Distillation: a large detector judges a stock of views once, and a small network learns from views and answers.

The teacher's doubt about a view says more than the bare label (Hinton, Vinyals and Dean 2015), and a stock can be
passed through many times, although the teacher takes ten times as long for a view as the pupil.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from unmask.core.errors import InvalidOption
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import U8Array
from unmask.extraction.crops import CachedCrop
from unmask.fusion.calibrate import unit_probability
from unmask.media import degrade
from unmask.models.catalogue import find
from unmask.models.session import Session
from unmask.training.pictures.portraits import PortraitStream
from unmask.training.recipe import Recipe

_SAVED_EVERY = 64
_SMALLEST_CUT = 0.88
_RECODED = 0.2
_METHODS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)


class TaughtViews(Dataset[tuple[U8Array, np.float32]]):
    """Endless examples out of a stock of views; of each two, the first is genuine and the second is fake.

    Args:
        crops: The training side, of which the stock is drawn as `PortraitStream` draws.
        recipe: Its table ``[teacher]``, and what `PortraitStream` takes from it.
        folder: Where the stock is kept; one that was broken off goes on.
        size_px: Side of what the pupil sees.
        margin: The scanner's margin.
        listener: Hears how far the teacher is.

    Raises:
        UnknownModel: There is no such teacher.
        InvalidOption: The teacher does not judge single face crops of that margin.
        WeightsMissing: The teacher's weights are not on this machine.
    """

    def __init__(
        self,
        crops: Sequence[CachedCrop],
        recipe: Recipe,
        folder: Path,
        *,
        size_px: int,
        margin: float,
        listener: Listener = ignore,
    ) -> None:
        session, seen_px = _teacher(recipe, margin)
        self._size_px, self._seed, self._share = size_px, recipe.schedule.seed, recipe.teacher.share
        stream = PortraitStream(crops, recipe, size_px=seen_px, margin=margin)
        shape = (recipe.teacher.views, seen_px, seen_px, 3)
        self._pixels, self._answers = _stock(stream, session, shape, folder, listener)

    def __getitem__(self, number: int) -> tuple[U8Array, np.float32]:
        """Make an example.

        Args:
            number: From 0; without end.

        Returns:
            Pixels, shape (size_px, size_px, 3), uint8, and the target: the label, moved towards the teacher's answer.
        """
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self._seed, number])
        label = number % 2
        place = 2 * int(rng.integers(len(self._answers) // 2)) + label
        target = (1 - self._share) * label + self._share * self._answers[place]
        return _varied(np.asarray(self._pixels[place], np.uint8), rng, self._size_px), np.float32(target)


def _teacher(recipe: Recipe, margin: float) -> tuple[Session, int]:
    """The open teacher, and the side of the crops that it sees."""
    card = find(recipe.teacher.card)
    wants = card.input
    fits = wants is not None and not wants.frames and abs(wants.margin - margin) <= 1e-6
    if card.family != "face" or wants is None or not fits or card.calibration is None:
        message = (
            f"teacher.card: {card.name} is no calibrated judge of single face crops with a margin of {margin:g} "
            "times the face, as the pupil will be. Name one that is; `unmask models list` shows them."
        )
        raise InvalidOption(message)
    # Without its companion, which may be the pupil itself.
    return Session(replace(card, companion=None), threads=recipe.schedule.threads), wants.size_px


def _stock(
    stream: PortraitStream, session: Session, shape: tuple[int, ...], folder: Path, listener: Listener
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Views, of shape (count, S, S, 3), left on disk, and the teacher's probabilities of a fake, shape (count,)."""
    folder.mkdir(parents=True, exist_ok=True)
    count, judged = shape[0], folder / "answers.npy"
    calibration = session.card.calibration
    assert calibration is not None
    answers = np.load(judged) if judged.is_file() else np.zeros(0, np.float32)
    mode = "r+" if len(answers) else "w+"
    pixels = np.lib.format.open_memmap(folder / "views.npy", mode=mode, dtype=np.uint8, shape=shape)
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


def _varied(pixels: U8Array, rng: np.random.Generator, size_px: int) -> U8Array:
    """Mirror, cut a little, resize, and sometimes compress: little enough that the teacher's answer still holds."""
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    side = int(pixels.shape[0] * rng.uniform(_SMALLEST_CUT, 1.0))
    top, left = (int(value) for value in rng.integers(0, pixels.shape[0] - side + 1, 2))
    cut = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    made = np.asarray(cv2.resize(cut, (size_px, size_px), interpolation=int(rng.choice(_METHODS))), np.uint8)
    return degrade.jpeg(made, int(rng.integers(45, 98))) if rng.random() < _RECODED else made
