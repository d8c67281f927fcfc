"""YOLO data sets, as Ultralytics trains from them: ``images/``, ``labels/`` and ``data.yaml``.

A label file has a line per box, ``class cx cy w h`` or a polygon ``class x1 y1 x2 y2 …``, as shares of the picture.
Ultralytics reads a line of four shares beside polygons as two points, and drops all polygons of a data set that has
boxes without: so where any box has a polygon, the others are written as rectangles. A line holds one polygon: several
parts are joined by bridges without width, as Ultralytics' own converter joins them. Beside the labels, ``tracks/``
keeps what they cannot say: identities, roles, teams and shirt numbers, and the clips.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.output import Group, WriteSettings, describe, place_group, prepared, staged, write_groups
from data_prep.pictures import Tick
from data_prep.polygons import Polygons
from data_prep.stage import StagedFolder
from data_prep.table import NO_SEQUENCE, Table
from data_prep.trim import trim, without_empty_polygons
from sportstrack.types import IntArray

DIGITS = 8  # after the point: 8K pictures come back to 1e-4 pixels
_ONE = 10**DIGITS
_APART = 1.0  # pixels by which a box may differ from the one around its polygon without a note
_CELL = DIGITS + 3  # letters of a share: a space, a digit, the point and the digits after it


def write_yolo(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Write a YOLO data set and return its manifest.

    Boxes and polygons are clipped to their pictures; ignored ones and those outside are left out; all three are counted
    in the manifest. Pictures without ground truth get no label file; labelled ones without a box an empty one.

    Raises:
        FormatError: a table that is not sound, or pictures that cannot be read.
        OutputError: the place holds something else or cannot be written.
    """
    settings = settings or WriteSettings()
    table = prepared(table, settings)
    with staged(out, table, settings, "yolo") as stage:
        if stage.complete:
            return stage.manifest
        trimmed = trim(table)
        written = without_empty_polygons(trimmed.table)
        labels = Labels.of(written)
        describe(stage, written, notes=polygon_notes(written))
        split = table.box_split()
        for name, counts in stage.manifest["splits"].items():
            counts["labels_sha256"] = labels.digest(np.flatnonzero(written.images.split == name))
            counts |= trimmed.counts(split == name)
        writer = YoloWriter(stage, written, labels, settings)
        write_groups(stage, table, settings, writer.write, each=not (settings.copy or settings.size))
        stage.write("data.yaml", data_yaml(table))
        return stage.manifest


@dataclass(frozen=True, eq=False)
class Labels:
    """All label lines of a table as one text.

    Attributes:
        text: the lines, one after the other.
        start: (M + 1,) where those of picture i begin; its lines are ``text[start[i]:start[i + 1]]``.
    """

    text: bytes
    start: list[int]

    @classmethod
    def of(cls, table: Table) -> Labels:
        """Format the boxes of a trimmed table."""
        boxes = table.boxes
        if boxes.polygons is not None:
            return cls._of_polygons(table, boxes.polygons)
        size = np.tile(table.images.size[boxes.image], 2).astype(np.float64)
        share = boxes.xyxy / size
        centred = np.hstack([(share[:, :2] + share[:, 2:]) / 2, share[:, 2:] - share[:, :2]])
        text, ends = _lines(boxes.class_id, centred)
        return cls(text, np.concatenate([[0], ends])[table.starts].tolist())

    @classmethod
    def _of_polygons(cls, table: Table, polygons: Polygons) -> Labels:
        boxes = table.boxes
        polygons = polygons.with_rectangles(boxes.xyxy).in_one_part()
        size = table.images.size[boxes.image[polygons.box_of_point]].astype(np.float64)
        text = _cells(np.clip(polygons.points / size, 0.0, 1.0)).tobytes()
        stops = (polygons.part[polygons.box] * 2 * _CELL).tolist()
        lines = [
            b"%d%b\n" % (kind, text[low:high])
            for kind, low, high in zip(boxes.class_id.tolist(), stops[:-1], stops[1:], strict=True)
        ]
        ends = np.cumsum([0, *map(len, lines)])
        return cls(b"".join(lines), ends[table.starts].tolist())

    def digest(self, rows: IntArray) -> str:
        """Return the SHA-256 of the lines of some pictures."""
        digest = hashlib.sha256()
        for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
            digest.update(self.text[self.start[run[0]] : self.start[run[-1] + 1]])
        return digest.hexdigest()


def data_yaml(table: Table) -> str:
    """Return the data set's description for Ultralytics; paths are relative to the file."""
    import yaml

    labelled = {s for s in table.splits if table.images.labelled[table.images.split == s].any()}
    val = next((name for name in ("val", "test", "train") if name in labelled), "train")
    train = "train" if "train" in table.splits else val
    note = "" if val == "val" else f"# there is no val split; {val} stands in for it, so its scores flatter\n"
    text = f"train: images/{train}\n{note}val: images/{val}\n"
    text += "".join(f"{name}: images/{name}\n" for name in table.splits if name not in ("train", "val"))
    names: str = yaml.safe_dump({"names": dict(enumerate(table.classes))}, allow_unicode=True, sort_keys=False)
    return text + names


