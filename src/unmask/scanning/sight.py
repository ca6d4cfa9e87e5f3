"""Look at the pictures of a medium: faces, their scores, the people they belong to. Memory stays flat."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np

from unmask.core.evidence import Abstention, Score
from unmask.core.records import Box, Exhibit, Face, FaceCrop, Frame, Track, U8Array
from unmask.detectors.face_clip import FaceClipDetector
from unmask.explain.activation import face_heatmap
from unmask.faces.crop import crop_face, quarter_turns, square_around
from unmask.faces.detect import Search
from unmask.faces.exchange import (
    CLEAR,
    FEWEST_CLEAR,
    REACH_CLEAR,
    Exchange,
    FacePrint,
    exchange,
    scene_of,
    seats,
    shows_who,
)
from unmask.faces.identity import align
from unmask.faces.track import Linker, overlap
from unmask.fusion.calibrate import unit_evidence, unit_probability
from unmask.scanning.kit import Kit
from unmask.scanning.sequences import Sequences
from unmask.scanning.wear import MOST_FRAMES, WornFace, due, wear_faces

FRAMES_AT_ONCE = 4
_EXHIBIT_PX = 1280
_SAME_PLACE = 0.2
_HEATMAP_PX = 224
_MOST_PRINTED = 4
"""Faces of one frame, largest first, that are kept to tell who they look like."""


@dataclass(slots=True)
class Sighting:
    """What was seen.

    Attributes:
        faces: Every face, in order of time.
        answers: One answer a face.
        tracks: People; members index `faces`.
        frames: Frames looked at.
        expected: Frames that were chosen; more than `frames` where some could not be decoded.
        frames_with_face: Frames in which a face was found.
        frames_scored: Frames in which a face was scored.
        exhibits: Pictures for a report, in order of time.
        seconds: Time spent in decode, faces and detect.
        sequences: Crops that wait until it is known whose they are; None for detectors of single crops.
        worn: Some of the scored faces after mild wear, by position in `faces`; empty if their detector's card asks for
            no test of stability.
        closer: Times and logits of further faces, by person, from a second look at a stretch of the clip.
        prints: Some of the faces, by position in `faces`, to tell who they look like.
        exchanged: By person, where a second look has shown that the face is another person's for a while.
    """

    faces: list[Face] = field(default_factory=list)
    answers: list[Score | Abstention] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    frames: int = 0
    expected: int = 0
    frames_with_face: int = 0
    frames_scored: int = 0
    exhibits: tuple[Exhibit, ...] = ()
    seconds: dict[str, float] = field(default_factory=lambda: {"decode": 0.0, "faces": 0.0, "detect": 0.0})
    sequences: Sequences | None = None
    worn: dict[int, WornFace] = field(default_factory=dict)
    closer: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    prints: dict[int, FacePrint] = field(default_factory=dict)
    exchanged: dict[int, Exchange] = field(default_factory=dict)


@dataclass(slots=True)
class _Kept:
    """A frame kept for the report, and which faces it shows."""

    suspicion: float
    time_s: float
    pixels: U8Array
    scale: float
    faces: range


def look(
    frames: Iterable[Frame], kit: Kit, *, search: Search, expected: int, exhibits: int, print_every: int = 0
) -> Sighting:
    """Find, score and follow all faces.

    Args:
        frames: In order of time; consumed lazily, a few at a time.
        kit: Open models.
        search: How hard to look for faces.
        expected: How many frames were chosen.
        exhibits: Most pictures to keep: the most suspicious one of each of so many stretches of the medium.
        print_every: Keep the faces of every n-th frame; 0 for none.

    Returns:
        The sighting.
    """
    seen = Sighting(expected=expected)
    linker = Linker(lambda aligned: kit.identifier.embed(aligned))
    kept: dict[int, _Kept] = {}
    for batch in _batches(frames, seen):
        start = time.perf_counter()
        found = [kit.finder.find(frame, search) for frame in batch]
        for frame, faces in zip(batch, found, strict=True):
            linker.add(frame, faces)
        if print_every:
            _print(batch, found, seen, print_every)
        seen.seconds["faces"] += time.perf_counter() - start
        start = time.perf_counter()
        _score(batch, found, kit, seen)
        _wear(batch, found, kit, seen, expected)
        seen.seconds["detect"] += time.perf_counter() - start
        if exhibits:
            _keep(kept, batch, found, seen, exhibits / max(expected, exhibits))
    start = time.perf_counter()
    seen.tracks = linker.tracks()
    seen.seconds["faces"] += time.perf_counter() - start
    if seen.sequences:
        start = time.perf_counter()
        seen.answers = seen.sequences.answers(seen.tracks)
        answered = [face for face, answer in zip(seen.faces, seen.answers, strict=True) if isinstance(answer, Score)]
        seen.frames_scored = len({face.frame_index for face in answered})
        seen.seconds["detect"] += time.perf_counter() - start
    seen.exhibits = tuple(_exhibit(entry, seen, kit) for entry in sorted(kept.values(), key=lambda entry: entry.time_s))
    return seen


def add_closer(seen: Sighting, again: Sighting) -> None:
    """Add a second look at a stretch of a clip: its faces go to the people whose faces lie nearest.

    Args:
        seen: The first look; gets `closer`, `exchanged`, one exhibit and the time that the second look took.
        again: The second look, its prints described; faces of frames that the first one saw do not count again.
    """
    known = {face.frame_index for face in seen.faces}
    owners = {
        track.id: _owner(
            seen, [(face.time_s, face.box_xyxy_px) for face in map(again.faces.__getitem__, track.members)]
        )
        for track in again.tracks
    }
    _add_exchanges(seen, again)
    for track in again.tracks:
        answers = [(again.faces[member], again.answers[member]) for member in track.members]
        fresh = [(face.time_s, answer) for face, answer in answers if face.frame_index not in known]
        logits = [(time_s, answer.logit) for time_s, answer in fresh if isinstance(answer, Score)]
        owner = owners[track.id]
        if owner is not None and logits:
            seen.closer.setdefault(owner, []).extend(logits)
    shown_already = {exhibit.time_s for exhibit in seen.exhibits}
    for exhibit in again.exhibits:
        if exhibit.time_s in shown_already:
            continue
        boxes = [(owners[one], box, p_fake) for one, box, p_fake in exhibit.faces]
        owned = tuple((owner, box, p_fake) for owner, box, p_fake in boxes if owner is not None)
        seen.exhibits = (*seen.exhibits, replace(exhibit, faces=owned))
    seen.exhibits = tuple(sorted(seen.exhibits, key=lambda exhibit: exhibit.time_s))
    seen.seconds = {part: seconds + again.seconds[part] for part, seconds in seen.seconds.items()}


def _add_exchanges(seen: Sighting, again: Sighting) -> None:
    """Note where the second look shows another person's face; whose place it is, the faces around it tell."""
    for seat in seats(again.faces, again.tracks, again.prints).values():
        found = exchange(seat, fewest=FEWEST_CLEAR, reach=REACH_CLEAR)
        if found is None or found.contrast < CLEAR:
            continue
        around = [*seat[: found.first], *seat[found.last + 1 :]]
        owner = _owner(seen, [(one.time_s, one.box_xyxy_px) for one in around])
        if owner is not None and (owner not in seen.exchanged or found.contrast > seen.exchanged[owner].contrast):
            seen.exchanged[owner] = found


