"""What the networks are made of: transforms, triplets, stages, what is tuned, what they look at."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dctn

torch = pytest.importorskip("torch")

from unmask.core.errors import InvalidOption, UnknownOption  # noqa: E402
from unmask.training.architectures.frequency import F3Net, NprNet, SpslNet  # noqa: E402
from unmask.training.architectures.icpr import triplet_loss  # noqa: E402
from unmask.training.architectures.registry import build, crop_shape  # noqa: E402
from unmask.training.architectures.transforms import cosine_matrix, fourier_matrices, grey_of, spectrum  # noqa: E402

RNG = np.random.default_rng(0)
TINY = {"backbone": "test_efficientnet", "size_px": 32}


def pixels(count: int = 4, side: int = 32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def test_the_cosine_matrix_is_scipys() -> None:
    picture = RNG.normal(size=(16, 16)).astype(np.float32)
    matrix = cosine_matrix(16).numpy()
    assert matrix @ picture @ matrix.T == pytest.approx(dctn(picture, norm="ortho"), abs=1e-5)
    assert matrix @ matrix.T == pytest.approx(np.eye(16), abs=1e-5)


@pytest.mark.parametrize("size", [8, 224])
def test_the_fourier_matrices_are_numpys(size: int) -> None:
    picture = RNG.normal(size=(2, size, size)).astype(np.float32)
    real, imaginary = spectrum(torch.from_numpy(picture), *fourier_matrices(size))
    wanted = np.fft.fft2(picture, norm="ortho")
    assert real.numpy() == pytest.approx(wanted.real, abs=1e-4)
    assert imaginary.numpy() == pytest.approx(wanted.imag, abs=1e-4)


def test_the_phase_picture_is_the_inverse_of_a_flat_spectrum() -> None:
    network = SpslNet(**TINY)
    grey = grey_of(pixels(2))
    found = network.phases(grey).numpy()
    frequencies = np.fft.fft2(grey.numpy())
    wanted = np.fft.ifft2(frequencies / np.abs(frequencies), norm="ortho").real
    assert found == pytest.approx(wanted, abs=1e-2)


def test_frequency_bands_add_up_where_masks_are_untouched() -> None:
    network = F3Net(**TINY)
    with torch.no_grad():
        network.masks.zero_()
        low, middle, high, whole = network.planes(pixels()).split(3, dim=1)
    assert (low + middle + high).numpy() == pytest.approx(whole.numpy(), abs=1e-3)
    assert low.diff(dim=3).abs().mean() < high.diff(dim=3).abs().mean()


def test_the_residual_forgets_what_halving_keeps() -> None:
    network = NprNet(backbone="test_resnet", size_px=32)
    blocks = pixels(2, 16).repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    assert network.planes(blocks).abs().max() == 0
    assert network.planes(pixels(2)).abs().mean() > 0.1


def test_triplets_want_one_label_near_and_the_other_far() -> None:
    fake = torch.tensor([False, False, True, True])
    apart = torch.tensor([[0.0], [0.1], [5.0], [5.1]])
    assert triplet_loss(apart, fake) == 0
    mixed = torch.tensor([[0.0], [5.0], [0.1], [5.1]])
    # By hand: every anchor is 5 from its own label and 0.1 or 5.1 from the other; margins broken by 5.9 and 0.9 or 1.1.
    assert float(triplet_loss(mixed, fake)) == pytest.approx((4 * 5.9 + 2 * 0.9 + 2 * 1.1) / 8, abs=1e-4)
    assert triplet_loss(apart[:2], fake[:2]) == 0


def test_siamese_training_has_two_stages() -> None:
    network = build("face_cnn_st", {**TINY, "siamese": 0.5})
    labels = torch.tensor([0.0, 1.0, 0.0, 1.0])
    assert not network.stage(0, 10)
    assert not network.stage(4, 10)
    network.train()
    network.loss(network(pixels()), labels).backward()
    assert float(network.head.weight.grad.abs().sum()) == 0
    assert any(float(weights.grad.abs().sum()) > 0 for weights in network.backbone.parameters())
    network.zero_grad(set_to_none=True)
    assert network.stage(5, 10)
    before = {key: value.clone() for key, value in network.backbone.state_dict().items()}
    network.loss(network(pixels()), labels).backward()
    assert float(network.head.weight.grad.abs().sum()) > 0
    assert all(weights.grad is None for weights in network.backbone.parameters())
    after = network.backbone.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items()), "frozen statistics moved"


def test_attention_is_shown_and_weighs() -> None:
    network = build("attention_cnn", {**TINY, "after": 1}).eval()
    with torch.inference_mode():
        logit, looked, _ = network(pixels())
        network.attend.bias -= 20
        blind, unseen, _ = network(pixels())
    assert looked.shape[1] > 1
    assert unseen.numpy() == pytest.approx(looked.numpy() - 20, abs=1e-3)
    assert not torch.allclose(logit, blind)


def trained_parts(tune: str) -> set[str]:
    network = build("face_cnn", {**TINY, "tune": tune})
    return {name for name, weights in network.named_parameters() if weights.requires_grad}


def test_what_is_tuned() -> None:
    everything, head = trained_parts("all"), trained_parts("head")
    assert head == {"head.weight", "head.bias"}
    norms = trained_parts("norms") - head
    assert norms
    assert all("bn" in name for name in norms)
    last, more = trained_parts("last:1"), trained_parts("last:2")
    assert head < last < more < everything
    assert "backbone.conv_head.weight" in last
    assert not any(name.startswith("backbone.conv_stem") for name in more)


@pytest.mark.parametrize("tune", ["last:0", "last:99", "last:x", "some", ""])
def test_other_choices_are_refused(tune: str) -> None:
    with pytest.raises(InvalidOption, match="last:N"):
        build("face_cnn", {**TINY, "tune": tune})


def test_frozen_layers_keep_their_statistics() -> None:
    network = build("face_cnn", {**TINY, "tune": "head"})
    before = network.backbone.bn1.running_mean.clone()
    network.train()(pixels())
    assert torch.equal(network.backbone.bn1.running_mean, before)
    assert network.dropout.training


def test_unknown_names_list_the_nearest() -> None:
    with pytest.raises(InvalidOption, match="meso4"):
        build("meso", {})
    with pytest.raises(InvalidOption, match="resnet18"):
        build("face_cnn", {"backbone": "resnet_18"})
    with pytest.raises(UnknownOption, match="dropout"):
        build("meso4", {"dropuot": 0.1})
    with pytest.raises(InvalidOption, match="autoencoder"):
        crop_shape("autoencodr", {})
