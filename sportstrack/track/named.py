"""The people of a roster in a run: names while it goes on, and at the end one id for each person."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sportstrack.identities import Identities, Identity
from sportstrack.identities.binding import Binding, Presence, bind_roster, identities_of_people
from sportstrack.identities.ends import PieceView
from sportstrack.identities.people import IdCounts, one_id_for_each
from sportstrack.identities.pieces import NewIds, frames_of_tracks
from sportstrack.identities.roster import Roster
from sportstrack.identities.seen import TimeSeen, who_was_seen
from sportstrack.limits import MAX_FRAMES
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.types import Tracks

_RECENT = 250  # frames of a track that count while a run goes on


class RosterLearner:
    """Names, out of teams, numbers and roles that other learners know.

    While a run goes on, the tracks on the picture are bound: who is in two places now matters, who was so before does
    not. Which team is which is told by all numbers so far. Ids stay as they are, for they are written by then.

    Args:
        roster: who may be seen.
    """

    name = "roster"
    prompt = False

    def __init__(self, roster: Roster, *, endless: bool = False) -> None:
        self._roster, self._endless = roster, endless
        self._frames: dict[int, array[int]] = {}
        self._worn: dict[tuple[str, str], float] = {}
        self._now = -1
        self._binding: Binding | None = None

    def before(self, observation: Observation) -> Observation:
        """Return the observation as it is."""
        return observation

    def add(self, frame: TrackedFrame) -> None:
        """Note who is on the picture."""
        self._now = frame.index
        for track in frame.tracks.track_id.tolist():
            self._frames.setdefault(track, array("i")).append(frame.index)
        if self._endless and frame.index % _RECENT == 0:
            recent = {track: frames[-_RECENT:] for track, frames in self._frames.items()}
            self._frames = {track: frames for track, frames in recent.items() if frames[-1] > self._now - _RECENT}

    def now(self, tracks: Sequence[int], known: Mapping[int, Identity]) -> Mapping[int, Identity]:
        """Return names and the roster's teams of those who are on the picture."""
        frames = {track: self._frames[track][-_RECENT:] for track in tracks if track in self._frames}
        recent = {track: np.array(one, np.int64) for track, one in frames.items() if one[-1] == self._now}
        whole = Identities(replace(one, first_frame=0, last_frame=MAX_FRAMES) for one in known.values())
        for one in whole:
            if one.number and one.team and one.track_id in recent:
                key = (one.team, one.number)
                self._worn[key] = self._worn.get(key, 0.0) + one.number_confidence
        bound = bind_roster(whole, recent, self._roster, self._worn).identities
        return {one.track_id: one for one in bound}

    def finish(self, known: Identities) -> Identities:
        """Return the names of the whole run."""
        self._binding = bind_roster(known, self._presence(), self._roster)
        return self._binding.identities

    @property
    def warnings(self) -> list[str]:
        """What the roster and the tracks do not agree on, once the run has ended."""
        return [] if self._binding is None else list(self._binding.warnings)

    def seen(self, frame_rate: float, every: int) -> list[TimeSeen]:
        """Return the times of everyone on the roster, once the run has ended; see `who_was_seen`."""
        found = self._binding
        person, frames = ({}, {}) if found is None else (found.person, found.frames)
        return who_was_seen(person, frames, self._roster, frame_rate, every)

    def _presence(self) -> Presence:
        return {track: np.array(frames, np.int64) for track, frames in self._frames.items()}


@dataclass(frozen=True, eq=False)
class PeopleOfRun:
    """A finished run with people in place of tracks.

    Attributes:
        binding: which track is who, by the ids before.
        identities: who is who, by the new ids.
        tracks: number of the frame → its tracks, with one id for each person.
        roster: who may be seen.
        counts: how many ids there were and are.
    """

    binding: Binding
    identities: Identities
    tracks: dict[int, Tracks]
    roster: Roster
    counts: IdCounts

    def seen(self, frame_rate: float, every: int) -> list[dict[str, Any]]:
        """Return the times of everyone on the roster as plain values; see `who_was_seen`."""
        times = who_was_seen(self.binding.person, self.binding.frames, self.roster, frame_rate, every)
        return [one.to_dict() for one in times]


def with_people(
    roster: Roster,
    known: Identities,
    tracks: Mapping[int, Tracks],
    view: PieceView | None = None,
    ball: Collection[int] = (),
) -> PeopleOfRun:
    """Put people in place of the tracks of a finished run: each has one id, and there are no more ids than people.

    Args:
        roster: who may be seen.
        known: what is known of the tracks.
        tracks: number of the frame → its tracks.
        view: what they were seen through; None: 25 frames a second, and a camera that stands still.
        ball: class ids of the ball.
    """
    numbers = sorted(tracks)
    frame = np.repeat(np.array(numbers, np.int64), [len(tracks[number]) for number in numbers])
    tables = [Tracks.empty(), *(tracks[number] for number in numbers)]
    track_id, xyxy, kind = (
        np.concatenate([getattr(one, name) for one in tables]) for name in ("track_id", "xyxy", "class_id")
    )
    binding = bind_roster(known, frames_of_tracks(frame, track_id), roster)
    balls = set(track_id[np.isin(kind, list(ball))].tolist())
    binding, counts = one_id_for_each(binding, roster, frame, track_id, xyxy, view or PieceView(25.0), balls)
    ids = np.split(NewIds(binding.ids)(frame, track_id), np.cumsum([len(one) for one in tables])[:-1])[1:]
    renamed = {number: replace(tracks[number], track_id=own) for number, own in zip(numbers, ids, strict=False)}
    return PeopleOfRun(binding, identities_of_people(binding), renamed, roster, counts)
