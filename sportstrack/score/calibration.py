"""Camera calibration scored by its lines: SoccerNet's JaC and completeness, on polylines alone.

A line of the pitch that the camera draws into the picture is true if all annotated points of the same line lie less
than a threshold away from it; else it is false, as is a drawn line that nobody annotated. An annotated line that is
not drawn is missed. JaC is the Jaccard index true / (true + false + missed) of a frame, averaged over the frames that
have a camera; the final score is JaC times completeness, the share of frames that have one. The definitions are those
of https://github.com/SoccerNet/sn-calibration (``src/evaluate_camera.py``): distances count in pictures of 960 × 540
pixels. Each frame is scored twice, with the truth's names as they are and with those after half a turn of the pitch,
since a picture may not tell the sides; the better one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.errors import FormatError, SettingError
from sportstrack.types import BoolArray, FloatArray

SIZE = (960, 540)
"""Width and height in pixels of the pictures in which SoccerNet counts distances."""

THRESHOLDS = (5.0, 10.0, 20.0)
"""Pixels; SoccerNet ranks by the first."""

_TURNED = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}

Lines = Mapping[str, FloatArray]
"""Name of a line → (M, 2) points in pixels."""


@dataclass(frozen=True, eq=False)
class CalibrationScores:
    """How well cameras fit annotated lines.

    Attributes:
        thresholds: (T,) pixels.
        frames: how many were to be calibrated.
        missing: how many of them have no camera.
        accuracy: (frames − missing, T) Jaccard index of each frame with a camera.
        precision: (…, T) mean over frames with a drawn line: the share of drawn lines that are true.
        recall: (…, T) mean over frames with a true or missed line: true / (true + missed).
    """

    thresholds: tuple[float, ...]
    frames: int
    missing: int
    accuracy: FloatArray
    precision: FloatArray
    recall: FloatArray

    @property
    def jac(self) -> FloatArray:
        """(T,) JaC at each threshold, 0…1; 0 without any camera."""
        return _mean(self.accuracy)

    @property
    def completeness(self) -> float:
        """Share of the frames that have a camera."""
        return (self.frames - self.missing) / self.frames

    @property
    def final(self) -> FloatArray:
        """(T,) JaC times completeness; SoccerNet's final score is the first."""
        return np.asarray(self.jac * self.completeness)

    def to_dict(self) -> dict[str, float]:
        """Return ``completeness`` and ``JaC_5``, ``final_5``, … by name."""
        named = [f"{threshold:g}" for threshold in self.thresholds]
        jac = {f"JaC_{text}": float(value) for text, value in zip(named, self.jac, strict=True)}
        final = {f"final_{text}": float(value) for text, value in zip(named, self.final, strict=True)}
        return {"completeness": self.completeness, **jac, **final}

    def __str__(self) -> str:
        parts = [f"JaC at {t:g} px {100 * v:.2f} %" for t, v in zip(self.thresholds, self.jac, strict=True)]
        have = self.frames - self.missing
        return f"{', '.join(parts)}, completeness {100 * self.completeness:.2f} % ({have} of {self.frames} frames)"


def score_calibration(
    truth: Sequence[Lines], result: Sequence[Lines | None], thresholds: Sequence[float] = THRESHOLDS
) -> CalibrationScores:
    """Score the lines that cameras draw.

    Args:
        truth: of each frame the annotated points of each line, with SoccerNet's names, in pixels of `SIZE` (SoccerNet's
            files hold shares of the picture: `scale_lines`).
        result: of each frame the drawn lines inside the picture (`clip_line`), or None where there is no camera.
        thresholds: pixels.

    Raises:
        SettingError: no frames, or not as many results as truths.
        FormatError: points are no finite (M, 2) array.
    """
    if not truth or len(truth) != len(result):
        raise SettingError(f"{len(truth)} frames of truth and {len(result)} of results; expected as many, and some")
    limits = np.asarray(thresholds, np.float64)
    counts = [_better(a, b, limits) for a, b in zip(truth, result, strict=True) if b is not None]
    table = np.array(counts, np.float64).reshape(-1, 3, len(limits))  # true, false, missed
    true, false, missed = table[:, 0], table[:, 1], table[:, 2]
    return CalibrationScores(
        thresholds=tuple(limits.tolist()),
        frames=len(truth),
        missing=len(truth) - len(counts),
        accuracy=_ratio(true, true + false + missed),
        precision=_mean_where(true, true + false),
        recall=_mean_where(true, true + missed),
    )


def scale_lines(
    annotation: Mapping[str, Sequence[Mapping[str, float]]], size: tuple[int, int] = SIZE
) -> dict[str, FloatArray]:
    """Return SoccerNet's annotation of a frame (name → points with ``x`` and ``y`` from 0 to 1) in pixels.

    Lines without points are left out. FormatError if a point has no ``x`` or ``y``.
    """
    scale = np.array(size, np.float64) - 1
    try:
        return {
            name: np.array([[point["x"], point["y"]] for point in points], np.float64) * scale
            for name, points in annotation.items()
            if len(points)
        }
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"annotated lines: a point has no numbers x and y ({error})") from error


