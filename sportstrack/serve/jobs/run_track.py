"""A job ``track``: `sportstrack.track_video`, watched frame by frame."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.serve.jobs.fetch import fetched
from sportstrack.serve.jobs.preview import Preview
from sportstrack.serve.jobs.task import Reporter, Task
from sportstrack.serve.jobs.trackfile import ROW, TrackFileWriter, rows_of, write_table
from sportstrack.serve.remote import allow_only
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.settings import TrackSettings


def run_track(task: Task, report: Reporter) -> dict[str, Any]:
    """Track the source and return the summary as plain values."""
    from sportstrack.track.run import track_video
    from sportstrack.video import open_source

    allow_only(task.allowed)
    source = fetched(task, report) if task.url and task.source.startswith("http") else task.source
    report.stage("loading")
    about: dict[str, Any] = {"frame_rate": 25.0, "width": 0, "height": 0}
    if not _is_recording(source):
        with open_source(source) as opened:
            info = opened.info
        task.check_picture(info.width, info.height)
        if info.frame_count is not None:
            task.check_length(info.frame_count / float(info.frame_rate))
        about = {"frame_rate": float(info.frame_rate), "width": info.width, "height": info.height}
    settings = TrackSettings(**_values(task))
    about["pitch"] = None if settings.pitch is None else _pitch(settings.pitch)
    watch = _Watch(task, report, about, settings.boxes, import_module("psutil").Process())
    try:
        summary = track_video(
            source, task.results, settings=settings, resume=True, overwrite=True, on_frame=watch, progress=report
        )
    finally:
        watch.close()
    if summary.skipped:  # the worker was killed when all was done
        _rebuild(task, about, summary)
    return _finish(task, report, about, watch, summary.as_dict())


def _values(task: Task) -> dict[str, Any]:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in task.settings.items()}
    known = {one.name for one in fields(TrackSettings)}
    return {name: value for name, value in (values | task.files).items() if name in known}


def _pitch(path: str) -> dict[str, Any]:
    """Return which pitch a file of cameras is about."""
    from sportstrack.pitch.file import read_pitch

    found = read_pitch(path).pitch
    return {"name": found.name, "length": found.length, "width": found.width}


def _is_recording(source: str) -> bool:
    return Path(source).suffix.lower() == ".npz"


class _Watch:
    """Called with each frame: writes its tracks for the player, counts, and takes samples."""

    def __init__(self, task: Task, report: Reporter, about: Mapping[str, Any], boxes: str, process: Any) -> None:
        self._task, self._report, self._about, self._boxes, self._process = task, report, about, boxes, process
        self._writer: TrackFileWriter | None = None  # until the first frame: a finished run's file stays
        self._ids: set[int] = set()
        self._began = self._last = time.monotonic()
        self._fresh: dict[str, Any] = {"frames": 0, "ids": 0, "scores": []}
        self._preview = Preview(Path(task.folder))
        self.names: Mapping[int, str] = {}
        self.alive = self.frames = 0
        process.cpu_percent()

    def __call__(self, frame: TrackedFrame) -> None:
        self._task.check_length(frame.time)
        tracks = frame.tracks.with_boxes(self._boxes)
        place = None if frame.pitch is None else frame.pitch_xy
        rows = rows_of(frame.index, tracks.track_id, tracks.xyxy, tracks.score, tracks.class_id, place)
        if self._writer is None:
            self._report.stage("tracking")
            self._writer = TrackFileWriter(self._task.tracks, self._about)
        self._writer.add(frame.index, frame.time, rows)
        self.names, self.alive = frame.names, len(tracks)
        self.frames += 1
        new = set(tracks.track_id.tolist()) - self._ids
        self._ids |= new
        self._fresh["frames"] += 1
        self._fresh["ids"] += len(new)
        if len(tracks):
            self._fresh["scores"].append(round(float(tracks.score.mean()), 4))
        self._preview.offer(frame)
        self._report.preview = self._preview.made
        if self._report.is_time():
            self.tell()

    def close(self) -> None:
        """Write and tell the rest."""
        if self._writer is not None:
            self._writer.close()
            if self._fresh["frames"]:
                self.tell()

    def tell(self) -> None:
        """Send a sample, and what is new for the counters."""
        now, fresh = time.monotonic(), self._fresh
        self._fresh = {"frames": 0, "ids": 0, "scores": []}
        scores = fresh["scores"]
        self._report.sample(
            {
                "frames_per_s": round(fresh["frames"] / max(now - self._last, 1e-3), 2),
                "mean_score": round(sum(scores) / len(scores), 4) if scores else None,
                "tracks_alive": self.alive,
                "ids_created": len(self._ids),
                "frames": self.frames,
                "cpu_cores": round(self._process.cpu_percent() / 100, 3),
                "memory_bytes": self._process.memory_info().rss,
            }
        )
        self._last = now
        self._report.count({"frames": {"tracked": fresh["frames"]}, "ids": fresh["ids"], "scores": scores,
                            "alive": self.alive})  # fmt: skip


def _rebuild(task: Task, about: Mapping[str, Any], summary: Any) -> None:
    """Make the player's tracks of the MOT text, where the last of them were lost."""
    from sportstrack.mot import class_ids, read_mot

    written = task.tracks / "rows.bin"
    if written.is_file() and written.stat().st_size == summary.boxes * ROW.itemsize:
        return
    text = summary.outputs.get("mot")
    if text is not None and Path(text).is_file():
        table = read_mot(text)
        classes = class_ids(table.class_id)
        write_table(
            task.tracks, about, table.frame, table.track_id, table.xyxy, table.score, classes, about["frame_rate"]
        )


def _finish(
    task: Task, report: Reporter, about: Mapping[str, Any], watch: _Watch, values: dict[str, Any]
) -> dict[str, Any]:
    import json

    frames = max(int(values["frames"]), 1)
    stages = {name: round(ms * frames / 1000, 4) for name, ms in values.get("stages_ms", {}).items()}
    report.count({"stages": stages, "frames": {"dropped": int(values.get("dropped_frames") or 0)}})
    known = values.pop("identities", None) or []
    names = {str(number): name for number, name in watch.names.items()}
    whole = dict(about) | {"frames": values.get("declared_frames") or 0, "names": names, "identities": known}
    (task.tracks / "about.json").write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    for text in values.get("warnings", []):
        report.log(f"warning: {text}")
    values["outputs"] = {kind: Path(path).name for kind, path in values.get("outputs", {}).items()}
    for name in ("weights", *task.files):  # where they lie is nobody's business
        if isinstance(path := values["settings"].get(name), str):
            values["settings"][name] = Path(path).name
    for private in ("source", "inputs", "requested"):
        values.pop(private, None)
    return values


RUNNERS = {"track": run_track}
