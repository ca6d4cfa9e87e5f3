"""Attention between the nodes of a graph in which every node is linked to every other (Jung et al., ICASSP 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GraphAttention(nn.Module):
    """Each node gathers from all others, by how well their products fit.

    Args:
        before: Features of a node that goes in.
        after: Features of a node that comes out.
        temperature: Divides the fits; higher spreads the attention more evenly.
    """

    def __init__(self, before: int, after: int, *, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.dropout = nn.Dropout(0.2)
        self.compare = nn.Linear(before, after)
        self.fit = nn.Parameter(nn.init.xavier_normal_(torch.empty(after, 1)))
        self.gathered = nn.Linear(before, after)
        self.own = nn.Linear(before, after)
        self.norm = nn.BatchNorm1d(after)

    def forward(self, nodes: Tensor) -> Tensor:
        """Map nodes, shape (N, K, before), to nodes, shape (N, K, after)."""
        nodes = self.dropout(nodes)
        fits = torch.tanh(self.compare(_products(nodes))) @ self.fit
        share = torch.softmax(fits.squeeze(3) / self.temperature, dim=2)
        return _activated(self.norm, self.gathered(share @ nodes) + self.own(nodes))


class MixedGraphAttention(nn.Module):
    """Attention over nodes of two kinds and one node that listens to all: the master.

    Args:
        before: Features of a node that goes in.
        after: Features of a node that comes out.
        temperature: As in `GraphAttention`.
    """

    def __init__(self, before: int, after: int, *, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.dropout = nn.Dropout(0.2)
        self.enter = nn.ModuleList([nn.Linear(before, before) for _ in range(2)])
        self.compare = nn.Linear(before, after)
        self.fits = nn.ParameterList([nn.init.xavier_normal_(torch.empty(after, 1)) for _ in range(3)])
        self.gathered = nn.Linear(before, after)
        self.own = nn.Linear(before, after)
        self.norm = nn.BatchNorm1d(after)
        self.master_compare = nn.Linear(before, after)
        self.master_fit = nn.Parameter(nn.init.xavier_normal_(torch.empty(after, 1)))
        self.master_gathered = nn.Linear(before, after)
        self.master_own = nn.Linear(before, after)

    def forward(self, first: Tensor, second: Tensor, master: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Let both kinds and the master gather.

        Args:
            first: Shape (N, K, before).
            second: Shape (N, L, before).
            master: Shape (N, 1, before) or (1, 1, before).

        Returns:
            The same three with `after` features.
        """
        count = first.shape[1]
        nodes = self.dropout(torch.cat([self.enter[0](first), self.enter[1](second)], dim=1))
        share = torch.softmax(self._fits(nodes, count) / self.temperature, dim=2)
        heard = torch.tanh(self.master_compare(nodes * master)) @ self.master_fit
        heard = torch.softmax(heard / self.temperature, dim=1)
        master = self.master_gathered(heard.transpose(1, 2) @ nodes) + self.master_own(master)
        nodes = _activated(self.norm, self.gathered(share @ nodes) + self.own(nodes))
        return nodes[:, :count], nodes[:, count:], master

    def _fits(self, nodes: Tensor, count: int) -> Tensor:
        """Fit of each pair, shape (N, K + L, K + L), weighed apart for first-first, second-second and mixed pairs."""
        compared = torch.tanh(self.compare(_products(nodes)))
        one, two, mixed = ((compared @ fit).squeeze(3) for fit in self.fits)
        early = torch.arange(nodes.shape[1], device=nodes.device) < count
        both, neither = early[:, None] & early, ~early[:, None] & ~early
        return torch.where(both, one, torch.where(neither, two, mixed))


class GraphPool(nn.Module):
    """Keeps the nodes with the highest scores, each scaled by its own.

    Args:
        features: Of a node.
        share: Of the nodes that stay.
    """

    def __init__(self, features: int, *, share: float) -> None:
        super().__init__()
        self.share = share
        self.dropout = nn.Dropout(0.3)
        self.score = nn.Linear(features, 1)

    def forward(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        """Map nodes, shape (N, K, D), to the kept ones, shape (N, K', D), and the scores of all, shape (N, K)."""
        scores = torch.sigmoid(self.score(self.dropout(nodes)))
        kept = scores.topk(max(int(nodes.shape[1] * self.share), 1), dim=1).indices
        return (nodes * scores).gather(1, kept.expand(-1, -1, nodes.shape[2])), scores.squeeze(2)


def _products(nodes: Tensor) -> Tensor:
    """Product of every pair of nodes, shape (N, K, K, D)."""
    return nodes[:, :, None] * nodes[:, None]


def _activated(norm: nn.BatchNorm1d, nodes: Tensor) -> Tensor:
    return torch.selu(norm(nodes.transpose(1, 2)).transpose(1, 2))
