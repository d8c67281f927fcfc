"""The colour of each team, as its shirts have it in the video."""

from __future__ import annotations

import numpy as np

from sportstrack.draw.kit_colours import KitColours
from sportstrack.edit.clip import EditClip
from sportstrack.edit.pictures import PictureShelf
from sportstrack.errors import SourceError
from sportstrack.identities import Identities, Identity
from sportstrack.refine.table import TrackTable

_LOOKS = 12  # frames that are looked at
_FEW = 6  # key frames; with fewer, others are decoded too


def team_colours(clip: EditClip, pictures: PictureShelf, table: TrackTable, identities: Identities) -> dict[str, str]:
    """Return team → ``#rrggbb``, from a few frames that are quick to decode; nothing where no team is known."""
    keys = clip.keys
    if not identities.teams or keys is None or not len(keys):
        return {}
    known = np.isin(table.track_id, [one.track_id for one in identities if one.team])
    there = np.intersect1d(keys, table.frame[known])
    frames = there if len(there) >= _FEW else np.unique(table.frame[known])
    kits = KitColours(every=1)
    for frame in frames[np.unique(np.linspace(0, len(frames) - 1, _LOOKS).astype(int))].tolist() if len(frames) else ():
        rows = np.flatnonzero((table.frame == frame) & known)
        said = [identities.at(track, frame) for track in table.track_id[rows].tolist()]
        try:
            kits.look(pictures.image(frame), table.xyxy[rows], said)
        except SourceError:
            continue  # a damaged frame; others will do
    teams = identities.teams
    found = kits.of([Identity(0, team=team) for team in teams])
    return {team: "#{2:02x}{1:02x}{0:02x}".format(*colour) for team, colour in zip(teams, found, strict=True)}
