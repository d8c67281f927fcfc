"""From video to tracks: the one place where source, detector, tracker and outputs meet.

Four stages run side by side: decode → detect and track → draw → encode and write. The queues between them are short,
so memory does not grow with the video, and each stage works alone, so the order of frames is kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError, SourceError, SportstrackError
from sportstrack.files import PartFile, ensure_folder, write_text
from sportstrack.opencv import require_cv2
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo, RecordingWriter
from sportstrack.settings import TrackSettings, settings_text
from sportstrack.sinks import TEXT_SINKS, Sink, TrackedFrame
from sportstrack.stages import Abandoned, Box, Stage, join_all
from sportstrack.summary import Summary, peak_memory_mb
from sportstrack.trackers import create_tracker
from sportstrack.types import Detections, FloatArray, Tracker, Tracks, as_detections
from sportstrack.video import SourceInfo, VideoSource, VideoWriter, open_source

ENDINGS = {"video": "_tracked.mp4", "mot": ".txt", "jsonl": ".jsonl", "csv": ".csv", "detections": ".npz"}
"""Kind of output → what follows the source's name."""

Progress = Callable[[int, "int | None"], None]
"""Called with the frames done and the frames expected (None if unknown), in the calling thread."""


def track_video(
    source: str | Path | int,
    output: str | Path | None = None,
    *,
    settings: TrackSettings | None = None,
    detector: Any = None,
    tracker: Tracker | str | None = None,
    name: str | None = None,
    resume: bool = False,
    on_frame: Callable[[TrackedFrame], None] | None = None,
    progress: Progress | None = None,
    **overrides: Any,
) -> Summary:
    """Track everyone in a video.

    Args:
        source: video file, folder of images, SportsMOT/MOT sequence folder, camera number, ``rtsp://``, ``udp://`` or
            ``http://`` address; or a recording (``.npz``), replayed without its video.
        output: folder for the outputs; None writes nothing (use `on_frame`).
        settings: a `TrackSettings`; None is its defaults.
        detector: a callable ``frames -> list[Detections]``, used instead of the settings' weights.
        tracker: a tracker of your own or a name, used instead of the settings' one.
        name: stem of the output files; None takes it from the source.
        resume: return at once if `output` holds this source's complete result made with the same settings.
        on_frame: called with each `TrackedFrame`, in order, in the calling thread.
        progress: called after each frame with (done, expected or None).
        **overrides: single fields of `TrackSettings`, such as ``imgsz=1280`` or ``formats=["mot"]``.

    Returns:
        The run's `Summary`.

    Raises:
        SportstrackError: for anything that a user can mend. What was done until then stays readable in ``.part`` files,
            listed in the error's ``kept``.
        KeyboardInterrupt: after Ctrl-C, likewise; its argument is the summary.

    Example:
        >>> summary = track_video("match.mp4", "out", weights="yolov8n.pt", tracker="bytetrack")  # doctest: +SKIP
    """
    if isinstance(tracker, str):
        overrides["tracker"], tracker = tracker, None
    in_force = (settings or TrackSettings()).changed(**overrides)
    folder = None if output is None else ensure_folder(output)
    frames = _open_frames(source, in_force)
    try:
        summary = _new_summary(source, name, frames.info, in_force)
        if resume and folder is not None and (earlier := _finished(folder, summary)) is not None:
            return earlier
        run = _Run(frames, in_force, summary, folder)
        run.prepare(detector, tracker)
        return run.go(on_frame, progress)
    finally:
        frames.close()


def load(settings: TrackSettings) -> Any:
    """Load the detector that the settings ask for, so that several videos can share it."""
    from sportstrack.detector import load_detector

    require_cv2()  # a broken OpenCV is better named here than by whichever library trips over it
    values = {name: getattr(settings, name) for name in ("imgsz", "score", "iou", "classes", "device", "half")}
    if settings.detector is not None:
        return load_detector(settings.detector, **values)
    return load_detector(settings.weights, **values | {"classes": settings.classes or "sports"})


class LazyDetector:
    """The settings' detector, loaded when it is first needed, so that several videos share one."""

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        self._detector: Any = None

    def __call__(self, frames: Any) -> Any:
        """Detect in a batch of frames."""
        return self._loaded(frames)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loaded, name)

    @property
    def _loaded(self) -> Any:
        if self._detector is None:
            self._detector = load(self._settings)
        return self._detector


