"""Success and precision plots of single-object trackers, one line each, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sportstrack.draw.figures import caption, colour_of, new_axes, save_figure
from sportstrack.files.claim import Claim
from sportstrack.sot.evaluate.bins import AttributeScores
from sportstrack.sot.evaluate.scores import OVERLAPS, PIXELS, SHARES, OnePass

PLOTS = {
    "success": ("success", OVERLAPS, "overlap threshold", "share of frames above it", "AUC"),
    "precision": ("precision", PIXELS, "distance of the centres, pixels", "share of frames within it", "P20"),
    "normalised-precision": ("normalised", SHARES, "distance of the centres, object sizes", "share within it", "NP"),
}
"""File → curve of `OnePass`, thresholds, axes, and the figure that the legend gives and sorts by."""


def save_plots(
    trackers: Mapping[str, OnePass], folder: str | Path, form: str = "png", claim: Claim | None = None
) -> list[Path]:
    """Draw the three plots and return the files.

    Args:
        trackers: name → scores, averaged over the same sequences.
        folder: must be there.
        form: ``png`` or ``svg``.
        claim: on these files; None replaces whatever is there.

    Raises:
        SettingError: matplotlib is not installed.
    """
    return [save_figure(plot(trackers, name), Path(folder) / f"{name}.{form}", claim) for name in PLOTS]


def save_bins(
    attributes: Mapping[str, Mapping[str, AttributeScores]], folder: Path, form: str, claim: Claim | None = None
) -> list[Path]:
    """Draw what --by has cut, of all trackers; nothing where nothing was cut."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    counts: dict[str, dict[str, int]] = {}
    for name, trackers in attributes.items():
        by, _, label = name.partition(": ")
        if label:
            figures.setdefault(by, {})[label] = {tracker: one.auc_frames for tracker, one in trackers.items()}
            counts.setdefault(by, {})[label] = next(iter(trackers.values())).frames
    if not figures:
        return []
    from sportstrack.draw.bins import bins_chart

    return [save_figure(bins_chart("success AUC", figures, counts, "frames"), folder / f"by.{form}", claim)]


def plot(trackers: Mapping[str, OnePass], name: str) -> Any:
    """Return a ``matplotlib.figure.Figure`` of one of `PLOTS`, the best tracker first in its legend."""
    field, thresholds, below, beside, figure_name = PLOTS[name]
    figure, axes = new_axes(6.4, 4.4)
    colours = {tracker: colour_of(i) for i, tracker in enumerate(trackers)}
    for tracker, scores in sorted(trackers.items(), key=lambda pair: -pair[1].figures[figure_name]):
        label = f"{caption(tracker)} {100 * scores.figures[figure_name]:.1f}"
        axes.plot(thresholds, getattr(scores, field), lw=2, color=colours[tracker], label=label)
    first = next(iter(trackers.values()))
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    axes.set_xlim(0, thresholds[-1])
    axes.set_ylim(0, 1)
    axes.grid(color="#e5e5e5")
    axes.set_title(f"one pass, {first.sequences} sequence{'s' if first.sequences > 1 else ''}", fontsize=10)
    axes.legend(frameon=False, loc="lower left" if name == "success" else "lower right", title=f"{figure_name}, %")
    return figure
