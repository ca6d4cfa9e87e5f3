"""A network that was taught to judge the quality of speech, with a linear head that tells synthetic speech.

Distill-MOS (Stahl and Gamper, ICASSP 2025) learnt opinion scores from a teacher on XLS-R, over far more recordings than
there are here, and it looks at phase beside magnitude. Written anew to run and tune the weights that its authors'
package ships.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from unmask.core.errors import CardMismatch
from unmask.training.architectures.voice.front import precisely
from unmask.training.architectures.voice.headed import Headed

_WINDOW, _HOP, _BINS = 320, 160, 161
_CHANNELS = (64, 64, 128, 256, 256, 256)
_ROWS = 4
_STATE, _HEADS, _WIDE, _LAYERS = 200, 8, 400, 7
_LONGEST = 384
_POWER = 0.3
_EPSILON = 1e-5


class DistillMos(Headed):
    """Compressed complex spectrum, six convolutions, seven layers of a transformer, and a head over their outputs.

    Args:
        frozen: How many of the convolutions, from the first, keep their weights; they hear the same in all speech and
            take most of the time.
    """

    places: Tensor

    def __init__(self, *, frozen: int = 3) -> None:
        super().__init__()
        self.spectrum = _Spectrum()
        self.convolutions = nn.ModuleList()
        known = 2
        for place, width in enumerate(_CHANNELS):
            stride = (1 if place == 0 else 2, 2 if place == len(_CHANNELS) - 1 else 1)
            self.convolutions.append(nn.Conv2d(known, width, 3, stride=stride, padding=(0, 1)))
            known = width
        for layer in self.convolutions[: int(frozen)]:
            layer.requires_grad_(requires_grad=False)
        self.scale = nn.Parameter(torch.ones(_CHANNELS[-1] * _ROWS))
        self.shift = nn.Parameter(torch.zeros(_CHANNELS[-1] * _ROWS))
        self.narrowed = nn.Linear(_CHANNELS[-1] * _ROWS, _STATE)
        self.register_buffer("places", _places(), persistent=False)
        self.layers = nn.ModuleList([_Layer() for _ in range(_LAYERS)])
        self.head = nn.Linear(_STATE * (_LAYERS + 1), 1)

    def states(self, samples: Tensor) -> Tensor:
        """What enters the transformer and what leaves each of its layers, side by side.

        Args:
            samples: Shape (N, L), float32, 16 kHz, any level; L a multiple of 320, at most 122,880.

        Returns:
            Shape (N, L / 320, 200 * 8), one row each 20 ms.
        """
        x = samples / (samples.abs().amax(dim=1, keepdim=True) + 1e-8)
        x = precisely(self.spectrum, x)
        for layer in self.convolutions:
            x = nn.functional.leaky_relu(layer(x), 0.1)
        x = self.narrowed(x.flatten(1, 2).transpose(1, 2) * self.scale + self.shift)
        x = x + self.places[: x.shape[1]]
        found = [x]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return torch.cat(found, dim=2)


class _Spectrum(nn.Module):
    """Short-time spectrum of 20 ms every 10 ms, real and imaginary parts, its magnitude raised to the power of 0.3."""

    waves: Tensor

    def __init__(self) -> None:
        super().__init__()
        phase = 2 * np.pi * np.outer(np.arange(_BINS), np.arange(_WINDOW)) / _WINDOW
        waves = np.concatenate([np.cos(phase), -np.sin(phase)]) * np.hanning(_WINDOW + 1)[:-1]
        self.register_buffer("waves", torch.from_numpy(waves[:, None].astype(np.float32)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples, shape (N, L), to two planes, shape (N, 2, 161, L / 160)."""
        margin = (_WINDOW - _HOP) // 2
        padded = nn.functional.pad(samples[:, None], (margin, margin), mode="reflect")
        planes = nn.functional.conv1d(padded, self.waves, stride=_HOP).unflatten(1, (2, _BINS))
        magnitude = planes.square().sum(dim=1, keepdim=True).clamp(min=1e-24).sqrt()
        found: Tensor = planes * magnitude.pow(_POWER - 1)
        return found


class _Layer(nn.Module):
    """Self-attention and a feed-forward network, each beside a shortcut and before a norm (Vaswani et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(_STATE, 3 * _STATE)
        self.joined = nn.Linear(_STATE, _STATE)
        self.norm = nn.LayerNorm(_STATE)
        self.widened = nn.Linear(_STATE, _WIDE)
        self.narrowed = nn.Linear(_WIDE, _STATE)
        self.forward_norm = nn.LayerNorm(_STATE)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, T, 200) to the same shape."""
        split = self.attention(x).unflatten(2, (3, _HEADS, _STATE // _HEADS))
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        heard = nn.functional.scaled_dot_product_attention(query, key, value)
        x = self.norm(x + self.joined(heard.transpose(1, 2).flatten(2)))
        found: Tensor = self.forward_norm(x + self.narrowed(nn.functional.relu(self.widened(x))))
        return found


def _places() -> Tensor:
    """Sines and cosines of the place of each row, shape (384, 200)."""
    steps = torch.exp(torch.arange(0, _STATE, 2) * (-math.log(2 * _LONGEST) / _STATE))
    angles = torch.arange(_LONGEST)[:, None] * steps
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the published weights, and make one multiplication and one addition of the two norms in a row.

    Args:
        state: As the package distillmos ships it, under ``model``.

    Returns:
        Weights by the names of `DistillMos`, the head left out.

    Raises:
        CardMismatch: These are no such weights.
    """
    front, stack = "transformer_pool_attn.", "transformer_pool_attn.transformer."
    try:
        found = {
            f"convolutions.{place}.{kind}": state[f"cnn.cnn.{2 * place}.{kind}"]
            for place in range(len(_CHANNELS))
            for kind in ("weight", "bias")
        }
        first, second = (_scale_and_shift(state, name) for name in (f"{front}norm_input", f"{stack}norm"))
        found["scale"], found["shift"] = first[0] * second[0], first[1] * second[0] + second[1]
        found |= {f"narrowed.{kind}": state[f"{stack}linear_proj.{kind}"] for kind in ("weight", "bias")}
        for place in range(_LAYERS):
            theirs = f"{stack}transformer_encoder.layers.{place}."
            for kind in ("weight", "bias"):
                found[f"layers.{place}.attention.{kind}"] = state[f"{theirs}self_attn.in_proj_{kind}"]
                for ours, name in _LAYER.items():
                    found[f"layers.{place}.{ours}.{kind}"] = state[f"{theirs}{name}.{kind}"]
    except KeyError as error:
        message = f"These are no weights of Distill-MOS: {error} is missing."
        raise CardMismatch(message) from error
    return found


def _scale_and_shift(state: Mapping[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    """A batch norm at rest is one multiplication and one addition."""
    scale = state[f"{name}.weight"] / (state[f"{name}.running_var"] + _EPSILON).sqrt()
    return scale, state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale


_LAYER = {
    "joined": "self_attn.out_proj",
    "norm": "norm1",
    "widened": "linear1",
    "narrowed": "linear2",
    "forward_norm": "norm2",
}
