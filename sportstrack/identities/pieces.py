"""Pieces of tracks: consecutive frames in which a track has one number and one team, so that it is one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sportstrack.identities.table import Identities, Identity
from sportstrack.types import IntArray


class TrackPiece(NamedTuple):
    """Consecutive frames of a track."""

    track_id: int
    first_frame: int
    last_frame: int


def frames_of_tracks(frame: IntArray, track_id: IntArray) -> dict[int, IntArray]:
    """Return track → its frames, ascending, of (N,) frames and ids of boxes."""
    order = np.lexsort((frame, track_id))
    tracks, starts = np.unique(track_id[order], return_index=True)
    parts = np.split(frame[order], starts[1:])
    return dict(zip(tracks.tolist(), parts, strict=False))


def pieces_of(track: int, identities: Identities, frames: IntArray) -> dict[TrackPiece, IntArray]:
    """Return a track's pieces and the frames in which it is there; each begins where its number or team changes."""
    if not len(frames):
        return {}
    begins, number, team = [int(frames[0])], "", ""
    after = 0
    rows = identities.of(track)
    for one in (*rows, Identity(track, int(frames[-1]) + 1)):
        if one.first_frame > after and number:  # nothing is said of the frames between
            begins.append(after)
            number = ""
        if one.number != number or (one.team and team and one.team != team):
            begins.append(one.first_frame)
        number, team, after = one.number, one.team or team, one.last_frame + 1
    begins = sorted({max(begin, int(frames[0])) for begin in begins if begin <= frames[-1]})
    cuts = np.searchsorted(frames, begins[1:])
    parts = [part for part in np.split(frames, cuts) if len(part)]
    return {TrackPiece(track, int(part[0]), int(part[-1])): part for part in parts}


def within(identities: Iterable[Identity], piece: TrackPiece) -> list[Identity]:
    """Return the rows of a table as far as they speak of a piece's frames."""
    return [
        replace(
            one,
            first_frame=max(one.first_frame, piece.first_frame),
            last_frame=min(one.last_frame, piece.last_frame),
        )
        for one in identities
        if one.first_frame <= piece.last_frame and piece.first_frame <= one.last_frame
    ]


def ids_of_people(person: Mapping[TrackPiece, int], frames: Mapping[TrackPiece, IntArray]) -> dict[TrackPiece, int]:
    """Return the id of each piece: a person has one, that of the earliest track which nobody else has.

    Pieces of nobody keep their track's id unless the person who has it is elsewhere at the same time.

    Args:
        person: piece → person, of the pieces that are somebody.
        frames: all pieces and their frames.
    """
    ids, new = dict[TrackPiece, int](), max((piece.track_id for piece in frames), default=0) + 1
    of_person, owner = dict[int, int](), dict[int, int]()
    for piece in sorted(person, key=lambda one: (one.first_frame, one.track_id)):
        who = person[piece]
        if who not in of_person:
            taken = piece.track_id in owner
            of_person[who], new = (new, new + 1) if taken else (piece.track_id, new)
            owner[of_person[who]] = who
        ids[piece] = of_person[who]
    there = {one: [frames[piece] for piece in person if person[piece] == who] for one, who in owner.items()}
    for piece in sorted(set(frames) - set(person), key=lambda one: (one.first_frame, one.track_id)):
        busy = there.get(piece.track_id, [])
        if busy and np.isin(frames[piece], np.concatenate(busy)).any():
            ids[piece], new = new, new + 1
        else:
            ids[piece] = piece.track_id
    return ids


@dataclass(frozen=True, eq=False)
class NewIds:
    """The ids of pieces, for looking up rows of a table of boxes."""

    ids: Mapping[TrackPiece, int]

    def __call__(self, frame: IntArray, track_id: IntArray) -> IntArray:
        """Return (N,) the ids of rows that have (N,) frames and (N,) ids of tracks; others stay."""
        out = track_id.copy()
        pieces: dict[int, list[TrackPiece]] = {}
        for piece in sorted(self.ids):
            pieces.setdefault(piece.track_id, []).append(piece)
        order = np.argsort(track_id, kind="stable")
        tracks, begins = np.unique(track_id[order], return_index=True)
        for track, rows in zip(tracks.tolist(), np.split(order, begins[1:]), strict=False):
            if track in pieces:
                starts = [piece.first_frame for piece in pieces[track]]
                place = np.maximum(np.searchsorted(starts, frame[rows], side="right") - 1, 0)
                out[rows] = np.array([self.ids[piece] for piece in pieces[track]])[place]
        return np.asarray(out)
