"""MOTChallenge's preprocessing: result boxes on things that are not to be tracked do not count against a tracker.

The rules are those of the MOT16, MOT17 and MOT20 benchmarks (Milan et al. 2016, arXiv:1603.00831; Dendorfer et al.
2020, arXiv:2003.09003) as TrackEval applies them: result boxes are matched with all true boxes at an overlap of 0.5;
those matched with a distractor go; then all true boxes but considered pedestrians go.
"""

from __future__ import annotations

import numpy as np

from sportstrack.errors import FormatError, SettingError, nearest
from sportstrack.mot import MotTable
from sportstrack.score.matching import match_pairs
from sportstrack.score.sequence import Sequence, Side
from sportstrack.types import BoolArray

PEDESTRIAN = 1
CLASSES = 13
"""Classes 1…13 are known to MOTChallenge."""

_DISTRACTORS = {"person on vehicle": 2, "static person": 7, "distractor": 8, "reflection": 12}
_MOT20_DISTRACTORS = {"non-motorised vehicle": 6}
_EPS = float(np.finfo(np.float64).eps)

BENCHMARKS = ("MOT15", "MOT16", "MOT17", "MOT20", "MOTS", "KITTI-MOTS")
"""The last two are of masks: `sportstrack.score.masks`."""


def preprocess(name: str, truth: MotTable, result: MotTable, benchmark: str = "MOT17") -> tuple[MotTable, MotTable]:
    """Return truth and result as the benchmark scores them.

    Args:
        name: the sequence, for messages.
        truth: all rows of the ground truth, with classes and consider flags.
        result: the tracker's rows.
        benchmark: one of `BENCHMARKS`; MOT15 has no classes, so nothing but the consider flag counts there.

    Raises:
        SettingError: unknown benchmark.
        FormatError: a class outside 1…13 in the truth, or another class than pedestrian in the result.
    """
    if benchmark.upper() not in BENCHMARKS:
        raise SettingError(
            f"unknown benchmark {benchmark!r}{nearest(benchmark, list(BENCHMARKS))} (known: {', '.join(BENCHMARKS)})"
        )
    if (result.class_id > PEDESTRIAN).any():
        raise FormatError(
            f"{name}: the result has class {result.class_id.max()}; MOTChallenge scores pedestrians alone"
        )
    if benchmark.upper() == "MOT15":
        return truth, result
    distractors = [*_DISTRACTORS.values(), *(_MOT20_DISTRACTORS.values() if benchmark.upper() == "MOT20" else ())]
    keep = ~_on_distractor(name, truth, result, distractors)
    return truth[truth.class_id == PEDESTRIAN], result[keep]


def _on_distractor(name: str, truth: MotTable, result: MotTable, distractors: list[int]) -> BoolArray:
    """(R,) True for result rows matched with a distractor."""
    seq = everything(name, truth, result)
    both = np.isin(truth.frame, result.frame)
    unknown = truth.class_id[both & ~((truth.class_id >= 1) & (truth.class_id <= CLASSES))]
    if len(unknown):
        raise FormatError(
            f"{name}: the truth has class {unknown[0]}, MOTChallenge knows 1 to {CLASSES}; score without preprocessing"
        )
    good = seq.iou >= 0.5 - _EPS
    i, j = seq.i[good], seq.j[good]
    chosen = match_pairs(seq, i, j, seq.iou[good])
    hit = np.zeros(len(result), np.bool_)
    hit[j[chosen & np.isin(seq.truth.table.class_id[i], distractors)]] = True
    order = np.argsort(result.frame, kind="stable")
    back = np.empty(len(result), np.bool_)
    back[order] = hit
    return back


def everything(name: str, truth: MotTable, result: MotTable) -> Sequence:
    """Return the sequence with all true rows, considered or not."""
    frames = max((int(t.frame.max()) + 1 for t in (truth, result) if len(t)), default=0)
    return Sequence.with_pairs(name, frames, Side.of(truth, frames), Side.of(result, frames))
