"""One trial on one sequence: track with some settings, refine if that is wanted, score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sportstrack.mot import MotTable
from sportstrack.refine.settings import checked
from sportstrack.score.overlap import overlapping_pairs
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence, Side
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.in_force import Choice
from sportstrack.track.offline import refined
from sportstrack.track.settings import TrackSettings
from sportstrack.track.tracking import ReadyTracker, make_tracker
from sportstrack.tune.objective import Objective
from sportstrack.tune.sequences import LoadedSequence, TruthSource, load

REFINE, SCORE = "refine.", "score"
"""Beginning of the names of the refinement's settings, and the name of the lowest score."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What a process needs to try settings.

    Attributes:
        sources: all sequences.
        settings: of the runs, before a trial changes them.
        refines: whether tracks are refined before they are scored.
        objective: what is counted.
        held: the sequences that were read.
    """

    sources: tuple[TruthSource, ...]
    settings: TrackSettings
    refines: bool
    objective: Objective
    held: dict[int, LoadedSequence] = field(default_factory=dict)

    def loaded(self, number: int) -> LoadedSequence:
        """Return a sequence; it is read once."""
        if number not in self.held:
            self.held[number] = load(self.sources[number], self.settings)
        return self.held[number]

    def scores(self, values: Mapping[str, Any], number: int, *, everything: bool = False) -> Scores:
        """Track one sequence with some values and score the tracks.

        Args:
            values: changes of the settings: see `applied`.
            number: of the sequence.
            everything: count all figures, not only those that the objective needs.
        """
        loaded = self.loaded(number)
        seq = _sequence(loaded, result(loaded, applied(self.settings, values), refines=self.refines))
        return Scores.of(seq) if everything else self.objective.count(seq)

    def emptied(self) -> Bench:
        """Return it without what was read, for another process."""
        return replace(self, held={})


def applied(settings: TrackSettings, values: Mapping[str, Any]) -> TrackSettings:
    """Return the settings with a trial's values: ``refine.NAME``, ``score``, and names of the tracker's settings."""
    own, refining, others = dict(settings.tracker_settings), dict(settings.refine_settings), dict[str, Any]()
    for name, value in values.items():
        if name.startswith(REFINE):
            refining[name.removeprefix(REFINE)] = value
        elif name == SCORE:
            others[name] = value
        else:
            own[name] = value
    return settings.changed(tracker_settings=own, refine_settings=refining, **others)


def result(loaded: LoadedSequence, settings: TrackSettings, *, refines: bool) -> MotTable:
    """Return the tracks that a run with these settings writes."""
    info, observations = loaded.info, loaded.observations
    size, rate = (info.width, info.height), info.frame_rate
    tracker = ReadyTracker(make_tracker(settings, rate, size, info.names), settings, rate, live=False, named=True)
    if settings.score is not None or settings.ball_score is not None:
        choose = Choice(settings, info.names).rows
        observations = [replace(one, detections=one.detections[choose(one.detections)]) for one in observations]
    tracks = [tracker(one) for one in observations]
    if not refines:
        table = MotTable.from_tracks(tracks)
        return replace(table, frame=np.array([one.index for one in observations])[table.frame])
    frames = [
        TrackedFrame(one.index, one.time, one.detections, one.camera, one.cut_confidence, tracks=found)
        for one, found in zip(observations, tracks, strict=True)
    ]
    return refined(
        frames,
        frame_rate=rate,
        width=info.width,
        height=info.height,
        cuts=loaded.cuts,
        ball=settings.ball_ids(info.names) or (),
        settings=checked(settings.refine_settings),
    ).to_mot()


def _sequence(loaded: LoadedSequence, table: MotTable) -> Sequence:
    truth, side = loaded.truth, Side.of(table, loaded.frames)
    pairs = overlapping_pairs(truth.table.xyxy, truth.start, side.table.xyxy, side.start)
    return Sequence(loaded.source.name, loaded.frames, truth, side, *pairs)
