"""One clip as MOTChallenge lays it out: ``img1/``, ``gt/gt.txt`` and ``seqinfo.ini``, read into a `Table`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np

from data_prep.formats.mots_rows import class_indices, read_rows
from data_prep.formats.rle import outlines
from data_prep.headers import header_size
from data_prep.pictures import IMAGE_SUFFIXES, picture_bytes, show_picture
from data_prep.polygons import Polygons
from data_prep.storage import Storage
from data_prep.table import Boxes, Clip, ImageTable, Picture, Table, TrackInfo, VideoFrame, join_tables
from sportstrack.errors import FormatError
from sportstrack.files.reading import parse_pairs, same_name
from sportstrack.limits import MAX_CLIP_FRAMES
from sportstrack.mot import MotTable, parse_mot
from sportstrack.mots import MotsTable, looks_like_mots, parse_mots
from sportstrack.seqinfo import parse_sequence_info
from sportstrack.types import IntArray

VIDEO_SUFFIXES = (".mp4", ".mkv", ".avi", ".mov", ".m4v", ".webm")
_FAR_OUTSIDE = 0.2  # least share of boxes wholly beside the picture for the truth to be another clip's
_DETECTOR = re.compile(r"-(DPM|FRCNN|SDP)$")
_NUMBER = re.compile(r"(\d+)$")

ClassOf = Callable[[MotTable, str], IntArray]
"""(rows, name for messages) → (N,) class ids."""


@dataclass(frozen=True)
class ClipRules:
    """How a data set's clips are read.

    Attributes:
        classes: names of the classes.
        class_of: gives each row its class; None: all are class 0.
        skip_missing: leave out labelled frames whose picture is missing, instead of refusing the clip.
        from_video: take the frames of ``CLIP.mp4`` beside or in the folder where there is no image folder.
        zero_based: ``gt.txt`` counts frames from 0.
    """

    classes: tuple[str, ...]
    class_of: ClassOf | None = None
    skip_missing: bool = False
    from_video: bool = False
    zero_based: bool = False


def read_clip(
    storage: Storage, folder: str, split: str, rules: ClipRules, match: str = "",
    tracks: dict[int, TrackInfo] | None = None,
) -> Table:  # fmt: skip
    """Read one clip's folder; without ``gt/gt.txt`` its pictures alone.

    Raises:
        FormatError: no seqinfo.ini or none with sizes, rows that break a rule, boxes of another clip, missing pictures.
    """
    sequence, image_folder = _read_seqinfo(storage, folder, split, match)
    frames, names, files = _find_pictures(storage, folder, image_folder, sequence, rules)
    text = storage.read(f"{folder}/gt/gt.txt")
    sequence = replace(sequence, labelled=text is not None)
    images = ImageTable.make(
        names, size=(sequence.width, sequence.height), file=files, split=split, sequence=0, frame=frames,
        labelled=text is not None,
    )  # fmt: skip
    table = Table(rules.classes, (sequence,), images, Boxes.empty())
    if text is None:
        return table
    shown = storage.show(f"{folder}/gt/gt.txt")
    if looks_like_mots(text):
        found = parse_mots(text, name=shown, frames=sequence.length, zero_based=rules.zero_based or None)
        return _with_boxes(
            table, read_rows(found, shown, (sequence.width, sequence.height)), rules, shown, tracks or {}
        )
    rows = parse_mot(text, name=shown, frames=sequence.length, zero_based=rules.zero_based)
    _refuse_another_clip(rows, sequence, shown)
    return _with_boxes(table, rows, rules, shown, tracks or {})


def join_clips(clips: Iterable[Table], where: str) -> Table:
    """Join the tables of clips.

    Raises:
        FormatError: two clips have the same truth, two have one name in one split, or there is none.
    """
    truths: dict[bytes, str] = {}
    names: dict[tuple[str, str], str] = {}
    tables = list(clips)
    for table in tables:
        sequence, boxes = table.sequences[0], table.boxes
        digest = hashlib.sha256(boxes.xyxy.tobytes() + boxes.image.tobytes() + boxes.track_id.tobytes()).digest()
        if len(boxes) and truths.setdefault(digest, sequence.source) != sequence.source:
            other = truths[digest]
            raise FormatError(f"{sequence.source}: its gt.txt is the same as in {other}; one is another clip's truth")
        key = (sequence.split, sequence.name.casefold())
        if names.setdefault(key, sequence.source) != sequence.source:
            raise FormatError(f"{sequence.source}: a second clip called {sequence.name}; the first is {names[key]}")
    if not tables:
        raise FormatError(f"{where}: no clips found (folders that hold seqinfo.ini)")
    return join_tables(tables)


def base_name(clip: str) -> str:
    """Return a clip's name without the detector that MOT17 appends to it."""
    return _DETECTOR.sub("", clip)


