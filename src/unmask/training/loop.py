"""The training loop: steps, a moving average of the weights, validation, the best kept, a state to go on from."""

from __future__ import annotations

import copy
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from tensorboardX import SummaryWriter
from torch import Tensor

from unmask.core.errors import Diverged
from unmask.core.events import Advanced, Listener, ignore
from unmask.metrics.ranking import auc
from unmask.training.architectures.network import Network
from unmask.training.fitting.attack import perturb
from unmask.training.fitting.bench import Bench
from unmask.training.fitting.mixing import mix
from unmask.training.fitting.optimise import blend_into, climb, optimiser_of, rate
from unmask.training.fitting.state import (
    LAST_AVERAGE,
    WEIGHTS,
    disk_watched,
    load_into,
    load_state,
    save_state,
    save_weights,
    write_whole,
)
from unmask.training.recipe import Recipe

Validate = Callable[[Network], dict[str, float]]
Batches = Iterable[tuple[Tensor, ...]]
_STEEPEST = 5.0
_RECENT = 512
_PLOT_EVERY = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind.

    Attributes:
        weights: Best averaged weights, safetensors.
        best: Validation figures of those weights, with ``step``.
        notes: What people should know, for example how many files were missing.
    """

    weights: Path
    best: dict[str, float]
    notes: tuple[str, ...] = ()


def fit(
    network: Network,
    batches: Batches,
    recipe: Recipe,
    *,
    validate: Validate,
    bench: Bench,
    listener: Listener = ignore,
) -> Outcome:
    """Train a network.

    Every step draws from a seed of its own, and the state holds all the rest: where `batches` begins at the step that
    `steps_done` names, a run that was killed ends with the same weights as one that was not.

    Args:
        network: Maps a batch of units to ``(logit, evidence, embedding)``.
        batches: Units, shape (N, ...), labels, shape (N,), float32, and perhaps masks, shape (N, h, w), float32, which
            tell where each unit was forged, -1 where nobody knows. Of this device alone.
        recipe: Its schedule, its attack, and the weight of the masks.
        validate: Maps the averaged network to figures; ``score``, higher is better, decides which weights are kept.
        bench: Where the run happens.
        listener: Hears progress.

    Returns:
        The outcome.

    Raises:
        Diverged: The loss is no finite number; the last saved state is intact.
        DiskFull: A file cannot be written; the last saved state is intact.
        InvalidOption: The folder holds a run of another network.
    """
    if recipe.schedule.threads:
        torch.set_num_threads(recipe.schedule.threads)
    with disk_watched(bench.out):
        run = _Run(network, recipe, bench)
        stream = iter(batches)
        try:
            while not run.over:
                detail = run.advance(next(stream))
                listener(Advanced("train", run.step, recipe.schedule.steps, detail))
                run.look_back(validate)
        finally:
            run.writer.close()
    return Outcome(bench.out / WEIGHTS, run.best)


def steps_done(out: Path) -> int:
    """Steps of a run that was stopped, so that its data can go on from there; 0 for a new one."""
    state = load_state(out)
    return int(state["step"]) if state else 0


class _Run:
    """State of a run between steps."""

    def __init__(self, network: Network, recipe: Recipe, bench: Bench) -> None:
        self.recipe, self.plan, self.bench = recipe, recipe.schedule, bench
        self.step, self.best, self.waited = 0, {"score": -math.inf}, 0
        self._loss, self._recent = math.nan, deque[tuple[float, int]](maxlen=_RECENT)
        # 16-bit floats overflow now and then; their scaler then skips the step and goes on.
        self._whole = not isinstance(getattr(bench.fabric.strategy.precision, "scaler", None), torch.amp.GradScaler)
        state = load_state(bench.out)
        if state:
            load_into(network, state["network"], bench.out)
        self.average = copy.deepcopy(network).to(bench.fabric.device).eval()
        self.network, self.model, self.optimiser = _set_up(network, recipe, bench.fabric)
        if state:
            self._resume(state)
        self._ready = network.stage(min(self.step, self.plan.steps - 1), self.plan.steps)
        folder = bench.out / "tensorboard"
        self.writer = SummaryWriter(str(folder), purge_step=self.step + 1, write_to_disk=bench.leads)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.step >= self.plan.steps or bool(self.plan.patience and self.waited >= self.plan.patience)

    def advance(self, batch: tuple[Tensor, ...]) -> str:
        """Take one step; returns a smoothed loss and the area under the curve of recent examples, for people."""
        fabric = self.bench.fabric
        seed = [self.plan.seed, self.step, fabric.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        self._ready = self.network.stage(self.step, self.plan.steps)
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.plan, self.step)
        units, labels, *masks = fabric.to_device(batch)
        mixed = mix((self._attacked(units, labels), labels, *masks), self.plan, np.random.default_rng(seed))
        loss, logit = self._pass(mixed)
        if self.plan.sharpness:
            descend = climb(self.network, self.plan.sharpness)
            self._pass(mixed)
            descend()
        norm = fabric.clip_gradients(self.model, self.optimiser, max_norm=_STEEPEST, error_if_nonfinite=False)
        if self._whole and not bool(torch.as_tensor(norm).isfinite()):
            raise Diverged(self._diverged("gradient"))
        self.optimiser.step()
        self.step += 1
        blend_into(self.average, self.network, min(self.plan.average, (1 + self.step) / (10 + self.step)))
        return self._told(loss, logit, labels)

    def look_back(self, validate: Validate) -> None:
        """Validate, and save the state, where the schedule says so."""
        done = self.step == self.plan.steps
        due = self.step % self.plan.validate_every == 0 or done
        if due and self._ready:
            if self.bench.leads:
                self._keep(validate(self.average))
            self.waited = int(self.bench.fabric.broadcast(self.waited))
        every = self.plan.checkpoint_every
        if self.bench.leads and (due or (every and self.step % every == 0)):
            self._save()

    def _attacked(self, units: Tensor, labels: Tensor) -> Tensor:
        attack = self.recipe.attack
        count = round(attack.share * len(units)) if attack.kind else 0
        if not count:
            return units
        with self.bench.fabric.device:
            chosen = torch.randperm(len(units))[:count]
        rough = perturb(self.network, units[chosen], labels[chosen], attack, precision=self.bench.fabric.autocast())
        found = units.float()
        found[chosen] = rough
        return found

    def _pass(self, batch: tuple[Tensor, ...]) -> tuple[float, Tensor]:
        """One pass forward and back; leaves gradients, returns the loss and the logits."""
        units, labels, *masks = batch
        logit, evidence, embedding = (part.float() for part in self.model(units))
        smooth = self.plan.label_smoothing
        loss = self.network.loss((logit, evidence, embedding), labels * (1 - smooth) + smooth / 2)
        if masks and self.recipe.forge.mask_weight:
            loss = loss + self.recipe.forge.mask_weight * mask_loss(evidence, masks[0])
        value = float(loss.detach())
        if not math.isfinite(value):
            raise Diverged(self._diverged("loss"))
        self.optimiser.zero_grad(set_to_none=True)
        self.bench.fabric.backward(loss)
        return value, logit.detach()

    def _diverged(self, what: str) -> str:
        best = self.best.get("step")
        kept = f"The weights of step {best:.0f} are in {self.bench.out / WEIGHTS}." if best else "No weights were kept."
        return (
            f"The {what} is no finite number any more at step {self.step + 1}; the last saved state is intact. {kept} "
            "Lower schedule.learning_rate, or raise schedule.warmup, and train again."
        )

    def _told(self, loss: float, logit: Tensor, labels: Tensor) -> str:
        self._loss = loss if math.isnan(self._loss) else 0.98 * self._loss + 0.02 * loss
        self._recent.extend(zip(logit.tolist(), (labels > 0.5).int().tolist(), strict=True))
        known = {label for _, label in self._recent}
        area = auc(*map(list, zip(*self._recent, strict=True))) if known == {0, 1} else math.nan
        if self.step % _PLOT_EVERY == 0:
            facts = {"loss": loss, "auc": area, "learning_rate": rate(self.plan, self.step - 1)}
            self._plot("train", facts)
        return f"loss {self._loss:.3f}, AUC {area:.3f}"

    def _plot(self, group: str, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            if math.isfinite(value):
                self.writer.add_scalar(f"{group}/{name}", value, self.step)

    def _keep(self, figures: dict[str, float]) -> None:
        """Log figures, and keep the weights if they are the best so far."""
        self._plot("validation", figures)
        figures = {"step": float(self.step), "loss": self._loss, **figures}
        with (self.bench.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(figures) + "\n")
        self.waited += 1
        if figures["score"] > self.best["score"]:
            self.best, self.waited = figures, 0
            save_weights(self.average, self.bench.out / WEIGHTS)
        save_weights(self.average, self.bench.out / LAST_AVERAGE)

    def _save(self) -> None:
        state = {
            "step": self.step,
            "best": self.best,
            "waited": self.waited,
            "loss": self._loss,
            "recent": list(self._recent),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "precision": self.bench.fabric.strategy.precision.state_dict(),
        }
        save_state(state, self.bench.out)

    def _resume(self, state: Mapping[str, Any]) -> None:
        load_into(self.average, state["average"], self.bench.out)
        self.optimiser.load_state_dict(state["optimiser"])
        self.bench.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step, self.best, self.waited = int(state["step"]), dict(state["best"]), int(state["waited"])
        self._loss = float(state["loss"])
        self._recent.extend((float(score), int(label)) for score, label in state["recent"])
        log = self.bench.out / "log.jsonl"
        if self.bench.leads and log.is_file():
            lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= self.step]
            write_whole(log, "".join(kept).encode())


def mask_loss(evidence: Tensor, masks: Tensor) -> Tensor:
    """How far the evidence map is from where a forgery was blended in: binary cross-entropy over known places.

    Args:
        evidence: Shape (N, h, w), logits.
        masks: Shape (N, H, W), in [0, 1]; -1 where nobody knows.

    Returns:
        A scalar; 0 if nothing is known.
    """
    known = (masks >= 0).flatten(1).all(dim=1)
    if not bool(known.any()):
        return evidence.sum() * 0
    wanted = torch.nn.functional.adaptive_avg_pool2d(masks[known], (evidence.shape[-2], evidence.shape[-1]))
    return torch.nn.functional.binary_cross_entropy_with_logits(evidence[known], wanted)


def _set_up(network: Network, recipe: Recipe, fabric: Fabric) -> tuple[Network, _FabricModule, _FabricOptimizer]:
    """Move a network to its device, and wrap it so that gradients are averaged over all of them.

    The wrapper of several devices forgets weights that are frozen when it is made, and a later stage may thaw them; so
    all are thawed for a moment.
    """
    trained = {name: parameter.requires_grad for name, parameter in network.named_parameters()}
    network.requires_grad_(requires_grad=True)
    model, optimiser = fabric.setup(network, optimiser_of(network, recipe.schedule))
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(trained[name])
    return network, model, optimiser
