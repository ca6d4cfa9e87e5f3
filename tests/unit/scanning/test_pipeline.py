"""One medium in, one report out, with the tiny models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.makers import images, models, people, sounds, videos
from unmask.core.errors import MediaTooLarge
from unmask.core.events import Advanced
from unmask.core.evidence import ScanReport
from unmask.media.limits import Limits
from unmask.scanning import pipeline as pipelines
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan
from unmask.scanning.sight import FRAMES_AT_ONCE

Scan = Callable[..., ScanReport]


@pytest.fixture
def scan(tiny_plan: ScanPlan, gallery: Path) -> Scan:
    """Scan a file of the gallery, or any path, with changed settings."""

    def run(path: str | Path, **settings: object) -> ScanReport:
        return Pipeline(replace(tiny_plan, **settings)).scan(gallery / path)  # type: ignore[arg-type]

    return run


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("genuine.png", "likely_real"),
        ("blue.png", "likely_fake"),
        ("genuine.mp4", "likely_real"),
        ("blue.mp4", "likely_fake"),
        ("pair.mp4", "likely_fake"),
        ("quiet.wav", "likely_real"),
        ("loud.wav", "likely_fake"),
        ("faceless.png", "inconclusive"),
        ("faceless.mp4", "inconclusive"),
        ("silence.wav", "inconclusive"),
    ],
)
def test_verdicts(scan: Scan, name: str, verdict: str) -> None:
    report = scan(name)
    assert report.verdict == verdict
    assert report.reasons
    assert (report.p_fake is None) == (verdict == "inconclusive")
    assert (report.interval is None) == (report.p_fake is None)
    if report.p_fake is not None and report.interval is not None:
        assert 0 <= report.interval[0] <= report.p_fake <= report.interval[1] <= 1
    assert 0 <= report.coverage <= 1
    assert report.timings_s["total"] >= max(value for key, value in report.timings_s.items() if key != "total")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("faceless.png", {"tiny-face": "no_face"}),
        ("faceless.mp4", {"tiny-face": "no_face"}),
        ("silence.wav", {"tiny-speech": "no_speech"}),
    ],
)
def test_abstentions(scan: Scan, name: str, expected: dict[str, str]) -> None:
    report = scan(name)
    assert {entry.detector: entry.abstained for entry in report.evidence} == expected
    assert report.coverage == 0
    assert report.timeline == ()
    assert all(entry.weight == 0 and entry.detail for entry in report.evidence)


def test_a_video_is_judged_by_faces_and_voice(scan: Scan) -> None:
    report = scan("genuine.mp4")
    assert [(entry.detector, entry.modality) for entry in report.evidence] == [
        ("tiny-face", "face"),
        ("tiny-speech", "audio"),
    ]
    assert sum(entry.weight for entry in report.evidence) == pytest.approx(1)
    assert {point.modality for point in report.timeline} == {"face", "audio"}
    assert [point.t_s for point in report.timeline] == sorted(point.t_s for point in report.timeline)


@pytest.mark.parametrize(
    ("settings", "detectors"),
    [({"speech": ""}, ["tiny-face"]), ({"face": ""}, ["tiny-speech"]), ({"face": "", "speech": ""}, [])],
    ids=["face only", "speech only", "neither"],
)
def test_a_modality_can_be_left_out(scan: Scan, settings: dict[str, str], detectors: list[str]) -> None:
    report = scan("genuine.mp4", **settings)
    assert [entry.detector for entry in report.evidence] == detectors
    assert bool(report.people) == ("tiny-face" in detectors)


def test_two_people_are_told_apart(scan: Scan) -> None:
    report = scan("pair.mp4")
    forged = [person for person in report.people if person.spans]
    genuine = [person for person in report.people if not person.spans]
    assert len(forged) == len(genuine) == 1
    assert [person.faces for person in report.people] == [8, 8]
    assert forged[0].p_fake is not None
    assert genuine[0].p_fake is not None
    assert forged[0].p_fake > 0.9
    assert genuine[0].p_fake < 0.1
    assert any(f"person {forged[0].id + 1}" in reason for reason in report.reasons)


def test_the_forged_seconds_of_a_clip_are_found(scan: Scan, tmp_path: Path) -> None:
    """Genuine for two seconds, forged for two, genuine for two."""
    draw = lambda number, _size: people.bust(blue=20 <= number < 40)  # noqa: E731
    path = videos.write_clip(tmp_path / "a.mp4", seconds=6.0, fps=10, size=(240, 240), sound=False, draw=draw)
    report = scan(path, frames=30)
    spans = [span for person in report.people for span in person.spans]
    assert min(span.start_s for span in spans) == pytest.approx(2.0, abs=0.4)
    assert max(span.end_s for span in spans) == pytest.approx(4.0, abs=0.4)
    suspects = [point.t_s for point in report.timeline if point.p_fake > 0.7]
    assert all(1.9 <= t_s <= 4.1 for t_s in suspects)
    assert 8 <= len(suspects) <= 12


class Namer:
    """Takes the colour of a face for who it is."""

    def embed(self, aligned: np.ndarray) -> np.ndarray:
        vector = np.zeros(128, np.float32)
        vector[int(aligned[..., 2].mean() > aligned[..., 0].mean())] = 1.0
        return vector


@pytest.mark.parametrize(("cut", "seconds", "exchanged"), [(False, 8.0, True), (True, 8.0, False), (False, 40.0, True)])
def test_another_persons_face_in_the_same_shot(
    tiny_plan: ScanPlan, tmp_path: Path, *, cut: bool, seconds: float, exchanged: bool
) -> None:
    """For two seconds the face alone is another's, or the whole picture is."""
    portrait, blue = np.array(people.portrait()), people.blue_portrait()
    left, top, right, bottom = people.FACE_BOX
    swapped = portrait.copy()
    swapped[top:bottom, left:right] = blue[top:bottom, left:right]
    elsewhere = np.where(swapped == portrait, 255 - portrait // 2, swapped)

    def draw(number: int, _size: tuple[int, int]) -> np.ndarray:
        return (elsewhere if cut else swapped) if 30 <= number < 50 else portrait

    path = videos.write_clip(tmp_path / "a.mp4", seconds=seconds, fps=10, size=(512, 512), sound=False, draw=draw)
    pipeline = Pipeline(replace(tiny_plan, frames=32))
    pipeline._kit.__dict__["_identifier"] = Namer()
    report = pipeline.scan(path)
    told = any("another person's" in reason for reason in report.reasons)
    assert told == exchanged
    if exchanged:
        assert report.verdict == "likely_fake"
        spans = [span for person in report.people for span in person.spans]
        assert min(abs(span.start_s - 3.0) for span in spans) < 0.4
        assert min(abs(span.end_s - 5.0) for span in spans) < 0.4


def test_a_person_who_is_there_half_of_the_time(scan: Scan, tmp_path: Path) -> None:
    wall = np.full((240, 240, 3), 128, np.uint8)
    draw = lambda number, _size: people.bust() if number < 10 else wall  # noqa: E731
    path = videos.write_clip(tmp_path / "a.mp4", seconds=2.0, fps=10, size=(240, 240), sound=False, draw=draw)
    report = scan(path, frames=20)
    assert report.coverage == pytest.approx(0.5, abs=0.06)
    assert report.evidence[0].units == pytest.approx(10, abs=1)
    assert report.verdict == "likely_real"


def test_too_little_coverage_never_clears_a_clip(scan: Scan, tmp_path: Path) -> None:
    wall = np.full((240, 240, 3), 128, np.uint8)
    draw = lambda number, _size: people.bust() if number < 3 else wall  # noqa: E731
    path = videos.write_clip(tmp_path / "a.mp4", seconds=2.0, fps=10, size=(240, 240), sound=False, draw=draw)
    report = scan(path, frames=20)
    assert report.p_fake is not None
    assert report.p_fake < 0.3
    assert report.verdict == "inconclusive"
    assert any("15%" in reason for reason in report.reasons)


@pytest.mark.parametrize(("settings", "units"), [({"frames": 5}, 5), ({"frames": 99}, 20), ({"every": 7}, 3)], ids=str)
def test_the_number_of_frames(scan: Scan, settings: dict[str, int], units: int) -> None:
    report = scan("blue.mp4", **settings)
    assert report.evidence[0].units == units
    if settings.get("every"):
        assert [point.t_s for point in report.timeline] == pytest.approx([0.0, 0.7, 1.4], abs=0.01)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_gets_the_same_answer(scan: Scan, tmp_path: Path, turns: int) -> None:
    path = images.write_image(tmp_path / "a.png", np.ascontiguousarray(np.rot90(people.portrait(), turns)))
    upright, turned = scan("genuine.png").p_fake, scan(path).p_fake
    assert upright is not None
    assert turned == pytest.approx(upright, abs=0.01)


@pytest.mark.parametrize("side", [90, 64])
def test_faces_too_small_are_an_abstention(scan: Scan, tmp_path: Path, side: int) -> None:
    wall = np.full((600, 600, 3), 120, np.uint8)
    wall[400 : 400 + side, 300 : 300 + side] = cv2.resize(
        np.array(people.portrait()), (side, side), interpolation=cv2.INTER_AREA
    )
    report = scan(images.write_image(tmp_path / "a.png", wall))
    assert report.evidence[0].abstained == "face_too_small"
    assert report.verdict == "inconclusive"
    assert report.people[0].abstained == "face_too_small"


def test_frames_flow(scan: Scan, gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than a few frames are held, whatever the length of the clip."""
    alive: list[int] = []
    most = 0
    real = pipelines.iter_frames

    def watched(*args: object, **kwargs: object):
        nonlocal most
        import weakref

        for frame in real(*args, **kwargs):  # type: ignore[arg-type]
            pixels = frame.pixels_rgb_u8.base
            alive.append(frame.index)
            weakref.finalize(pixels, alive.remove, frame.index)
            most = max(most, len(alive))
            del pixels
            yield frame

    monkeypatch.setattr(pipelines, "iter_frames", watched)
    report = scan("blue.mp4", frames=20)
    assert report.evidence[0].units == 20
    # One batch is judged, the next is gathered, and a third is decoded ahead where decoding is quicker.
    assert 1 <= most <= 3 * FRAMES_AT_ONCE + 1


@pytest.mark.parametrize("exhibits", [0, 1, 3])
def test_exhibits_are_kept_only_when_wanted(scan: Scan, exhibits: int) -> None:
    report = scan("pair.mp4", exhibits=exhibits)
    assert len(report.exhibits) == exhibits
    for exhibit in report.exhibits:
        assert exhibit.pixels_rgb_u8.shape == (240, 480, 3)
        assert len(exhibit.faces) == len(exhibit.heatmaps) == 2
        assert all(heat.min() >= 0 and heat.max() <= 1 for _, heat in exhibit.heatmaps)
    assert [exhibit.time_s for exhibit in report.exhibits] == sorted(exhibit.time_s for exhibit in report.exhibits)


def test_exhibits_show_the_faces_of_their_own_moment(scan: Scan, tmp_path: Path) -> None:
    draw = lambda number, _size: people.bust(blue=20 <= number < 40)  # noqa: E731
    path = videos.write_clip(tmp_path / "a.mp4", seconds=6.0, fps=10, size=(240, 240), sound=False, draw=draw)
    report = scan(path, frames=30, exhibits=4)
    assert len(report.exhibits) == 4
    for exhibit in report.exhibits:
        wanted = [(point.person, point.p_fake) for point in report.timeline if point.t_s == exhibit.time_s]
        assert [(person, p_fake) for person, _, p_fake in exhibit.faces] == wanted
        reddish = exhibit.pixels_rgb_u8[..., 0].mean() > exhibit.pixels_rgb_u8[..., 2].mean()
        assert reddish == (wanted[0][1] < 0.5)
    assert any(p_fake is not None and p_fake > 0.7 for exhibit in report.exhibits for _, _, p_fake in exhibit.faces)


def test_exhibits_do_not_change_the_answer(scan: Scan) -> None:
    without, with_ = scan("genuine.mp4"), scan("genuine.mp4", exhibits=3)
    assert without.p_fake == with_.p_fake
    assert without.timeline == with_.timeline
    assert without.sound is None
    assert with_.sound is not None


def test_large_pictures_are_shown_small_with_boxes_in_place(scan: Scan, tmp_path: Path) -> None:
    large = cv2.resize(np.array(people.portrait()), (2560, 2560), interpolation=cv2.INTER_LINEAR)
    report = scan(images.write_image(tmp_path / "a.jpg", large, image_format="JPEG"), exhibits=1)
    (exhibit,) = report.exhibits
    assert exhibit.pixels_rgb_u8.shape == (1280, 1280, 3)
    ((_, box, p_fake),) = exhibit.faces
    assert box == pytest.approx([value * 2.5 for value in people.FACE_BOX], abs=15)
    assert p_fake is not None


def test_scanning_twice_gives_the_same_report(tiny_plan: ScanPlan, gallery: Path) -> None:
    pipeline = Pipeline(tiny_plan)
    for name in ("genuine.mp4", "pair.mp4", "quiet.wav", "blue.png"):
        one, other = (replace(pipeline.scan(gallery / name), timings_s={}) for _ in range(2))
        assert one == other


def test_windows_of_a_long_recording_cover_it(scan: Scan, tmp_path: Path) -> None:
    report = scan(sounds.write_speech_like(tmp_path / "a.flac", seconds=21.0))
    assert report.evidence[0].units == 10
    times = [point.t_s for point in report.timeline]
    assert min(times) < 4
    assert max(times) > 17


def test_speech_in_part_of_a_recording_is_scored_there(scan: Scan, tmp_path: Path) -> None:
    silence = np.zeros(8 * 16000, np.float32)
    samples = np.concatenate([silence, sounds.speech_like(6.0), silence])
    report = scan(sounds.write_sound(tmp_path / "a.wav", samples))
    assert 0 < report.coverage < 0.7
    assert all(6 < point.t_s < 16 for point in report.timeline)


def test_stages_are_announced_in_order(tiny_plan: ScanPlan, gallery: Path) -> None:
    heard: list[Advanced] = []
    pipeline = Pipeline(tiny_plan)
    pipeline.warm()
    pipeline.scan(gallery / "genuine.mp4", listener=heard.append)
    stages = list(dict.fromkeys(event.stage for event in heard))
    assert stages == ["probing", "looking", "listening", "concluding"]
    looking = [event for event in heard if event.stage == "looking"]
    assert [event.done for event in looking] == list(range(tiny_plan.frames))
    assert {event.total for event in looking} == {tiny_plan.frames}


def test_a_listener_can_end_a_scan(tiny_plan: ScanPlan, gallery: Path) -> None:
    def stop(event: Advanced) -> None:
        if event.stage == "looking":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Pipeline(tiny_plan).scan(gallery / "genuine.png", listener=stop)


def test_limits_of_the_operator_hold(tiny_plan: ScanPlan, gallery: Path) -> None:
    pipeline = Pipeline(tiny_plan, limits=Limits(max_image_pixels=1000, max_duration_s=1.5))
    with pytest.raises(MediaTooLarge, match="expected at most 1,000 pixels"):
        pipeline.scan(gallery / "genuine.png")
    with pytest.raises(MediaTooLarge, match=r"lasts 2\.0 s; expected at most 1\.5 s"):
        pipeline.scan(gallery / "genuine.mp4")


@pytest.fixture
def spliced(tmp_path: Path) -> Path:
    """Half a minute of a genuine portrait, two seconds of it blue."""
    real, blue = people.bust(), people.bust(blue=True)
    return videos.write_clip(
        tmp_path / "spliced.mp4",
        seconds=30,
        fps=10,
        size=(240, 240),
        sound=False,
        draw=lambda number, _size: blue if 120 <= number < 140 else real,
    )


def test_two_forged_seconds_of_thirty_turn_the_verdict(scan: Scan, spliced: Path, tmp_path: Path) -> None:
    without = scan(spliced, frames=32)
    assert without.verdict == "likely_real"
    card = models.write_face_model(
        tmp_path / "parts",
        calibration="{ unit_slope = 1.0, unit_offset = 0.0, medium_slope = 1.5, medium_offset = 0.0, "
        'likely_real_below = 0.3, likely_fake_above = 0.7, fitted_on = ["nothing"], residual = 0.5, contrast = 1.0 }',
    )
    report = scan(spliced, face=str(card), frames=32, exhibits=2)
    assert report.verdict == "likely_fake"
    (span,) = report.people[0].spans
    assert (span.start_s, span.end_s) == pytest.approx((12.0, 14.0), abs=0.3)
    assert report.reasons[0].startswith("The faces between 0:12 and 0:14 look forged")
    assert len(report.timeline) > len(without.timeline) + 8
    assert len([exhibit for exhibit in report.exhibits if 12 <= exhibit.time_s < 14]) == 2
