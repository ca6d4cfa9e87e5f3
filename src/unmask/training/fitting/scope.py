"""What of a recipe has an effect on what it trains; whatever would quietly do nothing is refused."""

from __future__ import annotations

from collections.abc import Collection

from unmask.core.errors import InvalidOption, UnknownOption, nearest
from unmask.training.recipe import FORGERIES, Recipe

_LABELS = ("real", "fake")
_DRAWN = ("strength", "pairs", "matched", "length_s")
_SOLVED = ("strength", "copies", "ridge")
_ONE_FACE = (*FORGERIES, "paired", "mask_weight")
_WHOLE = ("reconstruction",)
_FORGED = {
    "networks on faces": _ONE_FACE,
    "heads on faces": _ONE_FACE,
    "networks on pictures": _WHOLE,
    "heads on pictures": _WHOLE,
}
_TAUGHT = ("networks on faces", "networks on pictures")
_ATTACKED = (*_TAUGHT, "networks on sequences of faces", "networks on voices")


def require_effect(recipe: Recipe, *, frames: int = 0, steps: bool = True) -> None:
    """Refuse settings that would do nothing.

    Args:
        recipe: The recipe.
        frames: Crops that make up a unit of its network; 0 for single ones.
        steps: Whether it is trained in steps; a head or a pipeline that is fitted at once is not.

    Raises:
        UnknownOption: ``[shares]``, or for voices ``[augment]``, has a key that nothing knows.
        InvalidOption: ``[forge]``, ``[teacher]``, ``[attack]``, ``[twins]`` or ``[shares]`` asks for what this kind of
            training does not do.
    """
    kind = _kind(recipe, frames, steps=steps)
    _known("shares", recipe.shares, _LABELS)
    if recipe.family == "speech":
        fitted = recipe.architecture in ("whisper", "distill_mos", "duet")
        _known("augment", recipe.augment, {*_SOLVED, *_DRAWN} if fitted else _DRAWN)
    forged = [*recipe.forge.shares(), *(name for name in ("paired", "mask_weight") if getattr(recipe.forge, name))]
    for name in forged:
        _acts(f"forge.{name}", name in _FORGED.get(kind, ()), kind)
    _acts("teacher.card", not recipe.teacher.card or kind in _TAUGHT, kind)
    _acts("attack.kind", not recipe.attack.kind or kind in _ATTACKED, kind)
    _acts("twins", not recipe.twins or recipe.family == "speech", kind)
    _acts("shares", not any(recipe.shares.values()) or not frames, kind)


def _kind(recipe: Recipe, frames: int, *, steps: bool) -> str:
    what = {"speech": "voices", "picture": "pictures"}.get(recipe.family, "sequences of faces" if frames else "faces")
    return f"{'networks' if steps else 'heads'} on {what}"


def _known(table: str, keys: Collection[str], known: Collection[str]) -> None:
    for key in keys:
        if key not in known:
            raise UnknownOption(f"[{table}] has no setting {key!r}. {nearest(key, known)}")


def _acts(setting: str, does: bool, kind: str) -> None:  # noqa: FBT001 - what is asked
    if not does:
        raise InvalidOption(f"{setting} does nothing for {kind}. Leave it out.")
