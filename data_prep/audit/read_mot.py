"""Clips as MOTChallenge lays them out (SportsMOT, SoccerNet, MOT, DanceTrack), read without refusing anything."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_prep.audit.source import AuditSource, Part, joined, shown
from data_prep.formats.clips import base_name, find_clips
from data_prep.formats.motfolders import known_classes
from data_prep.formats.soccernet import CLASSES as ROLES
from data_prep.formats.soccernet import read_roles
from data_prep.formats.sportsmot import match_of
from data_prep.pictures import IMAGE_SUFFIXES
from data_prep.storage import DiskStorage, Storage, ZipStorage
from data_prep.table import Boxes, Clip, ImageTable, Picture
from sportstrack.errors import FormatError
from sportstrack.files.reading import parse_pairs
from sportstrack.mot import MAX_COLUMNS, MIN_COLUMNS
from sportstrack.seqinfo import parse_sequence_info
from sportstrack.types import BoolArray, FloatArray, IntArray

DEEPEST = 3  # folders between the root and a clip, as in SportsMOT/dataset/train/CLIP
_SPLIT = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test", "challenge": "challenge"}
_LISTS = "splits_txt"
_ABSENT = (1.0, -1.0, -1.0, -1.0)  # columns 7 to 10 where a file does not have them


def find_all_clips(root: Path) -> tuple[Storage, list[tuple[str, str]]]:
    """Return the storage and (folder, split) of all clips below a folder or in a zip; none if there are none."""
    if root.is_dir() and (root / "seqinfo.ini").is_file():
        return DiskStorage(root.absolute().parent), [(root.absolute().name, "train")]
    storage: Storage = ZipStorage(root) if root.is_file() else DiskStorage(root)
    own = _SPLIT.get(root.stem.lower(), "train")
    kept: dict[tuple[str, str], tuple[str, str]] = {}
    for folder in _walk(storage, "", DEEPEST):
        split = next((_split(part) for part in reversed(folder.split("/")[:-1]) if _split(part)), "")
        kept.setdefault((split, base_name(folder)), (folder, split))  # MOT17 has each clip once per detector
    listed = _listed(storage)
    return storage, [(f, s or listed.get(f.rpartition("/")[2], own)) for f, s in kept.values()]


def read_clips(root: Path, *, class_names: tuple[str, ...] | None = None, zero_based: bool = False) -> AuditSource:
    """Read all clips below a folder; FormatError if there are none."""
    storage, found = find_all_clips(root)
    if not found:
        raise FormatError(f"{root}: no clips found (folders that hold seqinfo.ini, img1/ or gt/)")
    clips = [_Clip(storage, folder, split, class_names, 0 if zero_based else 1) for folder, split in found]
    any_pictures = any(clip.names for clip in clips)
    parts = [part for clip in clips for part in clip.read(any_pictures)]
    lists = Part(())
    _check_lists(storage, {folder.rpartition("/")[2] for folder, _ in found}, lists)
    return joined([*parts, lists], "mot")


def parse_rows(text: bytes, file: str, part: Part) -> tuple[FloatArray, IntArray]:
    """Return (N, 10) columns of MOT text and their (N,) lines; what is not a row of numbers is reported."""
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = [(i, line) for i, line in enumerate(text.split(b"\n"), 1) if line.strip()]
    if not lines:
        return np.empty((0, MAX_COLUMNS)), np.empty(0, np.int64)
    numbers = np.array([i for i, _ in lines], np.int64)
    try:
        found = np.loadtxt(io.BytesIO(text), delimiter="," if b"," in text else None, comments=None, ndmin=2)
        if MIN_COLUMNS <= found.shape[1] <= MAX_COLUMNS and len(found) == len(lines):
            return _filled(found), numbers
    except ValueError:
        pass
    rows, kept = [], []
    for number, line in lines:
        row = _row(line)
        if row is None:
            part.report("unreadable label", f"not {MIN_COLUMNS} to {MAX_COLUMNS} numbers: {shown(line)}", file, number)
        else:
            rows.append(row)
            kept.append(number)
    return np.array(rows, np.float64).reshape(-1, MAX_COLUMNS), np.array(kept, np.int64)


class _Clip:
    """One clip's folder."""

    def __init__(self, storage: Storage, folder: str, split: str, classes: tuple[str, ...] | None, first: int):
        self.storage, self.folder, self.split, self.first = storage, folder, split, first
        self.name = folder.rpartition("/")[2]
        text, shown = storage.read(f"{folder}/seqinfo.ini"), storage.show(f"{folder}/seqinfo.ini")
        self.lines = {key: line for key, (_, line) in parse_pairs(text or b"", shown).items()}
        self.info = parse_sequence_info(text or b"", shown, lenient=True)
        self.path = f"{folder}/{self.info.image_folder or 'img1'}"
        self.names = [name for name in storage.files(self.path) if name.lower().endswith(IMAGE_SUFFIXES)]
        self.tracks, self.match = read_roles(storage, folder)
        named = classes or self._stated_classes()
        self.lowest = 0 if named[0].startswith("0=") else 1  # number of the first class
        self.classes = tuple(re.sub(r"^\d+=", "", name) for name in named)

    def read(self, any_pictures: bool) -> Iterator[Part]:
        """Yield its part: none but findings if it cannot be read at all."""
        part = Part(self.classes)
        sizes = self._sizes(part)
        if sizes is None:
            yield part
            return
        width, height, length = sizes
        frames, files = self._pictures(part)
        last = int(frames.max()) + 1 if len(frames) else 0
        if any_pictures and length is not None and length != last:
            text = f"seqinfo.ini says {length} frames, the pictures end at {last}"
            part.report("frame count", text, self._show("seqinfo.ini"), self._line("seqlength"), self.split)
        rows, lines = self._rows(part)
        rows, lines = self._in_range(part, rows, lines, max(length or 0, last), frames)
        labelled = self.storage.read(f"{self.folder}/gt/gt.txt") is not None
        sequence = Clip(
            self.name, self.split, width, height, self.info.frame_rate, length,
            self.match or match_of(base_name(self.name)), labelled, self.storage.show(self.folder),
        )  # fmt: skip
        part.sequences = (sequence,)
        self._add_images(part, rows, (frames, files), sequence, any_pictures)
        self._add_boxes(part, rows, lines)
        yield part

    def _stated_classes(self) -> tuple[str, ...]:
        known = known_classes(self.storage, self.folder)
        roles = ROLES if self.tracks else ("person",)
        return known or roles

    def _sizes(self, part: Part) -> tuple[int, int, int | None] | None:
        """Return width, height and length; report and return None where the clip cannot be read without them."""
        width, height, length = self.info.width, self.info.height, self.info.frames
        bad = not width or not height or (length is None and not self.names)
        if bad:
            reason = "no imWidth and imHeight" if not width or not height else "no pictures and no seqLength"
            if not self.lines:
                reason = "there is no seqinfo.ini"
            part.report("unreadable clip", reason, self._show("seqinfo.ini"), None, self.split)
            return None
        return int(width or 0), int(height or 0), length

    def _line(self, key: str) -> int | None:
        return self.lines.get(key)

    def _show(self, name: str) -> str:
        return self.storage.show(f"{self.folder}/{name}")

    def _pictures(self, part: Part) -> tuple[IntArray, list[Picture]]:
        """Return frames from 0 and files, in order; pictures count from 1 unless there is a picture 0."""
        numbered: dict[int, str] = {}
        for name in self.names:
            found = re.search(r"(\d{1,9})$", name[: name.rindex(".")])
            if found is None or int(found.group(1)) in numbered:
                reason = "its name ends in no number" if found is None else "a second picture of this number"
                part.report("unreadable picture", reason, self.storage.show(f"{self.path}/{name}"), None, self.split)
            else:
                numbered[int(found.group(1))] = name
        order = sorted(numbered)
        frames = np.array(order, np.int64) - (min(1, order[0]) if order else 0)
        return frames, self.storage.pictures(self.path, [numbered[i] for i in order])

    def _rows(self, part: Part) -> tuple[FloatArray, IntArray]:
        file = self._show("gt/gt.txt")
        part.files.append(file)
        rows, lines = parse_rows(self.storage.read(f"{self.folder}/gt/gt.txt") or b"", file, part)
        whole = rows[:, [0, 1, 7]]
        good = (np.isfinite(whole) & (whole == np.floor(whole)) & (np.abs(whole) < 2**53)).all(axis=1)
        good &= ~np.isnan(rows[:, 6])
        for i in np.flatnonzero(~good).tolist():
            text = f"frame, id, flag and class must be whole numbers: {rows[i, [0, 1, 6, 7]].tolist()}"
            part.report("unreadable label", text, file, int(lines[i]), self.split)
        return rows[good], lines[good]

    def _in_range(
        self, part: Part, rows: FloatArray, lines: IntArray, length: int, frames: IntArray
    ) -> tuple[FloatArray, IntArray]:
        file, frame = self._show("gt/gt.txt"), rows[:, 0] - self.first
        good = (frame >= 0) & ((frame < length) | np.isin(frame, frames)) if len(rows) else np.ones(0, np.bool_)
        for i in np.flatnonzero(~good).tolist():
            text = f"frame {rows[i, 0]:.0f} of a clip with {length} frames"
            part.report("frame out of range", text, file, int(lines[i]), self.split)
        rows, lines = rows[good], lines[good]
        known = self._known_class(rows)
        for i in np.flatnonzero(~known).tolist():
            track = f"track {rows[i, 1]:.0f} is not in gameinfo.ini"
            text = track if self._by_role() else f"class {rows[i, 7]:.0f}"
            part.report("unknown class", text, file, int(lines[i]), self.split)
        return rows[known], lines[known]

    def _by_role(self) -> bool:
        return self.classes == ROLES and bool(self.tracks)

    def _known_class(self, rows: FloatArray) -> BoolArray:
        if self._by_role():
            return np.isin(rows[:, 1], list(self.tracks))
        least = self.lowest if len(self.classes) > 1 or (rows[:, 7] == 1).any() else 0
        known = (rows[:, 7] < len(self.classes) + self.lowest) & ((rows[:, 7] >= least) | (rows[:, 7] < 0))
        return np.asarray(known)

    def _add_images(
        self, part: Part, rows: FloatArray, pictures: tuple[IntArray, list[Picture]], sequence: Clip,
        any_pictures: bool,
    ) -> None:  # fmt: skip
        """Enter the frames: those with pictures, holes between them, and labelled ones."""
        have = dict(zip(pictures[0].tolist(), pictures[1], strict=True))
        last = max(have, default=-1) + 1 if any_pictures else int(sequence.length or 0)
        labelled = np.unique(rows[:, 0]).astype(np.int64) - self.first
        frames = sorted({*range(last), *labelled.tolist()} if have or not any_pictures else {*labelled.tolist(), 0})
        expected: list[Picture] = [f"{self.storage.show(self.path)}/{frame + 1:06d}.jpg" for frame in frames]
        files = [have.get(f, e if any_pictures else None) for f, e in zip(frames, expected, strict=True)]
        names = [str(getattr(file, "member", file)).rpartition("/")[2] for file in files]
        names = [f"{frame + 1:06d}.jpg" if file is None else name
                 for frame, file, name in zip(frames, files, names, strict=True)]  # fmt: skip
        part.images = ImageTable.make(
            [f"{self.name}/{name}" for name in names], size=(sequence.width, sequence.height), file=files,
            split=self.split, sequence=0, frame=frames, labelled=sequence.labelled,
        )  # fmt: skip
        part.missing = [any_pictures and frame not in have for frame in frames]

    def _add_boxes(self, part: Part, rows: FloatArray, lines: IntArray) -> None:
        assert part.images is not None
        image = np.searchsorted(part.images.frame, rows[:, 0].astype(np.int64) - self.first)
        order = np.argsort(image, kind="stable")
        rows, lines, image = rows[order], lines[order], image[order]
        if self._by_role():
            number = {t: ROLES.index(i.role if i.role in ROLES else "other") for t, i in self.tracks.items()}
            kinds = np.array([number[int(t)] for t in rows[:, 1].tolist()], np.int64)
        else:
            kinds = np.maximum(rows[:, 7].astype(np.int64) - self.lowest, 0)
        with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are found later
            xyxy = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
        part.boxes = Boxes.make(
            image, xyxy, kinds, track_id=rows[:, 1].astype(np.int64), ignore=rows[:, 6] == 0, visibility=rows[:, 8]
        )
        part.box_file = [0] * len(rows)
        part.line = lines.tolist()
        part.tracks = {(0, track): info for track, info in self.tracks.items()}


