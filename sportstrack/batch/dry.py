"""What a batch would do, without doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sportstrack.batch.check import check_outputs, check_settings
from sportstrack.batch.hands import gpus, size_of
from sportstrack.batch.manifest import Manifest
from sportstrack.batch.place import BatchPlace
from sportstrack.batch.plan import read_plan
from sportstrack.batch.run import shard_of, tasks_of
from sportstrack.batch.settings import BatchSettings
from sportstrack.track.settings import TrackSettings


def planned_text(
    plan: str | Path | Sequence[str | Path | Mapping[str, Any]],
    output: str | Path,
    *,
    settings: TrackSettings | Mapping[str, Any] | None,
    batch: BatchSettings,
    truth: str | Path | None,
    trust: bool,
    overwrite: bool,
) -> str:
    """Check a plan and return what would be done, a line for each video; arguments as `sportstrack.run_batch`."""
    videos = shard_of(read_plan(plan, settings, truth=truth, trust=trust), batch)
    place = BatchPlace(output)
    try:
        check_settings(videos)
        tasks = tasks_of(videos, Manifest(place, batch.part), batch)
        check_outputs(tasks, place, overwrite=overwrite)
    finally:
        place.close()
    due = {task.video.name: task.phase for task in tasks}
    lines = [f"{due.get(one.name, 'done'):<8}{one.size / 1e6:>12,.1f} MB  {one.name}  {one.source}" for one in videos]
    if batch.ray is None and tasks:
        size, threads = size_of(batch, tasks, len(gpus(tasks)))
        lines.append(f"{len(tasks)} of {len(videos)} videos to do, with {size} workers of {threads} threads")
    else:
        lines.append(f"{len(tasks)} of {len(videos)} videos to do")
    return "\n".join(lines)
