"""One medium in, one report out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import DecodeFailed
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.evidence import Evidence, LipSync, Person, Provenance, ScanReport, TimelinePoint, Voice
from unmask.core.records import Exhibit, F32Array, Frame, MediaInfo, U8Array
from unmask.faces.detect import STILL_SEARCH, VIDEO_SEARCH
from unmask.faces.exchange import describe, print_every, seats, worth_a_look
from unmask.fusion.decide import counted, decide, fuse, weighted
from unmask.media.image import read_image
from unmask.media.limits import DEFAULT_LIMITS, Limits
from unmask.media.probe import probe_with_index
from unmask.media.sample import choose_between, choose_frames, every_nth
from unmask.media.timing import VideoIndex
from unmask.media.video import ahead, iter_frames
from unmask.provenance.credentials import trust_anchors
from unmask.provenance.examine import examine, sentences
from unmask.scanning.hearing import Hearing, listen
from unmask.scanning.kit import Kit
from unmask.scanning.lips import watch_lips
from unmask.scanning.people import doubtful_stretch, face_evidence, face_timeline, reviewed
from unmask.scanning.plan import ScanPlan
from unmask.scanning.sight import FRAMES_AT_ONCE, Sighting, add_closer, look
from unmask.scanning.summary import lip_sentence, reasons, still_sentence
from unmask.scanning.whole import Overview, overlook

_CLOSER_FRAMES = 24
"""How many frames of a doubtful stretch a second look takes."""


class Pipeline:
    """Scans media one after the other with warm models. Not safe for use by several threads at once.

    Args:
        plan: What to do.
        limits: Upper bounds on media.

    Raises:
        InvalidOption: The trust list that the environment names cannot be used.
    """

    def __init__(self, plan: ScanPlan | None = None, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self.plan = plan or ScanPlan()
        self._limits = limits
        self._kit = Kit(self.plan)
        self._anchors = trust_anchors()

    def warm(self) -> None:
        """Open all models now instead of when they are first needed.

        Raises:
            ModelError: A model is missing or not the one its card names.
        """
        self._kit.open_all()

    def scan(self, path: Path, *, listener: Listener = ignore) -> ScanReport:
        """Examine one medium.

        Args:
            path: A picture, video or sound file.
            listener: Hears of the stages probing, looking, listening and concluding; what it raises ends the scan.

        Returns:
            The report.

        Raises:
            InputError: The file cannot be examined; the message says why and what to do next.
            ModelError: A model is missing or not the one its card names.
        """
        start = time.perf_counter()
        listener(Advanced("probing", 0, 1))
        media, index = probe_with_index(path, limits=self._limits)
        self._kit.begin(clip=index is not None)
        warnings = list(media.warnings)
        probed = time.perf_counter()
        provenance = examine(media, self._anchors)
        timings = {"probe": probed - start, "provenance": time.perf_counter() - probed}
        evidence: list[Evidence] = []
        people: tuple[Person, ...] = ()
        timeline: list[TimelinePoint] = []
        seen, whole, heard = None, None, None
        if media.kind != "audio" and (self.plan.face or (self.plan.picture and index is None)):
            seen, whole = self._look(media, index, warnings, listener)
        if seen:
            card = self._kit.face_calibration
            found, people = reviewed(seen, *face_evidence(seen, self._kit.face_card.name, card), self._kit)
            evidence.append(found)
            timeline += face_timeline(seen, card)
            timings |= seen.seconds
        if whole:
            evidence.append(whole.evidence)
            if whole.evidence.p_fake is not None:
                timeline.append(TimelinePoint(0.0, whole.evidence.p_fake, "image"))
            timings["picture"] = whole.seconds
        if media.has_audio and self.plan.speech:
            heard = self._listen(media, warnings, listener)
            if heard:
                evidence += heard.evidence
                timeline += heard.timeline
                timings["sound"] = heard.seconds
        lips = self._lips(media, index, seen=seen, heard=heard, timings=timings)
        listener(Advanced("concluding", 0, 1))
        voices = heard.voices if heard else ()
        report = self._conclude(media, evidence, (people, voices), provenance)
        timings["total"] = time.perf_counter() - start
        return replace(
            report,
            timeline=tuple(sorted(timeline, key=lambda point: point.t_s)),
            timings_s=timings,
            warnings=tuple(dict.fromkeys(warnings)),
            exhibits=_exhibits(seen, whole),
            sound=heard.exhibit if heard else None,
            lips=lips,
            reasons=(*report.reasons, *still_sentence(report), *lip_sentence(lips)),
        )

    def _look(
        self, media: MediaInfo, index: VideoIndex | None, warnings: list[str], listener: Listener
    ) -> tuple[Sighting | None, Overview | None]:
        """Look at faces, and at a still picture as a whole."""
        whole, every = None, 0
        if index is None:
            pixels, found = read_image(media.path, limits=self._limits)
            warnings.extend(found)
            frames: Iterator[Frame] = iter([Frame(0, 0.0, pixels)])
            expected, search = 1, STILL_SEARCH
            if self.plan.picture:
                whole = overlook(Frame(0, 0.0, pixels), self._kit, draw=self.plan.exhibits > 0)
        else:
            chosen = self._chosen(index)
            decoded = iter_frames(media.path, chosen, index, limits=self._limits, warn=warnings.append)
            frames = ahead(decoded, count=FRAMES_AT_ONCE)
            expected, search, every = len(chosen), VIDEO_SEARCH, print_every(index.times_s[chosen])
        frames = _announced(frames, expected, listener)
        if not self.plan.face:
            return None, whole
        exhibits = self.plan.exhibits
        seen = look(frames, self._kit, search=search, expected=expected, exhibits=exhibits, print_every=every)
        if index is not None:
            self._look_closer(media.path, index, seen, warnings)
        return seen, whole

    def _look_closer(self, path: Path, index: VideoIndex, seen: Sighting, warnings: list[str]) -> None:
        """Where somebody's faces stand out for a moment, look again at that stretch alone, more closely."""
        if seen.sequences:
            return
        start = time.perf_counter()
        hinted = worth_a_look(seats(seen.faces, seen.tracks, seen.prints).values(), self._embed)
        seen.seconds["faces"] += time.perf_counter() - start
        stretch = hinted or doubtful_stretch(seen, self._kit.face_calibration)
        chosen = choose_between(index.times_s, *stretch, count=_CLOSER_FRAMES) if stretch else None
        if chosen is None or not chosen.size:
            return
        try:
            frames = iter_frames(path, chosen, index, limits=self._limits, warn=warnings.append)
            exhibits = min(self.plan.exhibits, 1)
            again = look(frames, self._kit, search=VIDEO_SEARCH, expected=len(chosen), exhibits=exhibits, print_every=1)
        except DecodeFailed as error:
            warnings.append(f"A second look at a doubtful stretch was not possible: {error}")
            return
        start = time.perf_counter()
        describe(again.prints.values(), self._embed)
        again.seconds["faces"] += time.perf_counter() - start
        add_closer(seen, again)

    def _embed(self, aligned: U8Array) -> F32Array:
        """Open the model that tells people apart when the first face asks for it."""
        return self._kit.identifier.embed(aligned)

    def _chosen(self, index: VideoIndex) -> NDArray[np.int64]:
        if self.plan.every:
            return every_nth(index.frame_count, self.plan.every)
        return choose_frames(index.times_s, index.keyframes, count=self.plan.frames)

    def _listen(self, media: MediaInfo, warnings: list[str], listener: Listener) -> Hearing | None:
        draw = self.plan.exhibits > 0
        try:
            return listen(media, self._kit, draw=draw, warn=warnings.append, listener=listener)
        except DecodeFailed as error:
            if media.kind == "audio":
                raise
            warnings.append(f"The sound track was left out: {error}")
            return None

    def _lips(
        self,
        media: MediaInfo,
        index: VideoIndex | None,
        *,
        seen: Sighting | None,
        heard: Hearing | None,
        timings: dict[str, float],
    ) -> LipSync | None:
        """Lay the lips beside the sound where faces and speech were looked for."""
        if not (self.plan.lips and index and seen and heard):
            return None
        start = time.perf_counter()
        lips = watch_lips(
            media.path, index, seen=seen, spoken=heard.spoken, finder=self._kit.finder, limits=self._limits
        )
        timings["lips"] = time.perf_counter() - start
        return lips

    def _conclude(
        self,
        media: MediaInfo,
        evidence: list[Evidence],
        seen_and_heard: tuple[tuple[Person, ...], tuple[Voice, ...]],
        provenance: Provenance,
    ) -> ScanReport:
        people, voices = seen_and_heard
        entries = weighted(evidence)
        fused = fuse(entries)
        p_fake, interval = fused if fused else (None, None)
        coverage = max((entry.coverage for entry in counted(entries) or entries), default=0.0)
        verdict = decide(p_fake, coverage, entries)
        said, stated = reasons(verdict, coverage, entries, people, voices), sentences(provenance)
        if provenance.conclusive:
            verdict = "likely_fake"
        return ScanReport(
            media=media,
            verdict=verdict,
            p_fake=p_fake,
            interval=interval,
            coverage=coverage,
            reasons=(*stated, *said) if provenance.conclusive else (*said, *stated),
            evidence=entries,
            people=people,
            voices=voices,
            models=self._kit.used(),
            provenance=provenance,
        )


def _exhibits(seen: Sighting | None, whole: Overview | None) -> tuple[Exhibit, ...]:
    """Show faces where there are any, else the picture as a whole."""
    if whole and whole.exhibit and not (seen and seen.faces):
        return (whole.exhibit,)
    return seen.exhibits if seen else ()


def _announced(frames: Iterator[Frame], expected: int, listener: Listener) -> Iterator[Frame]:
    """Pass frames on and announce each."""
    for number, frame in enumerate(frames):
        listener(Advanced("looking", number, expected))
        yield frame
