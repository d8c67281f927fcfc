"""The data set to mine: one split's pictures and truth, and what an enriched copy of its data.yaml needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sportstrack.val.truth import TestSet, select_test_set

if TYPE_CHECKING:
    from data_prep.table import Table


@dataclass(frozen=True, eq=False)
class Source:
    """A data set.

    Attributes:
        test: the labelled pictures of the split, with truth.
        others: split → absolute paths of its pictures, of all other splits.
        table: the pictures of ``test`` polygons included.
    """

    test: TestSet
    others: dict[str, list[str]]
    table: Table


def read_source(data: str | Path, split: str) -> Source:
    """Read a YOLO data set once.

    Raises:
        FormatError: no data set, paths in it that are not there, or a broken label.
        SettingError: nothing labelled in the split.
    """
    from data_prep.formats.yolo_read import read_yolo

    table = read_yolo(data, need=(split,))
    images = table.images
    test = select_test_set(table, data, split)
    others = {name: images.file[images.split == name].tolist() for name in table.splits if name != split}
    absolute = {name: [str(Path(file).absolute()) for file in files] for name, files in others.items()}
    return Source(test, absolute, table.select(np.flatnonzero((images.split == split) & images.labelled)))
