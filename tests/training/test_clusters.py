"""Clusters of latent codes, on codes made so that the answer is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("umap")

from unmask.core.errors import DataError
from unmask.report.curves.clusters import save_clusters
from unmask.training.clusters import FEWEST, find_clusters

COUNT = 60
LABELS = [place % 2 for place in range(COUNT)]
NAMES = [f"source {place % 4}" for place in range(COUNT)]


def codes(gap: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    towards = (np.arange(32) < 12) * gap
    return (rng.normal(size=(COUNT, 32)) + np.outer(LABELS, towards)).astype(np.float32)


def test_what_falls_apart_is_found_and_drawn(tmp_path: Path) -> None:
    found = find_clusters(codes(6.0), LABELS, NAMES)
    assert found.agreement["k-means"]["ari"] == found.agreement["k-means"]["nmi"] == 1
    assert found.agreement["HDBSCAN"]["ari"] > 0.7
    assert 0.3 < found.agreement["k-means"]["ari_names"] < 0.7, "two clusters of four sources"
    assert list(found.maps) == ["PCA", "UMAP"]
    for points in found.maps.values():
        assert points.shape == (COUNT, 2)
        middle = [points[np.array(LABELS) == label].mean(axis=0) for label in (0, 1)]
        assert np.linalg.norm(middle[0] - middle[1]) > 2 * points[np.array(LABELS) == 0].std()
    titles = {method: method for method in found.members}
    path = save_clusters(found.maps, found.members, LABELS, tmp_path / "a" / "c.png", titles=titles, title="made")
    picture = cv2.imread(str(path))
    assert picture is not None
    assert min(picture.shape[:2]) > 700


def test_too_few_are_refused() -> None:
    with pytest.raises(DataError, match=str(FEWEST)):
        find_clusters(codes(1.0)[: FEWEST - 1], LABELS[: FEWEST - 1], NAMES)
