"""Records of what was concluded: scores, abstentions, evidence, and the report of one medium.

Label `real` = 0, `fake` = 1; `p_fake` is in [0, 1] and higher means more likely fake, everywhere.
A detector that cannot judge returns an `Abstention` with a reason; it never returns 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from unmask.core.records import Exhibit, F32Array, MediaInfo, SoundExhibit

SCHEMA_VERSION = "1"

Verdict = Literal["likely_fake", "likely_real", "inconclusive"]
Modality = Literal["face", "image", "audio", "sync"]
Reason = Literal[
    "no_face",
    "face_too_small",
    "no_speech",
    "too_short",
    "too_compressed",
    "out_of_domain",
    "unstable",
    "too_dark",
    "too_small",
    "too_plain",
    "too_blurred",
    "several_faces",
    "turned_away",
    "mouth_still",
]
LipAnswer = Literal["follow", "shifted", "apart", "unclear"]
Credentials = Literal["not_checked", "absent", "invalid", "untrusted", "trusted"]


@dataclass(frozen=True, slots=True)
class Score:
    """A detector's answer for one unit (a face crop, a window of sound).

    Attributes:
        logit: Raw output before calibration; higher means more likely fake.
        heatmap: Shape (h, w), float32, evidence per place (pictures) or band and time (sound), in logits;
            None where the detector has none.
    """

    logit: float
    heatmap: F32Array | None = None


@dataclass(frozen=True, slots=True)
class Abstention:
    """A detector's refusal to judge one unit.

    Attributes:
        reason: Why, from the closed list.
        detail: A short sentence for people; may be empty.
    """

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with one level of suspicion.

    Attributes:
        start_s: Begin.
        end_s: End, at least `start_s`.
        p_fake: Highest calibrated probability inside.
    """

    start_s: float
    end_s: float
    p_fake: float


