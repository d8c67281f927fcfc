"""The contact sheet: augmented pictures with their boxes and what was done to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.augment.sample import Params
from data_prep.formats.yolo_read import parse_labels
from data_prep.pictures import JPEG_QUALITY, read_picture, write_whole
from sportstrack.types import Image

_COLUMNS, _WIDTH, _CAPTION, _GAP = 4, 400, 34, 6  # tiles in a row; pixels
_COLOURS = ((0, 255, 255), (0, 140, 255), (255, 120, 0), (255, 0, 255), (255, 255, 0))  # by class; blue, green, red
_LARGEST = 1000  # classes that a label file may hold


def write_sheet(folder: Path, records: Sequence[Params], count: int) -> None:
    """Write ``sheet.png`` into a data set's folder: ``count`` of its augmented pictures, spread evenly."""
    picks = np.unique(np.linspace(0, len(records) - 1, min(count, len(records))).round().astype(int))
    tiles = [_tile(folder, records[i]) for i in picks.tolist()]
    height = max(tile.shape[0] for tile in tiles) + _GAP
    columns = min(_COLUMNS, len(tiles))
    sheet = np.full((-(-len(tiles) // columns) * height, columns * (_WIDTH + _GAP), 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * height, i % columns * (_WIDTH + _GAP)
        sheet[y : y + tile.shape[0], x : x + _WIDTH] = tile
    write_image(folder / "sheet.png", sheet)


def write_image(path: Path, image: Image) -> None:
    """Write a JPEG or PNG file, whole or not at all."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    # OpenCV warns about a JPEG quality for a PNG
    asked = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == ".jpg" else []
    _, data = cv2.imencode(path.suffix, image, asked)
    write_whole(str(path), data.tobytes())


def caption(record: Params) -> tuple[str, str]:
    """Return what was done, and to which picture."""
    steps = [_step(step) for step in record["operations"]]
    name = record["picture"].partition("/")[2]
    return ", ".join(steps), f"{name} ({record['boxes']} boxes, {record['dropped']} dropped)"


def _step(step: Params) -> str:
    numbers = [f"{value:.4g}" for value in step.values() if isinstance(value, (int, float))]
    lists = [str(len(value)) for value in step.values() if isinstance(value, list)]
    return " ".join([step["operation"], *numbers, *lists])


def _tile(folder: Path, record: Params) -> Any:
    """(H, W, 3) uint8: one picture with its boxes, and two lines below it."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    picture = folder / record["picture"]
    image = read_picture(str(picture))
    label = folder / "labels" / picture.relative_to(folder / "images").with_suffix(".txt")
    scale = _WIDTH / image.shape[1]
    height = max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, (_WIDTH, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    rows, polygons = parse_labels(label.read_bytes(), str(label), _LARGEST)
    for (kind, cx, cy, w, h), polygon in zip(rows.tolist(), polygons, strict=True):
        colour = _COLOURS[int(kind) % len(_COLOURS)]
        if polygon is not None:
            ring = (polygon * (_WIDTH, height)).round().astype(np.int32)
            cv2.polylines(small, [ring], True, colour, 1)
            continue
        corners = np.array([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]) * [_WIDTH, height, _WIDTH, height]
        x1, y1, x2, y2 = corners.round().astype(int).tolist()
        cv2.rectangle(small, (x1, y1), (x2, y2), colour, 1)
    text = np.full((_CAPTION, _WIDTH, 3), 255, np.uint8)
    for i, line in enumerate(caption(record)):
        cv2.putText(text, line, (2, 13 + 15 * i), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([small, text])
