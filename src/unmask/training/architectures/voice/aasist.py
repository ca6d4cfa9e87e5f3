"""AASIST and AASIST-L: graphs over bands and over time of a raw waveform, joined (Jung et al., ICASSP 2022)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.front import SincBank, even_level, precisely
from unmask.training.architectures.voice.graph_attention import GraphAttention, GraphPool, MixedGraphAttention

_BANDS = 23

# Names in the checkpoints that the authors published, and the names here.
_PUBLISHED = (
    ("pos_S", "places"),
    ("master1", "branches.0.master"),
    ("master2", "branches.1.master"),
    ("first_bn", "norm"),
    ("GAT_layer_S.", "band_graph."),
    ("GAT_layer_T.", "time_graph."),
    ("HtrgGAT_layer_ST11.", "branches.0.first."),
    ("HtrgGAT_layer_ST12.", "branches.0.second."),
    ("HtrgGAT_layer_ST21.", "branches.1.first."),
    ("HtrgGAT_layer_ST22.", "branches.1.second."),
    ("pool_S.", "band_pool."),
    ("pool_T.", "time_pool."),
    ("pool_hS1.", "branches.0.band_pool."),
    ("pool_hT1.", "branches.0.time_pool."),
    ("pool_hS2.", "branches.1.band_pool."),
    ("pool_hT2.", "branches.1.time_pool."),
    ("out_layer", "head"),
    (".0.bn", ".bn"),
    (".0.conv", ".conv"),
    ("conv_downsample", "shortcut"),
    ("bn2", "norm"),
    (".proj_type1", ".enter.0"),
    (".proj_type2", ".enter.1"),
    (".att_projM", ".master_compare"),
    (".att_proj", ".compare"),
    (".att_weight11", ".fits.0"),
    (".att_weight22", ".fits.1"),
    (".att_weight12", ".fits.2"),
    (".att_weightM", ".master_fit"),
    (".att_weight", ".fit"),
    (".proj_with_attM", ".master_gathered"),
    (".proj_without_attM", ".master_own"),
    (".proj_with_att", ".gathered"),
    (".proj_without_att", ".own"),
    (".bn.", ".norm."),
    ("pool.proj.", "pool.score."),
)


class Aasist(Network):
    """Sinc filters, residual blocks, a graph over bands and one over time, two joint graphs, a head of two outputs.

    Args:
        channels: Of the later residual blocks and the first graphs: 64 for AASIST, 24 for AASIST-L.
        shares: Of the nodes that stay after the graph over bands, the one over time, and the joint ones.
        level: Whether samples are scaled to one level first; the published weights were trained without.
    """

    def __init__(
        self, *, channels: int = 64, shares: tuple[float, float, float] = (0.5, 0.7, 0.5), level: bool = True
    ) -> None:
        super().__init__()
        self.level = level
        self.bank = SincBank(70, 129, most_masked=20)
        self.norm = nn.BatchNorm2d(1)
        widths = (1, 32, 32, channels, channels, channels, channels)
        self.encoder = nn.Sequential(*[_Residual(*pair) for pair in itertools.pairwise(widths)])
        self.places = nn.Parameter(torch.randn(1, _BANDS, channels))
        self.band_graph = GraphAttention(channels, channels, temperature=2.0)
        self.time_graph = GraphAttention(channels, channels, temperature=2.0)
        self.band_pool = GraphPool(channels, share=shares[0])
        self.time_pool = GraphPool(channels, share=shares[1])
        self.branches = nn.ModuleList([_Branch(channels, 32, share=shares[2]) for _ in range(2)])
        self.way = nn.Dropout(0.2)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(160, 2)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz; other lengths of about 4 s work too.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, 23, T), low bands first, how much
            each place counts in the pooled graphs, in [0, 1] (where it looked, not what it found); embedding,
            shape (N, 160).
        """
        x = even_level(samples) * 0.05 if self.level else samples
        x = nn.functional.max_pool2d(precisely(self.bank, x).abs()[:, None], 3)
        found = self.encoder(torch.selu(self.norm(x))).abs()
        bands, band_scores = self.band_pool(self.band_graph(found.amax(dim=3).transpose(1, 2) + self.places))
        times, time_scores = self.time_pool(self.time_graph(found.amax(dim=2).transpose(1, 2)))
        branches = [branch(times, bands) for branch in self.branches]
        times, bands, master = (torch.maximum(*map(self.way, pair)) for pair in zip(*branches, strict=True))
        parts = [times.abs().amax(dim=1), times.mean(dim=1), bands.abs().amax(dim=1), bands.mean(dim=1), master[:, 0]]
        embedding = torch.cat(parts, dim=1)
        both = self.head(self.dropout(embedding))
        # The authors' second output is bona fide; here higher means fake.
        return both[:, 0] - both[:, 1], band_scores[:, :, None] * time_scores[:, None], embedding


class _Residual(nn.Module):
    """Two convolutions over band and time, a shortcut, and a third of the time steps.

    The paper draws a normalisation before the first convolution; the published weights were trained without.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, (2, 3), padding=(1, 1))
        self.norm = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, (2, 3), padding=(0, 1))
        self.shortcut = nn.Identity() if before == after else nn.Conv2d(before, after, (1, 3), padding=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, F, T) to (N, after, F, T // 3)."""
        inner = self.conv2(torch.selu(self.norm(self.conv1(x))))
        return nn.functional.max_pool2d(inner + self.shortcut(x), (1, 3))


class _Branch(nn.Module):
    """Two joint graphs over time and bands, the second on top of the first, with a master of their own."""

    def __init__(self, before: int, after: int, *, share: float) -> None:
        super().__init__()
        self.master = nn.Parameter(torch.randn(1, 1, before))
        self.first = MixedGraphAttention(before, after, temperature=100.0)
        self.second = MixedGraphAttention(after, after, temperature=100.0)
        self.band_pool = GraphPool(after, share=share)
        self.time_pool = GraphPool(after, share=share)

    def forward(self, times: Tensor, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map nodes over time and over bands to fewer ones and the master."""
        times, bands, master = self.first(times, bands, self.master)
        bands, times = self.band_pool(bands)[0], self.time_pool(times)[0]
        more_times, more_bands, more_master = self.second(times, bands, master)
        return times + more_times, bands + more_bands, master + more_master


def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a checkpoint that the authors published (AASIST.pth, AASIST-L.pth, MIT).

    Args:
        state: Their state dict, or one that already has the names used here.

    Returns:
        The same weights by the names used here.
    """
    found = {}
    for name, values in state.items():
        ours = name
        for old, new in _PUBLISHED:
            ours = ours.replace(old, new)
        if ".bn1." not in ours:  # trained along, but never used
            found[ours] = values
    return found
