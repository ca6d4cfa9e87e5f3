"""``unmask export``: from a finished run to a graph and a calibrated card with figures."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from unmask.datasets.manifest import Row
    from unmask.evaluate.predict import Prediction
    from unmask.models.card import Calibration, Figure, ModelCard
    from unmask.training.recipe import Recipe


def export(
    run: Annotated[
        list[Path], typer.Argument(help="Folder of a run of `unmask train`; of several, the mean of their weights.")
    ],
    *,
    recipe: Annotated[Path, typer.Option(help="The runs' recipe.")],
    data: Annotated[Path, typer.Option(help="The manifest it was trained on.")],
    out: Annotated[Path, typer.Option(help="Folder for the graph, its card and the evaluation.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 chooses.", min=0)] = 0,
) -> None:
    """Export to ONNX, check parity, calibrate on left-out sources, measure on unseen ones, write the card."""
    from unmask.cli.console import people_console
    from unmask.core.errors import ProviderUnavailable

    try:
        from unmask.training.recipe import read_recipe
        from unmask.training.train import FOLDS
    except ImportError as error:
        message = f"Exporting needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        raise ProviderUnavailable(message) from error
    console = people_console()
    wanted = read_recipe(recipe)
    with staged(out) as folder:
        card = _draft(wanted, run, data, folder)
        console.print(_parity(card), soft_wrap=True)
        _measure(card, recipe, data, folder, outsiders=_outsiders(wanted, run, data, folder), workers=workers)
        shutil.rmtree(folder / FOLDS, ignore_errors=True)
        section = (folder / "section.md").read_text(encoding="utf-8")
    console.print(section, markup=False)
    path = out / f"{card.name}.toml"
    console.print(f"Graph, card and figures: {out}. Scan with it: unmask scan FILE --model {path}", soft_wrap=True)


def _parity(card: ModelCard) -> str:
    """Say how far the graph's logits are from those of what it was made from: a network, a pipeline, several graphs."""
    if card.parity is None:
        return "Parity: nothing was compared, so nobody knows whether the graph gives what it was made from gives."
    return f"Parity: the graph's logits differ by {card.parity:.1g} at most from those of what it was made from."


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a folder whose files take their places in another once all are written, the cards last.

    An export that is stopped, or fails, leaves the other folder as it was.

    Args:
        out: Where the files end up.

    Yields:
        An empty folder beside it.
    """
    folder = out.with_name(f"{out.name}.part")
    shutil.rmtree(folder, ignore_errors=True)  # Of an export that was killed.
    folder.mkdir(parents=True)
    try:
        yield folder
        out.mkdir(parents=True, exist_ok=True)
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.suffix == ".toml"):
            if entry.is_dir():
                shutil.rmtree(out / entry.name, ignore_errors=True)
            entry.replace(out / entry.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _draft(wanted: Recipe, runs: Sequence[Path], data: Path, folder: Path) -> ModelCard:
    from unmask.datasets.manifest import read_manifest
    from unmask.datasets.split import split
    from unmask.datasets.versions import manifest_version
    from unmask.training.train import draft_card

    card = draft_card(wanted, runs, split(read_manifest(data), wanted.split)["train"], folder)
    seen = manifest_version(data)
    version = f"version {seen.version}" if seen.version else "no version"
    return replace(card, training_data=(*card.training_data, f"manifest {seen.name}, {version}, sha256 {seen.sha256}"))


def _outsiders(wanted: Recipe, runs: Sequence[Path], data: Path, folder: Path) -> list[tuple[ModelCard, list[Row]]]:
    """Drafts of the networks of all folds, each with the media that it has not seen."""
    from unmask.datasets.manifest import read_manifest
    from unmask.datasets.split import split
    from unmask.training.train import FOLDS, draft_card, fold_recipes

    rows, found = read_manifest(data), []
    for number, recipe in enumerate(fold_recipes(wanted), start=1):
        sides, own = split(rows, recipe.split), [run / FOLDS / str(number) for run in runs]
        left_out = [row for row in sides["test"] if row.source in recipe.split.without]
        place = folder / FOLDS / str(number)
        found.append((replace(draft_card(recipe, own, sides["train"], place), home=str(place)), left_out))
    return found


def _measure(
    card: ModelCard,
    recipe: Path,
    data: Path,
    folder: Path,
    *,
    outsiders: Sequence[tuple[ModelCard, list[Row]]] = (),
    workers: int,
) -> None:
    """Calibrate and measure a draft, and write its card and its evaluation."""
    from unmask.cli.evaluate import sides_of
    from unmask.datasets.split import read_rule
    from unmask.evaluate.calibrate import IDENTITY, calibrate_by_kind, promised
    from unmask.evaluate.write import write_evaluation
    from unmask.models.write import write_card
    from unmask.scanning.wear import opposite_only

    rows = sides_of(data, card, recipe, None)
    apart = [(replace(card, home=str(folder)), rows["validation"])] if rows["validation"] else []
    judges = [*outsiders, *apart]
    false_alarms, misses = promised(card.family)
    found = _judged([(replace(judge, calibration=IDENTITY), media) for judge, media in judges], workers)
    known = rows["holdout"] if read_rule(recipe).holdout_calibrates else []
    kept_back = _judged([(replace(card, home=str(folder), calibration=IDENTITY), known)], workers) if known else []
    calibration, clips = calibrate_by_kind(found, kept_back, false_alarms=false_alarms, misses=misses)
    coded = _coded(judges, folder, workers)
    card = replace(card, calibration=calibration, clip_calibration=clips, coded_calibrations=coded)
    path = folder / f"{card.name}.toml"
    write_card(card, path)
    settled = [
        (replace(judge, calibration=calibration, clip_calibration=clips, coded_calibrations=coded), media)
        for judge, media in judges
    ]
    own = replace(card, home=str(folder))
    asked = {name: [(own, media)] for name, media in rows.items()} | {"validation": settled}
    sides = {name: _judged(pairs, workers) for name, pairs in asked.items() if any(media for _, media in pairs)}
    # The figures are those of all answers; the test of stability, asked for from here on, only withdraws some of them.
    if card.family != "speech":
        calibration = replace(calibration, wear_slack=opposite_only(calibration))
        clips = replace(clips, wear_slack=opposite_only(clips)) if clips else None
    steady = replace(card, calibration=calibration, clip_calibration=clips)
    calibrated_by = _name_of_validation(len(outsiders), apart=bool(apart))
    told = _figures(sides, card.family, validation=calibrated_by, calibrates=bool(kept_back))
    write_card(replace(steady, figures=tuple(told)), path)
    write_evaluation(sides, folder, title=card.name, family=card.family)


def _coded(judges: Sequence[tuple[ModelCard, list[Row]]], folder: Path, workers: int) -> dict[str, Calibration]:
    """Calibrate for each way of storing a voice; nothing for detectors that are no particular codec's."""
    from unmask.cli.console import progress
    from unmask.evaluate.calibrate import IDENTITY, calibrate, promised
    from unmask.evaluate.copies import COPY_KBPS, store_copies

    found: dict[str, Calibration] = {}
    if not all(judge.input and judge.input.opus_kbps for judge, _ in judges):
        return found
    false_alarms, misses = promised("speech")
    for kind in COPY_KBPS:
        copies = folder / kind
        with progress() as listen:
            asked = [
                (replace(judge, calibration=IDENTITY), store_copies(media, kind, copies / str(place), listener=listen))
                for place, (judge, media) in enumerate(judges)
            ]
        found[kind] = calibrate(_judged(asked, workers), false_alarms=false_alarms, misses=misses)
        shutil.rmtree(copies)
    return found


