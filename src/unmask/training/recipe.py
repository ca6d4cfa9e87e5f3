"""Recipes: one TOML file says everything about a training run; unknown keys are errors."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from unmask.core.errors import InvalidOption, UnknownOption, nearest
from unmask.datasets.split import SplitRule, split_rule

Settings = TypeVar("Settings")
_KINDS: dict[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "str": str}


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        steps: Optimiser steps.
        batch: Units a step.
        learning_rate: Peak, reached after `warmup` steps, then a cosine to a hundredth of it.
        warmup: Steps of linear warm-up.
        weight_decay: Of AdamW; not applied to biases and norms.
        label_smoothing: Targets become ``label * (1 - s) + s / 2``.
        average: Decay of the moving average of the weights that is validated and exported.
        validate_every: Steps between validations.
        threads: Threads of the network's arithmetic; 0 leaves the default.
        seed: Of all random choices.
    """

    steps: int
    batch: int
    learning_rate: float
    warmup: int = 100
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    average: float = 0.998
    validate_every: int = 500
    threads: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run.

    Attributes:
        name: Of the model that comes out.
        family: face or speech.
        architecture: Network, see `unmask.training.architectures`.
        pretrained: Where the backbone's weights come from: ``package:NAME``, a path, or empty for none.
        schedule: How long and how fast.
        split: Which sources are left out.
        shares: For each label, how often each source is drawn; sources not named share the weight of ``"*"``.
        network: Settings of the network: size_px (side of the crop), margin, dropout, frozen_stages.
        augment: Settings of the augmentation, by name.
    """

    name: str
    family: str
    architecture: str
    pretrained: str
    schedule: Schedule
    split: SplitRule
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    network: Mapping[str, float] = field(default_factory=dict)
    augment: Mapping[str, float] = field(default_factory=dict)


def read_recipe(path: Path, *, settings: Mapping[str, str] | None = None) -> Recipe:
    """Read a recipe.

    Args:
        path: A TOML file.
        settings: Overrides such as ``{"schedule.steps": "100"}``, parsed as TOML values.

    Returns:
        The recipe.

    Raises:
        InvalidOption: The file is missing or no TOML, or a value is of the wrong kind.
        UnknownOption: A key is unknown; the message lists the nearest.
    """
    if not path.is_file():
        message = f"{path}: no such recipe. The recipes that come with unmask lie in the folder recipes/."
        raise InvalidOption(message)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        for key, value in (settings or {}).items():
            _override(raw, key, value)
        schedule = _build(Schedule, raw.pop("schedule", {}))
        split = split_rule(raw.pop("split", {}))
        return _build(Recipe, {**raw, "schedule": schedule, "split": split})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        message = f"{path}: the recipe cannot be read: {error}"
        raise InvalidOption(message) from error


def resolved(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe with every default filled in, ready to be stored beside the weights."""
    return asdict(recipe)


def _override(raw: dict[str, Any], key: str, value: str) -> None:
    *path, last = key.split(".")
    place = raw
    for part in path:
        place = place.setdefault(part, {})
    try:
        place[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        place[last] = value


def _build(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            message = f"The recipe has an unknown key {key!r} for {kind.__name__}. {nearest(key, known)}"
            raise UnknownOption(message)
    for entry in fields(kind):  # type: ignore[arg-type]
        if entry.name in values and not _fits(values[entry.name], str(entry.type)):
            message = f"{entry.name} is {values[entry.name]!r}; expected {entry.type}"
            raise TypeError(message)
    return kind(**values)


def _fits(value: object, annotation: str) -> bool:
    if annotation.startswith("Mapping[str, "):
        inner = annotation.removeprefix("Mapping[str, ")[:-1]
        return isinstance(value, Mapping) and all(_fits(entry, inner) for entry in value.values())
    return annotation not in _KINDS or (not isinstance(value, bool) and isinstance(value, _KINDS[annotation]))
