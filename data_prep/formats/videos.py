"""Clips as videos: ``SPLIT/CLIP.mp4`` (H.264), with the truth beside it as MOT text."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.formats.motfolders import consecutive, mot_text, require_clips
from data_prep.output import Group, WriteSettings, describe, prepared, staged, write_groups
from data_prep.pictures import Tick, read_pictures
from data_prep.stage import StagedFolder
from data_prep.table import Table
from sportstrack.errors import SettingError

DEFAULT_RATE = 25.0


def write_videos(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Encode each clip and write its boxes beside it; return the manifest.

    Raises:
        SettingError: single pictures, or labels alone.
        FormatError, OutputError: as `data_prep.formats.yolo.write_yolo`.
    """
    settings = settings or WriteSettings()
    require_clips(table, "video")
    if not settings.pictures:
        raise SettingError("videos are pictures; leave --labels-only away")
    table = prepared(table, settings)
    with staged(out, table, settings, "video") as stage:
        if stage.complete:
            return stage.manifest
        describe(stage, table, without_polygons="MOT text")

        def work(group: Group, tick: Tick) -> None:
            for clip in np.unique(table.images.sequence[group.rows]).tolist():
                rows = group.rows[table.images.sequence[group.rows] == clip]
                _write_clip(stage, table, Group(group.split, table.sequences[clip].name, rows), clip, tick)

        write_groups(stage, table, settings, work)
        return stage.manifest


def _write_clip(stage: StagedFolder, table: Table, group: Group, clip: int, tick: Tick) -> None:
    from sportstrack.video import VideoWriter, as_rate

    rows = group.rows[np.argsort(table.images.frame[group.rows], kind="stable")]
    frames, step = consecutive(table.images.frame[rows])
    rate = as_rate((table.sequences[clip].frame_rate or DEFAULT_RATE) / step)
    width, height = table.images.size[rows[0]].tolist()
    path = stage.folder / group.split / f"{group.folder}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = stage.work / f"{clip}.mp4"  # what a killed run leaves of it must not stay in the data set
    part.unlink(missing_ok=True)
    with VideoWriter(part, width, height, rate) as writer:
        for row, image in read_pictures(table.images[rows]):
            writer.write(image, Fraction(int(frames[row] - frames[0])) / rate)
            tick()
    part.replace(path)
    if table.images.labelled[rows].any():
        stage.write(f"{group.split}/{group.folder}.txt", mot_text(table, rows, frames - frames[0]))
