"""Forged faces: each changes what its mask says, nothing else, and looks like a face."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.makers import people  # noqa: E402
from unmask.core.errors import WeightsMissing  # noqa: E402
from unmask.core.records import Frame  # noqa: E402
from unmask.extraction.crops import CachedCrop  # noqa: E402
from unmask.faces.detect import FaceFinder  # noqa: E402
from unmask.models import catalogue, store  # noqa: E402
from unmask.training.forge import resampling  # noqa: E402
from unmask.training.forge.blending import distance, match_colours, swap, warp  # noqa: E402
from unmask.training.forge.forger import Forger  # noqa: E402
from unmask.training.forge.resampling import Reconstructor, fitted  # noqa: E402
from unmask.training.pictures.portraits import read_crop  # noqa: E402
from unmask.training.recipe import FORGERIES, Forge  # noqa: E402


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(store.locate(catalogue.find("yunet-2023mar")))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An autoencoder of random weights."""
    folder = tmp_path_factory.mktemp("taef2")
    torch.manual_seed(0)
    for name, network in (("encoder", resampling._encoder()), ("decoder", resampling._decoder())):
        torch.save(network.state_dict(), folder / f"taef2_{name}.pth")
    return folder


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory, finder: FaceFinder) -> list[CachedCrop]:
    """Crops: two moments of one person, and another person: blue, mirrored and nearer."""
    folder = tmp_path_factory.mktemp("crops")
    one = people.bust()
    nearer = cv2.resize(people.bust(blue=True)[:, ::-1], None, fx=1.2, fy=1.2)[20:-20, 20:-20]
    found = []
    for name, medium, pixels in (("a", "clip", one), ("b", "clip", np.roll(one, 3, axis=1)), ("c", "other", nearer)):
        cv2.imwrite(str(folder / f"{name}.png"), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        face = finder.find(Frame(0, 0.0, np.ascontiguousarray(pixels)))[0]
        found.append(CachedCrop(folder / f"{name}.png", 0, "s", "", medium, medium, face.landmarks_px))
    return found


@pytest.fixture(scope="module")
def forger(crops: list[CachedCrop], weights: Path) -> Iterator[Forger]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "_LARGEST_PX", 64)  # An autoencoder takes seconds for the usual size.
        yield Forger(Forge(**dict.fromkeys(FORGERIES, 0.2), autoencoder=str(weights)), crops, read_crop)


@pytest.mark.parametrize("method", FORGERIES)
def test_a_forgery_differs_from_its_source_where_its_mask_says(forger: Forger, crops, method: str) -> None:
    for seed in range(6):
        found = forger.make(method, crops[0], np.random.default_rng(seed))
        assert found.method == method
        assert found.pixels.shape == found.source.shape
        assert (found.pixels.dtype, found.mask.dtype) == (np.uint8, np.float32)
        assert found.mask.shape == found.pixels.shape[:2]
        assert 0 <= found.mask.min() <= found.mask.max() <= 1.0001
        assert found.mask.max() > 0.2
        change = np.abs(found.pixels.astype(int) - found.source).mean(axis=2)
        assert change[found.mask > 0.2].mean() > 0.2
        if method in ("swap", "mouth"):
            assert change[found.mask == 0].mean() < 0.6, "outside the mask the picture stays"


