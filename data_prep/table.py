"""The one table between all data set formats: readers make it, writers, audit and augmentation take it.

    table = read_sportsmot("SportsMOT")          # any reader
    table = table.select(table.images.split == "val")
    write_yolo(table, "football-yolo")           # any writer

Boxes are ``xyxy`` rows in continuous pixels: 0 is the left (top) edge of the first pixel, ``width`` the right edge of
the last one, so width = x2 − x1. A reader of a format that counts pixels (Pascal VOC) converts. Nothing is clipped or
left out by a reader: what a writer leaves out, it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data_prep.polygons import Polygons
from sportstrack.errors import FormatError, SettingError, nearest
from sportstrack.files.reading import same_name
from sportstrack.types import BoolArray, FloatArray, IntArray

ObjectArray: TypeAlias = NDArray[np.object_]

NO_TRACK = -1
NO_SEQUENCE = -1
NO_FRAME = -1


@dataclass(frozen=True)
class ZipMember:
    """A picture inside a zip archive."""

    archive: str
    member: str


@dataclass(frozen=True)
class VideoFrame:
    """A picture that is a frame of a video; ``index`` counts from 0."""

    video: str
    index: int


Picture: TypeAlias = str | ZipMember | VideoFrame | None
"""Where a picture's pixels are: a file's path, inside a zip, inside a video, or nowhere (labels alone)."""


@dataclass(frozen=True)
class Clip:
    """A clip whose frames belong together.

    Attributes:
        name: the clip's name, that of its folder.
        split: ``train``, ``val``, ``test`` or another.
        width: pixels of the pictures.
        height: pixels.
        frame_rate: frames/s; None if unknown.
        length: frames that the source declares; None if unknown.
        match: the video that the clip was cut from; clips of one match must stay in one split. "" is its own match.
        labelled: False if the source has no ground truth for it.
        source: where it was read from, for messages.
    """

    name: str
    split: str = "train"
    width: int = 0
    height: int = 0
    frame_rate: float | None = None
    length: int | None = None
    match: str = ""
    labelled: bool = True
    source: str = ""


@dataclass(frozen=True)
class TrackInfo:
    """What a source says of a track; "" where it says nothing.

    Attributes:
        role: ``player``, ``goalkeeper``, ``referee``, ``ball`` or ``other``, or the source's own word.
        team: ``left``, ``right`` or the source's own word.
        number: shirt number, or what stands for it (SoccerNet: a letter where the shirt is unreadable).
    """

    role: str = ""
    team: str = ""
    number: str = ""


@dataclass(frozen=True, eq=False)
class ImageTable:
    """The pictures; all columns have M rows.

    Attributes:
        name: (M,) str objects: relative path with ``/`` and suffix, such as ``v_1LwtoLPw2TU_c006/000001.jpg``; unique
            within a split.
        file: (M,) `Picture` objects.
        split: (M,) str objects.
        size: (M, 2) int64 width and height in pixels.
        sequence: (M,) int64 index into `Table.sequences`; −1 for single pictures.
        frame: (M,) int64, counts from 0 within the sequence; −1 for single pictures.
        labelled: (M,) bool; False: objects were not searched for there, so no box does not mean no object.
    """

    name: ObjectArray
    file: ObjectArray
    split: ObjectArray
    size: IntArray
    sequence: IntArray
    frame: IntArray
    labelled: BoolArray

    def __len__(self) -> int:
        return len(self.name)

    def __getitem__(self, rows: Any) -> ImageTable:
        """Return the pictures picked by an index array, a mask or a slice."""
        return ImageTable(*(getattr(self, column.name)[rows] for column in fields(self)))

    @classmethod
    def make(
        cls, name: Sequence[str], *, size: Any, file: Sequence[Picture] | None = None,
        split: str | Sequence[str] = "train", sequence: Any = NO_SEQUENCE, frame: Any = NO_FRAME, labelled: Any = True,
    ) -> ImageTable:  # fmt: skip
        """Make columns of lists, arrays or single values that hold for all rows; ``size`` is (2,) or (M, 2)."""
        count = len(name)
        return cls(
            objects(name),
            objects([None] * count if file is None else file),
            objects([split] * count if isinstance(split, str) else split),
            _column(size, np.int64, (count, 2)),
            _column(sequence, np.int64, (count,)),
            _column(frame, np.int64, (count,)),
            _column(labelled, np.bool_, (count,)),
        )


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes; all columns have N rows, ordered by picture and, within one, as in the source.

    Attributes:
        image: (N,) int64 index into the table's pictures, ascending.
        xyxy: (N, 4) float64 corners in continuous pixels, as the source has them: perhaps beyond the picture.
        class_id: (N,) int64 index into `Table.classes`.
        track_id: (N,) int64 as the source has it, 0 being an identity as well; −1: none.
        ignore: (N,) bool: not to be trained on or counted (MOT's consider flag 0, COCO's iscrowd, VOC's difficult).
        visibility: (N,) float64 share 0…1 of the object that is seen; −1: unknown.
        score: (N,) float64 of a detector; 1 for ground truth.
        polygons: `Polygons` of N boxes; None where the source has boxes alone.
    """

    image: IntArray
    xyxy: FloatArray
    class_id: IntArray
    track_id: IntArray
    ignore: BoolArray
    visibility: FloatArray
    score: FloatArray
    polygons: Polygons | None = None

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, rows: Any) -> Boxes:
        """Return the boxes picked by an index array, a mask or a slice."""
        columns: list[Any] = [getattr(self, column.name) for column in fields(self)]
        picked: list[Any] = [None if column is None else column[rows] for column in columns]
        return Boxes(*picked)

    @classmethod
    def make(
        cls, image: Any, xyxy: Any, class_id: Any = 0, *, track_id: Any = NO_TRACK, ignore: Any = False,
        visibility: Any = -1.0, score: Any = 1.0, polygons: Polygons | None = None,
    ) -> Boxes:  # fmt: skip
        """Make columns of lists, arrays or single values that hold for all rows; rows are put in order."""
        index = np.asarray(image, np.int64)
        rows = (len(index),)
        made = cls(
            index,
            _column(xyxy, np.float64, (len(index), 4)),
            _column(class_id, np.int64, rows),
            _column(track_id, np.int64, rows),
            _column(ignore, np.bool_, rows),
            _column(visibility, np.float64, rows),
            _column(score, np.float64, rows),
            polygons,
        )
        if (index[1:] < index[:-1]).any():
            return made[np.argsort(index, kind="stable")]
        return made

    @classmethod
    def empty(cls) -> Boxes:
        """Return a table without rows."""
        return cls.make([], np.empty((0, 4)))


