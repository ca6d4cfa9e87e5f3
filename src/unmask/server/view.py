"""What the pages read: `unmask.server.pages.source.Source` over this server's parts."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Request
from pydantic import TypeAdapter

from unmask.client.documents import Exhibits, Job, JobPage, PublicSettings
from unmask.report.schema import ReportDocument
from unmask.server.gate import Caller
from unmask.server.pages.source import Wanted as Asked
from unmask.server.reading import Reader, Wanted

_WANTED = TypeAdapter(Wanted)
_NOTHING = Exhibits(pictures=(), people=(), sound=None)


class View:
    """Reads for pages.

    Args:
        reader: Jobs and results.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def job(self, job_id: str) -> Job | None:
        """Give a job; None if there is none of that name."""
        return self._reader.job(job_id)

    def jobs(self, wanted: Asked, *, page: int, per_page: int) -> JobPage:
        """Give one page of the history."""
        filters = {name: value for name, value in asdict(wanted).items() if value}
        which = _WANTED.validate_python(filters)
        return self._reader.search(which, page=page, per_page=per_page)

    def report(self, job_id: str) -> ReportDocument | None:
        """Give what was concluded; None before that."""
        return self._reader.report(job_id)

    def exhibits(self, job_id: str) -> Exhibits:
        """Give the pictures that were looked at."""
        return self._reader.exhibits(job_id) or _NOTHING

    def timeline(self, job_id: str) -> str | None:
        """Give the drawn timeline as HTML; None where there is nothing to draw."""
        return self._reader.timeline(job_id)

    def settings(self) -> PublicSettings:
        """Give what callers may know."""
        return self._reader.settings()

    def csrf(self, request: Request) -> str:
        """Give the token that unsafe requests of this page must carry."""
        return _caller(request).csrf

    def signed_in(self, request: Request) -> bool:
        """Tell whether the caller came with a session of their own."""
        return bool(_caller(request).csrf)


def _caller(request: Request) -> Caller:
    """Say who asks; nobody, where the gate itself met an error."""
    found = getattr(request.state, "caller", None)
    return found if isinstance(found, Caller) else Caller("")
