"""A YOLO data set and its augmented pictures, in a new folder that trains as it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any
from zlib import crc32

import numpy as np

from data_prep.augment.image import LEAST_VISIBLE, augment_sample, check_operations
from data_prep.augment.operations import OPERATIONS
from data_prep.augment.sample import Params, Sample
from data_prep.augment.sheet import write_image, write_sheet
from data_prep.formats.yolo import Labels, YoloWriter, data_yaml
from data_prep.output import Group, WriteSettings, count_table, prepared, staged, write_groups
from data_prep.pictures import Tick, read_picture
from data_prep.stage import StagedFolder
from data_prep.table import Boxes, ImageTable, Table
from data_prep.trim import trim, without_empty_polygons
from sportstrack.errors import FormatError, SettingError, unknown
from sportstrack.files.reading import parse_json, read_bytes
from sportstrack.kinds import is_kind
from sportstrack.options import check_options, option
from sportstrack.types import IntArray

MANIFEST = "augmented.jsonl"
_PARTS = "augmented"
_CHOSEN = ("resize", "rain", "fog", "low_light", "infrared")  # a choice, not a default
_TYPICAL = tuple(name for name in OPERATIONS if name not in _CHOSEN)


@dataclass(frozen=True)
class AugmentSettings:
    """What is augmented, and how.

    Attributes:
        ops: operations to draw from.
        pick: operations per new picture; 0: all of --ops, in the order of `OPERATIONS`.
        per_image: new pictures per picture.
        seed: same seed, same random choices.
        splits: of these splits.
        share: this share of them, drawn by the seed.
        listed: names or paths of the pictures to take; None: all.
        least_visible: drop boxes of which less is left visible. They are counted.
        originals: keep the pictures of those splits beside the augmented ones.
        copy: copy pictures instead of linking them.
        workers: pictures augmented side by side.
        overwrite: replace a data set that this package wrote before.
        sheet: pictures on the contact sheet; 0: none.
        progress: called with (pictures done, pictures in all).

    Raises:
        SettingError: a value out of range, or no operation, or an unknown one.
    """

    ops: tuple[str, ...] = option(
        _TYPICAL, "operations to draw from", shown="all but resize, rain, fog, low_light, infrared", metavar="NAME,…"
    )
    pick: int = option(2, "operations per new picture; 0: all of --ops", low=0, high=100, metavar="N")
    per_image: int = option(1, "new pictures per picture", low=1, high=1000, metavar="N")
    seed: int = option(0, "same seed, same random choices", low=0)
    splits: tuple[str, ...] = option(("train",), "of these splits", metavar="NAME,…")
    share: float = option(1.0, "this share of them, drawn by the seed", low=0, high=1, above=True, metavar="0..1")
    listed: tuple[str, ...] | None = None
    least_visible: float = option(
        LEAST_VISIBLE, "drop boxes of which less is left visible", low=0, high=1, above=True, metavar="0..1"
    )
    originals: bool = True
    copy: bool = option(False, "copy pictures instead of linking them")
    workers: int = option(1, "pictures augmented side by side", low=1)
    overwrite: bool = False
    sheet: int = option(24, "pictures on the contact sheet; 0: none", low=0, high=1000, metavar="N")
    progress: Callable[[int, int | None], None] | None = None

    def __post_init__(self) -> None:
        check_options(self)
        check_operations(self.ops)
        if not self.ops:
            raise SettingError("ops: expected at least one operation")


def augment_set(table: Table, out: str | Path, settings: AugmentSettings) -> dict[str, Any]:
    """Write a YOLO data set with augmented pictures and return its manifest.

    The new pictures are called ``NAME-aug1.jpg`` …; ``augmented.jsonl`` has a line for each: source, operations with
    their parameters, boxes dropped. What is drawn for a picture depends on the seed and its name alone.

    Args:
        table: as `data_prep.formats.yolo_read.read_yolo` gives it.
        out: the new folder.
        settings: what and how.

    Raises:
        SettingError: unknown split or picture. FormatError: unreadable pictures. OutputError: the place holds
            something else or cannot be written.
    """
    chosen = choose(table, settings)
    write = WriteSettings(copy=settings.copy, overwrite=settings.overwrite, source=_asked(settings))
    table = prepared(table, write)
    _refuse_taken_names(table, chosen, settings.per_image)
    with staged(out, table, write, "yolo") as stage:
        if stage.complete:
            return stage.manifest
        work = _Work(stage, table, set(chosen.tolist()), settings, write)
        write_groups(stage, table, write, work.write)
        records = _gather(stage, table)
        stage.write(MANIFEST, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
        stage.write("data.yaml", data_yaml(table))
        stage.manifest.update(classes=list(table.classes), notes=list(table.notes), **_counts(table, records, settings))
        if settings.sheet and records:
            write_sheet(stage.folder, records, settings.sheet)
        return stage.manifest


def choose(table: Table, settings: AugmentSettings) -> IntArray:
    """Return the rows of the pictures to augment; SettingError for a split or picture that is not there."""
    for split in settings.splits:
        if split not in table.splits:
            raise SettingError(unknown("split", split, table.splits))
    rows = np.flatnonzero(np.isin(table.images.split.astype(str), settings.splits) & table.images.labelled)
    if settings.listed is not None:
        rows = _listed(table, rows, settings.listed)
    if settings.share < 1:
        # The draw of each picture is its own, so that the order of the files does not matter.
        draws = [np.random.default_rng([settings.seed, *_word(table, row)]).random() for row in rows.tolist()]
        rows = np.sort(rows[np.argsort(draws, kind="stable")[: int(np.ceil(settings.share * len(rows)))]])
    if not len(rows):
        raise SettingError("no labelled picture is left to augment")
    return rows


def _listed(table: Table, rows: IntArray, names: Sequence[str]) -> IntArray:
    """Rows that are named: by the name in the data set, or by a path that ends in it."""
    by_name: dict[str, list[int]] = {}
    for row in rows.tolist():
        parts = [table.images.split[row], *table.images.name[row].split("/")]
        for i in range(len(parts)):
            by_name.setdefault("/".join(parts[i:]), []).append(row)
    found = set()
    for name in names:
        parts = name.replace("\\", "/").split("/")
        suffixes = ("/".join(parts[i:]) for i in range(len(parts)))
        hits = next((by_name[suffix] for suffix in suffixes if suffix in by_name), [])
        if len(hits) != 1:
            reason = "is no labelled picture of these splits" if not hits else f"could be any of {len(hits)} pictures"
            raise SettingError(f"the list names {name!r}, which {reason}")
        found.add(hits[0])
    return np.array(sorted(found), np.int64)


def _asked(settings: AugmentSettings) -> dict[str, Any]:
    """Return what decides the result, for the manifest and for knowing the job again."""
    passing = ("workers", "progress", "overwrite", "copy")
    return {"reader": "augment"} | {key: value for key, value in vars(settings).items() if key not in passing}


def _word(table: Table, row: int) -> tuple[int, int]:
    """Two numbers that stand for a picture: for what is drawn for it, wherever it stands in the table."""
    name = f"{table.images.split[row]}/{table.images.name[row]}".encode("utf-8", "surrogateescape")
    return crc32(name), len(name)


def _augmented_name(name: str, k: int) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-aug{k}.{'png' if suffix.lower() == 'png' else 'jpg'}"


def _refuse_taken_names(table: Table, chosen: IntArray, per_image: int) -> None:
    keys = zip(table.images.split.tolist(), table.images.name.tolist(), strict=True)
    taken = {(split, name.rpartition(".")[0].lower()) for split, name in keys}
    for row in chosen.tolist():
        for k in range(1, per_image + 1):
            name = _augmented_name(table.images.name[row], k)
            if (table.images.split[row], name.rpartition(".")[0].lower()) in taken:
                raise FormatError(f"there is a picture called {name} already; was this data set augmented before?")


class _Work:
    """Writes a group: its own pictures and labels, and the augmented ones."""

    def __init__(
        self, stage: StagedFolder, table: Table, chosen: set[int], settings: AugmentSettings, write: WriteSettings
    ) -> None:
        trimmed = without_empty_polygons(trim(table).table)
        self._stage, self._table, self._chosen, self._settings = stage, trimmed, chosen, settings
        self._originals = YoloWriter(stage, trimmed, Labels.of(trimmed), write)
        self._lock, self._done = Lock(), 0
        self._total = len(chosen) * settings.per_image

    def write(self, group: Group, _: Tick) -> None:
        """Write one group; what a stopped run has left of it is kept."""
        if self._settings.originals or group.split not in self._settings.splits:
            self._originals.write(group, lambda: None)
        jobs = [
            (row, k)
            for row in group.rows.tolist()
            if row in self._chosen
            for k in range(1, self._settings.per_image + 1)
        ]
        if not jobs:
            return
        part = self._stage.work / _PARTS / group.split / f"{group.folder or '.'}".replace("/", "%2F")
        part.parent.mkdir(parents=True, exist_ok=True)
        known = {record["picture"] for record in _read_records(part)}
        for kind in ("images", "labels"):
            (self._stage.folder / kind / group.split / group.folder).mkdir(parents=True, exist_ok=True)
        todo = [(row, k) for row, k in jobs if self._picture(row, k) not in known]
        self._tick(len(jobs) - len(todo))
        with part.open("a", encoding="utf-8", errors="backslashreplace") as file:
            for record in self._in_turn(todo):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                file.flush()

    def _in_turn(self, todo: list[tuple[int, int]]) -> Iterator[Params]:
        with ExitStack() as stack:
            run: Any = map
            if self._settings.workers > 1:
                run = stack.enter_context(ThreadPoolExecutor(self._settings.workers)).map
            for record in run(self._augment, todo):
                self._tick(1)
                yield record

    def _tick(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._settings.progress:
                self._settings.progress(self._done, self._total)

    def _picture(self, row: int, k: int) -> str:
        images = self._table.images
        return f"images/{images.split[row]}/{_augmented_name(images.name[row], k)}"

    def _augment(self, job: tuple[int, int]) -> Params:
        row, k = job
        settings, table = self._settings, self._table
        seeds = [settings.seed, *_word(table, row), k]
        ops = self._operations(np.random.default_rng(seeds))
        donors = (self._sample(self._donor(row, seeds)),) if "copy_paste" in ops else ()
        sample = replace(self._sample(row), donors=donors)
        sample, record = augment_sample(sample, ops, seeds, least_visible=settings.least_visible)
        picture = self._picture(row, k)
        label = f"labels{picture[len('images') : picture.rindex('.')]}.txt"
        write_image(self._stage.folder / picture, sample.image)
        (self._stage.folder / label).write_bytes(_label_text(table.classes, sample))
        source = f"images/{table.images.split[row]}/{table.images.name[row]}"
        return {
            "picture": picture, "source": source, "boxes": len(sample.xyxy), "dropped": record["dropped"],
            "operations": record["operations"], "source_boxes": record["source"],
        }  # fmt: skip

    def _operations(self, rng: np.random.Generator) -> list[str]:
        ops = sorted(set(self._settings.ops), key=list(OPERATIONS).index)
        if not self._settings.pick:
            return ops
        picked = rng.choice(len(ops), min(self._settings.pick, len(ops)), replace=False)
        return [ops[i] for i in sorted(picked.tolist())]

    def _sample(self, row: int) -> Sample:
        table = self._table
        boxes = table.boxes[table.starts[row] : table.starts[row + 1]]
        return Sample.make(read_picture(table.images.file[row]), boxes.xyxy, boxes.class_id, polygons=boxes.polygons)

    def _donor(self, row: int, seeds: list[int]) -> int:
        """Return another labelled picture of the same split: players of val must not get into train."""
        images = self._table.images
        pool = np.flatnonzero((images.split == images.split[row]) & images.labelled)
        # By name and not by place, like all draws.
        order: list[int] = sorted(pool.tolist(), key=lambda i: str(images.name[i]))
        return order[int(np.random.default_rng([*seeds, 1]).integers(len(order)))]


def _label_text(classes: tuple[str, ...], sample: Sample) -> bytes:
    images = ImageTable.make(["x"], size=sample.size)
    boxes = Boxes.make([0] * len(sample.xyxy), sample.xyxy, sample.class_id, polygons=sample.polygons)
    return Labels.of(Table(classes, (), images, boxes)).text


def _read_records(path: Path) -> list[Params]:
    if not path.is_file():
        return []
    lines = read_bytes(path).decode("utf-8", "replace").split("\n")
    if lines[-1]:  # a kill cut it off: the next record must not follow on the same line
        path.write_text("".join(f"{line}\n" for line in lines[:-1]), encoding="utf-8", errors="backslashreplace")
    return [_record(line, f"{path}, line {number}") for number, line in enumerate(lines[:-1], 1)]


def _record(line: str, where: str) -> Params:
    record = parse_json(line, where)
    if not isinstance(record, dict) or not all(is_kind(record.get(key), kind) for key, kind in _RECORD.items()):
        raise FormatError(f"{where}: no record of an augmented picture; delete the unfinished folder and start anew")
    return record


_RECORD: dict[str, Any] = {"source": str, "picture": str, "boxes": int, "dropped": int, "operations": list}


def _gather(stage: StagedFolder, table: Table) -> list[Params]:
    """Return all records in the order of the table; a stopped run finds them again."""
    parts = stage.work / _PARTS
    records = [record for part in parts.rglob("*") if part.is_file() for record in _read_records(part)]
    keys = zip(table.images.split.tolist(), table.images.name.tolist(), strict=True)
    place = {f"images/{split}/{name}": i for i, (split, name) in enumerate(keys)}
    return sorted(records, key=lambda r: (place.get(r["source"], -1), len(r["picture"]), r["picture"]))


def _counts(table: Table, records: list[Params], settings: AugmentSettings) -> dict[str, Any]:
    from torchvision import __version__

    base = table
    if not settings.originals:
        base = table.select(~np.isin(table.images.split.astype(str), settings.splits))
    ops = Counter(step["operation"] for record in records for step in record["operations"])
    augmented = {
        "images": len(records),
        "boxes": sum(record["boxes"] for record in records),
        "dropped": sum(record["dropped"] for record in records),
        "pasted": sum(1 for record in records for row in record["source_boxes"] if row < 0),
        "operations": {name: ops[name] for name in OPERATIONS if ops[name]},
        "torchvision": __version__,
    }
    return {"splits": count_table(replace(base, boxes=trim(base).table.boxes)), "augmented": augmented}
