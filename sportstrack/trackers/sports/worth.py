"""Step 3: what a similarity of tracks and detections is worth, measured while the video runs.

The values of tracks with their own detections are counted, and those with all others of the frame.
"""

from __future__ import annotations

import numpy as np

from sportstrack.appearance import worth_of_similarity
from sportstrack.types import FloatArray, IntArray

PRIOR = 150.0  # pairs of either kind that the first guess counts for
EVERY = 3  # frames of which one is counted; neighbouring ones repeat each other
REFRESH = 4  # counted frames after which the worth is taken anew
_BINS, _WIDTH = 40, 1.3  # of −1 … 1; standard deviation of the kernel that smooths the counts, in bins


class MeasuredWorth:
    """Counts the similarities of pairs that are one person's and of those that are two's.

    Args:
        slope: of the first guess, slope · (similarity − neutral), in nats.
        neutral: see above.
    """

    def __init__(self, slope: float, neutral: float) -> None:
        self._guess = slope * ((np.arange(_BINS) + 0.5) * (2.0 / _BINS) - 1.0 - neutral)
        self._worth = np.append(self._guess, 0.0)  # the last is that of the unknown
        self._counts = np.zeros((2, _BINS + 1))
        self._frames = 0

    def bins(self, similarity: FloatArray) -> IntArray:
        """Return the bins of values −1 … 1, NaN where unknown; beyond that the nearest."""
        place = np.minimum(np.maximum(similarity * (0.5 * _BINS) + 0.5 * _BINS, 0.0), _BINS - 1.0)
        place[np.isnan(place)] = _BINS
        return place.astype(np.int64)

    def nats(self, bins: IntArray) -> FloatArray:
        """Return log-likelihood ratios of one person against two, 0 of the unknown."""
        worth: FloatArray = self._worth[bins]
        return worth

    def learn(self, bins: IntArray, track: IntArray, box: IntArray, weight: FloatArray | None = None) -> None:
        """Count a frame.

        Args:
            bins: (T, N) of all pairs.
            track: (K,) tracks that were matched ...
            box: (K,) ... to these detections.
            weight: (T, N) by which the pairs of two persons count; None: all alike.
        """
        self._frames += 1
        if self._frames % EVERY:
            return
        every, own = bins[track].ravel(), bins[track, box]
        weights = (None, None) if weight is None else (weight[track].ravel(), weight[track, box])
        self._counts[0] += np.bincount(own, minlength=_BINS + 1)
        self._counts[1] += np.bincount(every, weights[0], _BINS + 1) - np.bincount(own, weights[1], _BINS + 1)
        if self._frames % (EVERY * REFRESH) == 0:
            same, other = np.maximum(self._counts[:, :_BINS], 0.0)
            fewer = min(same.sum(), other.sum())
            trust = fewer / (fewer + PRIOR)
            self._worth[:_BINS] = trust * worth_of_similarity(same, other, _WIDTH) + (1.0 - trust) * self._guess
