"""Across shots: give a player of one shot the id that it had in an earlier one, if the evidence suffices.

No place in the picture means anything after a shot change, so every shot's tracks begin as new ones. There are three
kinds of evidence that one of them is known:

* *formation*: how the players of one shot's end stand to one another, and those of the next one's beginning
  (`sportstrack.refine.link.formation`). It needs no embeddings. With them, dissimilar players are not taken for the
  same, less evidence suffices, and more shot changes are bridged;
* *appearance*: it is similar to one identity's, and clearly less so to any other's, from either side;
* *shirt number*: the same was read, in no other team.

Two of different teams or numbers, where these are sure, are never the same.

What suffices for neither stays new. Shots are gone through once, in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.assign import rival
from sportstrack.refine.appearance import centred_embeddings, mean_appearance
from sportstrack.refine.link.formation import Fit, Standing, best_fit, rise_of
from sportstrack.refine.link.pairs import Pairs, best_links, chain_ids
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable
from sportstrack.refine.who import NUMBER_NATS, Who
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray

_FEW = 3  # boxes from which a player's place at a shot change is taken; ...
_LINE = 5  # ... a line is fitted through this many
_EDGE = 0.003  # share of the picture; a box so near its edge is cut off
_WAIT = 0.5  # seconds that may pass between two shots' boxes and still be one moment
_LEAD = 10.0  # by how much a link by formation outweighs one by appearance


@dataclass(frozen=True, eq=False)
class _Tracks:
    """The tracks of all shots, each of one shot, in the order of the table, and the rows by frame."""

    table: TrackTable
    starts: IntArray  # (T + 1,) rows
    first: IntArray  # (T,) frames
    last: IntArray  # (T,)
    shot: IntArray  # (T,)
    class_id: IntArray  # (T,)
    appearance: Embeddings | None  # (T, D)
    who: Who
    of_row: IntArray  # (N,) track of each row
    by_frame: IntArray  # (N,) rows sorted by frame
    frames: IntArray  # (N,) their frames


def link_shots(table: TrackTable, scene: Scene, s: RefineSettings) -> TrackTable:
    """Take tracks apart at shot changes, and link those of different shots that are one player's.

    No row is added or lost. Without shot changes nothing happens. A chain keeps the id of its first part.
    """
    table = table.ordered()
    if not len(scene.cuts) or not len(table):
        return table
    tracks = _tracks(table, scene)
    a, b = _links(tracks, scene, s)
    ids = chain_ids(table.track_id[tracks.starts[:-1]], a, b)
    return replace(table, track_id=np.repeat(ids, np.diff(tracks.starts))).ordered()


def _tracks(table: TrackTable, scene: Scene) -> _Tracks:
    shot = scene.shot(table.frame)
    new = (table.track_id[1:] != table.track_id[:-1]) | (shot[1:] != shot[:-1])
    starts = np.concatenate(([0], np.flatnonzero(new) + 1, [len(table)]))
    of_row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    by_frame = np.argsort(table.frame, kind="stable")
    return _Tracks(
        table,
        starts,
        table.frame[starts[:-1]],
        table.frame[starts[1:] - 1],
        shot[starts[:-1]],
        table.class_id[starts[:-1]],
        None if table.embedding is None else mean_appearance(centred_embeddings(table.embedding), starts),
        Who.of(table, starts),
        of_row,
        by_frame,
        table.frame[by_frame],
    )


def _links(tracks: _Tracks, scene: Scene, s: RefineSettings) -> Pairs:
    """Return the tracks that go on in a later shot, and those as which they go on."""
    known: IntArray = np.empty(0, np.int64)  # the latest track of each identity
    left: list[IntArray] = [known]
    right: list[IntArray] = [known]
    match = np.arange(int(tracks.shot.max()) + 1)  # of each shot: a number for all that are known to be of one match
    order = np.argsort(tracks.shot, kind="stable")
    for new in np.split(order, np.flatnonzero(np.diff(tracks.shot[order])) + 1):
        begin = int(tracks.first[new].min())
        known = known[tracks.last[known] >= begin - scene.frames_in(s.shot_memory)]
        a = b = known[:0]
        if len(known):
            cosine = _cosine(tracks.appearance, known, new)
            stood = _by_formation(tracks, known, new, cosine, scene, s)
            if stood.fits:
                match[tracks.shot[new]] = match[tracks.shot[known[tracks.last[known].argmax()]]]
            of_match = match[tracks.shot[known]][:, None] == match[tracks.shot[new]]
            may = _possible(tracks, known, new) & (of_match | (s.shot_unproven > 0.0))
            number = tracks.who.one_number(known[:, None], new) & may
            a, b = _matched(stood, np.where(may, cosine, np.nan), number, s)
        left.append(known[a])
        right.append(new[b])
        known = np.concatenate((np.delete(known, a), new))
    return np.concatenate(left), np.concatenate(right)


@dataclass(frozen=True, eq=False)
class _Stood:
    """What formation says of I identities and P new tracks.

    Attributes:
        a: (K,) identities that are ...
        b: (K,) ... these new tracks.
        there: (I,) whether each identity stood in the picture before the shot change, if the formations fit.
        here: (P,) the same of the new tracks after it.
        fits: whether they do.
    """

    a: IntArray
    b: IntArray
    there: BoolArray
    here: BoolArray
    fits: bool


def _matched(stood: _Stood, cosine: FloatArray, number: BoolArray, s: RefineSettings) -> Pairs:
    """Return which identities are which new tracks.

    Args:
        stood: what formation says.
        cosine: (I, P) of appearance; NaN where appearance may not link.
        number: (I, P) pairs of one team and number.
        s: settings.
    """
    gain = np.zeros(cosine.shape)
    gain[stood.a, stood.b] = _LEAD
    # A player that stands in both pictures would have been found by its place.
    likely = _by_appearance(cosine, s) & ~(stood.there[:, None] & stood.here)
    gain += np.where(likely, s.appearance_weight * (np.nan_to_num(cosine) - s.appearance_neutral), 0.0)
    gain += np.where(number, s.who_weight * NUMBER_NATS, 0.0)
    known, new = (gain > 0.0).nonzero()
    return best_links(known, new, gain[known, new])


def _cosine(appearance: Embeddings | None, known: IntArray, new: IntArray) -> FloatArray:
    """Return (I, P) cosines of the appearances, NaN where either is unknown."""
    if appearance is None:
        return np.full((len(known), len(new)), np.nan)
    cosine: FloatArray = (appearance[known] @ appearance[new].T).astype(np.float64)
    cosine[~appearance[known].any(axis=1)] = np.nan
    cosine[:, ~appearance[new].any(axis=1)] = np.nan
    return cosine


def _possible(tracks: _Tracks, a: IntArray, b: IntArray) -> BoolArray:
    """Return (I, P) which pairs may be one by class, team and number."""
    before, after = tracks.class_id[a][:, None], tracks.class_id[b]
    alike = (before == after) | (before < 0) | (after < 0)
    return np.asarray(alike & ~tracks.who.differ(a[:, None], b))


def _by_appearance(cosine: FloatArray, s: RefineSettings) -> BoolArray:
    """Return (I, P) which pairs are so like each other, and so much more than any of their rivals, that they link."""
    known = np.nan_to_num(cosine, nan=-1.0)
    clear = np.minimum(known - rival(known), known - rival(known.T).T) >= s.shot_similarity_lead
    return np.asarray(clear & (known >= s.shot_similarity))


# --- formation -------------------------------------------------------------------------------------------------------


def _by_formation(
    tracks: _Tracks, known: IntArray, new: IntArray, cosine: FloatArray, scene: Scene, s: RefineSettings
) -> _Stood:
    """Compare how the identities of the last shot stood at its end with how the new tracks stand at their beginning."""
    end, begin = int(tracks.last[known].max()), int(tracks.first[new].min())
    there, here, none = np.zeros(len(known), np.bool_), np.zeros(len(new), np.bool_), known[:0]
    unknown = _Stood(none, none, there, here, False)
    if s.formation_evidence == 0.0 or begin - end > max(1.0, scene.frames_in(_WAIT)):
        return unknown
    moment = 0.5 * (end + begin)
    old, before = _standing(tracks, known, end, moment, scene, s, -1)
    young, after = _standing(tracks, new, begin, moment, scene, s, +1)
    if before is None or after is None:
        return unknown
    similar = cosine[old][:, young]
    possible = _possible(tracks, known[old], new[young]) & ~(similar < s.formation_similarity)
    fit = best_fit(before, after, possible, (scene.width, scene.height))
    if fit is None or not _suffices(fit, s, with_appearance=bool(np.isfinite(similar).mean() > 0.5)):
        return unknown
    there[old], here[young] = True, True
    clear = fit.next - fit.distance >= s.formation_clear
    return _Stood(old[fit.a[clear]], young[fit.b[clear]], there, here, True)


def _suffices(fit: Fit, s: RefineSettings, *, with_appearance: bool) -> bool:
    """Return whether a fit is evidence enough; where appearance rules pairs out, fewer fits come about by chance."""
    players, least, lead = s.formation_players, s.formation_evidence, s.formation_lead
    if with_appearance:
        players, least, lead = (
            s.formation_players_appearance,
            s.formation_evidence_appearance,
            s.formation_lead_appearance,
        )
    return len(fit.a) >= players and fit.evidence >= least and fit.evidence - fit.rival >= lead


def _standing(
    tracks: _Tracks, wanted: IntArray, edge: int, moment: float, scene: Scene, s: RefineSettings, side: int
) -> tuple[IntArray, Standing | None]:
    """Return the players at a shot change: indices into ``wanted``, and their places extrapolated to the moment.

    ``edge`` is the last frame before the shot change (``side`` −1) or its first one after it (+1).
    """
    reach = max(1, round(scene.frames_in(s.formation_window)))
    rows = _rows_near(tracks, edge, 3 * reach, side)
    index = np.full(len(tracks.first), -1)
    index[wanted] = np.arange(len(wanted))
    rows = rows[index[tracks.of_row[rows]] >= 0]
    box, owner = tracks.table.xyxy[rows], index[tracks.of_row[rows]]
    cut_off = scene.at_edges(box, _EDGE)
    whole = ~(cut_off[:, 1] | cut_off[:, 3])
    if np.count_nonzero(whole) < _FEW:
        return np.empty(0, np.int64), None
    rise = rise_of(box[whole, 3], box[whole, 3] - box[whole, 1], owner[whole])
    near = ~(cut_off[:, 0] | cut_off[:, 2] | cut_off[:, 3])
    near &= np.abs(tracks.table.frame[rows] - edge) < reach
    feet = np.column_stack((0.5 * (box[:, 0] + box[:, 2]), box[:, 3]))[near]
    tracks_there, place = _places(owner[near], tracks.table.frame[rows][near] - moment, feet)
    return tracks_there, Standing(place, rise)


def _rows_near(tracks: _Tracks, edge: int, reach: int, side: int) -> IntArray:
    """Return the rows of up to ``reach`` frames from the edge away from the shot change."""
    low, high = (edge - reach + 1, edge) if side < 0 else (edge, edge + reach - 1)
    begin, end = np.searchsorted(tracks.frames, low), np.searchsorted(tracks.frames, high, side="right")
    return tracks.by_frame[begin:end]


def _places(owner: IntArray, time: NDArray[Any], feet: NDArray[Any]) -> tuple[IntArray, FloatArray]:
    """Return owners with enough boxes, and their feet at time 0, (K, 2), by straight lines through these."""
    track, place = [], []
    for one in np.unique(owner).tolist():
        t, xy = time[owner == one], feet[owner == one]
        if len(t) < _FEW:
            continue
        apart = t - t.mean()
        slope = apart @ xy / (apart @ apart) if len(t) >= _LINE else np.zeros(2)
        track.append(one)
        place.append(xy.mean(axis=0) - slope * t.mean())
    return np.array(track, np.int64), np.array(place).reshape(-1, 2)
