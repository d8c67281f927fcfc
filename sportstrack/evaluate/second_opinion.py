"""The same sequences counted by py-motmetrics, from our overlaps: a second opinion on CLEAR and Identity.

motmetrics keeps a correspondence over gaps: it prefers a player's last partner however long ago that was, where
TrackEval (and this package) forget the preference after one frame; and frames in which the tracker has no box at all
break a track for motmetrics, but not for TrackEval. IDSW and Frag therefore differ by a few per cent, MOTA a little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.score.run import Job
from sportstrack.score.sequence import Sequence

_NAMES = {
    "idf1": "IDF1",
    "idp": "IDP",
    "idr": "IDR",
    "recall": "CLR_Re",
    "precision": "CLR_Pr",
    "num_matches": "matches",
    "num_switches": "IDSW",
    "num_fragmentations": "Frag",
    "num_false_positives": "CLR_FP",
    "num_misses": "CLR_FN",
    "mostly_tracked": "MT",
    "partially_tracked": "PT",
    "mostly_lost": "ML",
    "mota": "MOTA",
    "motp": "MOTP",
    "num_unique_objects": "GT_IDs",
}
COLUMNS = (
    "MOTA",
    "MOTP",
    "IDF1",
    "IDP",
    "IDR",
    "CLR_Re",
    "CLR_Pr",
    "IDSW",
    "Frag",
    "CLR_FP",
    "CLR_FN",
    "MT",
    "PT",
    "ML",
)
"""The figures that motmetrics knows, under our names."""


def score_with_motmetrics(
    jobs: Iterable[Job], done: Callable[[int], None] = lambda _: None
) -> list[tuple[str, dict[str, float]]]:
    """Return (name, figures) per sequence and, of several, of all together as ``"COMBINED"``; MOTP is an overlap.

    Args:
        jobs: the sequences.
        done: called after each sequence with the number done.

    Raises:
        SettingError: motmetrics is not installed.
    """
    try:
        import motmetrics
    except ImportError as error:
        raise SettingError("--backend motmetrics needs motmetrics: pip install motmetrics") from error
    accumulators, names = [], []
    for job in jobs:
        accumulators.append(_accumulate(motmetrics, job.sequence()))
        names.append(job.name)
        done(len(names))
    table = motmetrics.metrics.create().compute_many(
        accumulators, metrics=list(_NAMES), names=names, generate_overall=len(names) > 1
    )
    rows = table.rename(index={"OVERALL": "COMBINED"})
    return [(str(name), _figures(rows.loc[name])) for name in rows.index]


def _accumulate(motmetrics: Any, seq: Sequence) -> Any:
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    pair = np.searchsorted(seq.i, seq.truth.start)
    for f in range(seq.frames):
        t, r, p = (slice(*start[f : f + 2]) for start in (seq.truth.start, seq.result.start, pair))
        distance = np.full((t.stop - t.start, r.stop - r.start), np.nan)
        near = seq.iou[p] >= 0.5
        distance[seq.i[p][near] - t.start, seq.j[p][near] - r.start] = 1 - seq.iou[p][near]
        accumulator.update(seq.truth.identity[t], seq.result.identity[r], distance)
    return accumulator


def _figures(row: Any) -> dict[str, float]:
    """Return the figures under our names; a ratio without a denominator is 0, as in our own scores."""
    figures: dict[str, float] = {}
    for theirs, ours in _NAMES.items():
        value = float(row[theirs])
        if ours == "MOTP":  # theirs is a distance
            value = 1 - value
        if ours not in _RATIOS:
            figures[ours] = int(value)
        elif math.isfinite(value):
            figures[ours] = value
        else:
            figures[ours] = 0.0
    return figures


_RATIOS = {"MOTP", "IDF1", "IDP", "IDR", "CLR_Re", "CLR_Pr", "MOTA"}