def _owner(seen: Sighting, places: list[tuple[float, Box]]) -> int | None:
    """The person whose face, at the nearest moment of the first look, covers most of these places."""
    votes: Counter[int] = Counter()
    for time_s, box in places:
        nearest = {
            track.id: min((seen.faces[member] for member in track.members), key=lambda one: abs(one.time_s - time_s))
            for track in seen.tracks
        }
        shares = {person: overlap(box, other.box_xyxy_px) for person, other in nearest.items()}
        best = max(shares, key=lambda person: shares[person], default=None)
        if best is not None and shares[best] >= _SAME_PLACE:
            votes[best] += 1
    return votes.most_common(1)[0][0] if votes else None


def _batches(frames: Iterable[Frame], seen: Sighting) -> Iterator[list[Frame]]:
    stream = iter(frames)
    while True:
        start = time.perf_counter()
        batch = list(islice(stream, FRAMES_AT_ONCE))
        seen.seconds["decode"] += time.perf_counter() - start
        if not batch:
            return
        seen.frames += len(batch)
        yield batch


def _print(batch: list[Frame], found: list[list[Face]], seen: Sighting, every: int) -> None:
    """Keep the faces of every n-th frame, before they are added to the sighting."""
    place = len(seen.faces)
    for number, (frame, faces) in enumerate(zip(batch, found, strict=True), start=seen.frames - len(batch)):
        if faces and number % every == 0:
            scene, scale = scene_of(frame)
            for rank, face in enumerate(faces[:_MOST_PRINTED]):
                if shows_who(face):
                    aligned = align(frame, face)
                    seen.prints[place + rank] = FacePrint(frame.time_s, face.box_xyxy_px, aligned, scene, scale)
        place += len(faces)


