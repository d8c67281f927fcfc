"""From video to tracks: the one place where source, detector, tracker and outputs meet.

Five stages run side by side: decode → look for shot changes → detect and track → draw → encode and write. The queues
between them are short, so memory does not grow with the video, and each stage works alone, so the order of frames is
kept.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sportstrack.errors import SettingError, SportstrackError
from sportstrack.files.claim import Claim, file_name, remove_own
from sportstrack.plugins import plugin
from sportstrack.recording import Recording, RecordingInfo
from sportstrack.track.detector import LazyDetector, ready
from sportstrack.track.found import Found
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.in_force import Choice, is_recording, of_replay, refuse_detector
from sportstrack.track.observe import make_observer, make_replayer
from sportstrack.track.outputs import Outputs, claim_outputs
from sportstrack.track.pace import Pace
from sportstrack.track.replay import Playback, Replay, Seen
from sportstrack.track.resume import Origin, finished
from sportstrack.track.settings import LOWEST_SCORE, TrackSettings
from sportstrack.track.sinks import TEXT_SINKS
from sportstrack.track.stages import Abandoned, Channel, Stage, join_all
from sportstrack.track.summary import Summary, peak_memory_mb
from sportstrack.trackers import create_tracker, set_frame_rate
from sportstrack.types import Tracker, Tracks
from sportstrack.video import SourceInfo, VideoSource, open_source

Progress = Callable[[int, "int | None"], None]
"""Called with the frames done and the frames expected (None if unknown), in the calling thread."""

_OF_OUTPUTS = ("offline", "formats", "save_detections")  # what the first of two passes is run without


def track_video(
    source: str | Path | int,
    output: str | Path | None = None,
    *,
    settings: TrackSettings | None = None,
    detector: Any = None,
    tracker: Tracker | str | None = None,
    embedder: Any = None,
    camera: Any = None,
    name: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
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
        detector: a callable ``frames -> list[Detections]``, or a name (``torchvision:NAME``,
            ``package.module:attribute``), used instead of the settings' weights.
        tracker: a tracker of your own or a name, used instead of the settings' one.
        embedder: a callable ``(frame, xyxy) -> (N, D)`` appearance vectors, or a name, instead of the settings' one.
        camera: an object with ``update(frame, xyxy) -> (2, 3) or None`` and ``reset()``, or a name, likewise.
        name: stem of the output files; None takes it from the source.
        resume: return at once if `output` holds this source's complete result made with the same settings and files.
            Of objects handed in as detector, tracker or embedder, the name and the module's file are compared.
        overwrite: replace also files that are not an unchanged result of the same source.
        on_frame: called with each `TrackedFrame`, in order, in the calling thread.
        progress: called after each frame with (done, expected or None).
        **overrides: single fields of `TrackSettings`, such as ``imgsz=1280`` or ``formats=["mot"]``.

    Returns:
        The run's `Summary`.

    Raises:
        OutputError: before anything is read, if `output` cannot be written, holds files that must not be replaced, or
            another run is writing the same ones.
        SportstrackError: for anything that a user can mend, failures of plug-ins given by name included. What was done
            until then stays readable in ``.part`` files, listed in the error's ``kept``. What an object of your own
            raises comes through as it is.
        KeyboardInterrupt: after Ctrl-C, likewise; its argument is the summary.

    Example:
        >>> summary = track_video("match.mp4", "out", weights="yolov8n.pt", tracker="bytetrack")  # doctest: +SKIP
    """
    parts = {"detector": detector, "tracker": tracker, "embedder": embedder, "camera": camera}
    named = {part: value for part, value in parts.items() if isinstance(value, str)}
    parts |= dict.fromkeys(named)
    asked = (settings or TrackSettings()).changed(**overrides, **named)
    frames = _open_frames(source, asked, [*overrides, *named], parts)
    with closing(frames), ExitStack() as stack:
        summary = _new_summary(source, name, frames, asked)
        own = {kind: None if isinstance(part, LazyDetector) else part for kind, part in parts.items()}
        origin = Origin(source, frames.info, asked, own)
        claim = None
        if output is not None:
            if resume and (earlier := finished(Path(output), summary, origin)) is not None:
                return earlier
            inputs = [path for path in origin.files.values() if path is not None]
            claim = claim_outputs(
                output, summary.name, asked, source=summary.source, inputs=inputs, overwrite=overwrite
            )
            stack.enter_context(claim)
        if asked.offline:
            # The first pass opens the source itself, and tracks as if nothing came after it.
            return _track_offline(frames.info, asked, summary, claim, origin, parts, on_frame, progress)
        run = _Run(frames, asked, summary, claim, origin)
        run.prepare(**parts)
        summary = run.go(on_frame, progress)
        if claim is not None:
            remove_own(_first_pass(claim, summary))  # of an offline run that was killed
        return summary