def find_clips(storage: Storage, folder: str = "") -> list[str]:
    """Return the sub-folders that look like clips (img1/, gt/ or seqinfo.ini), sorted."""
    found = []
    for name in storage.folders(folder):
        path = f"{folder}/{name}" if folder else name
        if "seqinfo.ini" in storage.files(path) or {"img1", "gt"} & set(storage.folders(path)):
            found.append(path)
    return found


def _read_seqinfo(storage: Storage, folder: str, split: str, match: str) -> tuple[Clip, str]:
    path = f"{folder}/seqinfo.ini"
    text = storage.read(path)
    if text is None:
        size = first_size(storage, f"{folder}/img1")
        if size is None:
            raise FormatError(f"{storage.show(folder)}: no seqinfo.ini and no pictures in img1/ to ask for their size")
        name = folder.rpartition("/")[2]
        return Clip(name, split, *size, match=match or name, source=storage.show(folder)), "img1"
    shown = storage.show(path)
    info = parse_sequence_info(text, shown)
    if info.size is None:
        missing = "imWidth" if info.width is None else "imHeight"
        raise FormatError(f"{shown}: says no {missing}; add the pictures' imWidth and imHeight in pixels")
    name = folder.rpartition("/")[2]
    if info.name is not None and not _same_clip(info.name, name):
        line = parse_pairs(text, shown)["name"][1]
        raise FormatError(f"{shown}, line {line}: name={info.name}, but the folder is called {name}")
    sequence = Clip(
        name, split, *info.size, info.frame_rate, info.frames, match or name, source=storage.show(folder)
    )  # fmt: skip
    return sequence, info.image_folder or "img1"


def first_size(storage: Storage, folder: str) -> tuple[int, int] | None:
    """Return width and height of a folder's first picture, None without pictures."""
    names = [name for name in storage.files(folder) if name.lower().endswith(IMAGE_SUFFIXES)]
    for picture in storage.pictures(folder, names[:1]):
        return header_size(BytesIO(picture_bytes(picture)), show_picture(picture))
    return None


def _same_clip(stated: str, folder: str) -> bool:
    # MOT17-02 holds the seqinfo.ini of MOT17-02-FRCNN where the detector's name was dropped from the folder's
    return same_name(base_name(stated)).casefold() == same_name(base_name(folder)).casefold()


def _find_pictures(
    storage: Storage, folder: str, image_folder: str, sequence: Clip, rules: ClipRules
) -> tuple[IntArray, list[str], list[Picture]]:
    """Return frame numbers from 0, names and files; labels without any pictures get names that pictures would have."""
    path = f"{folder}/{image_folder}"
    names = [name for name in storage.files(path) if name.lower().endswith(IMAGE_SUFFIXES)]
    if names:
        frames = _frame_numbers(names, storage.show(path))
        order = np.argsort(frames, kind="stable")
        names = [names[i] for i in order.tolist()]
        files = storage.pictures(path, names)
        return frames[order], [f"{sequence.name}/{name}" for name in names], files
    if sequence.length is None:
        raise FormatError(f"{storage.show(path)}: no pictures, and seqinfo.ini says no seqLength")
    if sequence.length > MAX_CLIP_FRAMES:
        raise FormatError(
            f"{storage.show(folder)}: seqinfo.ini says {sequence.length:,} frames and there are no pictures; at most "
            f"{MAX_CLIP_FRAMES:,} are read without pictures"
        )
    names = [f"{sequence.name}/{i:06d}.jpg" for i in range(1, sequence.length + 1)]
    video = _find_video(storage, folder) if rules.from_video else None
    files = [None if video is None else VideoFrame(video, i) for i in range(sequence.length)]
    return np.arange(sequence.length), names, files


