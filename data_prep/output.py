"""Where data sets are written: whole or not at all, and going on where a stopped run was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.pictures import Tick, check_sizes, place_pictures, shrink
from data_prep.safe_names import with_file_names
from data_prep.stage import JOURNAL, StagedFolder, read_manifest, staged_job
from data_prep.table import Table, ZipMember
from data_prep.trim import without_empty_polygons
from sportstrack.errors import FormatError, SettingError
from sportstrack.files.folders import refuse_inputs
from sportstrack.types import IntArray

Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class WriteSettings:
    """How any format is written.

    Attributes:
        copy: copy pictures instead of linking them.
        pictures: False: labels alone.
        size: longer side of the pictures in pixels, which are scaled down to it; None: as they are.
        workers: clips written side by side.
        overwrite: replace a data set that this package wrote before.
        source: what was read and how, for the manifest.
        files: name → text of further files of the data set.
        progress: called with (pictures done, pictures in all).
    """

    copy: bool = False
    pictures: bool = True
    size: int | None = None
    workers: int = 1
    overwrite: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    progress: Progress | None = None


@dataclass(frozen=True, eq=False)
class Group:
    """Pictures that share a split and a folder: what a stopped run has done or not.

    Attributes:
        split: their split.
        folder: the folder in their names, "" for none.
        rows: their (K,) rows in the table.
    """

    split: str
    folder: str
    rows: IntArray


def prepared(table: Table, settings: WriteSettings, *, stems: bool = True) -> Table:
    """Check a table before anything is written, and scale it if the settings ask for that.

    Raises:
        FormatError: names that would climb out, collide or collide once case is dropped; pictures that are nowhere.
    """
    table = with_file_names(without_empty_polygons(table.check()), stems=stems)
    nowhere = [i for i, file in enumerate(table.images.file.tolist()) if file is None]
    if nowhere and settings.pictures:
        some = f"{len(nowhere)} of the {len(table.images)} pictures are nowhere, the first is "
        some += str(table.images.name[nowhere[0]])
        if len(nowhere) == len(table.images):
            raise FormatError(f"{some}; pass --labels-only without them")
        raise FormatError(f"{some}; add them, leave them out with --skip-missing, or pass --labels-only")
    if (table.images.size < 1).any():
        name = table.images.name[(table.images.size < 1).any(axis=1)][0]
        raise FormatError(f"{name}: the picture's size is unknown")
    check_sizes(table.images, settings.size)
    return shrink(table, settings.size) if settings.size else table


def describe(stage: StagedFolder, table: Table, *, without_polygons: str = "", notes: Sequence[str] = ()) -> None:
    """Fill a data set's manifest with classes, counts per split and the notes of reader and writer.

    Args:
        stage: whose manifest is filled.
        table: what is written.
        without_polygons: name of a format that cannot hold polygons; those that are lost are counted.
        notes: the writer's.
    """
    splits, all_notes = count_table(table), [*table.notes, *notes]
    if without_polygons:
        for counts in splits.values():
            if "polygons" in counts:
                counts["polygons_as_boxes"] = counts.pop("polygons")
        all_notes += lost_polygons(table, without_polygons)
    stage.manifest.update(classes=list(table.classes), splits=splits, notes=all_notes)


@contextmanager
def staged(out: str | Path, table: Table, settings: WriteSettings, kind: str) -> Iterator[StagedFolder]:
    """Give a folder to write a data set of a kind to; it gets its name when the block ends well.

    An error clears everything away. A run that is stopped (Ctrl-C, kill) leaves the folder ``.NAME.part``, and the same
    job goes on there.

    Raises:
        OutputError: the place holds something else, is an input, is being written by another run, or cannot be written.
    """
    if read_manifest(Path(out)):  # all else is refused anyway
        refuse_inputs(out, _inputs(table, settings))
    command = f"sportstrack {settings.source.get('reader', '')}".strip()
    with staged_job(out, _job(table, settings, kind), command, settings.overwrite, files=settings.files) as stage:
        yield stage


def groups(table: Table) -> list[Group]:
    """Return the pictures' groups, in the order of the table."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, (split, name) in enumerate(zip(table.images.split.tolist(), table.images.name.tolist(), strict=True)):
        found.setdefault((split, name.rpartition("/")[0]), []).append(row)
    return [Group(split, folder, np.array(rows, np.int64)) for (split, folder), rows in found.items()]


