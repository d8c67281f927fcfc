"""What the single-object benchmarks measure: one-pass curves, GOT-10k's averages, and VOT's restarts.

One pass (Wu, Lim and Yang, CVPR 2013 and TPAMI 2015; OTB): the tracker gets the first box and is never helped again.
Normalised precision: Müller et al., TrackingNet, ECCV 2018. Average overlap and success rates: Huang, Zhao and Huang,
GOT-10k, TPAMI 2021. Restarts: Kristan et al., VOT2013 to VOT2019. docs/sot-scores.md lists where their programs differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, FloatArray, IntArray

OVERLAPS: FloatArray = np.linspace(0, 1, 21, dtype=np.float64)
"""Thresholds of the success curve, 0, 0.05 … 1; a frame succeeds *above* one, so that no curve reaches 1 at 1."""
PIXELS: FloatArray = np.arange(51.0, dtype=np.float64)
"""Thresholds of the precision curve; a frame is precise *at or below* one."""
SHARES: FloatArray = np.arange(51) / 100
"""Thresholds of the normalised precision curve, 0 … 0.5 of the object's size."""

Absent: TypeAlias = Literal["skip", "otb"]
ABSENT: tuple[Absent, ...] = ("skip", "otb")
SKIPPED, STARTED, FAILED, TRACKED = 0, 1, 2, 4
"""What happened to a frame under restarts: VOT's codes, and one for a frame with a box."""
BURN_IN = 10  # So many frames after a start do not count for accuracy, because they are still near the true box.
SENSITIVITY = 30.0  # VOT's S: reliability is the chance of S frames without a failure.


class Marks(NamedTuple):
    """The measures of a tracker in each of F frames; NaN where the object is absent.

    Attributes:
        overlap: (F,) IoU, 0…1; 0 where no box is given.
        pixels: (F,) distance of the centres; infinite where no box is given.
        share: (F,) distance of the centres, x in true widths and y in true heights.
    """

    overlap: FloatArray
    pixels: FloatArray
    share: FloatArray


@dataclass(frozen=True, eq=False)
class OnePass:
    """One-pass scores of a sequence, or the mean of several sequences'; all from 0 to 1 but for the counts and times.

    Attributes:
        name: the sequence, or what was averaged.
        sequences: how many.
        frames: frames that count.
        success: (21,) share of frames with an overlap above each of `OVERLAPS`.
        precision: (51,) share of frames with centres at most each of `PIXELS` apart.
        normalised: (51,) share of frames with normalised distances at most each of `SHARES`.
        got: GOT-10k's AO, SR0.5 and SR0.75, without the first frame; NaN where no other frame counts.
        pooled: AO, SR0.5 and SR0.75 over the frames of all sequences at once, as GOT-10k's own program reports them.
        rated: frames behind `got`.
        missed: share of frames without any overlap.
        timed: frames whose time is known…
        seconds: …and what the tracker took for them.
    """

    name: str
    sequences: int
    frames: int
    success: FloatArray
    precision: FloatArray
    normalised: FloatArray
    got: tuple[float, float, float]
    pooled: tuple[float, float, float]
    rated: int
    missed: float
    timed: int = 0
    seconds: float = 0.0

    @property
    def figures(self) -> dict[str, float]:
        """The curves' figures by name; see docs/sot-scores.md."""
        return {
            "AUC": float(self.success.mean()),
            "S50": float(self.success[10]),
            "P20": float(self.precision[20]),
            "NP": float(self.normalised.mean()),
            "NP20": float(self.normalised[20]),
            "AO": self.got[0],
            "SR50": self.got[1],
            "SR75": self.got[2],
            "missed": self.missed,
            "fps": self.timed / self.seconds if self.seconds > 0 else float("nan"),
        }


@dataclass(frozen=True, eq=False)
class Restarts:
    """Scores under restarts, of a sequence or of several; never to be compared with one-pass scores.

    Attributes:
        name: the sequence, or what was averaged.
        sequences: how many.
        frames: their length.
        accuracy: mean overlap of the frames that count.
        failures: how often the tracker lost the object, in all.
        robustness: failures of a sequence; of several, the mean weighted by length.
        timed: frames whose time is known…
        seconds: …and what the tracker took for them.
    """

    name: str
    sequences: int
    frames: int
    accuracy: float
    failures: int
    robustness: float
    timed: int = 0
    seconds: float = 0.0

    @property
    def figures(self) -> dict[str, float]:
        """The scores by name."""
        length = self.frames / self.sequences
        return {
            "accuracy": self.accuracy,
            "robustness": self.robustness,
            "reliability": float(np.exp(-SENSITIVITY * self.robustness / length)),
            "failures": float(self.failures),
            "fps": self.timed / self.seconds if self.seconds > 0 else float("nan"),
        }


# --- frame by frame --------------------------------------------------------------------------------------------------


def is_box(boxes: FloatArray) -> BoolArray:
    """(N,) True for (N, 4) ``xyxy`` rows that are finite and have a size."""
    known = np.where(np.isfinite(boxes).all(axis=1, keepdims=True), boxes, 0.0)
    return np.asarray((known[:, 2:] > known[:, :2]).all(axis=1))


