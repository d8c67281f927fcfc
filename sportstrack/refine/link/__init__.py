"""Link: give the pieces of one player one id.

Within shots motion and appearance are the evidence, across shots formation and appearance.
"""

from __future__ import annotations

from sportstrack.refine.held import Held
from sportstrack.refine.link.across import link_shots
from sportstrack.refine.link.pairs import best_links, chain_ids
from sportstrack.refine.link.within import link_pieces
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable

__all__ = ["best_links", "chain_ids", "link_tracks"]


def link_tracks(
    table: TrackTable, scene: Scene, settings: RefineSettings | None = None, held: Held | None = None
) -> TrackTable:
    """Link the pieces of tracks that are one player's; each chain keeps the id of its earliest piece.

    Pieces that stand in one frame together or are of different classes are never linked, those of different shots never
    by where they are in the picture. No row is added or lost. A piece that its track loses gets a new id. Identities
    that are ``held`` stay as they are within shots.
    """
    s = settings or RefineSettings()
    return link_shots(link_pieces(table, scene, s, held), scene, s)
