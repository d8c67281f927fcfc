"""One picture of figures that are cut by light, occlusion, scale or speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sportstrack.draw.figures import caption, colour_of, new_figure
from sportstrack.score.bins import BINS

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By → bin → series → share, 0…1 or NaN."""


def bins_chart(title: str, figures: Figures, counts: Mapping[str, Mapping[str, int]], what: str = "boxes") -> Any:
    """Return a ``matplotlib.figure.Figure`` with a panel for each measure: bars of each series in each bin.

    Args:
        title: of the picture.
        figures: by → bin → series → share.
        counts: by → bin → how many there are, for the labels.
        what: is counted.
    """
    figure = new_figure(3.6 * len(figures) + 0.8, 3.9)
    panels = figure.subplots(1, len(figures), sharey=True, squeeze=False)[0]
    for axis, (name, bins) in zip(panels, figures.items(), strict=True):
        series = list(next(iter(bins.values())))
        width = 0.8 / len(series)
        for k, one in enumerate(series):
            place = np.arange(len(bins)) + (k - (len(series) - 1) / 2) * width
            values = [100 * found[one] for found in bins.values()]
            axis.bar(place, np.nan_to_num(values), width, color=colour_of(k), label=caption(one))
        labels = [f"{label}\n{counts[name][label]:,}" for label in bins]
        axis.set_xticks(range(len(bins)), labels, fontsize=8)
        axis.set_title(f"{name} ({BINS[name].unit})", fontsize=9)
        axis.set_ylim(0, 116)
        axis.set_yticks(range(0, 101, 20))
        axis.grid(axis="y", color="#e5e5e5")
        axis.set_axisbelow(True)
    panels[0].set_ylabel(f"per cent; below: {what}")
    panels[-1].legend(frameon=False, fontsize=8, loc="upper right", ncols=max(1, min(4, len(series))))
    figure.suptitle(caption(title), fontsize=11)
    return figure