def mark(boxes: ArrayLike, truth: ArrayLike) -> Marks:
    """Compare a tracker's boxes with the true ones.

    Args:
        boxes: (F, 4) ``xyxy``; NaN, or a box without size, where the tracker gave none: no overlap.
        truth: (F, 4) ``xyxy``; NaN, or a box without size, where the object is absent: the frame does not count.

    Raises:
        SettingError: if the two are no such arrays of one length.
    """
    given, true = _boxes(boxes, "boxes"), _boxes(truth, "truth")
    if given.shape != true.shape:
        raise SettingError(f"boxes: expected one for each of the {len(true)} frames of the truth, got {len(given)}")
    present, both = is_box(true), is_box(true) & is_box(given)
    marks = Marks(*(np.where(present, worst, np.nan) for worst in (0.0, np.inf, np.inf)))
    a, b = given[both], true[both]
    inner = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = inner.clip(0).prod(axis=1)
    size = b[:, 2:] - b[:, :2]
    marks.overlap[both] = shared / ((a[:, 2:] - a[:, :2]).prod(axis=1) + size.prod(axis=1) - shared)
    away = ((a[:, :2] + a[:, 2:]) - (b[:, :2] + b[:, 2:])) / 2  # so bracketed, equal boxes are exactly 0 apart
    marks.pixels[both] = np.hypot(*away.T)
    marks.share[both] = np.hypot(*(away / size).T)
    return marks


def clip_as_got10k(boxes: FloatArray, size: tuple[int, int] | None) -> FloatArray:
    """Clip boxes to the picture as GOT-10k's program does.

    Left and top are moved into the picture and width and height *kept*, but for what then reaches beyond the picture:
    a box that hangs over the left edge is pushed inside, not cut.

    Args:
        boxes: (N, 4) ``xyxy``.
        size: width and height of the picture; None leaves the boxes alone.
    """
    if size is None:
        return boxes
    corner = boxes[:, :2].clip(0, size)
    return np.hstack([corner, np.minimum(corner + (boxes[:, 2:] - boxes[:, :2]), size)])


# --- one pass --------------------------------------------------------------------------------------------------------


def score_one_pass(
    boxes: ArrayLike,
    truth: ArrayLike,
    *,
    name: str = "",
    size: tuple[int, int] | None = None,
    absent: Absent = "skip",
    only: BoolArray | None = None,
    seconds: ArrayLike | None = None,
) -> OnePass:
    """Score one pass over one sequence.

    Args:
        boxes: (F, 4) ``xyxy``, NaN where the tracker gave none. The first is replaced by the true one, which the
            tracker was given, and counts (in OTB's curves, not in GOT-10k's figures).
        truth: (F, 4) ``xyxy``, NaN where the object is absent.
        name: the sequence.
        size: width and height of the picture, to which GOT-10k's figures clip the boxes.
        absent: what happens to frames without a true box: ``skip`` leaves them out (LaSOT, GOT-10k); ``otb`` counts
            them as OTB's program does, as failures in the success curve and as hits in the precision curves, and takes
            true boxes that begin at or beyond the left or upper edge for absent as well.
        only: (F,) frames to count; None counts all.
        seconds: (F,) what the tracker took for each frame; NaN or 0 where unknown.

    Raises:
        SettingError: if the arrays are not of one length, or the object is absent in the first frame or in all that
            count.
    """
    given, true = _boxes(boxes, "boxes").copy(), _boxes(truth, "truth")
    if not len(true) or not is_box(true[:1])[0]:
        raise SettingError(f"{name or 'sequence'}: the first frame must have a true box, from which the tracker starts")
    if len(given):
        given[0] = true[0]
    chosen = np.ones(len(true), np.bool_) if only is None else only
    inside = (true[:, :2] > 0).all(axis=1, keepdims=True)
    marks = mark(given, np.where(inside, true, np.nan) if absent == "otb" else true)
    counted = chosen if absent == "otb" else chosen & np.isfinite(marks.overlap)
    if not counted.any():
        raise SettingError(f"{name or 'sequence'}: the object is absent in all frames that count")
    overlap, pixels, share = (np.nan_to_num(one[counted], nan=-1.0, posinf=np.inf) for one in marks)
    later = chosen & is_box(true)
    later[0] = False
    got = mark(clip_as_got10k(given[later], size), clip_as_got10k(true[later], size)).overlap
    averages = _averages(np.nan_to_num(got))
    timed, spent = _timed(seconds)
    return OnePass(
        name=name,
        sequences=1,
        frames=int(counted.sum()),
        success=(overlap[:, None] > OVERLAPS).mean(axis=0),
        precision=(pixels[:, None] <= PIXELS).mean(axis=0),
        normalised=(share[:, None] <= SHARES).mean(axis=0),
        got=averages,
        pooled=averages,
        rated=len(got),
        missed=float((overlap[overlap >= 0] == 0).mean()),
        timed=timed,
        seconds=spent,
    )


