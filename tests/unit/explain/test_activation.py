import numpy as np
import pytest

from unmask.explain.activation import LOGIT_SCALE, face_heatmap


def test_zero_evidence_is_the_middle() -> None:
    heat = face_heatmap(np.zeros((7, 7), np.float32), 64)
    assert heat.shape == (64, 64)
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat, 0.5, atol=1e-6)


def test_scale_is_the_same_for_every_face() -> None:
    weak = face_heatmap(np.full((7, 7), LOGIT_SCALE, np.float32), 8)
    strong = face_heatmap(np.full((7, 7), 3 * LOGIT_SCALE, np.float32), 8)
    np.testing.assert_allclose(weak, 1 / (1 + np.exp(-1)), atol=1e-5)
    np.testing.assert_allclose(strong, 1 / (1 + np.exp(-3)), atol=1e-5)


def test_genuine_face_stays_calm() -> None:
    rng = np.random.default_rng(0)
    heat = face_heatmap(rng.normal(-4, 1, (7, 7)).astype(np.float32), 112)
    assert heat.max() < 0.5


def test_hot_place_stays_where_it_is() -> None:
    evidence = np.full((7, 7), -5, np.float32)
    evidence[1, 5] = 12
    heat = face_heatmap(evidence, 70)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 10 <= row < 20
    assert 50 <= column < 60


def test_extreme_evidence_stays_in_range() -> None:
    heat = face_heatmap(np.asarray([[1e6, -1e6], [-1e6, 1e6]], np.float32), 32)
    assert np.isfinite(heat).all()
    assert heat.min() >= 0
    assert heat.max() <= 1


@pytest.mark.parametrize(("shape", "size"), [((7,), 8), ((0, 7), 8), ((7, 7), 0), ((1, 7, 7), 8)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...], size: int) -> None:
    with pytest.raises(ValueError, match="expected a map"):
        face_heatmap(np.zeros(shape, np.float32), size)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        face_heatmap(np.full((7, 7), np.nan, np.float32), 8)
