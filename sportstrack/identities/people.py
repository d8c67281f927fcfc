"""The people of a finished run: one id for each, and no more ids than people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from sportstrack.identities.binding import Binding, summary_of
from sportstrack.identities.ends import PieceView, piece_table
from sportstrack.identities.pieces import NewIds, TrackPiece, ids_of_people
from sportstrack.identities.roster import Roster
from sportstrack.identities.squad import Squad, one_id_each
from sportstrack.identities.table import Identity
from sportstrack.types import FloatArray, IntArray

_PAUSE = 1.0  # seconds without a box at which a track may be cut


@dataclass(frozen=True)
class IdCounts:
    """How many ids there are, the ball's not counted.

    Attributes:
        before: tracks.
        after: ids.
        named: ids that have a name.
        cap: how many ids people of the roster may have: people on the roster, or at one time if that is more.
        outsiders: ids beside the cap, of those who are surely nobody of the roster: of another team or role, or more at
            one time than the roster has of their team and role.
    """

    before: int
    after: int
    named: int
    cap: int
    outsiders: int

    def __str__(self) -> str:
        beside = f"; ids of others, who are not on the roster: {self.outsiders}" if self.outsiders else ""
        return (
            f"{self.before} tracks of people became {self.after - self.outsiders} ids, {self.named} with a name{beside}"
        )


def one_id_for_each(
    binding: Binding, roster: Roster, frame: IntArray, track_id: IntArray, xyxy: FloatArray, view: PieceView,
    ball: Collection[int] = (),
) -> tuple[Binding, IdCounts]:  # fmt: skip
    """Return a binding in which everybody has one id, and the counts.

    Names stay as they are: who has an id because nobody else is left has no name for that.

    Args:
        binding: which piece is who, as far as that is known.
        roster: who may be seen.
        frame: (N,) of the boxes, from 0.
        track_id: (N,) of the boxes.
        xyxy: (N, 4) the boxes' corners in pixels.
        view: what they were seen through.
        ball: tracks of the ball; those of which the binding says so are left out, too.
    """
    frames = {piece: there for piece, there in binding.frames.items() if len(there)}
    boxes, pause = (frame, track_id, xyxy), max(_PAUSE * view.frame_rate, 1.0)
    found, who = _placed(binding, frames, roster, boxes, view, ball)
    if found.people > found.cap:
        cut = dict(part for piece, there in frames.items() for part in _cut(piece, there, binding, pause).items())
        again, whose = _placed(binding, cut, roster, boxes, view, ball)
        if again.people < found.people:
            frames, found, who = cut, again, whose
    group = _groups(found, who)
    ids = ids_of_people(group, frames)
    beyond = found.cap if found.people > found.cap else inf
    outsiders = {ids[one] for one, place in zip(who, found.place, strict=True) if not 0 <= place < beyond}
    counts = IdCounts(
        len({piece.track_id for piece in who}),
        len({ids[piece] for piece in who}),
        len({ids[piece] for piece in binding.person}),
        found.cap,
        len(outsiders),
    )
    return replace(binding, ids=ids, frames=frames), counts


def _placed(
    binding: Binding, frames: Mapping[TrackPiece, IntArray], roster: Roster,
    boxes: tuple[IntArray, IntArray, FloatArray], view: PieceView, ball: Collection[int],
) -> tuple[Squad, dict[TrackPiece, Identity]]:  # fmt: skip
    """Return the places of the pieces that are no ball, and what is known of these."""
    known = {piece: summary_of(piece, binding.identities, there) for piece, there in frames.items()}
    who = {piece: one for piece, one in known.items() if one.role != "ball" and piece.track_id not in ball}
    frame, track_id, xyxy = boxes
    number = {piece: k for k, piece in enumerate(who)}
    index = NewIds({piece: number.get(piece, -1) for piece in frames})(frame, track_id)
    rows = index >= 0
    table = piece_table(index[rows], frame[rows], xyxy[rows], view)
    table = replace(table, track=np.array([piece.track_id for piece in who], np.int64))
    person = [binding.person.get(piece, -1) for piece in who]
    return one_id_each(table, _with_some_teams(list(who.values()), roster), person, roster), who


def _cut(piece: TrackPiece, there: IntArray, binding: Binding, pause: float) -> dict[TrackPiece, IntArray]:
    """Return the parts of a piece of nobody between its pauses."""
    if piece in binding.person:
        return {piece: there}
    parts = np.split(there, np.flatnonzero(np.diff(there) > pause) + 1)
    return {TrackPiece(piece.track_id, int(part[0]), int(part[-1])): part for part in parts}


def _with_some_teams(who: list[Identity], roster: Roster) -> list[Identity]:
    """Return identities with teams of the roster for those of which nothing tells which they are."""
    named = {team.casefold() for team in roster.teams}
    count = Counter(one.team for one in who if one.team)
    there = {team.casefold() for team in count}
    unknown = [team for team, _ in count.most_common() if team.casefold() not in named]
    free = [team for team in roster.teams if team.casefold() not in there]
    some = dict(zip(unknown, free, strict=False))
    return [replace(one, team=some.get(one.team, one.team)) for one in who]


def _groups(found: Squad, who: Mapping[TrackPiece, Identity]) -> dict[TrackPiece, int]:
    """Return a number for each piece, the same for all that have one id; outsiders keep their tracks apart."""
    outsiders = dict[tuple[int, str], int]()
    group = {}
    for (piece, one), place in zip(who.items(), found.place, strict=True):
        own = len(found.place) + found.cap + len(outsiders)
        group[piece] = place if place >= 0 else outsiders.setdefault((piece.track_id, one.team), own)
    return group
