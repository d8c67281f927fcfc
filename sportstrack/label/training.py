"""Corrected tracks as all that training needs: detector labels, re-identification crops, and truth for a tuner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sportstrack.edits import apply_edits, read_edits
from sportstrack.edits.refined import refusals
from sportstrack.errors import SettingError
from sportstrack.files.claim import identity
from sportstrack.label.table import LabelledVideo, on_frames
from sportstrack.label.yolo import READER, to_table, write_yolo_labels
from sportstrack.refine.table import TrackTable

LEAST_HEIGHT = 32  # pixels of a crop
PARTS = {"detector": "YOLO data set", "people": "crops of each person", "truth": "MOT folders for tune"}
"""Folder → what is in it."""


def corrected(boxes: TrackTable, path: str | Path) -> tuple[TrackTable, list[str]]:
    """Return tracks after the edits of a file, and what is told of those that do not fit.

    The edits find their tracks by their boxes, since tracks made anew have other ids. Boxes of new tracks get the class
    that most boxes have.

    Raises:
        FormatError: the file cannot be read, or a line of it is no edit.
        SettingError: no edit fits: it is another video's file.
    """
    read = read_edits(path)
    edited = apply_edits(boxes, read.edits)
    if read.edits and edited.count("refused") == len(read.edits):
        raise SettingError(f"{path}: none of its {len(read.edits)} edits fits these tracks; is it another video's?")
    table = edited.tracks
    if len(boxes) and (unknown := table.class_id < 0).any():
        kinds, counts = np.unique(boxes.class_id, return_counts=True)
        table = replace(table, class_id=np.where(unknown, kinds[counts.argmax()], table.class_id))
    return table, refusals(path, read, edited)


def write_training(
    videos: Sequence[LabelledVideo],
    folder: str | Path,
    *,
    split: str = "train",
    every: int = 25,
    overwrite: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> dict[str, int]:
    """Write what training needs from the labels of whole videos.

    ``detector/`` is a YOLO data set of every so-manyth frame; ``people/`` holds crops, a folder for each person of each
    match, ``train/MATCH_0007/000001.jpg``; ``truth/`` holds ``train/MATCH/gt/gt.txt`` and ``seqinfo.ini``, of all
    frames.

    Args:
        videos: labels of all frames; all need pictures.
        folder: of the three.
        split: where the frames go.
        every: pictures for the detector and crops are taken from every so-manyth frame.
        overwrite: replace data sets that this package wrote before.
        progress: called with (pictures done, pictures).

    Returns:
        What was written: pictures, crops, boxes of truth.

    Raises:
        SourceError: a recording, which has no pictures.
        SettingError: no person is high enough in the picture for a crop; the other two parts are there.
        OutputError: a folder holds something else or cannot be written.
    """
    from data_prep.formats.crops import CropSettings, write_crops
    from data_prep.formats.motfolders import write_mot_folders
    from data_prep.output import WriteSettings

    place, few = Path(folder), [_thinned(video, every) for video in videos]
    origin = {"reader": READER, "videos": [identity(video.source) for video in videos]}
    how = WriteSettings(copy=True, source=origin, overwrite=overwrite)
    write_yolo_labels(few, place / "detector", split=split, overwrite=overwrite, progress=progress)
    write_mot_folders(to_table(videos, split), place / "truth", replace(how, pictures=False))
    crop = CropSettings(least_height=LEAST_HEIGHT)
    made = write_crops(to_table(few, split), place / "people", replace(how, progress=progress), crop)
    crops = sum(count for part in made["splits"].values() for count in part.values())
    return {"pictures": sum(len(v.frames) for v in few), "crops": crops, "boxes": sum(len(v.boxes) for v in videos)}


def _thinned(video: LabelledVideo, every: int) -> LabelledVideo:
    frames = video.frames[video.frames % every == 0]
    return replace(video, frames=frames, boxes=on_frames(video.boxes, frames))
