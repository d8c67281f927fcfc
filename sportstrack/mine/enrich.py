"""What augmentation does to the mined pictures, and the training list with them and the variants worth learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.files import ensure_folder, write_text
from sportstrack.mine.loss import image_loss
from sportstrack.mine.source import Source
from sportstrack.types import Detections

if TYPE_CHECKING:
    from sportstrack.mine.run import Hard, MineSettings, Variant

FOLDER, LABELS = "images/mined", "labels/mined"


def enrich(
    source: Source,
    sides: Any,
    model: Any,
    hard: Sequence[Hard],
    folder: Path,
    wanted: MineSettings,
    write: bool,
    say: Callable[[str, int, int], None],
) -> tuple[list[Variant], str]:
    """Try each augmentation on each mined picture; write those to train on, the list and data.yaml.

    Args:
        source: the data set.
        sides: brings classes under one numbering.
        model: the detector.
        hard: mined pictures.
        folder: to write to.
        wanted: settings.
        write: False leaves it at measuring.
        say: progress.

    Returns:
        The variants, and the path of data.yaml or "".
    """
    for old in (FOLDER, LABELS):  # of an earlier run with other settings
        rmtree(folder / old, ignore_errors=True)
    variants: list[Variant] = []
    again: list[str] = []
    for number, one in enumerate(hard):
        if write:
            again.append(_write_again(source, one, number, folder))
        variants += _vary(source, sides, model, one, number, folder if write else None, wanted)
        say("augmenting", number + 1, len(hard))
    return variants, _write_list(source, again, variants, folder) if write else ""


def _vary(
    source: Source, sides: Any, model: Any, one: Hard, number: int, folder: Path | None, wanted: MineSettings
) -> list[Variant]:
    from data_prep.augment.image import augment_sample
    from data_prep.augment.sample import Sample
    from data_prep.pictures import read_picture
    from data_prep.trim import trim
    from sportstrack.mine.run import Variant

    boxes = trim(source.table.select([one.row])).table.boxes
    given = Sample.make(read_picture(one.picture), boxes.xyxy, boxes.class_id, polygons=boxes.polygons)
    variants = []
    for name in wanted.augment:
        changed, record = augment_sample(given, [name], [wanted.seed, one.row])
        truth = Detections.from_arrays(changed.xyxy, None, changed.class_id)
        loss = image_loss(sides.truth(truth), sides.found(model([changed.image])[0])).total(wanted.weights)
        drawn = {key: value for key, value in record["operations"][0].items() if key != "operation"}
        variant = Variant(one.picture, name, loss, loss - one.loss, drawn)
        if folder is not None and _kept(variant, wanted.keep):
            file = _write_variant(folder, f"{_stem(one, number)}-{name}", changed, source)
            variant = replace(variant, file=str(file))
        variants.append(variant)
    return variants


def _kept(variant: Variant, keep: str) -> bool:
    return {"harder": variant.change > 0, "easier": variant.change < 0, "all": True, "none": False}[keep]


def _write_again(source: Source, one: Hard, number: int, folder: Path) -> str:
    """Put a mined picture and its labels beside the variants: a list that names a file twice confuses readers."""
    from data_prep.pictures import picture_bytes, write_whole

    old = Path(one.picture)
    picture = ensure_folder(folder / FOLDER) / f"{_stem(one, number)}{old.suffix}"
    write_whole(str(picture), picture_bytes(one.picture))
    _write_labels(folder, picture, source.table.select([one.row]))
    return str(picture.absolute())


def _write_variant(folder: Path, name: str, sample: Any, source: Source) -> Path:
    from data_prep.pictures import write_picture
    from data_prep.table import Boxes, Images, Table

    picture = ensure_folder(folder / FOLDER) / f"{name}.jpg"
    write_picture(str(picture), sample.image)
    images = Images.make([picture.name], size=sample.size)
    boxes = Boxes.make(np.zeros(len(sample.xyxy), np.int64), sample.xyxy, sample.class_id, polygons=sample.polygons)
    _write_labels(folder, picture, Table(source.test.classes, (), images, boxes))
    return picture.absolute()


def _write_labels(folder: Path, picture: Path, table: Any) -> None:
    """Write the label file of a table's only picture where Ultralytics looks for it."""
    from data_prep.trim import trim
    from data_prep.yolo import Labels

    labels = Labels.of(trim(table).table)
    write_text(ensure_folder(folder / LABELS) / f"{picture.stem}.txt", labels.text.decode())


def _stem(one: Hard, number: int) -> str:
    return f"{number + 1:04d}-{Path(one.picture).stem}"


def _write_list(source: Source, again: Sequence[str], variants: Sequence[Variant], folder: Path) -> str:
    """Write train.txt (all labelled pictures, the mined ones once more, the variants) and data.yaml."""
    import yaml

    every = [str(Path(file).absolute()) for file in source.test.images.file.tolist()]
    lists = {"train": [*every, *again, *(v.file for v in variants if v.file)]}
    lists |= source.others
    for split, files in lists.items():
        write_text(folder / f"{split}.txt", "".join(f"{file}\n" for file in files))
    val = "val" if "val" in lists else "train"
    described = {split: f"{split}.txt" for split in lists} | {"val": f"{val}.txt"}
    described |= {"names": dict(enumerate(source.test.classes))}  # type: ignore[dict-item]
    note = "" if val == "val" else "# there is no val split; train stands in for it, so its scores flatter\n"
    text = yaml.safe_dump(described, allow_unicode=True, sort_keys=False)
    write_text(folder / "data.yaml", note + text)
    return str(folder / "data.yaml")
