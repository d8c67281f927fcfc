"""Tracking one source: open it, load the parts, run the stages, and report."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, nullcontext
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportstrack.cli.progress import shown
from sportstrack.detect.enhanced import EnhancedDetector
from sportstrack.errors import OtherSourceError
from sportstrack.files.claim import Claim, file_name, remove_own
from sportstrack.identities.roster import read_roster
from sportstrack.images.opencv import one_thread
from sportstrack.track.capped import capped_ids
from sportstrack.track.detector import LazyDetector
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.ground import pitch_of
from sportstrack.track.in_force import of_replay
from sportstrack.track.iteration import TrackedFrames
from sportstrack.track.job import TrackJob
from sportstrack.track.light import without_colour
from sportstrack.track.named import RosterLearner
from sportstrack.track.offline import track_offline
from sportstrack.track.outputs import Outputs, claim_outputs, longer_name
from sportstrack.track.parts import Own, Parts, load_parts, open_frames
from sportstrack.track.pipeline import Progress, Run
from sportstrack.track.quality import report, settled
from sportstrack.track.replay import Replay
from sportstrack.track.resume import Origin, find_finished_run
from sportstrack.track.settings import LOWEST_SCORE, TrackSettings
from sportstrack.track.summary import Summary
from sportstrack.track.who import WhoIsWho, learners_of
from sportstrack.track.why_empty import why_empty, why_small
from sportstrack.types import CameraMotion, Detect, Embedder, Tracker
from sportstrack.video import VideoSource

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import TrackKeywords


def track_video(
    source: str | Path | int,
    output: str | Path | None = None,
    *,
    settings: TrackSettings | None = None,
    detector: Detect | LazyDetector | str | None = None,
    tracker: Tracker | str | None = None,
    embedder: Embedder | str | None = None,
    camera: CameraMotion | str | None = None,
    name: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    on_frame: Callable[[TrackedFrame], None] | None = None,
    progress: Progress | bool | None = None,
    **overrides: Unpack[TrackKeywords],
) -> Summary:
    """Track the players and the ball in a video.

    Args:
        source: video file, folder of images, SportsMOT/MOT sequence folder, camera number, ``rtsp://``, ``udp://`` or
            ``http://`` address; or a recording (``.npz``), replayed without its video.
        output: folder for the outputs; None writes nothing (use `on_frame`).
        settings: a `TrackSettings`; None is its defaults.
        detector: a callable ``frames -> list[Detections]``, or a name, used instead of the settings' weights.
        tracker: a tracker of your own or a name, used instead of the settings' one.
        embedder: a callable ``(frame, xyxy) -> (N, D)`` appearance vectors, or a name, instead of the settings' one.
        camera: an object with ``update(frame, xyxy) -> (2, 3) or None`` and ``reset()``, or a name, as above.
        name: stem of the output files; None takes it from the source.
        resume: return at once if `output` holds this source's complete result made with the same settings and files.
            Of objects handed in as detector, tracker or embedder, the name and the module's file are compared.
        overwrite: replace also files that are not an unchanged result of the same source.
        on_frame: called with each `TrackedFrame`, in order, in the calling thread.
        progress: True shows a bar, in notebooks too; or it is called after each frame with (done, expected or None).
        **overrides: single fields of `TrackSettings`, such as ``imgsz=1280`` or ``formats=["mot"]``.

    Returns:
        The run's `Summary`.

    Raises:
        OutputError: before anything is read, if `output` cannot be written or holds files that must not be replaced.
        SportstrackError: for anything that a user can correct. What was done until then stays readable in ``.part``
            files, listed in the error's ``kept``. What an object of your own raises comes through as it is.
        KeyboardInterrupt: after Ctrl-C; its argument is the summary, and the ``.part`` files stay, too.
    """
    run = begin(
        source,
        output,
        settings=settings,
        detector=detector,
        tracker=tracker,
        embedder=embedder,
        camera=camera,
        name=name,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
        images=on_frame is not None,
        overrides=overrides,
    )
    return run.to_end(on_frame)


def begin(
    source: str | Path | int,
    output: str | Path | None,
    *,
    settings: TrackSettings | None,
    name: str | None,
    resume: bool,
    overwrite: bool,
    progress: Progress | bool | None,
    images: bool,
    overrides: Mapping[str, Any],
    **given: Any,
) -> TrackedFrames:
    """Open a source, claim the outputs, load the parts, and return the frames; arguments as `track_video`.

    Args:
        source: see `track_video`, as the others.
        output: folder, or None.
        settings: or None.
        name: or None.
        resume: an earlier result makes an iterator without frames.
        overwrite: replace other files.
        progress: or None.
        images: whether the frames need their images, also where no video is written.
        overrides: fields of `TrackSettings`.
        **given: detector, tracker, embedder and camera.
    """
    named = {part: value for part, value in given.items() if isinstance(value, str)}
    own = Own(**given | dict.fromkeys(named))
    asked = (settings or TrackSettings()).changed(**overrides, **named)
    asked = asked if own.tracker is None else asked.with_own_tracker()
    with ExitStack() as stack:
        frames = stack.enter_context(closing(open_frames(source, asked, [*overrides, *named], own)))
        is_replay, live = isinstance(frames, Replay), asked.live or frames.info.live
        recorded = frames.recording.info if isinstance(frames, Replay) else None
        own_tracker = own.tracker is not None
        asked = settled(asked, live=live, replay=is_replay, own_tracker=own_tracker, recorded=recorded)
        if not isinstance(frames, Replay):
            asked = without_colour(asked, frames)
        summary = _new_summary(source, name, frames, asked)
        pitch = None if asked.pitch is None else pitch_of(asked.pitch, frames.info)
        roster = None if asked.roster is None else read_roster(asked.roster)
        origin = Origin(source, frames.info, asked, own.objects())
        claim = None
        if output is not None:
            claimed = _claim(Path(output), summary, origin, asked, resume=resume, overwrite=overwrite, fixed=bool(name))
            if isinstance(claimed, Summary):
                return TrackedFrames(claimed, _none(), stack.pop_all())
            claim = stack.enter_context(claimed)
        job = TrackJob(asked, summary, claim, origin, pitch, roster)
        called = stack.enter_context(shown(progress, summary.name))
        if asked.offline:  # the first pass opens the source itself, and tracks as if nothing came after it
            first_pass = partial(track_video, summary.source, name=summary.name, overwrite=True, **vars(own))
            tracked = track_offline(job, frames.info, first_pass, called, images=images)
        else:
            tracked = _track(job, frames, own, called)
        return TrackedFrames(summary, tracked, stack.pop_all())


def _none() -> Generator[TrackedFrame, None, None]:
    yield from ()


def _claim(
    folder: Path, summary: Summary, origin: Origin, asked: TrackSettings, *, resume: bool, overwrite: bool, fixed: bool
) -> Claim | Summary:
    """Claim a run's files, or return the summary of the same run if it is finished.

    Where another source's result has the name, the run gets a longer one, unless the caller has `fixed` it.
    """
    inputs = [path for path in origin.files.values() if path is not None]
    while True:
        if resume and (earlier := find_finished_run(folder, summary, origin)) is not None:
            return earlier
        try:
            return claim_outputs(folder, summary.name, asked, source=summary.source, inputs=inputs, overwrite=overwrite)
        except OtherSourceError as error:
            if fixed:
                raise
            fixed, taken = True, str(error).partition("; choose")[0]
            summary.name = longer_name(summary.name, summary.source)
            summary.warnings.append(f"{taken}; this result is called {summary.name}")


def _track(
    job: TrackJob, frames: VideoSource | Replay, own: Own, progress: Progress | None
) -> Generator[TrackedFrame, None, None]:
    """Load the parts and return the frames of one pass."""
    settings, summary = job.settings, job.summary
    started = time.perf_counter()
    parts = load_parts(frames, settings, own)
    summary.settings = _in_force(parts, summary.settings)
    summary.device, summary.engine = parts.device, parts.engine
    summary.setup_seconds = round(time.perf_counter() - started, 3)
    return _one_pass(job, frames, parts, progress)


def _one_pass(
    job: TrackJob, frames: VideoSource | Replay, parts: Parts, progress: Progress | None
) -> Generator[TrackedFrame, None, None]:
    settings, summary, info = job.settings, job.summary, frames.info

    def describe(summary: Summary) -> None:
        seconds = run.seconds(parts.observer.seconds)
        if parts.shots is None:
            del seconds["shots"]
        else:
            summary.shots = parts.shots.shots
        summary.add_stages(seconds)
        if isinstance(parts.detector, EnhancedDetector):
            summary.enhanced = parts.detector.enhancer.report()
        shape, ms = (info.height, info.width), 1000 * summary.seconds / max(summary.frames, 1)
        boxes = summary.boxes / max(summary.frames, 1)
        summary.quality = report(settings, parts.detector, shape, summary.stages_ms, ms, boxes)
        if settings.knows_who:
            summary.identities = who.finish()
            summary.warnings += who.warnings
        if who.teams is not None:
            summary.teams = who.teams.report()
        if people is not None:
            summary.seen = [one.to_dict() for one in people.seen(float(info.frame_rate), settings.every)]
        summary.dropped_boxes, summary.dropped_frames = parts.tracker.dropped, frames.dropped
        if cap is not None:
            summary.settings["most_ids"], summary.joined = cap.most, cap.joined
        summary.warnings += parts.tracker.warnings + frames.warnings + parts.observer.warnings
        summary.warnings += _ignored(parts, settings)
        replay = isinstance(frames, Replay)
        size = None if parts.detector is None else parts.detector.in_force.get("imgsz", settings.imgsz)
        summary.warnings += why_empty(
            run.tally, parts.tracker.tracker, settings, replay=replay, picture=shape[::-1], imgsz=size
        )
        summary.warnings += why_small(run.tally, settings, picture=shape[::-1], imgsz=None if replay else size)

    cap = capped_ids(settings, job.roster, parts.recorded_as)
    people = None if job.roster is None else RosterLearner(job.roster)
    who = WhoIsWho(
        [*learners_of(settings, parts.recorded_as, roster=job.roster), *([] if people is None else [people])]
    )
    rate = info.frame_rate / parts.recorded_as.every
    outputs = Outputs(job.claim, settings, summary, info, parts.recorded_as, rate, who, job.pitch)
    run = Run(
        frames,
        begin=parts.begin,
        observe=parts.observer,
        track=parts.tracker,
        who=who,
        outputs=outputs,
        batch=parts.batch,
        waiting=1 if parts.is_live else max(4, 2 * parts.batch),
        cap=cap,
    )
    with nullcontext() if isinstance(frames, Replay) else one_thread():  # a replay may do without OpenCV
        yield from job.carry_out(run, outputs, describe, progress)
    if job.first_pass_folder is not None:
        remove_own(job.first_pass_folder)  # of an offline run that was killed


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


def _in_force(parts: Parts, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are in force: a detector may have values of its own."""
    if parts.detector is None:
        return dict(values)
    unknown = set(parts.detector.fixed) - set(parts.detector.in_force)
    return {name: value for name, value in values.items() if name not in unknown} | dict(parts.detector.in_force)


def _ignored(parts: Parts, settings: TrackSettings) -> list[str]:
    from sportstrack.detect.connector import ignored_settings

    if parts.detector is None:
        return []
    return ignored_settings(
        parts.detector, {f.name for f in fields(settings) if getattr(settings, f.name) != f.default}
    )
