"""Data sets with masks of tracks: MOTSChallenge folders written, KITTI-MOTS read and written, as text and as PNG.

KITTI-MOTS has ``instances_txt/CLIP.txt`` (MOTS text) and ``instances/CLIP/000000.png``, whose 16-bit values are the
same ids: class × 1000 + number; pictures are in ``image_02/CLIP/``, and frames count from 0 (https://www.vision.rwth-aachen.de/page/mots).
MOTSChallenge's folders are those of MOT with MOTS text in ``gt/gt.txt``, which `read_mot_folders` reads by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.formats.clips import join_clips
from data_prep.formats.motfolders import consecutive, read_mot_folders, require_clips, write_clip_folders
from data_prep.formats.mots_rows import MOTS_CLASSES, class_indices, read_rows, table_rows
from data_prep.formats.rle import outlines
from data_prep.headers import header_size
from data_prep.output import Group, WriteSettings, describe, place_group, prepared, staged, write_groups
from data_prep.pictures import IMAGE_SUFFIXES, Tick
from data_prep.polygons import Polygons
from data_prep.stage import StagedFolder
from data_prep.table import Boxes, Clip, ImageTable, Table
from sportstrack.errors import FormatError, SettingError
from sportstrack.files.folders import settled
from sportstrack.files.reading import list_files, list_folders, read_bytes
from sportstrack.masks import Masks
from sportstrack.masks.places import labels
from sportstrack.masks.runs import MaskSpans, runs
from sportstrack.mots import MotsTable, format_mots_rows, parse_mots
from sportstrack.types import IntArray

PER_CLASS = 1000  # ids of a class
_MOST = (1 << 16) - 1
_TEXTS, _PICTURES, _FRAMES = "instances_txt", "instances", "image_02"


def read_mots_folders(
    root: str | Path, *, class_names: tuple[str, ...] | None = None, zero_based: bool = False,
    skip_missing: bool = False, from_video: bool = False,
) -> Table:  # fmt: skip
    """Read MOTSChallenge folders (see `read_mot_folders`) or KITTI-MOTS, its text or, without any, its PNG ids.

    Raises:
        FormatError: no clips there, or an unsound one.
    """
    path = settled(root)
    names = class_names or MOTS_CLASSES
    places = [
        (folder, split)
        for folder, split in [(path, "train"), *((path / s, _split(s)) for s in ("training", "train", "val", "test"))]
        if (folder / _TEXTS).is_dir() or (folder / _PICTURES).is_dir()
    ]
    if not places:
        return read_mot_folders(
            root, class_names=class_names, zero_based=zero_based, skip_missing=skip_missing, from_video=from_video
        )
    return join_clips((clip for place, split in places for clip in _kitti_clips(place, split, names)), str(root))


def write_mots_folders(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Write MOTSChallenge's ``SPLIT/CLIP/`` folders with MOTS text in ``gt/gt.txt``; return the manifest.

    Polygons are filled; a box without one is filled whole. Pixels of several masks are left to the first of them.

    Raises:
        SettingError: single pictures, boxes without identity. FormatError, OutputError: as `write_mot_folders`.
    """
    return write_clip_folders(table, out, settings, "mots", _text, notes=_notes(table))


