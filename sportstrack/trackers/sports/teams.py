"""Steps 3 to 5: team evidence of the detections, gathered by the tracks."""

from __future__ import annotations

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import Detections, FloatArray, IntArray

TRUST = 0.3  # share of a detection's log-likelihoods that a track takes over; neighbouring ones repeat one another
MOST = 8.0  # nats by which a track can prefer one group to another, so that it can still be taught otherwise
DOUBT = 0.02  # chance that a detection's evidence is wrong altogether
PRIOR = 50.0  # detections that even shares of the groups count for


class Teams:
    """How often each group is seen, and what that makes of a detection's evidence and of a track's.

    Attributes:
        groups: how many, 0 while unknown.
    """

    def __init__(self) -> None:
        self.groups = 0
        self._sum = self._share = np.zeros(0)  # (G,) of all evidence so far; of all people

    def read(self, detections: Detections, rows: IntArray) -> FloatArray | None:
        """Return (N, G) probabilities of each group for some detections, None where nobody looked.

        Raises:
            SettingError: if the number of groups has changed.
        """
        evidence = detections.team_evidence
        if evidence is None or not evidence.size:
            return None
        if self.groups and evidence.shape[1] != self.groups:
            raise SettingError(
                f"Detections.team_evidence: expected {self.groups} columns as before, got {evidence.shape[1]}"
            )
        some = np.minimum(np.maximum(evidence.take(rows, axis=0), 0.0), 1.0, dtype=np.float64)
        if np.isnan(some.sum()):
            some = np.nan_to_num(some)
        if not self.groups:
            self.groups = evidence.shape[1]
            self._sum = np.zeros(self.groups)
        self._sum = self._sum + some.sum(axis=0)
        self._share = (self._sum + PRIOR / self.groups) / (self._sum.sum() + PRIOR)
        unknown = np.maximum(1.0 - some.sum(axis=1, keepdims=True), 0.0)
        return np.asarray((1.0 - DOUBT) * some + ((1.0 - DOUBT) * unknown + DOUBT) / self.groups)

    def posterior(self, odds: FloatArray) -> FloatArray:
        """Return (T, G) probabilities of each group for (G, T) sums of log-likelihoods of tracks."""
        weight: FloatArray = self._share * np.exp(odds.T - odds.max(axis=0)[:, None])
        weight /= weight.sum(axis=1, keepdims=True)
        return weight

    def ratio(self, odds: FloatArray, evidence: FloatArray) -> FloatArray:
        """Return (T, N) likelihood ratios of one person against two, by (G, T) sums and (N, G) evidence."""
        ratio: FloatArray = (self.posterior(odds) / self._share).dot(evidence.T)
        return ratio

    def learnt(self, odds: FloatArray, evidence: FloatArray) -> FloatArray:
        """Return the (G, K) sums of tracks with a detection's (K, G) evidence each."""
        more: FloatArray = odds + TRUST * np.log(evidence).T
        return np.asarray(np.maximum(more - more.max(axis=0), -MOST))