def _walk(storage: Storage, folder: str, depth: int) -> Iterator[str]:
    clips = find_clips(storage, folder)
    yield from clips
    if depth > 0:
        for name in storage.folders(folder):
            path = f"{folder}/{name}" if folder else name
            if path not in clips:
                yield from _walk(storage, path, depth - 1)


def _split(folder: str) -> str:
    return _SPLIT.get(folder.lower().rstrip("0123456789"), "")  # DanceTrack has train1, train2


def _lists(storage: Storage) -> Iterator[tuple[str, str, int, str]]:
    """(split, list file, line, clip) of SportsMOT's lists."""
    for name in storage.files(_LISTS):
        split = _SPLIT.get(name.rpartition(".")[0].lower())
        if split:
            text = (storage.read(f"{_LISTS}/{name}") or b"").decode("utf-8-sig", "replace")
            for number, line in enumerate(text.splitlines(), 1):
                if line.strip():
                    yield split, f"{_LISTS}/{name}", number, line.strip()


def _listed(storage: Storage) -> dict[str, str]:
    return {clip: split for split, _, _, clip in _lists(storage)}


def _check_lists(storage: Storage, clips: set[str], part: Part) -> None:
    first: dict[str, str] = {}
    for split, file, line, clip in _lists(storage):
        if clip not in clips:
            part.report("unreadable clip", f"{clip} is listed but not there", storage.show(file), line, split)
        elif first.setdefault(clip, split) != split:
            text = f"{clip} is listed for {first[clip]} as well"
            part.report("sequence in two splits", text, storage.show(file), line, split)


def _filled(found: FloatArray) -> FloatArray:
    values = np.empty((len(found), MAX_COLUMNS))
    width = found.shape[1]
    values[:, :width] = found
    values[:, width:] = _ABSENT[width - MIN_COLUMNS :]
    if width == MAX_COLUMNS and (values[:, 7] != np.floor(values[:, 7])).any():
        values[:, 7:] = _ABSENT[1:]  # MOT15 writes world coordinates there
    return values


def _row(line: bytes) -> list[float] | None:
    text = line.decode("utf-8", "replace").strip()
    cells = text.removesuffix(",").split(",") if "," in text else text.split()
    if not MIN_COLUMNS <= len(cells) <= MAX_COLUMNS or "_" in text:
        return None
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        return None
    return values + list(_ABSENT[len(cells) - MIN_COLUMNS :])
