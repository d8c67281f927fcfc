"""What identities say of the rows of a table of boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from sportstrack.identities.table import Identities
from sportstrack.types import IntArray

Text = np.ndarray[Any, np.dtype[np.str_]]


def attribute_of_rows(identities: Identities, frame: IntArray, track_id: IntArray, attribute: str) -> Text:
    """Return (N,) what identities say of each row; "" where they say nothing.

    Args:
        identities: who is who.
        frame: (N,) frames from 0.
        track_id: (N,).
        attribute: team, role, number or name.
    """
    out = np.full(len(frame), "", np.dtype(object))
    order = np.argsort(track_id, kind="stable")
    tracks, starts = np.unique(track_id[order], return_index=True)
    for track, rows in zip(tracks.tolist(), np.split(order, starts[1:]), strict=False):  # no tracks: one empty part
        for one in identities.of(track):
            inside = (frame[rows] >= one.first_frame) & (frame[rows] <= one.last_frame)
            out[rows[inside]] = getattr(one, attribute)
    return out.astype(np.str_)
