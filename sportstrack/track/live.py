"""Tracking a live source with little delay: all stages one after the other, always on the newest frame.

`sportstrack.track.pipeline` runs its stages side by side, which is faster, but each queue between them adds a frame's
time. Here a frame waits for nothing: while one is worked on, the source keeps the newest of those that come.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from sportstrack.identities.roster import read_roster
from sportstrack.images.opencv import one_thread
from sportstrack.track.capped import capped_ids
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.light import without_colour
from sportstrack.track.named import RosterLearner
from sportstrack.track.parts import Own, load_parts
from sportstrack.track.quality import settled
from sportstrack.track.settings import TrackSettings
from sportstrack.track.who import WhoIsWho, learners_of
from sportstrack.video import VideoSource


class LiveRun:
    """One live source on its way through detector and tracker.

    Args:
        source: opened with ``live=True``.
        settings: nothing is refined, and nothing is written.

    Attributes:
        names: class id → name.
        frame_rate: frames per second of the source.

    Raises:
        SportstrackError: settings or weights that will not do.
    """

    def __init__(self, source: VideoSource, settings: TrackSettings) -> None:
        self._source = source
        self._settings = without_colour(settled(settings, live=True).changed(offline=False), source)
        self._parts = load_parts(source, self._settings, Own())
        roster = None if self._settings.roster is None else read_roster(self._settings.roster)
        learners = learners_of(self._settings, self._parts.recorded_as, endless=True, roster=roster)
        if roster is not None:
            learners.append(RosterLearner(roster, endless=True))
        self._cap = capped_ids(self._settings, roster, self._parts.recorded_as)
        self._who = WhoIsWho(learners)
        self._seconds = {"shots": 0.0, "track": 0.0}
        self.names: Mapping[int, str] = dict(self._parts.recorded_as.names)
        self.frame_rate = float(source.info.frame_rate) / self._settings.every

    @property
    def knows_who(self) -> bool:
        """Whether teams, roles or numbers are learnt."""
        return self._settings.knows_who

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of work so far, by stage."""
        return self._seconds | self._parts.observer.seconds | self._who.seconds

    def __iter__(self) -> Iterator[TrackedFrame]:
        """Yield the frames that were tracked; their images may be drawn into."""
        begin = self._parts.begin
        assert begin is not None, "only a replay has none"
        with one_thread():
            for frame in self._source:
                started = time.perf_counter()
                observation = begin(frame)
                self._seconds["shots"] += time.perf_counter() - started
                for seen in self._parts.observer([observation]):
                    seen = self._who.before(seen)
                    started = time.perf_counter()
                    tracks = self._parts.tracker(seen)
                    tracked = TrackedFrame.of(seen, tracks, self.names)
                    tracked = tracked if self._cap is None else self._cap(tracked)
                    self._seconds["track"] += time.perf_counter() - started
                    yield self._who(tracked)
