"""Which ways of storing a voice count as coarse, and which as better than what a detector knows."""

import pytest

from unmask.voice.coding import coarse, finer


@pytest.mark.parametrize(
    ("codec", "kbps", "expected"),
    [
        ("opus", 16.0, True),
        ("opus", 25.9, True),
        ("opus", 32.0, False),
        ("opus", 0.0, False),
        ("amr_wb", 12.65, True),
        ("speex", 40.0, True),
        ("aac", 16.0, False),
        ("mp3", 16.0, False),
        ("pcm_s16le", 256.0, False),
        ("", 0.0, False),
    ],
)
def test_coarse(codec: str, kbps: float, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert coarse(codec, kbps) is expected


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
    assert finer(codec, kbps, than_kbps=32) is expected