def _score(batch: list[Frame], found: list[list[Face]], kit: Kit, seen: Sighting) -> None:
    crops: list[FaceCrop] = []
    if any(found):
        wants = kit.face.wants
        for frame, faces in zip(batch, found, strict=True):
            crops.extend(crop_face(frame, face, size_px=wants.size_px, margin=wants.margin) for face in faces)
    answers = _answers(crops, kit, seen) if crops else []
    seen.faces.extend(crop.face for crop in crops)
    seen.answers.extend(answers)
    scored = {crop.face.frame_index for crop, answer in zip(crops, answers, strict=True) if isinstance(answer, Score)}
    seen.frames_with_face += sum(1 for faces in found if faces)
    seen.frames_scored += len(scored)


def _answers(crops: list[FaceCrop], kit: Kit, seen: Sighting) -> list[Score | Abstention]:
    detector = kit.face
    if isinstance(detector, FaceClipDetector):
        seen.sequences = seen.sequences or Sequences(detector)
        return seen.sequences.add(crops)
    return detector.score(crops)


def _wear(batch: list[Frame], found: list[list[Face]], kit: Kit, seen: Sighting, expected: int) -> None:
    """Keep worn crops of the faces of some frames; sequences are too long to be judged again."""
    if not any(found) or seen.sequences or kit.face_calibration.wear_slack is None:
        return
    first = len(seen.faces) - sum(len(faces) for faces in found)
    for number, (frame, faces) in enumerate(zip(batch, found, strict=True), start=seen.frames - len(batch)):
        if due(number, expected):
            answers = list(zip(faces, seen.answers[first : first + len(faces)], strict=True))
            worn = wear_faces(frame, answers, kit.face.wants, frames=min(expected, MOST_FRAMES))
            seen.worn |= {place: face for place, face in enumerate(worn, start=first) if face}
        first += len(faces)


def _keep(
    kept: dict[int, _Kept], batch: list[Frame], found: list[list[Face]], seen: Sighting, stretches_per_frame: float
) -> None:
    """Keep the most suspicious frame of each stretch; frames with a face go before frames without."""
    first = len(seen.faces) - sum(len(faces) for faces in found)
    for number, (frame, faces) in enumerate(zip(batch, found, strict=True), start=seen.frames - len(batch)):
        places = range(first, first + len(faces))
        first += len(faces)
        logits = [answer.logit for answer in seen.answers[places.start : places.stop] if isinstance(answer, Score)]
        suspicion = max(logits, default=-1e9 if places else -2e9)
        stretch = int(number * stretches_per_frame)
        if stretch not in kept or suspicion > kept[stretch].suspicion:
            pixels, scale = shown(frame.pixels_rgb_u8)
            kept[stretch] = _Kept(suspicion, frame.time_s, pixels, scale, places)


def shown(pixels: U8Array) -> tuple[U8Array, float]:
    """Make a picture small enough to be shown; gives the scale as well."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _EXHIBIT_PX / max(height, width))
    if scale == 1.0:
        return pixels.copy(), 1.0
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), scale


def _exhibit(kept: _Kept, seen: Sighting, kit: Kit) -> Exhibit:
    person = {member: track.id for track in seen.tracks for member in track.members}
    boxes, heatmaps = [], []
    for place in kept.faces:
        face, answer = seen.faces[place], seen.answers[place]
        p_fake = None
        if isinstance(answer, Score):
            card = kit.face_calibration
            p_fake = unit_probability(answer.logit, card)
            square = square_around(face.box_xyxy_px, kit.face.wants.margin)
            if answer.heatmap is not None:
                drawn = face_heatmap(unit_evidence(answer.heatmap, card), _HEATMAP_PX)
                drawn = np.rot90(drawn, -quarter_turns(face.landmarks_px))
                heatmaps.append((_times(square, kept.scale), np.ascontiguousarray(drawn)))
        boxes.append((person[place], _times(face.box_xyxy_px, kept.scale), p_fake))
    return Exhibit(kept.time_s, kept.pixels, tuple(boxes), tuple(heatmaps))


def _times(box: tuple[float, float, float, float], scale: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return (left * scale, top * scale, right * scale, bottom * scale)
