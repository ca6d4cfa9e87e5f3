"""The published JSON of one medium: the same in command line, API, tables and pages.

`docs/report.schema.json` is made by `json_schema` and a test keeps it current. Fields are only ever added under the
same `schema_version`; a change of meaning raises it.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from unmask.core.evidence import (
    Credentials,
    Evidence,
    LipAnswer,
    LipSync,
    Modality,
    Provenance,
    Reason,
    ScanFailure,
    ScanReport,
    Verdict,
)
from unmask.core.records import Kind, MediaInfo

DIGITS = 4
SURROGATE = re.compile("[\ud800-\udfff]")


def _rounded(value: float) -> float:
    """Round, and turn -0.0 into 0.0."""
    return round(value, DIGITS) + 0.0


Number = Annotated[float, AfterValidator(_rounded)]
Share = Annotated[float, Field(ge=0.0, le=1.0), AfterValidator(_rounded)]
Length = Annotated[float, Field(ge=0.0), AfterValidator(_rounded)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[str, Field(pattern=r"^\d+/\d+$", description="Exact frames per second, for example 30000/1001.")]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MediaDocument(_Document):
    """What the medium is, as found in its bytes."""

    kind: Kind
    format: str
    width_px: Count
    height_px: Count
    duration_s: Length
    frame_rate: Rate | None
    frame_count: Count
    has_audio: bool
    sample_rate_hz: Count
    channels: Count
    bytes: Count


class EvidenceDocument(_Document):
    """What one detector says; `p_fake` is null exactly when `abstained` gives a reason."""

    detector: str
    modality: Modality
    p_fake: Share | None
    interval: tuple[Share, Share] | None
    coverage: Share
    units: Count
    abstained: Reason | None
    detail: str
    likely_real_below: Share
    likely_fake_above: Share
    weight: Share


class SpanDocument(_Document):
    """A suspicious stretch of time."""

    start_s: Number
    end_s: Number
    p_fake: Share


class PersonDocument(_Document):
    """What was concluded about one person; id 0 is the most visible."""

    id: Count
    p_fake: Share | None
    coverage: Share
    faces: Count
    abstained: Reason | None
    spans: tuple[SpanDocument, ...]


class VoiceDocument(_Document):
    """What was concluded about one voice; id 0 is the first to be heard."""

    id: Count
    p_fake: Share
    windows: Count
    spans: tuple[SpanDocument, ...]


class LipsDocument(_Document):
    """Whether the lips follow the sound; an observation that never enters `p_fake`. `answer` is null with a reason."""

    answer: LipAnswer | None
    start_s: Number
    end_s: Number
    offset_ms: int | None = Field(description="How long the lips come after the sound; negative if before.")
    match: Number | None = Field(description="Correlation of what the mouth does with what the sound asks of it.")
    abstained: Reason | None
    detail: str


class MomentDocument(_Document):
    """One scored moment; `person` is a person for faces, and for sound with several voices a voice."""

    t_s: Number
    p_fake: Share
    modality: Modality
    person: Count | None


class TraceDocument(_Document):
    """One thing that the file says about its own origin; text from outside."""

    where: str
    name: str
    value: str


class ProvenanceDocument(_Document):
    """What the file says about its own origin; it never enters `p_fake`."""

    credentials: Credentials = Field("not_checked", description="State of the Content Credentials (C2PA).")
    generator: str | None = Field(None, description="Generative software that the file names as its maker.")
    software: tuple[str, ...] = Field((), description="Other software that the file names.")
    signer: str | None = None
    claim_generator: str | None = Field(None, description="Software that wrote the Content Credentials.")
    signed_at: str | None = Field(None, description="Time of signature by a time-stamp authority, ISO 8601.")
    source_type: str | None = Field(None, description="IPTC digital source type, for example digitalCapture.")
    conclusive: bool = Field(
        default=False, description="Whether a trusted signer states that generative software made this."
    )
    traces: tuple[TraceDocument, ...] = ()
    notes: tuple[str, ...] = ()


class ModelDocument(_Document):
    """A model that took part, with the digest of its file."""

    name: str
    sha256: str


class ReportDocument(_Document):
    """Everything concluded about one medium. `p_fake` is higher for media more likely fake."""

    schema_version: Literal["1"] = "1"
    path: str
    sha256: str
    media: MediaDocument
    verdict: Verdict
    p_fake: Share | None
    interval: tuple[Share, Share] | None = Field(description="90 % interval of p_fake.")
    coverage: Share = Field(description="Share of the medium that could be scored.")
    reasons: tuple[str, ...]
    evidence: tuple[EvidenceDocument, ...]
    people: tuple[PersonDocument, ...]
    voices: tuple[VoiceDocument, ...] = ()
    lips: LipsDocument | None = None
    timeline: tuple[MomentDocument, ...]
    provenance: ProvenanceDocument
    models: tuple[ModelDocument, ...]
    timings_s: dict[str, Length]
    warnings: tuple[str, ...]


class ErrorDocument(_Document):
    """Why a medium could not be examined."""

    code: str = Field(description="Name of the error, for example DecodeFailed.")
    message: str


class FailureDocument(_Document):
    """A medium that could not be examined."""

    schema_version: Literal["1"] = "1"
    path: str
    error: ErrorDocument


def portable(text: str | Path) -> str:
    """Make any file name or message encodable: bytes that are no UTF-8 become escapes as in Python's strings."""
    return SURROGATE.sub(_escape, str(text))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def document(report: ScanReport) -> ReportDocument:
    """Turn a report into its published form.

    Args:
        report: What was concluded; its pictures and sound are left out.

    Returns:
        The document; numbers rounded to 4 digits, the file's own warnings before those of the scan, none twice.

    Raises:
        ValueError: If a number is not finite or a probability lies outside [0, 1].
    """
    return ReportDocument(
        path=portable(report.media.path),
        sha256=report.media.sha256,
        media=_media(report.media),
        verdict=report.verdict,
        p_fake=report.p_fake,
        interval=report.interval,
        coverage=report.coverage,
        reasons=tuple(portable(reason) for reason in report.reasons),
        evidence=tuple(_evidence(one) for one in report.evidence),
        people=tuple(PersonDocument.model_validate(asdict(one)) for one in report.people),
        voices=tuple(VoiceDocument.model_validate(asdict(one)) for one in report.voices),
        lips=_lips(report.lips),
        timeline=tuple(MomentDocument.model_validate(asdict(one)) for one in report.timeline),
        provenance=provenance_document(report.provenance),
        models=tuple(ModelDocument(name=one.name, sha256=one.sha256) for one in report.models),
        timings_s=report.timings_s,
        warnings=all_warnings(report),
    )


