"""The media that a detector gets most wrong, looked at again: heat over faces, spectrograms of voices."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from unmask.core.contracts import Executor
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import ScanReport
from unmask.core.records import Box, Exhibit, U8Array
from unmask.evaluate.predict import Prediction
from unmask.evaluate.score import answered
from unmask.report.curves.sheets import Tile, heated, save_sheet, save_sounds
from unmask.scanning.many import scan_one
from unmask.scanning.plan import ScanPlan

EACH = 6
_SIDE_PX = 224


def hardest(predictions: Iterable[Prediction], count: int = EACH) -> list[Prediction]:
    """Choose the genuine media that look most forged and the forged ones that look most genuine, one of each group.

    Args:
        predictions: Any.
        count: Most media of each label.

    Returns:
        Genuine ones first, the worst first.
    """
    found = []
    for label in (0, 1):
        worst: dict[str, Prediction] = {}
        for entry in answered(predictions):
            known = worst.get(entry.row.group)
            if entry.row.label == label and (known is None or _wrong(entry) > _wrong(known)):
                worst[entry.row.group] = entry
        found += heapq.nlargest(count, worst.values(), key=_wrong)
    return found


def write_hardest(
    predictions: Sequence[Prediction],
    plan: ScanPlan,
    path: Path,
    *,
    title: str,
    executor: Executor,
    listener: Listener = ignore,
) -> bool:
    """Scan the hardest media again and draw them as a sheet.

    Args:
        predictions: Of one side.
        plan: What they were judged with.
        path: A PNG.
        title: Heading.
        executor: Where to run.
        listener: Hears progress.

    Returns:
        Whether there was anything to draw.
    """
    chosen = hardest(predictions)
    scan = partial(scan_one, replace(plan, exhibits=1))
    reports = []
    for done, result in enumerate(executor.map(scan, [entry.row.path for entry in chosen]), start=1):
        listener(Advanced("hardest media", done, len(chosen)))
        reports.append(result)
    pairs = [(entry, one) for entry, one in zip(chosen, reports, strict=True) if isinstance(one, ScanReport)]
    sounds = [(one.sound, _caption(entry)) for entry, one in pairs if one.sound is not None and not plan.face]
    if sounds:
        save_sounds(sounds, path, title=title)
        return True
    tiles = [
        tile for entry, one in pairs if one.exhibits for tile in [face_tile(one.exhibits[0], _caption(entry))] if tile
    ]
    if tiles:
        save_sheet(tiles, path, title=title, across=3)
    return bool(tiles)


def face_tile(exhibit: Exhibit, caption: str) -> Tile | None:
    """Show the most suspicious scored face of a frame twice: as the detector saw it, and under its heat map."""
    if not exhibit.heatmaps:
        return None
    square, heat = max(exhibit.heatmaps, key=lambda pair: float(pair[1].mean()))
    face = cv2.resize(cut_square(exhibit.pixels_rgb_u8, square), (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    return Tile(np.concatenate([face, heated(np.asarray(face, np.uint8), heat)], axis=1), caption)


def cut_square(pixels: U8Array, square: Box) -> U8Array:
    """Cut a square out of a picture, border pixels repeated where it reaches outside."""
    left, top, right, bottom = (round(edge) for edge in square)
    height, width = pixels.shape[:2]
    rows = np.clip(np.arange(top, max(bottom, top + 1)), 0, height - 1)
    columns = np.clip(np.arange(left, max(right, left + 1)), 0, width - 1)
    return np.ascontiguousarray(pixels[rows][:, columns])


def _wrong(prediction: Prediction) -> float:
    assert prediction.p_fake is not None
    return prediction.p_fake if prediction.row.label == 0 else 1 - prediction.p_fake


def _caption(prediction: Prediction) -> str:
    label = "forged" if prediction.row.label else "genuine"
    what = " / ".join(part for part in (prediction.row.source, prediction.row.method) if part)
    return f"{label}, p_fake {prediction.p_fake:.2f}\n{_short(what)}\n{_short(prediction.row.path.name)}"


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}\u2026{text[-most // 2 + 1 :]}"