def clip_line(line: FloatArray, size: tuple[int, int] = SIZE) -> FloatArray:
    """Return the part of a drawn line that is inside the picture, as SoccerNet cuts it.

    Args:
        line: (M, 2) projected points of a line, in order, in pixels; NaN where a point is behind the camera.
        size: width and height of the picture.

    Returns:
        (K, 2) the points inside, with the places where the line crosses the border; K is 0 if no point is inside.
    """
    limit = np.array(size, np.float64)
    points = np.asarray(line, np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    inside: BoolArray = np.asarray(((points >= 0) & (points < limit)).all(axis=1))
    kept: list[FloatArray] = []
    for k, point in enumerate(points):
        if k and inside[k] != inside[k - 1] and (crossing := _crossing(point, points[k - 1], limit)) is not None:
            kept.append(crossing)
        if inside[k]:
            kept.append(point)
    return np.array(kept, np.float64).reshape(-1, 2)


def distance_to_line(points: FloatArray, line: FloatArray) -> FloatArray:
    """Return (N,) distances of points from a polyline.

    Args:
        points: (N, 2).
        line: (M, 2), at least one point.
    """
    start = line[:-1] if len(line) > 1 else line
    along = (line[1:] if len(line) > 1 else line) - start
    from_start = points[:, None] - start
    square = (along**2).sum(axis=1)
    share = (from_start * along).sum(axis=2) / np.where(square > 0, square, 1.0)
    nearest = from_start - np.clip(share, 0.0, 1.0)[..., None] * along
    return np.asarray(np.hypot(nearest[..., 0], nearest[..., 1]).min(axis=1))


def turned_name(name: str) -> str:
    """Return the line that takes a line's place when the pitch makes half a turn, by SoccerNet's names.

    ``Big rect. left top`` becomes ``Big rect. right bottom``; posts keep their own side, seen from the goal.
    """
    words = name.split(" ")
    turn = range(len(words)) if not name.startswith("Goal") else range(min(2, len(words)))
    return " ".join(_TURNED.get(word, word) if k in turn else word for k, word in enumerate(words))


def _better(truth: Lines, result: Lines, limits: FloatArray) -> FloatArray:
    """(3, T) true, false and missed lines, with the truth as named or turned, whichever fits better."""
    named = _checked(truth, "truth")
    drawn = {name: line for name, line in _checked(result, "result").items() if len(line)}
    as_named = _counts(named, drawn, limits)
    turned = _counts({turned_name(name): line for name, line in named.items()}, drawn, limits)
    better = _ratio(as_named[0], as_named.sum(axis=0)) > _ratio(turned[0], turned.sum(axis=0))
    return np.where(better, as_named, turned)


def _counts(truth: Lines, result: Lines, limits: FloatArray) -> FloatArray:
    counts = np.zeros((3, len(limits)))
    for name in truth.keys() & result.keys():
        fits = distance_to_line(truth[name], result[name]).max(initial=0.0) < limits
        counts[0] += fits
        counts[1] += ~fits
    counts[1] += len(result.keys() - truth.keys())
    counts[2] += len(truth.keys() - result.keys())
    return counts


def _checked(lines: Lines, side: str) -> dict[str, FloatArray]:
    # One of SoccerNet's names, "Goal left post left ", ends with a space.
    found = {name.strip(): np.asarray(points, np.float64) for name, points in lines.items()}
    for name, points in found.items():
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise FormatError(f"{side}, line {name!r}: expected finite points of shape (M, 2), got {points.shape}")
    return found


def _crossing(a: FloatArray, b: FloatArray, limit: FloatArray) -> FloatArray | None:
    """Return where the line through two points crosses the border of the picture, nearest to the first of them.

    Like SoccerNet's scorer, this takes the whole straight line; with points a metre apart that makes no difference.
    """
    found = []
    for axis in range(2):
        for border in (0.0, limit[axis] - 1):
            if a[axis] == b[axis]:
                continue
            with np.errstate(over="ignore", invalid="ignore"):  # points that almost coincide
                point = a + (border - a[axis]) / (b[axis] - a[axis]) * (b - a)
            point[axis] = border
            if ((point >= 0) & (point < limit)).all():
                found.append(point)
    return min(found, key=lambda point: float(np.hypot(*(point - a)))) if found else None


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))


def _mean(values: FloatArray) -> FloatArray:
    return np.asarray(values.mean(axis=0) if len(values) else np.zeros(values.shape[1]))


def _mean_where(part: FloatArray, whole: FloatArray) -> FloatArray:
    there = whole > 0
    return _ratio(_ratio(part, whole).sum(axis=0), there.sum(axis=0).astype(np.float64))
