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
_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "str": str,
    "str | bool": (str, bool),
    "Any": object,
}
CURVES = ("cosine", "onecycle", "constant")
OPTIMISERS = ("adamw", "adam", "sgd")
ATTACKS = ("fgsm", "pgd")
FORGERIES = ("self_blend", "swap", "mouth", "reconstruction", "upscaled")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train, and what keeps training steady.

    Attributes:
        steps: Optimiser steps.
        batch: Units a step, over all devices together.
        learning_rate: Peak, reached after `warmup` steps.
        warmup: Steps of linear warm-up.
        curve: What follows the warm-up: ``cosine`` or ``onecycle`` (down to nearly nothing), or ``constant``.
        optimiser: ``adamw``, ``adam`` or ``sgd`` (with Nesterov momentum).
        weight_decay: Not applied to biases and norms.
        label_smoothing: Targets become ``label * (1 - s) + s / 2``.
        average: Decay of the moving average of the weights that is validated and exported; 0 exports the weights.
        mixup: Alpha of mixup's beta distribution (Zhang et al. 2018); 0 for none.
        cutmix: Alpha of cutmix (Yun et al. 2019); 0 for none. With both, each batch gets one of the two.
        sharpness: Radius of sharpness-aware minimisation (Foret et al. 2021), two passes a step; 0 for none.
        validate_every: Steps between validations.
        checkpoint_every: Steps between saved states; 0 saves at every validation only.
        patience: Validations without a better score after which to stop; 0 never stops early.
        threads: Threads of the network's arithmetic; 0 leaves the default.
        seed: Of all random choices.
    """

    steps: int
    batch: int
    learning_rate: float
    warmup: int = 100
    curve: str = "cosine"
    optimiser: str = "adamw"
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    average: float = 0.998
    mixup: float = 0.0
    cutmix: float = 0.0
    sharpness: float = 0.0
    validate_every: int = 500
    checkpoint_every: int = 0
    patience: int = 0
    threads: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Attack:
    """Adversarial training: part of every batch is perturbed so that the network errs most.

    Attributes:
        kind: ``fgsm`` (one step) or ``pgd`` (several), or empty for none.
        epsilon: Largest change of a value, in the network's units: 8-bit levels for pictures, full scale 1 for sound.
        steps: Of ``pgd``.
        share: Share of a batch that is perturbed.
    """

    kind: str = ""
    epsilon: float = 2.0
    steps: int = 5
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Forge:
    """Fakes made from genuine faces while training; each share is of all fakes drawn, the rest comes from the manifest.

    Attributes:
        self_blend: Self-blended images (Shiohara and Yamasaki 2022).
        swap: Another person's face, warped by landmarks and blended in, half of them by Poisson blending.
        mouth: The mouth of another moment of the same person, as lip-sync forgeries leave it.
        reconstruction: Through a latent autoencoder, as latent diffusion leaves it; needs `autoencoder`.
        upscaled: Shrunk, enlarged and sharpened, as super-resolution and small generators leave it.
        paired: Share of draws in which a fake stands in the batch together with its own source, disturbed alike.
        mask_weight: Weight of the loss between the evidence map and where a forgery was blended in; 0 for none.
        landmarks: Path of a face-mesh network (ONNX, 468 points) that draws better outlines than five points do.
        autoencoder: Folder with ``taef2_encoder.pth`` and ``taef2_decoder.pth``.
    """

    self_blend: float = 0.0
    swap: float = 0.0
    mouth: float = 0.0
    reconstruction: float = 0.0
    upscaled: float = 0.0
    paired: float = 0.0
    mask_weight: float = 0.0
    landmarks: str = ""
    autoencoder: str = ""

    def shares(self) -> dict[str, float]:
        """The shares by method, those above 0."""
        return {name: share for name in FORGERIES if (share := float(getattr(self, name)))}


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trained detector whose answers a smaller one learns from.

    Attributes:
        card: Name or path of its card; empty for none.
        views: Size of the stock of views that it judges, drawn and judged once.
        share: Its share in the targets; the rest is the label.
        pieces: Share of the examples, for a pupil that judges faces, that are views of the training pictures without
            regard to faces or labels: for these its answer alone counts, so that the pupil follows it beyond the faces
            at hand.
    """

    card: str = ""
    views: int = 8192
    share: float = 0.5
    pieces: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run.

    Attributes:
        name: Of the model that comes out.
        family: face, speech or picture.
        architecture: Network, see `unmask.training.architectures`.
        pretrained: Where its first weights come from: ``timm`` or true, ``package:NAME``, a path, two of them joined by
            `` + ``, or empty for none.
        schedule: How long and how fast.
        split: Which sources are left out.
        shares: For each label, how often each source is drawn; sources not named share the weight of ``"*"``.
        network: Settings of the network: size_px (side of the crop), margin, and those of its architecture.
        augment: Settings of the augmentation, by name.
        attack: Adversarial training.
        forge: Fakes made on the spot.
        teacher: For faces: distillation.
        twins: For speech: share of the genuine recordings that get a vocoded twin, by vocoder.
    """

    name: str
    family: str
    architecture: str
    pretrained: str | bool
    schedule: Schedule
    split: SplitRule
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    augment: Mapping[str, float] = field(default_factory=dict)
    attack: Attack = field(default_factory=Attack)
    forge: Forge = field(default_factory=Forge)
    teacher: Teacher = field(default_factory=Teacher)
    twins: Mapping[str, float] = field(default_factory=dict)


_TABLES: dict[str, type[Schedule | Attack | Forge | Teacher]] = {
    "schedule": Schedule,
    "attack": Attack,
    "forge": Forge,
    "teacher": Teacher,
}
_CHOICES = {"schedule.curve": CURVES, "schedule.optimiser": OPTIMISERS, "attack.kind": ("", *ATTACKS)}
_SHARES = ("average", "label_smoothing", "share", "paired", *FORGERIES)
_POSITIVE = ("steps", "batch", "learning_rate", "validate_every", "epsilon", "views")


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
        tables = {name: _build(kind, raw.pop(name, {})) for name, kind in _TABLES.items()}
        recipe = _build(Recipe, {**raw, **tables, "split": split_rule(raw.pop("split", {}))})
        _check(recipe)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        message = f"{path}: the recipe cannot be read: {error}"
        raise InvalidOption(message) from error
    return recipe


def resolved(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe with every default filled in, ready to be stored beside the weights."""
    return asdict(recipe)


