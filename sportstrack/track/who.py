"""Who is who: what is known of each track beside its boxes, gathered while a run goes on.

Learners look at tracked frames and tell what they know of the tracks, each of attributes of its own. Their tables
become one. In a causal run a frame has what was known by then; offline every frame has what is known at the end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from sportstrack.identities import Identities, Identity
from sportstrack.identities.names import OFF
from sportstrack.identities.roster import Roster
from sportstrack.numbers.votes import NumberVotes
from sportstrack.numbers.watch import LEAST_TALL
from sportstrack.numbers.worn import NumbersWorn
from sportstrack.recording import RecordingInfo
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.settings import TrackSettings
from sportstrack.track.teams import TeamLearner
from sportstrack.types import Tracks

REFRESH = 0.5  # seconds of video after which learners that are not prompt are asked again
RECENT = 20.0  # seconds since a track was seen within which they are asked for it
LEGIBLE_TALL = 70  # pixels of people whose numbers can usually be read
_TALLEST = 400  # pixels; taller ones count as this
_LARGE = 0.02  # share of the boxes that must be large enough for a look at the number


class Learner(Protocol):
    """Learns attributes of tracks from the frames of a run."""

    name: str
    """Of its stage in the summary."""

    prompt: bool
    """Whether it is asked in every frame, because its answer costs next to nothing."""

    def before(self, observation: Observation) -> Observation:
        """Return a frame's observation as the tracker is to see it."""
        ...

    def add(self, frame: TrackedFrame) -> None:
        """Look at a frame."""
        ...

    def now(self, tracks: Sequence[int], known: Mapping[int, Identity]) -> Mapping[int, Identity]:
        """Return what it knows by now of some tracks; `known` is what the learners before it know of them."""
        ...

    def finish(self, known: Identities) -> Identities:
        """Return what it knows at the end, with the whole run in view."""
        ...

    @property
    def warnings(self) -> list[str]:
        """What the user should know, once the run has ended."""
        ...


class NumberLearner:
    """Shirt numbers, out of the votes that detections carry.

    Args:
        roster: who may be seen; fewer readings are enough where few numbers can be.
        endless: nobody asks for the whole: tracks that are gone are forgotten.
    """

    name = "numbers"
    prompt = False

    def __init__(self, roster: Roster | None = None, *, endless: bool = False) -> None:
        self._worn = NumbersWorn(None if roster is None else roster.numbers)
        self._votes, self._endless = NumberVotes(self._worn, endless=endless), endless
        self._checked = (float("-inf"), 0)  # seconds and frame
        self._heights = np.zeros(_TALLEST + 1, np.int64)  # boxes of each height in pixels

    def before(self, observation: Observation) -> Observation:
        """Return the observation as it is."""
        return observation

    def add(self, frame: TrackedFrame) -> None:
        """Count the votes of a frame."""
        tracks = frame.tracks
        votes, cut = frame.detections.number_votes, np.full(len(tracks), frame.cut_confidence > 0)
        if frame.joined:
            cut |= np.isin(tracks.track_id, list(frame.joined))
        self._votes.add(frame.index, frame.time, tracks.track_id, tracks.detection, votes, tracks.xyxy, cut)
        tall = tracks.xyxy[tracks.detection >= 0]
        np.add.at(self._heights, np.clip(tall[:, 3] - tall[:, 1], 0, _TALLEST).astype(np.int64), 1)
        if self._endless and not 0 <= frame.time - self._checked[0] < RECENT:
            self._votes.forget(self._checked[1])
            self._checked = (frame.time, frame.index)

    def now(self, tracks: Sequence[int], known: Mapping[int, Identity]) -> Mapping[int, Identity]:
        """Return the numbers; two tracks of one team never have the same at the same time."""
        return self._votes.now(tracks, {track: one.team for track, one in known.items()})

    def finish(self, known: Identities) -> Identities:
        """Return the numbers at the end."""
        return self._votes.identities(known)

    @property
    def warnings(self) -> list[str]:
        """One line where people are too small in the picture for anything to be read."""
        total = int(self._heights.sum())
        if not total or self._heights[int(LEAST_TALL) :].sum() > _LARGE * total:
            return []
        usual = int(np.searchsorted(np.cumsum(self._heights), total / 2))
        text = (
            f"no shirt numbers: people are about {usual} pixels tall in this picture; numbers can be read from about "
            f"{LEGIBLE_TALL} pixels on. A larger picture or a nearer camera shows them"
        )
        return [text]


