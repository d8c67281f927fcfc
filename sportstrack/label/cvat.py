"""CVAT for video 1.1: tracks with key frames, as ``Upload annotations`` takes them.

https://docs.cvat.ai/docs/manual/advanced/xml_format/#interpolation. On import CVAT keeps the boxes with
``keyframe="1"`` and draws the others on straight lines between them; ``outside="1"`` ends a track, or opens a gap in
it; ``occluded="1"`` marks here what no detector saw.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from sportstrack.files.claim import write_text
from sportstrack.label.keyframes import keyframes
from sportstrack.label.masks import polygons_of
from sportstrack.label.table import LabelledVideo
from sportstrack.refine.table import TrackTable
from sportstrack.types import FloatArray

TOLERANCE = 0.05  # share of the box height; a detector's boxes jitter by nearly as much


def write_cvat(video: LabelledVideo, path: str | Path, tolerance: float = TOLERANCE) -> None:
    """Write a video's labels as CVAT for video 1.1.

    Args:
        video: the labels.
        path: of the XML file.
        tolerance: how far a box between two key frames may lie beside the line, a share of its height; more means fewer
            key frames.

    Raises:
        OutputError: it cannot be written.
    """
    write_text(path, cvat_text(video, tolerance))


def cvat_text(video: LabelledVideo, tolerance: float = TOLERANCE) -> str:
    """Return what `write_cvat` writes."""
    video = _as_task(video)
    root = ElementTree.Element("annotations")
    _put(root, "version", "1.1")
    root.append(_meta(video))
    step = int(np.diff(video.frames).min()) if len(video.frames) > 1 else 1
    polygons = polygons_of(video)
    for number, (low, high) in enumerate(pairwise(video.boxes.starts().tolist())):
        if any(polygons[low:high]):
            root.append(_outlines(number, video.boxes[low:high], polygons[low:high], video, step))
        else:
            root.append(_track(number, video.boxes[low:high], video, step, tolerance))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _as_task(video: LabelledVideo) -> LabelledVideo:
    """Return the labels with frames numbered as a CVAT task of the source counts them: its pictures, one by one."""
    if video.read is None or len(video.read) == video.length:
        return video
    frames = np.searchsorted(video.read, video.frames)
    boxes = replace(video.boxes, frame=np.searchsorted(video.read, video.boxes.frame))
    return replace(video, frames=frames, boxes=boxes, length=len(video.read), read=None)


def cvat_labels(classes: tuple[str, ...], kind: str = "rectangle") -> str:
    """Return the task's labels as JSON, for the tab ``Raw`` of CVAT's task form; labels must be there before import."""
    return json.dumps([{"name": name, "type": kind, "attributes": []} for name in classes], indent=1) + "\n"


def shape_kind(video: LabelledVideo) -> str:
    """Return CVAT's word for the shapes of a video's labels: rectangles, or any where some are polygons."""
    return "rectangle" if video.masks is None else "any"


def _meta(video: LabelledVideo) -> ElementTree.Element:
    meta = ElementTree.Element("meta")
    task = ElementTree.SubElement(meta, "task")
    last = max(video.length - 1, 0)
    for tag, value in (
        ("name", video.name), ("size", video.length), ("mode", "interpolation"), ("overlap", 0), ("bugtracker", ""),
        ("flipped", False), ("start_frame", 0), ("stop_frame", last), ("frame_filter", ""),
    ):  # fmt: skip
        _put(task, tag, value)
    labels = ElementTree.SubElement(task, "labels")
    for name in video.classes:
        label = ElementTree.SubElement(labels, "label")
        _put(label, "name", name)
        _put(label, "type", shape_kind(video))
        ElementTree.SubElement(label, "attributes")
    size = ElementTree.SubElement(task, "original_size")
    _put(size, "width", video.width)
    _put(size, "height", video.height)
    return meta


def _track(number: int, rows: TrackTable, video: LabelledVideo, step: int, tolerance: float) -> ElementTree.Element:
    label = video.classes[int(rows.class_id[0])]
    track = ElementTree.Element("track", id=str(number), label=label, source="auto")
    breaks = np.flatnonzero(np.diff(rows.frame) > step) + 1
    for low, high in pairwise([0, *breaks.tolist(), len(rows)]):
        run = rows[low:high]
        key = keyframes(run.frame, run.xyxy, run.filled, tolerance)
        for row in range(len(run)):
            _box(track, run, row, int(run.frame[row]), key=bool(key[row]))
        after = int(run.frame[-1]) + step
        if after < video.length:
            _box(track, run, -1, after, key=True, outside=True)
    return track


def _outlines(
    number: int, rows: TrackTable, polygons: list[list[FloatArray]], video: LabelledVideo, step: int
) -> ElementTree.Element:
    """Return a track of polygons, one for each frame with a mask; CVAT draws those between them by itself."""
    from data_prep.polygons import join_parts

    label = video.classes[int(rows.class_id[0])]
    track = ElementTree.Element("track", id=str(number), label=label, source="auto")
    last = None
    for row, parts in enumerate(polygons):
        frame = int(rows.frame[row])
        if last is not None and frame > last[0] + step and not rows.filled[row - 1]:
            _polygon(track, last[0] + step, last[1], outside=True)  # a gap
        if parts:
            last = (frame, join_parts(parts))
            _polygon(track, *last)
    if last is not None and last[0] + step < video.length:
        _polygon(track, last[0] + step, last[1], outside=True)
    return track


def _polygon(track: ElementTree.Element, frame: int, points: FloatArray, *, outside: bool = False) -> None:
    text = ";".join(f"{x:.2f},{y:.2f}" for x, y in points.tolist())
    flags = {"outside": str(int(outside)), "occluded": "0", "keyframe": "1"}
    ElementTree.SubElement(track, "polygon", {"frame": str(frame)} | flags | {"points": text, "z_order": "0"})


def _box(
    track: ElementTree.Element, run: TrackTable, row: int, frame: int, *, key: bool, outside: bool = False
) -> None:
    corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{v:.2f}" for v in run.xyxy[row].tolist()), strict=True))
    flags = {"outside": outside, "occluded": run.filled[row], "keyframe": key}
    attributes = {"frame": str(frame)} | {name: str(int(flag)) for name, flag in flags.items()}
    ElementTree.SubElement(track, "box", attributes | corners | {"z_order": "0"})


def _put(parent: ElementTree.Element, tag: str, value: Any) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)