def _track_offline(
    info: SourceInfo,
    settings: TrackSettings,
    summary: Summary,
    claim: Claim | None,
    origin: Origin,
    parts: Mapping[str, Any],
    on_frame: Callable[[TrackedFrame], None] | None,
    progress: Progress | None,
) -> Summary:
    """Track and record, refine the tracks with the whole video in view, then write everything from the recording.

    An interrupted first pass leaves its recording and its tracks so far, as text, in ``NAME.first-pass``; a complete
    run leaves no such folder.
    """
    if info.live:
        raise SettingError("--offline: a live source has no end to look back from; track it without")
    if claim is None:
        with TemporaryDirectory(prefix="sportstrack-") as folder:
            return _two_passes(settings, summary, None, Path(folder), origin, parts, on_frame, progress)
    scratch = _first_pass(claim, summary)
    summary = _two_passes(settings, summary, claim, scratch, origin, parts, on_frame, progress)
    remove_own(scratch)
    return summary


def _first_pass(claim: Claim, summary: Summary) -> Path:
    return claim.folder / f"{summary.name}.first-pass"


def _two_passes(
    settings: TrackSettings,
    summary: Summary,
    claim: Claim | None,
    scratch: Path,
    origin: Origin,
    parts: Mapping[str, Any],
    on_frame: Callable[[TrackedFrame], None] | None,
    progress: Progress | None,
) -> Summary:
    seen: list[TrackedFrame] = []
    texts = [kind for kind in settings.formats if kind in TEXT_SINKS] or ["mot"]
    earlier = track_video(
        summary.source,
        scratch,
        settings=settings.changed(offline=False, formats=texts, save_detections=True),
        name=summary.name,
        overwrite=True,
        on_frame=lambda frame: seen.append(replace(frame, image=None)),
        progress=progress and _half(progress, first=True),
        **parts,
    )
    started, recording = time.perf_counter(), Recording(earlier.outputs["detections"])
    refined = _refined(seen, recording.info, earlier.shot_starts(seen) if settings.shots else [])
    summary.settings = earlier.settings | {name: summary.settings[name] for name in _OF_OUTPUTS}
    earlier.stages_ms["refine"] = round(1000 * (time.perf_counter() - started) / max(len(seen), 1), 3)
    pictures = not summary.source.endswith(".npz") and (
        "video" in settings.formats or (on_frame is not None and settings.detections is None)
    )
    with closing(Replay(recording, open_source(summary.source) if pictures else None)) as frames:
        run = _Run(frames, settings, summary, claim, origin, earlier)
        run.prepare(tracker=Playback(refined))
        return run.go(on_frame, progress and _half(progress, first=False))


def _refined(seen: list[TrackedFrame], info: RecordingInfo, cuts: list[int]) -> list[Tracks]:
    from sportstrack.refine import refine_tracks

    return refine_tracks(
        [(frame.index, frame.tracks, frame.detections, frame.camera) for frame in seen],
        frame_rate=info.frame_rate,
        width=info.width,
        height=info.height,
        cuts=cuts,
    )


def _half(progress: Progress, *, first: bool) -> Progress:
    """Count the frames of two passes as one job."""

    def count(done: int, expected: int | None) -> None:
        if expected is not None:
            progress(done if first else expected + done, 2 * expected)
        elif first:
            progress(done, None)

    return count


