"""Step 3: what a similarity of tracks and detections is worth, measured while the video runs.

The values of tracks with their own detections are counted, and those with all others of the frame.
"""

from __future__ import annotations

import numpy as np

from sportstrack.appearance import worth_of_similarity
from sportstrack.types import FloatArray, IntArray

PRIOR = 150.0  # pairs of either kind that the first guess counts for
REFRESH = 10  # frames after which the worth is taken anew
_BINS, _WIDTH = 40, 1.3  # of −1 … 1; standard deviation of the kernel that smooths the counts, in bins


class MeasuredWorth:
    """Counts the similarities of pairs that are one person's and of those that are two's.

    Args:
        slope: of the first guess, slope · (similarity − neutral), in nats.
        neutral: see above.
    """

    def __init__(self, slope: float, neutral: float) -> None:
        self._guess = slope * ((np.arange(_BINS) + 0.5) * (2.0 / _BINS) - 1.0 - neutral)
        self._worth = self._guess
        self._counts = np.zeros((2, _BINS))
        self._frames = 0

    def log_ratio(self, similarity: FloatArray) -> FloatArray:
        """Return log-likelihood ratios of one person against two for (T, N) values −1 … 1; 0 where these are NaN."""
        at = (similarity + 1.0) * (0.5 * _BINS) - 0.5
        worth: FloatArray = np.nan_to_num(np.interp(at, np.arange(_BINS), self._worth))
        return worth

    def learn(self, similarity: FloatArray, track: IntArray, box: IntArray, weight: FloatArray | None = None) -> None:
        """Count a frame's values.

        Args:
            similarity: (T, N), NaN where unknown.
            track: (K,) tracks that were matched ...
            box: (K,) ... to these detections.
            weight: (T, N) of the pairs that are two persons'; None: all count alike.
        """
        some = similarity[track]
        known = np.isfinite(some)
        bins = np.clip((np.where(known, some, 0.0) + 1.0) * (0.5 * _BINS), 0, _BINS - 1).astype(np.int64)
        own = np.arange(len(track)), box
        other = known * (1.0 if weight is None else weight[track])
        other[own] = 0.0
        self._counts[0] += np.bincount(bins[own], known[own], _BINS)
        self._counts[1] += np.bincount(bins.ravel(), other.ravel(), _BINS)
        self._frames += 1
        if self._frames % REFRESH == 0:
            fewer = self._counts.sum(axis=1).min()
            trust = fewer / (fewer + PRIOR)
            measured = worth_of_similarity(self._counts[0], self._counts[1], _WIDTH)
            self._worth = trust * measured + (1.0 - trust) * self._guess
