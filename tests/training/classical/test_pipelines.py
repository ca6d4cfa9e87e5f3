"""Classical detectors: their features mean what they say, and the graph gives what scikit-learn gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skl2onnx")

from scipy.fft import dctn  # noqa: E402

from unmask.core.errors import CardMismatch, InvalidOption  # noqa: E402
from unmask.datasets.split import SplitRule  # noqa: E402
from unmask.metrics.ranking import auc  # noqa: E402
from unmask.models import catalogue  # noqa: E402
from unmask.models.session import Session  # noqa: E402
from unmask.models.write import write_card  # noqa: E402
from unmask.training.classical.features import AzimuthalSpectrum, CosineStatistics, SmallGrey  # noqa: E402
from unmask.training.classical.fit import PIPELINE, describe, fit_pipeline, pipeline_parity  # noqa: E402
from unmask.training.classical.pipelines import PIPELINES  # noqa: E402
from unmask.training.draft import draft_picture_card  # noqa: E402
from unmask.training.recipe import Recipe, Schedule  # noqa: E402

SIZE_PX = 128
STEPS, BATCH = 4, 32


def crops(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Genuine faces are smooth, forged ones carry stripes as naive up-sampling leaves them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(BATCH) % 2
    coarse = rng.integers(60, 200, (BATCH, 8, 8, 3)).repeat(SIZE_PX // 8, 1).repeat(SIZE_PX // 8, 2)
    stripes = 12 * (np.arange(SIZE_PX) // 2 % 2 - 0.5)[None, None, :, None]
    pixels = (
        coarse
        + rng.normal(0, 4, coarse.shape)
        + stripes * labels[:, None, None, None]
        + 8 * labels[:, None, None, None]
    )
    return torch.from_numpy(np.clip(pixels, 0, 255).astype(np.uint8)), torch.from_numpy(labels.astype(np.float32))


def units() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return (crops(seed) for seed in range(100))


def recipe(architecture: str) -> Recipe:
    plan = Schedule(steps=STEPS, batch=BATCH, learning_rate=1.0)
    return Recipe(f"tiny-{architecture}", "face", architecture, "", plan, SplitRule(), network={"margin": 1.4})


@pytest.mark.parametrize("name", PIPELINES)
def test_it_is_fitted_exported_and_run(name: str, tmp_path: Path) -> None:
    figures = fit_pipeline(recipe(name), units(), tmp_path)  # type: ignore[arg-type]
    assert figures["crops"] == STEPS * BATCH
    card = draft_picture_card(recipe(name), tmp_path, [], tmp_path / "out")
    assert card.parity == figures["parity"] < 1e-3
    assert card.input is not None
    assert card.input.margin == 1.4
    write_card(card, tmp_path / "out" / "card.toml")
    session = Session(catalogue.find(str(tmp_path / "out" / "card.toml")), threads=1)
    pixels, labels = crops(999)
    found = session.run(pixels.numpy())
    assert found["evidence"].shape == (BATCH, 1, 1)
    if name != "pca_svm":  # A picture of 32 px holds no stripes, only the brightness, which varies more.
        assert auc(found["logit"].tolist(), labels.int().tolist()) > 0.95
    assert session.run(pixels[:1].numpy())["logit"] == pytest.approx(found["logit"][:1], abs=1e-4)


def test_a_graph_of_another_pipeline_is_refused(tmp_path: Path) -> None:
    fit_pipeline(recipe("dct_lr"), units(), tmp_path)  # type: ignore[arg-type]
    classical = PIPELINES["dct_lr"]
    pixels, labels = crops(3)
    other = classical.pipeline(0).fit(describe(classical.features(), pixels.numpy()), 1 - labels.numpy())
    with pytest.raises(CardMismatch, match="scikit-learn"):
        pipeline_parity(other, classical, tmp_path / PIPELINE, pixels.numpy())


def test_without_a_fit_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="Train first"):
        draft_picture_card(recipe("dct_lr"), tmp_path, [], tmp_path)


def grey(pixels: np.ndarray) -> np.ndarray:
    return (pixels.astype(np.float64) @ [0.299, 0.587, 0.114]) / 127.5 - 1


def test_the_azimuthal_spectrum_is_numpys() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    found = describe(AzimuthalSpectrum(32), pixels)
    power = np.abs(np.fft.fft2(grey(pixels)) / 32) ** 2
    step = np.fft.fftfreq(32) * 32
    radius = np.hypot(step[:, None], step[None]).round()
    for ring in (0, 1, 7, 15):
        assert found[:, ring] == pytest.approx(np.log(power[:, radius == ring].mean(axis=1) + 1e-6), abs=1e-3)


def test_cosine_statistics_are_scipys() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    found = describe(CosineStatistics(), pixels)[0]
    wanted = dctn(grey(pixels)[0] * 127.5, norm="ortho")
    assert found[:64] == pytest.approx(np.log(np.abs(wanted) + 1e-2).ravel(), abs=1e-3)


def test_small_grey_is_the_mean_of_blocks() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    found = describe(SmallGrey(), pixels).reshape(32, 32)
    assert found == pytest.approx(grey(pixels)[0].reshape(32, 2, 32, 2).mean(axis=(1, 3)), abs=1e-5)
