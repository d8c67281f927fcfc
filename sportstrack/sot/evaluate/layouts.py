"""Single-object sequences as the benchmarks lay them out: OTB, VOT, GOT-10k, LaSOT, and each track of a MOT sequence.

Boxes come out as ``xyxy``, NaN where the object is absent, in the file's own coordinates: OTB and VOT count pixels from
1, the others from 0; overlaps and distances do not change with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from sportstrack.boxes import tlwh_to_xyxy
from sportstrack.errors import FormatError, SettingError, SourceError, nearest
from sportstrack.files.folders import settled
from sportstrack.files.reading import list_files, list_folders, read_text
from sportstrack.images.decode import read_picture
from sportstrack.limits import MAX_SIDE
from sportstrack.mot import MotTable, read_mot
from sportstrack.seqinfo import read_sequence_info
from sportstrack.sot.evaluate.scores import is_box
from sportstrack.types import BoolArray, FloatArray, Image
from sportstrack.video import IMAGE_SUFFIXES, natural_key

LAYOUTS = ("otb", "vot", "got10k", "lasot", "mot")
Polygons: TypeAlias = Literal["round", "area"]
POLYGONS: tuple[Polygons, ...] = ("round", "area")

FIRST_IMAGE = {"david": 300}
"""OTB's sequences whose truth begins at a later image, counted from 1 (http://cvlab.hanyang.ac.kr/tracker_benchmark)."""
_COVER = np.array([0, 0.075, 0.225, 0.375, 0.525, 0.675, 0.825, 0.95, 1.0])
"""GOT-10k's cover label → visible share, the middle of its range (0 is hidden, 8 whole)."""
_VALUE = re.compile(r"[,;\s]+")
_DEEP = ("", "*/", "*/*/")  # LaSOT keeps sequences in folders of categories


@dataclass(frozen=True, eq=False)
class ObjectSequence:
    """One object to follow.

    Attributes:
        name: unique among the sequences found together; can be a file name.
        boxes: (F, 4) float64 ``xyxy``, NaN where the object is absent; the first is a box.
        images: a file per frame; empty where there are only boxes.
        layout: of `LAYOUTS`.
        size: width and height of the picture, where known.
        flags: the annotators' marks of each frame, (F,) bool: ``occlusion`` and ``out of view``, where there are any.
    """

    name: str
    boxes: FloatArray
    images: tuple[Path, ...] = ()
    layout: str = "otb"
    size: tuple[int, int] | None = None
    flags: Mapping[str, BoolArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.boxes)

    def frames(self) -> Iterator[Image]:
        """Decode the images one by one.

        Raises:
            SourceError: if there are none, or one cannot be decoded.
        """
        if not self.images:
            raise SourceError(f"{self.name}: has no images, only boxes; results can be scored, but no tracker can run")
        for path in self.images:
            yield read_picture(path)


def find_sequences(
    folder: str | Path, *, layout: str | None = None, polygons: Polygons = "round"
) -> dict[str, ObjectSequence]:
    """Find the sequences in a folder that is one itself, or contains them up to two levels down.

    Args:
        folder: a sequence or a data set.
        layout: of `LAYOUTS`; None detects it by the files.
        polygons: how VOT's four corners become a box: ``round`` is the upright box around them; ``area`` has that box's
            shape and the polygon's centre and area.

    Returns:
        Name → sequence, in the order of names.

    Raises:
        SettingError: if nothing is found, or two sequences have one name.
        FormatError: if a file does not have the content of its layout; with the line.
    """
    root = settled(folder)
    if layout is not None and layout not in LAYOUTS:
        raise SettingError(f"no layout {layout!r}{nearest(layout, list(LAYOUTS))} (known: {', '.join(LAYOUTS)})")
    if polygons not in POLYGONS:
        raise SettingError(f"polygons: expected {' or '.join(POLYGONS)}, got {polygons!r}")
    if not root.is_dir():
        raise SettingError(f"{root}: no such folder")
    found: dict[str, ObjectSequence] = {}
    for place, kind in _places(root, layout):
        for sequence in _READERS[kind](place, polygons):
            if sequence.name in found:
                raise SettingError(f"{root}: two sequences are called {sequence.name}; give one split's folder")
            found[sequence.name] = sequence
    if not found:
        raise SettingError(
            f"{root}: no sequence found; looked for groundtruth_rect.txt (OTB), groundtruth.txt (VOT, GOT-10k, LaSOT) "
            "and gt/gt.txt (MOT) here and up to two levels down"
        )
    return found


