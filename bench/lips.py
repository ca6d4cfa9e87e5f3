"""Fit and judge the measure of lips and sound. Run: ``python -m bench.lips MANIFEST SOURCE... [--judge SOURCE...]``.

The manifest is a CSV with the columns path (relative to it), kind, source, group and method (empty for genuine clips).
Genuine clips of the first sources are fitted; each is judged by a fit without its source and without its group. With
``--judge`` the other sources are judged by the fit of all the first ones, printed for `src/unmask/lips/match.py`.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unmask.core.evidence import Abstention
from unmask.faces.detect import FaceFinder
from unmask.lips.match import LEAD_STEPS, STEP_HZ, Match, agreement, mouth_steps, sound_bands
from unmask.media.probe import probe_with_index
from unmask.models.catalogue import find
from unmask.models.store import locate
from unmask.scanning.kit import FACE_FINDER
from unmask.scanning.lips import LEAST_SPEECH_S, LONGEST_S, Stretch, concluded, hear, watch
from unmask.voice.activity import speech_share

RIDGE = 0.3
SHIFTS_S = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
HOP_S = 2.0
ANSWERS = ("follow", "shifted", "unclear", "apart")
Model = tuple[np.ndarray, np.ndarray]


@dataclass
class Clip:
    name: str
    source: str
    group: str
    method: str
    seen: np.ndarray
    bands: np.ndarray


def load(manifest: Path, sources: list[str]) -> list[Clip]:
    finder = FaceFinder(locate(find(FACE_FINDER)))
    clips = []
    for row in csv.DictReader(manifest.open()):
        if row["kind"] != "video" or row["source"] not in sources:
            continue
        path = manifest.parent / row["path"]
        media, index = probe_with_index(path)
        if not media.has_audio:
            continue
        stretch = Stretch(0.0, min(media.duration_s, LONGEST_S))
        sound, mouth = hear(path, stretch), watch(path, index, stretch, finder)
        name = f"{row['source']}/{path.stem}"
        if not isinstance(sound, Abstention) and speech_share(sound.samples_f32) * sound.duration_s < LEAST_SPEECH_S:
            sound = Abstention("no_speech")
        for one in (sound, mouth):
            if isinstance(one, Abstention):
                print(f"  left out: {name}: {one.reason} ({one.detail})")
                break
        else:
            bands = sound_bands(sound.samples_f32)
            begin = float(mouth.times_s[0])
            bands = bands[round(begin * STEP_HZ) :]
            count = min(int((mouth.times_s[-1] - begin) * STEP_HZ), len(bands))
            group = row["group"] if row["group"] not in ("photo", "cg") else name
            seen = mouth_steps(mouth, begin, count)
            print(f"  {name}: {count / STEP_HZ:.1f} s, {mouth.size_px:.0f} px, turned {mouth.turned:.2f}")
            clips.append(Clip(name, row["source"], group, row["method"], seen, bands))
    return clips


def fit(clips: list[Clip]) -> Model:
    bands = np.vstack([one.bands[LEAD_STEPS : len(one.seen)] for one in clips])
    seen = np.vstack([one.seen[:-LEAD_STEPS] for one in clips])
    weights = np.linalg.solve(bands.T @ bands + RIDGE * len(bands) * np.eye(bands.shape[1]), bands.T @ seen)
    known = np.array([np.corrcoef((bands @ weights)[:, k], seen[:, k])[0, 1] for k in range(2)])
    return weights, known / known.sum()


def trials(clip: Clip, others: list[Clip], model: Model) -> dict[str, list[Match]]:
    """Matches of a clip with its own sound, with its own sound moved, and with the sound of others."""
    weights, shares = model
    count = len(clip.seen)
    found = {"own": [agreement(clip.seen, clip.bands[:count] @ weights, shares)], "shifted": [], "swapped": []}
    for shift_s in SHIFTS_S:
        moved = np.roll(clip.bands[:count], round(shift_s * STEP_HZ), axis=0)
        found["shifted"].append(agreement(clip.seen, moved @ weights, shares))
    for other in others:
        if other.group == clip.group:
            continue
        for begin in range(0, len(other.bands) - count + 1, round(HOP_S * STEP_HZ)):
            found["swapped"].append(agreement(clip.seen, other.bands[begin : begin + count] @ weights, shares))
        if len(other.bands) < count:
            part = clip.seen[: len(other.bands)]
            if len(part) >= 3 * STEP_HZ:
                found["swapped"].append(agreement(part, other.bands @ weights, shares))
    return found


def auc(own: list[float], other: list[float]) -> float:
    pairs = np.subtract.outer(np.array(own), np.array(other))
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


def judged(own: list[list[float]], other: list[list[float]], *, paired: bool) -> str:
    """AUC with its 90 % interval by drawing clips, each with all that was made of it."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(2000):
        places = rng.integers(0, len(own), len(own))
        others = places if paired else rng.integers(0, len(other), len(other))
        drawn.append(auc(flat(own[p] for p in places), flat(other[p] for p in others)))
    low, high = np.quantile(drawn, [0.05, 0.95])
    return f"AUC {auc(flat(own), flat(other)):.3f} ({low:.2f} to {high:.2f})"