def average_one_pass(parts: Sequence[OnePass], name: str = "mean") -> OnePass:
    """Average sequences, with equal weights however long they are, as in OTB.

    Raises:
        SettingError: if there are none.
    """
    if not parts:
        raise SettingError(f"{name}: no sequence to average")
    rated = [part for part in parts if part.rated]
    weights = np.array([part.rated for part in rated], np.float64)
    got, pooled = (
        _triple([getattr(part, field) for part in rated], weight)
        for field, weight in (("got", np.ones(len(rated))), ("pooled", weights))
    )
    return OnePass(
        name=name,
        sequences=sum(part.sequences for part in parts),
        frames=sum(part.frames for part in parts),
        success=np.mean([part.success for part in parts], axis=0),
        precision=np.mean([part.precision for part in parts], axis=0),
        normalised=np.mean([part.normalised for part in parts], axis=0),
        got=got,
        pooled=pooled,
        rated=sum(part.rated for part in parts),
        missed=float(np.mean([part.missed for part in parts])),
        timed=sum(part.timed for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


def _averages(overlap: FloatArray) -> tuple[float, float, float]:
    """Return AO, SR0.5 and SR0.75."""
    if not len(overlap):
        return (float("nan"),) * 3
    return float(overlap.mean()), float((overlap > 0.5).mean()), float((overlap > 0.75).mean())


def _triple(values: list[tuple[float, float, float]], weights: FloatArray) -> tuple[float, float, float]:
    if not values:
        return (float("nan"),) * 3
    first, second, third = np.average(values, axis=0, weights=weights).tolist()
    return first, second, third


# --- restarts --------------------------------------------------------------------------------------------------------


def score_restarts(
    boxes: ArrayLike,
    codes: IntArray,
    truth: ArrayLike,
    *,
    name: str = "",
    size: tuple[int, int] | None = None,
    burn_in: int = BURN_IN,
    seconds: ArrayLike | None = None,
) -> Restarts:
    """Score a run that was started anew, on the true box, after each failure.

    Accuracy leaves out the `burn_in` frames from each start on (the start itself is the first of them), the failures
    and the frames skipped after them, and frames in which the object is absent; 0 if nothing is left, as in VOT's
    toolkit.

    Args:
        boxes: (F, 4) ``xyxy``; read where the code is `TRACKED`.
        codes: (F,) `STARTED`, `FAILED`, `SKIPPED` or `TRACKED`.
        truth: (F, 4) ``xyxy``, NaN where the object is absent.
        name: the sequence.
        size: width and height of the picture, to which both boxes are clipped; None clips nothing.
        burn_in: frames.
        seconds: (F,) what the tracker took for each frame; NaN or 0 where unknown.

    Raises:
        SettingError: if the arrays are not of one length.
    """
    given, true = _boxes(boxes, "boxes"), _boxes(truth, "truth")
    if len(codes) != len(true):
        raise SettingError(f"codes: expected one for each of the {len(true)} frames of the truth, got {len(codes)}")
    overlap = mark(clip_to_image(given, size), clip_to_image(true, size)).overlap
    counted = (codes == TRACKED) & np.isfinite(overlap)
    for start in np.flatnonzero(codes == STARTED).tolist():
        counted[start : start + burn_in] = False
    failures = int((codes == FAILED).sum())
    timed, spent = _timed(seconds)
    accuracy = float(overlap[counted].mean()) if counted.any() else 0.0
    return Restarts(name, 1, len(true), accuracy, failures, float(failures), timed, spent)


def average_restarts(parts: Sequence[Restarts], name: str = "mean") -> Restarts:
    """Average sequences, weighted by their lengths, as VOT's toolkit does.

    Raises:
        SettingError: if there are none.
    """
    if not parts:
        raise SettingError(f"{name}: no sequence to average")
    lengths = [part.frames for part in parts]
    accuracy, robustness = (
        float(np.average([getattr(part, field) for part in parts], weights=lengths))
        for field in ("accuracy", "robustness")
    )
    return Restarts(
        name=name,
        sequences=sum(part.sequences for part in parts),
        frames=sum(lengths),
        accuracy=accuracy,
        failures=sum(part.failures for part in parts),
        robustness=robustness,
        timed=sum(part.timed for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


def clip_to_image(boxes: FloatArray, size: tuple[int, int] | None) -> FloatArray:
    """Return (N, 4) ``xyxy`` clipped to a picture of (width, height); what lies outside becomes NaN."""
    if size is None:
        return boxes
    inside = boxes.clip(0, (*size, *size))
    return np.where(is_box(inside)[:, None], inside, np.nan)


def _timed(seconds: ArrayLike | None) -> tuple[int, float]:
    if seconds is None:
        return 0, 0.0
    known = np.asarray(seconds, np.float64)
    known = known[np.isfinite(known) & (known > 0)]
    return len(known), float(known.sum())


def _boxes(rows: ArrayLike, what: str) -> FloatArray:
    array = np.asarray(rows, np.float64)
    if array.ndim != 2 or array.shape[1] != 4:
        raise SettingError(f"{what}: expected shape (F, 4), xyxy, got {array.shape}")
    return array