def _places(root: Path, layout: str | None) -> Iterator[tuple[Path, str]]:
    """Yield the folders that are sequences, and their layouts; those of the uppermost level that has any."""
    for depth in _DEEP:
        folders = [root] if not depth else sorted(list_folders(root, depth), key=_in_order)
        kinds = [(folder, _layout(folder)) for folder in folders]
        places = [(folder, kind) for folder, kind in kinds if kind is not None]
        if places:
            yield from ((place, _asked(kind, layout, place)) for place, kind in places)
            return


def _layout(folder: Path) -> str | None:
    if (folder / "gt" / "gt.txt").is_file():
        return "mot"
    if list_files(folder, pattern="groundtruth_rect*.txt"):
        return "otb"
    if not (folder / "groundtruth.txt").is_file():
        return None
    if any((folder / name).is_file() for name in ("full_occlusion.txt", "out_of_view.txt")):
        return "lasot"
    if any((folder / name).is_file() for name in ("meta_info.ini", "absence.label", "cover.label")):
        return "got10k"
    return "lasot" if (folder / "img").is_dir() else "vot"


def _asked(kind: str, layout: str | None, place: Path) -> str:
    """Return the layout to read with: the one asked for, if the folder has its file of boxes."""
    if layout is None or kind == layout:
        return layout or kind
    if {kind, layout} <= {"vot", "got10k", "lasot"}:
        return layout
    raise SettingError(f"{place}: is laid out as {kind}, not {layout}")


# --- readers ---------------------------------------------------------------------------------------------------------


def _read_otb(folder: Path, _: Polygons) -> Iterator[ObjectSequence]:
    files = [file for file in list_files(folder, pattern="groundtruth_rect*.txt") if read_text(file).strip()]
    images = _image_files(folder / "img")
    for file in files:
        number = file.stem.removeprefix("groundtruth_rect").lstrip(".")
        boxes = _upright(read_rows(file, (4,)), file)
        first = FIRST_IMAGE.get(folder.name.lower(), 1) - 1
        # OTB's truth of some sequences ends before their images do, and the rest of those is not used.
        used = images[first:][: len(boxes)] if len(images) - first >= len(boxes) else images
        yield _sequence(f"{_name(folder)}-{number}" if number else _name(folder), file, boxes, used, "otb")


def _read_vot(folder: Path, polygons: Polygons) -> Iterator[ObjectSequence]:
    file = folder / "groundtruth.txt"
    rows = read_rows(file, (4, 8), polygons=True)
    boxes = corners_to_box(rows, polygons) if rows.shape[1] == 8 else _upright(rows, file)
    images = _image_files(folder / "color") or _image_files(folder)
    covered = _flag(folder, ("occlusion.tag", "occlusion.label"), len(boxes), padded=True)
    yield _sequence(_name(folder), file, boxes, images, "vot", {"occlusion": covered})


def _read_got10k(folder: Path, _: Polygons) -> Iterator[ObjectSequence]:
    file = folder / "groundtruth.txt"
    boxes, images = _upright(read_rows(file, (4,)), file), _image_files(folder)
    if len(boxes) == 1 < len(images):
        raise FormatError(f"{file}: has the first box alone, as GOT-10k's test set, which only its server can score")
    cover = _values(folder / "cover.label", len(boxes))
    absent = _flag(folder, ("absence.label",), len(boxes))
    cropped = _flag(folder, ("cut_by_image.label",), len(boxes))
    gone = np.zeros(len(boxes), np.bool_) if absent is None else absent
    covered = None
    if cover is not None:
        gone = gone | (cover == 0)
        covered = _COVER[cover.clip(0, 8).astype(np.int64)] < 0.9
    boxes[gone] = np.nan
    flags = {"occlusion": covered, "out of view": cropped}
    yield _sequence(_name(folder), file, boxes, images, "got10k", flags, size=_resolution(folder))


