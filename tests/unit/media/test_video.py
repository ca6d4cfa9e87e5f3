from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest

from tests.makers import images, sounds, videos
from unmask.core.errors import DecodeFailed, InputError, InvalidOption, UnsupportedMedia
from unmask.media import ffmpeg, video
from unmask.media.audio import stream_sound
from unmask.media.probe import probe_with_index
from unmask.media.timing import index_video
from unmask.media.video import iter_frames

CASES: dict[str, dict[str, object]] = {
    "h264.mp4": {},
    "h264.mkv": {},
    "h264-no-b.mp4": {"options": {"bf": "0"}},
    "h264-open-gop.mp4": {"options": {"x264-params": "open-gop=1:bframes=3"}},
    "h264-one-gop.mp4": {"gop": 1000},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "h264.avi": {},
    "mpeg4.avi": {"codec": "mpeg4", "sound": False},
    "mpeg4-b.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p", "sound": False},
    "vp8.webm": {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}},
    "hevc.mkv": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "ten-bit.mkv": {"pixel_format": "yuv420p10le"},
    "odd.mkv": {"pixel_format": "yuv444p", "size": (191, 127)},
    "alpha.mkv": {"codec": "ffv1", "pixel_format": "bgra"},
    "transport.ts": {"container_format": "mpegts"},
    "variable.mp4": {"variable": True},
    "variable.mkv": {"variable": True},
    "turned.mp4": {"rotation": 90},
    "turned-back.mp4": {"rotation": -90},
    "upside-down.mp4": {"rotation": 180},
}


def write(tmp_path: Path, name: str) -> Path:
    settings = CASES[name]
    try:
        return videos.write_clip(tmp_path / name, seconds=3, **settings)  # type: ignore[arg-type]
    except (av.codec.codec.UnknownCodecError, av.error.FFmpegError) as error:
        pytest.skip(f"this build of FFmpeg has no such encoder: {error}")


@pytest.mark.parametrize("name", CASES)
def test_exactly_the_wanted_frames_upright_at_their_true_times(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name)
    index = index_video(path)
    assert index.frame_count == 75
    wanted = [0, 1, 7, 24, 25, 26, 31, 60, 74]
    frames = list(iter_frames(path, wanted, index))
    assert [frame.index for frame in frames] == wanted
    assert [videos.read_number(frame.pixels_rgb_u8) for frame in frames] == wanted
    true_s = videos.frame_times_s(3, 25, variable=bool(CASES[name].get("variable")))
    assert np.abs(index.times_s - true_s).max() <= 0.001
    assert [frame.time_s for frame in frames] == index.times_s[wanted].tolist()
    assert all(frame.pixels_rgb_u8.shape == (127, 191, 3) or name != "odd.mkv" for frame in frames)


def test_every_single_frame_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "h264-open-gop.mp4")
    index = index_video(path)
    for at in range(index.frame_count):
        (frame,) = iter_frames(path, [at], index)
        assert videos.read_number(frame.pixels_rgb_u8) == at


def test_variable_rate_gives_true_length_and_average_rate(tmp_path: Path) -> None:
    index = index_video(write(tmp_path, "variable.mp4"))
    assert index.times_s[:5].tolist() == pytest.approx([0, 0.04, 0.08, 0.2, 0.24])
    assert index.duration_s == pytest.approx(5.0, abs=0.1)
    assert float(index.frame_rate or 0) == pytest.approx(74 / index.times_s[-1], rel=1e-3)


def test_camera_matrix_turns_clockwise(tmp_path: Path) -> None:
    """A telephone held upright stores pictures lying and asks for a clockwise quarter turn: x' = -y, y' = x."""
    path = videos.set_track_matrix(videos.write_clip(tmp_path / "a.mp4", sound=False, seconds=0.4), 0, 1, -1, 0)
    index = index_video(path)
    (frame,) = iter_frames(path, [5], index)
    assert frame.pixels_rgb_u8.shape == (192, 128, 3)
    assert videos.read_number(np.rot90(frame.pixels_rgb_u8, 1)) == 5


