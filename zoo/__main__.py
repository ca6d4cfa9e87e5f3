"""Train, export, measure and scan with every recipe of the zoo; resumable, one file of results a recipe."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unmask.core.errors import UnmaskError
from unmask.training.recipe import read_recipe
from zoo.judge import Side, judged
from zoo.manifest import KINDS, Prepared, prepared
from zoo.page import write_page
from zoo.trial import Budget, trained
from zoo.voices import heard

ROOT = Path(__file__).parents[1]
FIRST = ("blur-noise-cnn-140k", "lite0-140k", "dct-lr", "lite0", "meso4", "autoencoder-both", "lite0-frozen", "npr",
    "clip-frozen", "spectrum-lr")  # fmt: skip
"""Run first, so that a run that is stopped has something of every kind."""
LAST = ("ensemble", "frame-")
MANIFESTS = {"face": "manifest.csv", "speech": "voices.csv"}
"""What is left of the labelled media of a family, in the folder of the run."""


def recipes(names: list[str], *, family: str = "face") -> list[Path]:
    """Recipes of a family in the order in which they are run; the ensemble last, since it needs its members."""
    found = {path.stem: path for path in sorted((ROOT / "recipes" / "zoo").glob("*.toml"))}
    found = {name: path for name, path in found.items() if read_recipe(path).family == family}
    order = [*(name for name in FIRST if name in found), *(name for name in found if name not in FIRST)]
    order.sort(key=lambda name: any(part in name for part in LAST))
    return [found[name] for name in order if not names or name in names]


def main() -> None:
    """Run what the command line asks for."""
    parser = options()
    wanted = parser.parse_args()
    if not (wanted.data or wanted.voices):
        parser.error("--data or --voices is needed")
    try:
        media = left({"face": wanted.data, "speech": wanted.voices}, wanted.out)
    except UnmaskError as error:
        parser.error(str(error))
    results = wanted.out / "results"
    (results / "voices").mkdir(parents=True, exist_ok=True)
    for path, run, target in jobs(wanted, media, results):
        if not target.is_file():
            say(f"{path.stem} ...")
            try:
                target.write_text(json.dumps(run(path), indent=1), encoding="utf-8")
            except UnmaskError as error:
                say(f"{path.stem} was left out: {error}")
                continue
        write_page(results, wanted.page, total=len(recipes([])))
    say(f"Written: {wanted.page}")


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="zoo", description=__doc__)
    parser.add_argument("--data", type=Path, help="CSV manifest with the sources of the split of the recipes for faces")
    parser.add_argument(
        "--voices", type=Path, help="CSV manifest with the sources of the split of the recipes for voices"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "zoo", help="runs, graphs, cards and results")
    parser.add_argument("--crops", type=Path, default=None, help="folder of face crops, shared by all recipes")
    parser.add_argument("--clips", type=Path, default=None, help="folder of decoded recordings, shared by all recipes")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of one core for training one recipe; on a "
                        "GPU every recipe gets all its steps")  # fmt: skip
    parser.add_argument("--media", type=int, default=200, help="media a side that are judged, at most")
    parser.add_argument("--only", nargs="*", default=[], help="names of recipes")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "zoo.md", help="where the page goes")
    return parser


def left(data: Mapping[str, Path | None], out: Path) -> dict[str, Prepared]:
    """Prepare the manifest of each family that has one, and tell people what was left out."""
    found = {}
    for family, manifest in data.items():
        if manifest:
            rule = read_recipe(recipes([], family=family)[0]).split  # One for all recipes of a family.
            found[family] = prepared(manifest, out / MANIFESTS[family], rule, kinds=KINDS[family])
            for note in found[family].notes:
                say(note)
    return found


def jobs(
    wanted: argparse.Namespace, media: Mapping[str, Prepared], results: Path
) -> Iterator[tuple[Path, Callable[[Path], dict[str, Any]], Path]]:
    """Recipes in order, what runs each of them, and where its results go."""
    budget = Budget(wanted.seconds)
    if faces := media.get("face"):
        sides = Side(faces, wanted.crops or wanted.out / "crops", wanted.media)

        def seen(path: Path) -> dict[str, Any]:
            run = trained(path, faces, wanted.out, crops=sides.crops, budget=budget)
            return {**run.facts, **judged(run, sides)}

        yield from ((path, seen, results / f"{path.stem}.json") for path in recipes(wanted.only))
    if voices := media.get("speech"):

        def listened(path: Path) -> dict[str, Any]:
            clips = wanted.clips or wanted.out / "clips"
            return heard(path, voices, wanted.out, clips=clips, budget=budget, media=wanted.media)

        found = recipes(wanted.only, family="speech")
        yield from ((path, listened, results / "voices" / f"{path.stem}.json") for path in found)


def say(line: str) -> None:
    """Tell people how far the run is."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
