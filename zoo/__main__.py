"""Train, export, measure and scan with every recipe of the zoo; resumable, one file of results a recipe."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from unmask.core.errors import UnmaskError
from unmask.training.recipe import read_recipe
from zoo.judge import Side, judged
from zoo.page import write_page
from zoo.trial import Budget, trained
from zoo.voices import heard

ROOT = Path(__file__).parents[1]
FIRST = ("blur-noise-cnn-140k", "lite0-140k", "dct-lr", "lite0", "meso4", "autoencoder-both", "lite0-frozen", "npr",
    "clip-frozen", "spectrum-lr")  # fmt: skip
"""Run first, so that a run that is stopped has something of every kind."""
LAST = ("ensemble", "frame-")


def recipes(names: list[str], *, family: str = "face") -> list[Path]:
    """Recipes of a family in the order in which they are run; the ensemble last, since it needs its members."""
    found = {path.stem: path for path in sorted((ROOT / "recipes" / "zoo").glob("*.toml"))}
    found = {name: path for name, path in found.items() if read_recipe(path).family == family}
    order = [*(name for name in FIRST if name in found), *(name for name in found if name not in FIRST)]
    order.sort(key=lambda name: any(part in name for part in LAST))
    return [found[name] for name in order if not names or name in names]


def main() -> None:
    """Run what the command line asks for."""
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
    wanted = parser.parse_args()
    if not (wanted.data or wanted.voices):
        parser.error("--data or --voices is needed")
    results, budget = wanted.out / "results", Budget(wanted.seconds)
    (results / "voices").mkdir(parents=True, exist_ok=True)
    sides = Side(wanted.data, wanted.crops or wanted.out / "crops", wanted.media)

    def seen(path: Path) -> dict[str, Any]:
        run = trained(path, sides.data, wanted.out, crops=sides.crops, budget=budget)
        return {**run.facts, **judged(run, sides)}

    def listened(path: Path) -> dict[str, Any]:
        clips = wanted.clips or wanted.out / "clips"
        return heard(path, wanted.voices, wanted.out, clips=clips, budget=budget, media=wanted.media)

    jobs = [(path, seen, results) for path in recipes(wanted.only) if wanted.data]
    jobs += [(path, listened, results / "voices") for path in recipes(wanted.only, family="speech") if wanted.voices]
    for path, run, folder in jobs:
        target = folder / f"{path.stem}.json"
        if not target.is_file():
            say(f"{path.stem} ...")
            try:
                target.write_text(json.dumps(run(path), indent=1), encoding="utf-8")
            except UnmaskError as error:
                say(f"{path.stem} was left out: {error}")
                continue
        write_page(results, wanted.page, total=len(recipes([])))
    say(f"Written: {wanted.page}")


def say(line: str) -> None:
    """Tell people how far the run is."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
