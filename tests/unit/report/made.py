"""Made-up reports, with pictures drawn here."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from unmask.core.evidence import (
    Evidence,
    ModelUsed,
    Person,
    ScanFailure,
    ScanReport,
    Span,
    TimelinePoint,
    Verdict,
)
from unmask.core.records import Exhibit, MediaInfo, SoundExhibit

SHA = "0123456789abcdef" * 4
CHANCES: dict[Verdict, float] = {"likely_fake": 0.96, "likely_real": 0.04, "inconclusive": 0.5}


def picture(width: int = 320, height: int = 200) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows % 256, columns % 256, (rows + columns) % 256], axis=2).astype(np.uint8)


def evidence(p_fake: float | None = 0.96, **changes: object) -> Evidence:
    fields: dict[str, object] = {
        "detector": "face.fast-2",
        "modality": "face",
        "p_fake": p_fake,
        "interval": None if p_fake is None else (p_fake * 0.9, min(1.0, p_fake * 1.1)),
        "coverage": 1.0,
        "units": 3,
        "abstained": None,
        "likely_real_below": 0.22,
        "likely_fake_above": 0.81,
        "weight": 1.0,
        **changes,
    }
    return Evidence(**fields)  # type: ignore[arg-type]


def portrait(verdict: Verdict = "likely_fake", name: str = "photo.jpg", **changes: object) -> ScanReport:
    p_fake = CHANCES[verdict]
    box = (100.0, 40.0, 200.0, 150.0)
    heat = np.full((7, 7), p_fake, np.float32)
    fields: dict[str, object] = {
        "media": MediaInfo(
            Path("/private/folder") / name, "image", "JPEG", 320, 200, frame_count=1, sha256=SHA, bytes=999
        ),
        "verdict": verdict,
        "p_fake": p_fake,
        "interval": (p_fake * 0.9, p_fake * 1.02),
        "coverage": 1.0,
        "reasons": ("A reason.",),
        "evidence": (evidence(p_fake),),
        "people": (Person(0, p_fake, 1.0, 1),),
        "models": (ModelUsed("face.fast-2", SHA),),
        "timings_s": {"decode": 0.123456, "total": 1.5},
        "exhibits": (Exhibit(0.0, picture(), ((0, box, p_fake),), ((box, heat),)),),
        **changes,
    }
    return ScanReport(**fields)  # type: ignore[arg-type]


def faceless() -> ScanReport:
    return ScanReport(
        MediaInfo(Path("cup.png"), "image", "PNG", 320, 200, sha256=SHA),
        "inconclusive",
        None,
        None,
        0.0,
        ("No face was found.",),
        (evidence(None, abstained="no_face", coverage=0.0, units=0, weight=0.0),),
        exhibits=(Exhibit(0.0, picture()),),
    )


def sound(seconds: float = 10.0) -> SoundExhibit:
    wave = np.sin(np.linspace(0, 60, 400)).astype(np.float32)
    mel = np.linspace(-80, 0, 80 * 300).reshape(80, 300).astype(np.float32)
    return SoundExhibit(np.stack([-abs(wave), abs(wave)], axis=1), mel, seconds, np.linspace(0, 1, 9, dtype=np.float32))


def clip() -> ScanReport:
    moments = [TimelinePoint(t / 4, 0.9 if t > 20 else 0.3, "face", 0) for t in range(40)]
    moments += [TimelinePoint(t / 4, 0.1, "face", 1) for t in range(40) if not 8 < t < 20]
    moments += [TimelinePoint(float(t), 0.2, "audio") for t in range(1, 10, 2)]
    media = MediaInfo(
        Path("two people.mp4"), "video", "mov,mp4", 320, 200, 10.01, Fraction(30000, 1001), 300, has_audio=True,
        sample_rate_hz=48000, channels=2, sha256=SHA,
        warnings=("The index was rebuilt.",),
    )  # fmt: skip
    return ScanReport(
        media,
        "likely_fake",
        0.93,
        (0.87, 0.97),
        0.88,
        ("Person 1 stood out.",),
        (evidence(0.93, weight=0.8), evidence(0.2, detector="speech.fast-1", modality="audio", weight=0.2,
                                              likely_real_below=0.25, likely_fake_above=0.7)),
        (Person(0, 0.93, 1.0, 40, None, (Span(5.0, 10.0, 0.9),)), Person(1, 0.1, 0.7, 29),
         Person(2, None, 0.0, 4, "face_too_small")),
        tuple(sorted(moments, key=lambda one: one.t_s)),
        (ModelUsed("face.fast-2", SHA), ModelUsed("speech.fast-1", SHA[::-1])),
        {"total": 3.0},
        ("The index was rebuilt.", "Three packets were lost."),
        (Exhibit(6.0, picture(), ((0, (10.0, 10.0, 90.0, 90.0), 0.9), (1, (200.0, -20.0, 400.0, 90.0), 0.1))),),
        sound(),
    )  # fmt: skip


FAILURE = ScanFailure("/private/broken.mp4", "DecodeFailed", "broken.mp4: no frame could be decoded.")
