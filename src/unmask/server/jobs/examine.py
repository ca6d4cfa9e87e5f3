"""What a worker does with a medium: limits, scan, result."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

from unmask.core.events import Listener
from unmask.core.evidence import ScanReport
from unmask.media.limits import Limits
from unmask.server.settings import Settings

EXHIBITS = 8

Examine = Callable[[Path, Listener], ScanReport]
OpenExaminer = Callable[[Settings], Examine]
"""Opens what judges, in the worker's own process; tests hand in another one."""


def open_pipeline(settings: Settings) -> Examine:
    """Open the real pipeline with its models loaded."""
    # Imported here, so that the server itself, which judges nothing, loads no runtime and no decoder.
    from unmask.scanning.pipeline import Pipeline
    from unmask.scanning.plan import ScanPlan, tier_models

    share = max(1, (os.cpu_count() or 1) // max(settings.workers, 1))
    limits = Limits(
        max_image_pixels=settings.max_pixels,
        max_frame_pixels=settings.max_pixels,
        max_duration_s=settings.max_duration_s,
    )

    @functools.lru_cache(maxsize=1)
    def opened(face: str, speech: str, picture: str) -> Pipeline:
        plan = ScanPlan(face=face, speech=speech, picture=picture, exhibits=EXHIBITS, threads=share)
        pipeline = Pipeline(plan, limits=limits)
        pipeline.warm()
        return pipeline

    # Asked anew for each medium: a model that was fetched meanwhile serves from the next one on.
    opened(*tier_models("auto"))
    return lambda path, listener: opened(*tier_models("auto")).scan(path, listener=listener)