class _Run:
    """One source on its way through the stages."""

    def __init__(
        self,
        frames: VideoSource | Replay,
        settings: TrackSettings,
        summary: Summary,
        claim: Claim | None,
        origin: Origin,
        earlier: Summary | None = None,
    ) -> None:
        self.frames, self.settings, self.summary = frames, settings, summary
        self._claim, self._origin = claim, origin
        self.names: Mapping[int, str] = {}
        self._earlier = earlier  # of the first pass, if this is the second
        self._ids: set[int] = set()
        self._scores = 0.0
        self._found = Found()
        self._tracking = 0.0  # seconds
        self._shots: Any = None
        self._watched: deque[int] = deque(maxlen=1)  # numbers of the latest frames: a fade's middle is one of them

    def prepare(
        self, detector: Any = None, tracker: Tracker | None = None, embedder: Any = None, camera: Any = None
    ) -> None:
        """Load what is needed before the first frame."""
        started = time.perf_counter()
        import scipy.optimize  # noqa: F401 - takes half a second, which no frame should wait for

        settings = self.settings
        self._named = tracker is None
        if tracker is None and settings.ball is None:
            tracker = self._make_tracker()  # a setting that is wrong is better found before a detector is loaded
        self.detector: Any = None
        self.observed = settings.embedder, settings.camera
        if isinstance(self.frames, Replay):
            recorded = self.frames.recording.info
            self.names = recorded.names
            self.observed = settings.embedder or recorded.embedder, settings.camera or recorded.camera
            more = {"embedder": embedder, "camera": camera}
            self.observer = make_replayer(settings, recorded, pictures=self.frames.pictures, **more)
        else:
            self.detector = ready(detector, settings)
            self.names = dict(self.detector.names or {})
            device = self.summary.device = getattr(self.detector, "device", None)
            more = {"embedder": embedder, "camera": camera, "device": device or settings.device}
            self.observer = make_observer(settings, self.detector, **more)
            self._note_settings()
            self._shots = _shot_detector(self._frame_rate()) if settings.shots else None
            self._watched = deque(maxlen=1 if self._shots is None else self._shots.latest + 1)
        self._choice = Choice(settings.classes, settings.score, self.names)
        self.tracker: Tracker = tracker or self._make_tracker()
        live = self.frames.recording.info.live if isinstance(self.frames, Replay) else self._live()
        self._pace = Pace(self._frame_rate()) if live else None
        self.summary.setup_seconds = round(time.perf_counter() - started, 3)

    def _frame_rate(self) -> float:
        """Return the rate of the frames that are tracked."""
        return float(self.frames.info.frame_rate) / self._every()

    def _every(self) -> int:
        return self.frames.every if isinstance(self.frames, Replay) else self.settings.every

    def _note_settings(self) -> None:
        """Put into the summary what is in force: a detector may have settings of its own."""
        detector, values = self.detector, self.summary.settings
        own = dict(getattr(detector, "in_force", {}))
        for name in set(getattr(detector, "fixed", ())) - set(own):
            values.pop(name, None)
        values |= own

    def _make_tracker(self) -> Tracker:
        settings, info = self.settings, self.frames.info
        options = dict(settings.tracker_settings)
        if settings.ball is not None:
            from sportstrack.detect.common import class_ids

            options["ball"] = class_ids(settings.ball, self.names)
        size = (info.width, info.height)
        return create_tracker(settings.tracker, frame_rate=self._frame_rate(), frame_size=size, **options)

    def go(self, on_frame: Callable[[TrackedFrame], None] | None, progress: Progress | None) -> Summary:
        """Run all stages until the source ends."""
        info = self.frames.info
        every, observed = self._every(), self.observed
        size, live = (info.width, info.height), self._pace is not None
        made = RecordingInfo(info.name, *size, self._frame_rate(), self.names, *observed, every, live)
        outputs = Outputs(self._claim, self.settings, self.summary, info, made, info.frame_rate / every)
        started, timings = time.perf_counter(), dict(getattr(self.detector, "timings", {}))
        waiting = 1 if self._live() else max(4, 2 * self._batch())
        decoded: Channel[Any] = Channel(waiting)
        watched: Channel[Seen] = Channel(waiting)
        tracked: Channel[TrackedFrame] = Channel(4)
        drawn: Channel[TrackedFrame] = Channel(4)
        stages = [
            Stage("decode", self.frames, decoded),
            Stage("shots", decoded, watched, self._watch),
            Stage("draw", tracked, drawn, outputs.draw),
            Stage("encode", drawn, None, outputs.write),
        ]
        for stage in stages:
            stage.start()
        failure: BaseException | None = None
        try:
            self._detect_and_track(watched, tracked, on_frame, progress)
        except Abandoned:
            pass  # a later stage has failed; its own error is raised below
        except BaseException as error:
            failure = error
        failure = _finish(stages, watched, tracked, failure)
        try:
            outputs.end(complete=failure is None)
        except SportstrackError as error:
            failure = failure or error
        self._conclude(stages, started, timings)
        if failure is None:
            failure = self._complete(outputs)
        if failure is not None:
            raise self._explained(failure, outputs)
        return self.summary

    def _complete(self, outputs: Outputs) -> BaseException | None:
        """Give the files their names and return what went wrong, if anything."""
        try:
            if self._claim is not None:
                self.summary.inputs = self._origin.stamps(self.summary.warnings)
            outputs.conclude()
        except BaseException as error:
            self.summary.complete = False
            return error
        return None

    def _watch(self, item: Any) -> Seen:
        if isinstance(item, Seen):
            return item  # of a replay
        if self._shots is None:
            return Seen(item, 0.0)
        self._watched.append(item.index)
        boundary = self._shots.update(item.image)
        if boundary is None:
            return Seen(item, 0.0)
        self.summary.shots.append({"frame": self._watched[boundary.frame - self._shots.count], **_how(boundary)})
        return Seen(item, boundary.confidence)

    def _detect_and_track(
        self, watched: Channel[Seen], tracked: Channel[TrackedFrame], on_frame: Any, progress: Progress | None
    ) -> None:
        expected = self.summary.expected_frames
        for batch in _batches(watched, self._batch()):
            for done in self._track(batch):
                if on_frame is not None:
                    on_frame(done)
                tracked.put(done)
                if progress is not None:
                    progress(self.summary.frames, expected)

    def _track(self, batch: list[Seen]) -> Iterator[TrackedFrame]:
        observer, tables = self.observer, None
        if batch[0].recorded is None:
            tables = observer.detect([seen.frame.image for seen in batch])
        for row, seen in enumerate(batch):
            frame = seen.frame
            if seen.recorded is not None:
                recorded = replace(seen.recorded, detections=self._choice.of(seen.recorded.detections))
                found = observer.replay(frame.image, recorded)
            else:
                assert tables is not None
                found = observer.observe(frame.image, self._choice.of(tables[row]), seen.cut)
            self._found.add(found.detections)
            started = time.perf_counter()
            if found.cut_confidence and self.settings.shots:
                self._cut()
            self._keep_pace(frame.time)
            with self._guard():
                tracks = self.tracker.update(found.detections, found.camera)
            self._tracking += time.perf_counter() - started
            self._count(tracks)
            yield TrackedFrame(
                frame.index,
                frame.time,
                tracks,
                found.detections,
                frame.image,
                frame.pts,
                found.camera,
                found.cut_confidence,
            )

    def _keep_pace(self, seconds: float) -> None:
        """Tell the tracker the rate of the frames that arrive, where a live source drops some."""
        rate = None if self._pace is None else self._pace.see(seconds)
        if rate is None or set_frame_rate(self.tracker, rate):
            return
        self._pace = None
        self.summary.warnings.append(
            f"frames arrive at {rate:.1f} per second, but the tracker ({self.settings.tracker}) was made for "
            f"{self._frame_rate():g} and has no set_frame_rate(): its memory lasts another time than set"
        )

    def _guard(self) -> AbstractContextManager[None]:
        """Turn what a tracker given by name raises into one line that says where."""
        spec = self.settings.tracker
        return plugin("tracker", spec) if self._named and ":" in spec else nullcontext()

    def _cut(self) -> None:
        self.summary.cuts += 1
        if hasattr(self.tracker, "cut"):
            self.tracker.cut()
        elif self.summary.cuts == 1:
            self.summary.warnings.append(
                f"tracker {self.settings.tracker!r} has no cut(): identities may run on across shot changes"
            )

    def _count(self, tracks: Any) -> None:
        if not isinstance(tracks, Tracks):
            came = type(tracks).__name__
            raise SettingError(f"tracker {self.settings.tracker!r}: update() must return a Tracks table, got {came}")
        self.summary.frames += 1
        self.summary.boxes += len(tracks)
        self._ids.update(tracks.track_id.tolist())
        self._scores += float(tracks.score.sum())

    def _live(self) -> bool:
        return self.settings.live or self.frames.info.live

    def _batch(self) -> int:
        if self._live():
            return 1
        if self.settings.batch is not None:
            return self.settings.batch
        return 8 if str(self.summary.device).startswith("cuda") else 1

    def _conclude(self, stages: list[Stage], started: float, timings: Mapping[str, float]) -> None:
        summary, busy = self.summary, {stage.name.removeprefix("sportstrack-"): stage.busy for stage in stages}
        seconds = {"decode": busy["decode"]}
        if self._shots is not None:
            seconds["shots"] = busy["shots"]
        seconds |= self.observer.seconds
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
        summary.warnings += self.frames.warnings + self.observer.warnings + self._ignored_settings()
        if self._earlier is None:
            how = (summary.frames, summary.tracks, self.tracker, self.settings.tracker)
            summary.warnings += self._found.warnings(*how, replay=isinstance(self.frames, Replay))
        summary.peak_memory_mb = peak_memory_mb()
        if self._earlier is not None:
            summary.add_first_pass(self._earlier)

    def _ignored_settings(self) -> list[str]:
        from sportstrack.detect.connector import ignored_settings

        named = fields(TrackSettings)
        return ignored_settings(self.detector, {f.name for f in named if getattr(self.settings, f.name) != f.default})

    def _explained(self, failure: BaseException, outputs: Outputs) -> BaseException:
        kept = outputs.kept()
        if isinstance(failure, KeyboardInterrupt):
            self.summary.outputs = kept
            return KeyboardInterrupt(self.summary)
        if isinstance(failure, SportstrackError):
            failure.kept = list(kept.values())
        return failure


