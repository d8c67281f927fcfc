"""MOTChallenge folders: ``SPLIT/CLIP/{img1,gt/gt.txt,seqinfo.ini}``, read (MOT15/16/17/20, DanceTrack) and written.

What is written scores as it is: `sportstrack.score` and TrackEval find the clips by their folders or by
``seqmaps/SPLIT.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.formats.clips import ClassOf, ClipRules, base_name, find_clips, join_clips, read_clip
from data_prep.formats.mots_rows import MOTS_CLASSES
from data_prep.formats.soccernet import read_roles
from data_prep.output import Group, WriteSettings, describe, place_group, prepared, staged, write_groups
from data_prep.pictures import Tick
from data_prep.stage import StagedFolder
from data_prep.storage import DiskStorage, Storage, ZipStorage
from data_prep.table import NO_SEQUENCE, NO_TRACK, Table
from sportstrack.boxes import xyxy_to_tlwh
from sportstrack.errors import FormatError, SettingError
from sportstrack.files.folders import settled
from sportstrack.files.reading import decode, parse_pairs
from sportstrack.mot import MotTable
from sportstrack.mots import looks_like_mots
from sportstrack.types import IntArray

MOT_CLASSES = (
    "pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorised vehicle", "static person",
    "distractor", "occluder", "occluder on the ground", "occluder full", "reflection", "crowd",
)  # fmt: skip
"""Classes 1…13 of MOT16, MOT17 and MOT20 (Milan et al. 2016, arXiv:1603.00831; Dendorfer et al. 2020)."""

_KNOWN = (
    (re.compile(r"^MOT(16|17|20)-"), MOT_CLASSES),
    (re.compile(r"^MOTS20-"), MOTS_CLASSES),
    (re.compile(r"^dancetrack\d", re.IGNORECASE), ("dancer",)),
    (re.compile(r"^v_.+_c\d+$"), ("player",)),
)
_PEOPLE = ("person",)


def read_mot_folders(
    root: str | Path, *, class_names: tuple[str, ...] | None = None, zero_based: bool = False,
    skip_missing: bool = False, from_video: bool = False,
) -> Table:  # fmt: skip
    """Read a clip's folder, a folder of clips, of splits of clips, or a zip of any of them.

    Of MOT17's three copies of each clip (DPM, FRCNN, SDP) one is read. Boxes with the consider flag 0 are ignored.

    Args:
        root: folder or zip.
        class_names: of classes 1, 2, …, or of 0, 1, … where the first is ``0=NAME``; None: MOTChallenge's for its
            clips, those of ``gameinfo.ini`` or of CVAT's ``gt/labels.txt``, else one class.
        zero_based: ``gt.txt`` counts frames from 0.
        skip_missing: leave out labelled frames without a picture instead of refusing them.
        from_video: take frames from ``CLIP.mp4`` where a clip has no pictures.

    Raises:
        FormatError: no clips there, or an unsound one.
    """
    path = settled(root)
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    if path.is_dir() and ((path / "seqinfo.ini").is_file() or (path / "gt" / "gt.txt").is_file()):
        storage: Storage = DiskStorage(path.absolute().parent)
        found = [(path.absolute().name, "train")]
    else:
        storage = ZipStorage(path) if path.is_file() else DiskStorage(path)
        found = list(_find(storage, path.stem))
    rules = _rules(storage, found, class_names, (skip_missing, from_video, zero_based))
    return join_clips((_read(storage, folder, split, rules) for folder, split in _one_copy(found)), str(root))


def write_mot_folders(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Write ``SPLIT/CLIP/`` folders and ``seqmaps/``; return the manifest.

    Boxes are written as they are, ignored ones with the flag 0. Frames thinned by ``--every`` are numbered anew, one
    after the other, at the lower frame rate. Boxes without identities go to ``det/det.txt``.

    Raises:
        SettingError: single pictures. FormatError, OutputError: as `data_prep.formats.yolo.write_yolo`.
    """
    return write_clip_folders(table, out, settings, "mot", lambda table, rows, frames, _: mot_text(table, rows, frames))


