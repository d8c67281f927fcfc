"""Teams and roles while a match is running: settled within seconds, mended as more is seen.

Before a frame is tracked, `TeamWatch.evidence` says which group each kit belongs to; afterwards `TeamWatch.add` takes
the tracks, learns from them, and says what is known of each. Nothing looks ahead, so a replay says the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.identities.decide import SURE, decide, evidence
from sportstrack.identities.groups import Groups, find_groups
from sportstrack.identities.kits import WIDTH, distances, in_words
from sportstrack.identities.names import TeamNames
from sportstrack.identities.sightings import VOTED, Seen, TrackSightings, visible
from sportstrack.identities.table import Identities, Identity
from sportstrack.types import Detections, FloatArray, IntArray, Tracks

GROUPS = 5  # columns of the evidence: two teams, and three groups of goalkeepers, officials and others

_FIRST_FIT = 3  # spans
_EARLY = 0.08  # seconds between two looks until the teams are settled …
_AGAIN = 0.16  # … and after that, while a fit has little to look at
_PLAIN = 0.25  # distances of the two kits in looks that agree, added up, from which on the teams are settled
_CROWD = 2.0  # people of each team at a time for that
_TRUST = 0.9  # the most that is said of teams that no later fit has confirmed
_CONFIRMED = 10  # spans until which the teams are looked for again and again
_HALF_LIFE = np.array([6.0, 0.3])  # seconds in which what was seen of a track counts half: in all, and lately
_LEAST_KEPT = np.array([0.0, 0.7])  # share that stays from frame to frame, however long that is
_OTHER = 0.85  # confidence of what was seen lately from which on a track goes on as somebody else
_QUICK = 2.5  # what a frame counts: one and a half that show the kit are enough
_STEADY = 0.15  # distance by which a team's kit may change between two fits when it is settled
_RECENT, _OLDER = 120, 120  # spans that a fit looks at: the last minute, and as many from before
_ALONE = 4.0  # what a detection counts by itself
_FAINT = 0.4  # score of a detection below which it hides nobody, for it may be another one's second box
_MEMORY = 400  # tracks whose kits are remembered
_ROUGH = 0.02  # difference of a confidence that is worth a new record


@dataclass
class _Live:
    """The kits of tracks: sums over a long time and over a short one, each forgotten in its `_HALF_LIFE`."""

    row: dict[int, int] = field(default_factory=dict)
    kits: NDArray[np.float64] = field(default_factory=lambda: np.zeros((64, 2, WIDTH)))
    weight: FloatArray = field(default_factory=lambda: np.zeros((64, 2)))
    time: FloatArray = field(default_factory=lambda: np.zeros(64))

    def add(self, track_id: IntArray, kits: NDArray[np.float32], weight: FloatArray, time: float) -> IntArray:
        """Take what a frame shows; return the rows of its tracks."""
        if len(self.row) > _MEMORY:
            self._forget()
        for track in track_id.tolist():
            if track not in self.row:
                self.row[track] = len(self.row)
        if len(self.row) > len(self.weight):
            more = len(self.row)
            self.kits, self.weight, self.time = (
                np.concatenate((part, np.zeros((more, *part.shape[1:]))))
                for part in (self.kits, self.weight, self.time)
            )
        rows = np.array([self.row[track] for track in track_id.tolist()], np.int64)
        kept = np.maximum(0.5 ** (np.maximum(time - self.time[rows], 0.0)[:, None] / _HALF_LIFE), _LEAST_KEPT)
        shown = (weight * kits.any(axis=1))[:, None]
        self.kits[rows] = self.kits[rows] * kept[:, :, None] + (kits * shown)[:, None]
        self.weight[rows] = self.weight[rows] * kept + shown
        self.time[rows] = time
        return rows

    def chances(self, rows: IntArray, groups: Groups) -> FloatArray:
        """Return (N, G) which group each track belongs to; one that lately wears another kit is somebody else."""
        both = evidence(self.kits[rows].reshape(-1, WIDTH), self.weight[rows].ravel(), groups, _QUICK)
        long, lately = both[::2], both[1::2]
        other = (lately.max(axis=1) >= _OTHER) & (lately.argmax(axis=1) != long.argmax(axis=1))
        changed = rows[other]
        self.kits[changed, 0], self.weight[changed, 0] = self.kits[changed, 1], self.weight[changed, 1]
        return np.asarray(np.where(other[:, None], lately, long))

    def _forget(self) -> None:
        """Keep the half that was seen last."""
        ids, rows = list(self.row), np.array(list(self.row.values()), np.int64)
        order = np.sort(np.argsort(-self.time[rows], kind="stable")[: _MEMORY // 2])
        kept = rows[order]
        self.kits, self.weight, self.time = self.kits[kept], self.weight[kept], self.time[kept]
        self.row = {ids[at]: number for number, at in enumerate(order.tolist())}


class TeamWatch:
    """Finds the teams of a run and says who is who.

    Args:
        width: of the picture, in pixels.
        roles: class id → role that it names, one of `VOTED`, or "" for any person; other classes are left alone.
        names: how the teams get their names.
        endless: nobody will ask for the whole run, by `finish`.

    Attributes:
        settled: seconds after which both teams were known, or None.
    """

    def __init__(
        self, width: int, roles: Mapping[int, str], names: TeamNames | None = None, *, endless: bool = False
    ) -> None:
        self._roles = {int(c): VOTED.index(r) if r in VOTED else -1 for c, r in roles.items()}
        self._balls = np.array([c for c, r in roles.items() if r == "ball"], np.int64)
        self._people = np.array([c for c, r in roles.items() if r != "ball"], np.int64)
        self._names = names or TeamNames()
        self._sightings, self._live = TrackSightings(width, endless=endless), _Live()
        self._groups = Groups(np.empty((0, WIDTH)), np.empty(0), False)
        self._labels: dict[int, tuple[str, float]] = {}
        self._keepers: dict[int, tuple[str, float]] = {}
        self._team_names = self._names.of(np.zeros((2, WIDTH)))
        self._reference: FloatArray | None = None
        self._next = _FIRST_FIT
        self._seen_balls: dict[int, list[int]] = {}
        self._said: dict[int, Identity] = {}
        self._began: float | None = None
        self._early, self._agreed, self._trust = _EARLY, 0.0, _TRUST
        self.settled: float | None = None

    def evidence(self, detections: Detections) -> NDArray[np.float32]:
        """Return (N, `GROUPS`) how probable it is that each detection wears each group's kit, by what is known so far.

        The first two columns are the teams, the others goalkeepers, officials and others, as far as there are any.
        What a row lacks to 1 is unknown; zeros before the teams are found.
        """
        found = np.zeros((len(detections), GROUPS), np.float32)
        kits = detections.kit_colours
        if kits is None or self.settled is None or not len(kits):
            return found
        hides = detections.score >= _FAINT
        weight = visible(detections.xyxy, hides) if detections.valid is None else np.ones(len(kits))
        said = evidence(kits, weight, self._groups, _ALONE)[:, :GROUPS]
        found[:, : said.shape[1]] = said
        return found

    def add(
        self,
        frame: int,
        time: float,
        tracks: Tracks,
        detections: Detections,
        *,
        cut: bool = False,
        metres: FloatArray | None = None,
        live: bool = True,
    ) -> dict[int, Identity]:
        """Take a frame's tracks and return track id → what is known of it now.

        Args:
            frame: number of the frame, from 0.
            time: seconds.
            tracks: the frame's tracks; coasting ones show no kit.
            detections: the frame's detections, with kit colours.
            cut: another shot begins with the frame.
            metres: (M, 2) places of the tracks on the pitch from its centre, NaN where unknown, or None.
            live: whether to say anything now; False only gathers, for `finish`.
        """
        for track in tracks.track_id[np.isin(tracks.class_id, self._balls)].tolist():
            self._seen_balls.setdefault(track, [frame, frame])[1] = frame
        rows = np.flatnonzero(np.isin(tracks.class_id, self._people) & (tracks.detection >= 0))
        detection, ids = tracks.detection[rows], tracks.track_id[rows]
        kits = detections.kit_colours
        shown = np.zeros((len(rows), WIDTH), np.float32) if kits is None else kits[detection]
        # A detector often has a second, faint box of somebody, which no track takes and which hides nobody.
        weight = visible(detections.xyxy[detection]) if detections.valid is None else np.ones(len(rows))
        role = np.array([self._roles.get(c, -1) for c in tracks.class_id[rows].tolist()], np.int64)
        boxes = tracks.xyxy[rows]
        self._sightings.add(
            frame, time, ids, boxes, shown, weight, role=role, metres=None if metres is None else metres[rows], cut=cut
        )
        if not live:
            return {}
        self._began = time if self._began is None else self._began
        if time - self._began >= self._early and (self.settled is None or self._sightings.count < _CONFIRMED):
            self._first_look(time)
            self._early = time - self._began + (_EARLY if self.settled is None else _AGAIN)
        if self._sightings.count >= self._next:
            self._fit(time)
        remembered = self._live.add(ids, shown, weight, time)
        return self._say(frame, tracks, ids, remembered)

    def now(self, tracks: Sequence[int]) -> dict[int, Identity]:
        """Return what was said last of each of some tracks, if anything is known of it."""
        said = {track: self._said[track] for track in tracks if track in self._said}
        return {track: one for track, one in said.items() if one.team or one.role}

    def finish(self) -> Identities:
        """Return what is known at the end of all tracks, with the whole run in view."""
        self._sightings.close()
        seen = self._sightings.table()
        groups = self._ordered(find_groups(seen))
        self._groups = groups
        if groups.has_teams:
            self._team_names = self._names.of(groups.point[:2])
        people = decide(seen, groups, self._team_names)
        balls = [
            Identity(track, first, last, role="ball", role_confidence=1.0)
            for track, (first, last) in self._seen_balls.items()
            if not people.of(track)
        ]
        return Identities([*people, *balls])

    def report(self) -> dict[str, Any]:
        """Return what a summary says of the teams: names, colours in words, and when they were settled."""
        if not self._groups.has_teams:
            return {"found": False, "settled": None, "teams": []}
        teams = [
            {"name": name, "colours": in_words(point)}
            for name, point in zip(self._team_names, self._groups.point[:2], strict=True)
        ]
        settled = None if self.settled is None else round(self.settled, 2)
        return {"found": True, "settled": settled, "teams": teams}

    @property
    def warnings(self) -> list[str]:
        """What the user should know."""
        if self._names.known and self._groups.has_teams:
            missing = self._names.strangers(self._groups.point[:2])
            return [f"team colours: no team here wears the kit of {name!r}" for name in missing]
        return []

    @property
    def teams(self) -> tuple[tuple[str, str], FloatArray] | None:
        """The two teams' names and kits as points, or None."""
        return (self._team_names, self._groups.point[:2]) if self._groups.has_teams else None

    def _first_look(self, time: float) -> None:
        """Settle before the usual time if looks in a row see the same two teams; the more alike, the more of them."""
        before, groups = self._groups, self._ordered(find_groups(self._sightings.so_far()))
        if not groups.has_teams:
            self._agreed = 0.0
            return
        same = groups.people[:2].min() >= _CROWD and _moved(before, groups) < _STEADY
        self._take(groups)
        self._agreed = self._agreed + float(distances(groups.point[:1], groups.point[1:2])[0, 0]) if same else 0.0
        if self.settled is None and self._agreed >= _PLAIN:
            self.settled = time

    def _fit(self, time: float) -> None:
        """Look for the groups again, in what was seen so far."""
        spans = self._sightings.closed
        older = spans[: -_RECENT or None]
        some = [older[i] for i in np.linspace(0, len(older) - 1, _OLDER).astype(int)] if len(older) > _OLDER else older
        seen = Seen.join([*some, *spans[-_RECENT:]])
        groups = self._ordered(find_groups(seen))
        if groups.has_teams:
            steady = _moved(self._groups, groups) < _STEADY
            self._trust = 1.0 if steady else _TRUST
            self._take(groups)
            recent = np.concatenate([one.track_id for one in spans[-_RECENT:]])
            self._label(decide(seen, groups, self._team_names, tracks=recent))
            if steady and self.settled is None:
                self.settled = time
        count = self._sightings.count
        wait = 2 if self.settled is None or count < _CONFIRMED else min(20, max(4, count // 3))
        self._next = count + wait

    def _take(self, groups: Groups) -> None:
        self._team_names = self._names.of(groups.point[:2])
        self._groups, self._reference = groups, groups.point[:2]

    def _label(self, found: Identities) -> None:
        """Note the roles of the groups that are no teams, and the keepers' teams."""
        self._keepers = {
            one.track_id: (one.team, one.team_confidence) for one in found if one.role == "goalkeeper" and one.team
        }
        self._labels = {one.track_id: (one.role, one.role_confidence) for one in found if one.role}

    def _ordered(self, groups: Groups) -> Groups:
        """Return groups whose first team is the first one so far, and whose other groups keep their places."""
        if not groups.has_teams:
            return groups
        first = list(self._names.order(groups.point[:2], self._reference))
        rest = list(range(2, len(groups)))
        places: list[int] = []
        for old in self._groups.point[2:]:
            if rest:
                far = np.nan_to_num(distances(groups.point[rest], old[None]), nan=1.0)[:, 0]
                if far.min() < _STEADY:
                    places.append(rest.pop(int(far.argmin())))
        order = [*first, *places, *rest]
        return Groups(groups.point[order], groups.people[order], True)

    def _say(self, frame: int, tracks: Tracks, ids: IntArray, live: IntArray) -> dict[int, Identity]:
        said = {}
        chances = np.zeros((len(ids), 0))
        if self.settled is not None and len(ids):
            chances = self._live.chances(live, self._groups)
        for number, track in enumerate(ids.tolist()):
            said[track] = self._one(frame, track, chances[number])
        for track in tracks.track_id.tolist():
            if track in self._seen_balls and track not in said:
                said[track] = Identity(track, frame, role="ball", role_confidence=1.0)
            elif track not in said:  # a coasting track is who it was
                said[track] = self._said.get(track, Identity(track, frame))
        self._said = said if len(self._said) > _MEMORY else self._said | said
        return said

    def _one(self, frame: int, track: int, chances: FloatArray) -> Identity:
        """Return what is known of a track now."""
        group = int(chances.argmax()) if len(chances) else -1
        sure = float(chances[group]) if group >= 0 else 0.0
        team, team_sure, role, role_sure = "", 0.0, "", 0.0
        if group in (0, 1) and sure >= SURE:
            sure = min(sure, self._trust)
            team, team_sure, role, role_sure = self._team_names[group], sure, "player", sure
        elif group >= 2 and sure >= SURE:
            role, role_sure = self._labels.get(track, ("", 0.0))
            role, role_sure = ("", 0.0) if role == "player" else (role, role_sure)
            if role == "goalkeeper":
                team, team_sure = self._keepers.get(track, ("", 0.0))
        before = self._said.get(track)
        if before is not None and (before.team, before.role) == (team, role):
            if abs(before.team_confidence - team_sure) < _ROUGH:
                return before
            frame = before.first_frame
        made = Identity(track, frame, team=team, role=role)
        return replace(made, team_confidence=min(team_sure, 1.0), role_confidence=min(role_sure, 1.0))


def _moved(before: Groups, groups: Groups) -> float:
    """Return how far the kits of two teams are from those of two others, the farther one's; 1 without others."""
    if not before.has_teams:
        return 1.0
    return float(np.nanmax(np.diag(distances(groups.point[:2], before.point[:2]))))
