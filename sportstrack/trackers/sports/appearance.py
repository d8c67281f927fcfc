"""Steps 3 and 6: embeddings without their average, and the recognition of ended tracks by their appearance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.appearance import has_embedding, unit_rows, with_length
from sportstrack.assign import clip_then_solve, rival
from sportstrack.trackers.rows import NONE, append, keep
from sportstrack.trackers.sports.config import SportsTrackConfig
from sportstrack.trackers.sports.rows import Rows
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray

MOMENTUM = 0.9  # share of a track's old appearance when a new embedding comes in
MIN_SCORE = 0.4  # detections under it do not change a track's appearance
LEARNING = 1.0  # seconds over which the average embedding is taken
GALLERY_SIZE = 64  # greatest number of appearances kept
LINK_MARGIN = 0.15  # so much must a link's cosine be ahead of the second best, from either side
LINK_HITS = 3  # detections of a new track before it is compared, and reported
SAME_MATCH_SHARE = 0.5  # of the new tracks that must be recognised after a shot change for it to be the same match …
_SAME_MATCH_LEAST = 3  # … and the least number of them
_LEAST_AVERAGE = 3  # embeddings in a frame; the average of two would be half of each, a lone one's itself
_APART = 9.0  # cost of a pair that cannot be linked


class AverageEmbedding:
    """The average embedding of the first second: what all have in common, the kit for example.

    Args:
        frames: how many frames with embeddings it is taken over.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._sum: Embeddings = np.zeros(0, np.float32)
        self._count = self._seen = 0

    @property
    def length(self) -> int:
        """Numbers in an embedding, 0 while unknown."""
        return len(self._sum)

    def learn(self, embedding: Embeddings) -> None:
        """Take a frame's (N, D) unit vectors into the average, if it is not complete."""
        if not self.length:
            self._sum = np.zeros(embedding.shape[1], np.float32)
        count = int(np.count_nonzero(has_embedding(embedding)))
        if self._seen < self._frames and count >= _LEAST_AVERAGE:
            self._sum = self._sum + embedding.sum(axis=0)
            self._count += count
            self._seen += 1

    def centred(self, vectors: Embeddings) -> Embeddings:
        """Return (K, D) unit vectors without the average."""
        if not self._count:
            return vectors
        return unit_rows(np.where(has_embedding(vectors)[:, None], vectors - self._sum / self._count, 0.0))

    def similarity(self, appearance: Embeddings, embedding: Embeddings) -> FloatArray:
        """Return (T, N) cosines without the average, NaN where unknown, of (D, T) appearances and (N, D) embeddings."""
        ours, theirs = self.centred(appearance.T), self.centred(embedding)
        cosine: FloatArray = ours.dot(theirs.T).astype(np.float64)
        cosine[~has_embedding(ours)] = np.nan
        cosine[:, ~has_embedding(theirs)] = np.nan
        return cosine


@dataclass(slots=True)
class Ended:
    """Tracks that have ended and may be recognised, those matched longest ago first."""

    appearance: Embeddings  # (D, G)
    track_id: IntArray  # (G,)
    last: FloatArray  # (G,) step of the last match
    main_class: IntArray  # (G,)

    def __len__(self) -> int:
        return len(self.last)


class Recognition:
    """Gives new tracks the ids of ended ones of the same appearance, within a shot and over shot changes.

    Args:
        average: taken out of all appearances before they are compared.
        config: settings.
        memory: steps that an ended track is kept; 0: none is.
    """

    def __init__(self, average: AverageEmbedding, config: SportsTrackConfig, memory: int) -> None:
        self.ended = Ended(np.empty((0, 0), np.float32), NONE, np.empty(0), NONE)
        self._average, self._config, self._memory = average, config, memory
        self._same_match = False

    def new_shot(self) -> None:
        """Let the next frame belong to another shot, which may be of another match."""
        self._same_match = False

    def remember(self, rows: Rows, tracks: IntArray, now: float) -> None:
        """Keep the appearances of tracks that end; the oldest give way."""
        if not (self._memory and len(tracks) and len(rows.appearance)):
            return
        ended, tracks = self.ended, tracks[rows.appearance[:, tracks].any(axis=0)]
        kept = with_length(ended.appearance, len(ended), len(rows.appearance))
        more = Ended(rows.appearance[:, tracks], rows.track_id[tracks], rows.last[tracks], rows.main_class[tracks])
        joined = append(Ended(kept, ended.track_id, ended.last, ended.main_class), more)
        order = joined.last.argsort(kind="stable")
        order = order[joined.last[order] >= now - self._memory]
        self.ended = keep(joined, order[max(0, len(order) - GALLERY_SIZE) :])

    def expire(self, now: float) -> None:
        """Let go of what has been kept for too long."""
        self.ended = keep(self.ended, (self.ended.last >= now - self._memory).nonzero()[0])

    def recognise(self, rows: Rows, tracks: IntArray, cut: float) -> tuple[IntArray, IntArray]:
        """Return those of the new tracks that are ended ones, and the ids of these, which are no longer kept.

        Args:
            rows: all tracks.
            tracks: (K,) the new ones.
            cut: step after which the shot began.
        """
        ended = self.ended
        if not (len(tracks) and len(ended)):
            return NONE, NONE
        cosine, sure = self._compare(rows, tracks)
        before = ended.last <= cut  # a shot change lies between
        recognised = int(np.count_nonzero(sure[:, before].any(axis=1)))
        self._same_match |= recognised >= max(_SAME_MATCH_LEAST, SAME_MATCH_SHARE * len(tracks))
        sure &= ~before | self._same_match
        t, g = clip_then_solve(np.where(sure, -cosine, _APART), -self._config.link_similarity)
        left = np.ones(len(ended), np.bool_)
        left[g] = False
        self.ended = keep(ended, left.nonzero()[0])
        return tracks[t], ended.track_id[g]

    def _compare(self, rows: Rows, tracks: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the (K, G) cosines with the ended tracks, and which are ahead of all rivals by a margin."""
        config, ended, centred = self._config, self.ended, self._average.centred
        cosine = centred(rows.appearance[:, tracks].T).dot(centred(ended.appearance.T).T).astype(np.float64)
        cosine[rows.born[tracks][:, None] <= ended.last] = -1.0  # tracks seen together are not one
        if config.per_class or config.class_lock:
            cosine[rows.main_class[tracks][:, None] != ended.main_class] = -1.0
        sure = (cosine >= config.link_similarity) & (cosine - rival(cosine) >= LINK_MARGIN)
        sure &= cosine - rival(cosine.T).T >= LINK_MARGIN
        return cosine, sure