class WhoIsWho:
    """What the learners of a run know.

    While it goes on they are asked for the tracks on the picture, so that it costs the same in the first minute and in
    the last one: those that are prompt in every frame, the others twice a second.

    Args:
        learners: asked in this order; of an attribute that two of them know, the later one's value counts.

    Attributes:
        learners: as they were given.
        seconds: name of a learner → time that was spent for it.
    """

    def __init__(self, learners: Sequence[Learner]) -> None:
        self.learners, self._asked = learners, float("-inf")
        self._now: dict[int, Identity] = {}
        self._answers: list[Mapping[int, Identity]] = [{} for _ in learners]
        self._present: set[int] = set()  # who was on the picture when they were asked
        self._seen: dict[int, float] = {}  # track → seconds
        self._final: Identities | None = None
        self.seconds: dict[str, float] = {}

    def before(self, observation: Observation) -> Observation:
        """Return a frame's observation as the tracker is to see it."""
        for learner in self.learners:
            started = time.perf_counter()
            observation = learner.before(observation)
            self._spent(learner, started)
        return observation

    def __call__(self, frame: TrackedFrame) -> TrackedFrame:
        """Learn from a frame, and return it with what is known of its tracks by now."""
        if not self.learners:
            return frame
        self.add(frame)
        present = frame.tracks.track_id.tolist()
        self._seen |= dict.fromkeys(present, frame.time)
        due = not 0 <= frame.time - self._asked < REFRESH or self._is_back(present)
        if due:
            self._asked = frame.time
            self._seen = {track: seen for track, seen in self._seen.items() if abs(frame.time - seen) <= RECENT}
            self._now = {track: one for track, one in self._now.items() if track in self._seen}
        known = self._ask(present, due)
        self._now = {track: one for track, one in self._now.items() if track not in self._present} | known
        self._present = set(present) if due else self._present
        return replace(frame, identities={track: self._now[track] for track in present if track in self._now})

    def _is_back(self, present: Sequence[int]) -> bool:
        """Return whether somebody is back of whom something is known that may be another one's by now."""
        back = [self._now[track] for track in present if track not in self._present and track in self._now]
        return any(one.number or one.name for one in back)

    def add(self, frame: TrackedFrame) -> None:
        """Learn from a frame."""
        for learner in self.learners:
            started = time.perf_counter()
            learner.add(frame)
            self._spent(learner, started)

    def _ask(self, tracks: Sequence[int], due: bool) -> dict[int, Identity]:
        """Return what is known of some tracks by now; only prompt learners are asked unless it is due."""
        known: dict[int, Identity] = {}
        for place, learner in enumerate(self.learners):
            started = time.perf_counter()
            if due or learner.prompt:
                self._answers[place] = learner.now(tracks, known)
            for track in tracks:
                if (one := self._answers[place].get(track)) is not None:
                    known[track] = known[track].overlaid(one) if track in known else one
            self._spent(learner, started)
        return known

    def finish(self) -> Identities:
        """Return all that is known at the end, with the whole run in view."""
        if self._final is None:
            known = Identities()
            for learner in self.learners:
                started = time.perf_counter()
                known = known.merged(learner.finish(known))
                self._spent(learner, started)
            self._final = known
        return self._final

    @property
    def warnings(self) -> list[str]:
        """What the user should know, once the run has ended."""
        return [text for one in self.learners for text in one.warnings]

    @property
    def teams(self) -> TeamLearner | None:
        """The learner of teams, if there is one."""
        return next((one for one in self.learners if isinstance(one, TeamLearner)), None)

    def _spent(self, learner: Learner, started: float) -> None:
        self.seconds[learner.name] = self.seconds.get(learner.name, 0.0) + time.perf_counter() - started


class WhoWasWho:
    """What is known at the end, for every frame of the second pass of an offline run; see `WhoIsWho`."""

    def __init__(self, table: Identities) -> None:
        self._table = table
        self.seconds: dict[str, float] = {}

    def before(self, observation: Observation) -> Observation:
        """Return the observation as it is."""
        return observation

    def __call__(self, frame: TrackedFrame) -> TrackedFrame:
        """Return the frame with what is known of its tracks."""
        if not len(self._table):
            return frame
        found = {track: self._table.at(track, frame.index) for track in frame.tracks.track_id.tolist()}
        return replace(frame, identities={track: one for track, one in found.items() if one is not None})

    def finish(self) -> Identities:
        """Return all that is known."""
        return self._table


def learners_of(
    settings: TrackSettings,
    info: RecordingInfo,
    *,
    live: bool = True,
    endless: bool = False,
    roster: Roster | None = None,
) -> list[Learner]:
    """Return the learners that a run's settings ask for, that of teams first, which numbers need.

    Args:
        settings: of the run.
        info: what a recording of the run says of itself.
        live: whether they are asked while the run goes on.
        endless: whether nobody asks them at the end; they then forget what was long ago.
        roster: who may be seen.
    """
    teams: list[Learner] = [] if settings.teams == OFF else [TeamLearner(settings, info, live=live, endless=endless)]
    return [*teams, NumberLearner(roster, endless=endless)] if settings.numbers else teams


def known_at_the_end(
    settings: TrackSettings,
    info: RecordingInfo,
    frames: Sequence[TrackedFrame],
    tracks: Mapping[int, Tracks],
    roster: Roster | None = None,
) -> tuple[WhoWasWho, dict[str, Any]]:
    """Return what the frames of a whole run show of their tracks, and what its summary says of the teams.

    Args:
        settings: of the run.
        info: of its recording.
        frames: of the run.
        tracks: number of the frame → its tracks, in place of those that the frames have.
        roster: who may be seen.
    """
    learned = WhoIsWho(learners_of(settings, info, live=False, roster=roster))
    for frame in frames:
        learned.add(replace(frame, tracks=tracks[frame.index]))
    found = WhoWasWho(learned.finish())
    return found, {} if learned.teams is None else learned.teams.report()