def write_kitti_mots(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Write KITTI-MOTS: ``SPLIT/{instances_txt/CLIP.txt,instances/CLIP/*.png,image_02/CLIP/*}``; see the one above.

    Raises:
        SettingError: as above; an id above 999 or more classes than a PNG holds.
    """
    settings = settings or WriteSettings()
    require_clips(table, "KITTI-MOTS")
    table = prepared(table, settings)
    with staged(out, table, settings, "kitti-mots") as stage:
        if stage.complete:
            return stage.manifest
        describe(stage, table, notes=_notes(table))

        def work(group: Group, tick: Tick) -> None:
            for clip in np.unique(table.images.sequence[group.rows]).tolist():
                rows = group.rows[table.images.sequence[group.rows] == clip]
                _write_kitti_clip(stage, table, Group(group.split, group.folder, rows), settings, tick)

        write_groups(stage, table, settings, work, each=not settings.pictures)
        return stage.manifest


def parse_ids(picture: NDArray[Any], frame: int, name: str) -> MotsTable:
    """Return the rows of one PNG of KITTI-MOTS: an (H, W) array of ids, class × 1000 + number; 0 is background.

    Raises:
        FormatError: it is no picture of one channel of whole numbers.
    """
    if picture.ndim != 2 or picture.dtype.kind not in "iu":
        raise FormatError(f"{name}: expected one channel of 16 bits (class x 1000 + number), got {picture.dtype}")
    height, width = picture.shape
    line = picture.T.reshape(-1).astype(np.int64)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(line)) + 1, [len(line)]])
    values = line[edges[:-1]]
    ids = np.unique(values[values > 0])
    if len(ids) and ids[0] < PER_CLASS:
        raise FormatError(f"{name}: the value {ids[0]} has no class; values are class x 1000 + number")
    order = np.flatnonzero(values > 0)
    order = order[np.lexsort((edges[order], values[order]))]
    owner = np.searchsorted(ids, values[order])
    found = MaskSpans(owner, edges[order], edges[order + 1])
    masks = Masks((height, width), *runs(found, np.ones(len(ids), np.bool_), height * width))
    return MotsTable.of(np.full(len(ids), frame), ids, ids // PER_CLASS, masks, 0)


def kitti_ids(rows: MotsTable, clip: str) -> MotsTable:
    """Return rows whose ids are class × 1000 + number, those that are already as they are.

    Raises:
        SettingError: an id or class for which that has no room in 16 bits.
    """
    sound = rows.track_id // PER_CLASS == rows.class_id
    ids = np.where(sound, rows.track_id, rows.class_id * PER_CLASS + rows.track_id)
    if len(wrong := np.flatnonzero((~sound & (rows.track_id >= PER_CLASS)) | (ids > _MOST))):
        row = wrong[0]
        raise SettingError(
            f"{clip}: KITTI-MOTS has no place for id {rows.track_id[row]} of class {rows.class_id[row]}: ids are "
            f"class x {PER_CLASS} + number, up to {_MOST}; write --to mots"
        )
    return replace(rows, track_id=ids)


def ids_picture(rows: MotsTable) -> NDArray[np.uint16]:
    """Return one frame's rows as KITTI-MOTS' PNG has them, after `kitti_ids`."""
    picture: NDArray[np.uint16] = np.append(0, rows.track_id)[labels(rows.masks)].astype(np.uint16)
    return picture


def _split(folder: str) -> str:
    return "train" if folder == "training" else folder


def _notes(table: Table) -> list[str]:
    polygons = table.boxes.polygons
    whole = int((~polygons.there).sum()) if polygons is not None else len(table.boxes)
    return [f"{whole} boxes have no polygon; the whole box is written as their mask"] if whole else []


def _text(table: Table, rows: IntArray, frames: IntArray, clip: str) -> str:
    return "".join(_lines(part) for part in _by_frame(table_rows(table, rows, frames, clip)))


def _by_frame(rows: MotsTable) -> Iterator[MotsTable]:
    cuts = np.flatnonzero(np.diff(rows.frame)) + 1
    yield from (rows[part] for part in np.split(np.arange(len(rows)), cuts) if len(part))


def _lines(rows: MotsTable) -> str:
    return format_mots_rows(int(rows.frame[0]) + rows.first_frame, rows.track_id, rows.class_id, rows.masks)


def _write_kitti_clip(stage: StagedFolder, table: Table, group: Group, settings: WriteSettings, tick: Tick) -> None:
    import cv2

    rows = group.rows[np.argsort(table.images.frame[group.rows], kind="stable")]
    name = table.sequences[int(table.images.sequence[rows[0]])].name
    frames, _ = consecutive(table.images.frame[rows])
    if settings.pictures:
        suffixes = [picture.rpartition(".")[2] for picture in table.images.name[rows].tolist()]
        names = [f"{frame:06d}.{suffix}" for frame, suffix in zip(frames.tolist(), suffixes, strict=True)]
        folder = stage.folder / group.split / _FRAMES / name
        place_group(table, Group(group.split, group.folder, rows), folder, settings, tick, names)
    if not table.images.labelled[rows].any():
        return
    found = kitti_ids(table_rows(table, rows, frames, name, first_frame=0), name)
    stage.write(f"{group.split}/{_TEXTS}/{name}.txt", "".join(_lines(part) for part in _by_frame(found)))
    width, height = table.images.size[rows[0]].tolist()
    for frame in frames.tolist():
        part = found[found.frame == frame]
        picture = ids_picture(part) if len(part) else np.zeros((height, width), np.uint16)
        _, data = cv2.imencode(".png", picture)
        stage.write(f"{group.split}/{_PICTURES}/{name}/{frame:06d}.png", np.asarray(data).tobytes())


def _kitti_clips(root: Path, split: str, names: tuple[str, ...]) -> Iterator[Table]:
    texts = {file.stem: file for file in list_files(root / _TEXTS, {".txt"})} if (root / _TEXTS).is_dir() else {}
    pictures = {folder.name: folder for folder in list_folders(root / _PICTURES)} if not texts else {}
    if not texts and not pictures:
        raise FormatError(f"{root}: neither {_TEXTS}/CLIP.txt nor {_PICTURES}/CLIP/*.png")
    for name in sorted({**texts, **pictures}):
        files = list_files(root / _FRAMES / name, set(IMAGE_SUFFIXES)) if (root / _FRAMES / name).is_dir() else []
        if name in texts:
            shown = str(texts[name])
            rows = parse_mots(read_bytes(texts[name]), name=shown, zero_based=True)
        else:
            shown = str(pictures[name])
            rows = _read_ids(pictures[name])
        yield _clip(name, split, files, rows, names, shown)


def _read_ids(folder: Path) -> MotsTable:
    import cv2

    parts = []
    for file in list_files(folder, {".png"}):
        picture = cv2.imdecode(np.frombuffer(read_bytes(file), np.uint8), cv2.IMREAD_UNCHANGED)
        if picture is None or not re.fullmatch(r"\d+", file.stem):
            raise FormatError(f"{file}: no PNG that can be read, or its name is no frame number")
        parts.append(parse_ids(np.asarray(picture), int(file.stem), str(file)))
    if len({part.masks.shape for part in parts}) != 1:
        raise FormatError(f"{folder}: no PNG, or PNGs of several sizes")
    frame, ids, kinds = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("frame", "track_id", "class_id")
    )
    return MotsTable.of(frame, ids, kinds, Masks.concatenate([part.masks for part in parts]), 0)


def _clip(
    name: str, split: str, files: list[Path], rows: MotsTable, names: tuple[str, ...], shown: str
) -> Table:  # fmt: skip
    """One clip's table: its pictures where there are any, else one for each frame up to the last row."""
    if files:
        with files[0].open("rb") as stream:
            size = header_size(stream, str(files[0]))
        if not all(file.stem.isdigit() for file in files):
            raise FormatError(f"{files[0].parent}: pictures' names are no frame numbers, as 000000.png is")
        frames = np.array([int(file.stem) for file in files], np.int64)
    else:
        size = (rows.masks.shape[1], rows.masks.shape[0])
        frames = np.arange(int(rows.frame.max()) + 1 if len(rows) else 0)
    rows = read_rows(rows, shown, size)
    image = np.searchsorted(frames, rows.frame)
    if len(rows) and (frames[np.minimum(image, len(frames) - 1)] != rows.frame).any():
        raise FormatError(f"{shown}: frame {rows.frame[-1]} is labelled, but has no picture")
    paths = [str(file.absolute()) for file in files] if files else None
    titles = [f"{name}/{frame:06d}{files[0].suffix if files else '.png'}" for frame in frames.tolist()]
    images = ImageTable.make(titles, size=size, file=paths, split=split, sequence=0, frame=frames)
    boxes = Boxes.make(
        image, rows.xyxy, class_indices(rows, names, shown), track_id=rows.track_id, ignore=rows.score == 0,
        polygons=Polygons.make(outlines(rows.masks)),
    )  # fmt: skip
    clip = Clip(name, split, *size, length=len(frames), match=name, source=shown)
    return replace(Table(names, (clip,), images, Boxes.empty()), boxes=boxes)
