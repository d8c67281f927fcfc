"""A data set as it lies there, faults included: the table, where each box was read, and what reading has met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from data_prep.audit.findings import Finding
from data_prep.table import NO_FRAME, NO_TRACK, Boxes, Clip, ImageTable, Table, TrackInfo
from data_prep.table import join_tables as join
from sportstrack.types import BoolArray, IntArray

NO_LINE = -1


@dataclass(frozen=True, eq=False)
class AuditSource:
    """A data set read without refusing anything.

    Attributes:
        layout: ``mot``, ``yolo``, ``coco`` or ``voc``: what ``--fix`` writes.
        table: boxes as they are in the files, also NaN or turned inside out; rows that have no picture, class or
            numbers are not in it but in ``found``.
        files: the label files.
        box_file: (N,) int64 index into ``files``.
        box_line: (N,) int64 line from 1 (COCO: index of the annotation, from 0); −1 unknown.
        missing: (M,) bool: the picture should be there and is not.
        found: findings made while reading.
        word: how a line is called: ``line {}`` or ``annotations[{}]``.
    """

    layout: str
    table: Table
    files: tuple[str, ...]
    box_file: IntArray
    box_line: IntArray
    missing: BoolArray
    found: tuple[Finding, ...] = ()
    word: str = "line {}"

    @property
    def has_pictures(self) -> bool:
        """Return whether there is any picture; a data set of labels alone lacks none."""
        return any(file is not None for file in self.table.images.file.tolist())

    def keep(self, images: BoolArray | None = None, boxes: BoolArray | None = None) -> AuditSource:
        """Return the source with these pictures (M,) and boxes (N,) alone."""
        rows = self.table.boxes.image
        kept = np.ones(len(rows), np.bool_) if boxes is None else boxes
        table, missing = self.table.keep_boxes(kept), self.missing
        if images is not None:
            kept = kept & images[rows]
            table, missing = table.select(images), missing[images]
        return replace(self, table=table, missing=missing, box_file=self.box_file[kept], box_line=self.box_line[kept])

    def with_boxes(self, boxes: Boxes) -> AuditSource:
        """Return the source with other values in the same rows of boxes."""
        return replace(self, table=replace(self.table, boxes=boxes))

    def with_images(self, images: ImageTable) -> AuditSource:
        """Return the source with other values in the same rows of pictures."""
        return replace(self, table=replace(self.table, images=images))

    def of_boxes(self, kind: str, message: str, *rows: int) -> Finding:
        """Return a finding about boxes, the culprit last."""
        row = rows[-1]
        boxes = self.table.boxes
        track = int(boxes.track_id[row])
        line = int(self.box_line[row])
        found = self.of_image(kind, message, int(boxes.image[row]))
        return replace(
            found, file=self.files[self.box_file[row]], place="" if line == NO_LINE else self.word.format(line),
            track=None if track == NO_TRACK else track, boxes=rows,
        )  # fmt: skip

    def of_image(self, kind: str, message: str, *rows: int) -> Finding:
        """Return a finding about pictures, the culprit last."""
        from data_prep.pictures import show_picture

        row = rows[-1]
        images = self.table.images
        frame, file = int(images.frame[row]), images.file[row]
        return Finding(
            kind, message, file=images.name[row] if file is None else show_picture(file), split=images.split[row],
            picture=images.name[row], frame=None if frame == NO_FRAME else frame + 1, images=rows,
        )  # fmt: skip


@dataclass
class Part:
    """What is being read: one clip or one split; rows are gathered as lists.

    Attributes:
        classes: names of the classes.
        sequences: the clips.
        name, file, split, size, sequence, frame, labelled, missing: columns of the pictures.
        image, xyxy, class_id, track_id, ignore, visibility: columns of the boxes.
        box_file, line: where each box is.
        files: label files.
        found: findings.
        tracks: what is said of the tracks.
        notes: plain sentences.
    """

    classes: tuple[str, ...]
    sequences: tuple[Clip, ...] = ()
    images: ImageTable | None = None
    missing: list[bool] = field(default_factory=list)
    boxes: Boxes | None = None
    box_file: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    tracks: dict[tuple[int, int], TrackInfo] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def report(self, kind: str, message: str, file: str, line: int | None = None, split: str = "") -> None:
        """Note a finding about a line of a file."""
        self.found.append(Finding(kind, message, file, "" if line is None else f"line {line}", split))


def joined(parts: Iterable[Part], layout: str, word: str = "line {}") -> AuditSource:
    """Make a source of its parts."""
    gathered = list(parts)
    tables: list[Table] = []
    files: list[str] = []
    found: list[Finding] = []
    box_file: list[int] = []
    box_line: list[int] = []
    missing: list[bool] = []
    for part in gathered:
        images = part.images or ImageTable.make([], size=np.empty((0, 2)))
        boxes = part.boxes or Boxes.empty()
        tables.append(Table(part.classes, part.sequences, images, boxes, part.tracks, tuple(part.notes)))
        box_file += [len(files) + i for i in part.box_file]
        box_line += part.line
        missing += part.missing
        files += part.files
        found += part.found
    return AuditSource(
        layout, join(tables), tuple(files), np.array(box_file, np.int64), np.array(box_line, np.int64),
        np.array(missing, np.bool_), tuple(found), word,
    )  # fmt: skip


def shown(text: bytes | str, most: int = 80) -> str:
    """Return a line for a message, cut to length."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return repr(words.strip()[:most])


def relative(path: str | Path, root: str | Path) -> str:
    """Return a path relative to the data set where it lies in it, with ``/``."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return str(path)
