"""Scan labelled media and keep what the metrics need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from unmask.core.contracts import Executor
from unmask.core.errors import DataError
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import Modality, ScanFailure, ScanReport
from unmask.datasets.manifest import Row
from unmask.fusion.calibrate import log_odds
from unmask.fusion.decide import decide, fuse
from unmask.scanning.many import scan_one
from unmask.scanning.plan import ScanPlan


@dataclass(frozen=True, slots=True)
class Traits:
    """What a file is like, whoever made it.

    Attributes:
        format: Container or codec family as found in the bytes, for example ``JPEG``; empty for a file that failed.
        rate: Bits per pixel of a picture or clip, kbit/s of a recording; NaN if unknown.
        size: Longer side in px of the largest face of the exhibited frame, seconds of a recording; NaN if unknown.
    """

    format: str = ""
    rate: float = math.nan
    size: float = math.nan


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one detector said about one labelled medium.

    Attributes:
        row: The labelled medium.
        p_fake: Calibrated probability; None if the detector abstained or the file failed.
        unit_p: Calibrated probabilities of the single crops or windows.
        verdict: What `unmask scan` would say of this detector's evidence alone; empty without an answer.
        abstained: Reason, or the error's name for a file that failed; empty for an answer.
        person_p: Calibrated probabilities of the people who could be scored; empty for sound.
        traits: What the file is like.
    """

    row: Row
    p_fake: float | None
    unit_p: tuple[float, ...]
    verdict: str
    abstained: str
    person_p: tuple[float, ...] = ()
    traits: Traits = Traits()

    @property
    def logit(self) -> float:
        """Log-odds of `p_fake`, which must not be None."""
        assert self.p_fake is not None
        return log_odds(self.p_fake)


def predict(
    rows: Sequence[Row], plan: ScanPlan, modality: Modality, *, executor: Executor, listener: Listener = ignore
) -> list[Prediction]:
    """Scan rows and read off one modality.

    Args:
        rows: Labelled media.
        plan: Which detectors, how many frames.
        modality: Whose evidence counts.
        executor: Where to run.
        listener: Hears progress.

    Returns:
        One prediction a row, in order.
    """
    # One picture is kept because it tells how large the faces are; it stays in the worker.
    wanted = replace(plan, exhibits=1) if modality == "face" else plan
    found = []
    for done, prediction in enumerate(executor.map(partial(judge, wanted, modality), rows), start=1):
        listener(Advanced("evaluating", done, len(rows), prediction.row.path.name))
        found.append(prediction)
    return found


def judge(plan: ScanPlan, modality: Modality, row: Row) -> Prediction:
    """Scan one row with the models of this process; a file that fails is an abstention with the error's name."""
    result = scan_one(plan, row.path)
    if isinstance(result, ScanFailure):
        return Prediction(row, None, (), "", result.error)
    traits = _traits(result)
    entries = [entry for entry in result.evidence if entry.modality == modality]
    fused = fuse(entries)
    if fused is None:
        return Prediction(row, None, (), "", (entries and entries[0].abstained) or "no_track", (), traits)
    units = tuple(point.p_fake for point in result.timeline if point.modality == modality)
    people = tuple(one.p_fake for one in result.people if one.p_fake is not None) if modality == "face" else ()
    verdict = decide(fused[0], max(entry.coverage for entry in entries), entries)
    return Prediction(row, fused[0], units, verdict, "", people, traits)


def check_files(rows: Sequence[Row]) -> list[Row]:
    """Find the rows whose file is missing.

    Returns:
        These rows; they count as failed, not as answered.

    Raises:
        DataError: There are no rows, or all of their files are missing.
    """
    gone = [row for row in rows if not row.path.is_file()]
    if not rows:
        message = "The manifest has no row of the kind that this detector judges (image, video or audio)."
        raise DataError(message)
    if len(gone) == len(rows):
        message = (
            f"None of the manifest's {len(rows)} files exists; the first is {gone[0].path}. Paths are relative to the "
            "manifest's folder: put the manifest where the media lie, or write whole paths."
        )
        raise DataError(message)
    return gone


def _traits(report: ScanReport) -> Traits:
    media = report.media
    bits = 8.0 * media.bytes
    if media.kind == "audio":
        rate = bits / media.duration_s / 1000 if media.duration_s else math.nan
        return Traits(media.format, rate, media.duration_s)
    pixels = media.width_px * media.height_px * max(media.frame_count, 1)
    faces = [
        max(right - left, bottom - top) * media.width_px / exhibit.pixels_rgb_u8.shape[1]
        for exhibit in report.exhibits
        for _, (left, top, right, bottom), _ in exhibit.faces
    ]
    return Traits(media.format, bits / pixels if pixels else math.nan, max(faces, default=math.nan))
