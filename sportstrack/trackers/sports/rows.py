"""SportsTrack's table of tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xywh
    box: FloatArray  # (4, T) corners of the last detection
    path: FloatArray  # (2, T) the camera's path at the last match
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    appearance: Embeddings  # (D, T) unit vectors, zero while unknown; D is 0 until embeddings come
    team: FloatArray  # (G, T) nats by which each group is less likely than the likeliest; G is 0 until evidence comes
    track_id: IntArray  # (T,) 0 until first reported
    born: FloatArray  # (T,) step of the first detection
    last: FloatArray  # (T,) step of the last match; a track that was not matched in the frame before is lost
    hits: IntArray  # (T,) matches, the first detection included
    confirmed: BoolArray  # (T,)
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection
    main_class: IntArray  # (T,) class by majority of its detections …
    votes: IntArray  # (T,) … and by how many (Boyer and Moore's count)

    def __len__(self) -> int:
        return len(self.last)

    @classmethod
    def empty(cls, length: int, groups: int, samples: int = 0) -> Rows:
        """Return a table without tracks.

        Args:
            length: of the embeddings.
            groups: of people that team evidence tells apart.
            samples: of the shape of a mask; 0 where masks do not count.
        """
        none, number = np.empty(0, np.int64), np.empty(0)
        state, corners, unknown = np.empty((5, 4, 0)), np.empty((4, 0)), np.empty((length, 0), np.float32)
        flags = np.empty(0, np.bool_)
        team, shape = np.empty((groups, 0)), np.empty((samples, 0), np.bool_)
        path = corners[:2]
        return cls(
            state, corners, path, shape, unknown, team, none, number, number, none, flags, number, none, none, none
        )
