"""Embeddings of what is inside the masks: no grass and no neighbour."""

from __future__ import annotations

from collections.abc import Callable

from sportstrack.masks.table import Masks
from sportstrack.types import Embedder, Embeddings, FloatArray, Image


def embed_masked(embedder: Embedder, frame: Image, xyxy: FloatArray, masks: Masks | None) -> Embeddings:
    """Return an embedder's (N, D) rows, of the pixels inside the masks where it can look at these alone.

    An embedder that can has a method ``masked(frame, xyxy, masks)``; any other one sees the whole boxes.

    Args:
        embedder: callable ``(frame, xyxy) -> (N, D)``.
        frame: (H, W, 3) BGR.
        xyxy: (N, 4).
        masks: N masks of the frame's size; None, or a row without a mask, leaves the whole box.
    """
    masked: Callable[..., Embeddings] | None = getattr(embedder, "masked", None)
    usable = masks is not None and masked is not None and masks.has.any() and masks.shape == frame.shape[:2]
    return masked(frame, xyxy, masks) if usable and masked is not None else embedder(frame, xyxy)
