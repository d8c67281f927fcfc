"""Who is who: what is known of each track beside its boxes, gathered while a run goes on.

Learners look at tracked frames and tell what they know of the tracks, each of attributes of its own. Their tables
become one. In a causal run a frame has what was known by then; offline every frame has what is known at the end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sportstrack.identities import Identities, Identity
from sportstrack.numbers.votes import NumberVotes
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.settings import TrackSettings
from sportstrack.types import Tracks

REFRESH = 0.5  # seconds of video after which learners are asked again


class Learner(Protocol):
    """Learns attributes of tracks from the frames of a run."""

    def add(self, frame: TrackedFrame) -> None:
        """Look at a frame."""
        ...

    def identities(self, known: Identities) -> Identities:
        """Return what it knows by now; `known` is what the learners before it know."""
        ...


class NumberLearner:
    """Shirt numbers, out of the votes that detections carry."""

    def __init__(self) -> None:
        self._votes = NumberVotes()

    def add(self, frame: TrackedFrame) -> None:
        """Count the votes of a frame."""
        tracks = frame.tracks
        self._votes.add(frame.index, frame.time, tracks.track_id, tracks.detection, frame.detections.number_votes)

    def identities(self, known: Identities) -> Identities:
        """Return the numbers; two tracks of one team never have the same at the same time."""
        return self._votes.identities({track: known.of(track)[-1].team for track in known.track_ids})


class WhoIsWho:
    """What the learners of a run know.

    Args:
        learners: asked in this order; of an attribute that two of them know, the later one's value counts.

    Attributes:
        seconds: time that was spent.
    """

    def __init__(self, learners: Sequence[Learner]) -> None:
        self._learners, self._asked = learners, float("-inf")
        self._now: Mapping[int, Identity] = {}
        self.seconds = 0.0

    def __call__(self, frame: TrackedFrame) -> TrackedFrame:
        """Learn from a frame, and return it with what is known of its tracks by now."""
        if not self._learners:
            return frame
        started = time.perf_counter()
        self.add(frame)
        if not 0 <= frame.time - self._asked < REFRESH:
            self._asked, table = frame.time, self.identities()
            self._now = {track: table.of(track)[-1] for track in table.track_ids}
        present = frame.tracks.track_id.tolist()
        frame = replace(frame, identities={track: self._now[track] for track in present if track in self._now})
        self.seconds += time.perf_counter() - started
        return frame

    def add(self, frame: TrackedFrame) -> None:
        """Learn from a frame."""
        for learner in self._learners:
            learner.add(frame)

    def identities(self) -> Identities:
        """Return all that is known by now."""
        known = Identities()
        for learner in self._learners:
            known = known.merged(learner.identities(known))
        return known


class WhoWasWho:
    """What is known at the end, for every frame of the second pass of an offline run; see `WhoIsWho`."""

    seconds = 0.0

    def __init__(self, table: Identities) -> None:
        self._table = table

    def __call__(self, frame: TrackedFrame) -> TrackedFrame:
        """Return the frame with what is known of its tracks."""
        if not len(self._table):
            return frame
        found = {track: self._table.at(track, frame.index) for track in frame.tracks.track_id.tolist()}
        return replace(frame, identities={track: one for track, one in found.items() if one is not None})

    def identities(self) -> Identities:
        """Return all that is known."""
        return self._table


def learners_of(settings: TrackSettings) -> list[Learner]:
    """Return the learners that a run's settings ask for."""
    return [NumberLearner()] if settings.numbers else []


def known_at_the_end(
    settings: TrackSettings, frames: Sequence[TrackedFrame], tracks: Mapping[int, Tracks]
) -> WhoWasWho:
    """Return what the frames of a whole run show of their tracks.

    Args:
        settings: of the run.
        frames: of the run.
        tracks: number of the frame → its tracks, in place of those that the frames have.
    """
    learned = WhoIsWho(learners_of(settings))
    for frame in frames:
        learned.add(replace(frame, tracks=tracks[frame.index]))
    return WhoWasWho(learned.identities())
