"""The corrected tracks in every format that this program writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from sportstrack.edit.clip import EditClip, raw_times
from sportstrack.edit.tracks import TracksToEdit
from sportstrack.edits import Edited
from sportstrack.errors import SettingError, unknown
from sportstrack.files.claim import Claim, file_name
from sportstrack.identities import write_identities
from sportstrack.label import LabelledVideo, cvat_labels, labelstudio_config, write_yolo_labels
from sportstrack.label.coco import coco_text
from sportstrack.label.cvat import cvat_text
from sportstrack.label.labelstudio import labelstudio_text
from sportstrack.label.table import numbered, on_frames, one_class_each, within
from sportstrack.mot import class_ids, write_mot
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.sinks import CsvSink, JsonLinesSink

COMMAND = "sportstrack edit"
FORMATS = {
    "mot": "MOT text, and who is who as CSV",
    "csv": "CSV, one row a box",
    "jsonl": "JSON lines, one object a frame",
    "cvat": "CVAT for video 1.1",
    "labelstudio": "Label Studio",
    "coco": "COCO JSON",
    "yolo": "YOLO data set with pictures, for training",
}
"""Format → what it is, in the order in which they are offered."""


def write_export(
    form: str, edited: Edited, clip: EditClip, tracks: TracksToEdit, folder: Path, *, every: int = 1
) -> list[Path]:
    """Write corrected tracks beside others; return the files, or the folder of a data set.

    Args:
        form: one of `FORMATS`.
        edited: the tracks.
        clip: their video.
        tracks: what they were before.
        folder: where the files go; their names begin with that of the video and ``.edited``.
        every: every how many frames one is written, for training formats.

    Raises:
        SettingError: no such format.
        OutputError: a file cannot be written, or is not this program's to replace.
        SourceError: the video cannot be read.
    """
    if form not in FORMATS:
        raise SettingError(unknown("format", form, FORMATS))
    stem = f"{file_name(clip.name)}.edited"
    if form == "yolo":
        place = folder / f"{stem}.yolo"
        write_yolo_labels([_labels(edited, clip, tracks, every)], place, overwrite=True)
        return [place]
    if form in _SINKS:
        return _rows(form, edited, clip, tracks, folder, stem)
    names = [f"{stem}.txt", f"{stem}.identities.csv"] if form == "mot" else [name for name, _ in _LABELS[form](stem)]
    with Claim(
        folder, names, command=COMMAND, source=clip.path, inputs=[tracks.path, clip.path], overwrite=True
    ) as claim:
        if form == "mot":
            files = [claim.file(name) for name in names]
            write_mot(files[0], edited.tracks)
            write_identities(files[1], edited.identities)
        else:
            labels = _labels(edited, clip, tracks, every)
            for name, make in _LABELS[form](stem):
                claim.write_text(name, make(labels))
    return [folder / name for name in names]


def _rows(form: str, edited: Edited, clip: EditClip, tracks: TracksToEdit, folder: Path, stem: str) -> list[Path]:
    """Write one of the formats that ``sportstrack track`` writes frame by frame."""
    name = f"{stem}{_SINKS[form].suffix}"
    with Claim(
        folder, [name], command=COMMAND, source=clip.path, inputs=[tracks.path, clip.path], overwrite=True
    ) as claim:
        sink = _SINKS[form](folder / name, tracks.names, with_who=len(edited.identities) > 0)
        times = raw_times(clip)
        frames = np.arange(tracks.start, clip.frames, tracks.every)
        for frame, found in zip(frames.tolist(), edited.tracks.to_tracks(frames), strict=True):
            said = {track: edited.identities.at(track, frame) for track in found.track_id.tolist()}
            known = {track: one for track, one in said.items() if one is not None}
            sink.write(TrackedFrame(frame, float(times[frame]), tracks=found, names=tracks.names, identities=known))
        sink.finish()
        claim.complete([sink.file])
    return [folder / name]


_SINKS: dict[str, type[CsvSink] | type[JsonLinesSink]] = {"csv": CsvSink, "jsonl": JsonLinesSink}
_LABELS: dict[str, Callable[[str], list[tuple[str, Callable[[LabelledVideo], str]]]]] = {
    "cvat": lambda stem: [
        (f"{stem}.cvat.xml", cvat_text),
        (f"{stem}.cvat.labels.json", lambda v: cvat_labels(v.classes)),
    ],
    "labelstudio": lambda stem: [
        (f"{stem}.labelstudio.json", labelstudio_text),
        (f"{stem}.labelling-interface.xml", lambda v: labelstudio_config(v.classes)),
    ],
    "coco": lambda stem: [(f"{stem}.coco.json", coco_text)],
}


def _labels(edited: Edited, clip: EditClip, tracks: TracksToEdit, every: int) -> LabelledVideo:
    """Return the tracks as labels: within the picture, one class a track."""
    step = max(every, tracks.every)
    frames = np.arange(tracks.start, clip.frames, step)
    boxes = one_class_each(edited.tracks)
    kinds = class_ids(boxes.class_id)
    names = {
        number: tracks.names.get(number, "player" if number < 0 else str(number))
        for number in np.unique(kinds).tolist()
    }
    boxes, classes = numbered(replace(boxes, class_id=kinds), names)
    boxes = on_frames(within(boxes, clip.width, clip.height), frames)
    read = np.array([index for index, _ in clip.images], np.int64) if clip.images else None
    return LabelledVideo(
        file_name(clip.name), str(clip.path), clip.width, clip.height, clip.frame_rate, clip.frames, frames,
        boxes.ordered(), classes, True, read,
    )  # fmt: skip
