"""Plain words of the pages that the report does not have: states of a job, failures, filters."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from unmask.client.documents import Job
from unmask.report.words import visible

STATES: Mapping[str, str] = {
    "queued": "Waiting",
    "running": "Being examined",
    "done": "Examined",
    "failed": "Could not be examined",
    "cancelled": "Cancelled",
}
STAGES: tuple[tuple[str, str], ...] = (
    ("waiting", "Waiting for its turn"),
    ("probing", "Opening the file"),
    ("looking", "Looking at the faces"),
    ("listening", "Listening to the voices"),
    ("concluding", "Weighing what was found"),
    ("reporting", "Writing the report"),
)
JUDGEMENTS: Mapping[str, str] = {"confirmed_fake": "Confirmed forged", "confirmed_real": "Confirmed genuine"}
ORDERS: tuple[tuple[str, str], ...] = (
    ("-created_at", "Newest first"),
    ("created_at", "Oldest first"),
    ("-p_fake", "Most suspicious first"),
    ("p_fake", "Least suspicious first"),
    ("name", "Name, A to Z"),
    ("-name", "Name, Z to A"),
)
ADVICE: Mapping[str, tuple[str, ...]] = {
    "UnsupportedMedia": (
        "Check that the file is a picture, a video or a sound recording: a document or an archive cannot be examined.",
        "Open it in another program and save it in a common format: JPEG or PNG, MP4, WAV or MP3.",
    ),
    "DecodeFailed": (
        "The file is probably damaged or was not copied whole. Get it again, best from where it came from first.",
        "If it plays elsewhere, save it there in a common format: JPEG or PNG, MP4, WAV or MP3.",
    ),
    "MediaTooLarge": (
        "Cut out the part that matters and examine that.",
        "Whoever runs this unmask can allow larger files.",
    ),
    "WeightsMissing": ("See on the models page which models are installed.",),
}
ADVICE_OTHERWISE = (
    "Try once more. If it fails again, try another copy or another format of the same file.",
    "If other files fail as well, tell whoever runs this unmask; its log says more.",
)
CANCELLED_ADVICE = ("Give the file to unmask once more whenever you like.",)


NOTHING = "There is nothing here"


def trouble(status: int, detail: str) -> dict[str, str]:
    """Say what went wrong with a page, and what to do next."""
    if status in (404, 405):
        return {"title": NOTHING, "said": "No page has this address. Perhaps it was mistyped, or the page has moved."}
    if status in (429, 503):
        return {"title": "Not just now", "said": detail}
    return {"title": "That did not work", "said": detail}


def deleted(retention_days: float | None) -> str:
    """Say when files are deleted, to stand after "deleted"."""
    if retention_days is None:
        return "only when you delete them"
    if retention_days < 2:
        hours = max(round(retention_days * 24), 1)
        return f"{hours} hour{'s' * (hours > 1)} after they were handed in"
    return f"{retention_days:.0f} days after they were handed in"


def until(expires_at: datetime.datetime | None) -> str:
    """Say how long one file and its result are kept."""
    if expires_at is None:
        return "This file and its result are kept until you delete them."
    return f"This file and its result are kept until {moment(expires_at)}, or until you delete them."


def moment(when: datetime.datetime) -> str:
    """Write a moment for people, in the time of the server."""
    local = when.astimezone()
    return f"{local.day} {local:%B %Y, %H:%M}"


def failure(job: Job) -> dict[str, Any]:
    """Say why there is no result, and what to do next."""
    if job.state == "cancelled":
        return {"title": STATES["cancelled"], "message": "", "advice": CANCELLED_ADVICE}
    code, message = ("", "") if job.error is None else (job.error.code, visible(job.error.message))
    return {"title": STATES["failed"], "message": message, "advice": ADVICE.get(code, ADVICE_OTHERWISE)}
