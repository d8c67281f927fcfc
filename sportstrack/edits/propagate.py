"""What follows from edits: tracks are linked again between the anchors, and what changes becomes operations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sportstrack.edits.apply import Anchors, anchors
from sportstrack.edits.diff import Edits, relink
from sportstrack.edits.operations import AnyOperation
from sportstrack.edits.session import EditSession
from sportstrack.refine.held import Held
from sportstrack.refine.link import link_tracks
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings

TRUST = 3.0  # log-odds of what the tracks bridge already: without an edit that speaks against it, it stays


def held(found: Anchors) -> Held:
    """Return anchors as what linking must not change."""
    return Held.of(found.spans, found.apart)


def propagate(session: EditSession, scene: Scene, settings: RefineSettings | None = None) -> tuple[AnyOperation, ...]:
    """Return the operations that follow from the edits of a session; the session itself stays as it is.

    The tracks are taken apart at their gaps and linked anew within shots, with all that the edits say held: what was
    confirmed, joined or parted stays so. `sportstrack.edits.Edit.then` takes the operations, for one step of undo.

    Args:
        session: after the edit whose consequences are wanted.
        scene: frame rate, size, camera and shot changes of the tracks.
        settings: of the linking; None is the defaults, with much trust in what is linked already.
    """
    s = settings or RefineSettings(trust=TRUST)
    table, _ = session.tracks()
    rows = session.board.rows_now()
    seen = np.flatnonzero(~table.filled)
    numbered = replace(table[seen], detection=rows[seen])
    if not len(numbered):
        return ()
    linked = link_tracks(numbered, scene, s, held(anchors(session)))
    edits = Edits()
    relink(session, edits, linked.detection, linked.track_id)
    for _ in edits.made:
        session.undo()
    return tuple(edit.operation for edit in edits.made)
