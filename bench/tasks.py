"""One measured task a process: ``python -m bench.tasks NAME ARGUMENTS`` prints its seconds and peak memory as JSON.

A task is warmed up once before the clock starts, so that opening models is left out on both sides.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from unmask.core.records import Face, Frame
from unmask.faces.crop import crop_face
from unmask.models import catalogue, store
from unmask.models.card import CardInput
from unmask.models.session import Session

FRAMES = 32
_BATCH = 4


def scan(path: str) -> None:
    """The whole scan."""
    from unmask.scanning.many import scan_one
    from unmask.scanning.plan import ScanPlan

    result = scan_one(ScanPlan(frames=FRAMES), Path(path))
    assert result.coverage == 1.0, result


def bare(path: str) -> None:
    """The sum of the bare library calls: PyAV decodes in order, YuNet, ONNX Runtime."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        wanted = set(np.linspace(0, stream.frames - 1, FRAMES).astype(int).tolist())
        frames = [
            frame.to_ndarray(format="rgb24")
            for number, frame in enumerate(container.decode(stream))
            if number in wanted
        ]
    _judge(frames)


def seeking(path: str) -> None:
    """The usual loop: one seek per frame with OpenCV, then the same models."""
    capture = cv2.VideoCapture(path)
    frames = []
    for number in np.linspace(0, capture.get(cv2.CAP_PROP_FRAME_COUNT) - 1, FRAMES).astype(int):
        capture.set(cv2.CAP_PROP_POS_FRAMES, int(number))
        good, pixels = capture.read()
        assert good
        frames.append(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    _judge(frames)


def bare_folder(folder: str) -> None:
    """Decode, detect and classify every picture, on both cores."""
    with ProcessPoolExecutor(2) as pool:
        assert all(pool.map(_bare_picture, sorted(Path(folder).iterdir()), chunksize=8))


def scan_folder(folder: str) -> None:
    """The whole scan of a folder, as the command line does it."""
    from unmask.scanning.many import choose_executor, scan_many
    from unmask.scanning.plan import ScanPlan

    paths = sorted(Path(folder).iterdir())
    executor, plan = choose_executor(0, len(paths), ScanPlan())
    assert all(result.coverage == 1.0 for result in scan_many(paths, plan, executor=executor))


def _bare_picture(path: Path) -> bool:
    cv2.setNumThreads(1)
    pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return _judge([pixels], long_side=960, threads=1) == 1


@cache
def _models(threads: int) -> tuple[cv2.FaceDetectorYN, Session]:
    finder = cv2.FaceDetectorYN.create(str(store.locate(catalogue.find("yunet-2023mar"))), "", (640, 360), 0.7)
    return finder, Session(catalogue.find("face.fast-2"), threads=threads)


def _judge(frames: list[np.ndarray], *, long_side: int = 640, threads: int = 0) -> int:
    finder, session = _models(threads)
    wants = session.card.input
    crops = []
    for number, pixels in enumerate(frames):
        scale = long_side / max(pixels.shape[:2])
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        finder.setInputSize((small.shape[1], small.shape[0]))
        _, rows = finder.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        crops.extend(_crop(pixels, number, row[:4] / scale, wants) for row in (rows if rows is not None else ()))
    for start in range(0, len(crops), _BATCH):
        session.run(np.stack(crops[start : start + _BATCH]))
    return len(crops)


def _crop(pixels: np.ndarray, number: int, box: np.ndarray, wants: CardInput) -> np.ndarray:
    left, top, width, height = (float(value) for value in box)
    face = Face(
        (left, top, left + width, top + height), np.array([[0, 0], [1, 0], [0, 1], [0, 2], [1, 2]], np.float32), 1.0
    )
    return crop_face(Frame(number, 0.0, pixels), face, size_px=wants.size_px, margin=wants.margin).pixels_rgb_u8


TASKS: dict[str, Callable[[str], None]] = {
    "scan": scan,
    "bare": bare,
    "seeking": seeking,
    "bare_folder": bare_folder,
    "scan_folder": scan_folder,
}

if __name__ == "__main__":
    name, argument, warm_up = sys.argv[1:4]
    if warm_up:
        TASKS[name](warm_up)
    start = time.perf_counter()
    TASKS[name](argument)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))