class _Run:
    """One source on its way through the stages."""

    def __init__(
        self, frames: VideoSource | _Replay, settings: TrackSettings, summary: Summary, folder: Path | None
    ) -> None:
        self.frames, self.settings, self.summary, self.folder = frames, settings, summary, folder
        self.names: Mapping[int, str] = {}
        self._ids: set[int] = set()
        self._scores = 0.0
        self._detecting = self._tracking = 0.0  # seconds

    def prepare(self, detector: Any, tracker: Tracker | None) -> None:
        """Load what is needed before the first frame."""
        started = time.perf_counter()
        import scipy.optimize  # noqa: F401 - takes half a second, which no frame should wait for

        settings, frame_rate = self.settings, float(self.frames.info.frame_rate) / self.settings.every
        self.tracker = tracker or create_tracker(settings.tracker, frame_rate=frame_rate, **settings.tracker_settings)
        self.detector: Any = None
        if isinstance(self.frames, _Replay):
            self.names = self.frames.recording.info.names
        else:
            self.detector = load(settings) if detector is None else detector
            self.names = dict(getattr(self.detector, "names", None) or {})
            self.summary.device = getattr(self.detector, "device", None)
        self.summary.setup_seconds = round(time.perf_counter() - started, 3)

    def go(self, on_frame: Callable[[TrackedFrame], None] | None, progress: Progress | None) -> Summary:
        """Run all stages until the source ends."""
        outputs = _Outputs(self.folder, self.settings, self.summary, self.frames.info, self.names)
        started, timings = time.perf_counter(), dict(getattr(self.detector, "timings", {}))
        decoded: Box[Any] = Box(max(4, 2 * self._batch()))
        tracked: Box[TrackedFrame] = Box(4)
        drawn: Box[TrackedFrame] = Box(4)
        stages = [
            Stage("decode", self.frames, decoded),
            Stage("draw", tracked, drawn, outputs.draw),
            Stage("encode", drawn, None, outputs.write),
        ]
        for stage in stages:
            stage.start()
        failure: BaseException | None = None
        try:
            self._detect_and_track(decoded, tracked, on_frame, progress)
        except Abandoned:
            pass  # a later stage has failed; its own error is raised below
        except BaseException as error:
            failure = error
        failure = _finish(stages, decoded, tracked, failure)
        try:
            outputs.end(complete=failure is None)
        except SportstrackError as error:
            failure = failure or error
        self._conclude(stages, started, timings)
        if failure is not None:
            raise self._explained(failure, outputs)
        outputs.conclude()
        return self.summary

    def _detect_and_track(
        self, decoded: Box[Any], tracked: Box[TrackedFrame], on_frame: Any, progress: Progress | None
    ) -> None:
        expected = self.frames.info.frame_count
        if expected is not None:
            expected = -(-expected // self.settings.every)
        for batch in _batches(decoded, self._batch()):
            for frame, detections, camera in self._detect(batch):
                started = time.perf_counter()
                tracks = self.tracker.update(detections, camera)
                self._tracking += time.perf_counter() - started
                self._count(tracks)
                done = TrackedFrame(frame.index, frame.time, tracks, detections, frame.image, frame.pts, camera)
                if on_frame is not None:
                    on_frame(done)
                tracked.put(done)
                if progress is not None:
                    progress(self.summary.frames, expected)

    def _detect(self, batch: list[Any]) -> Iterable[tuple[Any, Detections, FloatArray | None]]:
        if isinstance(self.frames, _Replay):
            return [(frame, recorded.detections, recorded.camera) for frame, recorded in batch]
        started = time.perf_counter()
        tables = [as_detections(table) for table in self.detector([frame.image for frame in batch])]
        self._detecting += time.perf_counter() - started
        if len(tables) != len(batch):
            raise SettingError(f"detector: expected {len(batch)} tables, one per frame, got {len(tables)}")
        return [(frame, table, None) for frame, table in zip(batch, tables, strict=True)]

    def _count(self, tracks: Any) -> None:
        if not isinstance(tracks, Tracks):
            came = type(tracks).__name__
            raise SettingError(f"tracker {self.settings.tracker!r}: update() must return a Tracks table, got {came}")
        self.summary.frames += 1
        self.summary.boxes += len(tracks)
        self._ids.update(tracks.track_id.tolist())
        self._scores += float(tracks.score.sum())

    def _batch(self) -> int:
        if self.settings.live or self.frames.info.live:
            return 1
        if self.settings.batch is not None:
            return self.settings.batch
        return 8 if str(self.summary.device).startswith("cuda") else 1

    def _conclude(self, stages: list[Stage], started: float, timings: Mapping[str, float]) -> None:
        summary, busy = self.summary, {stage.name.removeprefix("sportstrack-"): stage.busy for stage in stages}
        seconds = {"decode": busy["decode"], "detect": self._detecting}
        for part, total in getattr(self.detector, "timings", {}).items():
            seconds[part] = total - timings.get(part, 0.0)
        seconds |= {"track": self._tracking, "draw": busy["draw"], "encode": busy["encode"]}
        frames = max(summary.frames, 1)
        summary.stages_ms = {name: round(1000 * total / frames, 3) for name, total in seconds.items()}
        summary.seconds = round(time.perf_counter() - started, 3)
        summary.tracks = len(self._ids)
        summary.mean_score = round(self._scores / summary.boxes, 4) if summary.boxes else None
        summary.dropped_boxes = int(getattr(self.tracker, "dropped", 0))
        summary.dropped_frames = int(getattr(self.frames, "dropped", 0))
        summary.warnings += self.frames.warnings
        summary.peak_memory_mb = peak_memory_mb()

    def _explained(self, failure: BaseException, outputs: _Outputs) -> BaseException:
        kept = outputs.kept()
        if isinstance(failure, KeyboardInterrupt):
            self.summary.outputs = kept
            return KeyboardInterrupt(self.summary)
        if isinstance(failure, SportstrackError):
            failure.kept = list(kept.values())
        return failure


class _Outputs:
    """All files that a run writes."""

    def __init__(
        self,
        folder: Path | None,
        settings: TrackSettings,
        summary: Summary,
        info: SourceInfo,
        names: Mapping[int, str],
    ) -> None:
        self._summary, self._settings = summary, settings
        self._stem = None if folder is None else str(folder / summary.name)
        self._sinks: dict[str, Sink] = {}
        self._annotate: Callable[..., Any] | None = None
        if self._stem is None:
            return
        for kind in settings.formats:
            if kind == "video":
                if info.kind != "recording":
                    self._open_video(info, names)
            else:
                self._sinks[kind] = TEXT_SINKS[kind](self._path(kind), names)
        if settings.save_detections:
            made = RecordingInfo(info.name, info.width, info.height, float(info.frame_rate), names)
            self._sinks["detections"] = _RecordingSink(self._path("detections"), made)

    def draw(self, frame: TrackedFrame) -> TrackedFrame:
        """Draw the tracks into the frame's image, if there is a video to write."""
        if self._annotate is not None and frame.image is not None:
            self._annotate(frame.image, frame.tracks, frame.detections)
        return frame

    def write(self, frame: TrackedFrame) -> None:
        """Add a frame to every file."""
        for sink in self._sinks.values():
            sink.write(frame)

    def end(self, *, complete: bool) -> None:
        """Close every file, also when closing one of them fails; that failure is raised at the end."""
        failure: SportstrackError | None = None
        for sink in self._sinks.values():
            try:
                if complete and failure is None:
                    sink.close()
                else:
                    sink.abandon()
            except SportstrackError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def conclude(self) -> None:
        """Save the settings and the summary beside a complete result, and mark it so."""
        summary = self._summary
        summary.complete = True
        summary.outputs = {kind: str(sink.path) for kind, sink in self._sinks.items() if sink.path.exists()}
        for sink in self._sinks.values():
            summary.warnings += getattr(sink, "warnings", [])
        if self._stem is not None:
            settings, record = f"{self._stem}.settings.yaml", f"{self._stem}.summary.json"
            write_text(settings, settings_text(self._settings))
            summary.outputs |= {"settings": settings, "summary": record}
            write_text(record, json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n")

    def kept(self) -> dict[str, str]:
        """Return the files of an unfinished run that are there to read: kind → file."""
        parts = {kind: PartFile(sink.path).part for kind, sink in self._sinks.items()}
        return {kind: str(part) for kind, part in parts.items() if part.exists()}

    def _path(self, kind: str) -> Path:
        return Path(f"{self._stem}{ENDINGS[kind]}")

    def _open_video(self, info: SourceInfo, names: Mapping[int, str]) -> None:
        from sportstrack.drawing import Annotator

        require_cv2()
        rate = info.frame_rate / self._settings.every
        self._sinks["video"] = _VideoSink(self._path("video"), info.width, info.height, rate)
        annotator = Annotator(names, frame_rate=float(rate), trace=self._settings.trace)
        self._annotate = annotator.draw


class _VideoSink:
    def __init__(self, path: Path, width: int, height: int, frame_rate: Fraction) -> None:
        self.path = path
        self._writer = VideoWriter(path, width, height, frame_rate)
        self.warnings = self._writer.warnings

    def write(self, frame: TrackedFrame) -> None:
        if frame.image is not None and frame.pts is not None:
            self._writer.write(frame.image, frame.pts)

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._writer.abandon()


class _RecordingSink:
    def __init__(self, path: Path, info: RecordingInfo) -> None:
        self.path = path
        self._writer = RecordingWriter(path, info)

    def write(self, frame: TrackedFrame) -> None:
        self._writer.write(RecordedFrame(frame.index, frame.time, frame.detections, frame.camera))

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._writer.abandon()


class _Replay:
    """A recording's frames, with the pictures of the video that it was made from or without any."""

    dropped = 0

    def __init__(self, recording: Recording, video: VideoSource | None) -> None:
        self.recording, self._video = recording, video
        self.warnings: list[str] = []
        made = recording.info
        rate = Fraction(made.frame_rate).limit_denominator(100_000)
        kind = "recording" if video is None else video.info.kind
        self.info = SourceInfo(made.name, made.width, made.height, rate, len(recording), False, kind)
        if video is not None and (made.width, made.height) != (video.info.width, video.info.height):
            raise SourceError(
                f"{recording.path}: recorded at {made.width}x{made.height}, but {video.info.name} is "
                f"{video.info.width}x{video.info.height}; give the video that it was recorded from"
            )

    def __iter__(self) -> Iterator[tuple[Any, RecordedFrame]]:
        if self._video is None:
            for recorded in self.recording:
                yield _NoPicture(recorded), recorded
            return
        pictures = iter(self._video)
        for recorded in self.recording:
            picture = next((picture for picture in pictures if picture.index >= recorded.index), None)
            if picture is None or picture.index != recorded.index:
                self.warnings.append(f"the video has no frame {recorded.index}, which the recording has: stopped there")
                break
            yield picture, recorded
        self.warnings += self._video.warnings

    def close(self) -> None:
        if self._video is not None:
            self._video.close()


class _NoPicture:
    image = pts = None

    def __init__(self, recorded: RecordedFrame) -> None:
        self.index, self.time = recorded.index, recorded.time


def _open_frames(source: str | Path | int, settings: TrackSettings) -> VideoSource | _Replay:
    if str(source).endswith(".npz"):
        return _Replay(Recording(str(source)), None)
    if settings.detections is not None:
        recording = Recording(settings.detections)
        return _Replay(recording, open_source(source) if "video" in settings.formats else None)
    return open_source(source, every=settings.every, live=settings.live, frame_rate=settings.frame_rate)


def _new_summary(source: str | Path | int, name: str | None, info: SourceInfo, settings: TrackSettings) -> Summary:
    return Summary(
        str(source),
        name=name or info.name,
        width=info.width,
        height=info.height,
        frame_rate=round(float(info.frame_rate), 6),
        declared_frames=info.frame_count,
        settings=settings.as_dict(),
    )


def _finished(folder: Path, wanted: Summary) -> Summary | None:
    """Return the summary of an earlier, complete run with the same settings, if there is one."""
    try:
        record = json.loads((folder / f"{wanted.name}.summary.json").read_text(encoding="utf-8"))
        record.pop("fps")
        earlier = Summary(**record)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    same = earlier.source == wanted.source and earlier.settings == json.loads(json.dumps(wanted.settings))
    if not (earlier.complete and same and all(Path(file).exists() for file in earlier.outputs.values())):
        return None
    earlier.skipped = True
    return earlier


def _finish(
    stages: list[Stage], decoded: Box[Any], tracked: Box[Any], failure: BaseException | None
) -> BaseException | None:
    """Stop decoding, let the later stages finish what they have, and return the failure to raise, if any."""
    stages[0].halt()
    decoded.abandon()
    with suppress(Abandoned):
        tracked.close()
    while True:
        try:
            join_all(stages)
        except KeyboardInterrupt as error:
            if all(not stage.is_alive() for stage in stages):
                return failure or error
            failure = failure or error  # a few frames are still on their way: wait for them
        except BaseException as error:
            return failure or error
        else:
            return failure


def _batches(frames: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
