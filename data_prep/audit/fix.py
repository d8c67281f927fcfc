"""Repair of what is safe, into a new folder: boxes clipped or dropped, frames numbered anew, and a list of changes.

Nothing is guessed: a jump, a track of one frame or an odd picture may be right, so they stay and are left to a human.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.audit import rules
from data_prep.audit.findings import KINDS, Finding
from data_prep.audit.labels import Thresholds
from data_prep.audit.leaks import check_clips, check_pictures
from data_prep.audit.pixels import Measured
from data_prep.audit.run import Audit
from data_prep.audit.source import AuditSource
from data_prep.table import NO_SEQUENCE
from data_prep.trim import clip_boxes, trim, without_empty_polygons
from sportstrack.types import BoolArray, IntArray

_KEEP = {"test": 0, "val": 1, "train": 3}  # which of two copies stays: scores on test and val stay comparable
_WRITERS = {
    "mot": ("data_prep.formats.motfolders", "write_mot_folders"),
    "yolo": ("data_prep.formats.yolo", "write_yolo"),
    "coco": ("data_prep.formats.coco", "write_coco"),
    "voc": ("data_prep.formats.voc", "write_voc"),
}


@dataclass(frozen=True)
class Change:
    """One repair.

    Attributes:
        action: ``drop``, ``clip``, ``re-number`` or ``restate``; ``rewrite`` is what the layout cannot hold.
        kind: the finding that it mends, or "".
        what: what was changed into what.
        file: label file, picture or folder in the old data set.
        place: line or annotation in it.
        split: the split.
        picture: the picture's name.
        frame: from 1; None where there is none.
        track: identity; None without one.
    """

    action: str
    kind: str
    what: str
    file: str = ""
    place: str = ""
    split: str = ""
    picture: str = ""
    frame: int | None = None
    track: int | None = None

    @classmethod
    def of(cls, action: str, found: Finding, what: str = "") -> Change:
        """Return the change that mends a finding."""
        return cls(
            action, found.kind, what or found.message, found.file, found.place, found.split, found.picture,
            found.frame, found.track,
        )  # fmt: skip


def repair(
    source: AuditSource, measured: dict[int, Measured], thresholds: Thresholds, ignore: Sequence[str] = ()
) -> tuple[AuditSource, list[Change]]:
    """Return the data set without what can be mended safely, and what was done about it.

    Args:
        source: as it was read.
        measured: what was measured on its pixels, by row of ``source``.
        thresholds: as in the audit.
        ignore: kinds to leave alone.
    """
    work = _Repair(source, dict(measured), thresholds, frozenset(ignore))
    work.run()
    return work.source, work.changes


def write_repaired(
    found: Audit, out: str | Path, thresholds: Thresholds, *, ignore: Sequence[str] = (), copy: bool = False,
    overwrite: bool = False, workers: int = 1, progress: Callable[[int, int | None], None] | None = None,
) -> list[Change]:  # fmt: skip
    """Repair an audited data set into a new folder of the same layout; changes are listed in ``OUT/changes.csv``.

    Raises:
        FormatError: nothing is left, or names that would collide. OutputError: the folder holds something else, or
            cannot be written.
    """
    from data_prep.output import WriteSettings

    source, changes = repair(found.source, found.measured, thresholds, ignore)
    if source.layout == "yolo":
        from data_prep.formats.yolo import polygon_notes

        trimmed = without_empty_polygons(trim(source.table).table)
        changes += [Change("rewrite", "", note) for note in polygon_notes(trimmed)]  # what its labels cannot hold
    settings = WriteSettings(
        copy=copy, pictures=source.has_pictures, workers=workers, overwrite=overwrite, progress=progress,
        source={"reader": "audit --fix", "root": str(Path(found.root).absolute())},
        files={"changes.csv": changes_text(changes)},
    )  # fmt: skip
    module, function = _WRITERS[source.layout]
    getattr(import_module(module), function)(source.table, out, settings)
    return changes


def changes_text(changes: Sequence[Change], kind: str = "csv") -> str:
    """Return the changes as CSV, or as JSON."""
    if kind == "json":
        return json.dumps([asdict(change) for change in changes], indent=1, ensure_ascii=False) + "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [column.name for column in fields(Change)]
    writer.writerow(columns)
    writer.writerows([getattr(change, column) for column in columns] for change in changes)
    return text.getvalue()


class _Repair:
    """The repair in its order: pictures first, because a picture's size says which boxes are in it."""

    def __init__(
        self, source: AuditSource, measured: dict[int, Measured], thresholds: Thresholds, ignore: frozenset[str]
    ):
        self.source, self.thresholds, self._measured = source, thresholds, measured
        self.ignore = ignore
        self.changes: list[Change] = []

    def run(self) -> None:
        self._unread()
        self._sizes()
        self._pictures()
        self._copies()
        self._boxes()
        self._identities()
        if self.source.layout == "mot" and self.source.has_pictures:
            self._frames()

    def _unread(self) -> None:
        """Note what reading has left out."""
        for found in self.source.found:
            if found.kind == "frame count":
                self.changes.append(Change.of("restate", found))
            elif KINDS[found.kind].fix:
                self.changes.append(Change.of("drop", found))
        self.source = replace(self.source, found=())

    def _sizes(self) -> None:
        """Restate the size of clips and pictures whose boxes fit the pictures' own size; the others are dropped."""
        if "picture size" in self.ignore:
            return
        images = self.source.table.images
        wrong: dict[tuple[int, int], list[int]] = defaultdict(list)
        for row, m in self._measured.items():
            clip = int(images.sequence[row])
            if not m.error:
                wrong[clip, row if clip == NO_SEQUENCE else -1].append(row)
        kept = np.ones(len(images), np.bool_)
        size, clips = images.size.copy(), {}
        for (clip, _), rows in wrong.items():
            real = {(self._measured[row].width, self._measured[row].height) for row in rows}
            odd = [row for row in rows if tuple(images.size[row].tolist()) != self._size(row)]
            if not odd:
                continue
            members = np.flatnonzero(images.sequence == clip) if clip != NO_SEQUENCE else np.array(rows)
            if len(real) == 1 and self._fits(members, new := real.pop()):
                size[members] = new
                clips[clip] = new
                self._note("restate", "picture size", f"is {new[0]}x{new[1]} now", odd[0])
            else:
                kept[odd] = False
                for row in odd:
                    self._note("drop", "picture size", "is {}x{}".format(*self._size(row)), row)
        sequences = [
            replace(s, width=clips[i][0], height=clips[i][1]) if i in clips else s
            for i, s in enumerate(self.source.table.sequences)
        ]
        self.source = self.source.with_images(replace(images, size=size))
        self.source = replace(self.source, table=replace(self.source.table, sequences=tuple(sequences)))
        unknown = (size < 1).any(axis=1) & ~self.source.missing
        unknown[[row for row, m in self._measured.items() if m.error]] = False
        for row in np.flatnonzero(unknown & kept).tolist():
            self._note("drop", "picture size", "the picture; its size is stated nowhere", row)
        self._drop_images(kept & ~unknown)

    def _size(self, row: int) -> tuple[int, int]:
        return self._measured[row].width, self._measured[row].height

    def _fits(self, members: IntArray, size: tuple[int, int]) -> bool:
        mine = np.isin(self.source.table.boxes.image, members) & rules.sound(self.source.table)
        xyxy = self.source.table.boxes.xyxy[mine]
        return bool((xyxy[:, 2:] <= np.array(size) + self.thresholds.overhang).all())

    def _pictures(self) -> None:
        kept = ~self.source.missing
        for row in np.flatnonzero(~kept).tolist():
            self._note("drop", "missing picture", "the frame and its boxes", row)
        for row, m in self._measured.items():
            if m.error and "unreadable picture" not in self.ignore:
                kept[row] = False
                self._note("drop", "unreadable picture", "the frame and its boxes", row)
        self._drop_images(kept)

    def _copies(self) -> None:
        """Of a clip or picture in two splits, the copy in test stays before that in val before that in train."""
        images = self.source.table.images
        kept = np.ones(len(images), np.bool_)
        for found in [*check_clips(self.source), *check_pictures(self.source, self._measured, None)]:
            if not KINDS[found.kind].fix or found.kind in self.ignore or len(found.images) != 2:
                continue
            row = max(found.images, key=lambda i: _KEEP.get(str(images.split[i]), 2))
            whole = found.kind == "sequence in two splits"
            kept &= (images.sequence != images.sequence[row]) if whole else (np.arange(len(kept)) != row)
            what = "the clip" if whole else "the picture and its boxes"
            self._note("drop", found.kind, f"{what}; {found.message}", row)
        self._drop_images(kept)

    def _boxes(self) -> None:
        for kind, rule in (("not finite", rules.not_finite), ("no size", rules.no_size)):
            self._drop_boxes(kind, rule(self.source.table))
        self._drop_boxes("outside picture", rules.outside(self.source.table))
        table = self.source.table
        over = rules.overhang(table) > self.thresholds.overhang
        if not over.any() or "beyond picture" in self.ignore:
            return
        clipped = clip_boxes(table.boxes, rules.limits(table), over)
        for row in np.flatnonzero(over).tolist():
            what = f"{_corners(table.boxes.xyxy[row])} becomes {_corners(clipped.xyxy[row])}"
            self.changes.append(Change.of("clip", self.source.of_boxes("beyond picture", what, row)))
        self.source = self.source.with_boxes(clipped)

    def _identities(self) -> None:
        table = self.source.table
        pairs = rules.repeated_ids(table) if "duplicate id" not in self.ignore else np.empty((0, 2), np.int64)
        same = rules.pair_iou(table.boxes.xyxy[pairs[:, 0]], table.boxes.xyxy[pairs[:, 1]]) >= self.thresholds.overlap
        self._renumber(pairs[~same, 1])
        copies = np.zeros(len(table.boxes), np.bool_)
        copies[pairs[same, 1]] = True
        self._drop_boxes("duplicate id", copies)
        table = self.source.table
        near = rules.near_duplicates(table, self.thresholds.overlap)[:, 1]
        copies = np.zeros(len(table.boxes), np.bool_)
        copies[near[table.boxes.track_id[near] < 0]] = True
        self._drop_boxes("near-duplicate boxes", copies)

    def _renumber(self, rows: IntArray) -> None:
        """Give second boxes of an identity another one: the same for all second boxes of that identity in a clip."""
        table = self.source.table
        clip, tracks = table.images.sequence[table.boxes.image], table.boxes.track_id.copy()
        given: dict[tuple[int, int, int], int] = {}
        seen: dict[tuple[int, int], int] = defaultdict(int)
        for row in rows.tolist():
            old, mine = int(tracks[row]), int(clip[row])
            rank = seen[int(table.boxes.image[row]), old]
            seen[int(table.boxes.image[row]), old] += 1
            if (mine, old, rank) not in given:
                used = max(
                    [int(table.boxes.track_id[clip == mine].max()), *(n for k, n in given.items() if k[0] == mine)]
                )
                given[mine, old, rank] = used + 1
            tracks[row] = given[mine, old, rank]
            what = f"track {old} becomes {tracks[row]}"
            self.changes.append(Change.of("re-number", self.source.of_boxes("duplicate id", what, row)))
        self.source = self.source.with_boxes(replace(table.boxes, track_id=tracks))

    def _frames(self) -> None:
        """Number the frames of clips that have holes anew, and state the real number of frames."""
        table = self.source.table
        frame, name = table.images.frame.copy(), table.images.name
        sequences = list(table.sequences)
        for clip in np.unique(table.images.sequence).tolist():
            rows = np.flatnonzero(table.images.sequence == clip)
            new = np.arange(len(rows))
            shift = frame[rows] - new
            for run in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(shift)) + 1):
                if shift[run[0]]:
                    old = frame[rows[run]] + 1
                    what = f"frames {old[0]} to {old[-1]} become {new[run[0]] + 1} to {new[run[-1]] + 1}"
                    self._note("re-number", "missing picture", what, int(rows[run[0]]))
            frame[rows] = new
            sequences[clip] = replace(sequences[clip], length=len(rows))
        images = replace(table.images, frame=frame, name=name)
        self.source = replace(self.source, table=replace(table, images=images, sequences=tuple(sequences)))

    def _note(self, action: str, kind: str, what: str, row: int) -> None:
        self.changes.append(Change.of(action, self.source.of_image(kind, what, row)))

    def _drop_boxes(self, kind: str, rows: BoolArray) -> None:
        if kind in self.ignore or not rows.any():
            return
        for row in np.flatnonzero(rows).tolist():
            what = f"box {_corners(self.source.table.boxes.xyxy[row])}"
            self.changes.append(Change.of("drop", self.source.of_boxes(kind, what, row)))
        self.source = self.source.keep(boxes=~rows)

    def _drop_images(self, kept: BoolArray) -> None:
        """Drop pictures, and move what was measured to the rows of those that stay."""
        if kept.all():
            return
        place = np.cumsum(kept) - 1
        self._measured = {int(place[row]): m for row, m in self._measured.items() if kept[row]}
        self.source = self.source.keep(images=kept)


def _corners(xyxy: Any) -> str:
    return ", ".join(f"{value:.6g}" for value in xyxy.tolist())
