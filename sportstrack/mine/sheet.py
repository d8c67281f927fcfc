"""The contact sheet: each mined picture twice, with the truth and with the detections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from sportstrack.files.claim import PartFile
from sportstrack.mine.loss import named_parts, pair
from sportstrack.mine.mined import Hard
from sportstrack.types import Detections, Image

Colour: TypeAlias = tuple[int, int, int]
MOST = 24
WIDTH, COLUMNS, CAPTION, MARGIN = 560, 2, 22, 6  # pixels of a picture; pairs side by side
SMALL = 8  # pixels; a smaller box is drawn with a margin
TRUTH, RIGHT, CONFUSED, FALSE, MISSED = (80, 220, 80), (255, 200, 60), (220, 60, 255), (60, 60, 255), (0, 165, 255)
"""Blue, green, red of: a true box, a right detection, one of another class, one of nothing, a missed true box."""
_LEGEND = (("truth", TRUTH), ("right", RIGHT), ("other class", CONFUSED), ("false", FALSE), ("missed", MISSED))


def write_sheet(hard: Sequence[Hard], classes: Sequence[str], file: PartFile, score: float) -> None:
    """Draw the worst pictures, at most `MOST`, into one picture; detections below `score` are left out.

    Raises:
        OutputError: it cannot be written.
    """
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    sheet = _stack([_tile(one, number + 1, classes, score) for number, one in enumerate(hard[:MOST])])
    file.write(np.asarray(cv2.imencode(".png", sheet)[1]).tobytes())
    file.complete()


def _stack(tiles: Sequence[Image]) -> Image:
    """Put tiles into rows of `COLUMNS`, below a legend."""
    width = tiles[0].shape[1] if tiles else 2 * WIDTH + MARGIN
    columns = min(COLUMNS, max(1, len(tiles)))
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    heights = [max(tile.shape[0] for tile in row) for row in rows]
    sheet = np.full((CAPTION + MARGIN + sum(h + MARGIN for h in heights), columns * (width + MARGIN), 3), 24, np.uint8)
    _legend(sheet)
    top = CAPTION + MARGIN
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            left = column * (width + MARGIN)
            sheet[top : top + tile.shape[0], left : left + width] = tile
        top += height + MARGIN
    return sheet


def _tile(one: Hard, rank: int, classes: Sequence[str], score: float) -> Image:
    """Return a caption over two pictures: truth left, prediction right."""
    import cv2

    from data_prep.pictures import read_picture

    image = read_picture(one.picture)
    scale = WIDTH / image.shape[1]
    height = max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, right = small.copy(), small.copy()
    _draw(left, one.truth, scale, [TRUTH] * len(one.truth), _rare(one.truth, classes))
    found = one.found[one.found.score >= score]
    pairs = pair(one.truth, found)
    colours: list[Colour] = [FALSE] * len(found)
    for truth, row in zip(pairs.truth.tolist(), pairs.found.tolist(), strict=True):
        colours[row] = RIGHT if one.truth.class_id[truth] == found.class_id[row] else CONFUSED
    missed = one.truth[pairs.missed]
    _draw(right, missed, scale, [MISSED] * len(missed), [classes[i] for i in missed.class_id.tolist()])
    _draw(right, found, scale, colours, _doubtful(found, classes, colours))
    caption = np.full((CAPTION, 2 * WIDTH + MARGIN, 3), 24, np.uint8)
    parts = ", ".join(f"{name} {value:.1f}" for name, value in named_parts(one.parts))
    name = "/".join(Path(one.picture).parts[-2:])
    _text(caption, f"{rank}. {name}  loss {one.loss:.2f} ({parts})", (4, 16), (230, 230, 230), 0.45)
    between = np.full((height, MARGIN, 3), 24, np.uint8)
    return np.vstack([caption, np.hstack([left, between, right])])


def _rare(boxes: Detections, classes: Sequence[str]) -> list[str]:
    """Return class names, but none for the class that most boxes have."""
    if not len(boxes):
        return []
    usual = int(np.bincount(boxes.class_id).argmax())
    return ["" if i == usual else classes[i] for i in boxes.class_id.tolist()]


def _doubtful(boxes: Detections, classes: Sequence[str], colours: Sequence[Colour]) -> list[str]:
    """Return class and score of the boxes that are wrong; right ones need no words."""
    rows = zip(boxes.class_id.tolist(), boxes.score.tolist(), colours, strict=True)
    return ["" if colour == RIGHT else f"{classes[i]} {score:.2f}" for i, score, colour in rows]


def _draw(image: Image, boxes: Detections, scale: float, colours: Sequence[Colour], words: Sequence[str]) -> None:
    import cv2

    for box, colour, word in zip((boxes.xyxy * scale).round().astype(int).tolist(), colours, words, strict=True):
        x1, y1, x2, y2 = box
        if x2 - x1 < SMALL:  # a ball
            x1, y1, x2, y2 = x1 - 4, y1 - 4, x2 + 4, y2 + 4
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, 1, cv2.LINE_AA)
        if word:
            _text(image, word, (max(x1, 0), y1 - 3 if y1 > 12 else y2 + 11), colour, 0.33)


def _legend(sheet: Image) -> None:
    x = 4
    for word, colour in _LEGEND:
        _text(sheet, word, (x, 16), colour, 0.45)
        x += 12 + 9 * len(word)


def _text(image: Image, text: str, place: tuple[int, int], colour: Colour, size: float) -> None:
    import cv2

    plain = text.encode("ascii", "replace").decode()  # OpenCV draws no other letters
    below = (place[0] + 1, place[1] + 1)
    cv2.putText(image, plain, below, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(image, plain, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
