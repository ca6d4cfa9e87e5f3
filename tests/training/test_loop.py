"""The loop on a network of a few weights."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from unmask.core.errors import DiskFull, Diverged, InvalidOption  # noqa: E402
from unmask.core.events import Advanced, ignore  # noqa: E402
from unmask.datasets.split import SplitRule  # noqa: E402
from unmask.training import loop as room  # noqa: E402
from unmask.training.architectures.network import Network  # noqa: E402
from unmask.training.fitting.bench import Machine, open_bench  # noqa: E402
from unmask.training.loop import Outcome, mask_loss, steps_done  # noqa: E402
from unmask.training.recipe import Attack, Forge, Recipe, Schedule  # noqa: E402

CPU = Machine("cpu", precision="32-true")
PLAN = Schedule(
    steps=120, batch=16, learning_rate=0.05, warmup=10, validate_every=30, average=0.9, weight_decay=0.0, threads=1
)


def fit(network, stream, plan: Schedule, *, out: Path, validate, listener=ignore, **tables) -> Outcome:
    recipe = Recipe("tiny", "face", "tiny", "", plan, SplitRule(), **tables)
    out.mkdir(exist_ok=True)
    (out / "manifest.csv").write_text("path,kind,label,source,method,group\n", encoding="utf-8")
    bench = open_bench(recipe, out / "manifest.csv", out, CPU)
    return room.fit(network, stream, recipe, validate=validate, bench=bench, listener=listener)


class Tiny(Network):
    """Two numbers in; a logit, an evidence map and an embedding out."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU())
        self.head = torch.nn.Linear(8, 1)

    def forward(self, units: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        embedding = self.body(units)
        logit = self.head(embedding).squeeze(1)
        return logit, logit[:, None, None].expand(-1, 2, 2), embedding


def tiny() -> Tiny:
    torch.manual_seed(5)
    return Tiny()


def batches(seed: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Points in the plane; fakes lie on the right."""
    source = torch.Generator().manual_seed(seed)
    while True:
        units = torch.randn(16, 2, generator=source)
        yield units, (units[:, 0] > 0).float()


def accuracy(network: torch.nn.Module) -> dict[str, float]:
    units, labels = next(batches(99))
    with torch.inference_mode():
        return {"score": float(((network(units)[0] > 0).float() == labels).float().mean())}


def log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_it_learns(tmp_path: Path) -> None:
    outcome = fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path)
    lines = log(tmp_path)
    assert [line["step"] for line in lines] == [30, 60, 90, 120]
    assert lines[-1]["loss"] < 0.75 * lines[0]["loss"]
    assert outcome.best["score"] > 0.9
    assert outcome.weights == tmp_path / "weights.safetensors"
    fresh = tiny()
    fresh.load_state_dict(load_file(outcome.weights))
    assert accuracy(fresh.eval()) == {"score": outcome.best["score"]}


def test_higher_logits_mean_fake(tmp_path: Path) -> None:
    network = tiny()
    fit(network, batches(), PLAN, validate=accuracy, out=tmp_path)
    logit = network.eval()(torch.tensor([[2.0, 0.0], [-2.0, 0.0]]))[0].detach()
    assert float(logit[0]) > 1
    assert float(logit[1]) < -1


@pytest.mark.parametrize("scores", [[0.1, 0.9, 0.5, 0.9], [0.4, 0.3, 0.2, 0.1]], ids=["second", "first"])
def test_the_best_validation_is_kept_and_a_tie_goes_to_the_earlier(tmp_path: Path, scores: list[float]) -> None:
    left, seen = iter(scores), []

    def validate(network: torch.nn.Module) -> dict[str, float]:
        seen.append({key: value.clone() for key, value in network.state_dict().items()})
        return {"score": next(left)}

    outcome = fit(tiny(), batches(), PLAN, validate=validate, out=tmp_path)
    best = scores.index(max(scores))
    assert outcome.best["step"] == 30 * (best + 1)
    kept = load_file(outcome.weights)
    assert all(torch.equal(kept[key], value) for key, value in seen[best].items())


def test_what_is_validated_is_the_average_in_eval_mode(tmp_path: Path) -> None:
    network = tiny()

    def validate(given: torch.nn.Module) -> dict[str, float]:
        assert given is not network
        assert not given.training
        assert not torch.equal(given.head.weight, network.head.weight)  # type: ignore[union-attr,arg-type]
        return {"score": 1.0}

    fit(network, batches(), PLAN, validate=validate, out=tmp_path)
    assert network.training


class Stopped(Exception):
    pass


def stop_at(step: int) -> Callable[[Advanced], None]:
    def listen(event: Advanced) -> None:
        if event.done == step:
            raise Stopped

    return listen


@pytest.mark.parametrize(("stopped", "resumed"), [(75, 60), (20, 0)])
def test_a_stopped_run_goes_on_from_its_last_validation(tmp_path: Path, stopped: int, resumed: int) -> None:
    with pytest.raises(Stopped):
        fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path, listener=stop_at(stopped))
    heard: list[int] = []
    outcome = fit(
        tiny(), batches(1), PLAN, validate=accuracy, out=tmp_path, listener=lambda event: heard.append(event.done)
    )
    assert heard == list(range(resumed + 1, 121))
    assert [line["step"] for line in log(tmp_path)] == [30, 60, 90, 120]
    assert outcome.best["score"] > 0.9


def batches_from(step: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return itertools.islice(batches(3), step, None)


@pytest.mark.parametrize("every", [0, 7])
def test_a_stopped_run_ends_as_one_that_was_not(tmp_path: Path, every: int) -> None:
    """Weights, average, optimiser, dropout, mixing and the best are restored to the last bit."""
    plan = replace(PLAN, checkpoint_every=every, mixup=0.4, cutmix=0.4, steps=90)

    def dropping() -> Tiny:
        network = tiny()
        network.body.append(torch.nn.Dropout(0.3))
        return network

    whole = fit(dropping(), batches_from(0), plan, validate=accuracy, out=tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(dropping(), batches_from(0), plan, validate=accuracy, out=tmp_path / "halves", listener=stop_at(72))
    begin = steps_done(tmp_path / "halves")
    assert begin == (70 if every else 60)
    halves = fit(dropping(), batches_from(begin), plan, validate=accuracy, out=tmp_path / "halves")
    for name in ("weights.safetensors", "last_average.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "halves" / name).read_bytes()
    assert log(tmp_path / "whole") == log(tmp_path / "halves")
    assert whole.best == halves.best


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path)

    def never() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        raise AssertionError
        yield

    assert fit(tiny(), never(), PLAN, validate=accuracy, out=tmp_path) == first


@pytest.mark.parametrize(("optimiser", "curve"), [("adam", "constant"), ("adamw", "onecycle"), ("sgd", "cosine")])
def test_every_optimiser_and_curve_learns_and_repeats_by_its_seed(tmp_path: Path, optimiser: str, curve: str) -> None:
    plan = replace(PLAN, steps=60, optimiser=optimiser, curve=curve, average=0.5)
    for name in ("one", "other"):
        outcome = fit(tiny(), batches(), plan, validate=accuracy, out=tmp_path / name)
        assert outcome.best["score"] > 0.8
    one, other = (load_file(tmp_path / name / "weights.safetensors") for name in ("one", "other"))
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    "tables",
    [
        {"plan": {"mixup": 0.4}},
        {"plan": {"sharpness": 0.05}},
        {"attack": Attack("fgsm", epsilon=0.05)},
        {"attack": Attack("pgd", epsilon=0.05, steps=2, share=1.0)},
    ],
    ids=["mixup", "sharpness-aware", "fgsm", "pgd"],
)
def test_what_is_added_still_learns_but_otherwise(tmp_path: Path, tables) -> None:
    plain = fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path / "plain")
    plan = replace(PLAN, **tables.pop("plan", {}))
    other = fit(tiny(), batches(), plan, validate=accuracy, out=tmp_path / "other", **tables)
    assert other.best["score"] > 0.85
    assert load_file(plain.weights)["head.weight"].tolist() != load_file(other.weights)["head.weight"].tolist()


def test_a_run_that_gets_no_better_stops_early(tmp_path: Path) -> None:
    scores = iter([0.5, 0.9, 0.8, 0.9, 0.99])
    plan = replace(PLAN, validate_every=10, patience=2)
    outcome = fit(tiny(), batches(), plan, validate=lambda _: {"score": next(scores)}, out=tmp_path)
    assert [line["step"] for line in log(tmp_path)] == [10, 20, 30, 40]
    assert outcome.best["step"] == 20
    assert fit(tiny(), batches(), plan, validate=lambda _: {"score": next(scores)}, out=tmp_path) == outcome


def test_a_stage_whose_logit_means_nothing_is_not_validated(tmp_path: Path) -> None:
    class Staged(Tiny):
        def stage(self, step: int, steps: int) -> bool:
            self.head.requires_grad_(step >= 45)
            return step >= 45

    torch.manual_seed(5)
    network = Staged()
    before = network.head.weight.detach().clone()
    weights: list[torch.Tensor] = []

    def listen(event: Advanced) -> None:
        weights.append(network.head.weight.detach().clone())

    fit(network, batches(), PLAN, validate=accuracy, out=tmp_path, listener=listen)
    assert [line["step"] for line in log(tmp_path)] == [60, 90, 120]
    assert torch.equal(weights[44], before)
    assert not torch.equal(weights[45], before)


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_what_was_good(tmp_path: Path, where: str) -> None:
    def poisoned() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for number, (units, labels) in enumerate(batches()):
            yield (torch.full_like(units, torch.nan) if number == 74 and where == "loss" else units), labels

    class Steep(Tiny):
        def loss(self, outputs, labels):
            self.steps += 1
            cliff = torch.sqrt((outputs[0] * 0).abs())  # 0 with an endless slope
            return super().loss(outputs, labels) + (cliff.sum() if where == "gradient" and self.steps == 75 else 0)

    torch.manual_seed(5)
    network = Steep()
    network.steps = 0
    with pytest.raises(
        Diverged, match=rf"The {where} is no finite number any more at step 75.*weights of step (30|60) "
    ):
        fit(network, poisoned(), PLAN, validate=accuracy, out=tmp_path)
    assert steps_done(tmp_path) == 60
    assert all(value.isfinite().all() for value in load_file(tmp_path / "weights.safetensors").values())
    assert fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path).best["score"] > 0.9


@pytest.mark.parametrize("name", ["state.pt", "weights.safetensors"])
def test_a_full_disk_stops_the_run_and_leaves_the_last_state(tmp_path: Path, name: str) -> None:
    def fill(event: Advanced) -> None:
        if event.done == 70:  # From here on the system itself answers "no space left on device".
            (tmp_path / f"{name}.part").symlink_to("/dev/full")

    scores = iter([0.1, 0.2, 0.3, 0.4])
    with pytest.raises(DiskFull, match=r"the disk is full.*free some space"):
        fit(tiny(), batches(), PLAN, validate=lambda _: {"score": next(scores)}, out=tmp_path, listener=fill)
    assert steps_done(tmp_path) == 60
    assert not list(tmp_path.glob("*.part"))
    assert load_file(tmp_path / "weights.safetensors")
    assert fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path).best["step"] >= 90


def test_a_folder_of_another_network_is_refused(tmp_path: Path) -> None:
    fit(tiny(), batches(), replace(PLAN, steps=30), validate=accuracy, out=tmp_path)
    wider = tiny()
    wider.head = torch.nn.Linear(8, 2)
    with pytest.raises(InvalidOption, match=r"belongs to another network.*--out"):
        fit(wider, batches(), PLAN, validate=accuracy, out=tmp_path)


@pytest.mark.parametrize("damage", [b"", b"not a state", None], ids=["empty", "text", "cut"])
def test_a_damaged_state_is_refused(tmp_path: Path, damage: bytes | None) -> None:
    fit(tiny(), batches(), replace(PLAN, steps=30), validate=accuracy, out=tmp_path)
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:500] if damage is None else damage)
    with pytest.raises(InvalidOption, match=r"state\.pt: the run cannot go on"):
        fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path)


def test_a_state_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    torch.save({"step": Bomb()}, tmp_path / "state.pt")
    with pytest.raises(InvalidOption, match="cannot go on"):
        steps_done(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_masks_teach_the_evidence_map_where_to_look(tmp_path: Path) -> None:
    class Places(Tiny):
        """Four places; each looks at one number of the unit."""

        def forward(self, units):
            evidence = (units * self.head.weight[:, :2]).reshape(-1, 1, 2)
            return evidence.mean(dim=(1, 2)), evidence, units

    def marked() -> Iterator[tuple[torch.Tensor, ...]]:
        for units, labels in batches():
            yield units, labels, (units > 0).float()[:, None, :].repeat_interleave(3, dim=1)

    def judge(network) -> dict[str, float]:
        units = next(batches(99))[0]
        return {"score": float(((network(units)[1][:, 0] > 0) == (units > 0)).float().mean())}

    torch.manual_seed(2)
    network = Places()
    with torch.no_grad():
        network.head.weight[:, :2] = torch.tensor([1.0, -1.0])  # Wrong about the second place.
    plan = replace(PLAN, average=0.0)
    assert fit(network, marked(), plan, validate=judge, out=tmp_path, forge=Forge(mask_weight=2.0)).best["score"] == 1.0


def test_unknown_masks_teach_nothing() -> None:
    evidence = torch.zeros(2, 4, 4, requires_grad=True)
    masks = torch.stack([torch.full((8, 8), -1.0), torch.ones(8, 8)])
    loss = mask_loss(evidence, masks)
    assert loss.item() == pytest.approx(0.6931, abs=1e-3)
    loss.backward()
    assert float(evidence.grad[0].abs().max()) == 0
    assert float(evidence.grad[1].max()) < 0
    assert mask_loss(evidence, masks[:1].expand(2, -1, -1)).item() == 0


def test_people_hear_loss_and_area_and_curves_are_written(tmp_path: Path) -> None:
    heard: list[str] = []
    fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path, listener=lambda event: heard.append(event.detail))
    assert heard[-1].startswith("loss 0.")
    assert float(heard[-1].rpartition("AUC ")[2]) > 0.9
    events = b"".join(path.read_bytes() for path in (tmp_path / "tensorboard").iterdir())
    for name in (b"train/loss", b"train/auc", b"train/learning_rate", b"validation/score"):
        assert name in events


def test_the_record_says_how_the_run_was_started(tmp_path: Path) -> None:
    fit(tiny(), batches(), replace(PLAN, steps=30, seed=3), validate=accuracy, out=tmp_path)
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert record["seed"] == 3
    assert record["recipe"]["schedule"]["steps"] == 30
    assert record["packages"]["torch"] == torch.__version__.partition("+")[0] or record["packages"]["torch"]
    assert record["manifest"]["name"] == "manifest"
    assert len(record["manifest"]["sha256"]) == 64


def test_the_record_keeps_what_a_run_was_begun_with(tmp_path: Path) -> None:
    def record() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
        return found

    begun = replace(PLAN, steps=30, seed=3)
    fit(tiny(), batches(), begun, validate=accuracy, out=tmp_path)
    first = record()
    fit(tiny(), batches(), replace(begun, seed=99), validate=accuracy, out=tmp_path)
    assert record() == first  # It was finished, so that nothing was trained.
    fit(tiny(), batches(), replace(begun, steps=60), validate=accuracy, out=tmp_path)
    fit(tiny(), batches(), replace(begun, steps=90), validate=accuracy, out=tmp_path)
    now = record()
    assert {key: value for key, value in now.items() if key != "went_on_with"} == first
    assert [(entry["step"], entry["recipe"]["schedule"]["steps"]) for entry in now["went_on_with"]] == [
        (30, 60),
        (60, 90),
    ]
