"""Which piece of a track is which person of a roster: by team, number and role, and nobody twice at one time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sportstrack.identities.pieces import TrackPiece, ids_of_people, pieces_of, within
from sportstrack.identities.roster import PLAYING, Roster, RosterPerson
from sportstrack.identities.table import ATTRIBUTES, Identities, Identity
from sportstrack.types import FloatArray, IntArray

LEAST = 0.2
"""Confidence below which a track is nobody's."""

BY_ROLE = 0.6
"""The same where the role alone speaks for a person, as of the only goalkeeper of a team. No number was read then, and
a name that is wrong every second time is worse than none."""

NO_TEAM = 0.7
"""Confidence kept where a track's team is unknown but its number is worn in one team alone."""

CLEAR = 0.1
"""Share of the evidence by which the best reading of the teams must beat the next one."""

Presence = Mapping[int, IntArray]
"""Track → the frames (from 0) in which it is, sorted."""

NumbersWorn = Mapping[tuple[str, str], float]
"""Team and number → how much speaks for it: frames times confidence, or another measure of that kind."""


@dataclass(frozen=True)
class Binding:
    """What a roster makes of the tracks.

    Attributes:
        identities: who is who, with names; ids as they were.
        person: piece of a track → index in the roster, of the pieces that are somebody.
        ids: piece → its new id, of all pieces: all that are one person have one.
        frames: piece → the frames in which it is there, of all pieces.
        teams: the tracks' team → the roster's.
        warnings: what the roster and the tracks do not agree on.
    """

    identities: Identities
    person: Mapping[TrackPiece, int]
    ids: Mapping[TrackPiece, int]
    frames: Mapping[TrackPiece, IntArray]
    teams: Mapping[str, str]
    warnings: tuple[str, ...] = field(default=())


def bind_roster(identities: Identities, presence: Presence, roster: Roster, worn: NumbersWorn | None = None) -> Binding:
    """Find the person of each track, or of each piece of it, where its number or its team changes.

    A piece fits a person if nothing that is known of it speaks against: the confidence is that of its number, team and
    role together. Of all ways in which nobody is in two places at one time, the one with the greatest sum of confidence
    times frames is taken; pieces that lose have no name, and no number if it is the winner's. Teams of other names than
    the roster's (A and B) are matched by the numbers that were read.

    Args:
        identities: what is known of the tracks.
        presence: the frames of every track of the result.
        roster: who may be seen.
        worn: the numbers that were read in the teams, by which these get the roster's names; None: those of the tracks.

    Returns:
        The names, and the one id of all pieces of a person.
    """
    frames: dict[TrackPiece, IntArray] = {}
    for track, there in presence.items():
        frames |= pieces_of(track, identities, there)
    known = {piece: summary_of(piece, identities, there) for piece, there in frames.items()}
    worn = numbers_worn(known, frames) if worn is None else worn
    teams, warnings = match_team_names({one.team for one in known.values()} | {team for team, _ in worn}, worn, roster)
    known = {piece: replace(one, team=teams.get(one.team, one.team)) for piece, one in known.items()}
    pieces = [piece for piece in sorted(known) if known[piece].role != "ball"]
    fits = np.array([[fit(known[piece], person, roster) for person in roster] for piece in pieces])
    fits = fits.reshape(len(pieces), len(roster))
    person = _assign(fits, [frames[piece] for piece in pieces])
    found = {piece: int(who) for piece, who in zip(pieces, person, strict=True) if who >= 0}
    confidence = {piece: float(fits[k, person[k]]) for k, piece in enumerate(pieces) if person[k] >= 0}
    named = _named(identities.with_teams(teams), known, found, confidence, roster)
    strange = _strangers(known, frames, roster)
    return Binding(named, found, ids_of_people(found, frames), frames, teams, (*warnings, *strange))


def fit(track: Identity, person: RosterPerson, roster: Roster) -> float:
    """Return how sure a track is this person, 0 to 1; 0 where something speaks against it, or too little for it."""
    if track.role and (track.role in PLAYING) != (person.role in PLAYING):
        return 0.0
    same = 1.0 if not track.role or track.role == person.role else 1.0 - track.role_confidence
    if track.team and person.team and track.team.casefold() != person.team.casefold():
        return 0.0
    team = track.team_confidence if track.team and person.team else 1.0
    if not track.number:
        sure = (
            roster.alone_in_role(person)
            and track.role == person.role != "player"
            and (bool(track.team) or not person.team)
        )
        found = team * track.role_confidence if sure else 0.0
        return found if found >= BY_ROLE else 0.0
    if track.number != person.number:
        return 0.0
    if not track.team and person.team:
        team = NO_TEAM if roster.alone_in_number(person) else 0.0
    return track.number_confidence * team * same


