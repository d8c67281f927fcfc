"""The parts of a run, loaded from the settings or given by the caller, and wrapped once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.detect.connector import Connector
from sportstrack.detect.enhanced import enhanced
from sportstrack.detect.sizes import SizeRule
from sportstrack.detect.slices import sliced
from sportstrack.engines.report import EngineReport
from sportstrack.foreign import ForeignDetections
from sportstrack.recording import Recording, RecordingInfo
from sportstrack.track.detector import LazyDetector, ready
from sportstrack.track.frames import Observation
from sportstrack.track.in_force import Choice, is_recording, refuse_detector
from sportstrack.track.observe import Observer, ShotWatch, first_observation, make_observer, make_replayer
from sportstrack.track.replay import Replay
from sportstrack.track.settings import OFF, TrackSettings
from sportstrack.track.teams import teams_settled
from sportstrack.track.tracking import ReadyTracker, make_tracker
from sportstrack.trackers import create_tracker
from sportstrack.types import CameraMotion, Detect, Embedder, Tracker
from sportstrack.video import SourceInfo, VideoSource, open_source


@dataclass(frozen=True)
class Own:
    """Objects of the caller's own, used instead of what the settings name; None leaves it to the settings.

    Attributes:
        detector: a callable frames → tables, or a `LazyDetector`, which stands for the settings' detector.
        tracker: an object with ``update`` and ``reset``.
        embedder: a callable ``(frame, xyxy) -> (N, D)``.
        camera: a method of camera motion.
    """

    detector: Detect | LazyDetector | None = None
    tracker: Tracker | None = None
    embedder: Embedder | None = None
    camera: CameraMotion | None = None

    def objects(self) -> dict[str, Any]:
        """Return name → object or None; a `LazyDetector` is none."""
        lazy = isinstance(self.detector, LazyDetector)
        return vars(self) | ({"detector": None} if lazy else {})


@dataclass(frozen=True)
class Parts:
    """What a run needs besides source and outputs.

    Attributes:
        detector: None in a replay.
        observer: completes observations.
        tracker: makes tracks of them.
        shots: looks for shot changes; None where they are not wanted, or known.
        recorded_as: what a recording of this run says of itself.
        batch: frames that are observed together.
        is_live: whether the source does not wait.
    """

    detector: Connector | None
    observer: Observer
    tracker: ReadyTracker
    shots: ShotWatch | None
    recorded_as: RecordingInfo
    batch: int
    is_live: bool

    @property
    def device(self) -> str | None:
        """Where the detector runs, or None."""
        return None if self.detector is None else self.detector.device

    @property
    def engine(self) -> dict[str, Any]:
        """What runs the detector's network, as plain values; nothing where the detector does not say."""
        report: EngineReport | None = getattr(self.detector, "report", None)
        return {} if report is None else report.as_dict()

    @property
    def begin(self) -> Callable[[Any], Observation] | None:
        """What makes an observation of a frame; None in a replay, which has observations."""
        return None if self.detector is None else self.shots or first_observation


def open_frames(
    source: str | Path | int, settings: TrackSettings, asked: Sequence[str], own: Own
) -> VideoSource | Replay:
    """Open a source, or the recording that is replayed.

    Args:
        source: see `sportstrack.track_video`.
        settings: see `sportstrack.track_video`.
        asked: names of settings that were asked for, also where their value is the default.
        own: objects of the caller's own.

    Raises:
        SourceError: there is nothing to read.
        SettingError: a setting that a replay cannot apply.
    """
    if not is_recording(source) and settings.detections is None:
        return open_source(source, every=settings.every, live=settings.live, frame_rate=settings.frame_rate)
    has_video = not is_recording(source) and str(source) != settings.detections
    path = str(source) if is_recording(source) else str(settings.detections)
    recording = Recording(path) if is_recording(path) else open_foreign(path, source if has_video else None, settings)
    given = ["detector"] if own.objects()["detector"] is not None else []
    refuse_detector(settings, recording.info, recording.path, [*asked, *given])
    needs_images = (
        settings.shows_images
        or settings.embeds_with not in (None, recording.info.embedder)
        or settings.camera is not None
        or (settings.numbers and not recording.info.numbers)
        or (teams_settled(settings, recorded=recording.info) != OFF and not recording.info.kits)
        or own.embedder is not None
        or own.camera is not None
    )
    video = open_source(source) if has_video and needs_images else None
    return Replay(recording, video, every=settings.every, frame_rate=settings.frame_rate)


