"""Settings that would quietly do nothing are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch")

from unmask.core.errors import InvalidOption, UnknownOption
from unmask.datasets.split import SplitRule
from unmask.training.fitting.scope import require_effect
from unmask.training.recipe import Attack, Forge, Recipe, Schedule, Teacher


def recipe(family: str = "face", architecture: str = "face_cnn", **tables: Any) -> Recipe:
    return replace(Recipe("tiny", family, architecture, "", Schedule(1, 2, 1e-3), SplitRule()), **tables)


@pytest.mark.parametrize(
    ("wanted", "frames", "steps", "words"),
    [
        (recipe(forge=Forge(self_blend=0.9)), 8, True, "forge.self_blend does nothing for networks on sequences"),
        (recipe(shares={"real": {"a": 1.0}}), 8, True, "shares does nothing for networks on sequences"),
        (recipe("speech", "lcnn", forge=Forge(mouth=0.1)), 0, True, "forge.mouth does nothing for networks on voices"),
        (recipe("picture", forge=Forge(swap=0.1)), 0, True, "forge.swap does nothing for networks on pictures"),
        (recipe("picture", forge=Forge(paired=0.1)), 0, True, "forge.paired does nothing"),
        (recipe("speech", "lcnn", teacher=Teacher(card="face.fast-2")), 0, True, "teacher.card does nothing"),
        (recipe(architecture="pca_svm", attack=Attack("pgd")), 0, False, "attack.kind does nothing for heads on faces"),
        (recipe(twins={"world": 0.5}), 0, True, "twins does nothing for networks on faces"),
    ],
)
def test_what_does_nothing(wanted: Recipe, frames: int, steps: bool, words: str) -> None:  # noqa: FBT001
    with pytest.raises(InvalidOption, match=words):
        require_effect(wanted, frames=frames, steps=steps)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (recipe(shares={"fakes": {}}), r"\[shares\].*Did you mean fake"),
        (recipe("speech", "lcnn", augment={"strenght": 1.0}), r"\[augment\].*Did you mean strength"),
        (recipe("speech", "mel_cnn", augment={"copies": 2.0}), r"\[augment\] has no setting 'copies'"),
    ],
)
def test_unknown_keys(wanted: Recipe, words: str) -> None:
    with pytest.raises(UnknownOption, match=words):
        require_effect(wanted)


def test_what_acts_is_let_through() -> None:
    everything = Forge(self_blend=0.1, swap=0.1, mouth=0.1, paired=0.5, mask_weight=1.0)
    require_effect(
        recipe(forge=everything, teacher=Teacher(card="a"), attack=Attack("fgsm"), shares={"real": {"*": 1.0}})
    )
    require_effect(recipe("picture", forge=Forge(reconstruction=0.5)))
    require_effect(recipe("speech", "whisper", augment={"copies": 2.0, "ridge": 1.0}, twins={"world": 0.5}))
    require_effect(recipe(attack=Attack("fgsm")), frames=8)