def numbers_worn(
    known: Mapping[TrackPiece, Identity], frames: Mapping[TrackPiece, IntArray]
) -> dict[tuple[str, str], float]:
    """Return what pieces say of the numbers in their teams: confidence times frames."""
    worn: dict[tuple[str, str], float] = {}
    for piece, one in known.items():
        if one.number and one.team:
            weight = one.number_confidence * len(frames[piece])
            worn[one.team, one.number] = worn.get((one.team, one.number), 0.0) + weight
    return worn


def match_team_names(theirs: Iterable[str], worn: NumbersWorn, roster: Roster) -> tuple[dict[str, str], list[str]]:
    """Return the tracks' team → the roster's, and a warning where the numbers do not tell.

    Names that are the same, whatever their case, are taken as they are; the rest is matched by the numbers read.
    """
    from scipy.optimize import linear_sum_assignment

    theirs = sorted(set(theirs) - {""})
    same = {team.casefold(): team for team in roster.teams}
    teams = {name: same[name.casefold()] for name in theirs if name.casefold() in same}
    names = [name for name in theirs if name not in teams]
    free = [team for team in roster.teams if team not in teams.values()]
    if not names or not free:
        return teams, []
    listed = {(person.team, person.number) for person in roster if person.number}
    evidence = np.zeros((len(names), len(free)))
    for (team, number), weight in worn.items():
        if team in names:
            has = np.array([(one, number) in listed for one in free])
            if 0 < has.sum() < len(free) or len(free) == 1:
                evidence[names.index(team)] += has * weight
    rows, columns = linear_sum_assignment(evidence, maximize=True)
    best = float(evidence[rows, columns].sum())
    if best - _second(evidence, rows, columns) < CLEAR * max(best, 1e-9):
        which = f"which of {' and '.join(names)} is {' and '.join(free)}"
        which = f"whether {names[0]} is {' or '.join(free)}" if len(names) == 1 < len(free) else which
        return teams, [f"the numbers do not tell {which}: name the teams, as in --teams {free[0]}=COLOUR"]
    return teams | {names[a]: free[b] for a, b in zip(rows, columns, strict=True)}, []


def _second(evidence: FloatArray, rows: IntArray, columns: IntArray) -> float:
    """Return the sum of the best assignment that differs from the one given; 0 if there is no other."""
    from scipy.optimize import linear_sum_assignment

    found = 0.0
    for a, b in zip(rows, columns, strict=True):
        barred = evidence.copy()
        barred[a, b] = -1e12
        r, c = linear_sum_assignment(barred, maximize=True)
        found = max(found, float(barred[r, c].sum()))
    return found


def summary_of(piece: TrackPiece, identities: Identities, frames: IntArray) -> Identity:
    """Return what a piece is for most of its frames: of each attribute the value with the most confidence in all."""
    values: dict[str, dict[str, float]] = {name: {} for name in ATTRIBUTES}
    spans: dict[tuple[str, str], float] = {}
    for one in identities.of(piece.track_id):
        n = int(np.count_nonzero((frames >= one.first_frame) & (frames <= one.last_frame)))
        for name in ATTRIBUTES:
            if n and (value := getattr(one, name)):
                weight = n * getattr(one, f"{name}_confidence")
                values[name][value] = values[name].get(value, 0.0) + weight
                spans[name, value] = spans.get((name, value), 0.0) + n
    best = {name: max(found, key=found.__getitem__) for name, found in values.items() if found}
    sure = {name: values[name][value] / max(spans[name, value], 1.0) for name, value in best.items()}
    row: dict[str, Any] = {**best, **{f"{name}_confidence": min(one, 1.0) for name, one in sure.items()}}
    return Identity(piece.track_id, **row)