def _judged(judges: Sequence[tuple[ModelCard, list[Row]]], workers: int) -> list[Prediction]:
    """Let cards judge media, each its own."""
    from unmask.cli.evaluate import predictions
    from unmask.models.write import write_card

    found = []
    for card, media in judges:
        # Under names of their own: a warm pipeline would go on with the card that it has read.
        stage = "set" if card.calibration and card.calibration.fitted_on else "draft"
        path = Path(card.home) / f"{card.name}.{stage}.toml"
        write_card(card, path)
        found += predictions(media, str(path), card, workers)
        path.unlink()
    return found


def _name_of_validation(folds: int, *, apart: bool) -> str:
    """What the card calls the media that calibrate."""
    if not folds:
        return "left-out sources that chose the weights and the calibration"
    judged = f"training sources, judged by the one of {folds} networks that left them out"
    return f"{judged}, and left-out sources; they chose the calibration" if apart else judged


def _figures(
    sides: Mapping[str, Sequence[Prediction]], family: str, *, validation: str, calibrates: bool = False
) -> list[Figure]:
    from unmask.evaluate.score import by_kind, card_metrics, figures, within_sources
    from unmask.models.card import Figure

    names = {
        "holdout": "media of the training sources that were kept back"
        + (", and calibrate too where there are enough of a kind" if calibrates else ""),
        "validation": validation,
        "test": "left-out sources, looked at last",
    }
    overall = [
        Figure(what, names[side], side == "holdout", value.value, value.low, value.high, len(found))
        for side, found in sides.items()
        for what, value in figures(found, metrics=card_metrics(family)).items()
    ]
    kinds = [
        Figure(
            what,
            f"{names[side]}: {kind} alone",
            side == "holdout",
            value.value,
            value.low,
            value.high,
            own.verdicts.media,
        )
        for side, found in sides.items()
        for kind, own in by_kind(found, metrics=card_metrics(family)).items()
        for what, value in own.metrics.items()
    ]
    inside = [
        Figure("AUC", f"{names[side]}: {source} alone", side == "holdout", value.value, value.low, value.high, count)
        for side, found in sides.items()
        for source, (value, count) in within_sources(found).items()
    ]
    return overall + kinds + inside
