"""DeepSORT's gallery of a track's embeddings."""

from __future__ import annotations

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray

_FEW = 8  # candidates of a track that are compared in one batch with those of the others


class Gallery:
    """The latest embeddings of many tracks, each in a slot of its own.

    Args:
        budget: embeddings kept per slot; the oldest gives way.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._vectors: Embeddings = np.empty((0, 0, 0), np.float32)  # (slots, budget, D), zeros where nothing is known
        self._count: IntArray = np.empty(0, np.int64)  # (slots,) embeddings added since the slot was taken
        self._free: BoolArray = np.empty(0, np.bool_)  # (slots,)

    def take(self, count: int) -> IntArray:
        """Return (count,) free slots, the lowest ones; makes more where there are too few."""
        short = count - int(np.count_nonzero(self._free))
        if short > 0:
            more = max(short, len(self._free) // 2)
            self._free = np.concatenate((self._free, np.ones(more, np.bool_)))
            self._count = np.concatenate((self._count, np.zeros(more, np.int64)))
            _, depth, length = self._vectors.shape
            self._vectors = np.concatenate((self._vectors, np.zeros((more, depth, length), np.float32)))
        slots = self._free.nonzero()[0][:count]
        self._free[slots] = False
        return slots

    def release(self, slots: IntArray) -> None:
        """Forget what is in some slots and let others take them."""
        self._free[slots] = True
        self._count[slots] = 0
        self._vectors[slots] = 0.0
        taken = (~self._free).nonzero()[0]
        used = int(taken[-1]) + 1 if len(taken) else 0
        if 4 * used < len(self._free):  # a crowd has left
            self._free, self._count = self._free[:used].copy(), self._count[:used].copy()
            self._vectors = self._vectors[:used, : self._depth()].copy()

    def add(self, slots: IntArray, embedding: Embeddings) -> None:
        """Put one embedding, a unit row, into each slot.

        Raises:
            SettingError: if the embeddings are not as long as those before.
        """
        if not len(slots):
            return
        place = self._count[slots] % self._budget
        self._count[slots] += 1
        self._make_room(embedding.shape[1])
        self._vectors[slots, place] = embedding

    @property
    def length(self) -> int:
        """Numbers in an embedding, 0 while unknown."""
        return int(self._vectors.shape[2])

    def has_embedding(self, slots: IntArray) -> BoolArray:
        """Return (T,) which slots hold an embedding."""
        known: BoolArray = self._count[slots] > 0
        return known

    def distance(self, slots: IntArray, embedding: Embeddings, wanted: BoolArray) -> FloatArray:
        """Return the least cosine distance, 0…1, from each slot's embeddings to each detection's.

        Args:
            slots: (T,).
            embedding: (N, D) unit rows.
            wanted: (T, N) pairs to compute; the rest gets 1, as does an empty slot.
        """
        cost, depth = np.ones(wanted.shape), self._depth()
        if not depth:
            return cost
        self._check_length(embedding.shape[1])
        vectors = self._vectors[:, :depth]
        many = np.count_nonzero(wanted, axis=1)
        t, n = wanted.nonzero()
        # Motion leaves few candidates to most tracks: these go through one batched product, the others one by one.
        place = np.arange(len(t)) - (np.cumsum(many) - many)[t]
        few = (many <= _FEW)[t]
        t, n, place = t[few], n[few], place[few]
        if len(t):
            batch = np.zeros((len(vectors), int(place.max()) + 1, embedding.shape[1]), np.float32)
            batch[slots[t], place] = embedding[n]
            cost[t, n] -= np.matmul(batch, vectors.transpose(0, 2, 1)).max(axis=2)[slots[t], place]
        for row in (many > _FEW).nonzero()[0]:
            found = wanted[row].nonzero()[0]
            cost[row, found] -= embedding[found].dot(vectors[slots[row]].T).max(axis=1)
        return np.clip(cost, 0.0, 1.0, out=cost)

    def _depth(self) -> int:
        """Return how many embeddings the fullest slot has."""
        return min(self._budget, int(self._count.max(initial=0)))

    def _make_room(self, length: int) -> None:
        slots, depth, known = self._vectors.shape
        if known:
            self._check_length(length)
        if depth < (need := self._depth()) or not known:
            # Doubling keeps copies rare; a slot seldom fills its budget, so all of it at once would waste memory.
            grown = np.zeros((slots, min(self._budget, max(2 * depth, need)), length), np.float32)
            grown[:, :depth, :known] = self._vectors
            self._vectors = grown

    def _check_length(self, length: int) -> None:
        if self._vectors.shape[2] != length:
            raise SettingError(
                f"Detections.embedding: expected {self._vectors.shape[2]} columns as before, got {length}"
            )
