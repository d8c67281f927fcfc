"""Step 3: what appearance and teams say of each track and each detection, in nats."""

from __future__ import annotations

import numpy as np

from sportstrack.appearance import blend, with_length
from sportstrack.trackers.rows import Found
from sportstrack.trackers.shapes import no_shapes
from sportstrack.trackers.sports.appearance import MIN_SCORE, MOMENTUM, AverageEmbedding
from sportstrack.trackers.sports.config import SportsTrackConfig
from sportstrack.trackers.sports.rows import Rows
from sportstrack.trackers.sports.teams import Teams
from sportstrack.trackers.sports.worth import MeasuredWorth
from sportstrack.types import BoolArray, Detections, Embeddings, FloatArray, IntArray

SPAN = 5.0  # nats; team evidence that says more is not counted apart


class PairEvidence:
    """Compares a frame's embeddings and team evidence with the tracks', and lets the tracks learn from their own.

    Args:
        config: settings.
        frames: with embeddings, over which their average is taken.

    Attributes:
        average: taken out of all appearances before they are compared.
        nats: (T, N) log-likelihood ratios of one person against two; None where nothing is known.
    """

    def __init__(self, config: SportsTrackConfig, frames: int) -> None:
        self.average = AverageEmbedding(frames)
        self.nats: FloatArray | None = None
        self._config, self._teams = config, Teams()
        self._looks, self._sameness = MeasuredWorth(5.0, 0.3), MeasuredWorth(0.5 * SPAN, 0.0)
        self._look: IntArray | None = None  # (T, N) bins of the frame's cosines …
        self._same: IntArray | None = None  # … and of what its team evidence says
        self._ratio: FloatArray | None = None  # (T, N) what that would be if it were calibrated
        self._team: FloatArray | None = None  # (N, G) of the frame

    @property
    def length(self) -> int | None:
        """Numbers in an embedding, 0 while unknown; None if they are not used."""
        return self.average.length if self._config.appearance_weight else None

    def empty_rows(self) -> Rows:
        """Return a table without tracks that has room for what is known by now."""
        return Rows.empty(self.average.length, self._teams.groups, len(no_shapes(0, self._config.overlap)))

    def compare(self, rows: Rows, found: Found, detections: Detections) -> None:
        """Compare the tracks with a frame's detections."""
        self._look = self._same = self._ratio = self._team = self.nats = None
        if found.embedding is not None:
            self.average.learn(found.embedding)
            rows.appearance = with_length(rows.appearance, len(rows), self.average.length)
            self._look = self._looks.bins(self.average.similarity(rows.appearance, found.embedding))
            self.nats = self._config.appearance_weight * self._looks.nats(self._look)
        if self._config.team_weight:
            self._team = self._teams.read(detections, found.row)
        if self._team is not None:
            if not len(rows.team):
                rows.team = np.zeros((self._teams.groups, len(rows)))
            self._ratio = self._teams.ratio(rows.team, self._team)
            self._same = self._sameness.bins(np.log(self._ratio) / SPAN)
            nats = self._config.team_weight * self._sameness.nats(self._same)
            self.nats = nats if self.nats is None else joined(self.nats, nats)

    def learn(self, rows: Rows, found: Found, track: IntArray, box: IntArray, going_on: BoolArray) -> None:
        """Let tracks learn from their detections.

        Args:
            rows: all tracks.
            found: the detections.
            track: (K,) matched tracks.
            box: (K,) their detections.
            going_on: (K,) which tracks were also matched in the frame before: these are surely right.
        """
        sure = track[going_on], box[going_on]
        if self._same is not None:
            self._sameness.learn(self._same, *sure)
        if self._look is not None:
            self._looks.learn(self._look, *sure, self._ratio)
        clear = found.score[box] >= MIN_SCORE
        track, box = track[clear], box[clear]
        if self._team is not None:
            rows.team[:, track] = self._teams.learnt(rows.team.take(track, axis=1), self._team.take(box, axis=0))
        if found.embedding is not None:
            new = blend(rows.appearance.take(track, axis=1).T, found.embedding.take(box, axis=0), MOMENTUM)
            rows.appearance[:, track] = new.T

    def first(self, found: Found, new: IntArray) -> tuple[Embeddings, FloatArray]:
        """Return the (D, K) appearance and (G, K) teams of tracks that start with some detections."""
        unit: Embeddings = np.zeros((self.average.length, len(new)), np.float32)
        team = np.zeros((self._teams.groups, len(new)))
        clear = found.score[new] >= MIN_SCORE
        if found.embedding is not None:
            unit = np.where(clear, found.embedding.take(new, axis=0).T, np.float32(0.0))
        if self._team is not None:
            team = np.where(clear, self._teams.learnt(team, self._team.take(new, axis=0)), 0.0)
        return unit, team


def joined(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return what two kinds of evidence from the same pixels say: what both hold against a pair counts once."""
    return np.asarray(np.maximum(a, 0.0) + np.maximum(b, 0.0) + np.minimum(np.minimum(a, b), 0.0))
