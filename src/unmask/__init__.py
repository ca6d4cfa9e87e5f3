"""unmask: has this picture, video or voice been forged?

    >>> import unmask
    >>> report = unmask.scan("photo.jpg")  # doctest: +SKIP
    >>> report.verdict, report.p_fake, report.interval  # doctest: +SKIP

Importing this package does nothing and loads nothing heavy; names are resolved when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unmask.api import Report as Report
    from unmask.api import Scanner as Scanner
    from unmask.api import scan as scan
    from unmask.core.errors import UnmaskError as UnmaskError
    from unmask.scanning.plan import ScanPlan as ScanPlan

__version__ = "0.1.0"
__all__ = ["Report", "ScanPlan", "Scanner", "UnmaskError", "__version__", "scan"]

_HOMES = {
    "Report": "unmask.api",
    "Scanner": "unmask.api",
    "scan": "unmask.api",
    "ScanPlan": "unmask.scanning.plan",
    "UnmaskError": "unmask.core.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module 'unmask' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
