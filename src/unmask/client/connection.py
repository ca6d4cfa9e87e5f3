"""The client: every call is one request, typed at both ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from unmask.client.documents import (
    ENDED,
    Batch,
    Deleted,
    Exhibits,
    Job,
    JobPage,
    Judgement,
    ModelCardDocument,
    Problem,
    PublicSettings,
)
from unmask.core.errors import UnmaskError
from unmask.report.schema import ReportDocument

Answer = TypeVar("Answer", bound=BaseModel)
_API = "/api/v1"
_TIMES = httpx2.Timeout(30.0, write=None, pool=None)


class ServerProblem(UnmaskError):
    """The server refused a request.

    Attributes:
        status: HTTP status.
        code: For programs, for example ``queue_full``.
        retry_s: Seconds after which it is worth trying again; None if never.
    """

    def __init__(self, problem: Problem, retry_s: float | None) -> None:
        super().__init__(f"{problem.detail} ({problem.status} {problem.code})")
        self.status, self.code, self.retry_s = problem.status, problem.code, retry_s


class JobFailed(UnmaskError):
    """A job ended without a verdict.

    Attributes:
        job: How it ended.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(f"{job.name}: {job.error.message if job.error else 'the job was ' + job.state}")
        self.job = job


class Client:
    """A connection to a server.

    Args:
        base_url: For example ``http://127.0.0.1:8000``.
        api_key: Needed by servers that others can reach.
    """

    def __init__(self, base_url: str, api_key: str | None = None) -> None:
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=_TIMES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def submit(self, path: str | Path) -> Job:
        """Hand in a file; it is streamed from the disk.

        Raises:
            ServerProblem: It was refused.
        """
        with Path(path).open("rb") as stream:
            return self._ask(Job, "POST", "/media", files={"file": (Path(path).name, stream)})

    def submit_many(self, paths: Iterable[str | Path]) -> Batch:
        """Hand in several files at once; if one is refused none is taken.

        Raises:
            ServerProblem: They were refused.
        """
        with ExitStack() as opened:
            streams = [("files", (Path(one).name, opened.enter_context(Path(one).open("rb")))) for one in paths]
            return self._ask(Batch, "POST", "/batches", files=streams)

    def submit_url(self, url: str) -> Job:
        """Let the server fetch a file, where it allows that.

        Raises:
            ServerProblem: It was refused.
        """
        return self._ask(Job, "POST", "/urls", json={"url": url})

    def job(self, job: str) -> Job:
        """Look at a job.

        Raises:
            ServerProblem: There is none of this id.
        """
        return self._ask(Job, "GET", f"/jobs/{job}")

    def jobs(self, *, page: int = 1, per_page: int = 50, **filters: str) -> JobPage:
        """List jobs; filters are q, state, verdict, kind, judgement and sort."""
        return self._ask(JobPage, "GET", "/jobs", params={**filters, "page": page, "per_page": per_page})

    def events(self, job: str) -> Iterator[Job]:
        """Follow a job from how it is now until it ends."""
        with self._http.stream("GET", f"{_API}/jobs/{job}/events", timeout=httpx2.Timeout(30.0, read=60.0)) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for line in answer.iter_lines():
                if line.startswith("data: ") and '"state"' in line:
                    yield Job.model_validate_json(line.removeprefix("data: "))

    def wait(self, job: str, *, timeout_s: float = 3600.0) -> Job:
        """Wait until a job has a verdict.

        Raises:
            JobFailed: It ended without one.
            TimeoutError: It takes longer than that.
            ServerProblem: There is none of this id.
        """
        deadline = time.monotonic() + timeout_s
        while (found := self.job(job)).state not in ENDED:
            if time.monotonic() > deadline:
                message = f"{found.name}: no verdict within {timeout_s:g} s; the job is {found.state}."
                raise TimeoutError(message)
            time.sleep(0.25)
        if found.state != "done":
            raise JobFailed(found)
        return found

    def report(self, job: str) -> ReportDocument:
        """Read the report of a job.

        Raises:
            ServerProblem: There is none (yet).
        """
        return self._ask(ReportDocument, "GET", f"/jobs/{job}/report")

    def exhibits(self, job: str) -> Exhibits:
        """List the pictures that a verdict rests on."""
        return self._ask(Exhibits, "GET", f"/jobs/{job}/exhibits")

    def save(self, link: str, path: str | Path) -> Path:
        """Save what a link of a job leads to, for example ``job.links.html``.

        Raises:
            ServerProblem: There is none (yet).
        """
        with self._http.stream("GET", link) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            with Path(path).open("wb") as stream:
                for chunk in answer.iter_bytes():
                    stream.write(chunk)
        return Path(path)

    def judge(self, job: str, judgement: Judgement | None, note: str | None = None) -> Job:
        """Say what an item really was, and why."""
        words = {} if note is None else {"note": note}
        return self._ask(Job, "PATCH", f"/jobs/{job}", json={"judgement": judgement, **words})

    def cancel(self, job: str) -> Job:
        """Stop a job.

        Raises:
            ServerProblem: It has ended already.
        """
        return self._ask(Job, "POST", f"/jobs/{job}/cancel")

    def delete(self, jobs: Iterable[str]) -> int:
        """Delete jobs with their results and files; returns how many were there."""
        return self._ask(Deleted, "POST", "/jobs/delete", json={"ids": list(jobs)}).deleted

    def models(self) -> list[ModelCardDocument]:
        """List the models of the server."""
        answer = self._send("GET", "/models")
        return [ModelCardDocument.model_validate(one) for one in answer.json()]

    def settings(self) -> PublicSettings:
        """Ask what the server takes."""
        return self._ask(PublicSettings, "GET", "/settings")

    def _ask(self, kind: type[Answer], method: str, path: str, **sent: Any) -> Answer:  # noqa: ANN401 - httpx's own
        return kind.model_validate_json(self._send(method, path, **sent).content)

    def _send(self, method: str, path: str, **sent: Any) -> httpx2.Response:  # noqa: ANN401
        answer = self._http.request(method, _API + path, **sent)
        if answer.is_error:
            raise _problem(answer)
        return answer


def _problem(answer: httpx2.Response) -> ServerProblem:
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:  # Something in between answered, not unmask.
        words: Mapping[str, Any] = {"detail": f"{answer.request.url} answers {answer.status_code}.", "code": "unknown"}
        problem = Problem(type="about:blank", title="", status=answer.status_code, instance="", **words)
    wait = answer.headers.get("retry-after", "")
    return ServerProblem(problem, float(wait) if wait.isdigit() else None)