def _read_lasot(folder: Path, _: Polygons) -> Iterator[ObjectSequence]:
    file = folder / "groundtruth.txt"
    boxes = _upright(read_rows(file, (4,)), file)
    flags = {
        name: _flag(folder, (stem,), len(boxes))
        for name, stem in (("occlusion", "full_occlusion.txt"), ("out of view", "out_of_view.txt"))
    }
    for gone in flags.values():
        if gone is not None:
            boxes[gone] = np.nan
    yield _sequence(_name(folder), file, boxes, _image_files(folder / "img"), "lasot", flags)


def _read_mot(folder: Path, _: Polygons) -> Iterator[ObjectSequence]:
    file = folder / "gt" / "gt.txt"
    info = read_sequence_info(folder)
    table = read_mot(file, frames=info.frames)
    table = table[table.score != 0]  # the consider flag of a ground truth
    images = _numbered(_image_files(folder / (info.image_folder or "img1")))
    for track in np.unique(table.track_id).tolist():
        yield _track(folder, file, table[table.track_id == track], images, info.size)


def _track(
    folder: Path, file: Path, rows: MotTable, images: Mapping[int, Path], size: tuple[int, int] | None
) -> ObjectSequence:
    """Return one track as an object: from its first frame to its last, absent where it has no row."""
    first, last, track = int(rows.frame.min()), int(rows.frame.max()), int(rows.track_id[0])
    boxes = np.full((last - first + 1, 4), np.nan)
    boxes[rows.frame - first] = rows.xyxy
    visible = np.ones(len(boxes))
    visible[rows.frame - first] = rows.visibility
    # A column full of ones, or of −1, is no statement.
    seen = visible < 0.9 if ((rows.visibility >= 0) & (rows.visibility < 1)).any() else None
    used: list[Path] = []
    if images:
        missing = next((frame for frame in range(first, last + 1) if frame not in images), None)
        if missing is not None:
            raise FormatError(f"{file}: id {track} is in frame {missing + 1} (from 1), of which there is no image")
        used = [images[frame] for frame in range(first, last + 1)]
    return _sequence(f"{_name(folder)}-id{track}", file, boxes, used, "mot", {"occlusion": seen}, size=size)


_READERS: Mapping[str, Callable[[Path, Polygons], Iterator[ObjectSequence]]] = {
    "otb": _read_otb,
    "vot": _read_vot,
    "got10k": _read_got10k,
    "lasot": _read_lasot,
    "mot": _read_mot,
}


def _sequence(
    name: str,
    file: Path,
    boxes: FloatArray,
    images: list[Path],
    layout: str,
    flags: Mapping[str, BoolArray | None] | None = None,
    size: tuple[int, int] | None = None,
) -> ObjectSequence:
    """Check that a sequence is one."""
    if images and len(images) != len(boxes):
        raise FormatError(f"{file}: {len(boxes)} boxes, but {len(images)} images; expected one box for each image")
    if not is_box(boxes[:1])[0]:
        raise FormatError(f"{file}: the first frame must have a box, from which trackers start")
    boxes[~is_box(boxes)] = np.nan
    known = {key: value for key, value in (flags or {}).items() if value is not None}
    return ObjectSequence(name, boxes, tuple(images), layout, size, known)


# --- files -----------------------------------------------------------------------------------------------------------


def read_rows(file: str | Path, widths: tuple[int, ...], *, polygons: bool = False) -> FloatArray:
    """Read rows of numbers with commas, semicolons, tabs or spaces between them.

    Args:
        file: its blank lines, byte order mark, Windows line ends and a separator at the end of a line are accepted.
        widths: how many numbers a row may have; all rows have as many.
        polygons: rows may be VOT's polygons; this affects the message alone.

    Returns:
        (F, one of `widths`) float64; NaN where the file has ``nan``.

    Raises:
        FormatError: if the file cannot be read, is empty, or a row has too few or too many numbers; with the line.
    """
    text = read_text(file)
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = _VALUE.split(line.strip().strip(",;"))
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            hint = "; masks cannot be read" if polygons and line.lstrip().startswith("m") else ""
            raise FormatError(f"{file}, line {number}: expected numbers, got {line.strip()[:60]!r}{hint}") from None
        if len(values) not in widths or (rows and len(values) != len(rows[0])):
            wanted = str(len(rows[0])) if rows else " or ".join(map(str, widths))
            raise FormatError(f"{file}, line {number}: expected {wanted} numbers, got {len(values)}: {line.strip()!r}")
        rows.append(values)
    if not rows:
        raise FormatError(f"{file}: is empty")
    return np.array(rows)


