"""``unmask evaluate``: judge a detector on labelled media with the very scan that people run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unmask.core.evidence import Modality
    from unmask.datasets.manifest import Row
    from unmask.evaluate.predict import Prediction
    from unmask.evaluate.score import Metrics
    from unmask.metrics.speech import SpeakerErrors
    from unmask.models.card import ModelCard
    from unmask.scanning.plan import ScanPlan


def evaluate(  # noqa: PLR0913 - one parameter for each flag that people see
    manifest: Annotated[Path, typer.Argument(help="CSV manifest: path, kind, label, source, method, group.")],
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for metrics.json, predictions.parquet, plots and the card section.")
    ],
    model: Annotated[str, typer.Option(help="A detector, for example face.fast-2, or the path of its card.")] = "",
    recipe: Annotated[Path | None, typer.Option(help="Take the split from this recipe.")] = None,
    side: Annotated[list[str] | None, typer.Option(help="Sides of the split: holdout, validation, test.")] = None,
    compare: Annotated[
        str, typer.Option(help="Compare with another model, card, or earlier predictions.parquet.", metavar="OTHER")
    ] = "",
    stress: Annotated[
        bool, typer.Option("--stress", help="Also wear media: compression, resizing, blur, noise; codecs, telephone.")
    ] = False,
    stress_media: Annotated[int, typer.Option(help="How many media to wear, evenly over sources.", min=4)] = 60,
    asv_scores: Annotated[
        Path | None, typer.Option(help="ASVspoof's scores of a speaker verification, for min t-DCF of voices.")
    ] = None,
    left_out: Annotated[
        str, typer.Option("--leave-out", help="Retrain --recipe without each source or method, and test on it.")
    ] = "",
    attack: Annotated[str, typer.Option(help="Attack the network of --run: fgsm or pgd.")] = "",
    run: Annotated[Path | None, typer.Option(help="Folder of a finished training, for --attack.")] = None,
    epsilon: Annotated[
        float, typer.Option(help="Largest change of a value by --attack (8-bit levels).", min=0.0)
    ] = 2.0,
    by: Annotated[
        str, typer.Option(help="Also sort by these columns of the manifest, for example sex,age.", metavar="COLUMNS")
    ] = "",
    workers: Annotated[int, typer.Option(help="Processes; 0 chooses.", min=0)] = 0,
) -> None:
    """Measure a detector, with intervals, by source, generator, compression, size and level; show its worst errors."""
    from unmask.cli import retrain
    from unmask.report.curves.canvas import check_installed

    check_installed()
    if left_out:
        retrain.leave_out(manifest, left_out, recipe, out, judge=partial(predictions, workers=workers))
    if attack:
        retrain.attack(manifest, attack, run, recipe, out, epsilon=epsilon, sides=side)
    if model:
        trials = (compare, stress_media if stress else 0)
        columns = tuple(column for column in by.split(",") if column)
        split = (recipe, side, columns)
        _judge(manifest, model, out, split=split, trials=trials, speaker=asv_scores, workers=workers)
    elif not (left_out or attack):
        _refuse_nothing()


def _refuse_nothing() -> None:
    from unmask.core.errors import InvalidOption

    message = "Name what to judge: --model MODEL; or --leave-out or --attack with --recipe."
    raise InvalidOption(message)


def _judge(  # noqa: PLR0913 - the flags of one command
    manifest: Path,
    model: str,
    out: Path,
    *,
    split: tuple[Path | None, list[str] | None, tuple[str, ...]],
    trials: tuple[str, int],
    speaker: Path | None,
    workers: int,
) -> None:
    """Judge one detector: figures, plots, comparison, stress test."""
    from unmask.cli.console import people_console
    from unmask.evaluate.score import metrics_for
    from unmask.evaluate.write import write_evaluation
    from unmask.models import catalogue

    compare, stress_media = trials
    card = catalogue.find(model)
    metrics = metrics_for(card.family, _speaker(speaker) if speaker else None)
    recipe, wanted, by = split
    sides = sides_of(manifest, card, recipe, wanted, by=by)
    everything = [row for rows in sides.values() for row in rows]
    _warn_of_missing(everything)
    found = {name: predictions(rows, model, card, workers) for name, rows in sides.items()}
    write_evaluation(found, out, title=card.name, family=card.family, metrics=metrics, by=by)
    draw_hardest(found, model, card, out, workers=workers)
    text = out / "section.md"
    if compare:
        other = _other(compare, sides, card, workers)
        ours = [prediction for side in found.values() for prediction in side]
        _append(text, _compared(ours, other, out, names=(card.name, _name(compare)), metrics=metrics))
    if stress_media:
        _append(text, _stressed(everything, model, card, out, media=stress_media, workers=workers))
    people_console().print(text.read_text(encoding="utf-8"), markup=False, soft_wrap=True)
    people_console().print(f"Written to {out}", soft_wrap=True)


def sides_of(
    manifest: Path, card: ModelCard, recipe: Path | None, sides: Sequence[str] | None, *, by: Sequence[str] = ()
) -> dict[str, list[Row]]:
    """Rows to judge, by side; one side called ``all`` without a recipe."""
    from unmask.core.errors import InvalidOption, nearest
    from unmask.datasets.manifest import read_manifest
    from unmask.datasets.split import read_rule, split

    kinds = {"speech": ("audio",), "picture": ("image",)}.get(card.family, ("image", "video"))
    rows = [row for row in read_manifest(manifest, extra=by) if row.kind in kinds]
    if recipe is None:
        return {"all": rows}
    found = split(rows, read_rule(recipe))
    names = sides or ["holdout", "validation", "test"]
    for name in names:
        if name not in found:
            message = f"--side: there is no side {name!r}. {nearest(name, found)}"
            raise InvalidOption(message)
    return {name: found[name] for name in names}  # type: ignore[index]


def predictions(rows: Sequence[Row], model: str, card: ModelCard, workers: int) -> list[Prediction]:
    """Scan rows with one detector, a bar on the terminal."""
    from unmask.cli.console import progress
    from unmask.evaluate.predict import predict
    from unmask.scanning.many import choose_executor

    executor, plan = choose_executor(workers, len(rows), plan_of(model, card))
    with progress() as listen:
        return predict(rows, plan, modality_of(card), executor=executor, listener=listen)


def draw_hardest(
    found: Mapping[str, Sequence[Prediction]], model: str, card: ModelCard, out: Path, *, workers: int
) -> None:
    """Draw a sheet of the worst errors of each side."""
    from unmask.cli.console import progress
    from unmask.evaluate.hardest import EACH, write_hardest
    from unmask.scanning.many import choose_executor

    executor, plan = choose_executor(workers, 2 * EACH, plan_of(model, card))
    with progress() as listen:
        for name, side in found.items():
            heading = f"{card.name}: {name}, the hardest media"
            write_hardest(side, plan, out / f"{name}-hardest.png", title=heading, executor=executor, listener=listen)


def plan_of(model: str, card: ModelCard) -> ScanPlan:
    """A plan that asks one detector only.

    Raises:
        InvalidOption: It is no detector.
    """
    from unmask.core.errors import InvalidOption
    from unmask.scanning.plan import ScanPlan

    if card.family == "face":
        return ScanPlan(face=model, speech="")
    if card.family == "speech":
        return ScanPlan(face="", speech=model)
    if card.family == "picture":
        return ScanPlan(face="", speech="", picture=model)
    message = f"--model: {card.name} is a {card.family} model; expected one of family face, speech or picture."
    raise InvalidOption(message)


def modality_of(card: ModelCard) -> Modality:
    """What a detector looks at."""
    modalities: dict[str, Modality] = {"speech": "audio", "picture": "image"}
    return modalities.get(card.family, "face")


def _warn_of_missing(rows: Sequence[Row]) -> None:
    from unmask.cli.console import people_console
    from unmask.evaluate.predict import check_files

    gone = check_files(rows)
    if gone:
        share = f"{len(gone)} of the manifest's {len(rows)} files are missing"
        people_console().print(f"{share} (first: {gone[0].path}); they count as failed.", markup=False, soft_wrap=True)


def _speaker(scores: Path) -> SpeakerErrors:
    """Read ASVspoof's score file: the last two words of a line are target, nontarget or spoof, and the score."""
    from unmask.core.errors import DataError
    from unmask.metrics.speech import speaker_errors

    found: dict[str, list[float]] = {"target": [], "nontarget": [], "spoof": []}
    try:
        for line in scores.read_text(encoding="utf-8").splitlines():
            *_, key, score = line.split()
            found[key].append(float(score))
    except (OSError, ValueError, KeyError) as error:
        wanted = "lines that end in target, nontarget or spoof and a number"
        message = f"{scores}: no scores of a speaker verification ({error!r}); expected {wanted}."
        raise DataError(message) from error
    return speaker_errors(found["target"], found["nontarget"], found["spoof"])


