"""A job ``sot``: one player or the ball, by `sportstrack.sot.run.follow`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.detect.settings import DetectorSettings
from sportstrack.serve.jobs.fetch import fetched
from sportstrack.serve.jobs.requests import SotRequest
from sportstrack.serve.jobs.task import Reporter, Task
from sportstrack.serve.jobs.trackfile import write_table
from sportstrack.serve.remote import allow_only
from sportstrack.sot.settings import SotSettings

if TYPE_CHECKING:
    from sportstrack.sot.run import Begin, Step
    from sportstrack.sot.types import SotResult
    from sportstrack.types import Detector, FloatArray, Image
    from sportstrack.video import Frame

_FORMATS = ("video", "mot", "heat", "json")


def run_sot(task: Task, report: Reporter) -> dict[str, Any]:
    """Follow the object and return the summary as plain values."""
    from sportstrack.sot.outputs import claim_outputs
    from sportstrack.sot.run import follow
    from sportstrack.video import open_source

    allow_only(task.allowed)
    source = fetched(task, report) if task.url and task.source.startswith("http") else task.source
    report.stage("loading")
    asked = SotRequest(**_of(task, SotRequest))
    begin = _begin(task, asked)
    with open_source(source) as opened:
        info = opened.info
        task.check_picture(info.width, info.height)
        task.check_length((info.frame_count or 0) / float(info.frame_rate))
        with claim_outputs(task.results, info.name, _FORMATS, source=source, overwrite=True) as claim:
            report.stage("tracking")
            summary = follow(opened, begin, claim, formats=_FORMATS, start=asked.start, progress=report)
    report.count({"frames": {"tracked": summary.frames}, "ids": 1, "stages": {"sot": summary.tracker_seconds}})
    about = {"frame_rate": float(info.frame_rate), "width": info.width, "height": info.height}
    _write_tracks(task, about | {"frames": info.frame_count or 0}, summary.outputs.get("mot"))
    values = summary.as_dict()
    values["outputs"] = {kind: Path(path).name for kind, path in summary.outputs.items()}
    return values


def _begin(task: Task, asked: SotRequest) -> Begin:
    """Return what starts the tracker on the frame where the object is first known."""
    from sportstrack.sot.ball import BallTracker
    from sportstrack.sot.single import SingleTracker

    names = ("weights", "detector", "imgsz", "device", "engine", "precision")
    detector = _detector(task) if any(name in task.settings for name in names) else None
    ball = BallTracker(detector, method=asked.method) if asked.ball else None

    def begin(frame: Frame) -> tuple[SotResult, Step] | None:
        if ball is not None:
            result = ball.update(frame.image)
            return (result, ball.update) if result.seen else None
        box = _box(asked, detector, frame.image)
        if box is None:
            return None
        tracker = SingleTracker(asked.method, detector=detector, redetect=asked.redetect, **_of(task, SotSettings))
        return tracker.init(frame.image, box), tracker.update

    return begin


def _box(asked: SotRequest, detector: Detector | None, image: Image) -> FloatArray | None:
    """Return the box to begin with, xyxy; None if the object is not in this picture."""
    from sportstrack.detect.common import class_ids

    if asked.init is not None:
        x, y, width, height = asked.init
        return np.array([x, y, x + width, y + height], float)
    assert detector is not None
    assert asked.detect is not None
    found = detector([image])[0]
    wanted = class_ids([asked.detect], detector.names) or []
    rows = [i for i, kind in enumerate(found.class_id.tolist()) if kind in wanted]
    return found.xyxy[max(rows, key=lambda i: float(found.score[i]))] if rows else None


def _detector(task: Task) -> Detector:
    from sportstrack.detect import load_detector

    how = DetectorSettings(**_of(task, DetectorSettings))
    names = ("imgsz", "device", "engine", "precision", "enhance", "thermal")
    return load_detector(how.detector or how.weights, **{name: getattr(how, name) for name in names})


def _of(task: Task, config: type) -> dict[str, Any]:
    known = {one.name for one in fields(config)}
    return {name: value for name, value in task.settings.items() if name in known}


def _write_tracks(task: Task, about: dict[str, Any], text: str | None) -> None:
    from sportstrack.mot import class_ids, read_mot

    if text is not None and Path(text).is_file():
        rows = read_mot(text)
        classes = class_ids(rows.class_id)
        write_table(task.tracks, about, rows.frame, rows.track_id, rows.xyxy, rows.score, classes, about["frame_rate"])


RUNNERS = {"sot": run_sot}
