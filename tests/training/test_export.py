"""Export of a tiny network: the graph answers as the network did, and opens as a model."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from safetensors.torch import save_file  # noqa: E402

from tests.makers import models  # noqa: E402
from unmask.core.errors import CardMismatch  # noqa: E402
from unmask.models.card import read_card  # noqa: E402
from unmask.models.session import Session, run_file  # noqa: E402
from unmask.training.export import OUTPUTS, export_graph  # noqa: E402
from unmask.training.parity import parity  # noqa: E402
from unmask.training.timm_import import timm  # noqa: E402


class Tiny(torch.nn.Module):
    """Crops of 64 px to logit, evidence and embedding, as the face network does."""

    def __init__(self) -> None:
        super().__init__()
        self.features = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 16, 16), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
        self.head = torch.nn.Conv2d(4, 1, 1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.features(pixels.permute(0, 3, 1, 2).float() / 255)
        evidence = self.head(features).squeeze(1)
        return evidence.mean(dim=(1, 2)), evidence, features.mean(dim=(2, 3))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tiny, Path]:
    folder = tmp_path_factory.mktemp("export")
    torch.manual_seed(0)
    network = Tiny()
    save_file(network.state_dict(), folder / "weights.safetensors")
    example = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    facts = {"crop": models.CROP, "margin": "1.3"}
    path = folder / "deep" / "tiny-face.onnx"
    torch.manual_seed(1)
    export_graph(Tiny(), folder / "weights.safetensors", example, path, input_name="pixels", facts=facts)
    return network.eval(), path


def crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_graph_takes_any_batch_and_gives_every_output(exported: tuple[Tiny, Path], count: int) -> None:
    network, path = exported
    found = run_file(path, crops(count))
    assert set(found) == set(OUTPUTS)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(crops(count)))
    for name, tensor in zip(OUTPUTS, wanted, strict=True):
        assert found[name] == pytest.approx(tensor.numpy(), abs=1e-4)


def test_parity_measures_the_gap(exported: tuple[Tiny, Path]) -> None:
    network, path = exported
    assert parity(network, path, crops(4)) < 1e-4


@pytest.mark.parametrize("shift", [0.5, float("nan")])
def test_parity_refuses_another_network(exported: tuple[Tiny, Path], shift: float) -> None:
    network, path = exported
    other = Tiny().eval()
    other.load_state_dict(network.state_dict())
    with torch.no_grad():
        other.head.bias += shift
    with pytest.raises(CardMismatch, match="differ"):
        parity(other, path, crops(2))


def test_the_exported_graph_opens_as_a_model(
    exported: tuple[Tiny, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = exported
    data = path.read_bytes()
    file = f'[{{ name = "tiny-face.onnx", sha256 = "{hashlib.sha256(data).hexdigest()}", bytes = {len(data)} }}]'
    card = models.write_face_model(tmp_path, files=file)
    (tmp_path / "tiny-face.onnx").write_bytes(data)
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    found = Session(read_card(card)).run(crops(3))
    assert found["logit"] == pytest.approx(run_file(path, crops(3))["logit"])


@pytest.mark.parametrize("side", [63, 64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (4, 1), (5, 2)])
def test_tensorflows_padding_becomes_part_of_the_convolution(
    kernel: int, dilation: int, *, bias: bool, side: int, tmp_path: Path
) -> None:
    torch.manual_seed(2)
    network = Tiny()
    wide = timm().layers.Conv2dSame(3, 4, kernel, stride=2, dilation=dilation, bias=bias)
    network.features = torch.nn.Sequential(wide, torch.nn.BatchNorm2d(4), torch.nn.ReLU())
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    example, path = torch.zeros(2, side, side - 8, 3, dtype=torch.uint8), tmp_path / "same.onnx"
    export_graph(network, tmp_path / "weights.safetensors", example, path, input_name="pixels", facts={})
    assert {node.op_type for node in onnx.load(str(path)).graph.node}.isdisjoint({"Pad", "Shape"})
    units = np.random.default_rng(0).integers(0, 256, (3, side, side - 8, 3), np.uint8)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(units))
    assert type(wide).forward is wide.forward.__func__
    for name, tensor in zip(OUTPUTS, wanted, strict=True):
        assert run_file(path, units)[name] == pytest.approx(tensor.numpy(), abs=1e-4)
