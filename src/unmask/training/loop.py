"""The training loop: AdamW, warm-up and cosine, a moving average of the weights, the best validation kept."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from unmask.core.events import Advanced, Listener, ignore
from unmask.training.recipe import Schedule

Validate = Callable[[nn.Module], dict[str, float]]
Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind.

    Attributes:
        weights: Best averaged weights, safetensors.
        best: Validation figures of those weights, with ``step``.
    """

    weights: Path
    best: dict[str, float]


def fit(
    network: nn.Module,
    batches: Batches,
    schedule: Schedule,
    *,
    validate: Validate,
    out: Path,
    listener: Listener = ignore,
) -> Outcome:
    """Train a network whose first output is the logit.

    The state is saved at every validation; a run that was stopped goes on from there.

    Args:
        network: Maps a batch of units to ``(logit, evidence, embedding)``.
        batches: Endless pairs of units, shape (N, ...), and labels, shape (N,), float32.
        schedule: How long and how fast.
        validate: Maps the averaged network to figures; ``score``, higher is better, decides which weights are kept.
        out: Folder for weights, log and state.
        listener: Hears progress.

    Returns:
        The outcome.
    """
    out.mkdir(parents=True, exist_ok=True)
    if schedule.threads:
        torch.set_num_threads(schedule.threads)
    torch.manual_seed(schedule.seed)
    optimiser = torch.optim.AdamW(_groups(network, schedule.weight_decay), lr=schedule.learning_rate)
    run = _Run(network, copy.deepcopy(network).eval(), optimiser, schedule, out)
    run.resume()
    stream = iter(batches)
    network.train()
    while run.step < schedule.steps:
        units, labels = next(stream)
        loss = run.advance(units, labels)
        listener(Advanced("train", run.step, schedule.steps, f"loss {loss:.3f}"))
        if run.step % schedule.validate_every == 0 or run.step == schedule.steps:
            run.keep(validate(run.average))
            network.train()
    return Outcome(out / "weights.safetensors", run.best)


class _Run:
    """State of a run between steps."""

    def __init__(
        self, network: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, schedule: Schedule, out: Path
    ) -> None:
        self.network, self.average, self.optimiser = network, average, optimiser
        self.schedule, self.out = schedule, out
        self.step, self.best, self._loss = 0, {"score": -math.inf}, math.nan

    def advance(self, units: Tensor, labels: Tensor) -> float:
        """Take one step; returns a smoothed loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.schedule, self.step)
        smooth = self.schedule.label_smoothing
        with torch.autocast("cpu", torch.bfloat16):
            logit = self.network(units)[0]
        loss = nn.functional.binary_cross_entropy_with_logits(logit.float(), labels * (1 - smooth) + smooth / 2)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._blend()
        value = float(loss.detach())
        self._loss = value if math.isnan(self._loss) else 0.98 * self._loss + 0.02 * value
        return self._loss

    def _blend(self) -> None:
        decay = min(self.schedule.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            current = self.network.state_dict()
            for key, value in self.average.state_dict().items():
                if value.dtype.is_floating_point:
                    value.lerp_(current[key], 1 - decay)
                else:
                    value.copy_(current[key])

    def keep(self, figures: dict[str, float]) -> None:
        """Log figures, keep the weights if they are the best so far, save the state."""
        figures = {"step": float(self.step), "loss": self._loss, **figures}
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(figures) + "\n")
        if figures["score"] > self.best["score"]:
            self.best = figures
            save_file(_plain(self.average), self.out / "weights.safetensors")
        save_file(_plain(self.network), self.out / "last.safetensors")
        save_file(_plain(self.average), self.out / "last_average.safetensors")
        state = {"optimiser": self.optimiser.state_dict(), "step": self.step, "best": self.best}
        torch.save(state, self.out / "state.pt")

    def resume(self) -> None:
        """Go on from a saved state if there is one."""
        if not (self.out / "state.pt").is_file():
            return
        state = torch.load(self.out / "state.pt", weights_only=True)
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.best = int(state["step"]), dict(state["best"])
        self.network.load_state_dict(load_file(self.out / "last.safetensors"))
        self.average.load_state_dict(load_file(self.out / "last_average.safetensors"))


def steps_done(out: Path) -> int:
    """Steps of a run that was stopped, so that its data can go on with fresh draws; 0 for a new one."""
    if not (out / "state.pt").is_file():
        return 0
    return int(torch.load(out / "state.pt", weights_only=True)["step"])


def rate(schedule: Schedule, step: int) -> float:
    """Learning rate at a step: linear warm-up, then a cosine down to a hundredth of the peak."""
    if step < schedule.warmup:
        return schedule.learning_rate * (step + 1) / schedule.warmup
    part = (step - schedule.warmup) / max(schedule.steps - schedule.warmup, 1)
    return schedule.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _plain(network: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().contiguous().clone() for key, value in network.state_dict().items()}
