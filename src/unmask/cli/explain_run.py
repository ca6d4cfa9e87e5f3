"""``unmask explain --run``: look into a trained network; needs the extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from unmask.core.records import F32Array, U8Array
    from unmask.datasets.manifest import Row
    from unmask.training.explain.run import Answers, TrainedNetwork, Units
    from unmask.training.recipe import Recipe

SHOWN = 12
_FILTER_PX = 64


def explain_run(run: Path, recipe: Path, data: Path, out: Path, *, media: int) -> None:
    """Write maps, filters, activations, neighbours and clusters as sheets for the network of a finished run."""
    from unmask.cli.console import people_console, progress
    from unmask.core.errors import ProviderUnavailable

    try:
        from unmask.training.explain.run import ask, cut_units, open_run
        from unmask.training.recipe import read_recipe
    except ImportError as error:
        message = (
            f"Looking into a run needs PyTorch, which is not installed ({error}). Run: pip install 'unmask[train]'."
        )
        raise ProviderUnavailable(message) from error
    wanted = read_recipe(recipe)
    network = open_run(wanted, run)
    with progress() as listen:
        units = cut_units(wanted, _examples(wanted, data, media), out / "crops", listener=listen)
    answers = ask(network, units.arrays)
    written = [_draw_maps(network, units, answers, wanted, out), _draw_neighbours(units, answers, wanted, out)]
    written += _draw_layers(network, units, wanted, out)
    written += _draw_clusters(units, answers, wanted, out)
    names = ", ".join(path.name for path in written)
    people_console().print(f"{out}: {names}", markup=False, soft_wrap=True)


def _examples(recipe: Recipe, data: Path, media: int) -> list[Row]:
    """Media of the validation sources, which training did not see; of all sources if the manifest has none of these."""
    from unmask.datasets.manifest import read_manifest
    from unmask.evaluate.trials.stress import some

    kinds = ("audio",) if recipe.family == "speech" else ("image", "video")
    rows = [row for row in read_manifest(data) if row.kind in kinds and row.path.is_file()]
    unseen = [row for row in rows if row.source in recipe.split.validation]
    return some(unseen or rows, media)


def _draw_maps(network: TrainedNetwork, units: Units, answers: Answers, recipe: Recipe, out: Path) -> Path:
    """For each example: what it is, Grad-CAM, Grad-CAM++, the network's own map, attention if it has any."""
    from unmask.report.curves.sheets import Tile, heated, save_sheet
    from unmask.training.explain.maps import attention_maps, gradient_maps

    chosen = np.linspace(0, len(units.labels) - 1, min(SHOWN, len(units.labels))).round().astype(int)
    arrays = units.arrays[chosen]
    maps = {
        "Grad-CAM": gradient_maps(network, arrays, kind="gradcam"),
        "Grad-CAM++": gradient_maps(network, arrays, kind="gradcam++"),
        "own evidence": 1 / (1 + np.exp(-answers.evidence[chosen])),
    }
    attention = None if recipe.family == "speech" else attention_maps(network, arrays)
    if attention is not None:
        maps["attention"] = attention
    tiles = []
    for place, unit in enumerate(chosen):
        picture = _picture(units.arrays[unit], recipe)
        row = [picture, *(heated(picture, _turned(found[place], recipe)) for found in maps.values())]
        label = "forged" if units.labels[unit] else "genuine"
        words = f"{label}, logit {answers.logits[unit]:+.2f}\n{units.names[unit]}"
        tiles.append(Tile(np.concatenate(row, axis=1), words))
    title = f"{recipe.name}: example, {', '.join(maps)}"
    return save_sheet(tiles, out / "maps.png", title=title, across=2)


def _draw_neighbours(units: Units, answers: Answers, recipe: Recipe, out: Path) -> Path:
    from unmask.report.curves.sheets import Tile, save_sheet
    from unmask.training.explain.neighbours import nearest_units

    near = nearest_units(answers.embeddings, units.groups)
    marks = ["forged" if label else "genuine" for label in units.labels]
    tiles = []
    for unit in np.linspace(0, len(near) - 1, min(SHOWN, len(near))).round().astype(int):
        others = [int(other) for other in near[unit] if other >= 0]
        row = [_picture(units.arrays[place], recipe) for place in (unit, *others)]
        alike = sum(1 for other in others if units.labels[other] == units.labels[unit])
        words = f"{marks[unit]}, {units.names[unit]}\n{alike} of {len(others)} neighbours have its label"
        tiles.append(Tile(np.concatenate(row, axis=1), words))
    title = f"{recipe.name}: examples (left) and their nearest neighbours"
    return save_sheet(tiles, out / "neighbours.png", title=title, across=2)


def _draw_clusters(units: Units, answers: Answers, recipe: Recipe, out: Path) -> list[Path]:
    """Cluster the embeddings without their labels, and say how far the clusters agree with them."""
    from unmask.evaluate.plain import save_json
    from unmask.report.curves.clusters import save_clusters
    from unmask.training.clusters import FEWEST, find_clusters

    if len(units.labels) < FEWEST:
        return []
    found = find_clusters(answers.embeddings, units.labels, units.names)
    titles = {
        method: f"{method}, ARI {figures['ari']:.2f}, NMI {figures['nmi']:.2f}"
        for method, figures in found.agreement.items()
    }
    title = f"{recipe.name}: latent codes of {len(units.labels)} examples"
    picture = save_clusters(found.maps, found.members, units.labels, out / "clusters.png", titles=titles, title=title)
    save_json({"units": len(units.labels), "agreement": found.agreement}, out / "clusters.json")
    return [picture, out / "clusters.json"]


def _draw_layers(network: TrainedNetwork, units: Units, recipe: Recipe, out: Path) -> list[Path]:
    from unmask.report.curves.explained import painted
    from unmask.report.curves.sheets import Tile, save_sheet
    from unmask.training.explain.layers import activations, first_filters

    written = []
    filters = first_filters(network)
    if filters is not None:
        tiles = [Tile(_enlarged((255 * one).astype(np.uint8), _FILTER_PX), "") for one in filters[:64]]
        written.append(save_sheet(tiles, out / "filters.png", title=f"{recipe.name}: first filters", across=8))
    found = activations(network, units.arrays[0])
    if found:
        tiles = [
            Tile(painted(_turned(one, recipe), top=1.0), name.removeprefix("backbone.") if place == 0 else "")
            for name, maps in found
            for place, one in enumerate(maps)
        ]
        across = len(found[0][1])
        title = f"{recipe.name}: strongest maps of some layers, first example"
        written.append(save_sheet(tiles, out / "activations.png", title=title, across=across))
    return written


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