def _find_video(storage: Storage, folder: str) -> str | None:
    parent, _, own = folder.rpartition("/")
    inside = storage.pictures(folder, storage.files(folder))
    beside = storage.pictures(parent, [name for name in storage.files(parent) if Path(name).stem == own])
    for file in inside + beside:
        if isinstance(file, str) and file.lower().endswith(VIDEO_SUFFIXES):
            return file
    return None


def _frame_numbers(names: list[str], shown: str) -> IntArray:
    """(M,) frame of each picture, from 0; pictures count from 1 unless there is a picture 0.

    CVAT exports its frames as frame_000000, frame_000005, … and counts them one by one.
    """
    stems = [name[: name.rindex(".")] for name in names]
    try:
        numbers = np.array([int(stem) for stem in stems], np.int64)  # 000001, as all of them have it
    except (ValueError, OverflowError):
        found = [_NUMBER.search(stem) for stem in stems]
        if not all(found):
            bad = names[found.index(None)]
            raise FormatError(f"{shown}/{bad}: its name ends in no number, so its frame is unknown") from None
        numbers = np.array([int(match.group(1)) for match in found if match], np.int64)
        if all(stem.startswith("frame_") for stem in stems):
            return np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
    values, counts = np.unique(numbers, return_counts=True)
    if (counts > 1).any():
        raise FormatError(f"{shown}: two pictures have the number {values[counts > 1][0]}")
    frames: IntArray = numbers - min(1, int(numbers.min()))
    return frames


def _refuse_another_clip(rows: MotTable, sequence: Clip, shown: str) -> None:
    """Boxes beside the picture in numbers are those of a clip of another size."""
    if not len(rows):
        return
    width, height = sequence.width, sequence.height
    outside = (rows.xyxy[:, :2] >= (width, height)).any(axis=1) | (rows.xyxy[:, 2:] <= 0).any(axis=1)
    if outside.mean() > _FAR_OUTSIDE:
        raise FormatError(
            f"{shown}: {outside.sum()} of its {len(rows)} boxes lie wholly outside the {width}x{height} picture, the "
            f"first in frame {rows.frame[outside][0] + 1}; is it the truth of another clip?"
        )


def _with_boxes(table: Table, rows: MotTable, rules: ClipRules, shown: str, tracks: dict[int, TrackInfo]) -> Table:
    frames = table.images.frame
    image = np.searchsorted(frames, rows.frame)
    found = frames[np.minimum(image, len(frames) - 1)] == rows.frame
    notes = list(_length_notes(table.sequences[0], len(frames)))
    if not found.all():
        first, lost = int(rows.frame[~found].min()) + 1, len(np.unique(rows.frame[~found]))
        where = f"{table.sequences[0].source}: {lost} labelled frames have no picture, the first is frame {first}"
        if not rules.skip_missing:
            raise FormatError(f"{where}; add them or pass --skip-missing")
        notes.append(f"{where}; left out with their {int((~found).sum())} boxes")
        rows, image = rows[found], image[found]
    polygons, class_id = None, np.zeros(len(rows), np.int64)
    if isinstance(rows, MotsTable):
        class_id, polygons = class_indices(rows, rules.classes, shown), Polygons.make(outlines(rows.masks))
    elif rules.class_of is not None:
        class_id = rules.class_of(rows, shown)
    boxes = Boxes.make(
        image, rows.xyxy, class_id, track_id=rows.track_id, ignore=rows.score == 0, visibility=rows.visibility,
        polygons=polygons,
    )  # fmt: skip
    infos = {(0, track): info for track, info in tracks.items()}
    return replace(table, boxes=boxes, tracks=infos, notes=tuple(notes))


def _length_notes(sequence: Clip, pictures: int) -> Iterator[str]:
    if sequence.length is not None and sequence.length != pictures:
        yield f"{sequence.source}: seqinfo.ini says {sequence.length} frames, there are {pictures} pictures"