def _other(other: str, sides: Mapping[str, list[Row]], card: ModelCard, workers: int) -> list[Prediction]:
    """Predictions of the detector to compare with, read back or made now."""
    from unmask.core.errors import InvalidOption
    from unmask.evaluate.trials.compare import read_predictions
    from unmask.models import catalogue

    if other.endswith(".parquet"):
        return read_predictions(Path(other), list(sides))
    their = catalogue.find(other)
    if their.family != card.family:
        message = f"--compare: {their.name} is a {their.family} model, {card.name} a {card.family} one."
        raise InvalidOption(message)
    return predictions([row for rows in sides.values() for row in rows], other, their, workers)


def _name(other: str) -> str:
    """Name of the other detector: of its card, or of the folder that holds its predictions."""
    from unmask.models import catalogue

    return Path(other).absolute().parent.name if other.endswith(".parquet") else catalogue.find(other).name


def _compared(
    ours: Sequence[Prediction], theirs: Sequence[Prediction], out: Path, *, names: tuple[str, str], metrics: Metrics
) -> str:
    from unmask.evaluate.trials.compare import comparison_section, write_comparison

    return comparison_section(write_comparison(ours, theirs, out, names=names, metrics=metrics), names)


def _stressed(rows: Sequence[Row], model: str, card: ModelCard, out: Path, *, media: int, workers: int) -> str:
    from unmask.cli.console import progress
    from unmask.evaluate.section import stress_section
    from unmask.evaluate.trials.stress import some, stress, write_stress
    from unmask.scanning.many import choose_executor

    chosen = some(rows, media)
    executor, plan = choose_executor(workers, len(chosen), plan_of(model, card))
    with progress() as listen:
        worn = stress(chosen, plan, modality_of(card), executor=executor, listener=listen)
    return stress_section(write_stress(worn, modality_of(card), out, title=card.name))


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + text)
