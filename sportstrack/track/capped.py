"""Never more ids than people: while a run goes on, a track beyond that gets the id of somebody who is gone.

A tracker that loses a player and finds somebody later counts on, so that a match of 23 people has a hundred ids. Where
the number of people is known, a new track can be one of those alone who are not on the picture. `CappedIds` stands
behind the tracker, whichever that is: it knows its tracks, not its insides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.assign import solve_then_gate
from sportstrack.boxes import xyxy_to_xywh
from sportstrack.checks import NO_IDENTITY
from sportstrack.classes import ball_ids
from sportstrack.errors import SettingError
from sportstrack.identities.roster import MOST_PEOPLE, Roster
from sportstrack.recording import RecordingInfo
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.settings import TrackSettings
from sportstrack.track.teams import roles_of
from sportstrack.types import BoolArray, Detections, FloatArray, IntArray, Tracks

STILL = 0.3  # standard deviation of a place, in box heights, …
PACE = 0.5  # … and what a second adds to it, …
FARTHEST = 4.0  # … up to this
SIZE = 0.4  # standard deviation of the logarithm of the ratio of two heights
OTHER_CLASS = 2.0  # nats that speak against another class of the detector
NOBODY = 1.0  # nats of the answer that a new track is none of those who are gone
KNOWN = 2.0  # seconds on the picture from which on all count alike
DOUBT = 0.3  # probability from which on a track should rather continue the id of somebody who was seen for long
TRUST = 0.3  # share of a detection's team evidence that counts; neighbouring ones repeat one another
WRONG = 0.02  # chance that a detection's evidence is wrong altogether
MOST_NATS = 8.0  # by which somebody can prefer one group to another
SURE, CLEAR = 0.98, 0.9  # probabilities of a group, of somebody who is gone and of one detection, that rule out another
LONGEST = 1.0  # second that the time between two frames counts at most
_NEVER = 1e3  # value of what happens only where nothing else is left
_FEWEST = 3  # boxes that tell how the camera moved


@dataclass
class _People:
    """Those who have an id, one for each entry of the first axis."""

    number: IntArray  # (P,) the id
    box: FloatArray  # (P, 4) x, y of the middle, width, height, moved along with the camera
    placed: BoolArray  # (P,) whether the box is of this shot
    seen: FloatArray  # (P,) seconds on the picture
    last: FloatArray  # (P,) time when seen last
    class_id: IntArray  # (P,)
    holder: IntArray  # (P,) the tracker's id of the track that has it, or had it last …
    held: FloatArray  # (P,) … and the seconds that it was seen with it
    owner: IntArray  # (P,) of all tracks that had it, the one that was seen with it for longest …
    owned: FloatArray  # (P,) … and these seconds
    team: FloatArray  # (P, G) nats by which each group is less likely than the likeliest

    @classmethod
    def nobody(cls) -> _People:
        none, number = np.empty(0, np.int64), np.empty(0)
        places, flags, groups = np.empty((0, 4)), np.empty(0, np.bool_), np.empty((0, 0))
        return cls(none, places, flags, number, number, none, none, number, none, number, groups)

    def __len__(self) -> int:
        return len(self.number)

    def add(self, number: int) -> None:
        """Add somebody of whom nothing is known yet."""
        for name, column in vars(self).items():
            setattr(self, name, np.concatenate((column, np.zeros((1, *column.shape[1:]), column.dtype))))
        self.number[-1], self.holder[-1], self.owner[-1] = number, NO_IDENTITY, NO_IDENTITY


def capped_ids(settings: TrackSettings, roster: Roster | None, info: RecordingInfo) -> CappedIds | None:
    """Return what caps the ids of a run that goes on; None where there is no limit.

    Args:
        settings: of the run.
        roster: who may be seen, if that is known.
        info: what a recording of the run says of itself.
    """
    most = most_ids(settings, roster)
    if not most:
        return None
    balls = settings.ball_ids(info.names) or ball_ids(info.names)
    people = [kind for kind, role in roles_of(info.names, balls).items() if role != "ball"]
    return CappedIds(most, people=people, size=(info.width, info.height), shots=settings.shots)


def most_ids(settings: TrackSettings, roster: Roster | None) -> int:
    """Return the greatest number of ids of people that a run may have; 0 is no limit."""
    if settings.most_ids is not None:
        return settings.most_ids
    return 0 if roster is None else len(roster)


class CappedIds:
    """Gives the tracks of people ids of which there are never more than people.

    A track gets an id of its own while fewer than `most` are in use: the tracker's. Afterwards it gets that of the
    likeliest person who is not on the picture, by place (the camera's motion deducted), size, team and class. Where
    nobody is likely it takes an id that was hardly seen. If everybody is on the picture there is an id more.

    A track that the tracker finds again has the id back that was its for longest, even if it was given away: whoever
    has it by then, and for less time, looks for another one. All that is used is known in the frame, so that a replay
    says the same.

    Args:
        most: ids of people; more only where more are on the picture at one time.
        people: class ids of people; others, such as the ball, keep the tracker's ids and do not count. None: all.
        size: (width, height) of the picture in pixels.
        shots: whether shot changes count: places of another shot say nothing.

    Attributes:
        joined: how often a track was given an id that another one had before.

    Raises:
        SettingError: `most` is no number from 1 to 1000.
    """

    def __init__(
        self, most: int, *, size: tuple[int, int], people: Collection[int] | None = None, shots: bool = True
    ) -> None:
        if not 1 <= most <= MOST_PEOPLE:
            raise SettingError(f"most_ids: expected a number from 1 to {MOST_PEOPLE}, got {most!r}")
        self.most = int(most)
        self._classes = None if people is None else np.array(sorted(people), np.int64)
        self._shots = shots
        self._area = float(size[0] * size[1])
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._people = _People.nobody()
        self._row: dict[int, int] = {}  # the tracker's id → row
        self._before: float | None = None  # time of the frame before
        self._shown = np.empty(0, np.int64)  # its rows
        self.joined = 0

    def __call__(self, frame: TrackedFrame) -> TrackedFrame:
        """Return a frame, which has the tracker's ids, with those that hold; some are in `TrackedFrame.joined`."""
        tracks = frame.tracks
        which = self._is_person(tracks).nonzero()[0]
        if frame.cut_confidence and self._shots:
            self._people.placed[:], self._shown = False, self._shown[:0]
        ids, boxes = tracks.track_id[which].tolist(), xyxy_to_xywh(tracks.xyxy[which]).T
        rows = np.array([self._row.get(track, -1) for track in ids], np.int64)
        self._follow(frame.camera, rows, boxes)
        said = self._evidence(frame.detections, tracks.detection[which])
        joined: set[int] = set()
        if new := (rows < 0).nonzero()[0].tolist():
            new = self._at_home(new, ids, rows, joined)
        if new:
            free = np.setdiff1d(np.arange(len(self._people)), rows)
            given = self._choose(boxes[new], said[new], tracks.class_id[which[new]], free, frame.time)
            for at, row in zip(new, given, strict=True):
                rows[at] = self._give(ids[at], self._another(ids[at], ids) if row is None else row, joined)
        self._learn(rows, boxes, said, tracks.class_id[which], tracks.detection[which] >= 0, frame.time)
        self.joined += len(joined)
        return self._renumbered(frame, which, self._people.number[rows], joined)

    def _is_person(self, tracks: Tracks) -> BoolArray:
        """Return which tracks count; one whose id somebody has is a person, whatever the detector says now."""
        if self._classes is None:
            return np.ones(len(tracks), np.bool_)
        person: BoolArray = np.isin(tracks.class_id, self._classes)
        for at in (~person).nonzero()[0].tolist():
            number = int(tracks.track_id[at])
            person[at] = number in self._row or number in self._people.number
        return person

    def _follow(self, camera: FloatArray | None, rows: IntArray, boxes: FloatArray) -> None:
        """Move the places of all people along with the camera; the boxes tell its motion where it is not known."""
        people = self._people
        if camera is not None:
            people.box[:, :2] = people.box[:, :2] @ camera[:, :2].T + camera[:, 2]
            people.box[:, 2:] *= np.sqrt(abs(np.linalg.det(camera[:, :2])))
            return
        both = np.isin(rows, self._shown)
        if np.count_nonzero(both) >= _FEWEST:
            people.box[:, :2] += np.median(boxes[both, :2] - people.box[rows[both], :2], axis=0)

    def _evidence(self, detections: Detections, rows: IntArray) -> FloatArray:
        """Return (N, G) likelihoods of the groups for tracks' detections; G is 0 where nobody looked."""
        found = detections.team_evidence
        groups = 0 if found is None else found.shape[1]
        if groups != self._people.team.shape[1]:
            self._people.team = np.zeros((len(self._people), groups))
        if found is None or not groups:
            return np.zeros((len(rows), 0))
        some = np.where(rows[:, None] >= 0, np.clip(np.nan_to_num(found[rows].astype(np.float64)), 0.0, 1.0), 0.0)
        unknown = np.maximum(1.0 - some.sum(axis=1, keepdims=True), 0.0)
        return np.asarray((1.0 - WRONG) * some + ((1.0 - WRONG) * unknown + WRONG) / groups)

    def _choose(
        self, boxes: FloatArray, said: FloatArray, class_id: IntArray, free: IntArray, time: float
    ) -> list[int | None]:
        """Return for each new track the row of somebody who is gone, or None for an id of its own."""
        own = max(self.most - len(self._people), 0)
        if own >= len(boxes) or not len(free):
            return [None] * len(boxes)
        people = self._people
        gone = np.maximum(time - people.last[free], 0.0)
        odds = self._odds(boxes, said, class_id, free, gone)
        top = np.maximum(odds.max(axis=1, keepdims=True), NOBODY)
        share = np.exp(odds - top)
        share /= share.sum(axis=1, keepdims=True) + np.exp(NOBODY - top)
        worth = np.minimum(people.seen[free], KNOWN) / KNOWN
        value = (share - DOUBT) * (0.05 + worth) + 1e-4 * np.minimum(gone / 60.0, 1.0)
        value -= _NEVER * self._other_team(said, free)
        value = np.concatenate((value, np.full((len(boxes), own), _NEVER)), axis=1)
        tracks, places = solve_then_gate(-value, 2 * _NEVER, 3 * _NEVER)
        found: list[int | None] = [None] * len(boxes)
        for track, place in zip(tracks.tolist(), places.tolist(), strict=True):
            found[track] = int(free[place]) if place < len(free) else None
        return found

    def _odds(
        self, boxes: FloatArray, said: FloatArray, class_id: IntArray, free: IntArray, gone: FloatArray
    ) -> FloatArray:
        """Return (N, F) nats by which each new track is each of those who are gone rather than anybody."""
        people = self._people
        old = people.box[free]
        spread = np.minimum(np.sqrt(STILL**2 + (PACE * gone) ** 2), FARTHEST)
        with np.errstate(divide="ignore", invalid="ignore"):
            tall = (boxes[:, None, 3] + old[:, 3]) / 2
            away = ((boxes[:, None, :2] - old[:, :2]) ** 2).sum(axis=2) / tall**2
            place = -away / (2 * spread**2) - np.log(2 * np.pi * spread**2) + np.log(self._area / tall**2)
            place -= 0.5 * (np.log(boxes[:, None, 3] / old[:, 3]) / SIZE) ** 2
        odds = np.where(people.placed[free], place, 0.0)
        odds -= OTHER_CLASS * (class_id[:, None] != people.class_id[free])
        if said.shape[1]:
            share = self._shares(people.team).mean(axis=0)
            odds += np.log((self._shares(people.team[free]) / share) @ said.T).T
        return np.asarray(np.clip(np.nan_to_num(odds), -50.0, 50.0))

    def _shares(self, team: FloatArray) -> FloatArray:
        weight = np.exp(team)
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def _other_team(self, said: FloatArray, free: IntArray) -> FloatArray:
        """Return (N, F) 1 where a new track surely wears another kit than somebody who is gone, else 0."""
        if not said.shape[1]:
            return np.zeros((len(said), len(free)))
        known = self._shares(self._people.team[free])
        sure = (said.max(axis=1) >= CLEAR)[:, None] & (known.max(axis=1) >= SURE)
        return np.asarray(sure & (said.argmax(axis=1)[:, None] != known.argmax(axis=1)), np.float64)

    def _at_home(self, new: list[int], ids: list[int], rows: IntArray, joined: set[int]) -> list[int]:
        """Give tracks that are back the ids that were theirs for longest; return who is without one then.

        A track that has such an id since, and that was not seen with it for longer, must look for another one.
        """
        people, waiting, without = self._people, list(new), []
        while waiting:
            at = waiting.pop(0)
            mine = (people.owner == ids[at]).nonzero()[0]
            row = int(mine[people.owned[mine].argmax()]) if len(mine) else -1
            guest = (rows == row).nonzero()[0] if row >= 0 else mine
            if row < 0 or (len(guest) and people.held[row] > people.owned[row]):
                without.append(at)
                continue
            if len(guest):
                rows[guest] = -1
                waiting.append(int(guest[0]))
            rows[at] = self._give(ids[at], row, joined)
        return sorted(without)

    def _another(self, track: int, present: list[int]) -> int:
        """Return the row of somebody new, whose id is the track's number.

        If that is somebody's, one of another track here is free: there are more tracks here than ids.
        """
        taken = set(self._people.number.tolist())
        self._people.add(next(one for one in (track, *present) if one not in taken))
        return len(self._people) - 1

    def _give(self, track: int, row: int, joined: set[int]) -> int:
        """Give a track the id of a row; return the row."""
        people = self._people
        if (before := int(people.holder[row])) != NO_IDENTITY:
            joined.add(int(people.number[row]))
            self._row.pop(before, None)
        people.holder[row], self._row[track] = track, row
        people.held[row] = people.owned[row] if people.owner[row] == track else 0.0
        return row

    def _learn(
        self,
        rows: IntArray,
        boxes: FloatArray,
        said: FloatArray,
        class_id: IntArray,
        matched: BoolArray,
        time: float,
    ) -> None:
        people, step = self._people, 0.0 if self._before is None else min(max(time - self._before, 0.0), LONGEST)
        people.box[rows], people.placed[rows], people.last[rows] = boxes, True, time
        real = rows[matched]
        people.class_id[real] = class_id[matched]
        people.seen[real] += step
        people.held[real] += step
        longest = real[people.held[real] >= people.owned[real]]
        people.owner[longest], people.owned[longest] = people.holder[longest], people.held[longest]
        if said.shape[1]:
            team = people.team[real] + TRUST * np.log(said[matched])
            people.team[real] = np.maximum(team - team.max(axis=1, keepdims=True), -MOST_NATS)
        self._before, self._shown = time, rows

    def _renumbered(self, frame: TrackedFrame, which: IntArray, number: IntArray, joined: set[int]) -> TrackedFrame:
        tracks = frame.tracks
        if np.array_equal(number, tracks.track_id[which]):
            return replace(frame, joined=frozenset(joined)) if joined else frame
        ids = tracks.track_id.copy()
        ids[which] = number
        return replace(frame, tracks=replace(tracks, track_id=ids), joined=frozenset(joined))
