"""Detections that are kept from the tracker because the person does not stand on the field.

They are set aside and not thrown away: a recording holds them, with the rows that they had, so that a replay can take
the verdict or ignore it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sportstrack.checks import pick
from sportstrack.masks.table import Masks
from sportstrack.types import BoolArray, Detections


@dataclass(frozen=True, eq=False)
class Bystanders:
    """The people of a frame that are off the field.

    Attributes:
        detections: their rows, without embeddings where an embedder made those of the others.
        counts: (N,) mask of the frame's whole table: True for the rows that the tracker sees.
    """

    detections: Detections
    counts: BoolArray

    def join(self, others: Detections) -> Detections:
        """Return the frame's whole table, each row where it was; what bystanders lack is filled with zeros.

        Args:
            others: the rows that the tracker sees.
        """
        mine, order = self.detections, np.empty(len(self.counts), np.int64)
        order[self.counts] = np.arange(len(others))
        order[~self.counts] = len(others) + np.arange(len(mine))
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(others, name), getattr(mine, name)])[order]
            for name in ("xyxy", "score", "class_id")
        }
        for name in ("embedding", "keypoints", "team_evidence", "number_votes", "kit_colours"):
            first, second = getattr(others, name), getattr(mine, name)
            if first is None and second is None:
                continue
            first, second = _filled(first, len(others), second), _filled(second, len(mine), first)
            columns[name] = np.concatenate([first, second])[order]
        return Detections(**columns, mask=_masks(others, mine, order))


def set_aside(detections: Detections, counts: BoolArray) -> tuple[Detections, Bystanders]:
    """Return the rows that count, and the others.

    Args:
        detections: of a frame.
        counts: (N,) whether a row is for the tracker.
    """
    if counts.all():
        return detections, Bystanders(Detections.empty(), counts)
    return detections[counts], Bystanders(Detections(**pick(detections, ~counts)), counts)


def without_embedding(bystanders: Bystanders) -> Bystanders:
    """Return bystanders without embeddings, as they are where an embedder looks at the others only."""
    return replace(bystanders, detections=replace(bystanders.detections, embedding=None))


def _masks(first: Detections, second: Detections, order: Any) -> Masks | None:
    """Return the masks of two tables as those of their joined rows."""
    some = [table.mask for table in (first, second) if table.mask is not None]
    if not some:
        return None
    shape = max(masks.shape for masks in some)
    parts = [Masks.empty(shape, len(table)) if table.mask is None else table.mask for table in (first, second)]
    joined: Masks = Masks.concatenate(parts)[order]
    return joined


def _filled(column: Any, rows: int, like: Any) -> Any:
    """Return a column, or zeros that fit to another one where it is missing."""
    if column is not None and len(column) == rows and (rows or np.asarray(column).ndim > 1):
        return np.asarray(column)
    other = np.asarray(like)
    return np.zeros((rows, *other.shape[1:]), other.dtype)
