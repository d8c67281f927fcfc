"""YOLO: pictures, label files and data.yaml that training starts from, and a list of what to check first."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.files.claim import identity
from sportstrack.label.masks import polygons_of
from sportstrack.label.table import LabelledVideo

if TYPE_CHECKING:
    from data_prep.table import ImageTable, Table

READER = "label"  # in a data set's manifest
REVIEW = "review.csv"


def write_yolo_labels(
    videos: Sequence[LabelledVideo],
    folder: str | Path,
    *,
    split: str = "train",
    overwrite: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> dict[str, Any]:
    """Write a YOLO data set with the videos' frames, and ``review.csv``; return the data set's manifest.

    Args:
        videos: the labels; all need pictures.
        folder: of the data set; a stopped run goes on there.
        split: where the frames go.
        overwrite: replace a data set that this package wrote before.
        progress: called with (pictures done, pictures).

    Raises:
        SourceError: a recording, which has no pictures.
        OutputError: the folder holds something else or cannot be written.
    """
    from data_prep.formats.yolo import write_yolo
    from data_prep.output import WriteSettings

    table = to_table(videos, split)
    origin = {"reader": READER, "videos": [identity(video.source) for video in videos]}
    files = {REVIEW: review(videos)}
    how = WriteSettings(copy=True, source=origin, files=files, overwrite=overwrite, progress=progress)
    return write_yolo(table, folder, how)


def to_table(videos: Sequence[LabelledVideo], split: str = "train", *, polygons: bool = True) -> Table:
    """Return the labels as a table, which converts to any format; pictures stay in their videos.

    Args:
        videos: the labels.
        split: where the frames go.
        polygons: give masks as polygons along the edges of their pixels.

    Raises:
        SourceError: a recording, which has no pictures.
    """
    from data_prep.table import join_tables

    return join_tables(_clip(video, split, polygons and any(v.masks is not None for v in videos)) for video in videos)


def pictures_of(video: LabelledVideo) -> ImageTable:
    """Return a video's labelled frames as `data_prep.table.ImageTable`."""
    return to_table([video]).images


def review(videos: Sequence[LabelledVideo]) -> str:
    """Return a row per picture, the doubtful ones first: boxes, those filled, the least score of the others."""
    rows: list[tuple[str, int, int, float]] = []
    for video in videos:
        boxes = video.boxes
        for frame, mine in video.by_frame():
            filled = boxes.filled[mine]
            least = float(boxes.score[mine][~filled].min(initial=1.0))
            rows.append((video.picture_name(frame), len(filled), int(filled.sum()), least))
    rows.sort(key=lambda row: (-row[2], row[3], row[0]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", "boxes", "filled", "least_score"])
    writer.writerows((name, boxes, filled, f"{least:.3f}") for name, boxes, filled, least in rows)
    return text.getvalue()


def _clip(video: LabelledVideo, split: str, polygons: bool) -> Table:
    from data_prep.polygons import Polygons
    from data_prep.table import Boxes, Clip, ImageTable, Table, VideoFrame

    if not video.pictures:
        raise SourceError(
            f"{video.source}: a recording has no pictures, which YOLO labels need; name the video, and this with "
            "--detections, or choose --format cvat"
        )
    frames = video.frames
    clip = Clip(video.name, split, video.width, video.height, video.frame_rate, video.length, source=video.source)
    images = ImageTable.make(
        [video.picture_name(frame) for frame in frames.tolist()],
        size=(video.width, video.height),
        file=[VideoFrame(video.source, frame) for frame in frames.tolist()],
        split=split,
        sequence=0,
        frame=frames,
    )
    found = video.boxes
    boxes = Boxes.make(
        np.searchsorted(frames, found.frame), found.xyxy, found.class_id, track_id=found.track_id,
        visibility=np.where(found.filled, 0.0, -1.0), score=found.score,
        polygons=Polygons.make(polygons_of(video)) if polygons else None,
    )  # fmt: skip
    return Table(video.classes, (clip,), images, boxes)