def _open_frames(
    source: str | Path | int, settings: TrackSettings, given: Sequence[str], parts: Mapping[str, Any]
) -> VideoSource | Replay:
    recorded = is_recording(source)
    if not recorded and settings.detections is None:
        return open_source(source, every=settings.every, live=settings.live, frame_rate=settings.frame_rate)
    recording = Recording(str(source) if recorded else str(settings.detections))
    own = ["detector"] if parts["detector"] is not None and not isinstance(parts["detector"], LazyDetector) else []
    refuse_detector(settings, recording.info, recording.path, [*given, *own])
    how: dict[str, Any] = {"every": settings.every, "frame_rate": settings.frame_rate}
    if recorded or str(source) == settings.detections:
        return Replay(recording, None, **how)
    pictures = settings.embedder not in (None, recording.info.embedder) or settings.camera is not None
    pictures = pictures or parts["embedder"] is not None or parts["camera"] is not None
    return Replay(recording, open_source(source) if pictures or "video" in settings.formats else None, **how)


def _new_summary(
    source: str | Path | int, name: str | None, frames: VideoSource | Replay, settings: TrackSettings
) -> Summary:
    info = frames.info
    if isinstance(frames, Replay):
        values, expected = of_replay(settings, frames.recording.info), info.frame_count
    else:
        values = settings.as_dict() | {"score": LOWEST_SCORE if settings.score is None else settings.score}
        expected = None if info.frame_count is None else -(-info.frame_count // settings.every)
    return Summary(
        str(source),
        name=file_name(name or info.name),
        width=info.width,
        height=info.height,
        frame_rate=round(float(info.frame_rate), 6),
        declared_frames=info.frame_count,
        expected_frames=expected,
        requested=settings.as_dict(),
        settings=values,
    )


def _how(boundary: Any) -> dict[str, Any]:
    return {"kind": boundary.kind, "confidence": boundary.confidence}


def _shot_detector(frame_rate: float) -> Any:
    from sportstrack.shots import ShotDetector

    return ShotDetector(frame_rate=frame_rate)


def _finish(
    stages: list[Stage], watched: Channel[Any], tracked: Channel[Any], failure: BaseException | None
) -> BaseException | None:
    """Stop decoding, let the later stages finish what they have, and return the failure to raise, if any."""
    stages[0].halt()
    watched.abandon()
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
