"""Paper and colours of every plot: large type, so that a plot still reads at half its size in a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unmask.core.errors import ProviderUnavailable

# Okabe and Ito's palette, which the colour-blind can tell apart.
REAL, FAKE, INK, THIRD, QUIET = "#0072b2", "#d55e00", "#222222", "#009e73", "#b5b5b5"
DPI = 110
TYPE = 12


def check_installed() -> None:
    """Refuse to start work that would end in plots on an installation that cannot draw.

    Raises:
        ProviderUnavailable: Matplotlib is missing.
    """
    try:
        import matplotlib  # noqa: F401 - asks whether it is there
    except ImportError as error:
        message = f"Plots need Matplotlib, which is not installed ({error}). Run: pip install 'unmask[evaluate]'."
        raise ProviderUnavailable(message) from error


def paper(width_in: float, height_in: float, *, title: str) -> Any:  # noqa: ANN401 - matplotlib has no types
    """Make an empty figure with a heading."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained", dpi=DPI)
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=TYPE + 3, fontweight="bold")
    return figure


def dress(axes: Any, title: str, across: str, up: str) -> None:  # noqa: ANN401
    """Give a panel its title, the names of its axes, and a light grid."""
    axes.set_title(title, fontsize=TYPE + 1)
    axes.set_xlabel(across, fontsize=TYPE)
    axes.set_ylabel(up, fontsize=TYPE)
    axes.tick_params(labelsize=TYPE - 1)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save(figure: Any, path: Path) -> Path:  # noqa: ANN401
    """Write a figure as PNG; the same figure gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path
