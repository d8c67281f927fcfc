"""Crops per identity, to train person re-identification: ``train/IDENTITY/FRAME.jpg``, ``query/`` and ``gallery/``.

An identity is a track of a clip, ``CLIP_0007``. Those of the train split are for training; of the others (val, test),
evenly spaced crops are the questions and the rest the gallery to search.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.formats.motfolders import require_clips
from data_prep.output import Group, WriteSettings, lost_polygons, prepared, staged, write_groups
from data_prep.pictures import Tick, read_pictures, write_picture
from data_prep.table import NO_TRACK, ObjectArray, Table
from data_prep.trim import trim
from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Image, IntArray


@dataclass(frozen=True)
class CropSettings:
    """Which crops are worth having.

    Attributes:
        least_height: pixels that a box must be high.
        least_visibility: share that must be seen, where the source says so.
        least_crops: an identity with fewer is left out.
        queries: crops per identity of val and test that become questions.
    """

    least_height: int = 32
    least_visibility: float = 0.3
    least_crops: int = 2
    queries: int = 1


def write_crops(
    table: Table, out: str | Path, settings: WriteSettings | None = None, crops: CropSettings | None = None
) -> dict[str, Any]:
    """Cut out every identity and return the manifest, which counts what was left out.

    ``identities.json`` holds clip, track, class, role, team and shirt number of each.

    Raises:
        SettingError: single pictures, labels alone, or no box worth a crop.
        FormatError, OutputError: as `data_prep.formats.yolo.write_yolo`.
    """
    settings, crops = settings or WriteSettings(), crops or CropSettings()
    require_clips(table, "crops")
    if not settings.pictures:
        raise SettingError("crops are pictures; leave --labels-only away")
    # the crops are cut from the pictures at full size; settings.size is for whole pictures
    table = prepared(table, replace(settings, size=None))
    with staged(out, table, replace(settings, source={**settings.source, "crops": vars(crops)}), "crops") as stage:
        if stage.complete:
            return stage.manifest
        trimmed = trim(table)
        chosen, counts = _choose(trimmed.table, crops)
        if not chosen.any():
            reasons = ", ".join(f"{number} {reason}" for reason, number in counts.items())
            raise SettingError(f"no crops: of {len(chosen)} boxes {reasons}; see data_prep.formats.crops.CropSettings")
        part = trimmed.table.keep_boxes(chosen)
        name = _names(part)
        where = _folders(part, name, crops)
        for folder in sorted({f"{f}/{n}" for f, n in zip(where.tolist(), name.tolist(), strict=True)}):
            (stage.folder / folder).mkdir(parents=True, exist_ok=True)

        def work(group: Group, tick: Tick) -> None:
            for row, image in read_pictures(part.images[group.rows]):
                _cut(part, int(group.rows[row]), image, stage.folder, where, name)
                tick()

        write_groups(stage, part, settings, work)
        stage.write("identities.json", json.dumps(_identities(part, name), indent=1, ensure_ascii=False) + "\n")
        stage.manifest.update(
            splits=_count(where, name), left_out=counts, notes=[*table.notes, *lost_polygons(table, "a crop")]
        )
        return stage.manifest


def _choose(table: Table, crops: CropSettings) -> tuple[BoolArray, dict[str, int]]:
    """(N,) the boxes worth a crop, and how many were left out for which reason."""
    boxes = table.boxes
    low = boxes.xyxy[:, 3] - boxes.xyxy[:, 1] < crops.least_height
    hidden = (boxes.visibility >= 0) & (boxes.visibility < crops.least_visibility)
    no_identity = boxes.track_id == NO_TRACK
    good = ~(low | hidden | no_identity)
    clip = table.images.sequence[boxes.image]
    _, identity = np.unique(np.stack([clip, boxes.track_id], axis=1), axis=0, return_inverse=True)
    identity = identity.reshape(-1)
    few = good & (np.bincount(identity[good], minlength=len(boxes) + 1)[identity] < crops.least_crops)
    reasons = {"without identity": no_identity, "too low": low, "too little visible": hidden}
    reasons["identities with few"] = few
    return good & ~few, {name: int(mask.sum()) for name, mask in reasons.items()}


def _names(table: Table) -> ObjectArray:
    """(N,) the identity of each box."""
    clips = table.images.sequence[table.boxes.image].tolist()
    names = np.empty(len(clips), dtype=object)
    names[:] = [
        f"{table.sequences[clip].name}_{track:04d}"
        for clip, track in zip(clips, table.boxes.track_id.tolist(), strict=True)
    ]
    return names


def _folders(table: Table, name: ObjectArray, crops: CropSettings) -> ObjectArray:
    """(N,) train, query or gallery."""
    where = np.empty(len(name), dtype=object)
    where[:] = np.where(table.box_split() == "train", "train", "gallery")
    order = np.argsort(name.astype(str), kind="stable")
    _, first = np.unique(name[order].astype(str), return_index=True)
    for rows in np.split(order, first[1:]):
        if len(rows) and where[rows[0]] == "gallery":
            count = min(crops.queries, len(rows) - 1)
            where[rows[_evenly(len(rows), count)]] = "query"
    return where


def _evenly(count: int, wanted: int) -> IntArray:
    return ((np.arange(wanted) + 0.5) * count / max(wanted, 1)).astype(np.int64)


def _cut(table: Table, row: int, image: Image, folder: Path, where: ObjectArray, name: ObjectArray) -> None:
    frame = int(table.images.frame[row]) + 1
    for box in range(table.starts[row], table.starts[row + 1]):
        x1, y1 = np.floor(table.boxes.xyxy[box, :2]).astype(int)
        x2, y2 = np.ceil(table.boxes.xyxy[box, 2:]).astype(int)
        target = folder / where[box] / name[box] / f"{frame:06d}.jpg"
        if not target.exists():
            write_picture(str(target), np.ascontiguousarray(image[y1:y2, x1:x2]))


def _identities(table: Table, name: ObjectArray) -> dict[str, Any]:
    return dict(_each_identity(table, name))


def _each_identity(table: Table, name: ObjectArray) -> Iterator[tuple[str, dict[str, Any]]]:
    clips = table.images.sequence[table.boxes.image]
    for identity, row in zip(*np.unique(name.astype(str), return_index=True), strict=True):
        clip, track = int(clips[row]), int(table.boxes.track_id[row])
        info = table.tracks.get((clip, track))
        yield (
            str(identity),
            {
                "clip": table.sequences[clip].name,
                "track": track,
                "class": table.classes[table.boxes.class_id[row]],
                **({"role": info.role, "team": info.team, "number": info.number} if info else {}),
            },
        )


def _count(where: ObjectArray, name: ObjectArray) -> dict[str, dict[str, int]]:
    return {
        folder: {"crops": int((where == folder).sum()), "identities": len(set(name[where == folder].tolist()))}
        for folder in ("train", "query", "gallery")
        if (where == folder).any()
    }
