"""Open and run a model graph. The only place in the project that imports ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from unmask.core.errors import CardMismatch, InvalidOption, ProviderUnavailable, nearest
from unmask.models.card import CLIP_ROLES, ENGINES, ModelCard
from unmask.models.companion import add, companion_of, resized
from unmask.models.store import locate, verify

_NO_GRAPH = (
    runtime.InvalidProtobuf,
    runtime.InvalidGraph,
    runtime.InvalidArgument,
    runtime.NotImplemented,
    runtime.Fail,
    runtime.RuntimeException,
)


class Session:
    """A model graph ready to run, checked against its card.

    Args:
        card: The model.
        threads: Threads inside one run; 0 lets the runtime decide.
        engine: ``auto`` and ``onnxruntime`` run on ONNX Runtime's CPU provider; ``openvino`` needs a build of ONNX
            Runtime with that provider.

    Raises:
        WeightsMissing: The file is not on this machine.
        ChecksumMismatch: The file is not the one the card names.
        CardMismatch: The file is no graph, or its inputs or outputs differ from the card.
        InvalidOption: Nobody knows the engine.
        ProviderUnavailable: The engine is not installed.
    """

    def __init__(self, card: ModelCard, *, threads: int = 0, engine: str = "auto") -> None:
        verify(card)
        self.card = card
        provider = _provider(engine)
        try:
            self._session = _open(locate(card), threads, provider, arena=card.family == "speech")
        except _NO_GRAPH as error:
            message = f"{card.name}: {card.graph.name} is no graph that the runtime can open: {error}"
            raise CardMismatch(message) from error
        self._check()
        self._roles = {role: name for role, name in (card.outputs or {}).items() if role not in CLIP_ROLES.values()}
        other = companion_of(card)
        # One thread: beside the larger graph, whose threads often wait for one another, a second one gains nothing.
        self._companion = Session(other, threads=1, engine=engine) if other else None
        self._at_once = threads != 1

    def alone(self) -> Session:
        """The same open graph without its companion."""
        other = copy(self)
        other._companion = None
        return other

    def of_clips(self) -> Session:
        """The same open graph as its card has it answer about clips: other outputs, and perhaps no companion."""
        other = copy(self) if self.card.companion is None or self.card.companion.clips else self.alone()
        own = {
            role: (self.card.outputs or {}).get(CLIP_ROLES.get(role, ""), name) for role, name in self._roles.items()
        }
        other._roles = own
        return other

    def run(self, units: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Run a batch.

        Args:
            units: Shape (N, ...), the dtype the card names.

        Returns:
            The graph's outputs by the roles the card gives them; each has N rows. Where the card names a companion, its
            answer is in them.
        """
        if self._companion is None:
            return self._own(units)
        assert self.card.companion is not None
        assert self._companion.card.input is not None
        smaller = resized(units, self._companion.card.input.size_px)
        if not self._at_once:
            return add(self._own(units), self._companion.run(smaller), self.card.companion.weight)
        with ThreadPoolExecutor(1) as pool:  # A new one each time: it takes no time, and outlives no fork.
            other = pool.submit(self._companion.run, smaller)
            return add(self._own(units), other.result(), self.card.companion.weight)

    def _own(self, units: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        assert self.card.input is not None
        found = self._session.run(list(self._roles.values()), {self.card.input.name: units})
        return dict(zip(self._roles, found, strict=True))

    def _check(self) -> None:
        if self.card.input is None or self.card.outputs is None:
            message = f"{self.card.name}: the card names no inputs and outputs, so it cannot be run as a graph."
            raise CardMismatch(message)
        inputs = {node.name: node.type for node in self._session.get_inputs()}
        outputs = {node.name for node in self._session.get_outputs()}
        dtype = self.card.input.dtype
        kind = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}.get(dtype, f"tensor({dtype})")
        expected = {self.card.input.name: kind}
        if inputs != expected or not set(self.card.outputs.values()) <= outputs:
            message = (
                f"{self.card.name}: the card says inputs {expected} and outputs {sorted(self.card.outputs.values())}, "
                f"the graph has {inputs} and {sorted(outputs)}. Install the package again."
            )
            raise CardMismatch(message)
        stamped = self._session.get_modelmeta().custom_metadata_map
        for key, value in (("crop", self.card.input.crop), ("margin", str(self.card.input.margin))):
            if self.card.input.size_px and stamped.get(key) != value:
                message = f"{self.card.name}: the card says {key} {value}, the graph says {stamped.get(key)}."
                raise CardMismatch(message)


def runner(path: Path, *, threads: int = 0) -> Callable[[NDArray[Any]], dict[str, NDArray[np.float32]]]:
    """Open a graph that has no card yet; what comes back maps a batch to the graph's outputs by name. For training."""
    session = _open(path, threads, "CPUExecutionProvider")
    names = [node.name for node in session.get_outputs()]
    given = session.get_inputs()[0].name
    return lambda units: dict(zip(names, session.run(names, {given: units}), strict=True))


def run_file(path: Path, units: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """Run a graph that has no card yet on one batch; returns its outputs by name. For export and its checks."""
    return runner(path)(units)


def _open(path: Path, threads: int, provider: str, *, arena: bool = False) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait in a busy loop take their core from the decoder and from one another: a tenth of a clip's scan.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena keeps the memory of the largest batch for ever, and crops come in batches of any size. Windows of sound
    # are all alike: without one, what is kept of them leaves holes in the heap that the next batch does not fit in.
    options.enable_cpu_mem_arena = arena
    return ort.InferenceSession(str(path), options, providers=[provider])


def _provider(engine: str) -> str:
    if engine not in ENGINES:
        message = f"There is no engine {engine!r}. {nearest(engine, ENGINES)}"
        raise InvalidOption(message)
    wanted = "OpenVINOExecutionProvider" if engine == "openvino" else "CPUExecutionProvider"
    if wanted not in ort.get_available_providers():
        message = (
            f"The engine {engine!r} needs ONNX Runtime's {wanted}, which is not installed. "
            "Install `onnxruntime-openvino` in place of `onnxruntime`, or use --engine onnxruntime."
        )
        raise ProviderUnavailable(message)
    return wanted
