"""Pictures of judgements: precision over recall, figures over the score threshold, detectors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.draw.figures import caption, colour_of, new_axes, safe_names, save_figure
from sportstrack.files.claim import Claim
from sportstrack.val.ap import RECALLS
from sportstrack.val.by import by_chart
from sportstrack.val.run import Judgement

_BARS = ("precision", "recall", "AP50", "AP75", "AP")
_MASK_BARS = ("mask AP50", "mask AP75", "mask AP")


def save_charts(judged: Sequence[Judgement], folder: Path, claim: Claim | None = None) -> list[Path]:
    """Draw all that there is to draw into a folder that is there; return the files.

    Args:
        judged: the detectors.
        folder: where to.
        claim: on the files that `chart_names` names; None replaces whatever is there.
    """
    names = iter(chart_names([one.name for one in judged], cut=any(one.cuts for one in judged)))
    figures = [draw(one) for one in judged for draw in (precision_recall, thresholds)]
    figures += [by_chart(one.name, one.cuts) for one in judged if one.cuts]
    if len(judged) > 1:
        figures += [comparison(judged), speed(judged)]
    return [save_figure(figure, folder / name, claim) for figure, name in zip(figures, names, strict=True)]


def chart_names(detectors: Sequence[str], *, cut: bool = False) -> list[str]:
    """Return the names of the files that `save_charts` writes for these detectors; ``cut``: with those of --by."""
    stems = safe_names(detectors)
    names = [f"{kind}-{stem}.png" for stem in stems for kind in ("precision-recall", "thresholds")]
    names += [f"by-{stem}.png" for stem in stems if cut]
    return names + ["comparison.png", "comparison-speed.png"] * (len(detectors) > 1)


def precision_recall(one: Judgement) -> Any:
    """Return a figure of each class's precision over recall at IoU 0.5."""
    figure, axes = new_axes(6.4, 4.8)
    for k, (class_id, name) in enumerate(one.accuracy.classes.items()):
        curve = one.accuracy.precision[0, :, k, 0]
        if curve.max() >= 0:
            label = f"{caption(name)} {100 * one.accuracy.ap(class_id, overlap=0.5):.1f}"
            axes.plot(RECALLS, curve, lw=2, color=colour_of(k), label=label)
    _shares(axes, "recall", "precision")
    axes.set_title(f"{caption(one.name)}: precision over recall, IoU 0.5, and AP50")
    axes.legend(frameon=False)
    return figure


def thresholds(one: Judgement) -> Any:
    """Return a figure of precision, recall and F1 over the score threshold."""
    figure, axes = new_axes(6.4, 4.8)
    x = [point.threshold for point in one.points]
    for k, name in enumerate(("precision", "recall", "f1")):
        axes.plot(x, [getattr(point, name) for point in one.points], lw=2, color=colour_of(k), label=name)
    for name, at in (("high", one.advice.high), ("low", one.advice.low)):
        axes.axvline(at, color="#777777", lw=1, ls="--")
        axes.text(at, 0.02, f" {name} {at:.2f}", fontsize=8, color="#555555")
    _shares(axes, "score threshold", "share")
    axes.set_title(caption(one.name))
    axes.legend(frameon=False)
    return figure


def comparison(judged: Sequence[Judgement]) -> Any:
    """Return a figure of the detectors' main figures side by side."""
    figure, axes = new_axes(max(7.2 if not any(one.masks for one in judged) else 9.6, 1.4 * len(judged)), 4.4)
    width = 0.8 / len(judged)
    bars = _BARS + _MASK_BARS * any(one.masks is not None for one in judged)
    for i, one in enumerate(judged):
        figures = one.figures() | one.mask_figures()
        place = np.arange(len(bars)) + (i - (len(judged) - 1) / 2) * width
        axes.bar(place, [100 * figures[name] for name in bars], width, color=colour_of(i), label=caption(one.name))
    axes.set_xticks(range(len(bars)), bars)
    axes.set_ylabel("per cent")
    axes.grid(axis="y", color="#e5e5e5")
    axes.legend(frameon=False, fontsize=8)
    return figure


def speed(judged: Sequence[Judgement]) -> Any:
    """Return a figure of AP, of boxes and of masks, over the median time of a picture."""
    figure, axes = new_axes(6.0, 4.4)
    for i, one in enumerate(judged):
        ms = one.milliseconds()["total"]["p50"]
        axes.plot([ms], [100 * one.accuracy.ap()], "o", ms=9, color=colour_of(i), label=caption(one.name))
        if one.masks is not None:
            value, label = 100 * one.masks.accuracy.ap(), f"{caption(one.name)}, masks"
            axes.plot([ms], [value], "o", ms=9, mfc="none", mew=2, color=colour_of(i), label=label)
    axes.set_xlabel("median milliseconds per picture")
    axes.set_ylabel("AP, per cent")
    axes.set_xlim(left=0)
    axes.grid(color="#e5e5e5")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _shares(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.grid(color="#e5e5e5")
