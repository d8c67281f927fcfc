"""The first phase of a video: detect, and record all that needs the pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from sportstrack.batch.phases import BatchTask, first_settings
from sportstrack.batch.worker import Counted
from sportstrack.files.claim import Claim
from sportstrack.images.opencv import one_thread
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.track.detector import LazyDetector
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.observe import first_observation
from sportstrack.track.outputs import Outputs
from sportstrack.track.parts import Own, Parts, load_parts, open_frames
from sportstrack.track.pipeline import Run
from sportstrack.track.replay import Replay
from sportstrack.track.resume import Origin
from sportstrack.track.settings import TrackSettings
from sportstrack.track.who import WhoIsWho
from sportstrack.types import Tracks
from sportstrack.video import Frame, VideoSource
from sportstrack.video.span import open_span

PROGRAM = "sportstrack batch"


@dataclass
class _Recorder:
    """What a run's frames go to: a recording."""

    writer: RecordingWriter
    names: dict[int, str]
    pitch: None = None
    boxes: int = field(default=0)

    def draw(self, frame: TrackedFrame) -> TrackedFrame:
        return frame

    def write(self, frame: TrackedFrame) -> None:
        self.boxes += len(frame.detections)
        self.writer.write(
            RecordedFrame(
                frame.index, frame.time, frame.detections, frame.camera, frame.cut_confidence,
                bystanders=frame.bystanders,
            )
        )  # fmt: skip

    def refresh(self) -> None:
        """Do nothing: there is no window."""


def record_video(
    task: BatchTask, folder: Path, detector: LazyDetector | None, progress: Counted | None, *, overwrite: bool = False
) -> dict[str, Any]:
    """Detect and record a video; return what is known of the run, as plain values.

    Args:
        task: which video.
        folder: of the recordings.
        detector: the worker's own, or None.
        progress: called after each frame.
        overwrite: replace also files that are not this program's.

    Raises:
        SportstrackError: for anything that a user can correct; what was recorded so far is in ``kept``.
    """
    root = folder.parent
    video, settings = task.video, first_settings(task.video.settings)
    folder, name = (folder, f"{video.name}.npz") if task.span is None else part_of(folder, video.name, task.part)
    own, inputs = Own(detector=detector), [video.source]
    with (
        Claim(folder, [name], command=PROGRAM, source=video.source, inputs=inputs, overwrite=overwrite) as claim,
        closing(_open(task, settings)) as frames,
    ):
        assert isinstance(frames, VideoSource)
        origin = Origin(video.source, frames.info, settings, own.objects())
        started = time.perf_counter()
        parts = load_parts(frames, settings, own)
        setup = time.perf_counter() - started
        writer = RecordingWriter(claim.folder / name, _recorded_as(parts, video.name))
        run, recorder = _run(frames, parts, writer, task.cuts if settings.shots else None)
        expected = frames.info.frame_count if task.span is None else task.span[1] - task.span[0]
        expected = None if expected is None else -(-expected // settings.every)
        started = time.perf_counter()
        try:
            with one_thread(), closing(_frames(run, progress, expected)) as seen:
                for _ in seen:
                    pass
        except BaseException as error:
            writer.abandon()
            if hasattr(error, "kept"):
                error.kept = [str(writer.file.part)]
            raise
        writer.abandon()
        warnings = [*frames.warnings, *parts.observer.warnings]
        stamps = origin.stamps(warnings)
        claim.complete([writer.file])
        seconds = time.perf_counter() - started
        return {
            "frames": run.tally.frames,
            "boxes": recorder.boxes,
            "seconds": round(seconds, 3),
            "setup_seconds": round(setup, 3),
            "device": parts.device,
            "engine": parts.engine,
            "warnings": warnings,
            "inputs": stamps,
            "outputs": {f"{folder.relative_to(root).as_posix()}/{name}": claim.stamps([name])[name]},
        }


def part_of(folder: Path, name: str, part: int) -> tuple[Path, str]:
    """Return the folder and the name of the recording of a part of a video."""
    return folder / f"{name}.parts", f"{part:05d}.npz"


def _open(task: BatchTask, settings: TrackSettings) -> VideoSource | Replay:
    if task.span is None:
        return open_frames(task.video.source, settings, [], Own())
    return open_span(task.video.source, *task.span, every=settings.every)


def _cut_at(cuts: Mapping[int, float]) -> Callable[[Frame], Observation]:
    """Return what begins the observation of a frame where the shot changes are known."""

    def begin(frame: Frame) -> Observation:
        return replace(first_observation(frame), cut_confidence=cuts.get(frame.index, 0.0))

    return begin


def _run(
    frames: VideoSource, parts: Parts, writer: RecordingWriter, cuts: Sequence[tuple[int, float]] | None
) -> tuple[Run, _Recorder]:
    """Return a run that tracks nothing and records everything."""
    recorder = _Recorder(writer, dict(parts.recorded_as.names))
    nothing = Tracks.empty()

    def track(_: Observation) -> Tracks:
        return nothing

    run = Run(
        frames,
        begin=parts.begin if cuts is None else _cut_at(dict(cuts)),
        observe=parts.observer,
        track=track,
        who=WhoIsWho([]),
        outputs=cast(Outputs, recorder),
        batch=parts.batch,
        waiting=max(4, 2 * parts.batch),
    )
    return run, recorder


def _frames(run: Run, progress: Counted | None, expected: int | None) -> Generator[TrackedFrame, None, None]:
    """Yield the frames of a run, and raise what ended it early."""
    failure = yield from run.go(None if progress is None else lambda done: progress(done, expected))
    if failure is not None:
        raise failure


def _recorded_as(parts: Parts, name: str) -> RecordingInfo:
    return replace(parts.recorded_as, name=name)
