"""``unmask explain --run``: look into a trained network; needs the extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from unmask.core.records import F32Array, U8Array
    from unmask.datasets.manifest import Row
    from unmask.training.explain.run import Answers, TrainedNetwork, Units
    from unmask.training.recipe import Recipe

    Drawn = tuple[list[Path], list[str]]
    """Files that were written, and sentences about what could not be drawn."""

SHOWN = 12
_FILTER_PX = 64
_CAMS = {"Grad-CAM": "gradcam", "Grad-CAM++": "gradcam++"}


def explain_run(run: Path, recipe: Path | None, data: Path, out: Path, *, media: int) -> None:
    """Write maps, filters, activations, neighbours and clusters as sheets for the network of a finished run.

    Sheets that this network has nothing for are left out, and told.
    """
    from unmask.cli.console import people_console, progress
    from unmask.core.errors import ProviderUnavailable

    try:
        from unmask.training.explain.run import ask, cut_units, open_run, recorded_recipe
        from unmask.training.recipe import read_recipe
    except ImportError as error:
        message = (
            f"Looking into a run needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        )
        raise ProviderUnavailable(message) from error
    wanted = read_recipe(recipe) if recipe else recorded_recipe(run)
    network = open_run(wanted, run)
    with progress() as listen:
        units = cut_units(wanted, _examples(wanted, data, media), out / "crops", listener=listen)
    answers = ask(network, units.arrays)
    drawn = [
        _draw_maps(network, units, answers, wanted, out),
        _draw_neighbours(units, answers, wanted, out),
        _draw_layers(network, units, wanted, out),
        _draw_clusters(units, answers, wanted, out),
    ]
    names = ", ".join(path.name for written, _ in drawn for path in written)
    notes = [f"Note: {note}" for _, left_out in drawn for note in left_out]
    people_console().print("\n".join([f"{out}: {names}", *notes]), markup=False, soft_wrap=True)


def _examples(recipe: Recipe, data: Path, media: int) -> list[Row]:
    """Media of the validation sources, which training did not see; of all sources if the manifest has none of these."""
    from unmask.datasets.manifest import read_manifest
    from unmask.evaluate.trials.stress import some

    kinds = {"speech": ("audio",), "picture": ("image",)}.get(recipe.family, ("image", "video"))
    rows = [row for row in read_manifest(data) if row.kind in kinds and row.path.is_file()]
    unseen = [row for row in rows if row.source in recipe.split.validation]
    return some(unseen or rows, media)


def _draw_maps(network: TrainedNetwork, units: Units, answers: Answers, recipe: Recipe, out: Path) -> Drawn:
    """For each example: what it is, Grad-CAM, Grad-CAM++, the network's own map, attention if it has any."""
    from unmask.report.curves.sheets import Tile, heated, save_sheet

    chosen = np.linspace(0, len(units.labels) - 1, min(SHOWN, len(units.labels))).round().astype(int)
    maps, notes = _maps(network, units.arrays[chosen], answers.evidence[chosen], recipe)
    if not maps:
        return [], [*notes, "maps.png is left out: the network's own evidence is a single cell, which shows no place."]
    tiles = []
    for place, unit in enumerate(chosen):
        picture = _picture(units.shown[unit], recipe)
        row = [picture, *(heated(picture, _turned(found[place], recipe)) for found in maps.values())]
        label = "forged" if units.labels[unit] else "genuine"
        words = f"{label}, logit {answers.logits[unit]:+.2f}\n{units.names[unit]}"
        tiles.append(Tile(np.concatenate(row, axis=1), words))
    example = f"the middle one of {units.frames} crops" if units.frames else "example"
    title = f"{recipe.name}: {example}, {', '.join(maps)}"
    return [save_sheet(tiles, out / "maps.png", title=title, across=2)], notes