def flat(lists: Iterable[list[float]]) -> list[float]:
    return [one for part in lists for one in part]


def line(clip: Clip, own: Match) -> str:
    figures = f"near {own.near:.2f}, best {own.best:.2f} at {own.offset_ms} ms, apart {own.apart:.1f}"
    return f"  {clip.name}: {figures}: {concluded(own, 0, 0).answer}"


def tell(title: str, rows: list[tuple[Clip, dict[str, list[Match]]]]) -> None:
    print(f"\n{title}: {len(rows)} clips")
    for clip, found in rows:
        print(line(clip, found["own"][0]))
    for source in [*sorted({clip.source for clip, _ in rows}), "all"]:
        mine = [found for clip, found in rows if source in ("all", clip.source)]
        for kind in ("shifted", "swapped"):
            own, other = near(mine, "own"), near(mine, kind)
            if any(other):
                count = sum(map(len, other))
                print(f"  {source}, {kind}: {judged(own, other, paired=True)}, {len(mine)} clips, {count} trials")
    for kind in ("own", "shifted", "swapped"):
        answers = [concluded(one, 0, 0).answer for _, found in rows for one in found[kind]]
        shares = {
            name: answers.count(name) / max(len(answers), 1) for name in ("follow", "shifted", "unclear", "apart")
        }
        print(f"  told of {kind}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))


def near(found: list[dict[str, list[Match]]], kind: str) -> list[list[float]]:
    return [[one.near for one in part[kind]] for part in found]


def tell_forged(forged: list[Clip], model: Model, genuine: list[dict[str, list[Match]]]) -> None:
    for method in sorted({clip.method for clip in forged}):
        made = [(clip, trials(clip, [], model)) for clip in forged if clip.method == method]
        other = near([found for _, found in made], "own")
        print(f"  {method}: {judged(near(genuine, 'own'), other, paired=False)}, {len(made)} clips")
        for clip, found in made:
            print("  " + line(clip, found["own"][0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--judge", nargs="*", default=[])
    options = parser.parse_args()
    clips = [one for one in load(options.manifest, options.sources) if not one.method]
    rows = []
    for clip in clips:
        rest = [one for one in clips if one.source != clip.source and one.group != clip.group]
        rows.append((clip, trials(clip, clips, fit(rest))))
    tell("left out in turn", rows)
    model = fit(clips)
    print("\nWEIGHTS =", np.round(model[0], 4).tolist(), "\nSHARES =", np.round(model[1], 4).tolist())
    if options.judge:
        others = load(options.manifest, options.judge)
        genuine = [one for one in others if not one.method]
        rows = [(clip, trials(clip, clips + others, model)) for clip in genuine]
        tell("judged", rows)
        heads = [one for one in others if one.method]
        tell("generated heads, dubbed", [(clip, trials(clip, clips + others, model)) for clip in heads])
        tell_forged(heads, model, [found for _, found in rows])


if __name__ == "__main__":
    main()
