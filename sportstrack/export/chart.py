"""A comparison as a picture: accuracy over speed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from sportstrack.draw.figures import caption, colour_of, new_axes, save_figure
from sportstrack.export.compare import Comparison
from sportstrack.files.claim import Claim

_AXES = {"ap": "AP, per cent", "hota": "HOTA, per cent", "agreement": "boxes shared with the first, per cent"}


def chart_names() -> list[str]:
    """Return the names of all files that `save_charts` may write."""
    return [f"speed-{figure}.png" for figure in _AXES]


def save_charts(comparison: Comparison, folder: Path, claim: Claim | None = None) -> list[Path]:
    """Draw each figure that is known over the milliseconds of a picture; return the files."""
    rows = comparison.variants
    known = [name for name in _AXES if not all(math.isnan(getattr(row, name)) for row in rows)]
    return [save_figure(_speed(comparison, name), folder / f"speed-{name}.png", claim) for name in known]


def _speed(comparison: Comparison, figure: str) -> Any:
    drawn, axes = new_axes(7.2, 4.6)
    best, reference = comparison.recommendation.best, comparison.variants[0]
    for i, row in enumerate(comparison.variants):
        value = 100 * getattr(row, figure)
        label = f"{caption(row.name)}{' – recommended' if row.name == best else ''}"
        marker = "*" if row.name == best else "X" if row.name in comparison.recommendation.refused else "o"
        axes.plot([row.ms], [value], marker, ms=14 if marker == "*" else 9, color=colour_of(i), label=label)
    if figure != "agreement":
        least = 100 * getattr(reference, figure) - comparison.recommendation.most_loss
        axes.axhline(least, color="#999999", lw=1, ls="--", label="least for a recommendation")
    axes.set_xlim(left=0)
    axes.set_xlabel("median milliseconds of a picture")
    axes.set_ylabel(_AXES[figure])
    axes.grid(color="#e5e5e5")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return drawn