@pytest.mark.parametrize("method", FORGERIES)
def test_the_same_seed_forges_the_same(forger: Forger, crops, method: str) -> None:
    one, again, other = (forger.make(method, crops[0], np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.pixels == again.pixels).all()
    if method != "reconstruction":
        assert (one.pixels != other.pixels).any()


@pytest.mark.parametrize("method", ["self_blend", "swap", "mouth", "upscaled"])
def test_forged_faces_are_still_found(forger: Forger, crops, finder: FaceFinder, method: str) -> None:
    for seed in range(4):
        assert finder.find(Frame(0, 0.0, forger.make(method, crops[0], np.random.default_rng(seed)).pixels))


def test_a_mouth_comes_from_another_moment_of_the_same_clip(forger: Forger, crops) -> None:
    assert forger.can("mouth", crops[0])
    assert not forger.can("mouth", crops[2])
    assert forger.some("mouth", np.random.default_rng(0)).medium == "clip"
    found = forger.make("mouth", crops[0], np.random.default_rng(0))
    mouth = crops[0].landmarks_px[3:].mean(axis=0)
    rows, columns = np.nonzero(found.mask > 0.5)
    assert np.hypot(columns.mean() - mouth[0], rows.mean() - mouth[1]) < 12


def test_a_swap_brings_the_other_persons_face(crops) -> None:
    """The other person is blue: a face turns blue where colours are not matched, and its surroundings never do."""
    one, other = crops[0], crops[2]
    blue = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points, theirs = one.landmarks_px, other.landmarks_px
        forged, mask = swap(people.bust(), points, read_crop(other), theirs, points, rng)
        blue += forged[mask > 0.9][:, 2].mean() > forged[mask > 0.9][:, 0].mean()
        assert np.abs(forged[mask > 0.9].astype(int) - people.bust()[mask > 0.9]).mean() > 3
        assert (forged[mask == 0] == people.bust()[mask == 0]).mean() > 0.95
    assert 1 <= blue <= 4


def test_reconstructions_are_painted_once(forger: Forger, crops, monkeypatch: pytest.MonkeyPatch) -> None:
    first = forger.make("reconstruction", crops[1], np.random.default_rng(0))
    monkeypatch.setattr(Reconstructor, "through", None)
    again = forger.make("reconstruction", crops[1], np.random.default_rng(0))
    assert (first.pixels == again.pixels).all()
    assert first.source.shape == (64, 64, 3)


def test_an_untrained_autoencoder_keeps_the_shape_and_others_are_refused(weights: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    assert Reconstructor(weights).through(pixels).shape == (64, 48, 3)
    with pytest.raises(WeightsMissing, match=r"taef2_encoder\.pth.*forge\.autoencoder"):
        Reconstructor(tmp_path)
    torch.save({"0.weight": torch.zeros(1)}, tmp_path / "taef2_encoder.pth")
    with pytest.raises(WeightsMissing, match="cannot be loaded as the encoder"):
        Reconstructor(tmp_path)


@pytest.mark.parametrize(("side", "wanted"), [(400, {64}), (24, {24, 32, 48}), (51, {48, 56, 64})])
def test_pictures_are_fitted_to_the_autoencoder(forger: Forger, side: int, wanted: set[int]) -> None:
    rng = np.random.default_rng(0)
    shapes = [fitted(np.zeros((side, side, 3), np.uint8), rng).shape for _ in range(60)]
    assert {height for height, width, _ in shapes if height == width} == wanted


def test_a_face_mesh_that_is_not_there(crops, tmp_path: Path) -> None:
    (tmp_path / "mesh.onnx").write_bytes(b"no graph")
    for name in ("gone.onnx", "mesh.onnx"):
        with pytest.raises(WeightsMissing, match="cannot be read as a face-mesh network"):
            Forger(Forge(self_blend=1.0, landmarks=str(tmp_path / name)), crops, read_crop)


@pytest.mark.parametrize("count", [5, 40])
def test_warping_brings_points_onto_others(count: int) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(40, 160, (count, 2)).astype(np.float32)
    turn = cv2.getRotationMatrix2D((100, 100), 12, 0.9).astype(np.float32)
    wanted = points @ turn[:, :2].T + turn[:, 2]
    picture = np.zeros((200, 200, 3), np.uint8)
    cv2.circle(picture, tuple(int(v) for v in points[0]), 6, (255, 255, 255), -1)
    rows, columns = np.nonzero(warp(picture, points, wanted, (200, 200))[..., 0] > 128)
    assert columns.mean() == pytest.approx(wanted[0, 0], abs=1.5)
    assert rows.mean() == pytest.approx(wanted[0, 1], abs=1.5)
    assert distance(points, wanted) < 1e-4
    assert distance(points, wanted * np.array([1.4, 1], np.float32)) > 0.02


def test_colours_are_matched_inside_the_mask() -> None:
    mask = np.zeros((240, 240), np.float32)
    mask[60:180, 60:180] = 1
    matched = match_colours(people.bust(blue=True), people.bust(), mask)
    inside = mask > 0.5
    before = np.abs(people.bust(blue=True)[inside].mean(axis=0) - people.bust()[inside].mean(axis=0)).max()
    after = np.abs(matched[inside].mean(axis=0) - people.bust()[inside].mean(axis=0)).max()
    assert after < 0.3 * before
