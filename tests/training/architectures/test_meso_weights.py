"""MesoNet's Keras files, against the networks written out as Keras computes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
h5py = pytest.importorskip("h5py")

from torch.nn import functional  # noqa: E402

from unmask.core.errors import InvalidOption  # noqa: E402
from unmask.training.architectures.registry import build, load_pretrained  # noqa: E402

Layers = dict[str, dict[str, NDArray[np.float32]]]
INCEPTION = ((3, (1, 4, 4, 2)), (11, (2, 4, 4, 2)))


def keras_layers(*, inception: bool) -> Layers:
    """Random weights under Keras's names, as the authors' programs number them."""
    rng = np.random.default_rng(4)
    layers: Layers = {}

    def add(kind: str, **shapes: tuple[int, ...]) -> None:
        number = 5 + sum(
            name.startswith(kind) for name in layers
        )  # From 5 to 10 and more: order is by number, not by letter.
        layers[f"{kind}_{number}"] = {
            field: (rng.random(shape) + 0.5 if field == "moving_variance" else rng.normal(0, 0.25, shape)).astype(
                np.float32
            )
            for field, shape in shapes.items()
        }

    def convolution(kernel: int, before: int, after: int) -> None:
        add("conv2d", kernel=(kernel, kernel, before, after), bias=(after,))

    def norm(width: int) -> None:
        add("batch_normalization", gamma=(width,), beta=(width,), moving_mean=(width,), moving_variance=(width,))

    if inception:
        for before, widths in INCEPTION:
            convolution(1, before, widths[0])
            for width in widths[1:]:
                convolution(1, before, width)
                convolution(3, width, width)
            norm(sum(widths))
    else:
        for kernel, before in ((3, 3), (5, 8)):
            convolution(kernel, before, 8)
            norm(8)
    for before in (12 if inception else 8, 16):
        convolution(5, before, 16)
        norm(16)
    add("dense", kernel=(1024, 16), bias=(16,))
    add("dense", kernel=(16, 1), bias=(1,))
    return layers


def as_keras_computes(layers: Layers, pixels: NDArray[np.uint8], *, inception: bool) -> NDArray[np.float64]:
    """Probability of a genuine face, shape (N,)."""
    by_kind = {
        kind: [
            {field: torch.from_numpy(value) for field, value in layers[name].items()}
            for name in layers
            if name.startswith(kind)
        ]
        for kind in ("conv2d", "batch_normalization", "dense")
    }
    convolutions, norms = iter(by_kind["conv2d"]), iter(by_kind["batch_normalization"])

    def convolve(x: torch.Tensor, step: int = 1) -> torch.Tensor:
        layer = next(convolutions)
        kernel = layer["kernel"].permute(3, 2, 0, 1)
        return functional.conv2d(x, kernel, layer["bias"], padding=step * (kernel.shape[2] // 2), dilation=step).relu()

    def normalise(x: torch.Tensor) -> torch.Tensor:
        layer = {field: value[None, :, None, None] for field, value in next(norms).items()}
        return (x - layer["moving_mean"]) / (layer["moving_variance"] + 1e-3).sqrt() * layer["gamma"] + layer["beta"]

    x = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    for _ in range(2):
        if inception:
            branches = [convolve(x), *(convolve(convolve(x), step) for step in (1, 2, 3))]
            x = normalise(torch.cat(branches, dim=1))
        else:
            x = normalise(convolve(x))
        x = functional.max_pool2d(x, 2)
    for pool in (2, 4):
        x = functional.max_pool2d(normalise(convolve(x)), pool)
    flat = x.permute(0, 2, 3, 1).flatten(1)  # Channels last.
    dense, head = by_kind["dense"]
    hidden = functional.leaky_relu(flat @ dense["kernel"] + dense["bias"], 0.1)
    return torch.sigmoid(hidden @ head["kernel"] + head["bias"])[:, 0].double().numpy()


def write(path: Path, layers: Layers) -> Path:
    with h5py.File(path, "w") as file:
        for name, fields in layers.items():
            for field, value in fields.items():
                file[f"{name}/{name}/{field}:0"] = value
    return path


@pytest.mark.parametrize("name", ["meso4", "meso_inception4"])
def test_a_keras_file_answers_as_keras_does(tmp_path: Path, name: str) -> None:
    inception = name == "meso_inception4"
    layers = keras_layers(inception=inception)
    network = build(name, {})
    load_pretrained(network, str(write(tmp_path / "published.h5", layers)))
    pixels = np.random.default_rng(1).integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)
    with torch.inference_mode():
        logit = network.eval()(torch.from_numpy(pixels))[0]
    expected = as_keras_computes(layers, pixels, inception=inception)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(torch.sigmoid(-logit).numpy(), expected, atol=2e-5)


@pytest.mark.parametrize("name", ["face_cnn", "meso_inception4"])
def test_a_keras_file_of_another_network_is_refused(tmp_path: Path, name: str) -> None:
    published = write(tmp_path / "published.h5", keras_layers(inception=False))
    network = build(name, {"backbone": "test_efficientnet", "size_px": 32} if name == "face_cnn" else {})
    with pytest.raises(InvalidOption, match=r"published\.h5"):
        load_pretrained(network, str(published))


def test_a_file_that_is_no_keras_file_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"nothing")
    with pytest.raises(InvalidOption, match="Meso4"):
        load_pretrained(build("meso4", {}), str(broken))
