"""Judge an exported graph on cached crops: unseen sources, the training sources' hold-out, and how fast it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.split import Side as SideName
from unmask.datasets.split import split
from unmask.evaluate.calibrate import IDENTITY, calibrate
from unmask.evaluate.predict import Prediction
from unmask.extraction.crops import CachedCrop, cut_crops
from unmask.fusion.pool import pooled_logit
from unmask.metrics.bootstrap import interval
from unmask.metrics.calibration import sigmoid
from unmask.metrics.ranking import auc
from unmask.models.card import ModelCard
from unmask.models.session import Session
from unmask.models.write import write_card
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.training.pictures.portraits import as_scanned, read_crop
from zoo.manifest import Prepared
from zoo.trial import Run

FRAMES = 4
_LATENCY_RUNS = 20
_ONE_SOURCE, _ONE_SOURCE_RECIPES = "sg140k-zoya", "-140k"
_SEED = 7


@dataclass(frozen=True)
class Side:
    """What every recipe is judged on.

    Attributes:
        data: The labelled media.
        crops: Folder of face crops.
        media: Most media a side.
    """

    data: Prepared
    crops: Path
    media: int

    @cached_property
    def rows(self) -> list[Row]:
        """Pictures and clips of the manifest."""
        return read_manifest(self.data.manifest)

    def of(self, run: Run, name: SideName, *, source: str = "") -> list[list[CachedCrop]]:
        """Crops by medium of one side, the same ones for every recipe; whole sequences for networks that want them."""
        frames = run.card.input.frames if run.card.input else 0
        rows = split(self.rows, run.recipe.split)[name]
        rows = [row for row in rows if (not frames or row.kind == "video") and source in ("", row.source)]
        order = np.random.default_rng(_SEED).permutation(len(rows))
        rows = [rows[place] for place in order][: None if source else self.media]
        media: dict[str, list[CachedCrop]] = {}
        for crop in cut_crops(rows, self.crops, workers=1):
            media.setdefault(crop.medium, []).append(crop)
        wanted = frames or FRAMES
        whole = [crops for crops in media.values() if len(crops) >= frames]
        return [crops[:: max(len(crops) // wanted, 1)][:wanted] for crops in whole]


def judged(run: Run, sides: Side) -> dict[str, Any]:
    """Calibrate on the validation sources, write the card, measure; returns what the table shows."""
    raw = replace(run.card, calibration=IDENTITY, home=str(run.models))
    card = replace(raw, calibration=calibrate(predictions(raw, sides.of(run, "validation"))))
    path = run.models / f"{card.name}.toml"
    write_card(card, path)
    found: dict[str, Any] = {}
    for name in ("holdout", "test"):
        media = sides.of(run, name)  # type: ignore[arg-type]
        # Not calibrated: a network that ranks the validation sources the wrong way round would be turned round.
        entries = predictions(raw, media)
        labels, scores = [entry.row.label for entry in entries], [entry.p_fake or 0.0 for entry in entries]
        groups = [entry.row.group for entry in entries]
        value = interval(auc, scores, labels, clusters=groups, rounds=500)
        found[name] = {**asdict(value), "media": len(entries)}
    if card.name.endswith(_ONE_SOURCE_RECIPES):
        found["one_source"] = _accuracy(predictions(raw, sides.of(run, "holdout", source=_ONE_SOURCE)))
    found["latency_ms"] = latency_ms(card)
    found["scanned"] = scanned(path, sides)
    return found


def predictions(card: ModelCard, media: Sequence[list[CachedCrop]]) -> list[Prediction]:
    """Run a graph on crops cut as the scanner cuts them, and pool by medium as the scanner pools."""
    session = Session(card, threads=1)
    wants, calibration = card.input, card.calibration
    assert wants is not None
    assert calibration is not None
    found = []
    for crops in media:
        pixels = np.stack([as_scanned(read_crop(crop), size_px=wants.size_px, margin=wants.margin) for crop in crops])
        logits = session.run(pixels[None] if wants.frames else pixels)["logit"].astype(float)
        pooled = pooled_logit(logits.tolist())
        medium = float(sigmoid(calibration.medium_slope * pooled + calibration.medium_offset))
        units = tuple(float(sigmoid(calibration.unit_slope * logit + calibration.unit_offset)) for logit in logits)
        first = crops[0]
        row = Row(Path(first.medium), "image", first.label, first.source, first.method, first.group)
        found.append(Prediction(row, medium, units, "", ""))
    return found


def _accuracy(entries: Sequence[Prediction]) -> dict[str, Any]:
    """Accuracy inside one source, at the threshold that suits it best on half of its media, measured on the other."""
    labels = np.array([entry.row.label for entry in entries])
    scores = np.array([entry.p_fake for entry in entries], float)
    half = np.arange(len(labels)) % 2 == 0
    cuts = np.unique(scores[half])
    best = max(cuts, key=lambda cut: float(((scores[half] >= cut) == labels[half]).mean()))
    value = interval(lambda p, truth: float(np.mean((p >= best) == truth)), scores[~half], labels[~half], rounds=500)
    return {"accuracy": value.value, "low": value.low, "high": value.high, "auc": auc(scores.tolist(), labels.tolist()),
            "media": int((~half).sum())}  # fmt: skip


def latency_ms(card: ModelCard) -> float:
    """Median time of one unit on one core, in milliseconds of the process, so that a busy machine tells the truth."""
    session, wants = Session(card, threads=1), card.input
    assert wants is not None
    shape = (1, wants.frames, wants.size_px, wants.size_px, 3) if wants.frames else (1, wants.size_px, wants.size_px, 3)
    unit = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    times = []
    for _ in range(_LATENCY_RUNS):
        begin = time.process_time()
        session.run(unit)
        times.append(time.process_time() - begin)
    return float(np.median(times) * 1000)


def scanned(card: Path, sides: Side) -> str:
    """Scan a medium with the exported card as `unmask scan --model` does; returns the verdict."""
    kind = "video" if "frames = 0" not in card.read_text(encoding="utf-8") else "image"
    row = next(row for row in sides.rows if row.kind == kind)
    return Pipeline(ScanPlan(face=str(card), speech="", threads=1, frames=16)).scan(row.path).verdict
