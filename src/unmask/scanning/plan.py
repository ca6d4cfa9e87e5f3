"""What a scan shall do. Plans are plain values: they travel to worker processes, open models do not."""

from __future__ import annotations

from dataclasses import dataclass

from unmask.core.errors import InvalidOption, nearest
from unmask.models.card import ENGINES
from unmask.models.catalogue import find
from unmask.models.store import installed

TIERS = {
    "fast": ("face.fast-2", "speech.fast-1", ""),
    "accurate": ("face.accurate-1", "speech.fast-1", "picture.accurate-1"),
}
"""Models for faces, voices and whole pictures; empty where a tier has none."""


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """Settings of a scan.

    Attributes:
        frames: Frames of a video to look at, spread evenly over time.
        every: Look at every n-th frame instead; 0 uses `frames`.
        face: Model card (or path of one) for faces; empty leaves the pictures out.
        speech: Model card (or path of one) for voices; empty leaves the sound out.
        picture: Model card (or path of one) for pictures as a whole; empty leaves that question out.
        engine: Inference engine: auto, onnxruntime or openvino.
        threads: Threads of one inference; 0 lets the runtime decide.
        exhibits: Pictures to keep for a report; 0 keeps none, nor the drawing of the sound.
        lips: Whether to lay lips beside the sound, in videos with both, where faces and voices are looked at.
    """

    frames: int = 32
    every: int = 0
    face: str = TIERS["fast"][0]
    speech: str = TIERS["fast"][1]
    picture: str = TIERS["fast"][2]
    engine: str = "auto"
    threads: int = 0
    exhibits: int = 0
    lips: bool = True

    def __post_init__(self) -> None:
        for name, value, least in (("frames", self.frames, 1), ("every", self.every, 0), ("threads", self.threads, 0)):
            if value < least:
                message = f"{name} is {value}; expected at least {least}."
                raise InvalidOption(message)
        if self.engine not in ENGINES:
            message = f"There is no engine {self.engine!r}. {nearest(self.engine, ENGINES)}"
            raise InvalidOption(message)


def tier_models(tier: str) -> tuple[str, str, str]:
    """Names of the face, the speech and the picture model of a tier; empty for none.

    Args:
        tier: ``fast`` (comes with the package), ``accurate`` (`unmask models fetch` brings it), or ``auto``: the best
            of each that is on this machine.

    Raises:
        InvalidOption: There is no such tier.
    """
    if tier == "auto":
        pairs = zip(TIERS["accurate"], TIERS["fast"], strict=True)
        face, speech, picture = (best if best and installed(find(best)) else fast for best, fast in pairs)
        return face, speech, picture
    if tier not in TIERS:
        message = f"There is no tier {tier!r}. {nearest(tier, ('auto', *TIERS))}"
        raise InvalidOption(message)
    return TIERS[tier]