@dataclass(frozen=True, slots=True)
class Person:
    """What was concluded about one person of the medium.

    Attributes:
        id: As in the tracks; 0 is the most visible.
        p_fake: Calibrated; None if no face of this person could be scored.
        coverage: Share of this person's faces that could be scored, in [0, 1].
        faces: Number of faces seen.
        abstained: Reason if none could be scored.
        spans: Suspicious stretches of time.
    """

    id: int
    p_fake: float | None
    coverage: float
    faces: int
    abstained: Reason | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """What was concluded about one voice of the sound.

    Attributes:
        id: 0 is the first to be heard.
        p_fake: Calibrated.
        windows: Number of windows in which it was judged.
        spans: Stretches of time that sound synthetic.
    """

    id: int
    p_fake: float
    windows: int
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One scored moment.

    Attributes:
        t_s: Presentation time (middle of a window of sound).
        p_fake: Calibrated probability of this unit alone.
        modality: What was looked at.
        person: Person id for faces; for sound, voice id if there are several voices, None for a single one.
    """

    t_s: float
    p_fake: float
    modality: Modality
    person: int | None = None


@dataclass(frozen=True, slots=True)
class LipSync:
    """Whether the lips of the most visible person follow the sound; it never enters `p_fake`.

    Attributes:
        answer: ``shifted`` is early or late, ``apart`` does not follow; None: not compared.
        start_s: Begin of what was compared.
        end_s: Its end.
        offset_ms: How long the lips come after the sound, negative if before; None if they are not in step.
        match: Highest correlation of what the mouth does and what the sound asks, in [-1, 1].
        abstained: Why there was no comparison.
        detail: For people; may be empty.
    """

    answer: LipAnswer | None
    start_s: float = 0.0
    end_s: float = 0.0
    offset_ms: int | None = None
    match: float | None = None
    abstained: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one detector says about the whole medium.

    Attributes:
        detector: Model name, for example ``face.fast-2``.
        modality: What it looked at.
        p_fake: Calibrated; None when it abstained.
        interval: 90 % interval of `p_fake`; None when it abstained.
        coverage: Share of its units that could be scored, in [0, 1].
        units: Number of units looked at.
        abstained: Reason, None when it answered.
        detail: What it concerns or why there is no answer, for people; may be empty. With a full stop at its end it is
            the sentence that a report says.
        likely_real_below: Its lower threshold on `p_fake`.
        likely_fake_above: Its upper threshold on `p_fake`.
        weight: Share in the fused verdict, in [0, 1].
    """

    detector: str
    modality: Modality
    p_fake: float | None
    interval: tuple[float, float] | None
    coverage: float
    units: int
    abstained: Reason | None
    detail: str = ""
    likely_real_below: float = 0.0
    likely_fake_above: float = 1.0
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """A model that took part.

    Attributes:
        name: Card name.
        sha256: Digest of its main file.
    """

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that a file says about its own origin.

    Attributes:
        where: Part of the file, for example ``EXIF`` or ``Content Credentials``.
        name: Name of the entry, for example ``Software``.
        value: What stands there; text from outside, cut to a sane length.
    """

    where: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file says about its own origin. Evidence apart: it never enters `p_fake`.

    Attributes:
        credentials: State of its Content Credentials (C2PA); ``not_checked`` where its format cannot be checked.
        generator: Generative software that the file names as its maker; None if it names none.
        software: Other software that the file names, in order of appearance.
        signer: Who signed the Content Credentials, by the signer's certificate.
        claim_generator: Software that wrote the Content Credentials.
        signed_at: Time of signature by a time-stamp authority, ISO 8601.
        source_type: Last part of the IPTC digital source type, for example ``trainedAlgorithmicMedia``.
        conclusive: Whether a trusted signer states that generative software made this.
        traces: Everything above and more, as found.
        notes: What is odd, for people.
    """

    credentials: Credentials = "not_checked"
    generator: str | None = None
    software: tuple[str, ...] = ()
    signer: str | None = None
    claim_generator: str | None = None
    signed_at: str | None = None
    source_type: str | None = None
    conclusive: bool = False
    traces: tuple[Trace, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Everything concluded about one medium: the schema of command line, API, Parquet and HTML.

    Attributes:
        media: What the medium is.
        verdict: likely_fake, likely_real or inconclusive.
        p_fake: Fused and calibrated; None when every detector abstained.
        interval: 90 % interval of `p_fake`; None when every detector abstained.
        coverage: Share of the medium that could be scored, in [0, 1].
        reasons: What the verdict rests on, in plain sentences.
        evidence: One entry per detector; of a speech detector, one per voice.
        people: One entry per person, most visible first.
        timeline: Every scored moment, in order of time.
        models: What took part, with digests.
        timings_s: Seconds per stage, and ``total``.
        warnings: What is odd about the file or the scan.
        exhibits: Pictures for the HTML report; not part of the JSON.
        sound: Sound for the HTML report; not part of the JSON.
        provenance: What the file says about its own origin.
        voices: One entry per voice that was judged, in order of appearance.
        lips: Whether the lips follow the sound; None where nobody asked (no video, no sound).
    """

    media: MediaInfo
    verdict: Verdict
    p_fake: float | None
    interval: tuple[float, float] | None
    coverage: float
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    people: tuple[Person, ...] = ()
    timeline: tuple[TimelinePoint, ...] = ()
    models: tuple[ModelUsed, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = field(default=(), repr=False)
    sound: SoundExhibit | None = field(default=None, repr=False)
    provenance: Provenance = Provenance()
    voices: tuple[Voice, ...] = ()
    lips: LipSync | None = None


@dataclass(frozen=True, slots=True)
class ScanFailure:
    """A medium that could not be examined.

    Attributes:
        path: As given.
        error: Class name of the error, for example ``DecodeFailed``.
        message: What happened and what to do next.
    """

    path: str
    error: str
    message: str