def _maps(
    network: TrainedNetwork, arrays: NDArray[Any], evidence: F32Array, recipe: Recipe
) -> tuple[dict[str, F32Array], list[str]]:
    """Maps by name, each of shape (N, h, w), of a sequence those of its middle crop; and why some are missing."""
    from unmask.core.errors import InvalidOption
    from unmask.training.explain.maps import attention_maps, gradient_maps, own_maps

    found: dict[str, F32Array | None] = {}
    notes = []
    try:
        found |= {name: gradient_maps(network, arrays, kind=kind) for name, kind in _CAMS.items()}
    except InvalidOption as error:
        notes.append(str(error))
    found["own evidence"] = own_maps(evidence, sequences=arrays.ndim == 5)
    found["attention"] = None if recipe.family == "speech" else attention_maps(network, arrays)
    maps = {name: one for name, one in found.items() if one is not None}
    return {name: one[:, one.shape[1] // 2] if one.ndim == 4 else one for name, one in maps.items()}, notes


def _draw_neighbours(units: Units, answers: Answers, recipe: Recipe, out: Path) -> Drawn:
    from unmask.report.curves.sheets import Tile, save_sheet
    from unmask.training.explain.neighbours import nearest_units

    near = nearest_units(answers.embeddings, units.groups)
    marks = ["forged" if label else "genuine" for label in units.labels]
    tiles = []
    for unit in np.linspace(0, len(near) - 1, min(SHOWN, len(near))).round().astype(int):
        others = [int(other) for other in near[unit] if other >= 0]
        row = [_picture(units.shown[place], recipe) for place in (unit, *others)]
        alike = sum(1 for other in others if units.labels[other] == units.labels[unit])
        words = f"{marks[unit]}, {units.names[unit]}\n{alike} of {len(others)} neighbours have its label"
        tiles.append(Tile(np.concatenate(row, axis=1), words))
    title = f"{recipe.name}: examples (left) and their nearest neighbours"
    return [save_sheet(tiles, out / "neighbours.png", title=title, across=2)], []


def _draw_clusters(units: Units, answers: Answers, recipe: Recipe, out: Path) -> Drawn:
    """Cluster the embeddings without their labels, and say how far the clusters agree with them."""
    from unmask.evaluate.plain import save_json
    from unmask.report.curves.clusters import save_clusters
    from unmask.training.clusters import FEWEST, find_clusters

    if len(units.labels) < FEWEST:
        there = f"{len(units.labels)} of the media could be judged"
        return [], [f"clusters.png is left out: it needs {FEWEST} examples, and {there}. Raise --media or add media."]
    found = find_clusters(answers.embeddings, units.labels, units.names)
    titles = {
        method: f"{method}, ARI {figures['ari']:.2f}, NMI {figures['nmi']:.2f}"
        for method, figures in found.agreement.items()
    }
    title = f"{recipe.name}: latent codes of {len(units.labels)} examples"
    picture = save_clusters(found.maps, found.members, units.labels, out / "clusters.png", titles=titles, title=title)
    save_json({"units": len(units.labels), "agreement": found.agreement}, out / "clusters.json")
    return [picture, out / "clusters.json"], []


def _draw_layers(network: TrainedNetwork, units: Units, recipe: Recipe, out: Path) -> Drawn:
    from unmask.report.curves.explained import painted
    from unmask.report.curves.sheets import Tile, save_sheet
    from unmask.training.explain.layers import activations, first_filters

    written, notes = [], []
    filters = first_filters(network)
    if filters is None:
        notes.append("filters.png is left out: the network has no convolution in two dimensions.")
    else:
        tiles = [Tile(_enlarged((255 * one).astype(np.uint8), _FILTER_PX), "") for one in filters[:64]]
        written.append(save_sheet(tiles, out / "filters.png", title=f"{recipe.name}: first filters", across=8))
    found = activations(network, units.arrays[0])
    if not found:
        notes.append("activations.png is left out: no convolution of the network gives a map of places.")
    else:
        tiles = [
            Tile(painted(_turned(one, recipe), top=1.0), name.removeprefix("backbone.") if place == 0 else "")
            for name, maps in found
            for place, one in enumerate(maps)
        ]
        across = len(found[0][1])
        title = f"{recipe.name}: strongest maps of some layers, first example"
        written.append(save_sheet(tiles, out / "activations.png", title=title, across=across))
    return written, notes


def _picture(unit: U8Array | F32Array, recipe: Recipe) -> U8Array:
    """A crop as it is; a window of sound as its mel spectrogram, high tones on top."""
    from unmask.explain.spectrum import mel_picture
    from unmask.report.curves.explained import painted

    if recipe.family != "speech":
        return np.asarray(unit, np.uint8)
    return painted(mel_picture(np.asarray(unit, np.float32), 16000)[::-1] + 80.0, top=80.0)


def _turned(found: F32Array, recipe: Recipe) -> F32Array:
    """Maps of sound have low bands first; pictures have the top first."""
    return np.ascontiguousarray(found[::-1] if recipe.family == "speech" else found, np.float32)


def _enlarged(pixels: U8Array, side: int) -> U8Array:
    rows = np.arange(side) * pixels.shape[0] // side
    columns = np.arange(side) * pixels.shape[1] // side
    return np.asarray(pixels[rows][:, columns])
