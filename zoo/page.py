"""Write docs/zoo.md and its two plots from the results that are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

TITLE = "# The zoo: every architecture on the same media\n"
INTRODUCTION = """
Written by `make zoo`, on {day}, from {count} of the {total} recipes for faces in `recipes/zoo`.
All of them saw the same crops, the same split (whole sources left out, as in `recipes/zoo/lite0.toml`; a person or
picture of several sources stays on one side) and, unless the recipe says otherwise, the same disturbances. Each was
exported to ONNX, compared with the network that it came from, calibrated on the validation sources, scanned with, and
judged on {media} media a side at most, four frames of each clip.

**Read this before the table.** {budget} Figures under such budgets rank how fast architectures learn and what their
starting weights already know, not what they reach in the end. A row with few steps says next to nothing about its
architecture. The figures of the detectors that ship, trained to the end, are in `docs/models`.

- *kept back*: other media of the training sources. *unseen*: sources that training never saw. AUC, 95 % interval.
- *steps*: taken, of those the recipe asks for. *start*: where the weights came from; "scratch (no download)" means that
  the recipe asks for weights which could not be downloaded, so that its row is not a fair account of it.
- *training*: time of one core, a validation included; "-" where a run was stopped and resumed.
- *ms*: median time of one crop (or one sequence of eight) in ONNX Runtime on one core. *parity*: largest difference
  between the exported graph's logit and the network's.

"""
MARKS = {"blur-noise-cnn-140k": 0.94}
"""Accuracy that the field reports inside the one source, by recipe; 99 % for the others."""
PLACES = ((4, 3, "left"), (4, -9, "left"), (-4, 3, "right"), (-4, -9, "right"))
"""Where a name may stand beside its point: offset in typographic points, and the side that is held."""
COLUMNS = (
    "| recipe | start, tuned | parameters | steps | training | kept back | unseen | ms | parity |",
    "|---|---|---|---|---|---|---|---|---|",
)


def write_page(results: Path, page: Path, *, total: int) -> None:
    """Write the page and its plots from all results in a folder; those for voices lie in its folder ``voices``.

    What the page shows is kept beside its plots, in ``zoo/results.json``, so that a run of a few recipes, on another
    machine or in another year, replaces their rows and leaves the others.
    """
    plots = page.parent / "zoo"
    plots.mkdir(parents=True, exist_ok=True)
    record = plots / "results.json"
    kept = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    kept = {
        kind: {**kept.get(kind, {}), **read(folder)}
        for kind, folder in (("faces", results), ("voices", results / "voices"))
    }
    record.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    entries = best_first(kept["faces"])
    text = faces(entries, plots, total) if entries else TITLE
    page.write_text(text + voices(best_first(kept["voices"])), encoding="utf-8")


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """All results in a folder, by recipe."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def best_first(entries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Ordered by the figure on unseen sources."""
    return sorted(entries.values(), key=lambda entry: -entry["test"]["value"])


def faces(entries: Sequence[dict[str, Any]], plots: Path, total: int) -> str:
    """Introduction, table, plots and the section on one source."""
    save_ranking(entries, plots / "unseen.png")
    save_cost(entries, plots / "latency.png")
    largest = max(max(entry[side]["media"] for side in ("holdout", "test")) for entry in entries)
    lines = INTRODUCTION.format(
        day=datetime.now(UTC).date(), count=len(entries), total=total, media=largest, budget=budget(entries)
    )
    table = "\n".join([*COLUMNS, *(line(entry) for entry in entries)])
    pictures = (
        "\n\n![AUC on unseen sources, with 95 % intervals](zoo/unseen.png)\n\n"
        "![Time of one crop against the AUC on unseen sources](zoo/latency.png)\n"
    )
    return TITLE + lines + table + pictures + one_source(entries)


def budget(entries: Sequence[dict[str, Any]]) -> str:
    """Say plainly how short the budgets were."""
    short = [entry for entry in entries if entry["steps"] < entry["steps_of_recipe"]]
    if not short:
        return "Every recipe got all the steps it asks for."
    share = sorted(entry["steps"] / entry["steps_of_recipe"] for entry in short)
    spent = sum(entry["train_seconds"] or 0.0 for entry in entries) / 60
    return (
        f"The budgets were short: {len(short)} of {len(entries)} recipes got fewer steps than they ask\n"
        f"for, the middle one {share[len(share) // 2]:.1%} of them, in batches of at most 16; all training together "
        f"took {spent:.1f} minutes\nof one {entries[0]['device']} core."
    )


def line(entry: dict[str, Any]) -> str:
    """One row of the table."""
    start = entry["pretrained"] + ("" if entry["tune"] == "all" else f", {entry['tune']}")
    steps = f"{entry['steps']} of {entry['steps_of_recipe']}, {entry['batch']} each"
    cells = [
        entry["name"],
        start,
        "-" if entry["parameters"] is None else f"{entry['parameters'] / 1e6:.2f} M",
        steps,
        "-" if entry["train_seconds"] is None else f"{entry['train_seconds']:.0f} s",
        figure(entry["holdout"]),
        figure(entry["test"]),
        f"{entry['latency_ms']:.1f}",
        "-" if entry["parity"] is None else f"{entry['parity']:.0e}",
    ]
    return "| " + " | ".join(cells) + " |"


def figure(value: dict[str, float]) -> str:
    """A figure with its interval."""
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