def write_groups(
    stage: StagedFolder,
    table: Table,
    settings: WriteSettings,
    work: Callable[[Group, Tick], None],
    *,
    each: bool = False,
) -> None:
    """Do the work of each group that is not done yet, and note it in the journal.

    Args:
        stage: where.
        table: what.
        settings: workers and progress.
        work: writes a group; calls the tick after each picture, unless ``each``.
        each: the tick is called here, once per picture of a finished group.
    """
    todo = [group for group in groups(table) if _word(group) not in stage.done]
    total, left = len(table.images), sum(len(group.rows) for group in todo)
    count = [total - left]

    def tick(pictures: int = 1) -> None:
        count[0] += pictures
        if settings.progress:
            settings.progress(count[0], total)

    def do(group: Group) -> Group:
        work(group, (lambda: None) if each else tick)
        if each:
            tick(len(group.rows))
        return group

    with (stage.work / JOURNAL).open("a", encoding="utf-8") as journal:
        for group in _in_turn(do, todo, settings.workers):
            journal.write(_word(group) + "\n")
            journal.flush()


def place_group(
    table: Table, group: Group, folder: Path, settings: WriteSettings, tick: Tick, names: list[str] | None = None
) -> None:
    """Bring a group's pictures to ``folder/<name>``; names are the table's own unless given."""
    images = table.images[group.rows]
    base = f"{folder}/"
    targets = [base + name for name in (images.name.tolist() if names is None else names)]
    Path(targets[0]).parent.mkdir(parents=True, exist_ok=True)
    place_pictures(images, targets, copy=settings.copy, resize=settings.size is not None, tick=tick)


def count_table(table: Table) -> dict[str, dict[str, Any]]:
    """Return, per split, the counts that every manifest holds."""
    counts = table.counts()
    found: dict[str, dict[str, Any]] = {}
    for split in table.splits:
        mine = table.images.split == split
        clips = np.unique(table.images.sequence[mine])
        names = "\n".join(table.images.name[mine].tolist())
        found[split] = {
            "images": int(mine.sum()),
            "labelled_images": int((mine & table.images.labelled).sum()),
            "clips": int((clips >= 0).sum()),
            "boxes": sum(counts[split].values()),
            "boxes_per_class": counts[split],
            "names_sha256": hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest(),
        }
        if table.boxes.polygons is not None:
            found[split]["polygons"] = int(table.boxes.polygons.there[table.box_split() == split].sum())
    return found


def lost_polygons(table: Table, target: str) -> list[str]:
    """Return the note that polygons are written as boxes, because the target cannot hold them; [] if there are none."""
    count = 0 if table.boxes.polygons is None else int(table.boxes.polygons.there.sum())
    return [f"{count:,} polygons are written as boxes: {target} cannot hold polygons"] if count else []


def _job(table: Table, settings: WriteSettings, kind: str) -> dict[str, Any]:
    images, boxes = table.images, table.boxes
    digest = hashlib.sha256()
    flat = {name: column for name, column in vars(boxes).items() if name != "polygons"}
    shapes = () if boxes.polygons is None else vars(boxes.polygons).values()
    for column in (images.size, images.frame, images.labelled, *flat.values(), *shapes):
        digest.update(np.ascontiguousarray(column).tobytes())
    for names in (images.name, images.split, [str(file) for file in images.file.tolist()]):
        digest.update("\n".join(names).encode("utf-8", "surrogateescape"))
    digest.update(repr((table.classes, sorted(table.tracks.items()))).encode("utf-8", "surrogateescape"))
    asked = {key: getattr(settings, key) for key in ("copy", "pictures", "size")} | {"source": dict(settings.source)}
    return {"format": kind, "settings": asked, "table_sha256": digest.hexdigest()}


def _inputs(table: Table, settings: WriteSettings) -> set[str]:
    """Files and folders that a table was read from; of pictures the folders that hold them."""
    found = {str(settings.source["root"])} if settings.source.get("root") else set()
    for file in table.images.file.tolist():
        if isinstance(file, str):
            found.add(file[: file.rfind("/")] if "/" in file else file)
        elif file is not None:
            found.add(file.archive if isinstance(file, ZipMember) else file.video)
    return found


def _in_turn(do: Callable[[Group], Group], todo: list[Group], workers: int) -> Iterator[Group]:
    if workers < 1:
        raise SettingError(f"--workers is {workers}, must be 1 or more")
    if workers == 1:
        yield from map(do, todo)
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(do, todo)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _word(group: Group) -> str:
    return json.dumps([group.split, group.folder])
