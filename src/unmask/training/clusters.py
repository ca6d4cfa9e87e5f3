"""Do real and fake fall apart unasked? Clusters of a network's latent codes, and maps of them in the plane."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler

from unmask.core.errors import DataError
from unmask.core.records import F32Array

FEWEST = 12
_COMPONENTS = 20


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was found without labels, and how far it agrees with them.

    Attributes:
        members: Cluster of each of N units by method: ``k-means`` (two clusters), ``HDBSCAN`` (as many as it finds; -1
            belongs to none).
        agreement: For each method ``ari`` (adjusted Rand index) and ``nmi`` (normalised mutual information) with the
            labels, and the same with the names as ``ari_names`` and ``nmi_names``; 0 is chance, 1 the same partition.
        maps: Shape (N, 2) by method: ``PCA``, ``UMAP``.
    """

    members: dict[str, NDArray[np.int64]]
    agreement: dict[str, dict[str, float]]
    maps: dict[str, F32Array]


def find_clusters(embeddings: F32Array, labels: Sequence[int], names: Sequence[str], *, seed: int = 0) -> Clusters:
    """Cluster latent codes.

    Args:
        embeddings: Shape (N, C); any scale.
        labels: N labels, used for the agreement only.
        names: N names of source and method, likewise: a network that knows its sources groups by these.
        seed: Of k-means and UMAP.

    Returns:
        Clusters, agreement and maps.

    Raises:
        DataError: There are too few units to speak of clusters.
    """
    if len(embeddings) < FEWEST:
        message = f"Clusters need at least {FEWEST} units with a face or speech; there are {len(embeddings)}."
        raise DataError(message)
    codes = StandardScaler().fit_transform(np.asarray(embeddings, np.float64))
    # Distances say little in a thousand dimensions; a few components keep what varies.
    axes = PCA(min(_COMPONENTS, *codes.shape), random_state=seed).fit_transform(codes)
    members = {
        "k-means": KMeans(2, n_init=10, random_state=seed).fit_predict(axes).astype(np.int64),
        "HDBSCAN": HDBSCAN(min_cluster_size=max(len(codes) // 30, 5), copy=True).fit_predict(axes).astype(np.int64),
    }
    agreement = {
        method: {
            "ari": float(adjusted_rand_score(labels, found)),
            "nmi": float(normalized_mutual_info_score(labels, found)),
            "ari_names": float(adjusted_rand_score(names, found)),
            "nmi_names": float(normalized_mutual_info_score(names, found)),
        }
        for method, found in members.items()
    }
    maps = {"PCA": np.asarray(axes[:, :2], np.float32), "UMAP": _umap(axes, seed)}
    return Clusters(members, agreement, maps)


def _umap(axes: NDArray[np.float64], seed: int) -> F32Array:
    """Neighbours that stay neighbours in the plane (McInnes et al. 2018), shape (N, 2)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That a seed costs parallelism, and that few points make a coarse map.
        from umap import UMAP

        found = UMAP(n_neighbors=min(15, len(axes) - 1), random_state=seed, init="pca").fit_transform(axes)
    return np.asarray(found, np.float32)
