"""The pictures and true boxes that detectors are judged on, and one list of classes for both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sportstrack.errors import SettingError, unknown
from sportstrack.files.reading import same_name
from sportstrack.masks import Masks
from sportstrack.types import Detections, Image, IntArray

if TYPE_CHECKING:
    from data_prep.polygons import Polygons
    from data_prep.table import ImageTable, Table


@dataclass(frozen=True, eq=False)
class TestSet:
    """A data set's split with truth.

    Attributes:
        name: data set and split, for titles.
        images: the pictures.
        boxes: a table of true boxes per picture, with the data set's own class ids.
        classes: the data set's class names.
        polygons: of each picture's boxes; None where all labels are boxes.
    """

    name: str
    images: ImageTable
    boxes: tuple[Detections, ...]
    classes: tuple[str, ...]
    polygons: tuple[Polygons, ...] | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def pictures(self) -> Iterator[Image]:
        """Yield (H, W, 3) BGR pictures in order; FormatError for one of another size than its labels are for."""
        from data_prep.pictures import read_picture, refuse_another_size

        for file, size in zip(self.images.file.tolist(), self.images.size.tolist(), strict=True):
            picture = read_picture(file)
            refuse_another_size(file, (picture.shape[1], picture.shape[0]), (size[0], size[1]))
            yield picture

    def masked(self) -> list[Detections]:
        """Return the true boxes with masks: their polygons filled; a box without one is filled whole."""
        found = []
        for table, polygons, size in zip(self.boxes, self.polygons or (), self.images.size.tolist(), strict=True):
            whole = polygons.with_rectangles(table.xyxy)
            parts = [whole.of(row) for row in range(len(table))]
            mask = Masks.from_polygons(parts, (size[1], size[0]))
            found.append(Detections(table.xyxy, table.score, table.class_id, mask=mask))
        return found


def read_test_set(data: str | Path, split: str = "val", limit: int | None = None) -> TestSet:
    """Read the labelled pictures of one split of a YOLO data set.

    Args:
        data: its data.yaml or folder.
        split: ``val``, ``test`` or ``train``.
        limit: at most so many pictures, spread evenly over the split.

    Raises:
        FormatError: no data set, or a broken label (with its file and line).
        SettingError: no such split, or nothing labelled in it.
    """
    from data_prep.formats.yolo_read import read_yolo

    return select_test_set(read_yolo(data, need=(split,)), data, split, limit)


def select_test_set(table: Table, data: str | Path, split: str, limit: int | None = None) -> TestSet:
    """Return the labelled pictures of one split of a table that was read from ``data``; see `read_test_set`."""
    rows = np.flatnonzero((table.images.split == split) & table.images.labelled)
    if not len(rows):
        there = sorted(set(table.images.split[table.images.labelled].tolist()))
        hint = "choose another with --split" if there else "label some pictures first"
        raise SettingError(f"{data}: {unknown('labelled split', split, there)}; {hint}")
    if limit is not None and limit < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, limit).round().astype(int)]
    starts, boxes = table.starts, table.boxes
    truth = tuple(
        Detections.from_arrays(boxes.xyxy[a:b], None, boxes.class_id[a:b])
        for a, b in zip(starts[rows].tolist(), starts[rows + 1].tolist(), strict=True)
    )
    polygons = None
    if boxes.polygons is not None and boxes.polygons.there.any():
        spans = zip(starts[rows].tolist(), starts[rows + 1].tolist(), strict=True)
        polygons = tuple(boxes.polygons[a:b] for a, b in spans)
    name = f"{Path(data).parent.name or data}, {split}"
    return TestSet(name, table.images[rows], truth, tuple(table.classes), polygons)


class Classes:
    """Names that both sides share; names compare without case, and `same` makes several names one.

    Args:
        same: name → the names that count as it, such as ``{"person": ["player", "referee"]}``.
    """

    def __init__(self, same: Mapping[str, Sequence[str]] | None = None) -> None:
        self._others = [str(name) for names in (same or {}).values() for name in names]
        self._same = {same_name(str(n)).lower(): key for key, names in (same or {}).items() for n in (key, *names)}

    def common(self, name: str) -> str:
        """Return the shared name of a class."""
        folded = same_name(name).lower()
        return self._same.get(folded, folded)

    def shared(self, truth: Sequence[str], detectors: Mapping[str, Mapping[int, str]]) -> dict[int, str]:
        """Return number → name of the data set's classes that all detectors know.

        Raises:
            SettingError: if there is none, and the message says how to make names mean the same; or if `same`
                names a class that neither side has.
        """
        every = list(dict.fromkeys([*truth, *(name for names in detectors.values() for name in names.values())]))
        for other in self._others:
            if same_name(other).lower() not in (same_name(name).lower() for name in every):
                raise SettingError(f"--same: {unknown('class', other, every)}")
        wanted = list(dict.fromkeys(self.common(name) for name in truth))
        for spec, names in detectors.items():
            known = {self.common(name) for name in names.values()}
            left = [name for name in wanted if name in known]
            if not left:
                some = ", ".join(list(names.values())[:6]) + ", …" * (len(names) > 6)
                raise SettingError(
                    f"{spec}: knows none of the classes {', '.join(wanted)} (it has: {some}); "
                    f"say which mean the same with --same {next(iter(names.values()), 'NAME')!r}={wanted[0]}"
                )
            wanted = left
        return dict(enumerate(wanted))

    def numbers(self, names: Mapping[int, str], shared: Mapping[int, str]) -> dict[int, int]:
        """Return own id → shared number, for the classes that are shared."""
        number = {name: i for i, name in shared.items()}
        return {i: number[self.common(name)] for i, name in names.items() if self.common(name) in number}


def renumbered(boxes: Detections, numbers: Mapping[int, int]) -> Detections:
    """Return the rows of known classes with their shared numbers."""
    ids: IntArray = np.array([numbers.get(i, -1) for i in boxes.class_id.tolist()], np.int64)
    kept = ids >= 0
    mask = None if boxes.mask is None else boxes.mask[kept]
    return Detections(boxes.xyxy[kept], boxes.score[kept], ids[kept], mask=mask)
