"""Embedders made from embedders: centred on the mean embedding of a video, and several joined to one vector.

What all players share (the pitch behind them, the light, their being players) makes raw vectors similar. Without the
mean their differences remain. On real football that is worth more than the choice of the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.appearance import unit_rows
from sportstrack.embed.masked import embed_masked
from sportstrack.masks.table import Masks
from sportstrack.types import BoolArray, Embedder, Embeddings, FloatArray, Image

WARM_UP = 25  # frames
WEIGHTS = {"kit": 0.6}
OTHER_WEIGHT = 0.8  # of networks


class Centred:
    """Subtract the mean vector of a video's first frames and scale to length 1 again.

    During those frames the mean is that of all vectors so far, this frame's included; afterwards it stays. Frames
    without any known vector do not count. A vector that equals the mean, as a single first one does, becomes zeros.

    Args:
        embedder: gives (N, D) rows; zeros stay zeros.
        frames: how many the mean is taken over.
    """

    def __init__(self, embedder: Embedder, frames: int = WARM_UP) -> None:
        self.embedder = embedder
        self.name = f"centred:{_name(embedder)}"
        self._frames = frames
        self._seen = self._count = 0  # frames, vectors
        self._sum: FloatArray = np.zeros(1)
        self._mean: Embeddings = np.zeros(1, np.float32)

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, D) unit rows."""
        return self.centre(self.embedder(frame, xyxy))

    def masked(self, frame: Image, xyxy: FloatArray, masks: Masks) -> Embeddings:
        """Return (N, D) unit rows of the pixels inside the masks."""
        return self.centre(embed_masked(self.embedder, frame, xyxy, masks))

    def centre(self, vectors: Embeddings) -> Embeddings:
        """Centre one frame's (N, D) unit rows; call it for every frame, in order."""
        known: BoolArray = np.logical_or.reduce(vectors != 0, axis=1)
        if self._seen < self._frames and known.any():
            self._seen += 1
            self._count += int(known.sum())
            self._sum = self._sum + vectors.sum(axis=0, dtype=np.float64)
            self._mean = (self._sum / self._count).astype(np.float32)
        return unit_rows((vectors - self._mean) * known[:, None])

    def reset(self) -> None:
        """Forget the mean: another video begins."""
        self._seen = self._count = 0
        self._sum, self._mean = np.zeros(1), np.zeros(1, np.float32)
        _reset(self.embedder)


class Combined:
    """Several embedders' centred vectors, weighted and joined to one unit row.

    The cosine of two joined rows is the mean of the parts' cosines, weighted by the squared weights. Where a part is
    unknown (zeros), the others fill the row.

    Args:
        parts: (embedder, weight) pairs.
    """

    def __init__(self, parts: Sequence[tuple[Embedder, float]]) -> None:
        self._parts = [(Centred(embedder), np.float32(weight)) for embedder, weight in parts]
        self.name = "+".join(_name(part.embedder) for part, _ in self._parts)

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, sum of D) unit rows."""
        return unit_rows(np.concatenate([part(frame, xyxy) * weight for part, weight in self._parts], axis=1))

    def masked(self, frame: Image, xyxy: FloatArray, masks: Masks) -> Embeddings:
        """Return (N, sum of D) unit rows of the pixels inside the masks."""
        rows = [part.masked(frame, xyxy, masks) * weight for part, weight in self._parts]
        return unit_rows(np.concatenate(rows, axis=1))

    def reset(self) -> None:
        """Forget the means: another video begins."""
        for part, _ in self._parts:
            part.reset()


def weight_of(embedder: Embedder) -> float:
    """Return the weight of an embedder in a combination: 0.6 for kit colour, 0.8 for networks."""
    return WEIGHTS.get(_name(embedder), OTHER_WEIGHT)


def _name(embedder: Embedder) -> str:
    return str(getattr(embedder, "name", type(embedder).__name__))


def _reset(embedder: Embedder) -> None:
    reset = getattr(embedder, "reset", None)
    if reset is not None:
        reset()