def corners_to_box(corners: FloatArray, polygons: Polygons = "round") -> FloatArray:
    """Return (N, 4) ``xyxy`` of (N, 8) corners x1, y1 … x4, y4; see `find_sequences` for the two kinds.

    ``area`` follows VOT's own recipe for trackers that know upright boxes alone (centre of the corners, the upright
    box's shape, the polygon's area), without the one pixel that the recipe adds to each side.
    """
    points = corners.reshape(-1, 4, 2)
    low, high = points.min(axis=1), points.max(axis=1)
    if polygons == "round":
        return np.hstack([low, high])
    x, y = points[..., 0], points[..., 1]
    area = np.abs((x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)) / 2
    whole = (high - low).prod(axis=1)
    scale = np.sqrt(np.divide(area, whole, out=np.ones(len(area)), where=whole > 0))[:, None]
    centre, half = points.mean(axis=1), scale * (high - low) / 2
    return np.hstack([centre - half, centre + half])


def _upright(rows: FloatArray, file: Path) -> FloatArray:
    """Return (F, 4) ``xyxy`` of left, top, width, height; negative sizes are refused, zeros mean absent."""
    negative = np.flatnonzero((rows[:, 2:] < 0).any(axis=1))
    if len(negative):
        raise FormatError(f"{file}, row {negative[0] + 1}: width and height must not be below 0: {rows[negative[0]]}")
    return tlwh_to_xyxy(rows)


def _values(file: Path, count: int, *, padded: bool = False) -> FloatArray | None:
    """Read one number per frame, in a line or in lines; None where there is no file."""
    if not file.is_file():
        return None
    cells = [cell for cell in _VALUE.split(read_text(file).strip()) if cell]
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        raise FormatError(f"{file}: expected one number per frame") from None
    if not np.isfinite(values).all():
        raise FormatError(f"{file}: expected one number per frame, got NaN or infinity")
    if padded and len(values) < count:
        values = np.pad(values, (0, count - len(values)))
    if len(values) != count:
        raise FormatError(f"{file}: {len(values)} values for {count} frames")
    return values


def _flag(folder: Path, names: tuple[str, ...], count: int, *, padded: bool = False) -> BoolArray | None:
    for name in names:
        values = _values(folder / name, count, padded=padded)
        if values is not None:
            return np.asarray(values != 0)
    return None


def _resolution(folder: Path) -> tuple[int, int] | None:
    """Return the width and height in GOT-10k's ``meta_info.ini``; FormatError if they are impossibly large."""
    file = folder / "meta_info.ini"
    if not file.is_file():
        return None
    match = re.search(r"resolution\s*[:=]\s*\(?\s*(\d+)\s*,\s*(\d+)", read_text(file))
    if match is None:
        return None
    if max(len(match[1]), len(match[2])) > len(str(MAX_SIDE)):
        raise FormatError(f"{file}: resolution: expected two numbers up to {MAX_SIDE:,}")
    return int(match[1]), int(match[2])


def _image_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(list_files(folder, IMAGE_SUFFIXES), key=_in_order)


def _numbered(files: list[Path]) -> dict[int, Path]:
    """Frame from 0 → image, by the images' own numbers, which start at 1 or, if it is there, 0."""
    numbers = [re.search(r"(\d+)$", file.stem) for file in files]
    if not all(numbers):
        return dict(enumerate(files))
    counted = [int(match[1]) for match in numbers if match]
    base = min([1, *counted])
    return {number - base: file for number, file in zip(counted, files, strict=True)}


def _in_order(path: Path) -> tuple[list[str | int], str]:
    return natural_key(path.name)


def _name(folder: Path) -> str:
    return folder.resolve().name
