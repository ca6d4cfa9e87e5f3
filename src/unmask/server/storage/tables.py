"""The tables. Times are seconds since 1970, UTC."""

from __future__ import annotations

import secrets
import time

from sqlalchemy import BigInteger, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from unmask.client.documents import Judgement, Stage, State
from unmask.core.evidence import Verdict
from unmask.core.records import Kind


def new_id() -> str:
    """Make an identifier that sorts by time, as UUID version 7 does: 48 bits of milliseconds, 80 of chance."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it so
        float: Float(53),
        State: String(16),
        Stage: String(16),
        Kind: String(8),
        Verdict: String(16),
        Judgement: String(16),
    }


class JobRow(Table):
    """One medium handed in, and what came out."""

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_by_state", "state", "created_at"), Index("jobs_by_change", "updated_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    batch: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[Kind | None]
    format: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[State] = mapped_column(default="queued")
    stage: Mapped[Stage] = mapped_column(default="waiting")
    progress: Mapped[float | None]
    created_at: Mapped[float] = mapped_column(index=True)
    updated_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    expires_at: Mapped[float | None] = mapped_column(index=True)
    revision: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(64))
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[float | None]
    verdict: Mapped[Verdict | None]
    p_fake: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    coverage: Mapped[float | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    judgement: Mapped[Judgement | None]


class WorkerRow(Table):
    """A worker process that says it is alive."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    pid: Mapped[int]
    ready_at: Mapped[float]
    beat_at: Mapped[float]


class UploadRow(Table):
    """A resumable upload; its bytes lie in the store's folder of incoming files."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    length: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float]
    job: Mapped[str | None] = mapped_column(String(32))


class KeyRow(Table):
    """An API key; only its digest is kept."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[float]
    revoked_at: Mapped[float | None]


class WebhookRow(Table):
    """Who wants to hear of jobs that ended."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]


class DeliveryRow(Table):
    """A message to a webhook that has not arrived yet."""

    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    webhook: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    job: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[float] = mapped_column(index=True)