def _assign(fits: FloatArray, frames: list[IntArray]) -> IntArray:
    """(T,) the person of each track, −1 for none: the greatest sum of fit times frames, nobody twice in a frame.

    An integer programme: one variable for each pair that fits, one constraint for each track, and one for each person
    and set of tracks that are there at one time (with one such set it is the usual assignment problem).
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    out = np.full(len(fits), -1)
    track, person = np.nonzero(fits >= LEAST)
    if not len(track):
        return out
    groups = [np.flatnonzero(track == one) for one in np.unique(track)]
    for who in np.unique(person):
        groups += _together(np.flatnonzero(person == who), track, frames)
    column = np.concatenate(groups)
    row = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    limits = LinearConstraint(
        coo_array((np.ones(len(row)), (row, column)), (len(groups), len(track))).tocsr(), -np.inf, 1
    )
    gain = fits[track, person] * [len(frames[k]) for k in track]
    found = milp(-gain, integrality=np.ones(len(track), np.int64), bounds=Bounds(0, 1), constraints=limits)
    if found.x is not None:
        chosen = found.x > 0.5
        out[track[chosen]] = person[chosen]
    return out


def _together(pairs: IntArray, track: IntArray, frames: list[IntArray]) -> list[IntArray]:
    """Return the sets of pairs (of one person) whose tracks are in one frame, without those that others contain."""
    if len(pairs) < 2:
        return []
    moment = np.concatenate([frames[track[pair]] for pair in pairs])
    pair = np.repeat(pairs, [len(frames[track[one]]) for one in pairs])
    order = np.lexsort((pair, moment))
    _, starts, count = np.unique(moment[order], return_index=True, return_counts=True)
    crowded = zip(starts[count > 1].tolist(), count[count > 1].tolist(), strict=True)
    sets = {tuple(pair[order[start : start + n]].tolist()) for start, n in crowded}
    return [np.array(one) for one in sorted(sets)]


def _named(
    identities: Identities,
    known: Mapping[TrackPiece, Identity],
    found: Mapping[TrackPiece, int],
    confidence: Mapping[TrackPiece, float],
    roster: Roster,
) -> Identities:
    """Return the table with names, and without the numbers of pieces that lost them to another one."""
    tracks = {piece.track_id for piece in known}
    rows = [one for one in identities if one.track_id not in tracks]
    worn = {(person.team.casefold(), person.number) for person in roster if person.number}
    for piece, one in known.items():
        if piece not in found:
            lost = (one.team.casefold(), one.number) in worn
            rows += [replace(row, number="" if lost else row.number) for row in within(identities.of(piece[0]), piece)]
            continue
        person, sure = roster.people[found[piece]], confidence[piece]
        rows.append(
            Identity(
                *piece, team=person.team, role=person.role, number=person.number, name=person.name,
                team_confidence=max(sure, one.team_confidence if one.team else 0.0),
                role_confidence=max(sure, one.role_confidence if one.role == person.role else 0.0),
                number_confidence=max(sure, one.number_confidence if one.number else 0.0), name_confidence=sure,
            )
        )  # fmt: skip
    return Identities(rows)


def _strangers(
    known: Mapping[TrackPiece, Identity], frames: Mapping[TrackPiece, IntArray], roster: Roster
) -> list[str]:
    """Return a warning for each number that was read and that nobody of the team wears."""
    worn = {(person.team.casefold(), person.number) for person in roster}
    teams = {team.casefold() for team in roster.teams}
    seen: dict[tuple[str, str], int] = {}
    for piece, one in known.items():
        if one.number and one.team.casefold() in teams and (one.team.casefold(), one.number) not in worn:
            seen[one.team, one.number] = seen.get((one.team, one.number), 0) + len(frames[piece])
    return [
        f"{team} {number} was read in {count} frames and is not on the roster: misread, or missing there"
        for (team, number), count in sorted(seen.items())
    ]


def identities_of_people(binding: Binding) -> Identities:
    """Return the table by new ids: one row for each person, or more where the id was nobody's between."""
    of_id: dict[int, list[TrackPiece]] = {}
    for piece in binding.frames:
        of_id.setdefault(binding.ids[piece], []).append(piece)
    tracks = {piece.track_id for piece in binding.frames}
    rows = [one for one in binding.identities if one.track_id not in tracks]
    for new, pieces in of_id.items():
        said = [row for piece in pieces if piece in binding.person for row in _said(binding, piece)]
        best = max(said, key=lambda one: one.name_confidence, default=None)
        for piece, first, last in _runs(pieces, binding):
            if piece in binding.person and best is not None:
                rows.append(replace(best, track_id=new, first_frame=first, last_frame=last))
            else:
                rows += [replace(one, track_id=new) for one in _said(binding, TrackPiece(piece.track_id, first, last))]
    return Identities(rows)


def _said(binding: Binding, piece: TrackPiece) -> list[Identity]:
    return within(binding.identities.of(piece.track_id), piece)


def _runs(pieces: list[TrackPiece], binding: Binding) -> list[tuple[TrackPiece, int, int]]:
    """Return the pieces of one id in the order of time, each with first and last frame; those of a person are one."""
    owner = [0 if piece in binding.person else k for k, piece in enumerate(pieces, 1)]
    frame = np.concatenate([binding.frames[piece] for piece in pieces])
    count = [len(binding.frames[piece]) for piece in pieces]
    order = np.argsort(frame, kind="stable")
    frame, whose, which = frame[order], np.repeat(owner, count)[order], np.repeat(np.arange(len(pieces)), count)[order]
    begins = np.concatenate(([0], np.flatnonzero(np.diff(whose)) + 1))
    ends = np.append(begins[1:], len(frame)) - 1
    return [(pieces[which[a]], int(frame[a]), int(frame[b])) for a, b in zip(begins, ends, strict=True)]
