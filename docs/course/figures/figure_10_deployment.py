"""The figures of chapter 10: accuracy over bits, and students with and without a teacher.

python docs/course/figures/figure_10_deployment.py

It runs the blocks of the chapter up to the last one that it needs, so that the figures show what the page says.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from run_page import IMAGES, run_page

SEEDS = range(5)


def bits(names: dict[str, Any]) -> None:
    """Draw the share of crops read rightly over the number of bits."""
    counts = range(2, 9)
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    kinds = (("one scale for a layer", False, "#d1495b"), ("one for each channel", True, "#1b6ca8"))
    for label, by_channel, color in kinds:
        right = [names["share_right"](names["quantised_copy"](names["uneven_teacher"], n, by_channel)) for n in counts]
        axes.plot(counts, right, "o-", color=color, label=label)
    axes.axhline(names["share_right"](names["teacher"]), color="#444444", lw=1, ls="--", label="32-bit floats")
    axes.set(xlabel="bits of a weight", ylabel="share read rightly", ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "10-bits.svg", metadata={"Date": None})


def distillation(names: dict[str, Any]) -> None:
    """Draw what students of each kind read rightly, a dot for each seed."""
    kinds = {
        "300 labels": (names["labelled"], 300),
        "teacher, the same 300": (names["distilled"], 300),
        "teacher, 4000 without labels": (names["distilled"], 4000),
    }
    figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
    for row, (loss, count) in enumerate(kinds.values()):
        models = [names["train"](names["network"](4, 8, 16, seed), names["pictures"][:count], loss) for seed in SEEDS]
        right = [names["share_right"](model) for model in models]
        axes.plot(right, [row] * len(right), "o", color="#1b6ca8", alpha=0.7)
        axes.plot(np.mean(right), row, "|", color="#d1495b", ms=22, mew=2)
    best = names["share_right"](names["teacher"])
    axes.axvline(best, color="#444444", lw=1, ls="--")
    axes.text(best - 0.003, 2.45, "the teacher", ha="right", color="#444444", fontsize=9)
    axes.set(yticks=range(3), yticklabels=list(kinds), xlabel="share read rightly", ylim=(-0.5, 2.7))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "10-distillation.svg", metadata={"Date": None})


if __name__ == "__main__":
    mpl.rcParams["svg.hashsalt"] = "course"
    found = run_page("10-deployment.md", before="## Export")
    bits(found)
    distillation(found)
