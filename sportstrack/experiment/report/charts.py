"""The report's charts, from plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sportstrack.draw.figures import caption, colour_of, new_axes, new_figure
from sportstrack.score.bins import BINS

_GRID = "#e5e5e5"


def heights(histograms: Mapping[str, Mapping[str, Sequence[float]]]) -> Any:
    """Return a figure of how tall boxes are: a curve for each data set."""
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, axes = new_axes(6.4, 2.8)
    for k, (name, one) in enumerate(histograms.items()):
        counts = np.array(one["counts"], float)
        axes.stairs(100 * counts / max(counts.sum(), 1), one["edges"], color=colour_of(k), lw=2, label=caption(name))
    axes.set_xscale("log")
    axes.set_xlabel("height of a box, pixels")
    axes.set_ylabel("per cent of the boxes")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y", color=_GRID)
    axes.legend(frameon=False)
    return figure


def training(epochs: Sequence[Mapping[str, float]]) -> Any:
    """Return a figure of losses and scores over the epochs."""
    figure = new_figure(7.2, 3.0)
    left, right = figure.subplots(1, 2)
    x = [row.get("epoch", i + 1) for i, row in enumerate(epochs)]
    for k, part in enumerate(("box", "cls", "dfl")):
        for kind, style in (("train", "-"), ("val", "--")):
            name = f"{kind}/{part}_loss"
            if name in epochs[0]:
                label = f"{part} ({kind})"
                left.plot(x, [row.get(name, np.nan) for row in epochs], style, color=colour_of(k), lw=1.8, label=label)
    names = {"precision": "precision", "recall": "recall", "mAP50": "AP50", "mAP50-95": "AP"}
    for k, (key, label) in enumerate(names.items()):
        values = [100 * row.get(f"metrics/{key}(B)", np.nan) for row in epochs]
        right.plot(x, values, "o-", ms=3.5, color=colour_of(k), lw=1.8, label=label)
    left.set_ylabel("loss")
    right.set_ylabel("per cent, val split")
    right.set_ylim(0, 102)
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=_GRID)
        axes.legend(frameon=False, fontsize=7.5, ncol=2)
    return figure


def precision_recall(curves: Mapping[str, Sequence[float]], ap50: Mapping[str, float | None]) -> Any:
    """Return a figure of each class's precision over recall at IoU 0.5."""
    figure, axes = new_axes(5.4, 3.4)
    for k, (name, values) in enumerate(curves.items()):
        score = ap50.get(name)
        label = caption(name) + ("" if score is None else f", AP50 {100 * score:.1f}")
        axes.plot(np.linspace(0, 1, len(values)), values, lw=2, color=colour_of(k), label=label)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    axes.grid(color=_GRID)
    axes.legend(frameon=False, loc="lower left")
    return figure


