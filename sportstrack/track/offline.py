"""Tracking in two passes: track and record, then write everything again with the tracks refined.

The first pass is handed in as a function; it is `sportstrack.track_video` for one source.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.files.claim import remove_own
from sportstrack.identities.ends import PieceView
from sportstrack.mot import class_ids
from sportstrack.recording import Recording, RecordingInfo
from sportstrack.refine.ball import with_ball
from sportstrack.refine.settings import RefineSettings, checked
from sportstrack.refine.steps import camera_path, refine_tracks
from sportstrack.refine.table import TrackTable
from sportstrack.track.capped import capped_ids
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.in_force import is_recording
from sportstrack.track.job import TrackJob
from sportstrack.track.named import with_people
from sportstrack.track.outputs import Outputs
from sportstrack.track.pipeline import Progress, Run
from sportstrack.track.replay import Replay
from sportstrack.track.sinks import TEXT_SINKS
from sportstrack.track.summary import Summary
from sportstrack.track.who import WhoWasWho, known_at_the_end
from sportstrack.types import FloatArray, Tracks
from sportstrack.video import SourceInfo, open_source

FirstPass = Callable[..., Summary]
"""Tracks a source into the folder given; takes ``settings``, ``on_frame`` and ``progress`` as `track_video` does."""

Frames = Generator[TrackedFrame, None, None]

ONLY_SECOND_PASS = ("roster", "most_ids", "offline", "formats", "show", "save_detections", "pitch")
"""Settings that hold for the second pass; the first has values of its own."""


def track_offline(
    job: TrackJob, info: SourceInfo, first_pass: FirstPass, progress: Progress | None, *, images: bool
) -> Frames:
    """Track and record, refine the tracks with the whole video in view, then write everything from the recording.

    An interrupted first pass leaves its recording and its tracks so far, as text, in ``NAME.first-pass``; a complete
    run leaves no such folder.

    Args:
        job: what is to be done.
        info: of the source.
        first_pass: tracks the source.
        progress: called after each frame of both passes.
        images: whether the frames that are yielded need their images, also where no video is written.

    Returns:
        The frames of the second pass.
    """
    if info.live:
        raise SettingError("--offline: a live source has no end after which it could be refined; track it without")
    return _in_folder(job, first_pass, progress, images)


def _in_folder(job: TrackJob, first_pass: FirstPass, progress: Progress | None, images: bool) -> Frames:
    if job.first_pass_folder is None:
        with TemporaryDirectory(prefix="sportstrack-") as folder:
            yield from _two_passes(job, Path(folder), first_pass, progress, images)
    else:
        yield from _two_passes(job, job.first_pass_folder, first_pass, progress, images)
        remove_own(job.first_pass_folder)


def refined(
    frames: Sequence[TrackedFrame],
    *,
    frame_rate: float,
    width: int,
    height: int,
    cuts: Sequence[int],
    ball: Sequence[int] = (),
    settings: RefineSettings | None = None,
) -> TrackTable:
    """Return the refined tracks of a whole run, with the video's own frame numbers.

    A ball's tracks stay as its tracker made them: the refinement knows how people move, and would drop half of them.

    Args:
        frames: all frames of the run.
        frame_rate: of these frames.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        cuts: numbers of the frames with which another shot begins.
        ball: class ids of the ball.
        settings: of the refinement; None is its defaults.
    """
    numbers = [frame.index for frame in frames]
    detections = [frame.detections for frame in frames]
    table = TrackTable.from_tracks([frame.tracks for frame in frames], detections, numbers)
    is_ball = np.isin(class_ids(table.class_id), ball)
    people = refine_tracks(
        table[~is_ball],
        numbers,
        frame_rate=frame_rate,
        width=width,
        height=height,
        times=[frame.time for frame in frames],
        camera=_cameras(frames),
        cuts=cuts,
        settings=settings,
    )
    return with_ball(people, table[is_ball]) if is_ball.any() else people


def _two_passes(job: TrackJob, folder: Path, first_pass: FirstPass, progress: Progress | None, images: bool) -> Frames:
    settings, summary = job.settings, job.summary
    frames: list[TrackedFrame] = []
    texts = [kind for kind in settings.formats if kind in TEXT_SINKS] or ["mot"]
    earlier = first_pass(
        folder,
        settings=settings.changed(
            offline=False, show=False, formats=texts, save_detections=True, pitch=None, roster=None, most_ids=0
        ),
        on_frame=lambda frame: frames.append(_kept(frame)),
        progress=progress and _half(progress, first=True),
    )
    started, recording = time.perf_counter(), Recording(earlier.outputs["detections"])
    numbers = [frame.index for frame in frames]
    info, cuts = recording.info, earlier.shot_starts(frames) if settings.shots else []
    table = refined(
        frames,
        frame_rate=info.frame_rate,
        width=info.width,
        height=info.height,
        cuts=cuts,
        ball=settings.ball_ids(info.names) or (),
        settings=checked(settings.refine_settings),
    )
    tracks = dict(zip(numbers, table.to_tracks(numbers), strict=True))
    tracks = _capped(job, frames, tracks, info)
    who, summary.teams = known_at_the_end(settings, info, frames, tracks, job.roster)
    if summary.teams:
        summary.teams["settled"] = earlier.teams.get("settled")
    if job.roster is not None:
        ball = settings.ball_ids(info.names) or ()
        people = with_people(job.roster, who.finish(), tracks, _view(frames, table, info, cuts), ball)
        who, tracks = WhoWasWho(people.identities), people.tracks
        summary.seen = people.seen(info.frame_rate * info.every, info.every)
        summary.ids = vars(people.counts)
        summary.warnings += people.binding.warnings
    summary.identities = who.finish() if settings.knows_who else None
    earlier.stages_ms["refine"] = round(1000 * (time.perf_counter() - started) / max(len(frames), 1), 3)
    summary.settings = earlier.settings | {name: summary.settings[name] for name in ONLY_SECOND_PASS}
    needs_images = (
        not is_recording(summary.source)
        and summary.source != settings.detections
        and (settings.shows_images or (images and settings.detections is None))
    )
    with closing(Replay(recording, open_source(summary.source) if needs_images else None)) as replay:
        yield from _second_pass(job, replay, tracks, who, earlier, progress and _half(progress, first=False))


def _capped(
    job: TrackJob, frames: Sequence[TrackedFrame], tracks: dict[int, Tracks], info: RecordingInfo
) -> dict[int, Tracks]:
    """Return the tracks with no more ids than the settings allow; those of a roster are capped with the names."""
    summary, asked = job.summary, job.settings.most_ids
    if job.roster is not None:
        summary.settings["most_ids"] = len(job.roster)
        if asked not in (None, len(job.roster)):
            summary.warnings.append(
                f"most_ids: {asked} is ignored: a finished run has as many ids as its roster has people, "
                f"{len(job.roster)}; it counts without --offline, or without --roster"
            )
        return tracks
    if (cap := capped_ids(job.settings, None, info)) is None:
        return tracks
    found = {frame.index: cap(replace(frame, tracks=tracks[frame.index])).tracks for frame in frames}
    summary.settings["most_ids"], summary.joined = cap.most, cap.joined
    return found


def _view(frames: Sequence[TrackedFrame], table: TrackTable, info: RecordingInfo, cuts: Sequence[int]) -> PieceView:
    """Return what the refined tracks of a run were seen through."""
    size = (info.width, info.height)
    path = camera_path(
        table,
        [frame.index for frame in frames],
        frame_rate=info.frame_rate,
        width=size[0],
        height=size[1],
        times=[frame.time for frame in frames],
        camera=_cameras(frames),
        cuts=cuts,
    )
    return PieceView(info.frame_rate * info.every, size, path, tuple(cuts))


def _cameras(frames: Sequence[TrackedFrame]) -> FloatArray:
    """Return (F, 2, 3) affines, NaN where unknown."""
    unknown = np.full((2, 3), np.nan)
    camera = [unknown if frame.camera is None else frame.camera for frame in frames]
    return np.array(camera).reshape(-1, 2, 3)


def _kept(frame: TrackedFrame) -> TrackedFrame:
    """Return what the refinement needs of a frame; the second pass reads the masks again from the recording."""
    return replace(frame, image=None, detections=replace(frame.detections, mask=None))


def _second_pass(
    job: TrackJob,
    replay: Replay,
    tracks: dict[int, Tracks],
    who: WhoWasWho,
    earlier: Summary,
    progress: Progress | None,
) -> Frames:
    """Write the outputs with the refined tracks in place of a tracker's."""

    def track(observation: Observation) -> Tracks:
        return tracks[observation.index]

    def describe(summary: Summary) -> None:
        summary.add_stages(run.seconds({}))
        summary.warnings += replay.warnings
        summary.add_first_pass(earlier)

    made, rate = replay.recorded_as(), replay.frame_rate
    outputs = Outputs(job.claim, job.settings, job.summary, replay.info, made, rate, who, job.pitch)
    run = Run(replay, begin=None, observe=list, track=track, who=who, outputs=outputs, batch=1, waiting=4)
    yield from job.carry_out(run, outputs, describe, progress)


def _half(progress: Progress, *, first: bool) -> Progress:
    """Count the frames of two passes as one job."""

    def count(done: int, expected: int | None) -> None:
        if expected is not None:
            progress(done if first else expected + done, 2 * expected)
        elif first:
            progress(done, None)

    return count
