"""The ball's tracks, which the refinement leaves as they are: it knows how people move, and would drop half of them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from sportstrack.refine.table import EVIDENCE, TrackTable


def with_ball(people: TrackTable, ball: TrackTable) -> TrackTable:
    """Join refined tracks and those of the ball; an id that the refinement has made anew is none of the ball's."""
    taken = np.isin(people.track_id, ball.track_id)
    last = max(int(table.track_id.max(initial=0)) for table in (people, ball))
    fresh = np.unique(people.track_id[taken], return_inverse=True)[1].reshape(-1)
    track_id = people.track_id.copy()
    track_id[taken] = last + 1 + fresh
    parts = (replace(people, track_id=track_id), ball)
    columns = [one.name for one in fields(TrackTable) if one.name not in EVIDENCE]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    return TrackTable(**joined).ordered()