def write_clip_folders(
    table: Table,
    out: str | Path,
    settings: WriteSettings | None,
    kind: str,
    text: Callable[[Table, IntArray, IntArray, str], str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Write ``SPLIT/CLIP/`` folders of a kind, ``mot`` or ``mots``; ``text`` is given pictures, frames and the clip."""
    settings = settings or WriteSettings()
    require_clips(table, f"{kind.upper()} layout")
    table = prepared(table, settings)
    with staged(out, table, settings, kind) as stage:
        if stage.complete:
            return stage.manifest
        describe(stage, table, without_polygons="MOT text" if kind == "mot" else "", notes=notes)

        def work(group: Group, tick: Tick) -> None:
            _write_clip(stage, table, group, settings, tick, text)

        write_groups(stage, table, settings, work, each=not settings.pictures)
        for split in table.splits:
            clips = dict.fromkeys(table.images.sequence[table.images.split == split].tolist())
            names = "".join(f"{table.sequences[clip].name}\n" for clip in clips)
            stage.write(f"seqmaps/{split}.txt", "name\n" + names)
        return stage.manifest


def mot_text(table: Table, rows: IntArray, frames: IntArray) -> str:
    """Return MOT text of pictures' boxes.

    Args:
        table: the table.
        rows: (K,) the pictures.
        frames: (K,) their frames, from 0.
    """
    number = np.full(len(table.images), -1, np.int64)
    number[rows] = frames
    boxes = table.boxes[number[table.boxes.image] >= 0]
    columns = zip(
        (number[boxes.image] + 1).tolist(), boxes.track_id.tolist(), xyxy_to_tlwh(boxes.xyxy).tolist(),
        (~boxes.ignore).astype(int).tolist(), (boxes.class_id + 1).tolist(), boxes.visibility.tolist(), strict=True,
    )  # fmt: skip
    return "".join(
        f"{frame},{track},{x:.10g},{y:.10g},{w:.10g},{h:.10g},{flag},{kind},{seen:.6g}\n"
        for frame, track, (x, y, w, h), flag, kind, seen in columns
    )


def require_clips(table: Table, what: str) -> None:
    """Refuse single pictures where clips are wanted; SettingError."""
    if (table.images.sequence == NO_SEQUENCE).any() or not len(table.images):
        raise SettingError(f"{what} needs clips; these are single pictures, whose order and identities are unknown")


def consecutive(frames: IntArray) -> tuple[IntArray, int]:
    """Return the frames of a thinned clip numbered one after the other, and the stride (1: all were kept)."""
    step = int(np.gcd.reduce(frames)) if len(frames) > 1 else 1
    return frames // max(step, 1), max(step, 1)


def _find(storage: Storage, name: str) -> Iterator[tuple[str, str]]:
    for path in find_clips(storage):
        yield path, _split(name)
    for folder in storage.folders():
        for path in find_clips(storage, folder):
            yield path, _split(folder)
        for inner in storage.folders(folder):  # a zip often holds one folder that holds the splits
            for path in find_clips(storage, f"{folder}/{inner}"):
                yield path, _split(inner)


def _split(folder: str) -> str:
    word = folder.lower().rstrip("0123456789")  # DanceTrack: train1, train2, test1
    return {"valid": "val", "validation": "val"}.get(word, word) if word in _SPLITS else "train"


_SPLITS = ("train", "val", "valid", "validation", "test")


def _one_copy(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    kept: dict[tuple[str, str], tuple[str, str]] = {}
    for folder, split in found:
        kept.setdefault((split, base_name(folder)), (folder, split))
    return list(kept.values())


def _rules(
    storage: Storage, found: list[tuple[str, str]], names: tuple[str, ...] | None, switches: tuple[bool, bool, bool]
) -> ClipRules:
    known = names or next((known for folder, _ in found if (known := known_classes(storage, folder))), _PEOPLE)
    classes, class_of = class_column(known)
    skip_missing, from_video, zero_based = switches
    return ClipRules(classes, class_of, skip_missing, from_video, zero_based)


def class_column(names: tuple[str, ...]) -> tuple[tuple[str, ...], ClassOf]:
    """Return class names, and what gives each row of a data set its class by column 8.

    Names count from 1, or from 0 if the first is ``0=NAME``. No class (−1) is the first one. So is 0 where there is one
    class and no row has 1; otherwise a file that counts from 0 would lose its last class, so it is refused.
    """
    first = 0 if names[0].startswith("0=") else 1
    classes = tuple(re.sub(r"^\d+=", "", name) for name in names)
    seen: set[int] = set()

    def class_of(rows: MotTable, shown: str) -> IntArray:
        kinds: IntArray = np.where(rows.class_id < 0, 0, rows.class_id - first)
        seen.update(np.unique(rows.class_id).tolist())
        if first and 0 in seen and (len(classes) > 1 or 1 in seen):
            row = int((rows.class_id < 2).argmax())
            numbered = ",".join(f"{i}={name}" for i, name in enumerate(classes if len(classes) > 1 else ("A", "B")))
            raise FormatError(
                f"{shown}, row {row + 1}: class 0 is there, but classes count from 1; if these count from 0, name them "
                f"with --class-names {numbered}"
            )
        kinds = np.maximum(kinds, 0)
        if len(kinds) and kinds.max() >= len(classes):
            row = int((kinds >= len(classes)).argmax())
            raise FormatError(
                f"{shown}, row {row + 1}: class {kinds[row] + first}, but the classes are {', '.join(classes)}; "
                "name them all with --class-names"
            )
        return kinds

    return classes, class_of


def known_classes(storage: Storage, folder: str) -> tuple[str, ...] | None:
    """Return a clip's class names: as its gameinfo.ini says, else those of the benchmark its name is from, or None."""
    name = folder.rpartition("/")[2]
    path = f"{folder}/gameinfo.ini"
    pairs = parse_pairs(storage.read(path) or b"", storage.show(path))
    stated = {int(key[6:]): value for key, (value, _) in pairs.items() if re.match(r"class_\d{1,6}$", key)}
    if stated and sorted(stated) == list(range(1, len(stated) + 1)):
        return tuple(stated[i] for i in sorted(stated))
    path = f"{folder}/gt/labels.txt"  # CVAT's
    labels = [
        line.strip() for line in decode(storage.read(path) or b"", storage.show(path)).splitlines() if line.strip()
    ]
    if labels:
        return tuple(labels)
    return next((classes for pattern, classes in _KNOWN if pattern.match(name)), None)


def _read(storage: Storage, folder: str, split: str, rules: ClipRules) -> Table:
    tracks, match = read_roles(storage, folder)
    return read_clip(storage, folder, split, rules, match or base_name(folder.rpartition("/")[2]), tracks)


def _write_clip(
    stage: StagedFolder,
    table: Table,
    group: Group,
    settings: WriteSettings,
    tick: Tick,
    text: Callable[[Table, IntArray, IntArray, str], str],
) -> None:
    for clip in np.unique(table.images.sequence[group.rows]).tolist():
        rows = group.rows[table.images.sequence[group.rows] == clip]
        rows = rows[np.argsort(table.images.frame[rows], kind="stable")]
        frames, step = consecutive(table.images.frame[rows])
        folder = f"{group.split}/{table.sequences[clip].name}"
        suffixes = [name.rpartition(".")[2] for name in table.images.name[rows].tolist()]
        names = [f"{frame + 1:06d}.{suffix}" for frame, suffix in zip(frames.tolist(), suffixes, strict=True)]
        if settings.pictures:
            part = Group(group.split, folder, rows)
            place_group(table, part, stage.folder / folder / "img1", settings, tick, names)
        if table.images.labelled[rows].any():
            tracks = table.boxes.track_id[np.isin(table.boxes.image, rows)]
            words = text(table, rows, frames, table.sequences[clip].name)
            kind = "det/det.txt" if (tracks == NO_TRACK).any() and not looks_like_mots(words.encode()) else "gt/gt.txt"
            stage.write(f"{folder}/{kind}", words)
        stage.write(f"{folder}/seqinfo.ini", _seqinfo(table, clip, rows, frames, step, suffixes[0]))
        stage.write(f"{folder}/gameinfo.ini", _gameinfo(table, clip))


def _seqinfo(table: Table, clip: int, rows: IntArray, frames: IntArray, step: int, suffix: str) -> str:
    sequence = table.sequences[clip]
    width, height = table.images.size[rows[0]].tolist()
    length = max(int(frames.max()) + 1, -(-(sequence.length or 0) // step))
    rate = "" if sequence.frame_rate is None else f"frameRate={sequence.frame_rate / step:.10g}\n"
    return (
        f"[Sequence]\nname={sequence.name}\nimDir=img1\n{rate}seqLength={length}\n"
        f"imWidth={width}\nimHeight={height}\nimExt=.{suffix}\n"
    )


def _gameinfo(table: Table, clip: int) -> str:
    """Return roles as SoccerNet writes them, and the classes; readers of plain MOT pass the file by."""
    sequence = table.sequences[clip]
    infos = {track: info for (index, track), info in table.tracks.items() if index == clip}
    lines = ["[Sequence]", f"name={sequence.name}", f"num_tracklets={len(infos)}"]
    if sequence.match and sequence.match != sequence.name:
        lines.append(f"gameID={sequence.match}")
    for track, info in infos.items():
        role = f"{info.role} team {info.team}" if info.team else info.role
        lines.append(f"trackletID_{track}= {role};{info.number}")
    lines += ["", "[Classes]", *(f"class_{i}={name}" for i, name in enumerate(table.classes, 1))]
    return "\n".join(lines) + "\n"