def open_foreign(path: str, source: str | Path | int | None, settings: TrackSettings) -> ForeignDetections:
    """Open another program's detections; the video that they belong to, if there is one, says size, rate and length."""
    size, rate, frames = settings.size, settings.frame_rate, None
    if source is not None:
        with closing(open_source(source, frame_rate=rate)) as video:
            made = video.info
        size, rate, frames = (made.width, made.height), float(made.frame_rate), made.frame_count
    return ForeignDetections(path, size=size, frame_rate=rate, frames=frames, first_frame=settings.first_frame)


def load_parts(frames: VideoSource | Replay, settings: TrackSettings, own: Own) -> Parts:
    """Load what is needed before the first frame."""
    import scipy.optimize

    if settings.teams != OFF:
        import scipy.cluster.hierarchy  # noqa: F401 - the same

    return _of_replay(frames, settings, own) if isinstance(frames, Replay) else _of_video(frames, settings, own)


def _of_video(frames: VideoSource, settings: TrackSettings, own: Own) -> Parts:
    info, live = frames.info, settings.live or frames.info.live
    frame_rate, size = float(info.frame_rate) / settings.every, (info.width, info.height)
    tracker = own.tracker
    if tracker is None and (settings.ball_is_off or ":" not in settings.tracker):
        # A wrong name or setting is reported before a detector is loaded. A ball needs its names: made again.
        first = create_tracker(settings.tracker, frame_rate=frame_rate, frame_size=size, **settings.tracker_settings)
        tracker = first if settings.ball_is_off else None
    detector = ready(own.detector, settings)
    detector = sliced(detector, settings.slices, size, settings.imgsz or _input_size(detector, settings, info))
    at_once = 8 if str(detector.device).startswith("cuda") else int(getattr(detector, "at_once", 1))
    detector = enhanced(detector, settings.enhance, settings.thermal, frame_rate)
    batch = 1 if live else settings.batch or at_once
    if (prepare := getattr(detector, "prepare", None)) is not None:
        prepare((info.height, info.width), batch)
    choice = Choice(settings, detector.names)
    observer = make_observer(
        settings, detector, choice.rows, frame_rate=frame_rate, embedder=own.embedder, camera=own.camera
    )
    shots = ShotWatch(frame_rate) if settings.shots else None
    tracker = tracker or make_tracker(settings, frame_rate, size, detector.names)
    recorded_as = RecordingInfo(
        info.name,
        *size,
        frame_rate,
        detector.names,
        settings.embeds_with,
        settings.camera,
        settings.every,
        live,
        None if settings.on_pitch == OFF else settings.on_pitch,
        bool(settings.numbers),
        settings.teams != OFF,
    )
    tracking = ReadyTracker(tracker, settings, frame_rate, live=live, named=own.tracker is None)
    return Parts(detector, observer, tracking, shots, recorded_as, batch, live)


def _input_size(detector: Connector, settings: TrackSettings, info: SourceInfo) -> int:
    """Return the longer side of the network's input that the quality chooses for whole frames."""
    trained: int | None = getattr(detector, "trained_size", None)
    return SizeRule(settings.quality).of((info.height, info.width), trained, detector.names)


def _of_replay(frames: Replay, settings: TrackSettings, own: Own) -> Parts:
    recorded, size = frames.recording.info, (frames.info.width, frames.info.height)
    recorded_as = frames.recorded_as(
        settings.embedder,
        settings.camera,
        on_pitch=settings.on_pitch,
        numbers=settings.numbers,
        kits=settings.teams != OFF,
    )
    tracker = own.tracker
    if tracker is None:
        tracker = make_tracker(settings, recorded_as.frame_rate, size, recorded.names)
    observer = make_replayer(
        settings,
        recorded,
        Choice(settings, recorded.names).rows,
        frame_rate=recorded_as.frame_rate,
        has_images=frames.has_images,
        embedder=own.embedder,
        camera=own.camera,
    )
    tracking = ReadyTracker(tracker, settings, recorded_as.frame_rate, live=recorded.live, named=own.tracker is None)
    return Parts(None, observer, tracking, None, recorded_as, settings.batch or 1, is_live=False)
