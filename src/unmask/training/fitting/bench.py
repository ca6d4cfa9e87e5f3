"""Where a run happens: its folder, its devices, and the record of what it was started with."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from unmask.core.errors import InvalidOption, ProviderUnavailable
from unmask.datasets.versions import manifest_version
from unmask.training.fitting.state import disk_watched, load_state, write_whole
from unmask.training.recipe import Recipe, resolved

RECORD = "run.json"
PRECISIONS = ("bf16-mixed", "32-true", "16-mixed")
_PACKAGES = ("unmask", "torch", "torchvision", "timm", "lightning-fabric", "safetensors", "numpy", "scikit-learn",
    "onnx", "onnxruntime", "skl2onnx", "opencv-python-headless", "av")  # fmt: skip
_PATIENCE = timedelta(hours=24)  # The first process may cut crops for hours while the others wait.


@dataclass(frozen=True, slots=True)
class Machine:
    """What to run on.

    Attributes:
        accelerator: ``auto``, ``cpu``, ``gpu``, ``cuda`` or ``mps``.
        devices: Processes on this machine, one a device.
        nodes: Machines; each starts the same command, with the addresses in the environment as torchrun sets them.
        precision: ``bf16-mixed``, ``32-true`` or ``16-mixed``.
        workers: Processes that cut and disturb examples, for each device.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str = "bf16-mixed"
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Bench:
    """A launched run.

    Attributes:
        out: Folder of the run.
        fabric: Devices and precision; every process of the run holds one.
        workers: Processes that make examples, for this device.
    """

    out: Path
    fabric: Fabric
    workers: int

    @property
    def leads(self) -> bool:
        """Whether this process is the one that validates and writes."""
        return bool(self.fabric.is_global_zero)


def open_bench(recipe: Recipe, manifest: Path, out: Path, machine: Machine) -> Bench:
    """Launch the processes of a run, make its folder and write down what it was started with.

    Args:
        recipe: The recipe.
        manifest: Its digest goes into the record.
        out: Folder of the run.
        machine: What to run on.

    Returns:
        The bench, the same in every process.

    Raises:
        InvalidOption: The precision is unknown, or the batch cannot be shared out evenly.
        ProviderUnavailable: There is no such device here.
        DiskFull: The record cannot be written.
    """
    everyone = machine.devices * machine.nodes
    if machine.precision not in PRECISIONS:
        raise InvalidOption(f"precision is {machine.precision!r}; expected {', '.join(PRECISIONS)}.")
    if everyone < 1 or recipe.schedule.batch % everyone:
        message = f"schedule.batch = {recipe.schedule.batch} cannot be shared out evenly among {everyone} devices."
        raise InvalidOption(message)
    try:
        fabric = Fabric(
            accelerator=machine.accelerator,
            devices=machine.devices,
            num_nodes=machine.nodes,
            precision=cast(Literal["bf16-mixed"], machine.precision),
            strategy=DDPStrategy(find_unused_parameters=True, timeout=_PATIENCE) if everyone > 1 else "auto",
        )
        fabric.launch()
    except (RuntimeError, ValueError, TypeError) as error:
        message = f"Cannot train with --accelerator {machine.accelerator} --devices {machine.devices}: {error}"
        raise ProviderUnavailable(message) from error
    torch.manual_seed(recipe.schedule.seed)  # Starting weights; every step draws from a seed of its own.
    bench = Bench(out, fabric, machine.workers)
    if bench.leads:
        write_record(recipe, manifest, out, machine)
    fabric.barrier()
    return bench


def write_record(recipe: Recipe, manifest: Path, out: Path, machine: Machine) -> None:
    """Write down what a run is started with, and make its folder.

    What a run was begun with stays. Where it goes on with anything else, that is added to the list ``went_on_with``,
    with the step from which it holds; a run that is finished keeps its record.

    Raises:
        DiskFull: The record cannot be written.
    """
    record = json.loads(json.dumps(_record(recipe, manifest, machine)))
    state = load_state(out)
    with disk_watched(out):
        out.mkdir(parents=True, exist_ok=True)
        if state and (out / RECORD).is_file():
            first = json.loads((out / RECORD).read_text(encoding="utf-8"))
            later = first.get("went_on_with", [])
            last = {key: value for key, value in (later or [first])[-1].items() if key in record}
            if record == last or int(state["step"]) >= recipe.schedule.steps:
                return
            record = {**first, "went_on_with": [*later, {"step": int(state["step"]), **record}]}
        write_whole(out / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def _record(recipe: Recipe, manifest: Path, machine: Machine) -> dict[str, Any]:
    return {
        "recipe": resolved(recipe),
        "seed": recipe.schedule.seed,
        "manifest": asdict(manifest_version(manifest)),
        "machine": asdict(machine),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