def test_only_needed_groups_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", seconds=8, sound=False)
    index = index_video(path)
    fed: list[int] = []
    true_frames_of = video._frames_of

    def counting(stream: object, packet: object) -> Iterator[object]:
        fed.append(1)
        return true_frames_of(stream, packet)  # type: ignore[arg-type]

    monkeypatch.setattr(video, "_frames_of", counting)
    keys = np.flatnonzero(index.keyframes)
    assert len(list(iter_frames(path, keys[[1, 5]], index))) == 2
    assert len(fed) == 4  # two packets, two drains


def test_repeated_and_unordered_wishes(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", sound=False)
    index = index_video(path)
    assert [frame.index for frame in iter_frames(path, [9, 3, 9], index)] == [3, 9]
    assert list(iter_frames(path, [], index)) == []
    with pytest.raises(InvalidOption):
        list(iter_frames(path, [50], index))


def test_stopping_early_closes_the_file(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", sound=False)
    with closing(iter_frames(path, range(50), index_video(path))) as frames:  # type: ignore[type-var]
        assert next(frames).index == 0


def test_damage_in_the_middle_leaves_the_rest(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", seconds=4, sound=False)
    index = index_video(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + (data.index(b"moov") - data.index(b"mdat")) // 3
    data[at : at + 600] = np.random.default_rng(0).integers(0, 256, 600).astype(np.uint8).tobytes()
    path.write_bytes(data)
    warnings: list[str] = []
    frames = list(iter_frames(path, range(100), index, warn=warnings.append))
    assert 50 < len(frames) <= 100
    if len(frames) < 100:
        assert "could not be decoded" in warnings[-1]


def test_file_cut_off_after_it_was_indexed(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mkv", seconds=3, sound=False)
    index = index_video(path)
    images.cut(path, 0.5)
    warnings: list[str] = []
    frames = list(iter_frames(path, range(75), index, warn=warnings.append))
    assert 20 < len(frames) < 75
    assert f"{75 - len(frames)} of 75" in warnings[-1]
    with pytest.raises(DecodeFailed):
        list(iter_frames(path, [74], index))


def test_sound_has_no_frames(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia):
        index_video(sounds.write_tone(tmp_path / "a.wav"))


def test_arrays_of_the_index_cannot_be_changed(tmp_path: Path) -> None:
    index = index_video(videos.write_clip(tmp_path / "a.mp4", sound=False, seconds=0.4))
    with pytest.raises(ValueError, match="read-only"):
        index.times_s[0] = 1.0


def test_playlists_are_never_followed() -> None:
    allowed = set(ffmpeg._DEMUXERS.split(","))
    assert not allowed & {"hls", "dash", "concat", "sdp", "rtsp", "lavfi", "image2", "tty", "webm_dash_manifest"}
    assert allowed <= {part for name in av.formats_available for part in name.split(",")}


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "h264.avi", "vp9.webm", "transport.ts"])
def test_random_damage_never_leaks_a_foreign_error(tmp_path: Path, name: str) -> None:
    whole = np.frombuffer(write(tmp_path, name).read_bytes(), np.uint8)
    path = tmp_path / "damaged"
    rng = np.random.default_rng(0)
    for turn in range(10):
        data = whole.copy()
        reach = data.size if turn % 2 else 2000
        data[rng.integers(0, reach, 12)] = rng.integers(0, 256, 12)
        path.write_bytes(data.tobytes())
        try:
            info, index = probe_with_index(path)
            if index is not None:
                list(iter_frames(path, range(0, index.frame_count, 5), index))
            if info.has_audio:
                list(stream_sound(path))
        except InputError:
            continue


def test_several_threads_may_decode_at_once(tmp_path: Path) -> None:
    path = videos.write_clip(tmp_path / "a.mp4", sound=False)
    index = index_video(path)

    def numbers(_: int) -> list[int]:
        return [videos.read_number(frame.pixels_rgb_u8) for frame in iter_frames(path, [0, 10, 30, 49], index)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(numbers, range(12))) == [[0, 10, 30, 49]] * 12
