"""Pictures of scores, drawn with matplotlib: over the thresholds, over the sequences, and trackers side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.draw.figures import _COLOURS, caption, colour_of, new_axes, safe_names, save_figure
from sportstrack.files.claim import Claim
from sportstrack.score.scores import ALPHAS, Scores

_BARS = ("HOTA", "DetA", "AssA", "MOTA", "IDF1")
_CURVES = {
    "HOTA": (_COLOURS[0], "-"),
    "LocA": (_COLOURS[3], "-"),
    "DetA": (_COLOURS[1], "-"),
    "DetRe": (_COLOURS[1], "--"),
    "DetPr": (_COLOURS[1], ":"),
    "AssA": (_COLOURS[2], "-"),
    "AssRe": (_COLOURS[2], "--"),
    "AssPr": (_COLOURS[2], ":"),
}
_MOST_LABELS = 60


COMPARISONS = ("comparison.png", "comparison-hota.png", "comparison-detection-association.png")


def save_plots(trackers: Mapping[str, Scores], folder: str | Path, claim: Claim | None = None) -> list[Path]:
    """Draw everything that the scores allow and return the files.

    Args:
        trackers: name → pooled scores.
        folder: must be there.
        claim: on the folder's files that `plot_names` names; None replaces whatever is there.

    Raises:
        SettingError: matplotlib is not installed. OutputError: a file cannot be written.
    """
    folder, saved = Path(folder), []
    for (name, scores), stem in zip(trackers.items(), safe_names(list(trackers)), strict=True):
        saved.append(save_figure(curves(name, scores), folder / f"hota-curves-{stem}.png", claim))
    if any(len(scores.rows()) > 1 for scores in trackers.values()):
        saved.append(save_figure(sequence_bars(trackers), folder / "sequences.png", claim))
    if len(trackers) > 1:
        for draw, name in zip((comparison_bars, comparison_curves, detection_association), COMPARISONS, strict=True):
            saved.append(save_figure(draw(trackers), folder / name, claim))
    return saved


def plot_names(trackers: Mapping[str, int]) -> list[str]:
    """Return the names of the files that `save_plots` may write.

    Args:
        trackers: name → how many sequences are scored.
    """
    names = [f"hota-curves-{stem}.png" for stem in safe_names(list(trackers))]
    names += ["sequences.png"] * any(count > 1 for count in trackers.values())
    return names + list(COMPARISONS) * (len(trackers) > 1)


def curves(name: str, scores: Scores) -> Any:
    """Return a ``matplotlib.figure.Figure`` of HOTA and its parts over the localisation threshold alpha."""
    figure, axes = new_axes(7.2, 4.8)
    for curve, (colour, style) in _CURVES.items():
        values = scores.curve(curve)
        width = 2.4 if style == "-" else 1.4
        axes.plot(ALPHAS, values, style, lw=width, color=colour, label=f"{curve} {100 * values.mean():.1f}")
    _alpha_axis(axes, "score")
    axes.set_title(
        f"{caption(name)}: {scores.sequences} sequence{'s' if scores.sequences > 1 else ''}, {scores.frames:,} frames"
    )
    figure.legend(loc="outside right center", frameon=False)
    return figure


def comparison_curves(trackers: Mapping[str, Scores]) -> Any:
    """Return a figure of the trackers' HOTA over alpha."""
    figure, axes = new_axes(7.2, 4.8)
    for i, (name, scores) in enumerate(trackers.items()):
        axes.plot(
            ALPHAS, scores.curve("HOTA"), lw=2, color=colour_of(i), label=f"{caption(name)} {100 * scores.HOTA:.1f}"
        )
    _alpha_axis(axes, "HOTA")
    axes.legend(loc="lower left", frameon=False)
    return figure


def comparison_bars(trackers: Mapping[str, Scores]) -> Any:
    """Return a figure with the trackers' main figures side by side."""
    figure, axes = new_axes(7.2, 4.2)
    _grouped(axes, list(_BARS), {name: [scores[f] for f in _BARS] for name, scores in trackers.items()}, label=True)
    axes.set_ylabel("per cent")
    return figure


def detection_association(trackers: Mapping[str, Scores]) -> Any:
    """Return a figure with each tracker's DetA against its AssA, over lines of equal HOTA."""
    figure, axes = new_axes(5.6, 5.2)
    x = np.linspace(0.5, 100, 200)
    for hota in range(10, 100, 10):
        axes.plot(x, hota**2 / x, color="#cccccc", lw=0.8, zorder=0)
    points = [(100 * s.DetA, 100 * s.AssA) for s in trackers.values()]
    for i, (name, (det, ass)) in enumerate(zip(trackers, points, strict=True)):
        axes.plot(
            [det], [ass], "o", ms=9, color=colour_of(i), label=f"{caption(name)} (HOTA {100 * trackers[name].HOTA:.1f})"
        )
    lows, highs = np.min(points, axis=0) - 8, np.max(points, axis=0) + 8
    axes.set_xlim(max(0, lows[0]), min(100, highs[0]))
    axes.set_ylim(max(0, lows[1]), min(100, highs[1]))
    axes.set_xlabel("DetA")
    axes.set_ylabel("AssA")
    axes.set_title("grey: lines of equal HOTA", fontsize=9, color="#666666")
    axes.legend(frameon=False)
    return figure


def sequence_bars(trackers: Mapping[str, Scores]) -> Any:
    """Return a figure of each sequence's HOTA, with a tracker's MOTA and IDF1 too if there is one tracker."""
    names = list(dict.fromkeys(part.name for scores in trackers.values() for part in scores.rows()))
    by_name = {tracker: {part.name: part for part in scores.rows()} for tracker, scores in trackers.items()}
    if len(trackers) == 1:
        parts = next(iter(by_name.values()))
        groups = {figure: [parts[name][figure] for name in names] for figure in ("HOTA", "MOTA", "IDF1")}
    else:
        groups = {
            tracker: [parts[name].HOTA if name in parts else np.nan for name in names]
            for tracker, parts in by_name.items()
        }
    figure, axes = new_axes(min(24.0, max(7.2, 0.32 * len(names) * (1 + 0.3 * len(groups)))), 5.2)
    _grouped(axes, names, groups, label=False)
    axes.set_ylabel("per cent" if len(trackers) == 1 else "HOTA, per cent")
    axes.tick_params(axis="x", rotation=90, labelsize=7 if len(names) < _MOST_LABELS else 5)
    return figure


def _grouped(axes: Any, names: list[str], groups: Mapping[str, list[float]], *, label: bool) -> None:
    width = 0.8 / len(groups)
    for i, (group, values) in enumerate(groups.items()):
        place = np.arange(len(names)) + (i - (len(groups) - 1) / 2) * width
        bars = axes.bar(place, 100 * np.array(values), width, color=colour_of(i), label=caption(group))
        if label:
            axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=1)
    axes.set_xticks(range(len(names)), list(map(caption, names)))
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylim(top=100)
    axes.grid(axis="y", color="#e5e5e5")
    axes.legend(frameon=False, ncol=min(4, len(groups)), loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _alpha_axis(axes: Any, what: str) -> None:
    axes.set_xlabel("localisation threshold α")
    axes.set_ylabel(what)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(color="#e5e5e5")
