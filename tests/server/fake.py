"""A server whose workers judge nothing: they read in the file itself what they shall do.

Run as a module it serves for real, so that tests can kill it: ``python -m tests.server.fake``.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from unmask.core.errors import DecodeFailed
from unmask.core.events import Advanced, Listener
from unmask.core.evidence import Evidence, LipSync, Person, ScanReport, TimelinePoint
from unmask.core.records import Exhibit, MediaInfo, SoundExhibit
from unmask.server.jobs.examine import Examine
from unmask.server.settings import Settings

PNG = b"\x89PNG\r\n\x1a\n"


def order(words: str = "", salt: str = "") -> bytes:
    """A file that passes for a PNG and tells the fake worker what to do: ``sleep 2``, ``die``, ``hang``, ``break``."""
    return PNG + f"{words}\n{salt}".encode()


def open_fake(settings: Settings) -> Examine:
    """Open an examiner that obeys `order`."""
    return examine


def examine(path: Path, listener: Listener) -> ScanReport:
    """Do what the file says, then report a forgery."""
    listener(Advanced("probing", 0, 1))
    word, _, value = path.read_bytes()[len(PNG) :].decode("utf-8", "replace").partition("\n")[0].partition(" ")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "hang":
        time.sleep(1000)
    if word == "break":
        raise DecodeFailed(f"{path} is damaged.")
    if word == "puzzle":
        raise RuntimeError("nobody foresaw this")
    if word == "sleep":
        for tick in range(round(float(value) * 20)):
            listener(Advanced("looking", tick, round(float(value) * 20)))
            time.sleep(0.05)
    listener(Advanced("concluding", 0, 1))
    return report(path)


def report(path: Path) -> ScanReport:
    """A report that has everything."""
    media = MediaInfo(path, "video", "mov,mp4", 64, 48, 2.0, None, 20, has_audio=True, sample_rate_hz=16000, channels=1,
                      sha256="0" * 64, bytes=9)  # fmt: skip
    pixels = np.full((48, 64, 3), 128, np.uint8)
    heat = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    exhibit = Exhibit(0.5, pixels, ((0, (10.0, 8.0, 40.0, 40.0), 0.9),), (((8.0, 6.0, 44.0, 42.0), heat),))
    envelope = np.array([[-0.5, 0.5], [-0.2, 0.3]], np.float32)
    sound = SoundExhibit(envelope, np.full((16, 20), -20, np.float32), 2.0, np.array([0.2, 0.9], np.float32))
    return ScanReport(
        media,
        "likely_fake",
        0.9,
        (0.8, 0.95),
        1.0,
        reasons=("The faces look forged.",),
        evidence=(Evidence("face.fast-2", "face", 0.9, (0.8, 0.95), 1.0, 20, None, weight=1.0),),
        people=(Person(0, 0.9, 1.0, 20),),
        lips=LipSync("apart", 0.2, 1.8, match=0.1),
        timeline=(TimelinePoint(0.5, 0.9, "face", 0), TimelinePoint(1.0, 0.4, "audio")),
        timings_s={"total": 0.1},
        exhibits=(exhibit,),
        sound=sound,
    )


if __name__ == "__main__":
    from unmask.server import run
    from unmask.server.settings import read_settings

    run._HEAD_S = 2.0  # Less patience with slow heads, so that their test is quick.
    run.run(read_settings(), open_examiner=open_fake)
