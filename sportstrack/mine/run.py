"""Run a detector over a data set's split, rank the pictures by loss, and try what augmentation does to the worst."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.cli.progress import Bars
from sportstrack.errors import OutputError
from sportstrack.files.claim import Claim, identity
from sportstrack.mine.job import MineJob, Progress, SharedClasses
from sportstrack.mine.journal import Journal, is_journal
from sportstrack.mine.loss import FLOOR, ImageLoss, confusions, image_loss, pair
from sportstrack.mine.mined import Hard, Mined, MineSettings
from sportstrack.mine.pick import pick, sequence_of
from sportstrack.mine.source import Source, read_source
from sportstrack.types import IntArray

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import LoadKeywords

JOURNAL = "detections.jsonl"


def mine_hard_examples(
    weights: str | Path,
    data: str | Path,
    output: str | Path,
    *,
    split: str = "train",
    settings: MineSettings | None = None,
    same: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | bool | None = None,
    overwrite: bool = False,
    **detector: Unpack[LoadKeywords],
) -> Mined:
    """Find the pictures that a detector does worst on, and write report, contact sheet and an enriched data set.

    Args:
        weights: what `sportstrack.detect.load_detector` takes: weights, ``torchvision:NAME``, ``module:attribute``.
        data: a YOLO data set's data.yaml or folder.
        output: folder for the results; detections of an earlier, even a stopped run there are used again.
        split: which of its splits; only ``train`` is enriched, because the others must stay unseen.
        settings: a `MineSettings`; None is its defaults.
        same: class name → other names for it, where data set and detector differ.
        progress: True shows bars; or it is called with (what, pictures done, pictures in all).
        overwrite: replace files that are not an unchanged result of this detector and data set.
        **detector: for `load_detector`, such as imgsz, device, iou and trust.

    Raises:
        WeightsError: the weights are missing or hold no detector.
        FormatError: no data set, paths in it that are not there, or a broken label.
        SettingError: no labelled pictures in the split, no class in common, or an unknown operation.
        OutputError: the folder cannot be written, or holds what must not be replaced.
    """
    settings = settings or MineSettings()
    _check_operations(settings.augment)
    source, spec = read_source(data, split), str(weights)
    with ExitStack() as stack:
        claims = _claims(stack, spec, data, source, split, Path(output), overwrite)
        shown = stack.enter_context(Bars("picture", quiet=progress is not True))
        called = progress if callable(progress) else shown
        return _mine(spec, source, split, claims, settings, same, called, overwrite, detector)


def _claims(
    stack: ExitStack,
    weights: str,
    data: str | Path,
    source: Source,
    split: str,
    folder: Path,
    overwrite: bool,
) -> list[Claim]:
    """Claim the folder for results, and those for pictures and labels in it."""
    from sportstrack.mine.enrich import FOLDER, LABELS
    from sportstrack.mine.report import FILES

    if not is_journal(folder / JOURNAL):
        raise OutputError(f"{folder / JOURNAL}: is no list of detections of this program; choose another place")
    lists = ["data.yaml", "train.txt", *(f"{name}.txt" for name in source.others)] if split == "train" else []
    asked: dict[str, Any] = {
        "command": "sportstrack mine",
        "source": f"{identity(weights)} on {split} of {identity(data)}",
        "inputs": [weights, data],
        "overwrite": overwrite,
        "stem": "mine",
    }
    names: dict[Path, list[str]] = {folder: [*FILES, "mined.png", *lists], folder / FOLDER: [], folder / LABELS: []}
    return [stack.enter_context(Claim(place, given, **asked)) for place, given in names.items()]


def _mine(
    weights: str, source: Source, split: str, claims: Sequence[Claim], settings: MineSettings,
    same: Mapping[str, Sequence[str]] | None, progress: Progress, overwrite: bool, detector: Mapping[str, Any],
) -> Mined:  # fmt: skip
    from sportstrack.detect import engine_note, ignored_settings, load_detector
    from sportstrack.mine.enrich import Store, enrich
    from sportstrack.mine.report import write_report
    from sportstrack.mine.sheet import write_sheet

    claim = claims[0]
    stores = [Store(one, overwrite) for one in claims[1:]]
    model = load_detector(weights, score=FLOOR, **detector)
    job = MineJob(source, SharedClasses(weights, source.test, model, same), model, settings, progress)
    stamp = {"detector": weights, "file": _digest(weights), "settings": {k: str(v) for k, v in detector.items()}}
    with Journal(claim.folder / JOURNAL, stamp) as journal:
        parts, confusion = _measure(job, journal)
        hard = _hardest(job, journal, parts)
    write_sheet(hard, job.classes.names, claim.file("mined.png"), settings.score)
    variants, training = enrich(job, hard, claim, stores, split == "train")
    losses = {f: p.total(settings.weights) for f, p in zip(source.test.images.file.tolist(), parts, strict=True)}
    mined = Mined(
        detector=weights,
        data=source.test.name,
        classes=job.classes.names,
        pictures=len(source.test),
        losses=losses,
        mean=float(np.mean(list(losses.values()))),
        hard=tuple(hard),
        confusion=confusion,
        variants=tuple(v for one in hard for v in variants if v.picture == one.picture),
        left_out=tuple(name for i, name in enumerate(source.test.classes) if i not in job.classes.own),
        settings=settings,
        training=training,
        notes=(*ignored_settings(model, {name for name, value in detector.items() if value}), *engine_note(model)),
    )
    write_report(mined, claim)
    return mined


def _measure(job: MineJob, journal: Journal) -> tuple[list[ImageLoss], IntArray]:
    """Return each picture's loss and the confusions of all; detect in the pictures that the journal lacks."""
    from data_prep.pictures import read_picture

    test, classes = job.source.test, job.classes
    parts: list[ImageLoss] = []
    counts = np.zeros((len(classes.shared) + 1,) * 2, np.int64)
    for file, boxes in zip(test.images.file.tolist(), test.boxes, strict=True):
        detections = journal.get(file)
        if detections is None:
            detections = journal.put(file, job.model([read_picture(file)])[0])
        truth, found = classes.truth(boxes), classes.found(detections)
        parts.append(image_loss(truth, found, pair(truth, found)))
        counts += confusions(truth, found, job.settings.score, len(classes.shared))
        job.progress("detecting", len(parts), len(test))
    return parts, counts


def _hardest(job: MineJob, journal: Journal, parts: Sequence[ImageLoss]) -> list[Hard]:
    test, classes, settings = job.source.test, job.classes, job.settings
    losses = np.array([part.total(settings.weights) for part in parts])
    files = test.images.file.tolist()
    places = [sequence_of(file) for file in files]
    hard = []
    for row in pick(losses, places, settings.top, settings.per_sequence, settings.gap):
        detections = journal.get(files[row])
        assert detections is not None
        clip, truth, found = places[row][0], classes.truth(test.boxes[row]), classes.found(detections)
        hard.append(Hard(row, files[row], clip, float(losses[row]), parts[row], truth, found))
    return hard


def _check_operations(names: Sequence[str]) -> None:
    if names:
        from data_prep.augment.image import check_operations

        check_operations(names)


def _digest(weights: str) -> str:
    """Return the fingerprint of a model's file or folder, so that a new model under an old name is noticed.

    "" where the model is neither, such as a name that torchvision knows.
    """
    from sportstrack.detect.names import split_spec

    kind, name = split_spec(weights)
    place = Path(name)
    if kind == "detectron2":  # the weights lie beside the configuration
        place = place.parent
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    digest = hashlib.sha256()
    for file in files:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
