"""Check a data set before the training starts, and describe it for Ultralytics without room for doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError
from sportstrack.files.claim import ensure_folder, write_text


@dataclass(frozen=True)
class TrainData:
    """A data set that is fit to train on.

    Attributes:
        source: the data.yaml that the user named.
        classes: class names.
        pictures: split → the pictures' paths, for ``train`` and ``val``.
        boxes: class name → boxes in the training pictures.
        polygons: some label is a polygon, so that segmentation can be trained.
        notes: what the user should know.
    """

    source: Path
    classes: tuple[str, ...]
    pictures: Mapping[str, tuple[str, ...]]
    boxes: Mapping[str, int]
    polygons: bool
    notes: tuple[str, ...]

    def write(self, folder: Path) -> Path:
        """Write lists of the pictures and a data.yaml with absolute paths into a folder; return the data.yaml.

        Ultralytics looks for relative paths in several places, and runs a ``download`` entry as a program; this file
        has neither.
        """
        import yaml

        folder = ensure_folder(folder).resolve()
        described: dict[str, Any] = {"path": str(folder)}
        for split, files in self.pictures.items():
            write_text(folder / f"{split}.txt", "".join(f"{file}\n" for file in files))
            described[split] = str(folder / f"{split}.txt")
        described["names"] = dict(enumerate(self.classes))
        write_text(folder / "data.yaml", yaml.safe_dump(described, allow_unicode=True, sort_keys=False))
        return folder / "data.yaml"


def check_data(data: str | Path) -> TrainData:
    """Read a YOLO data set and make sure that one can train on it.

    Empty label files, and pictures without one, are negatives and fine.

    Raises:
        FormatError: no data set, no training pictures, no box in any of them, a class id beyond the names or another
            broken label (with file and line), ``nc`` that contradicts ``names``, or labels with key points.
    """
    from data_prep.formats.yolo_read import read_description, read_yolo

    table = read_yolo(data)
    source, _, described = read_description(Path(data))
    _check_description(source, described, len(table.classes))
    images = table.images
    pictures = {s: tuple(_absolute(f) for f in images.file[images.split == s].tolist()) for s in ("train", "val")}
    notes, taught = [], "train"
    same = [s for s in ("val", "test") if described.get(s) == described.get("train") and s in table.splits]
    if not pictures["train"] and same:  # train: names the place of another split, too, which it belongs to by its name
        taught = same[0]
        pictures["train"] = tuple(_absolute(f) for f in images.file[images.split == taught].tolist())
        notes.append(f"there is no train split of its own; the {taught} pictures stand in, so the scores flatter")
    if not pictures["train"]:
        raise FormatError(f"{source}: no training pictures; its train: must name a folder or a list of pictures")
    if not pictures["val"]:
        pictures["val"] = pictures["train"]
        notes.append("there is no val split of its own; the training pictures stand in, so the scores flatter")
    counts = Counter(table.boxes.class_id[images.split[table.boxes.image] == taught].tolist())
    if not counts:
        raise FormatError(
            f"{source}: none of the {len(pictures['train'])} training pictures has a box; "
            f"labels belong into labels/ beside images/, such as {_label_of(pictures['train'][0])}"
        )
    unlabelled = int((~images.labelled[np.isin(images.split, ("train", "val"))]).sum())
    if unlabelled:
        notes.append(f"{unlabelled} pictures have no label file and count as pictures without objects")
    boxes = {name: counts.get(i, 0) for i, name in enumerate(table.classes)}
    if missing := [name for name, count in boxes.items() if not count]:
        notes.append(f"no training picture shows {', '.join(missing)}")
    polygons = any(map(_has_polygon, pictures["train"]))
    return TrainData(source, tuple(table.classes), pictures, boxes, polygons, (*notes, *table.notes))


def _check_description(source: Path, described: Mapping[str, Any], classes: int) -> None:
    if (count := described.get("nc")) is not None and count != classes:
        raise FormatError(f"{source}: nc: {count}, but names: has {classes} of them; mend one (nc: may be left out)")
    if described.get("kpt_shape") is not None:
        raise FormatError(
            f"{source}: its labels hold key points (kpt_shape), which would be trained on as polygons; make a copy "
            f"without them: sportstrack convert {source} OUT --from yolo --to yolo"
        )


def _absolute(file: str) -> str:
    return str(Path(file).absolute())


def _label_of(picture: str) -> str:
    from data_prep.formats.yolo_read import label_of

    return label_of(picture)


def _has_polygon(picture: str) -> bool:
    try:
        with Path(_label_of(picture)).open(encoding="utf-8", errors="replace") as file:
            return any(len(line.split()) > 5 for line in file)
    except OSError:
        return False
