"""The tracker of a run: made or given, and wrapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from sportstrack.errors import SettingError
from sportstrack.plugins import plugin
from sportstrack.track.frames import Observation
from sportstrack.track.pace import Pace
from sportstrack.track.settings import TrackSettings
from sportstrack.trackers import create_tracker, set_frame_rate
from sportstrack.trackers.clock import takes_time
from sportstrack.types import Tracker, Tracks


class ReadyTracker:
    """Any tracker, as the pipeline uses it: observations in, checked tracks out.

    It informs the tracker of shot changes and of the frames' times; a tracker that takes no times is informed of the
    rate of the frames that arrive, where a live source drops some.

    Args:
        tracker: one of this package's, or any object with ``update`` and ``reset``.
        settings: of the run; they name the tracker in messages and say whether shot changes count.
        frame_rate: frames per second that the tracker was made for.
        live: whether the source may drop frames.
        named: whether the tracker was made from its name: then what a plug-in raises becomes a `PluginError`.

    Attributes:
        tracker: the one given.
        warnings: what the tracker cannot do, and the user should know.
    """

    def __init__(
        self, tracker: Tracker, settings: TrackSettings, frame_rate: float, *, live: bool, named: bool
    ) -> None:
        self.tracker = tracker
        self.warnings: list[str] = []
        self._name = settings.tracker
        self._cut: Callable[[], None] | None = getattr(tracker, "cut", None)
        self._shots = settings.shots
        self._frame_rate = frame_rate
        self._timed = takes_time(tracker)
        parts = getattr(tracker, "trackers", (tracker,))
        self._untimed = [part for part in parts if not takes_time(part)]
        self._pace = Pace(frame_rate) if live and self._untimed else None
        self._is_plugin = named and ":" in settings.tracker

    @property
    def dropped(self) -> int:
        """How many unusable boxes the tracker has left out, as far as it counts them."""
        return int(getattr(self.tracker, "dropped", 0))

    def __call__(self, observation: Observation) -> Tracks:
        """Return the frame's tracks.

        Raises:
            SettingError: the tracker returns something else than `Tracks`.
        """
        if observation.cut_confidence and self._shots:
            self._begin_shot()
        self._keep_pace(observation.time)
        with self._guard():
            when = {"time": observation.time} if self._timed else {}
            tracks: object = self.tracker.update(observation.detections, observation.camera, **when)
        if not isinstance(tracks, Tracks):
            came = type(tracks).__name__
            raise SettingError(f"tracker {self._name!r}: update() must return a Tracks table, got {came}")
        return tracks

    def _begin_shot(self) -> None:
        if self._cut is not None:
            self._cut()
            return
        text = f"tracker {self._name!r} has no cut(): identities may run on across shot changes"
        if text not in self.warnings:
            self.warnings.append(text)

    def _keep_pace(self, seconds: float) -> None:
        """Inform a tracker that takes no times of the rate of the frames that arrive."""
        rate = None if self._pace is None else self._pace.see(seconds)
        if rate is None:
            return
        informed = [set_frame_rate(part, rate) for part in self._untimed]
        if all(informed):
            return
        self._pace = None
        self.warnings.append(
            f"frames arrive at {rate:.1f} per second, but the tracker ({self._name}) was made for "
            f"{self._frame_rate:g} and takes no times: its memory lasts another time than set"
        )

    def _guard(self) -> AbstractContextManager[None]:
        """Turn what a tracker given by name raises into one line that says where."""
        return plugin("tracker", self._name) if self._is_plugin else nullcontext()


def make_tracker(
    settings: TrackSettings, frame_rate: float, size: tuple[int, int], names: Mapping[int, str] | None = None
) -> Tracker:
    """Make the tracker that the settings ask for; `names` (class id → name) are needed where a ball is followed."""
    options = dict(settings.tracker_settings)
    if (ball := settings.ball_ids(names or {})) is not None:
        options |= {"ball": ball, "ball_score": settings.ball_score}
    return create_tracker(settings.tracker, frame_rate=frame_rate, frame_size=size, **options)