@dataclass(frozen=True, eq=False)
class Table:
    """A data set: classes, clips, pictures, boxes, and what is known of the tracks.

    Attributes:
        classes: names, in the order of the class ids.
        sequences: the clips; empty for single pictures.
        images: `ImageTable`.
        boxes: `Boxes`.
        tracks: (index into ``sequences``, track_id) → `TrackInfo`.
        notes: plain sentences about what the reader met and forgave.
    """

    classes: tuple[str, ...]
    sequences: tuple[Clip, ...]
    images: ImageTable
    boxes: Boxes
    tracks: Mapping[tuple[int, int], TrackInfo] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold pictures: train, val, test, then others by name."""
        known = {"train": 0, "val": 1, "test": 2}
        return tuple(sorted(set(self.images.split.tolist()), key=lambda name: (known.get(name, 3), name)))

    @cached_property
    def starts(self) -> IntArray:
        """(M + 1,) int64: the boxes of picture i are rows ``starts[i]`` to ``starts[i + 1]``."""
        return np.searchsorted(self.boxes.image, np.arange(len(self.images) + 1)).astype(np.int64)

    def box_split(self) -> ObjectArray:
        """(N,) the split of each box."""
        return self.images.split[self.boxes.image]

    def counts(self) -> dict[str, dict[str, int]]:
        """Split → class name → boxes, ignored ones included."""
        split = self.box_split()
        return {name: dict(zip(self.classes, self._per_class(split == name), strict=True)) for name in self.splits}

    def select(self, images: Any) -> Table:
        """Return the table of the pictures picked by a mask or an ascending index array, with their boxes."""
        rows = np.arange(len(self.images))[images]
        place = np.full(len(self.images), -1, np.int64)
        place[rows] = np.arange(len(rows))
        boxes = self.boxes[place[self.boxes.image] >= 0]
        return replace(self, images=self.images[rows], boxes=replace(boxes, image=place[boxes.image]))

    def keep_boxes(self, rows: BoolArray) -> Table:
        """Return the table with the boxes picked by an (N,) mask, and all pictures."""
        return replace(self, boxes=self.boxes[rows])

    def keep_classes(self, names: Sequence[str]) -> Table:
        """Return the table with these classes alone, numbered in this order; pictures stay.

        Raises:
            SettingError: a name that is not a class of the table, or one given twice.
        """
        number = np.full(len(self.classes), -1, np.int64)
        places = {same_name(name): i for i, name in reversed([*enumerate(self.classes)])}
        for i, name in enumerate(names):
            place = places.get(same_name(name))
            if place is None:
                known = list(self.classes)
                raise SettingError(f"no class is called {name!r}{nearest(name, known)} (there are: {', '.join(known)})")
            if number[place] >= 0:
                raise SettingError(f"the class {name!r} is named twice")
            number[place] = i
        class_id = number[self.boxes.class_id]
        boxes = replace(self.boxes, class_id=class_id)[class_id >= 0]
        return replace(self, classes=tuple(names), boxes=boxes)

    def with_splits(self, split: Sequence[str]) -> Table:
        """Return the table with another split per picture; clips take that of their first picture."""
        column = objects(split)
        sequences = list(self.sequences)
        index, first = np.unique(self.images.sequence, return_index=True)
        for i, row in zip(index.tolist(), first.tolist(), strict=True):
            if i != NO_SEQUENCE:
                sequences[i] = replace(sequences[i], split=column[row])
        return replace(self, sequences=tuple(sequences), images=replace(self.images, split=column))

    def check(self, name: str = "table") -> Table:
        """Return the table if it is sound: indices in range, boxes in order and finite, names unique in a split.

        Raises:
            FormatError: which rule is broken, and where.
        """
        images, boxes = self.images, self.boxes
        rules: list[tuple[bool, str]] = [
            (_lengths_differ(images) or _lengths_differ(boxes), "columns of unequal length"),
            (not _within(boxes.image, len(images)), "a box of a picture that is not there"),
            (bool((np.diff(boxes.image) < 0).any()), "boxes that are not in the order of the pictures"),
            (not _within(boxes.class_id, len(self.classes)), f"a class beyond the {len(self.classes)} classes"),
            (not _within(images.sequence, len(self.sequences), NO_SEQUENCE), "a sequence that is not there"),
            (not bool(np.isfinite(boxes.xyxy).all()), "a box that is NaN or infinite"),
            (
                boxes.polygons is not None and not bool(np.isfinite(boxes.polygons.points).all()),
                "a polygon that is NaN or infinite",
            ),
        ]
        for broken, reason in rules:
            if broken:
                raise FormatError(f"{name}: {reason}")
        self._check_names(name)
        return self

    def _check_names(self, name: str) -> None:
        pairs = list(zip(self.images.split.tolist(), self.images.name.tolist(), strict=True))
        if len(set(pairs)) == len(pairs):
            return
        seen: set[tuple[str, str]] = set()
        for pair in pairs:
            if pair in seen:
                raise FormatError(f"{name}: two pictures of the split {pair[0]} are called {pair[1]}")
            seen.add(pair)

    def _per_class(self, rows: BoolArray) -> list[int]:
        return [int(n) for n in np.bincount(self.boxes.class_id[rows], minlength=len(self.classes))]


def join_tables(tables: Iterable[Table]) -> Table:
    """Join tables; classes are matched by name, in the order of their first appearance."""
    parts = list(tables)
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    sequences: list[Clip] = []
    images: list[ImageTable] = []
    boxes: list[Boxes] = []
    tracks: dict[tuple[int, int], TrackInfo] = {}
    count = 0
    for part in parts:
        moved = np.array([classes.index(name) for name in part.classes], np.int64)
        shift = len(sequences)
        sequence = np.where(part.images.sequence < 0, NO_SEQUENCE, part.images.sequence + shift)
        images.append(replace(part.images, sequence=sequence))
        class_id = moved[part.boxes.class_id] if len(part.boxes) else part.boxes.class_id
        boxes.append(replace(part.boxes, image=part.boxes.image + count, class_id=class_id))
        tracks |= {(shift + i, track): info for (i, track), info in part.tracks.items()}
        sequences += part.sequences
        count += len(part.images)
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return Table(classes, tuple(sequences), _stack(images, empty_images()), _stack(boxes, Boxes.empty()), tracks, notes)


def empty_images() -> ImageTable:
    """Return a table without pictures."""
    return ImageTable.make([], size=np.empty((0, 2)))


def objects(values: Any) -> ObjectArray:
    """(M,) object array of a list; numpy on its own would make arrays of strings out of strings."""
    values = list(values)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _column(values: Any, kind: Any, shape: tuple[int, ...]) -> Any:
    given = np.asarray(values, kind)
    if given.size == 0:
        given = given.reshape((0, *shape[1:]))
    if given.ndim == 0 or given.shape == shape[1:]:
        return np.broadcast_to(given, shape).copy()
    if given.shape != shape:
        raise FormatError(f"expected a column of shape {shape}, got {given.shape}")
    return given


def _stack(parts: list[Any], none: Any) -> Any:
    if not parts:
        return none
    return type(none)(*(_stacked([getattr(part, c.name) for part in parts], parts) for c in fields(none)))


def _stacked(columns: list[Any], parts: list[Any]) -> Any:
    if all(isinstance(column, np.ndarray) for column in columns):
        return np.concatenate(columns)
    if all(column is None for column in columns):
        return None
    return Polygons.join([Polygons.none(len(p)) if c is None else c for c, p in zip(columns, parts, strict=True)])


def _within(index: IntArray, count: int, lowest: int = 0) -> bool:
    return not len(index) or bool(index.min() >= lowest and index.max() < count)


def _lengths_differ(columns: ImageTable | Boxes) -> bool:
    given = (getattr(columns, column.name) for column in fields(columns))
    return len({len(column) for column in given if column is not None}) > 1
