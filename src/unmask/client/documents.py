"""What the server and its clients say to each other, in one place for both ends.

The report itself is `unmask.report.schema.ReportDocument`, the same as on the command line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from unmask.core.evidence import Verdict
from unmask.core.records import Kind

State = Literal["queued", "running", "done", "failed", "cancelled"]
Stage = Literal["waiting", "probing", "looking", "listening", "concluding", "reporting", "done"]
Judgement = Literal["confirmed_fake", "confirmed_real"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled"})


class Document(BaseModel):
    """Base of all documents: frozen; unknown fields are ignored, so that an older client reads a newer server."""

    model_config = ConfigDict(frozen=True)


class Fault(Document):
    """Why a job failed."""

    code: str = Field(description="Name of the error, for example DecodeFailed.")
    message: str


class Links(Document):
    """Where the parts of a job are; paths on the same server."""

    self: str
    events: str
    report: str
    html: str
    pdf: str
    media: str
    preview: str


class Job(Document):
    """One medium handed in, from upload to verdict. Times are UTC."""

    id: str
    name: str
    kind: Kind | None
    bytes: int
    sha256: str
    state: State
    position: int | None = Field(description="Place in the queue while queued; 1 is next.")
    stage: Stage
    progress: Share | None
    eta_s: float | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    verdict: Verdict | None
    p_fake: Share | None
    interval: tuple[Share, Share] | None
    coverage: Share | None
    error: Fault | None
    note: str
    judgement: Judgement | None
    batch: str | None
    expires_at: datetime | None
    links: Links


class JobPage(Document):
    """One page of a list of jobs."""

    items: tuple[Job, ...]
    total: int
    page: int
    per_page: int


class Batch(Document):
    """Media handed in together."""

    id: str
    jobs: tuple[Job, ...]


class JobChange(BaseModel):
    """What people may change; fields left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=10_000)] | None = None
    judgement: Judgement | None = None


class Selection(BaseModel):
    """Which jobs to delete."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1000)] | Literal["all"]


class Deleted(Document):
    """How many jobs were deleted."""

    deleted: int


class Address(BaseModel):
    """A public URL to fetch a medium from."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=8, max_length=2048)]


class Face(Document):
    """One face of a picture; the box in the picture's own pixels."""

    id: int
    box_xyxy_px: tuple[float, float, float, float]
    p_fake: Share | None


class Picture(Document):
    """A frame that the verdict rests on."""

    n: int
    t_s: float
    width: int
    height: int
    picture: str
    overlay: str | None = Field(description="PNG with alpha of the same shape, to be laid over; null without heat.")
    people: tuple[Face, ...]


class Portrait(Document):
    """A small picture of one person."""

    id: int
    thumb: str


class SoundPictures(Document):
    """Drawings of the sound, from `start_s` to `end_s`."""

    spectrogram: str
    evidence: str | None
    start_s: float
    end_s: float


class Exhibits(Document):
    """Pictures of what was seen and heard."""

    pictures: tuple[Picture, ...]
    people: tuple[Portrait, ...]
    sound: SoundPictures | None


class PublicSettings(Document):
    """What a client should know before it hands in media."""

    version: str
    kinds: tuple[Kind, ...]
    max_bytes: int
    max_pixels: int
    max_duration_s: float
    queue_limit: int
    url_submission: bool
    retention_days: float | None
    key_required: bool


class ModelCardDocument(Document):
    """A model of the catalogue, with its figures and limits."""

    name: str
    family: str
    summary: str
    licence: str
    commercial_use: bool
    training_data: tuple[str, ...]
    known_failures: tuple[str, ...]
    figures: tuple[dict[str, str | float | bool], ...]
    bytes: int
    installed: bool
    reference: str


class Fetching(Document):
    """A model that is being fetched."""

    name: str


class WebhookRequest(BaseModel):
    """Where to send news of jobs that ended."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=8, max_length=2048)]


class Webhook(Document):
    """A receiver of news; `secret` is shown once, when it is made."""

    id: str
    url: str
    created_at: datetime
    secret: str | None = None


class Problem(Document):
    """An error as RFC 9457 has it; `code` is stable and meant for programs."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
