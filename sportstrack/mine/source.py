"""The data set to mine: one split's pictures and truth, and what an enriched copy of its data.yaml needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import SettingError, unknown
from sportstrack.types import Detections
from sportstrack.val.truth import TestSet


@dataclass(frozen=True, eq=False)
class Source:
    """A data set.

    Attributes:
        test: the labelled pictures of the split, with truth.
        others: split → absolute paths of its pictures, of all other splits.
        table: the pictures of ``test`` as a `data_prep.table.Table`, polygons included.
    """

    test: TestSet
    others: dict[str, list[str]]
    table: Any


def read_source(data: str | Path, split: str) -> Source:
    """Read a YOLO data set once.

    Raises:
        FormatError: no data set, paths in it that are not there, or a broken label.
        SettingError: nothing labelled in the split.
    """
    from data_prep.formats.yolo_read import read_yolo

    table = read_yolo(data, need=(split,))
    images = table.images
    rows = np.flatnonzero((images.split == split) & images.labelled)
    if not len(rows):
        known = sorted(set(images.split[images.labelled].tolist()))
        hint = "choose another with --split" if known else "label some pictures first"
        raise SettingError(f"{data}: {unknown('labelled split', split, known)}; {hint}")
    mine = table.select(rows)
    truth = tuple(
        Detections.from_arrays(mine.boxes.xyxy[low:high], None, mine.boxes.class_id[low:high])
        for low, high in zip(mine.starts[:-1].tolist(), mine.starts[1:].tolist(), strict=True)
    )
    others = {name: images.file[images.split == name].tolist() for name in table.splits if name != split}
    absolute = {name: [str(Path(file).absolute()) for file in files] for name, files in others.items()}
    return Source(
        TestSet(f"{Path(data).parent.name or data}, {split}", mine.images, truth, tuple(table.classes)), absolute, mine
    )
