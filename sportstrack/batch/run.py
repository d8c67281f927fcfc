"""A batch from its plan to its table."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sportstrack.batch.check import check_outputs, check_settings
from sportstrack.batch.crew import Crew
from sportstrack.batch.hands import gpus, size_of
from sportstrack.batch.local import LocalCrew
from sportstrack.batch.manifest import Manifest
from sportstrack.batch.parts import can_be_split, due_parts
from sportstrack.batch.phases import DETECT, JOIN, SHOTS, TRACK, BatchTask, phase_key
from sportstrack.batch.place import BatchPlace
from sportstrack.batch.plan import PlannedVideo, read_plan
from sportstrack.batch.results import BatchResult, rows_of, write_tables
from sportstrack.batch.schedule import BatchState, Schedule
from sportstrack.batch.settings import SHOT, BatchSettings
from sportstrack.batch.worker import BatchJob
from sportstrack.errors import OutputError
from sportstrack.files.locks import Lock
from sportstrack.track.settings import TrackSettings

Told = Callable[[str, BatchState], None]
"""Called with what the workers are, and with where the batch stands."""


def run_batch(
    plan: str | Path | Sequence[str | Path | Mapping[str, Any]],
    output: str | Path = "runs/batch",
    *,
    settings: TrackSettings | Mapping[str, Any] | None = None,
    batch: BatchSettings | None = None,
    truth: str | Path | None = None,
    overwrite: bool = False,
    trust: bool = False,
    on_state: Told | None = None,
) -> BatchResult:
    """Track many videos, each in two phases around its recording; what is done already is not done again.

    Args:
        plan: a file (YAML, CSV, or text with a source a line), a folder, a pattern, or a list of sources or of tables
            with ``source``, perhaps ``name`` and ``truth``, and settings of the video's own.
        output: folder that all workers see, or an address that fsspec knows, such as ``s3://bucket/season``.
        settings: for all videos.
        batch: workers, retries, shard, cluster; None is the defaults.
        truth: ground truth of the videos, by their names: each result is scored.
        overwrite: replace also files that are not this program's.
        trust: take settings of the plan's file that run code or fetch something from an address.
        on_state: called with the state of the batch, twice a second and after each change.

    Returns:
        The `BatchResult`; failed videos are in its ``failed``.

    Raises:
        SportstrackError: before anything starts, for what is wrong with plan, settings or output.
        KeyboardInterrupt: after Ctrl-C; its argument is the result so far.
    """
    batch = batch or BatchSettings()
    videos = shard_of(read_plan(plan, settings, truth=truth, trust=trust), batch)
    place = BatchPlace(output)
    try:
        manifest = Manifest(place, batch.part)
        with Lock(place.folder / f".{manifest.name}.lock", output, "sportstrack batch"):
            return _run(videos, place, batch, manifest, overwrite=overwrite, on_state=on_state)
    finally:
        place.close()


def shard_of(videos: Sequence[PlannedVideo], batch: BatchSettings) -> list[PlannedVideo]:
    """Return the videos of a shard, the largest first; shards have about as much to do as one another."""
    number, count = batch.part
    return sorted(videos, key=lambda video: (-video.size, video.name))[number - 1 :: count]


def tasks_of(videos: Sequence[PlannedVideo], manifest: Manifest, batch: BatchSettings) -> list[BatchTask]:
    """Return what is missing or has changed: of each video, what can begin."""
    return [task for video in videos for task in first_tasks(video, manifest, batch)]


def first_tasks(video: PlannedVideo, manifest: Manifest, batch: BatchSettings) -> list[BatchTask]:
    """Return the first phase of a video that is missing or has changed, or its parts; nothing if there is none."""
    for phase in (DETECT, TRACK):
        if (phase == DETECT and video.is_recorded) or (phase == TRACK and batch.detect_only):
            continue
        key = phase_key(video, phase)
        if not manifest.is_done(video.name, phase, key, any_version=batch.any_version):
            task = BatchTask(video, phase, key)
            if phase == DETECT and batch.unit == SHOT and can_be_split(video.source):
                return due_parts(task, manifest, any_version=batch.any_version)
            return [task]
    return []


def next_tasks(
    video: PlannedVideo, line: Mapping[str, Any], manifest: Manifest, batch: BatchSettings
) -> list[BatchTask]:
    """Return what can begin when a step of a video is done; never the same step again.

    Args:
        video: which.
        line: of the step.
        manifest: what has been done.
        batch: how the batch runs.
    """
    if line["phase"] == TRACK:
        return []
    if line["phase"] == SHOTS or "part" in line:
        whole = BatchTask(video, DETECT, phase_key(video, DETECT))
        tasks = due_parts(whole, manifest, any_version=batch.any_version)
        if line["phase"] == SHOTS:
            return [whole] if tasks[0].phase == SHOTS else tasks  # the video is being changed: as it is in the end
        return tasks if tasks[0].phase == JOIN else []  # other parts are under way
    key = phase_key(video, TRACK)
    if batch.detect_only or manifest.is_done(video.name, TRACK, key, any_version=batch.any_version):
        return []
    return [BatchTask(video, TRACK, key)]


def _run(
    videos: Sequence[PlannedVideo],
    place: BatchPlace,
    batch: BatchSettings,
    manifest: Manifest,
    *,
    overwrite: bool,
    on_state: Told | None,
) -> BatchResult:
    began = time.monotonic()
    check_settings(videos)
    tasks = tasks_of(videos, manifest, batch)
    check_outputs(tasks, place, overwrite=overwrite)
    result = BatchResult(kept=_kept(videos, tasks, batch))
    by_name = {video.name: video for video in videos}

    def follow(line: Mapping[str, Any]) -> list[BatchTask]:
        return next_tasks(by_name[line["video"]], line, manifest, batch)

    try:
        if tasks:
            job = BatchJob(place.absolute, overwrite, tuple(path for path in sys.path if path))
            crew = _crew(job, batch, tasks)
            told = (lambda state: on_state(crew.title, state)) if on_state is not None else _nobody
            schedule = Schedule(tasks, follow, crew, manifest, batch, told)
            try:
                schedule.run()
            finally:
                _count(result, schedule.state)
    except KeyboardInterrupt:
        result.complete = False
        raise KeyboardInterrupt(_finished(result, videos, place, batch, manifest, began)) from None
    return _finished(result, videos, place, batch, manifest, began)


def _nobody(_: BatchState) -> None:
    """Tell nobody."""


def _kept(videos: Sequence[PlannedVideo], tasks: Sequence[BatchTask], batch: BatchSettings) -> int:
    """Return how many phases were done before and hold."""
    due = {task.video.name: TRACK if task.phase == TRACK else DETECT for task in tasks}
    kept = 0
    for video in videos:
        phases = ([] if video.is_recorded else [DETECT]) + ([] if batch.detect_only else [TRACK])
        kept += phases.index(due[video.name]) if video.name in due else len(phases)
    return kept


def _count(result: BatchResult, state: BatchState) -> None:
    result.ran = sum(line["state"] == "done" for line in state.lines)
    result.retried = state.retries
    result.cpu_seconds = round(sum(line.get("cpu", 0.0) for line in state.lines), 3)


def _finished(
    result: BatchResult,
    videos: Sequence[PlannedVideo],
    place: BatchPlace,
    batch: BatchSettings,
    manifest: Manifest,
    began: float,
) -> BatchResult:
    result.rows = rows_of(manifest, sorted((video.name, video.source) for video in videos))
    result.tables = write_tables(place, result.rows, batch.part)
    result.seconds = round(time.monotonic() - began, 3)
    return result


def _crew(job: BatchJob, batch: BatchSettings, tasks: Sequence[BatchTask]) -> Crew:
    if batch.ray is not None:
        from sportstrack.batch.cluster import RayCrew

        return RayCrew(job, batch, len(tasks))
    found = gpus(tasks)
    size, threads = size_of(batch, tasks, len(found))
    return LocalCrew(job, size, threads, found if len(found) > 1 else ())


def merge_batch(output: str | Path) -> BatchResult:
    """Make one table of all that was done below an output, by however many shards.

    Raises:
        OutputError: there is no batch.
    """
    place = BatchPlace(output)
    try:
        manifest = Manifest(place)
        names = sorted({(str(line["video"]), str(line.get("source", ""))) for line in manifest.lines()})
        if not names:
            raise OutputError(f"{output}: holds no manifest of a batch")
        result = BatchResult(rows=rows_of(manifest, dict(names).items()))
        result.tables = write_tables(place, result.rows)
        return result
    finally:
        place.close()