def one_source(entries: Sequence[dict[str, Any]]) -> str:
    """The section on the one source that much of the field reports."""
    found = [entry for entry in entries if "one_source" in entry]
    if not found:
        return ""
    found.sort(key=lambda entry: -entry["one_source"]["accuracy"])
    lines = [
        "\n## Inside one source: 140k Real and Fake Faces\n",
        "Much of the field reports accuracy inside this source (FFHQ against StyleGAN): 94 % for the blur-and-noise",
        "network, 99 % for fine-tuned backbones, after training on all 100,000 of its pictures at full length. Below,",
        "groups kept back of the 2,200 at hand (about 1,700 teach); the threshold is chosen on one half of them,",
        "accuracy measured on the other. These recipes see nearly the whole picture, as the field does; CLIP's layers",
        "are held against the mark of fine-tuned backbones, though they stay as they are. How much more the",
        "pictures that are missing here would bring is in",
        "[benchmarks.md](benchmarks.md#how-many-pictures-the-140k-set-takes).\n",
        "| recipe | steps | accuracy (95 % interval) | AUC | media | short of its mark by |",
        "|---|---|---|---|---|---|",
    ]
    for entry in found:
        value = entry["one_source"]
        short = MARKS.get(entry["name"], 0.99) - value["accuracy"]
        gap = f"{short * 100:.1f} points" if short > 0 else "reached"
        gap = "" if "no download" in entry["pretrained"] else gap
        lines.append(
            f"| {entry['name']} | {entry['steps']} of {entry['steps_of_recipe']} | {value['accuracy']:.3f} "
            f"({value['low']:.3f} to {value['high']:.3f}) | {value['auc']:.3f} | {value['media']} | {gap} |"
        )
    return "\n".join(lines) + "\n"


def voices(entries: Sequence[dict[str, Any]]) -> str:
    """The section on recipes for voices."""
    if not entries:
        return ""
    lines = [
        "\n## Voices\n",
        "The same split for all (whole sources left out, as in `recipes/speech.fast-1.toml`), recordings trimmed",
        "to their speech, the mean of their windows, in the exported graph; rows of other numbers of unseen",
        "recordings heard others of the same sources. Budgets are short as well; a recipe with no steps has its",
        "head solved in closed form. EER on unseen sources.\n",
        "| recipe | start | parameters | steps | training | kept back | unseen | recordings | EER | ms a window "
        "| parity |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in entries:
        steps = f"{entry['steps']} of {entry['steps_of_recipe']}, {entry['batch']} each" if entry["steps"] else "none"
        spent = "-" if entry["train_seconds"] is None else f"{entry['train_seconds']:.0f} s"
        cells = [entry["name"], entry["start"], f"{entry['parameters'] / 1e6:.2f} M", steps, spent]
        cells += [figure(entry["holdout"]), figure(entry["test"]), str(entry["test"]["media"])]
        cells += [f"{entry['test']['eer']:.3f}", f"{entry['latency_ms']:.1f}", f"{entry['parity']:.0e}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def save_ranking(entries: Sequence[dict[str, Any]], path: Path) -> None:
    """Unseen AUC of every recipe with its interval, best at the top; the hold-out as a hollow mark."""
    figure_, axes = plt.subplots(figsize=(8, 1.2 + 0.26 * len(entries)), layout="constrained")
    for place, entry in enumerate(reversed(entries)):
        value = entry["test"]
        axes.plot([value["low"], value["high"]], [place, place], color="#3b6ea5", linewidth=2)
        axes.plot(value["value"], place, "o", color="#3b6ea5", label="unseen sources" if not place else None)
        axes.plot(
            entry["holdout"]["value"], place, "o", mfc="none", color="#777777", label=None if place else "kept back"
        )
    axes.set_yticks(range(len(entries)), [entry["name"] for entry in reversed(entries)])
    axes.axvline(0.5, color="#999999", linewidth=1, linestyle=":")
    axes.set(xlabel="AUC (0.5 is chance)", ylim=(-0.7, len(entries) - 0.3))
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    figure_.savefig(path, dpi=110)
    plt.close(figure_)


def save_cost(entries: Sequence[dict[str, Any]], path: Path) -> None:
    """Latency against unseen AUC, so that one sees what a better figure costs."""
    figure_, axes = plt.subplots(figsize=(8, 5.2), layout="constrained")
    axes.plot([e["latency_ms"] for e in entries], [e["test"]["value"] for e in entries], "o", c="#3b6ea5", ms=5)
    axes.margins(x=0.15)
    axes.set(xscale="log", xlabel="milliseconds for one crop, one core", ylabel="AUC on unseen sources")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    figure_.canvas.draw()  # Settles the layout, and with it where names would touch.
    taken: list[Bbox] = []
    for entry in entries:
        _name(axes, entry["name"], (entry["latency_ms"], entry["test"]["value"]), taken)
    figure_.savefig(path, dpi=110)
    plt.close(figure_)


def _name(axes: Axes, name: str, point: tuple[float, float], taken: list[Bbox]) -> None:
    """Write a name beside its point, where it touches none of the names that are there."""
    for across, up, side in PLACES:
        text = axes.annotate(name, point, (across, up), textcoords="offset points", fontsize=7, ha=side)
        box = text.get_window_extent()
        if (across, up, side) == PLACES[-1] or not any(box.overlaps(other) for other in taken):
            break
        text.remove()
    taken.append(box)