def restored(facts: Mapping[str, Any]) -> Recipe:
    """Make a recipe of what `resolved` gave, also after it went through JSON.

    Raises:
        InvalidOption: A value is outside its range.
        UnknownOption: A key is unknown, for example that of another version.
        KeyError: A table is missing.
        TypeError: A value is of the wrong kind.
    """
    tables = {name: _build(kind, facts[name]) for name, kind in _TABLES.items()}
    return _build(Recipe, {**facts, **tables, "split": split_rule(facts["split"])})


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


def _check(recipe: Recipe) -> None:
    """Refuse values that would fail, or quietly do nothing, hours later."""
    for key, choices in _CHOICES.items():
        table, name = key.split(".")
        value = getattr(getattr(recipe, table), name)
        if value not in choices:
            message = f"{key} is {value!r}. {nearest(value, [choice for choice in choices if choice])}"
            raise InvalidOption(message)
    for table in _TABLES:
        for name, value in asdict(getattr(recipe, table)).items():
            if name in _SHARES and not 0 <= value <= 1:
                message = f"{table}.{name} is {value}; expected a share from 0 to 1."
                raise InvalidOption(message)
            if (name in _POSITIVE and value <= 0) or (not isinstance(value, str) and value < 0):
                message = f"{table}.{name} is {value}; expected {'more than' if name in _POSITIVE else 'at least'} 0."
                raise InvalidOption(message)
    if sum(recipe.forge.shares().values()) > 1:
        message = f"The shares of [forge] add up to {sum(recipe.forge.shares().values()):g}; expected at most 1."
        raise InvalidOption(message)


def _fits(value: object, annotation: str) -> bool:
    if annotation.startswith("Mapping[str, "):
        inner = annotation.removeprefix("Mapping[str, ")[:-1]
        return isinstance(value, Mapping) and all(_fits(entry, inner) for entry in value.values())
    kinds = _KINDS.get(annotation, object)
    return isinstance(value, kinds) and (not isinstance(value, bool) or annotation in ("str | bool", "Any"))