def failure_document(failure: ScanFailure) -> FailureDocument:
    """Turn a failure into its published form."""
    error = ErrorDocument(code=failure.error, message=portable(failure.message))
    return FailureDocument(path=portable(failure.path), error=error)


def all_warnings(report: ScanReport) -> tuple[str, ...]:
    """List the file's own warnings, then those of the scan, none twice."""
    return tuple(dict.fromkeys(portable(text) for text in (*report.media.warnings, *report.warnings)))


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of one line of output: a report or a failure."""
    either: TypeAdapter[ReportDocument | FailureDocument] = TypeAdapter(ReportDocument | FailureDocument)
    schema = either.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "unmask report", **schema}


def _media(media: MediaInfo) -> MediaDocument:
    return MediaDocument(
        kind=media.kind,
        format=media.format,
        width_px=media.width_px,
        height_px=media.height_px,
        duration_s=media.duration_s,
        frame_rate=rate_text(media.frame_rate),
        frame_count=media.frame_count,
        has_audio=media.has_audio,
        sample_rate_hz=media.sample_rate_hz,
        channels=media.channels,
        bytes=media.bytes,
    )


def provenance_document(found: Provenance) -> ProvenanceDocument:
    """Turn what a file says about its origin into its published form."""
    return ProvenanceDocument.model_validate(_portable(asdict(found)))


def _portable(value: object) -> object:
    """Make every text in a nest of records encodable."""
    if isinstance(value, dict):
        return {key: _portable(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(_portable(entry) for entry in value)
    return portable(value) if isinstance(value, str) else value


def rate_text(rate: Fraction | None) -> str | None:
    """Write a rate as ``numerator/denominator``, also where the denominator is 1."""
    return None if rate is None else f"{rate.numerator}/{rate.denominator}"


def _lips(found: LipSync | None) -> LipsDocument | None:
    return None if found is None else LipsDocument.model_validate(_portable(asdict(found)))


def _evidence(one: Evidence) -> EvidenceDocument:
    return EvidenceDocument.model_validate(_portable(asdict(one)))
