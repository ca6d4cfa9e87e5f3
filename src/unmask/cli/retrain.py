"""The parts of ``unmask evaluate`` that need the training room: leaving sources out, and attacking a network."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unmask.datasets.manifest import Row
    from unmask.evaluate.predict import Prediction
    from unmask.evaluate.trials.leave_out import Fold, Outcome
    from unmask.models.card import ModelCard
    from unmask.training.recipe import Recipe

    Judge = Callable[[Sequence[Row], str, ModelCard], list[Prediction]]


def leave_out(manifest: Path, kind: str, recipe: Path | None, out: Path, *, judge: Judge) -> None:
    """Train a recipe once for each source or method that is left out, and write one table.

    `judge` scans rows with a card at a path. A fold that was trained before is not trained again; one that fails gets a
    line with the reason.
    """
    from unmask.cli.console import people_console
    from unmask.core.errors import UnmaskError
    from unmask.evaluate.trials.leave_out import Outcome, folds, write_outcomes

    wanted, rows = _recipe_and_rows(manifest, recipe)
    found: list[Outcome] = []
    text = ""
    for number, fold in enumerate(folds(rows, kind, wanted.split)):
        try:
            found.append(_fold(wanted, fold, out / "folds" / f"{number:03d}", judge))
        except UnmaskError as error:
            found.append(Outcome(fold.name, 0, 0, 0, {}, f"{type(error).__name__}: {error}"))
        text = write_outcomes(found, kind, out, title=wanted.name)  # After each fold, so that a stop keeps the others.
        people_console().print(text.rstrip().rsplit("\n", 1)[-1], markup=False, soft_wrap=True)
    people_console().print(f"\n{text}\nWritten to {out}", markup=False, soft_wrap=True)


def attack(  # noqa: PLR0913 - the flags of one command
    manifest: Path,
    kind: str,
    run: Path | None,
    recipe: Path | None,
    out: Path,
    *,
    epsilon: float,
    sides: Sequence[str] | None = None,
) -> None:
    """Attack the network of a finished run and report clean and robust accuracy on media that did not teach it."""
    from unmask.cli.console import people_console, progress
    from unmask.core.errors import InvalidOption, nearest
    from unmask.evaluate.trials.robust import write_robustness

    wanted, rows = _recipe_and_rows(manifest, recipe)
    rows = _judged(rows, wanted, sides)
    from unmask.training.explain.run import cut_units, open_run
    from unmask.training.fitting.robustness import attacked_logits
    from unmask.training.recipe import ATTACKS, Attack

    if kind not in ATTACKS:
        message = f"--attack: there is no attack {kind!r}. {nearest(kind, ATTACKS)}"
        raise InvalidOption(message)
    if run is None:
        message = "--attack needs --run, the folder of a finished training: gradients are not in an exported graph."
        raise InvalidOption(message)
    network, plan = open_run(wanted, run), Attack(kind=kind, epsilon=epsilon, steps=10)
    with progress() as listen:
        units = cut_units(wanted, rows, out / "crops", listener=listen)
        logits = attacked_logits(network, units.arrays, units.labels, plan, listener=listen)
    done = {"attack": kind, "epsilon": epsilon, **({"steps": plan.steps} if kind == "pgd" else {})}
    text = write_robustness(logits, units.labels, units.groups, out, attack=done, title=wanted.name)
    people_console().print(f"{text}\nWritten to {out}", markup=False, soft_wrap=True)


def _recipe_and_rows(manifest: Path, recipe: Path | None) -> tuple[Recipe, list[Row]]:
    from unmask.core.errors import InvalidOption, ProviderUnavailable
    from unmask.datasets.manifest import read_manifest
    from unmask.evaluate.predict import check_files

    if recipe is None:
        message = "--leave-out and --attack need --recipe, which says what is trained."
        raise InvalidOption(message)
    try:
        from unmask.training.recipe import read_recipe
        from unmask.training.train import draft_card  # noqa: F401 - asks for PyTorch before any work is done
    except ImportError as error:
        message = f"This needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        raise ProviderUnavailable(message) from error
    wanted = read_recipe(recipe)
    kinds = ("audio",) if wanted.family == "speech" else ("image", "video")
    rows = [row for row in read_manifest(manifest) if row.kind in kinds]
    gone = set(check_files(rows))
    return wanted, [row for row in rows if row not in gone]


def _judged(rows: list[Row], recipe: Recipe, sides: Sequence[str] | None) -> list[Row]:
    """Rows of the wanted sides of the recipe's split; without a wish, of all but the training side.

    Raises:
        InvalidOption: There is no such side, or nothing on those.
    """
    from unmask.core.errors import InvalidOption, nearest
    from unmask.datasets.split import split

    found = split(rows, recipe.split)
    for name in sides or ():
        if name not in found:
            message = f"--side: there is no side {name!r}. {nearest(name, found)}"
            raise InvalidOption(message)
    kept = [row for name, side in found.items() if name in (sides or set(found) - {"train"}) for row in side]
    if not kept:
        message = (
            "The split of the recipe leaves nothing to judge but what taught the network. Name test sources or a "
            "hold-out in [split]."
        )
        raise InvalidOption(message)
    return kept


def _fold(recipe: Recipe, fold: Fold, folder: Path, judge: Judge) -> Outcome:
    """Train, export, calibrate on the hold-out, and measure on what was left out."""
    from unmask.cli.console import progress
    from unmask.core.errors import DataError
    from unmask.datasets.manifest import write_manifest
    from unmask.datasets.split import split
    from unmask.evaluate.calibrate import IDENTITY, calibrate
    from unmask.evaluate.trials.leave_out import judged, outcome
    from unmask.models.write import write_card
    from unmask.training.train import draft_card, train

    settled = replace(recipe, split=fold.rule)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.csv"
    write_manifest(fold.rows, manifest)
    with progress() as listen:
        train(settled, manifest, folder / "run", cache=folder.parent / "crops", listener=listen)
    sides = split(fold.rows, fold.rule)
    card = replace(draft_card(settled, [folder / "run"], sides["train"], folder), calibration=IDENTITY)
    path = folder / f"{card.name}.toml"
    write_card(card, path)
    with suppress(DataError):  # Where the hold-out lacks a label, the ranking figures need no calibration.
        write_card(replace(card, calibration=calibrate(judge(sides["holdout"], str(path), card))), path)
    return outcome(fold.name, judge(judged(sides), str(path), card))
