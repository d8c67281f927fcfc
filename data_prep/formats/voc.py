"""Pascal VOC XML: ``Annotations/NAME.xml``, ``JPEGImages/NAME.jpg`` and ``ImageSets/Main/SPLIT.txt``.

VOC counts pixels from 1 and names the first and the last pixel that belong to a box
(http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/): 1…10 is ten pixels wide. In the continuous pixels of `Table`
that box is 0…10, so reading takes 1 off the left and top edge alone, and writing puts it back. Files of tools that
count from 0, or name the edge behind the last pixel, are read with ``edges="continuous"``.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from data_prep.output import Group, WriteSettings, describe, place_group, prepared, staged, write_groups
from data_prep.pictures import IMAGE_SUFFIXES, Tick, picture_size
from data_prep.table import Boxes, ImageTable, Table
from data_prep.values import as_whole
from sportstrack.errors import FormatError, SettingError
from sportstrack.files.folders import settled
from sportstrack.files.reading import existing, list_files, read_bytes, read_text, same_name
from sportstrack.limits import MAX_SIDE
from sportstrack.types import FloatArray

EDGES = ("inclusive", "continuous")
FIRST_PIXEL = np.array([1.0, 1.0, 0.0, 0.0])  # what inclusive edges counted from 1 are above continuous ones
CORNERS = ("xmin", "ymin", "xmax", "ymax")
SETS = "ImageSets/Main"


def read_voc(root: str | Path, *, images: str | Path | None = None, edges: str = "inclusive") -> Table:
    """Read a VOC folder, or a folder of XML files with their pictures.

    Classes are in alphabetical order. Difficult objects are ignored boxes. Splits are those of ``ImageSets/Main``;
    without them everything is train.

    Args:
        root: the folder.
        images: the pictures' folder; None: ``JPEGImages``, ``images``, or beside the XML.
        edges: ``inclusive`` (VOC's own, from 1) or ``continuous``.

    Raises:
        FormatError: no XML, one that is broken or dangerous (entities, DTD), or a box that breaks a rule.
        SettingError: unknown edges.
    """
    if edges not in EDGES:
        raise SettingError(f"edges are {edges!r}, must be {' or '.join(EDGES)}")
    base = settled(root)
    folder = base / "Annotations" if (base / "Annotations").is_dir() else base
    files = list_files(folder, pattern="*.xml", deep=True)
    if not files:
        raise FormatError(f"{base}: not a Pascal VOC folder: no Annotations/*.xml and no *.xml")
    split_of = _read_sets(base)
    listed = bool(split_of)
    places = [Path(images)] if images else [base / "JPEGImages", base / "images", folder]
    records, first = [], FIRST_PIXEL if edges == "inclusive" else np.zeros(4)
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix()
        if not listed or same_name(name) in split_of:
            records.append(_read_file(file, name, split_of.pop(same_name(name), "train"), places, first))
    unlisted = len(files) - len(records)
    records += [_unlabelled(name, split, places, base) for name, split in split_of.items()]
    table = _to_table(records, base)
    notes = polygons_note(sum(record.polygons for record in records), base)
    if unlisted:
        notes.append(f"{base / SETS}: {unlisted} of the {len(files)} XML files are in none of its lists; left out")
    return replace(table, notes=tuple(notes))


def polygons_note(count: int, base: Path) -> list[str]:
    """Return the note that polygons, which some tools add to VOC's objects, are not read; [] if there are none."""
    return [f"{base}: {count} objects have a polygon as well, which is not read; their boxes are"] if count else []


def write_voc(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Write a VOC folder and return its manifest; boxes as they are, ignored ones as difficult.

    Raises:
        FormatError: a table that is not sound, or pictures that cannot be read.
        OutputError: the place holds something else or cannot be written.
    """
    settings = settings or WriteSettings()
    table = prepared(table, settings)
    _refuse_one_name_in_two_splits(table)
    with staged(out, table, settings, "voc") as stage:
        if stage.complete:
            return stage.manifest
        describe(stage, table, without_polygons="Pascal VOC")

        def work(group: Group, tick: Tick) -> None:
            if settings.pictures:
                place_group(table, group, stage.folder / "JPEGImages", settings, tick)
            (stage.folder / "Annotations" / group.folder).mkdir(parents=True, exist_ok=True)
            for row in group.rows.tolist():
                if table.images.labelled[row]:
                    name = table.images.name[row].rpartition(".")[0]
                    stage.write(f"Annotations/{name}.xml", to_xml(table, row))

        write_groups(stage, table, settings, work, each=not settings.pictures)
        for split in table.splits:
            listed = (table.images.split == split) & (table.images.labelled | settings.pictures)
            names = table.images.name[listed].tolist()
            stage.write(f"{SETS}/{split}.txt", "".join(f"{name.rpartition('.')[0]}\n" for name in names))
        return stage.manifest


def to_xml(table: Table, row: int) -> str:
    """Return one picture's annotation."""
    folder, _, name = table.images.name[row].rpartition("/")
    width, height = table.images.size[row].tolist()
    boxes = table.boxes[table.starts[row] : table.starts[row + 1]]
    objects = [
        f"  <object>\n    <name>{escape(table.classes[kind])}</name>\n    <difficult>{int(ignore)}</difficult>\n"
        "    <bndbox>" + "".join(f"<{c}>{v:.12g}</{c}>" for c, v in zip(CORNERS, box, strict=True)) + "</bndbox>\n"
        "  </object>\n"
        for kind, ignore, box in zip(
            boxes.class_id.tolist(), boxes.ignore.tolist(), (boxes.xyxy + FIRST_PIXEL).tolist(), strict=True
        )
    ]
    return (
        f"<annotation>\n  <folder>{escape(folder)}</folder>\n  <filename>{escape(name)}</filename>\n"
        f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n{''.join(objects)}"
        "</annotation>\n"
    )


class _Record:
    """One XML file: picture, size, and its objects as (class, box, difficult)."""

    def __init__(self, name: str, split: str, file: str | None, size: tuple[int, int], labelled: bool = True):
        self.name, self.split, self.file, self.size, self.labelled = name, split, file, size, labelled
        self.objects: list[tuple[str, list[float], bool]] = []
        self.polygons = 0


def parse_xml(data: bytes, name: str) -> Any:
    """Return the root element of an annotation; entities, DTDs and outside references are refused.

    Raises:
        FormatError: broken or dangerous XML, with its line where the parser knows it.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise FormatError(f"{name}: dangerous XML (document type or entities), refused: {error}") from error
    except ParseError as error:
        raise FormatError(f"{name}, line {error.position[0]}: broken XML: {error}") from error
    except (ValueError, LookupError) as error:  # an unknown encoding
        raise FormatError(f"{name}: broken XML: {error}") from error
    if root.tag != "annotation":
        raise FormatError(f"{name}, line 1: no VOC annotation: its root is <{root.tag}>")
    return root


def _read_file(file: Path, name: str, split: str, places: list[Path], first: FloatArray) -> _Record:
    data = read_bytes(file)
    root = parse_xml(data, str(file))
    picture = find_picture(name, root.findtext("filename") or "", places)
    size = stated_size(root, file, picture)
    suffix = Path(picture or root.findtext("filename") or "x.jpg").suffix or ".jpg"
    record = _Record(name + suffix, split, picture, size)
    lines = [data.count(b"\n", 0, found.start()) + 1 for found in re.finditer(rb"<object[\s>/]", data)]
    for i, item in enumerate(root.iter("object")):
        where = f"{file}, line {lines[i]}" if i < len(lines) else str(file)
        record.objects.append(_object(item, where, first))
        record.polygons += item.find("polygon") is not None
    return record


def _unlabelled(name: str, split: str, places: list[Path], base: Path) -> _Record:
    picture = find_picture(name, "", places)
    if picture is None:
        raise FormatError(f"{base / SETS / split}.txt: names {name}, which has neither XML nor picture")
    return _Record(name + Path(picture).suffix, split, picture, picture_size(picture), labelled=False)


def _object(item: Any, where: str, first: FloatArray) -> tuple[str, list[float], bool]:
    name = (item.findtext("name") or "").strip()
    if not name:
        raise FormatError(f"{where}: an object without a name")
    box = []
    for corner in CORNERS:
        text = item.findtext(f"bndbox/{corner}")
        try:
            box.append(float(text if "_" not in (text or "") else "?"))
        except (TypeError, ValueError):
            raise FormatError(f"{where}: {corner} is {text!r}, expected a number") from None
    edges = np.array(box) - first
    if not np.isfinite(edges).all() or (edges[2:] < edges[:2]).any():
        raise FormatError(f"{where}: the box {box} is turned inside out or not finite")
    return name, edges.tolist(), (item.findtext("difficult") or "0").strip() == "1"


def stated_size(root: Any, file: Path, picture: str | None) -> tuple[int, int]:
    """Return width and height as the XML says, else the picture's own; FormatError if neither is to be had."""
    width, height = (as_whole((root.findtext(f"size/{side}") or "0").strip()) for side in ("width", "height"))
    if width is None or height is None or max(width, height) > MAX_SIDE:
        raise FormatError(f"{file}: <size> holds no whole numbers up to {MAX_SIDE:,}")
    if min(width, height) > 0:
        return width, height
    if picture is None:
        raise FormatError(f"{file}: no <size>, and its picture is not there to be asked")
    return picture_size(picture)


def find_picture(name: str, filename: str, places: list[Path]) -> str | None:
    """Return the picture that belongs to an XML file of this name, or None."""
    stem = Path(name).parent
    candidates = [stem / Path(filename.replace("\\", "/")).name] if filename else []
    candidates += [Path(name + suffix) for suffix in IMAGE_SUFFIXES]
    found = (existing(str(place / path)) for place in places for path in candidates)
    return next((path for path in found if os.path.isfile(path)), None)  # noqa: PTH113  # no name is too long


def _read_sets(base: Path) -> dict[str, str]:
    """Picture's name → split, of the lists train, val and test."""
    split_of: dict[str, str] = {}
    for file in list_files(base / SETS, pattern="*.txt"):
        if "_" in file.stem or file.stem == "trainval":  # lists of one class (cat_train.txt), or both in one
            continue
        for number, line in enumerate(read_text(file).splitlines(), 1):
            name = same_name(line.rstrip())
            if name and split_of.setdefault(name, file.stem) != file.stem:
                raise FormatError(f"{file}, line {number}: {name} is in {split_of[name]}.txt as well")
    return split_of


def _to_table(records: list[_Record], base: Path) -> Table:
    if not records:
        raise FormatError(f"{base / SETS}: its lists name none of the annotations")
    classes = sorted({item[0] for record in records for item in record.objects})
    rows = list(_rows(records, {name: i for i, name in enumerate(classes)}))
    images = ImageTable.make(
        [r.name for r in records], size=[r.size for r in records], file=[r.file for r in records],
        split=[r.split for r in records], labelled=[r.labelled for r in records],
    )  # fmt: skip
    xyxy = np.array([row[2] for row in rows], np.float64).reshape(-1, 4)
    boxes = Boxes.make([row[0] for row in rows], xyxy, [row[1] for row in rows], ignore=[row[3] for row in rows])
    return Table(tuple(classes), (), images, boxes).check(str(base))


def _rows(records: list[_Record], number: dict[str, int]) -> Iterator[tuple[int, int, list[float], bool]]:
    for i, record in enumerate(records):
        for name, box, difficult in record.objects:
            yield i, number[name], box, difficult


def _refuse_one_name_in_two_splits(table: Table) -> None:
    splits = defaultdict(set)
    for split, name in zip(table.images.split.tolist(), table.images.name.tolist(), strict=True):
        splits[name.rpartition(".")[0].lower()].add(split)
    for name, found in splits.items():
        if len(found) > 1:
            raise FormatError(f"VOC keeps all splits in one folder; {name} is in {' and '.join(sorted(found))}")
