"""What the pages read of the server, which provides it as ``app.state.pages``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fastapi import Request

from unmask.client.documents import Exhibits, Job, JobPage, PublicSettings
from unmask.report.schema import ReportDocument


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the history is asked for; the empty word stands for anything.

    Attributes:
        q: Part of a name or note.
        state: State of the job.
        verdict: Verdict.
        kind: Kind of medium.
        judgement: What a person recorded.
        sort: Field to sort by, with a minus for falling order.
    """

    q: str = ""
    state: str = ""
    verdict: str = ""
    kind: str = ""
    judgement: str = ""
    sort: str = "-created_at"


class Source(Protocol):
    """Reads jobs and their results; writes nothing."""

    def job(self, job_id: str) -> Job | None:
        """Give a job; None if there is none of that name."""

    def jobs(self, wanted: Wanted, *, page: int, per_page: int) -> JobPage:
        """Give one page of the history."""

    def report(self, job_id: str) -> ReportDocument | None:
        """Give what was concluded; None before that."""

    def exhibits(self, job_id: str) -> Exhibits:
        """Give the pictures that were looked at."""

    def timeline(self, job_id: str) -> str | None:
        """Give the drawn timeline as HTML; None where there is nothing to draw."""

    def settings(self) -> PublicSettings:
        """Give what callers may know."""

    def csrf(self, request: Request) -> str:
        """Give the token that unsafe requests of this page must carry."""

    def signed_in(self, request: Request) -> bool:
        """Tell whether the caller came with a session of their own."""
