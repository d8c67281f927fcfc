"""Drop: remove tracks that were seen too shortly to be a player."""

from __future__ import annotations

import numpy as np

from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable


def drop_short(table: TrackTable, scene: Scene, settings: RefineSettings | None = None) -> TrackTable:
    """Remove the tracks seen in fewer frames than ``drop_under`` seconds have, or than ``drop_share`` of the sequence.

    The smaller of the two limits counts: a clip of four seconds drops tracks seen for under 0.4 s, not under one
    second. Filled boxes were not seen.
    """
    s = settings or RefineSettings()
    table = table.ordered()
    if not len(table):
        return table
    limit = min(scene.frames_in(s.drop_under), s.drop_share * scene.frames)
    starts = table.starts()
    seen = np.add.reduceat((~table.filled).astype(np.int64), starts[:-1])
    return table[np.repeat(seen >= limit, np.diff(starts))]