def causes(by_tracker: Mapping[str, Mapping[str, int]], order: Sequence[str]) -> Any:
    """Return a figure of stacked bars: errors of one kind by cause, a bar for each tracker."""
    there = [cause for cause in order if any(counts.get(cause) for counts in by_tracker.values())]
    figure, axes = new_axes(7.2, 0.9 + 0.42 * len(by_tracker))
    left = np.zeros(len(by_tracker))
    for k, cause in enumerate(there):
        values = np.array([counts.get(cause, 0) for counts in by_tracker.values()], float)
        hatch = "//" if k >= 8 else None
        axes.barh(range(len(left)), values, left=left, color=colour_of(k), height=0.68, label=cause, hatch=hatch)
        left += values
    axes.set_yticks(range(len(left)), [caption(name) for name in by_tracker])
    axes.invert_yaxis()
    axes.set_xlabel("number of errors")
    axes.grid(axis="x", color=_GRID)
    axes.legend(frameon=False, fontsize=7.5, ncol=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def bins(figures: Mapping[str, Mapping[str, Mapping[str, float]]], counts: Mapping[str, Mapping[str, int]]) -> Any:
    """Return a figure with a panel for each measure: shares of the true boxes in each bin, two panels in a row."""
    rows = -(-len(figures) // 2)
    figure = new_figure(7.2, 2.5 * rows)
    panels = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, (name, there) in zip(panels, figures.items(), strict=False):
        series = list(next(iter(there.values())))
        width = 0.8 / len(series)
        for k, one in enumerate(series):
            place = np.arange(len(there)) + (k - (len(series) - 1) / 2) * width
            axes.bar(place, [100 * np.nan_to_num(shares[one]) for shares in there.values()], width,
                     color=colour_of(k), label=one)  # fmt: skip
        axes.set_xticks(range(len(there)), [f"{label}\n{counts[name][label]:,}" for label in there], fontsize=8)
        axes.set_title(f"{name} ({BINS[name].unit})", fontsize=9)
        axes.set_ylim(0, 102)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=_GRID)
        axes.set_axisbelow(True)
    for axes in panels[len(figures) :]:
        axes.set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    for axes in panels[::2]:
        axes.set_ylabel("per cent")
    return figure


def speed(points: Mapping[str, tuple[float, float]], what: str) -> Any:
    """Return a figure of a figure in per cent over milliseconds a frame, a point for each tracker."""
    figure, axes = new_axes(5.4, 3.4)
    for k, (name, (ms, value)) in enumerate(points.items()):
        axes.plot([ms], [value], "o", ms=8, color=colour_of(k), label=caption(name))
    axes.set_xlabel("milliseconds of the tracker per frame")
    axes.set_ylabel(f"{what}, per cent")
    axes.set_xlim(left=0)
    axes.grid(color=_GRID)
    axes.legend(frameon=False, fontsize=8)
    return figure


def sweep(setting: str, points: Sequence[float], rows: Sequence[Mapping[str, Any]], objective: str) -> Any:
    """Return a figure of scores over the values of a setting; the band is the spread of the gain."""
    figure = new_figure(7.2, 3.2)
    left, right = figure.subplots(1, 2)
    order = np.argsort(points)
    x = np.array(points)[order]
    for k, name in enumerate(("HOTA", "AssA", "IDF1")):
        values = np.array([100 * row["figures"][name] for row in rows[1:]])[order]
        left.plot(x, values, "o-", ms=4, lw=1.8, color=colour_of(k), label=name)
        left.axhline(100 * rows[0]["figures"][name], color=colour_of(k), lw=1, ls=":")
    left.set_ylabel("per cent; dotted: baseline")
    gain, low, high = (np.array([100 * row[key] for row in rows[1:]])[order] for key in ("gain", "low", "high"))
    right.fill_between(x, low, high, color=colour_of(0), alpha=0.18, lw=0)
    right.plot(x, gain, "o-", ms=4, lw=1.8, color=colour_of(0))
    right.axhline(0, color="#777777", lw=1)
    right.set_ylabel(f"gain of {objective}, points")
    for axes in (left, right):
        axes.set_xlabel(caption(setting))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=_GRID)
    left.legend(frameon=False, fontsize=8, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def gains(rows: Sequence[Mapping[str, Any]], objective: str) -> Any:
    """Return a figure of each variant's gain with its spread."""
    figure, axes = new_axes(6.4, 1.0 + 0.4 * len(rows))
    for k, row in enumerate(rows):
        gain, low, high = (100 * row[key] for key in ("gain", "low", "high"))
        colour = colour_of(2 if gain >= 0 else 1)
        axes.barh([k], [gain], height=0.55, color=colour)
        axes.plot([low, high], [k, k], color="#777777", lw=2.5, solid_capstyle="butt")
    axes.axvline(0, color="#777777", lw=1)
    axes.set_yticks(range(len(rows)), [caption(row["name"]) for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel(f"gain of {objective} in points; grey: 90 % of the draws of matches")
    axes.grid(axis="x", color=_GRID)
    return figure
