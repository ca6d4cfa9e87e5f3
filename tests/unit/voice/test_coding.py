"""Which ways of storing a voice are calibrated apart, and which are better than what a detector knows."""

from pathlib import Path

import pytest

from unmask.core.records import MediaInfo
from unmask.voice.coding import coding, finer


def stored(codec: str, kbps: float, hybrid: float = 0.0) -> MediaInfo:
    return MediaInfo(Path("a"), "audio", "ogg", sound_codec=codec, sound_kbps=kbps, sound_hybrid=hybrid)


@pytest.mark.parametrize(
    ("codec", "kbps", "hybrid", "expected"),
    [
        ("opus", 16.0, 0.0, "coarse"),
        ("opus", 25.9, 1.0, "coarse"),
        ("opus", 32.0, 0.0, None),
        ("opus", 32.0, 0.4, None),
        ("opus", 32.0, 0.6, "hybrid"),
        ("opus", 64.0, 1.0, None),
        ("opus", 0.0, 0.0, None),
        ("amr_wb", 12.65, 0.0, "coarse"),
        ("speex", 40.0, 0.0, "coarse"),
        ("aac", 16.0, 0.0, None),
        ("mp3", 16.0, 0.0, None),
        ("pcm_s16le", 256.0, 0.0, None),
        ("", 0.0, 0.0, None),
    ],
)
def test_coding(codec: str, kbps: float, hybrid: float, expected: str | None) -> None:
    assert coding(stored(codec, kbps, hybrid)) == expected


@pytest.mark.parametrize(
    ("codec", "kbps", "expected"),
    [
        ("opus", 16.0, False),
        ("opus", 44.0, False),
        ("opus", 64.0, True),
        ("aac", 16.0, True),
        ("pcm_s16le", 256.0, True),
    ],
)
def test_finer(codec: str, kbps: float, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert finer(stored(codec, kbps), than_kbps=32) is expected
