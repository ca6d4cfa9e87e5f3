"""The classical detectors by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import nn

from unmask.training.classical.features import AzimuthalSpectrum, CosineStatistics, SmallGrey


@dataclass(frozen=True, slots=True)
class Classical:
    """One detector.

    Attributes:
        features: Makes the front end: crops, shape (N, S, S, 3), uint8, to numbers, shape (N, F).
        pipeline: Makes the scikit-learn pipeline, whose decision function becomes the logit.
        size_px: Side of the crop.
        summary: One sentence for the model card.
        reference: The paper behind it.
    """

    features: Callable[[], nn.Module]
    pipeline: Callable[[int], Pipeline]
    size_px: int
    summary: str
    reference: str


def _pca_svm(seed: int) -> Pipeline:
    return make_pipeline(StandardScaler(), PCA(64, whiten=True, random_state=seed), SVC(C=2.0, random_state=seed))


def _logistic(seed: int) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000, random_state=seed))


PIPELINES = {
    "pca_svm": Classical(
        SmallGrey,
        _pca_svm,
        128,
        "Principal components of small grey faces, and a support vector machine.",
        "Turk and Pentland: Eigenfaces, 1991; Cortes and Vapnik: Support-Vector Networks, 1995",
    ),
    "spectrum_lr": Classical(
        lambda: AzimuthalSpectrum(128),
        _logistic,
        128,
        "Power at each radius of the spectrum, and logistic regression.",
        "Durall et al.: Watch Your Up-Convolution, CVPR 2020",
    ),
    "dct_lr": Classical(
        CosineStatistics,
        _logistic,
        128,
        "Statistics of the coefficients of 8 x 8 cosine transforms, and logistic regression.",
        "Frank et al.: Leveraging Frequency Analysis for Deep Fake Image Recognition, ICML 2020",
    ),
}
