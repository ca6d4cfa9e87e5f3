"""Bad input, one file of each kind: a clear error or an abstention with a reason; the rest of the batch is done."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.makers import images, people, sounds, videos
from unmask.core.evidence import ScanFailure, ScanReport
from unmask.scanning.many import scan_many
from unmask.scanning.plan import ScanPlan
from unmask.scanning.walk import files

Make = Callable[[Path], Path]
_BAD: dict[str, tuple[Make, str, str]] = {}
_ODD: dict[str, tuple[Make, str]] = {}


def bad(error: str, words: str) -> Callable[[Make], Make]:
    """Register a maker of a file that must fail with this error and these words."""

    def register(make: Make) -> Make:
        _BAD[make.__name__] = (make, error, words)
        return make

    return register


def odd(reason: str) -> Callable[[Make], Make]:
    """Register a maker of a file that must be scanned, all detectors abstaining for this reason."""

    def register(make: Make) -> Make:
        _ODD[make.__name__] = (make, reason)
        return make

    return register


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@bad("InputError", "does not exist")
def missing(folder: Path) -> Path:
    return folder / "gone.jpg"


@bad("InputError", "empty")
def empty(folder: Path) -> Path:
    return written(folder / "empty.jpg", b"")


@bad("UnsupportedMedia", "a text file")
def text_named_jpg(folder: Path) -> Path:
    return written(folder / "text.jpg", b"Dear reader, this is no picture.\n" * 9)


@bad("UnsupportedMedia", "PDF")
def document_named_mp4(folder: Path) -> Path:
    return written(folder / "report.mp4", b"%PDF-1.7\n" + b"x" * 500)


@bad("UnsupportedMedia", "")
def noise_named_wav(folder: Path) -> Path:
    return written(folder / "noise.wav", np.random.default_rng(1).bytes(5000))


@bad("DecodeFailed", "complete")
def truncated_jpeg(folder: Path) -> Path:
    return images.cut(people.write_portrait(folder / "cut.jpg", image_format="JPEG"), 0.5)


@bad("DecodeFailed", "")
def truncated_mp4(folder: Path) -> Path:
    return images.cut(videos.write_clip(folder / "cut.mp4", seconds=1.0), 0.5)


@bad("DecodeFailed", "")
def only_a_header_of_mp4(folder: Path) -> Path:
    return images.cut(videos.write_clip(folder / "head.mp4", seconds=1.0), 0.005)


@bad("DecodeFailed", "")
def mp4_without_any_frame(folder: Path) -> Path:
    return written(folder / "none.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0\0\0\x08moov" + b"\0\0\0\x08mdat")


@bad("DecodeFailed", "")
def wav_without_a_sample(folder: Path) -> Path:
    return sounds.write_wav(folder / "none.wav", np.zeros(0, np.int16), 16000)


@bad("MediaTooLarge", "20000x20000")
def gigantic_picture(folder: Path) -> Path:
    return images.write_huge_png(folder / "huge.png")


@bad("InputError", "directory")
def folder_as_a_file(folder: Path) -> Path:
    (folder / "folder.jpg").mkdir()
    return folder / "folder.jpg"


@bad("InputError", "pipe")
def named_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


@bad("InputError", "")
def name_too_long(folder: Path) -> Path:
    return folder / ("a" * 5000 + ".jpg")


@bad("InputError", "")
def link_to_itself(folder: Path) -> Path:
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    return folder / "loop.jpg"


@odd("no_face")
def one_pixel(folder: Path) -> Path:
    return images.write_image(folder / "one.png", np.full((1, 1, 3), 9, np.uint8))


@odd("no_face")
def one_line(folder: Path) -> Path:
    return images.write_image(folder / "line.png", np.full((1, 20_000, 3), 9, np.uint8))


@odd("no_face")
def nobody_in_the_picture(folder: Path) -> Path:
    return images.write_image(folder / "nobody.jpg", images.four_corners(), image_format="JPEG")


@odd("no_face")
def black_picture(folder: Path) -> Path:
    return images.write_image(folder / "black.png", np.zeros((480, 640, 3), np.uint8))


@odd("no_face")
def black_clip(folder: Path) -> Path:
    return people.write_still_clip(folder / "black.mp4", np.zeros((120, 160, 3), np.uint8), seconds=1.0)


@odd("face_too_small")
def faces_of_ten_pixels(folder: Path) -> Path:
    wall = np.full((400, 400, 3), 120, np.uint8)
    for left in (40, 160, 280):
        small = cv2.resize(np.array(people.portrait()), (64, 64), interpolation=cv2.INTER_AREA)
        wall[200:264, left : left + 64] = small
    return images.write_image(folder / "crowd.png", wall)


@odd("no_speech")
def silence(folder: Path) -> Path:
    return sounds.write_silence(folder / "silence.flac")


@odd("no_speech")
def only_a_tone(folder: Path) -> Path:
    return sounds.write_tone(folder / "tone.wav", rate_hz=8000)


@odd("no_speech")
def all_samples_nan(folder: Path) -> Path:
    return sounds.write_wav(folder / "nan.wav", np.full(48000, np.nan, np.float32), 16000)


@odd("no_speech")
def constant_level(folder: Path) -> Path:
    return sounds.write_wav(folder / "constant.wav", np.full(48000, 12000, np.int16), 16000)


@odd("out_of_domain")
def song(folder: Path) -> Path:
    return sounds.write_sound(folder / "song.wav", sounds.speech_like(8.0) + sounds.strummed(8.0))


@odd("no_speech")
def one_sample(folder: Path) -> Path:
    return sounds.write_wav(folder / "one.wav", np.full(1, 999, np.int16), 16000)


@pytest.fixture
def scan_one(tiny_plan: ScanPlan) -> Callable[[Path], ScanReport | ScanFailure]:
    return lambda path: next(iter(scan_many([path], tiny_plan)))


@pytest.mark.parametrize("name", _BAD)
def test_a_clear_error(name: str, tmp_path: Path, scan_one) -> None:
    make, error, words = _BAD[name]
    result = scan_one(make(tmp_path))
    assert isinstance(result, ScanFailure)
    assert result.error == error
    assert words in result.message
    assert result.message.rstrip().endswith(".")


@pytest.mark.parametrize("name", _ODD)
def test_an_abstention_with_a_reason(name: str, tmp_path: Path, scan_one) -> None:
    make, reason = _ODD[name]
    result = scan_one(make(tmp_path))
    assert isinstance(result, ScanReport)
    assert (result.verdict, result.p_fake, result.interval) == ("inconclusive", None, None)
    assert {entry.abstained for entry in result.evidence} == {reason}
    assert result.reasons


def test_one_bad_file_never_stops_the_others(tmp_path: Path, gallery: Path, tiny_plan: ScanPlan) -> None:
    batch, expected = [], []
    for number, (name, (make, error, _)) in enumerate(_BAD.items()):
        (tmp_path / name).mkdir()
        batch += [make(tmp_path / name), gallery / ("blue.png", "faceless.png", "genuine.png")[number % 3]]
        expected += [error, None]
    results = list(scan_many(batch, tiny_plan))
    assert [result.error if isinstance(result, ScanFailure) else None for result in results] == expected
    verdicts = {result.media.path.name: result.verdict for result in results if isinstance(result, ScanReport)}
    assert verdicts == {"blue.png": "likely_fake", "faceless.png": "inconclusive", "genuine.png": "likely_real"}


def test_an_mp4_without_video_is_a_recording(tmp_path: Path, scan_one) -> None:
    path = sounds.write_sound(tmp_path / "a.mp4", sounds.speech_like(5.0), suffix=".m4a")
    result = scan_one(path)
    assert isinstance(result, ScanReport)
    assert result.media.kind == "audio"
    assert [entry.detector for entry in result.evidence] == ["tiny-speech"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_header_that_claims_ten_hours_costs_no_time(tmp_path: Path, scan_one, suffix: str) -> None:
    path = videos.claim_duration(people.write_still_clip(tmp_path / f"a{suffix}", people.bust(), sound=True), 10)
    result = scan_one(path)
    assert isinstance(result, ScanReport)
    assert result.media.duration_s < 4
    assert result.timings_s["total"] < 20
    assert result.warnings
    assert result.evidence[0].units == 8


def test_a_small_wav_that_claims_ten_hours(tmp_path: Path, scan_one) -> None:
    path = sounds.write_speech_like(tmp_path / "a.wav", seconds=5.0)
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    struct.pack_into("<I", data, at + 4, 36_000 * 32_000)
    path.write_bytes(data)
    result = scan_one(path)
    assert isinstance(result, ScanReport)
    assert result.media.duration_s < 6
    assert result.evidence[0].abstained is None


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (11025, 1), (44100, 2), (96000, 6), (96000, 8)])
def test_any_rate_and_number_of_channels(tmp_path: Path, scan_one, rate_hz: int, channels: int) -> None:
    samples = np.repeat(sounds.speech_like(5.0, rate_hz)[:, None], channels, axis=1)
    result = scan_one(sounds.write_wav(tmp_path / "a.wav", samples, rate_hz))
    assert isinstance(result, ScanReport)
    assert (result.media.sample_rate_hz, result.media.channels) == (rate_hz, channels)
    assert result.p_fake is not None


def test_samples_that_are_no_numbers(tmp_path: Path, scan_one) -> None:
    samples = sounds.speech_like(5.0)
    samples[1000:1100] = np.nan
    samples[2000] = np.inf
    samples[3000] = -1e30
    result = scan_one(sounds.write_wav(tmp_path / "a.wav", samples, 16000))
    assert isinstance(result, ScanReport)
    for value in (result.p_fake, *(result.interval or ())):
        assert value is None or 0 <= value <= 1


def test_a_clip_with_damaged_frames_is_scanned_with_a_warning(tmp_path: Path, scan_one) -> None:
    path = people.write_still_clip(tmp_path / "a.mkv", people.bust(), seconds=2.0)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for at in rng.integers(len(data) // 3, len(data) - 200, 40):
        data[at] ^= 0xFF
    path.write_bytes(data)
    result = scan_one(path)
    assert isinstance(result, (ScanReport, ScanFailure))
    if isinstance(result, ScanFailure):
        assert result.error == "DecodeFailed"


@pytest.mark.parametrize("kind", ["genuine.png", "genuine.mp4", "quiet.wav"])
def test_random_damage_never_leaks_a_foreign_error(tmp_path: Path, gallery: Path, scan_one, kind: str) -> None:
    whole = np.frombuffer((gallery / kind).read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(8):
        data = whole.copy()
        data[rng.integers(0, data.size, 20)] = rng.integers(0, 256, 20)
        data[rng.integers(0, 300, 2)] = rng.integers(0, 256, 2)
        assert isinstance(scan_one(written(tmp_path / kind, data.tobytes())), (ScanReport, ScanFailure))


def test_a_video_whose_sound_is_damaged_is_judged_by_its_faces(tmp_path: Path, scan_one, monkeypatch) -> None:
    from unmask.core.errors import DecodeFailed
    from unmask.scanning import pipeline

    def fail(*_arguments: object, **_settings: object) -> None:
        message = "broken sound."
        raise DecodeFailed(message)

    monkeypatch.setattr(pipeline, "listen", fail)
    result = scan_one(people.write_still_clip(tmp_path / "a.mp4", people.bust(blue=True), sound=True))
    assert isinstance(result, ScanReport)
    assert result.verdict == "likely_fake"
    assert any("sound track was left out" in warning for warning in result.warnings)


def test_a_loop_of_folders_ends(tmp_path: Path, gallery: Path, tiny_plan: ScanPlan) -> None:
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "one" / "two" / "back").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "one" / "a.png").symlink_to(gallery / "blue.png")
    (result,) = scan_many(list(files([tmp_path])), tiny_plan)
    assert isinstance(result, ScanReport)
    assert result.verdict == "likely_fake"


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder in which a file and a folder may not be read; a root process becomes another user for a while."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people.write_portrait(folder / "closed.png")
        people.write_portrait(folder / "open.png")
        (folder / "closed.png").chmod(0)
        (folder / "room").mkdir()
        (folder / "room").chmod(0)
        folder.chmod(0o755)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            (folder / "room").chmod(0o700)


def test_files_that_may_not_be_read(closed_folder: Path) -> None:
    paths = list(files([closed_folder]))
    assert [path.name for path in paths] == ["closed.png", "open.png", "room"]
    plan = ScanPlan(face="", speech="")  # The tiny models may not be readable for the user that the test becomes.
    closed, whole, room = scan_many(paths, plan)
    assert isinstance(closed, ScanFailure)
    assert "may not be read" in closed.message
    assert isinstance(whole, ScanReport)
    assert isinstance(room, ScanFailure)
