"""One long video for several workers: its shots are found, recorded one by one, and their recordings joined."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sportstrack.batch.manifest import Manifest
from sportstrack.batch.phases import DETECT, JOIN, SHOTS, BatchTask, first_settings
from sportstrack.batch.record import PROGRAM, part_of
from sportstrack.batch.worker import Counted
from sportstrack.files.claim import Claim
from sportstrack.files.ledger import stamp
from sportstrack.recording import Recording, RecordingWriter
from sportstrack.track.observe import ShotWatch
from sportstrack.video import open_source
from sportstrack.video.span import list_packets

SHORTEST = 10.0  # seconds of a part; shorter shots go with the next one, since each part begins at a key frame


def can_be_split(source: str) -> bool:
    """Return whether a source is a video file, whose shots may be read alone."""
    return Path(source).is_file() and not source.lower().endswith(".npz")


def find_parts(task: BatchTask, progress: Counted | None) -> dict[str, Any]:
    """Look through a video for shot changes and return the spans to work on, as plain values.

    A video with damage, or without times, stays whole.

    Raises:
        SportstrackError: the video cannot be read.
    """
    settings = first_settings(task.video.settings)
    cuts: list[tuple[int, float]] = []
    last = -1
    with closing(open_source(task.video.source, every=settings.every)) as frames:
        rate = float(frames.info.frame_rate)
        watch, expected = ShotWatch(rate / settings.every), frames.info.frame_count
        for frame in frames:
            seen = watch(frame)
            last = frame.index
            if seen.cut_confidence:
                cuts.append((frame.index, seen.cut_confidence))
            if progress is not None:
                progress(last + 1, expected)
        whole = bool(frames.warnings)
        count = frames.decoded
    table = None if whole else list_packets(task.video.source)
    if table is None or len(table.ticks) != count:
        starts = [0]
    else:
        starts = spaced([index for index, _ in cuts], count, SHORTEST * rate)
    spans = [[start, end] for start, end in zip(starts, [*starts[1:], count], strict=True)]
    return {
        "frames": last + 1,
        "cuts": [list(one) for one in cuts],
        "spans": spans,
        "inputs": {"source": {"path": task.video.source} | stamp(task.video.source)},
        "outputs": {},
        "warnings": [],
    }


def spaced(cuts: Sequence[int], frames: int, least: float) -> list[int]:
    """Return where parts begin: at shot changes that are far enough from the part's beginning and from the end."""
    starts = [0]
    for cut in cuts:
        if cut - starts[-1] >= least and frames - cut >= least:
            starts.append(cut)
    return starts


def tasks_of_parts(task: BatchTask, line: Mapping[str, Any]) -> list[BatchTask]:
    """Return a task for each part of a video, by the line of the manifest that says where its shots are."""
    frames = max(1, int(line["spans"][-1][1]))
    found = []
    for number, (first, end) in enumerate(line["spans"]):
        cuts = tuple((int(index), float(sure)) for index, sure in line["cuts"] if first <= index < end)
        span = (int(first), int(end))
        video = replace(task.video, size=task.video.size * (span[1] - span[0]) // frames)
        found.append(replace(task, video=video, phase=DETECT, span=span, part=number, cuts=cuts, attempt=1))
    return found


def due_parts(task: BatchTask, manifest: Manifest, *, any_version: bool) -> list[BatchTask]:
    """Return what a video in parts needs next: its shots, the parts that are missing, or their joining.

    Args:
        task: the first phase of the whole video.
        manifest: what has been done.
        any_version: whether other versions of the program count.
    """
    name, key = task.video.name, task.key
    line = manifest.line(name, SHOTS)
    if line is None or not manifest.is_done(name, SHOTS, key, any_version=any_version):
        return [replace(task, phase=SHOTS)]
    parts = tasks_of_parts(task, line)
    if len(parts) == 1:
        return [task]
    known = {one.part: manifest.line(name, DETECT, one.part) for one in parts}
    missing = [
        one
        for one in parts
        if (known[one.part] or {}).get("span") != list(one.span or ())
        or not manifest.is_done(name, DETECT, key, part=one.part, any_version=any_version)
    ]
    lines = tuple(one for one in known.values() if one is not None)
    return missing or [replace(task, phase=JOIN, parts=lines)]


def join_parts(
    task: BatchTask, folder: Path, files: Sequence[Path], lines: Sequence[Mapping[str, Any]], *, overwrite: bool = False
) -> dict[str, Any]:
    """Join the recordings of a video's parts; return what is known of the whole, as plain values.

    Args:
        task: of which video.
        folder: of the recordings.
        files: the recordings of the parts, in order.
        lines: of the manifest, of the parts.
        overwrite: replace also a file that is not this program's.

    Raises:
        SportstrackError: a recording cannot be read or written.
    """
    video, name = task.video, f"{task.video.name}.npz"
    inputs = [video.source]
    with Claim(folder, [name], command=PROGRAM, source=video.source, inputs=inputs, overwrite=overwrite) as claim:
        first = Recording(files[0])
        writer = RecordingWriter(folder / name, first.info)
        try:
            for file in files:
                for frame in Recording(file):
                    writer.write(frame)
        finally:
            writer.abandon()
        claim.complete([writer.file])
        stamps = claim.stamps([name])
    shutil.rmtree(part_of(folder, video.name, 0)[0], ignore_errors=True)
    stamped: dict[str, Any] = {}
    for line in lines:
        stamped |= line["inputs"]
    total = {key: sum(line.get(key) or 0 for line in lines) for key in ("frames", "boxes")}
    seconds = {key: round(sum(line.get(key) or 0.0 for line in lines), 3) for key in ("seconds", "setup_seconds")}
    warnings = list(dict.fromkeys(text for line in lines for text in line.get("warnings", ())))
    about = {key: lines[0].get(key) for key in ("device", "engine")}
    return {**total, **seconds, **about, "warnings": warnings, "inputs": stamped, "parts": len(lines),
            "outputs": {f"{folder.name}/{name}": stamps[name]}}  # fmt: skip
