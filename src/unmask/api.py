"""The library's front door: scan a file, keep models warm, save a report."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from unmask.core.evidence import ScanReport
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan, tier_models


@dataclass(frozen=True, slots=True)
class Report(ScanReport):
    """A `ScanReport` that can be saved; see there for its fields."""

    def to_json(self) -> str:
        """One line of JSON by the published schema (`docs/report.schema.json`)."""
        from unmask.report.to_json import to_json

        return to_json(self)

    def save_html(self, path: str | Path) -> None:
        """Write one self-contained HTML file.

        Args:
            path: Where to write; an existing file is replaced. Pictures are in it only if the plan kept exhibits.
        """
        from unmask.report.to_html import save_html

        save_html(self, Path(path))

    def save_pdf(self, path: str | Path) -> None:
        """Write one PDF, tagged for screen readers.

        Args:
            path: Where to write; an existing file is replaced. Pictures are in it only if the plan kept exhibits.
        """
        from unmask.report.to_pdf import save_pdf

        save_pdf(self, Path(path))


class Scanner:
    """Scans one file after the other with warm models.

    Args:
        plan: Settings; when None, the best detectors on this machine, and four pictures for the HTML report.

    Example:
        >>> scanner = Scanner(ScanPlan(frames=8, exhibits=2))  # doctest: +SKIP
        >>> [scanner.scan(name).verdict for name in ("a.jpg", "b.mp4")]  # doctest: +SKIP
        ['likely_real', 'likely_fake']
    """

    def __init__(self, plan: ScanPlan | None = None) -> None:
        self._pipeline = Pipeline(plan or _best_plan())

    def scan(self, path: str | Path) -> Report:
        """Examine one medium.

        Args:
            path: A picture, video or sound file.

        Returns:
            The report.

        Raises:
            InputError: The file cannot be examined; the message says why and what to do next.
            ModelError: A model is missing or not the one its card names.
        """
        found = self._pipeline.scan(Path(path))
        return Report(**{field.name: getattr(found, field.name) for field in fields(ScanReport)})


def scan(path: str | Path, plan: ScanPlan | None = None) -> Report:
    """Examine one medium; `Scanner` is quicker for several.

    Args:
        path: A picture, video or sound file.
        plan: Settings.

    Returns:
        The report.

    Raises:
        InputError: The file cannot be examined; the message says why and what to do next.
        ModelError: A model is missing or not the one its card names.
    """
    return Scanner(plan).scan(path)


def _best_plan() -> ScanPlan:
    face, speech, picture = tier_models("auto")
    return ScanPlan(face=face, speech=speech, picture=picture, exhibits=4)
