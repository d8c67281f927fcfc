"""Run a detector over a data set's split, rank the pictures by loss, and try what augmentation does to the worst."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.errors import OutputError, SettingError
from sportstrack.files.claim import Claim, identity
from sportstrack.mine.journal import Journal, is_journal
from sportstrack.mine.loss import FLOOR, ImageLoss, confusions, image_loss, pair
from sportstrack.mine.mined import Hard, Mined, MineSettings
from sportstrack.mine.pick import pick, sequence_of
from sportstrack.types import Detections, IntArray
from sportstrack.val.truth import Classes, TestSet, renumbered

if TYPE_CHECKING:
    from sportstrack.mine.source import Source

JOURNAL = "detections.jsonl"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, pictures done and pictures in all."""


def mine_hard_examples(
    weights: str | Path,
    data: str | Path,
    output: str | Path,
    *,
    split: str = "train",
    settings: MineSettings | None = None,
    same: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
    **detector: Any,
) -> Mined:
    """Find the pictures that a detector does worst on, and write report, contact sheet and an enriched data set.

    Args:
        weights: what `sportstrack.detect.load_detector` takes: weights, ``torchvision:NAME``, ``module:attribute``.
        data: a YOLO data set's data.yaml or folder.
        output: folder for the results; detections of an earlier, even a stopped run there are used again.
        split: which of its splits; only ``train`` is enriched, because the others must stay unseen.
        settings: a `MineSettings`; None is its defaults.
        same: class name → other names for it, where data set and detector differ.
        progress: called with (what, pictures done, pictures in all).
        overwrite: replace files that are not an unchanged result of this detector and data set.
        **detector: for `load_detector`, such as imgsz, device, iou and trust.

    Raises:
        WeightsError: the weights are missing or hold no detector.
        FormatError: no data set, paths in it that are not there, or a broken label.
        SettingError: no labelled pictures in the split, no class in common, or an unknown operation.
        OutputError: the folder cannot be written, or holds what must not be replaced.
    """
    from sportstrack.mine.source import read_source

    wanted = settings or MineSettings()
    _check_operations(wanted.augment)
    source = read_source(data, split)
    with ExitStack() as stack:
        claims = _claims(stack, str(weights), data, source, split, Path(output), overwrite)
        return _mine(weights, source, split, claims, wanted, same, progress or _silent, overwrite, detector)


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
    weights: str | Path, source: Source, split: str, claims: Sequence[Claim], wanted: MineSettings,
    same: Mapping[str, Sequence[str]] | None, say: Progress, overwrite: bool, detector: Mapping[str, Any],
) -> Mined:  # fmt: skip
    from sportstrack.detect import load_detector
    from sportstrack.mine.enrich import Store, enrich
    from sportstrack.mine.report import write_report
    from sportstrack.mine.sheet import write_sheet

    claim, folder = claims[0], claims[0].folder
    stores = [Store(one, overwrite) for one in claims[1:]]
    model = load_detector(str(weights), score=FLOOR, **detector)
    sides = _Sides(str(weights), source.test, model, same)
    job = {"detector": str(weights), "file": _digest(weights), "settings": {k: str(v) for k, v in detector.items()}}
    with Journal(folder / JOURNAL, job) as journal:
        parts, confusion = _measure(source.test, sides, model, journal, wanted, say)
        hard = _hardest(source.test, sides, journal, parts, wanted)
    pictures = [hard_one.picture for hard_one in hard]
    losses = {file: p.total(wanted.weights) for file, p in zip(source.test.images.file.tolist(), parts, strict=True)}
    write_sheet(hard, tuple(sides.shared.values()), claim.file("mined.png"), wanted.score)
    variants, training = enrich(source, sides, model, hard, claim, stores, wanted, split == "train", say)
    mined = Mined(
        detector=str(weights),
        data=source.test.name,
        classes=tuple(sides.shared.values()),
        pictures=len(source.test),
        losses=losses,
        mean=float(np.mean(list(losses.values()))),
        hard=tuple(hard),
        confusion=confusion,
        variants=tuple(v for picture in pictures for v in variants if v.picture == picture),
        left_out=tuple(name for i, name in enumerate(source.test.classes) if i not in sides.own),
        settings=wanted,
        training=training,
    )
    write_report(mined, claim)
    return mined


class _Sides:
    """The classes of truth and detector under one numbering."""

    def __init__(self, spec: str, test: TestSet, model: Any, same: Mapping[str, Sequence[str]] | None) -> None:
        names: Mapping[int, str] = getattr(model, "names", None) or {}
        if not names:
            raise SettingError(f"{spec}: has no class names; give your detector a `names` attribute, id → name")
        classes = Classes(same)
        self.shared = classes.shared(test.classes, {spec: names})
        self.own = classes.numbers(dict(enumerate(test.classes)), self.shared)
        self._theirs = classes.numbers(names, self.shared)

    def truth(self, boxes: Detections) -> Detections:
        """Return true boxes of shared classes."""
        return renumbered(boxes, self.own)

    def found(self, boxes: Detections) -> Detections:
        """Return detections of shared classes, without the unusable ones."""
        return renumbered(boxes if boxes.valid is None else boxes[boxes.valid], self._theirs)


def _measure(
    test: TestSet, sides: _Sides, model: Any, journal: Journal, wanted: MineSettings, say: Progress
) -> tuple[list[ImageLoss], IntArray]:
    """Return each picture's loss and the confusions of all; detect where the journal knows nothing."""
    from data_prep.pictures import read_picture

    parts: list[ImageLoss] = []
    counts = np.zeros((len(sides.shared) + 1,) * 2, np.int64)
    for file, boxes in zip(test.images.file.tolist(), test.boxes, strict=True):
        found = journal.get(file)
        if found is None:
            found = journal.put(file, model([read_picture(file)])[0])
        truth, found = sides.truth(boxes), sides.found(found)
        parts.append(image_loss(truth, found, pair(truth, found)))
        counts += confusions(truth, found, wanted.score, len(sides.shared))
        say("detecting", len(parts), len(test))
    return parts, counts


def _hardest(
    test: TestSet, sides: _Sides, journal: Journal, parts: Sequence[ImageLoss], wanted: MineSettings
) -> list[Hard]:
    losses = np.array([part.total(wanted.weights) for part in parts])
    files = test.images.file.tolist()
    places = [sequence_of(file) for file in files]
    hard = []
    for row in pick(losses, places, wanted.top, wanted.per_sequence, wanted.gap):
        found = journal.get(files[row])
        assert found is not None
        truth = sides.truth(test.boxes[row])
        clip = places[row][0]
        hard.append(Hard(row, files[row], clip, float(losses[row]), parts[row], truth, sides.found(found)))
    return hard


def _check_operations(names: Sequence[str]) -> None:
    if names:
        from data_prep.augment.image import check_operations

        check_operations(names)


def _digest(weights: str | Path) -> str:
    """Return the fingerprint of a model's file or folder, so that a new one under an old name is told apart.

    "" where the model is neither, such as a name that torchvision knows.
    """
    from sportstrack.detect.names import split_spec

    kind, name = split_spec(str(weights))
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


def _silent(what: str, done: int, total: int) -> None:
    pass
