"""The figure of chapter 12: HOTA over alpha, and the gains of the held-out matches.

python docs/course/figures/figure_12_alpha.py

It runs the blocks of the chapter up to the last one that it needs, so that the figure shows what the page says.
"""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from run_page import IMAGES, run_page

BLUE, RED, GREY = "#1b6ca8", "#d1495b", "#444444"


def main() -> None:
    """Draw it."""
    mpl.rcParams["svg.hashsalt"] = "course"
    names = run_page("12-experiment.md", before="### What an error bar means")
    alphas = names["alphas"]
    held_out = np.array([[names["hota"](match, alpha=alpha) for match in names["held_out"]] for alpha in alphas])
    tuned = [np.mean(names["on_tuning"][alpha]) for alpha in alphas]
    ranges = np.array([names["spread"](row - held_out[0]) for row in held_out]) + held_out[0].mean()
    gains, (low, high) = np.sort(names["gains"]), names["spread"](names["gains"])

    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    left.fill_between(alphas, ranges[:, 0], ranges[:, 1], color="#9cc7e8", alpha=0.6, lw=0, label="90 % of the change")
    left.plot(alphas, held_out.mean(1), "o-", color=BLUE, label="20 held-out matches")
    left.plot(alphas, tuned, "o--", color=RED, label="6 tuning matches")
    left.set(xlabel="α (1: motion alone)", ylabel="HOTA")
    left.legend(frameon=False, fontsize=8)
    right.axvline(0, color=GREY, lw=1)
    right.axvspan(low, high, color="#9cc7e8", alpha=0.6, lw=0, label="90 % of the mean")
    right.axvline(gains.mean(), color=BLUE, label="mean")
    right.plot(gains, range(1, len(gains) + 1), "o", color=RED, ms=4, label="a match")
    right.set(xlabel=f"gain in HOTA, α = {names['chosen']} against 1", ylabel="held-out match, sorted", yticks=[])
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "12-alpha.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
