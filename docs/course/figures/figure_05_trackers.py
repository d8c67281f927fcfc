"""The figure of chapter 5: the paths by tracker. Scene and tracks are those of the page's own code.

python docs/course/figures/figure_05_trackers.py
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from run_page import IMAGES, run_page

TARGET = IMAGES / "05-trackers.png"
COLOURS = {1: "#1b6ca8", 2: "#e07a1f", 3: "#2a9d55", 4: "#8e5bb5", 5: "#8a6d3b", 6: "#d1495b"}
ROWS = (("crossing", (1, 2)), ("faint", (3,)), ("stop", (4, 5)), ("zigzag", (6,)))


def main() -> None:
    """Draw it."""
    names = run_page("05-trackers.md", before="## SORT")
    truth, results = names["truth"], names["results"]
    mpl.rcParams["font.size"] = 8
    figure, axes = plt.subplots(
        len(results), len(ROWS), figsize=(8, 11), sharex=True, sharey="col", layout="constrained"
    )
    for row, (name, result) in enumerate(results.items()):
        owner = owners(truth, result)
        for column, (event, players) in enumerate(ROWS):
            ax = axes[row, column]
            ax.axvspan(85, 97, color="#000000", alpha=0.07, lw=0)
            for player in players:
                draw(ax, truth, result, owner, player)
            ax.spines[["top", "right"]].set_visible(False)
            ax.tick_params(labelsize=7)
            if row == 0:
                ax.set_title(event, fontsize=10)
            if column == 0:
                ax.set_ylabel(f"{name}\nx in pixels")
    figure.supxlabel("frame (grey band: the pan; black and turquoise: new ids)", fontsize=9)
    figure.savefig(TARGET, dpi=86, metadata={"Software": None})


def draw(ax: Any, truth: Any, result: list[Any], owner: dict[int, int], player: int) -> None:
    """Draw the truth of a player as a thin line, and its boxes of a tracker in the colour of the id's first player."""
    rows = truth[truth[:, 1] == player]
    ax.plot(rows[:, 0] - 1, rows[:, 2] + 20, color="#c4c4c4", lw=0.6)
    for frame, tracks in enumerate(result):
        at = match(rows[frame], tracks)
        if at is not None:
            number, first = int(tracks.track_id[at]), owner.get(int(tracks.track_id[at]))
            colour = COLOURS[first] if first else ("#000000", "#00a0b0")[number % 2]
            ax.plot(frame, tracks.xyxy[at, 0] + 20, "s", color=colour, ms=1.8, mew=0)


def match(row: Any, tracks: Any) -> int | None:
    """Return the row of the track that lies on a true box."""
    if not len(tracks):
        return None
    away = np.abs(tracks.xyxy[:, :2] - row[2:4]).max(axis=1)
    best = int(away.argmin())
    return best if away[best] < 9 else None


def owners(truth: Any, result: list[Any]) -> dict[int, int]:
    """Return for each id of the first frames the player that it lay on."""
    found: dict[int, int] = {}
    for frame, tracks in enumerate(result[:6]):
        for row in truth[truth[:, 0] == frame + 1]:
            at = match(row, tracks)
            if at is not None:
                found.setdefault(int(tracks.track_id[at]), int(row[1]))
    return found


if __name__ == "__main__":
    main()
