"""Tracks that were corrected in CVAT or Label Studio, as tables; `find_edits` makes edits of them.

CVAT for video 1.1 (https://docs.cvat.ai/docs/manual/advanced/xml_format/): boxes between two that are not ``outside``
lie on straight lines. Label Studio: a list of tasks, a picture each, as ``sportstrack label`` writes them, whose
regions carry ``track N`` in their note or ``t N`` in their id; or regions of a video (``videorectangle``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sportstrack.errors import FormatError, SettingError
from sportstrack.files.reading import read_bytes, read_json
from sportstrack.limits import MAX_FRAMES
from sportstrack.refine.table import TrackTable

SUFFIXES = (".xml", ".json")
_ID = re.compile(r"^f\d+-t(\d+)$")
_NOTE = re.compile(r"^track (\d+)$")

Row = tuple[int, int, tuple[float, float, float, float]]
"""Frame from 0, track, corners."""


def read_corrected(path: str | Path) -> TrackTable:
    """Read the tracks of a CVAT file (``.xml``) or a Label Studio export (``.json``).

    Raises:
        FormatError: the file cannot be read, is none of these, or holds a box that cannot be.
    """
    rows = list(_cvat(path) if Path(path).suffix.lower() == ".xml" else _labelstudio(path))
    if not rows:
        raise FormatError(f"{path}: holds no tracks; export CVAT for video 1.1, or JSON from Label Studio")
    try:
        table = TrackTable.of(*([row[i] for row in rows] for i in range(3)))
    except SettingError as error:
        raise FormatError(f"{path}: {error}") from error
    if int(table.frame.min()) < 0 or int(table.frame.max()) > MAX_FRAMES:
        raise FormatError(f"{path}: a box in a frame that is not from 0 to {MAX_FRAMES:,}")
    return table


def _cvat(path: str | Path) -> Iterator[Row]:
    data = read_bytes(path)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise FormatError(f"{path}: has a DOCTYPE, which CVAT does not write; export it again")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise FormatError(f"{path}: no XML: {error}") from error
    for number, track in enumerate(root.iter("track")):
        try:
            boxes = [_cvat_box(box) for box in track.iter("box")]
        except (KeyError, ValueError) as error:
            raise FormatError(f"{path}: track {number}: a box without frame and corners as numbers: {error}") from error
        yield from ((frame, number, box) for frame, box in _lines(sorted(boxes)))


def _cvat_box(box: ElementTree.Element) -> tuple[int, bool, tuple[float, ...]]:
    corners = tuple(float(box.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
    return int(box.attrib["frame"]), box.get("outside") == "1", corners


def _lines(boxes: list[tuple[int, bool, tuple[float, ...]]]) -> Iterator[tuple[int, Any]]:
    """Yield frames and boxes, those between two boxes on straight lines; one that is outside begins a gap."""
    for (frame, outside, corners), (end, gone, other) in pairwise([*boxes, *boxes[-1:]]):
        if outside:
            continue
        yield frame, corners
        for at in range(frame + 1, min(end, frame + MAX_FRAMES)):
            share = 0.0 if gone else (at - frame) / (end - frame)
            yield at, tuple((1.0 - share) * p + share * q for p, q in zip(corners, other, strict=True))


def _labelstudio(path: str | Path) -> Iterator[Row]:
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise FormatError(f"{path}: expected a list of tasks; export JSON from Label Studio")
    new = count(1 << 40)  # a region that a person drew is a track of its own, unless its note says which
    for number, task in enumerate(tasks):
        try:
            for region in _regions(task):
                if region.get("type") == "videorectangle":
                    yield from _video_region(region, next(new))
                elif region.get("type") == "rectanglelabels":
                    track = _track_of(region)
                    yield int(task["data"]["frame"]), next(new) if track is None else track, _corners(region)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"{path}: task {number + 1}: not as sportstrack label writes it: {error!r}") from error


def _regions(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the regions of the last annotation that was not cancelled; of the prediction where there is none."""
    made = [one for one in task.get("annotations", []) if not one.get("was_cancelled")]
    made = made or task.get("predictions", [])
    regions: list[Mapping[str, Any]] = made[-1]["result"] if made else []
    return regions


def _track_of(region: Mapping[str, Any]) -> int | None:
    notes = (region.get("meta") or {}).get("text") or []
    for text in [notes] if isinstance(notes, str) else notes:
        if found := _NOTE.match(str(text).strip()):
            return int(found[1])
    found = _ID.match(str(region.get("id", "")))
    return int(found[1]) if found else None


def _corners(region: Mapping[str, Any], at: Mapping[str, Any] | None = None) -> tuple[float, float, float, float]:
    value, width, height = at or region["value"], float(region["original_width"]), float(region["original_height"])
    x, y = value["x"] * width / 100.0, value["y"] * height / 100.0
    return x, y, x + value["width"] * width / 100.0, y + value["height"] * height / 100.0


def _video_region(region: Mapping[str, Any], track: int) -> Iterator[Row]:
    """Yield the boxes of a region of a video; a key that is not enabled is its last box before a gap."""
    known, boxes = _track_of(region), []
    for key in region["value"]["sequence"]:
        frame, corners = int(key["frame"]) - 1, _corners(region, key)
        boxes.append((frame, False, corners))
        if not key.get("enabled", True):
            boxes.append((frame + 1, True, corners))
    boxes.sort()
    taken = {frame for frame, outside, _ in boxes if not outside}
    for frame, box in _lines([one for one in boxes if not one[1] or one[0] not in taken]):
        yield frame, track if known is None else known, box
