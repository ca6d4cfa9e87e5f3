"""Checks: every trouble is planted and found, and a clean set is called clean."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.makers import images, sounds, videos
from tests.unit.datasets.made import row
from unmask.core.events import Advanced
from unmask.datasets.check import Findings, check
from unmask.datasets.confounds import find_confounds
from unmask.datasets.describe import describe
from unmask.datasets.duplicates import near_pairs
from unmask.datasets.facts import Facts, measure_one
from unmask.datasets.manifest import Row
from unmask.media.image import read_image
from unmask.media.pixels import jpeg_quantisation, perceptual_hash
from unmask.media.wear.degrade import jpeg


def picture(path: Path, seed: int, image_format: str = "PNG") -> Path:
    """Coarse clouds of colour: pictures of different seeds have nothing in common."""
    clouds = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), np.uint8)
    return images.write_image(
        path, cv2.resize(clouds, (192, 192), interpolation=cv2.INTER_CUBIC), image_format=image_format
    )


def named(findings: Findings) -> dict[str, int]:
    return {problem.name: problem.count for problem in findings.problems}


def clean(folder: Path) -> list[Row]:
    return [
        row(str(picture(folder / f"{at}.png", at)), at % 2, group=f"p{at}", split="train" if at < 8 else "test")
        for at in range(12)
    ]


def test_a_clean_set(tmp_path: Path) -> None:
    heard: list[Advanced] = []
    findings = check(clean(tmp_path), listener=heard.append)
    assert findings.is_clean, findings.problems
    assert findings.sides == {"train": 8, "test": 4}
    assert [event.done for event in heard if event.stage == "check"] == list(range(1, 13))
    assert {event.stage: event.done == event.total for event in heard} == dict.fromkeys(
        ("check", "give-aways", "look-alikes"), True
    )


def test_missing_and_corrupt_files(tmp_path: Path) -> None:
    rows = clean(tmp_path)
    rows[0].path.unlink()
    images.cut(rows[1].path, 0.5)
    rows[2].path.write_bytes(b"")
    rows[3].path.write_text("<html>404</html>")
    findings = check(rows)
    assert named(findings) == {"missing": 1, "corrupt": 3}
    assert not findings.is_clean
    assert str(rows[0].path) in findings.problems[0].examples[0]


def test_equal_bytes(tmp_path: Path) -> None:
    rows = clean(tmp_path)
    shutil.copy(rows[0].path, rows[2].path)  # both genuine, both train
    shutil.copy(rows[4].path, rows[10].path)  # both genuine, train and test
    shutil.copy(rows[6].path, rows[7].path)  # genuine and forged, both train
    assert named(check(rows)) == {"repeat": 2, "duplicate": 1, "label_conflict": 1}


def test_only_repeats_are_no_serious_problem(tmp_path: Path) -> None:
    rows = clean(tmp_path)
    shutil.copy(rows[0].path, rows[2].path)
    assert check(rows).is_clean


def test_the_same_picture_saved_again_on_another_side(tmp_path: Path) -> None:
    rows = clean(tmp_path)
    pixels, _ = read_image(rows[0].path)
    images.write_image(rows[11].path, pixels[::2, ::2], image_format="JPEG")
    findings = check(rows)
    assert named(findings) == {"near_duplicate": 1}
    assert "0.png" in findings.problems[0].examples[0]
    assert "11.png" in findings.problems[0].examples[0]


def test_a_person_on_two_sides(tmp_path: Path) -> None:
    rows = clean(tmp_path)
    rows[11] = row(str(rows[11].path), 1, group="p0", split="test")
    findings = check(rows)
    assert named(findings) == {"leak": 1}
    assert findings.problems[0].examples == ("p0: test, train",)


def test_the_form_of_files_tells_the_label(tmp_path: Path) -> None:
    formats = ("PNG", "JPEG")
    rows = [row(str(picture(tmp_path / f"{at}", at, formats[at % 2])), at % 2, group=f"p{at}") for at in range(44)]
    findings = check(rows)
    (confound,) = findings.confounds
    assert confound.is_problem
    assert confound.together.low > 0.9
    assert confound.alone["file type"] > 0.9
    assert named(findings) == {"confound": 44}


def test_sound_that_is_louder_when_forged() -> None:
    rng = np.random.default_rng(0)
    rows = [row(f"{at}.wav", at % 2, kind="audio", group=f"g{at}") for at in range(80)]
    loud = [Facts(format="wav", bytes=1000, duration_s=2.0, level_db=-30 + 20 * r.label + rng.normal()) for r in rows]
    (confound,) = find_confounds(rows, loud)
    assert confound.alone["level"] > 0.95
    quiet = [Facts(format="wav", bytes=1000, duration_s=2.0, level_db=rng.normal()) for _ in rows]
    (innocent,) = find_confounds(rows, quiet)
    assert not innocent.is_problem


def test_groups_stay_together_when_confounds_are_looked_for() -> None:
    """Each group has its own size and one label: without groups, the size would give the label away."""
    rng = np.random.default_rng(1)
    rows = [row(f"{at}", at // 10 % 2, group=f"g{at // 10}") for at in range(500)]
    sizes = rng.permutation(50)
    facts = [Facts(format="PNG", bytes=int(sizes[at // 10]), width_px=9, height_px=9) for at in range(500)]
    (confound,) = find_confounds(rows, facts)
    assert not confound.is_problem


def test_too_few_groups_are_passed_over() -> None:
    rows = [row(f"{at}", at % 2, group=f"g{at % 4}") for at in range(40)]
    assert find_confounds(rows, [Facts(format="PNG")] * 40) == []


def test_facts_of_every_kind(tmp_path: Path) -> None:
    clip = videos.write_clip(tmp_path / "c.mp4", seconds=1.0, size=(64, 48))
    seen = measure_one(row(str(clip), kind="video"), decode=True)
    assert (seen.width_px, seen.height_px, seen.frame_rate_hz, seen.fault) == (64, 48, 25.0, "")
    assert seen.phash
    assert seen.sample_rate_hz == 44100
    voice = sounds.write_sound(tmp_path / "v.wav", sounds.tone(2.0, level=0.5))
    heard = measure_one(row(str(voice), kind="audio"), decode=True)
    assert heard.level_db == pytest.approx(-9.0, abs=0.1)  # 0.5 / sqrt(2)
    assert heard.duration_s == pytest.approx(2.0, abs=0.05)
    silent = sounds.write_silence(tmp_path / "s.wav")
    assert measure_one(row(str(silent), kind="audio"), decode=True).level_db == -100.0
    assert "the manifest calls it audio" in measure_one(row(str(clip), kind="audio"), decode=True).fault


def test_near_pairs_agree_with_comparing_all() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (60, 32), np.uint8)
    near = base[:30].copy()
    for at, line in enumerate(near):
        bits = np.unpackbits(line)
        bits[rng.choice(256, at, replace=False)] ^= 1
        near[at] = np.packbits(bits)
    table = np.concatenate([base, near])
    sides = ["train"] * 60 + ["test"] * 30
    apart = np.unpackbits(table[:, None] ^ table[None], axis=2).sum(axis=2)
    wanted = [(i, j) for i in range(60) for j in range(60, 90) if apart[i, j] <= 12]
    assert len(wanted) == 13
    assert near_pairs([line.tobytes().hex() for line in table], sides) == wanted


def test_flat_pictures_and_sound_are_no_pairs() -> None:
    assert near_pairs(["0" * 64, "0" * 64, "", ""], ["a", "b", "a", "b"]) == []


def test_hashes_survive_compression_and_tell_pictures_apart(tmp_path: Path) -> None:
    def bits(pixels: np.ndarray) -> np.ndarray:
        return np.unpackbits(np.frombuffer(bytes.fromhex(perceptual_hash(pixels)), np.uint8))

    first, second = (read_image(picture(tmp_path / f"{at}.png", at))[0] for at in (1, 2))
    assert (bits(first) != bits(jpeg(first, 30))).sum() <= 12
    assert (bits(first) != bits(second)).sum() > 12


def test_quantisation_follows_quality(tmp_path: Path) -> None:
    steps = []
    for quality in (30, 60, 90):
        Image.fromarray(images.draw_portrait()).save(tmp_path / "q.jpg", quality=quality)
        steps.append(jpeg_quantisation(tmp_path / "q.jpg"))
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > 60
    assert steps[2] < 15


def test_a_description(tmp_path: Path) -> None:
    rows = clean(tmp_path)
    rows[0].path.unlink()
    clip = videos.write_clip(tmp_path / "c.mp4", seconds=1.0, size=(64, 48), sound=False)
    found = describe([*rows, row(str(clip), 1, kind="video", source="t", group="v")])
    assert (found.media, found.unreadable) == (13, 1)
    assert [(t.kind, t.name, t.real, t.fake, t.groups) for t in found.sources] == [
        ("image", "s", 6, 6, 12),
        ("video", "t", 0, 1, 1),
    ]
    assert [(t.name, t.fake) for t in found.methods] == [("gan", 6), ("gan", 1)]
    sizes = {(each.kind, each.what): each.counts for each in found.histograms}
    assert sizes["image", "shorter side, px"] == {"real": (0, 0, 5, 0, 0, 0, 0), "fake": (0, 0, 6, 0, 0, 0, 0)}
    assert sizes["video", "length, s"]["fake"] == (0, 1, 0, 0, 0, 0, 0, 0)
