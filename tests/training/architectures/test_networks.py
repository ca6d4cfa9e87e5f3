"""Every architecture learns, is exported, gives what it gave before, and runs through the scanner's own detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from unmask.core.errors import InvalidOption  # noqa: E402
from unmask.core.evidence import Score  # noqa: E402
from unmask.core.records import Face, FaceCrop  # noqa: E402
from unmask.datasets.split import SplitRule  # noqa: E402
from unmask.detectors.face_clip import FaceClipDetector  # noqa: E402
from unmask.detectors.face_frame import FaceFrameDetector  # noqa: E402
from unmask.models import catalogue  # noqa: E402
from unmask.models.session import Session, run_file  # noqa: E402
from unmask.models.write import write_card  # noqa: E402
from unmask.training.architectures.registry import ARCHITECTURES, build, crop_shape, load_pretrained  # noqa: E402
from unmask.training.draft import draft_picture_card  # noqa: E402
from unmask.training.recipe import Recipe, Schedule  # noqa: E402

SMALL: dict[str, dict[str, Any]] = {
    "face_cnn": {"backbone": "test_efficientnet", "heads": 1, "dropout": 0.0},
    "sigmoid_cnn": {},
    "blur_noise_cnn": {},
    "meso4": {},
    "meso_inception4": {},
    "face_cnn_st": {"backbone": "test_efficientnet", "siamese": 0.0, "then": "all"},
    "attention_cnn": {"backbone": "test_efficientnet"},
    "attention_cnn_st": {"backbone": "test_efficientnet", "siamese": 0.0, "then": "all"},
    "autoencoder": {"width": 8},
    "autoencoder_latent": {"width": 8},
    "autoencoder_both": {"width": 8},
    "spsl": {"backbone": "test_efficientnet"},
    "f3net": {"backbone": "test_efficientnet"},
    "npr": {"backbone": "test_resnet"},
    "frame_pool": {"backbone": "test_efficientnet", "frames": 3},
    "frame_gru": {"backbone": "test_efficientnet", "frames": 3, "width": 16},
    "frame_transformer": {"backbone": "test_efficientnet", "frames": 3, "width": 16, "layers": 1},
}
SIZE_PX = 64
STEPS, BATCH = 12, 8


def batch(frames: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Smooth genuine faces, grainy forged ones; forged clips flicker too."""
    rng = np.random.default_rng(seed)
    labels = np.arange(BATCH) % 2
    coarse = rng.integers(60, 200, (BATCH, 4, 4, 3)).repeat(SIZE_PX // 4, 1).repeat(SIZE_PX // 4, 2)
    shape = (BATCH, max(frames, 1), SIZE_PX, SIZE_PX, 3)
    grain = rng.normal(0, 50, shape) * labels[:, None, None, None, None]
    flicker = rng.normal(0, 30, (BATCH, max(frames, 1), 1, 1, 1)) * labels[:, None, None, None, None]
    pixels = np.clip(coarse[:, None] + grain + flicker, 0, 255).astype(np.uint8)
    return torch.from_numpy(pixels if frames else pixels[:, 0]), torch.from_numpy(labels.astype(np.float32))


def recipe(architecture: str, settings: Mapping[str, Any]) -> Recipe:
    return Recipe(
        name=f"tiny-{architecture}",
        family="face",
        architecture=architecture,
        pretrained="",
        schedule=Schedule(steps=STEPS, batch=BATCH, learning_rate=1e-3),
        split=SplitRule(),
        network={"size_px": SIZE_PX, **settings},
    )


def test_every_architecture_is_tested() -> None:
    assert set(SMALL) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_and_the_scanner_runs_it(name: str, tmp_path: Path) -> None:
    plan = recipe(name, SMALL[name])
    torch.manual_seed(0)
    network = build(name, plan.network)
    tuned = [weights for weights in network.parameters() if weights.requires_grad]
    optimiser = torch.optim.AdamW(tuned, lr=3e-3)
    losses = []
    for step in range(STEPS):
        assert network.stage(step, STEPS)
        network.train()
        units, labels = batch(network.frames, step % 3)
        outputs = network(units)
        loss = network.loss(outputs, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    logit, evidence, embedding = (output.detach() for output in outputs)
    assert logit.shape == (BATCH,)
    assert (evidence.ndim, embedding.ndim) == (3, 2)
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    if name == "autoencoder":  # Forged faces are not what it rebuilds, so their error is unusually large.
        assert logit[labels == 1].mean() > logit[labels == 0].mean()
    save_file(
        {key: value.contiguous() for key, value in network.state_dict().items()}, tmp_path / "weights.safetensors"
    )
    card = draft_picture_card(plan, tmp_path, [], tmp_path)
    assert card.parity is not None
    assert card.parity < 1e-3
    assert card.summary
    assert card.reference
    assert "{" not in card.summary
    _scan(card, tmp_path, units.numpy(), network)


def _scan(card: Any, folder: Path, units: np.ndarray, network: torch.nn.Module) -> None:
    """The real detector gives what the network gives, unit by unit."""
    write_card(card, folder / "card.toml")
    session = Session(catalogue.find(str(folder / "card.toml")), threads=1)
    face = Face((0, 0, 60, 60), np.zeros((5, 2), np.float32), 0.9)
    detector = (FaceClipDetector if card.input.frames else FaceFrameDetector)(session)
    crops: list[Any] = [
        [FaceCrop(face, one, (0, 0, 64, 64)) for one in unit]
        if card.input.frames
        else FaceCrop(face, unit, (0, 0, 64, 64))
        for unit in units[:3]
    ]
    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(units[:3]))[0]
    for answer, logit in zip(detector.score(crops), wanted, strict=True):
        assert isinstance(answer, Score)
        assert answer.logit == pytest.approx(float(logit), abs=1e-3)
        assert answer.heatmap is None or answer.heatmap.ndim == 2


@pytest.mark.parametrize(
    ("backbone", "width"),
    [
        ("vgg16", 512),
        ("resnet18", 512),
        ("resnet50", 2048),
        ("densenet121", 1024),
        ("legacy_xception", 2048),
        ("efficientnet_b0", 1280),
        ("efficientnet_b4", 1792),
        ("convnext_tiny", 768),
        ("vit_base_patch16_clip_quickgelu_224", 768),
    ],
)
def test_backbones_of_the_zoo_give_a_map_and_an_embedding(backbone: str, width: int) -> None:
    """Shapes only, without a single number: the zoo itself trains and exports them."""
    with torch.device("meta"):
        network = build("face_cnn", {"backbone": backbone, "size_px": 96}).eval()
        logit, evidence, embedding = network(torch.zeros(2, 96, 96, 3, dtype=torch.uint8))
    assert logit.shape == (2,)
    assert evidence.shape[1] == evidence.shape[2] >= 3
    assert embedding.shape == (2, width)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_convnext", "test_vit", "resnet18"])
def test_backbones_of_every_kind_are_exported(backbone: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    plan = recipe("face_cnn", {"backbone": backbone})
    network = build("face_cnn", plan.network).eval()
    units, _ = batch(0, 0)
    with torch.inference_mode():
        logit, evidence, _ = network(units[:3])
    assert torch.allclose(evidence.mean(dim=(1, 2)), logit, atol=1e-5)
    save_file(
        {key: value.contiguous() for key, value in network.state_dict().items()}, tmp_path / "weights.safetensors"
    )
    card = draft_picture_card(plan, tmp_path, [], tmp_path)
    found = run_file(tmp_path / card.graph.name, units[:3].numpy())
    assert found["logit"] == pytest.approx(logit.numpy(), abs=1e-3)


def test_an_efficientnet_can_be_cut_short(tmp_path: Path) -> None:
    """Its first stages alone: fewer weights, a finer map, and still a whole network."""
    settings = {"backbone": "test_efficientnet"}
    whole, cut = build("face_cnn", settings).eval(), build("face_cnn", {**settings, "stages": 3}).eval()
    units, _ = batch(0, 0)
    with torch.inference_mode():
        full, (logit, evidence, embedding) = whole(units), cut(units)
    assert sum(weight.numel() for weight in cut.parameters()) < sum(weight.numel() for weight in whole.parameters())
    assert evidence.shape[1] > full[1].shape[1]
    assert torch.allclose(evidence.mean(dim=(1, 2)), logit, atol=1e-5)
    assert embedding.shape[1] == cut.head.in_channels
    path = tmp_path / "whole.safetensors"
    save_file({key: value.contiguous() for key, value in whole.state_dict().items()}, path)
    load_pretrained(cut, str(path))
    assert torch.equal(cut.backbone.blocks[1][0].conv_exp.weight, whole.backbone.blocks[1][0].conv_exp.weight)
    with pytest.raises(InvalidOption, match="expected 1 to"):
        build("face_cnn", {**settings, "stages": 99})
    with pytest.raises(InvalidOption, match="only EfficientNets"):
        build("face_cnn", {"backbone": "test_resnet", "stages": 2})


@pytest.mark.parametrize(
    ("architecture", "settings", "words"),
    [
        ("attention_cnn", {"backbone": "test_resnet"}, "kind ResNet; attention .*EfficientNets.*efficientnet_b4"),
        ("attention_cnn_st", {"backbone": "test_resnet"}, "kind ResNet; attention .*EfficientNets"),
        ("attention_cnn", {"backbone": "test_vit"}, "kind VisionTransformer; attention .*EfficientNets"),
        ("attention_cnn", {"backbone": "mobilenetv3_small_050"}, "kind MobileNetV3; attention .*EfficientNets"),
        ("attention_cnn", {"backbone": "test_efficientnet", "after": 99}, "after is 99; expected .* 0 to "),
        ("attention_cnn", {"backbone": "test_efficientnet", "after": -1}, "after is -1; expected .* 0 to "),
        ("attention_cnn", {"backbone": "test_efficientnet", "stages": 2, "after": 2}, "after is 2; expected .* 0 to 1"),
        ("npr", {"backbone": "test_efficientnet"}, "kind EfficientNet; npr .*ResNet.*resnet50"),
        ("npr", {"backbone": "test_vit"}, "kind VisionTransformer; npr .*ResNet"),
    ],
)
def test_a_backbone_of_the_wrong_kind_is_refused(architecture: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        build(architecture, {"size_px": SIZE_PX, **settings})


@pytest.mark.parametrize("after", range(7))
def test_attention_can_follow_every_stage(after: int) -> None:
    """Also one that keeps the size of the map, which timm's own list of features leaves out."""
    with torch.device("meta"):
        network = build("attention_cnn", {"backbone": "efficientnet_b0", "after": after}).eval()
        logit, evidence, _ = network(torch.zeros(2, SIZE_PX, SIZE_PX, 3, dtype=torch.uint8))
    assert (logit.shape, evidence.shape[1]) == ((2,), [32, 16, 8, 4, 4, 2, 2][after])


def test_settings_name_the_crop() -> None:
    assert crop_shape("meso4", {}) == (256, 1.3)
    assert crop_shape("face_cnn", {"size_px": 96, "margin": 1.5}) == (96, 1.5)