@dataclass(frozen=True, eq=False)
class YoloWriter:
    """Writes pictures and labels of groups into a folder, as YOLO's layout has them."""

    stage: StagedFolder
    table: Table
    labels: Labels
    settings: WriteSettings

    def write(self, group: Group, tick: Tick) -> None:
        """Write one group; pictures only if the settings want them."""
        if self.settings.pictures:
            place_group(self.table, group, self.stage.folder / "images" / group.split, self.settings, tick)
        self._write_labels(group)
        if self.table.images.sequence[group.rows[0]] != NO_SEQUENCE:
            self._write_tracks(group)

    def _write_labels(self, group: Group) -> None:
        root, base = f"{self.stage.folder}/", f"labels/{group.split}/"
        Path(root, base, group.folder).mkdir(parents=True, exist_ok=True)
        images, text, start = self.table.images, self.labels.text, self.labels.start
        names, labelled = images.name[group.rows].tolist(), images.labelled[group.rows].tolist()
        for row, name, known in zip(group.rows.tolist(), names, labelled, strict=True):
            if known:
                path, lines = f"{base}{name[: name.rindex('.')]}.txt", text[start[row] : start[row + 1]]
                write_small(root + path, lines)
                self.stage.texts[path] = lines

    def _write_tracks(self, group: Group) -> None:
        for index in np.unique(self.table.images.sequence[group.rows]).tolist():
            sidecar = json.dumps(clip_to_json(self.table, index), ensure_ascii=False)
            sequence = self.table.sequences[index]
            target = self.stage.folder / "tracks" / group.split / f"{sequence.name}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(sidecar + "\n", encoding="utf-8", errors="backslashreplace")


def clip_to_json(table: Table, index: int) -> dict[str, Any]:
    """Return what YOLO labels cannot hold of a clip; ``frames`` has each picture's frame (from 0) and track ids."""
    sequence = table.sequences[index]
    rows = np.flatnonzero(table.images.sequence == index)
    start, tracks = table.starts, table.boxes.track_id
    frames = {
        table.images.name[row]: [int(table.images.frame[row]), tracks[start[row] : start[row + 1]].tolist()]
        for row in rows.tolist()
    }
    infos = {
        str(track): {"role": info.role, "team": info.team, "number": info.number}
        for (clip, track), info in table.tracks.items()
        if clip == index
    }
    return {
        "name": sequence.name,
        "width": int(table.images.size[rows[0], 0]),
        "height": int(table.images.size[rows[0], 1]),
        "frame_rate": sequence.frame_rate,
        "length": sequence.length,
        "match": sequence.match,
        "tracks": infos,
        "frames": frames,
    }


def write_small(path: str, data: bytes) -> None:
    """Write a small file; three system calls, because a data set has tens of thousands of them."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        written = os.write(file, data)
        while written < len(data):  # an almost full disk takes a part; the next call says so
            written += os.write(file, data[written:])
    finally:
        os.close(file)


def polygon_notes(table: Table) -> list[str]:
    """Return what YOLO labels cannot say of a trimmed table's polygons, as sentences."""
    boxes, polygons = table.boxes, table.boxes.polygons
    if polygons is None:
        return []
    apart = np.abs(polygons.extents() - boxes.xyxy).max(axis=1) > _APART  # False where there is no polygon
    counts = (
        (~polygons.there, "boxes have no polygon and are written as rectangles, because other boxes have one"),
        (np.diff(polygons.box) > 1, "polygons have several parts, which are joined by bridges without width"),
        (apart, "boxes are not the ones around their polygons; a YOLO label holds the polygon alone"),
    )
    return [f"{rows.sum():,} {text}" for rows, text in counts if rows.any()]


def _lines(class_id: IntArray, shares: NDArray[np.float64]) -> tuple[bytes, IntArray]:
    """Format (N,) classes and (N, 4) shares 0…1 as lines; return the text and the (N,) ends of the lines.

    A line has a fixed layout, so digits are looked up and put in their columns for all lines at once: formatting number
    by number takes ten times as long.
    """
    count = len(class_id)
    wide = len(str(class_id.max())) if count else 1
    line = np.empty((count, wide + 4 * _CELL + 1), np.uint8)
    line[:, :wide] = _last_digits(class_id.astype(np.uint32), wide)
    line[:, wide:-1] = _cells(shares).reshape(count, 4 * _CELL)
    line[:, -1] = ord("\n")
    if wide == 1:
        return line.tobytes(), np.arange(1, count + 1) * line.shape[1]
    shown = np.ones(line.shape, np.bool_)
    for i in range(1, wide):
        shown[:, wide - 1 - i] = class_id >= 10**i  # no zeros in front of a class
    return line[shown].tobytes(), np.cumsum(shown.sum(axis=1))


def _cells(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(…, 11) letters of shares 0…1, such as `` 0.12345678``."""
    cells = np.empty((*shares.shape, _CELL), np.uint8)
    cells[...] = np.frombuffer(b" 0." + bytes(DIGITS), np.uint8)
    whole, rest = np.divmod(np.rint(shares * _ONE).astype(np.uint32), np.uint32(_ONE))
    cells[..., 1] += whole.astype(np.uint8)
    cells[..., 3:] = _last_digits(rest, DIGITS)
    return cells


def _last_digits(values: NDArray[np.uint32], count: int) -> NDArray[np.uint8]:
    """(…, count) the last decimal digits of whole numbers, as ASCII; looked up by fours."""
    fours = np.array([b"%04d" % i for i in range(10_000)]).view(np.uint32)
    parts = []
    for _ in range(0, count, 4):
        values, four = np.divmod(values, np.uint32(10_000))
        parts.append(fours[four][..., None].view(np.uint8))
    digits: NDArray[np.uint8] = np.concatenate(parts[::-1], axis=-1)[..., -count:]
    return digits
