"""Pascal VOC folders read without refusing anything but the lack of XML files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.audit.source import AuditSource, Part, joined
from data_prep.formats.voc import CORNERS, FIRST_PIXEL, SETS, find_picture, parse_xml, polygons_note, stated_size
from data_prep.pictures import picture_size
from data_prep.table import Boxes, ImageTable
from sportstrack.errors import FormatError
from sportstrack.files.reading import list_files, read_bytes, read_text, same_name


def read_voc_leniently(root: Path, *, images: Path | None = None, edges: str = "inclusive") -> AuditSource:
    """Read a VOC folder; FormatError if it holds no XML."""
    folder = root / "Annotations" if (root / "Annotations").is_dir() else root
    files = list_files(folder, pattern="*.xml", deep=True)
    if not files:
        raise FormatError(f"{root}: not a Pascal VOC folder: no Annotations/*.xml and no *.xml")
    part = Part(())
    split_of = _splits(root, part)
    places = [images] if images else [root / "JPEGImages", root / "images", folder]
    to = _Gathered(places, np.zeros(4) if edges == "continuous" else FIRST_PIXEL)
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix()
        if not split_of or same_name(name) in split_of:
            _read_file(file, name, split_of.get(same_name(name), "train"), part, to)
    _finish(part, to)
    part.notes += polygons_note(to.polygons, root)
    return joined([part], "voc")


@dataclass
class _Gathered:
    """Columns, as they are read, and the folders with the pictures."""

    places: list[Path]
    first: Any
    names: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    objects: list[tuple[int, str, list[float], bool]] = field(default_factory=list)
    polygons: int = 0


def _splits(root: Path, part: Part) -> dict[str, str]:
    """Return picture → split of the lists; one in two lists stays in test before val before train."""
    split_of: dict[str, str] = {}
    lists = [f for f in list_files(root / SETS, pattern="*.txt") if "_" not in f.stem and f.stem != "trainval"]
    for file in sorted(lists, key=lambda f: ({"test": 0, "val": 1}.get(f.stem, 2), f.stem)):
        try:
            text = read_text(file)
        except FormatError as error:
            part.report("unreadable label", str(error).removeprefix(f"{file}"), str(file), None, file.stem)
            continue
        for number, line in enumerate(text.splitlines(), 1):
            name = same_name(line.rstrip())
            if name and split_of.setdefault(name, file.stem) != file.stem:
                reason = f"{name} is listed for {split_of[name]} as well"
                part.report("same picture in two splits", reason, str(file), number, file.stem)
    return split_of


def _read_file(file: Path, name: str, split: str, part: Part, to: _Gathered) -> None:
    try:
        data = read_bytes(file)
        root = parse_xml(data, str(file))
    except FormatError as error:
        part.report("unreadable label", str(error).removeprefix(f"{file}"), str(file), None, split)
        return
    stated = root.findtext("filename") or f"{name}.jpg"
    picture = find_picture(name, stated, to.places)
    expected = picture or str(to.places[0] / Path(name).parent / Path(stated).name)
    to.names.append(str(Path(name).with_suffix(Path(expected).suffix or ".jpg")))
    to.files.append(expected)
    to.splits.append(split)
    to.sizes.append(_stated_size(root, file, picture))
    part.missing.append(picture is None)
    lines = [data.count(b"\n", 0, found.start()) + 1 for found in re.finditer(rb"<object[\s>/]", data)]
    for i, item in enumerate(root.iter("object")):
        to.polygons += item.find("polygon") is not None
        _read_object(item, file, lines[i] if i < len(lines) else None, split, part, to)
    part.files.append(str(file))


def _stated_size(root: Any, file: Path, picture: str | None) -> tuple[int, int]:
    try:
        return stated_size(root, file, None)
    except FormatError:
        pass
    try:
        return picture_size(picture) if picture else (0, 0)
    except FormatError:
        return (0, 0)


def _read_object(item: Any, file: Path, line: int | None, split: str, part: Part, to: _Gathered) -> None:
    kind = (item.findtext("name") or "").strip()
    words = [item.findtext(f"bndbox/{corner}") for corner in CORNERS]
    try:
        box = [float(word or "?") for word in words]
    except ValueError:
        part.report("unreadable label", f"corners are {words}", str(file), line, split)
        return
    if not kind:
        part.report("unknown class", "an object without a name", str(file), line, split)
        return
    difficult = (item.findtext("difficult") or "0").strip() == "1"
    to.objects.append((len(to.names) - 1, kind, (np.array(box) - to.first).tolist(), difficult))
    part.box_file.append(len(part.files))
    part.line.append(-1 if line is None else line)


def _finish(part: Part, to: _Gathered) -> None:
    part.classes = tuple(sorted({kind for _, kind, _, _ in to.objects}))
    if not any(os.path.isfile(file) for file in to.files):  # noqa: PTH113  # no name is too long for it
        files: list[str | None] = [None] * len(to.files)  # labels alone lack no picture
        part.missing = [False] * len(to.files)
    else:
        files = list(to.files)
    part.images = ImageTable.make(to.names, size=to.sizes or np.empty((0, 2)), file=files, split=to.splits)
    part.boxes = Boxes.make(
        [o[0] for o in to.objects], [o[2] for o in to.objects] or np.empty((0, 4)),
        [part.classes.index(o[1]) for o in to.objects], ignore=[o[3] for o in to.objects],
    )  # fmt: skip
