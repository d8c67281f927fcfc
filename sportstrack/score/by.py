"""Scores of a tracker cut by the circumstances of the true boxes.

A false positive has no true box, so precision cannot be cut this way; what can are the shares of the true boxes that
are found, that keep their identity, and the switches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.score.bins import BINS, scale_of
from sportstrack.score.circumstances import circumstances
from sportstrack.score.clear import match_clear
from sportstrack.score.identity import identity_hits
from sportstrack.score.sequence import Sequence as Scored
from sportstrack.types import FloatArray

LightOf = Callable[[int, FloatArray], "FloatArray | None"]
"""(frame from 0, (N, 4) boxes) → (N,) grey values, or None without its picture."""


@dataclass(frozen=True)
class BinScore:
    """What became of the true boxes of one bin; the counts of several sequences add up.

    Attributes:
        boxes: true boxes.
        found: matched at IoU 0.5, as CLEAR matches.
        switches: identity switches among them.
        kept: that carry the identity which the best assignment gives to their track (IDTP).
        overlap: sum of the matched ones' IoU.
    """

    boxes: int = 0
    found: int = 0
    switches: int = 0
    kept: int = 0
    overlap: float = 0.0

    def __add__(self, other: BinScore) -> BinScore:
        return BinScore(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def figures(self) -> dict[str, float]:
        """Return recall, IDR, IDSW per 1,000 found boxes and mean overlap; NaN without boxes."""
        boxes, found = self.boxes or np.nan, self.found or np.nan
        return {
            "recall": self.found / boxes,
            "IDR": self.kept / boxes,
            "IDSW_per_1000": 1000 * self.switches / found,
            "overlap": self.overlap / found,
        }


Cut = Mapping[str, Mapping[str, BinScore]]
"""By → bin → score."""


def cut_scores(
    seq: Scored, by: Sequence[str], *, frame_rate: float, size: tuple[int, int] | None = None,
    light: LightOf | None = None,
) -> Cut:  # fmt: skip
    """Score the true boxes of each bin.

    Args:
        seq: truth and result.
        by: of `sportstrack.score.bins.BY`.
        frame_rate: frames per second, for speed.
        size: width and height of the pictures; None takes the extent of the true boxes.
        light: measures boxes in a frame's picture; without it, and in frames without a picture, light is not known.
    """
    values = truth_values(seq, by, frame_rate=frame_rate, size=size, light=light)
    count = len(seq.truth)
    found = kept = switch = np.zeros(count, np.bool_)
    overlap = np.zeros(count)
    if not seq.one_sided:
        matches = match_clear(seq)
        found, switch, overlap = matches.partner >= 0, matches.switch, matches.iou
        kept = identity_hits(seq)
    made: dict[str, dict[str, BinScore]] = {}
    for name in by:
        place = BINS[name].of(values[name])
        made[name] = {}
        for k, label in enumerate(BINS[name].labels):
            here = place == k
            made[name][label] = BinScore(
                boxes=int(here.sum()),
                found=int((here & found).sum()),
                switches=int((here & switch).sum()),
                kept=int((here & kept).sum()),
                overlap=float(overlap[here].sum()),
            )
    return made


def truth_values(
    seq: Scored, by: Sequence[str], *, frame_rate: float, size: tuple[int, int] | None = None,
    light: LightOf | None = None,
) -> dict[str, FloatArray]:  # fmt: skip
    """Return by → (G,) what is measured of each true box; NaN where it is not known."""
    boxes = seq.truth.table.xyxy
    found: dict[str, FloatArray] = {}
    if {"occlusion", "speed"} & set(by):
        known = circumstances(seq, size)
        found["occlusion"] = known.covered
        found["speed"] = np.hypot(*known.own.T) * frame_rate
    found["scale"] = scale_of(boxes)
    if "light" in by:
        grey = np.full(len(boxes), np.nan)
        for frame in range(seq.frames if light is not None else 0):
            rows = slice(*seq.truth.start[frame : frame + 2])
            if rows.stop > rows.start and light is not None and (seen := light(frame, boxes[rows])) is not None:
                grey[rows] = seen
        found["light"] = grey
    return {name: found[name] for name in by}


def pooled(cuts: Iterable[Cut]) -> dict[str, dict[str, BinScore]]:
    """Add the counts of several sequences up."""
    total: dict[str, dict[str, BinScore]] = {}
    for cut in cuts:
        for name, bins in cut.items():
            here = total.setdefault(name, {})
            for label, score in bins.items():
                here[label] = here.get(label, BinScore()) + score
    return total
