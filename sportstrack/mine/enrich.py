"""What augmentation does to the mined pictures, and the training list with them and the variants worth learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sportstrack.errors import OutputError
from sportstrack.files.claim import Claim, PartFile, file_name
from sportstrack.mine.job import MineJob
from sportstrack.mine.mined import Hard, Variant
from sportstrack.mine.source import Source
from sportstrack.types import Detections

if TYPE_CHECKING:
    from data_prep.augment.sample import Sample
    from data_prep.table import Table

FOLDER, LABELS = "images/mined", "labels/mined"


def enrich(
    job: MineJob, hard: Sequence[Hard], claim: Claim, stores: Sequence[Store], write: bool
) -> tuple[list[Variant], str]:
    """Try each augmentation on each mined picture; write those to train on, the list and data.yaml.

    Args:
        job: detector, data set and settings.
        hard: mined pictures.
        claim: on the folder's lists.
        stores: of pictures and labels.
        write: False only measures.

    Returns:
        The variants, and the path of data.yaml or "".
    """
    variants: list[Variant] = []
    again: list[str] = []
    for number, one in enumerate(hard):
        if write:
            again.append(_write_again(job.source, one, number, stores))
        variants += _vary(job, one, number, stores if write else None)
        job.progress("augmenting", number + 1, len(hard))
    for store in stores:
        store.complete()
    training = _write_list(job.source, again, variants, claim) if write else ""
    for store in stores:  # only now, because the lists of an earlier run name them
        store.clean()
    return variants, training


class Store:
    """Files of one folder that get their names together, once all are written.

    Args:
        claim: on the folder.
        overwrite: replace and remove whatever is there.

    Raises:
        OutputError: there are files that this program did not write, or that were changed since.
    """

    def __init__(self, claim: Claim, overwrite: bool) -> None:
        self.claim = claim
        self._files: list[PartFile] = []
        for name in () if overwrite else self._there():
            if not claim.is_unchanged(name):
                raise OutputError(
                    f"{claim.folder / name}: was not written by this program, or was changed since; choose another "
                    "place, or replace it with --overwrite"
                )

    def file(self, name: str) -> PartFile:
        """Return a file to write."""
        self._files.append(self.claim.file(name))
        return self._files[-1]

    def complete(self) -> None:
        """Give all files their names."""
        self.claim.complete(self._files)

    def clean(self) -> None:
        """Remove what an earlier run with other settings left."""
        new = {file.path.name for file in self._files}
        for name in self._there():
            if name not in new:
                self.claim.remove(name)

    def _there(self) -> list[str]:
        return [path.name for path in self.claim.folder.iterdir() if path.name[0] != "." and ".part." not in path.name]


def _vary(job: MineJob, one: Hard, number: int, stores: Sequence[Store] | None) -> list[Variant]:
    from data_prep.augment.image import augment_sample
    from data_prep.augment.sample import Sample
    from data_prep.pictures import read_picture
    from data_prep.trim import trim

    settings = job.settings
    boxes = trim(job.source.table.select([one.row])).table.boxes
    given = Sample.make(read_picture(one.picture), boxes.xyxy, boxes.class_id, polygons=boxes.polygons)
    variants = []
    for name in settings.augment:
        changed, record = augment_sample(given, [name], [settings.seed, one.row])
        truth = Detections.from_arrays(changed.xyxy, None, changed.class_id)
        loss = job.loss(changed.image, truth).total(settings.weights)
        drawn = {key: value for key, value in record["operations"][0].items() if key != "operation"}
        variant = Variant(one.picture, name, loss, loss - one.loss, drawn)
        if stores is not None and _kept(variant, settings.keep):
            file = _write_variant(stores, f"{_stem(one, number)}-{name}", changed, job.source)
            variant = replace(variant, file=str(file))
        variants.append(variant)
    return variants


def _kept(variant: Variant, keep: str) -> bool:
    return {"harder": variant.change > 0, "easier": variant.change < 0, "all": True, "none": False}[keep]


def _write_again(source: Source, one: Hard, number: int, stores: Sequence[Store]) -> str:
    """Put a mined picture and its labels beside the variants: a list that names a file twice confuses readers."""
    from data_prep.pictures import picture_bytes

    file = stores[0].file(f"{_stem(one, number)}{Path(one.picture).suffix}")
    file.write(picture_bytes(one.picture))
    _write_labels(stores[1], file.path, source.table.select([one.row]))
    return str(file.path.absolute())


def _write_variant(stores: Sequence[Store], name: str, sample: Sample, source: Source) -> Path:
    from data_prep.pictures import write_picture
    from data_prep.table import Boxes, ImageTable, Table

    file = stores[0].file(f"{name}.jpg")
    write_picture(str(file.part), sample.image)
    images = ImageTable.make([file.path.name], size=sample.size)
    boxes = Boxes.make(np.zeros(len(sample.xyxy), np.int64), sample.xyxy, sample.class_id, polygons=sample.polygons)
    _write_labels(stores[1], file.path, Table(source.test.classes, (), images, boxes))
    return file.path.absolute()


def _write_labels(store: Store, picture: Path, table: Table) -> None:
    """Write the label file of a table's only picture where Ultralytics looks for it."""
    from data_prep.formats.yolo import Labels
    from data_prep.trim import trim

    labels = Labels.of(trim(table).table)
    store.file(f"{picture.stem}.txt").write(labels.text)


def _stem(one: Hard, number: int) -> str:
    return f"{number + 1:04d}-{file_name(Path(one.picture).stem)}"


def _write_list(source: Source, again: Sequence[str], variants: Sequence[Variant], claim: Claim) -> str:
    """Write train.txt (all labelled pictures, the mined ones once more, the variants) and data.yaml."""
    import yaml

    every = [str(Path(file).absolute()) for file in source.test.images.file.tolist()]
    lists = {"train": [*every, *again, *(v.file for v in variants if v.file)]}
    lists |= source.others
    for split, files in lists.items():
        claim.write_text(f"{split}.txt", "".join(f"{file}\n" for file in files))
    val = "val" if "val" in lists else "train"
    described = {split: f"{split}.txt" for split in lists} | {"val": f"{val}.txt"}
    described |= {"names": dict(enumerate(source.test.classes))}  # type: ignore[dict-item]
    note = "" if val == "val" else "# there is no val split; train stands in for it, so its scores flatter\n"
    text = yaml.safe_dump(described, allow_unicode=True, sort_keys=False)
    claim.write_text("data.yaml", note + text)
    return str(claim.folder / "data.yaml")
