from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.makers import images, sounds, videos
from unmask.core.errors import DecodeFailed, InputError, MediaTooLarge, UnsupportedMedia
from unmask.media.limits import Limits
from unmask.media.probe import probe


def test_image(tmp_path: Path) -> None:
    path = images.write_portrait(tmp_path / "a.mp4", image_format="PNG")
    info = probe(path)
    assert (info.kind, info.format, info.width_px, info.height_px, info.frame_count) == ("image", "PNG", 320, 400, 1)
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.bytes == path.stat().st_size


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi"])
def test_video(tmp_path: Path, suffix: str) -> None:
    codec = {".webm": "libvpx-vp9"}.get(suffix, "libx264")
    info = probe(videos.write_clip(tmp_path / f"a{suffix}", codec=codec, options={"cpu-used": "8"}))
    assert (info.kind, info.width_px, info.height_px, info.frame_count) == ("video", 192, 128, 50)
    assert info.frame_rate == Fraction(25)
    assert info.has_audio
    assert info.channels == 1
    assert info.duration_s == pytest.approx(2.0, abs=0.06)
    assert info.warnings == ()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff", ".mkv"])
def test_sound(tmp_path: Path, suffix: str) -> None:
    info = probe(sounds.write_tone(tmp_path / f"a{suffix}", seconds=2.0))
    assert (info.kind, info.width_px, info.frame_count, info.has_audio) == ("audio", 0, 0, True)
    assert info.duration_s == pytest.approx(2.0, abs=0.15)
    assert info.warnings == ()


def test_wrong_suffix(tmp_path: Path) -> None:
    path = sounds.write_tone(tmp_path / "a.mp3").rename(tmp_path / "a.jpg")
    assert probe(path).kind == "audio"
    assert probe(videos.write_clip(tmp_path / "b.mkv").rename(tmp_path / "b.png")).kind == "video"


def test_animated_gif_is_an_image_and_says_so(tmp_path: Path) -> None:
    info = probe(images.write_animation(tmp_path / "a.gif"))
    assert info.kind == "image"
    assert "animated" in info.warnings[0]


def test_sound_with_a_cover_is_audio(tmp_path: Path) -> None:
    samples = sounds.tone(1.0, 44100)
    cover = images.write_portrait(tmp_path / "cover.jpg").read_bytes()
    header = b"\0image/jpeg\0\3\0" + cover
    frame = b"APIC" + len(header).to_bytes(4, "big") + b"\0\0" + header
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    sounds.write_sound(tmp_path / "a.mp3", samples, 44100)
    (tmp_path / "b.mp3").write_bytes(b"ID3\3\0\0" + size + frame + (tmp_path / "a.mp3").read_bytes())
    with av.open(str(tmp_path / "b.mp3")) as container:
        assert len(container.streams.video) == 1
    assert probe(tmp_path / "b.mp3").kind == "audio"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_ten_hours_claimed_by_a_short_clip(tmp_path: Path, suffix: str) -> None:
    info = probe(videos.claim_duration(videos.write_clip(tmp_path / f"a{suffix}"), 10.0))
    assert info.duration_s == pytest.approx(2.0, abs=0.05)
    assert "claims 36000.0 s" in info.warnings[0]


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_rotation_is_in_the_size(tmp_path: Path, turn: int) -> None:
    info = probe(videos.write_clip(tmp_path / "a.mp4", rotation=turn, seconds=0.5))
    assert (info.width_px, info.height_px) == (192, 128)


def test_truncated_mp4(tmp_path: Path) -> None:
    whole = videos.write_clip(tmp_path / "a.mp4", seconds=3, container_options={"movflags": "faststart"})
    info = probe(images.cut(whole, 0.6))
    assert 20 < info.frame_count < 75
    assert info.duration_s < 2.5
    assert any("announces 75 frames" in warning for warning in info.warnings)
    with pytest.raises(DecodeFailed, match="MP4"):
        probe(images.cut(videos.write_clip(tmp_path / "b.mp4"), 0.6))


def test_mp4_without_any_track(tmp_path: Path) -> None:
    with pytest.raises(DecodeFailed, match="without any stream"):
        probe(videos.write_empty_mp4(tmp_path / "a.mp4"))


def test_clip_without_pictures_is_audio(tmp_path: Path) -> None:
    path = sounds.write_tone(tmp_path / "a.m4a").rename(tmp_path / "a.mp4")
    assert probe(path).kind == "audio"


def test_video_whose_frames_are_noise(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", sound=False)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[at:end] = np.random.default_rng(0).integers(0, 256, end - at).astype(np.uint8).tobytes()
    path.write_bytes(data)
    with pytest.raises(DecodeFailed, match="cannot be decoded"):
        probe(path)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("text.jpg", b"Dear reader, this is no picture.\n", "a text file"),
        ("drawing.svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        ("paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Encrypt 2 0 R>>", "a PDF document"),
        ("bag.zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(50), "a ZIP archive"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:10,\nother.mp4\n", "a playlist"),
        ("list2.mp4", b"ffconcat version 1.0\nfile other.mp4\n", "a text file"),
        ("noise.bin", np.random.default_rng(5).integers(0, 256, 4000).astype(np.uint8).tobytes(), "no kind"),
    ],
)
def test_foreign_files_are_named(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(content)
    videos.write_clip(tmp_path / "other.mp4", seconds=0.4)
    with pytest.raises(UnsupportedMedia, match=what) as caught:
        probe(tmp_path / name)
    assert name in str(caught.value)
    assert "expected" in str(caught.value)


def test_files_that_are_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        probe(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="directory"):
        probe(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match="empty"):
        probe(tmp_path / "empty.mp4")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = images.write_portrait(tmp_path / "a.jpg")
    path.chmod(0)
    if os.access(path, os.R_OK):  # as root, who may read everything

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="may not be read"):
        probe(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputError, match="pipe"):
        probe(tmp_path / "pipe.mp4")


def test_limits(tmp_path: Path) -> None:
    clip = videos.write_clip(tmp_path / "a.mp4")
    with pytest.raises(MediaTooLarge, match="192x128"):
        probe(clip, limits=Limits(max_frame_pixels=1000))
    with pytest.raises(MediaTooLarge, match="frames"):
        probe(clip, limits=Limits(max_video_frames=10))
    with pytest.raises(MediaTooLarge, match="20000x20000"):
        probe(images.write_huge_png(tmp_path / "a.png"))


def test_strange_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http:x", "clip %03d.mp4", "ünïcödé 🎬.mp4", "-i"):
        videos.write_clip(tmp_path / "plain.mp4", seconds=0.4).rename(tmp_path / name)
        assert probe(Path(name)).kind == "video"


def test_nothing_reaches_the_terminal(tmp_path: Path) -> None:
    clip = images.cut(videos.write_clip(tmp_path / "a.mkv", seconds=3), 0.5)
    data = bytearray(clip.read_bytes())
    data[len(data) // 3 : len(data) // 2] = os.urandom(len(data) // 2 - len(data) // 3)
    clip.write_bytes(data)
    script = (
        "import sys; from pathlib import Path\n"
        "from unmask.media.probe import probe_with_index\n"
        "from unmask.media.video import iter_frames\n"
        "path = Path(sys.argv[1]); info, index = probe_with_index(path)\n"
        "list(iter_frames(path, range(index.frame_count), index))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(clip)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == ""
