"""CreateML through supervision's own reader, and its data sets as a `Table`."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from data_prep.formats.rle import mask_polygons
from data_prep.pictures import picture_size
from data_prep.polygons import Polygons
from data_prep.table import Boxes, ImageTable, Table
from sportstrack.errors import FormatError
from sportstrack.files.folders import settled
from sportstrack.files.reading import list_files, read_json


def from_supervision(dataset: Any, *, split: str = "train", base: str | Path | None = None) -> Table:
    """Make a table of a ``supervision.DetectionDataset``; masks become polygons.

    Args:
        dataset: whose pictures are files.
        split: of all pictures.
        base: the folder that the pictures' names start from; None: names are those of the files alone.

    Raises:
        FormatError: a picture that cannot be read.
    """
    files = [str(path) for path in dataset.image_paths]
    found = [dataset.annotations[path] for path in dataset.image_paths]
    names = [Path(f).relative_to(Path(base).resolve()).as_posix() if base else Path(f).name for f in files]
    images = ImageTable.make(names, size=[picture_size(file) for file in files], file=files, split=split)
    boxes = Boxes.make(
        np.repeat(np.arange(len(found)), [len(one) for one in found]),
        np.concatenate([np.empty((0, 4)), *(np.asarray(one.xyxy, np.float64) for one in found)]),
        np.concatenate([np.empty(0, np.int64), *(np.asarray(one.class_id, np.int64) for one in found)]),
        polygons=_polygons(found),
    )
    return Table(tuple(str(name) for name in dataset.classes), (), images, boxes).check("supervision's data set")


def _polygons(found: list[Any]) -> Polygons | None:
    if all(one.mask is None for one in found):
        return None
    boxes = ([[] for _ in range(len(one))] if one.mask is None else map(mask_polygons, one.mask) for one in found)
    return Polygons.make(parts for picture in boxes for parts in picture)


def read_createml(root: str | Path, *, images: str | Path | None = None) -> Table:
    """Read a CreateML JSON file, or the one in a folder, by supervision's reader.

    Raises:
        FormatError: no such file, or one that supervision refuses.
    """
    path = settled(root)
    files = [path] if path.is_file() else list_files(path, pattern="*.json")
    if len(files) != 1:
        raise FormatError(f"{path}: expected one CreateML JSON file, found {len(files)}")
    folder = Path(images) if images else files[0].parent
    content = read_json(files[0])
    with TemporaryDirectory() as temporary:  # supervision reads UTF-8 alone, and has no limits
        copy = Path(temporary) / "createml.json"
        copy.write_text(json.dumps(content), encoding="utf-8")
        return _by_supervision(
            str(files[0]),
            lambda kind: kind.from_createml(images_directory_path=str(folder), annotations_path=str(copy)),
        )


def _by_supervision(name: str, load: Any) -> Table:
    import supervision

    try:
        return from_supervision(load(supervision.DetectionDataset))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{name}: supervision cannot read it: {error!r}") from error
