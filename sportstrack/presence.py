"""Where someone has been: the path over the video, and a heat map of presence over the first frame.

From Python, `heat_map`, `overlay` and `draw_path`, or `Presence` frame by frame; as a command, a picture or a video of
a tracking result: ``python -m sportstrack.presence RESULT.txt --video VIDEO [--id 7] -o heat.png``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.arguments import SHARE, Real, Whole
from sportstrack.cli import new_parser, run
from sportstrack.errors import FormatError, OutputError, SettingError
from sportstrack.files import PartFile, add_overwrite
from sportstrack.limits import MAX_CANVAS, MAX_SIDE
from sportstrack.mot import MotTable, read_mot
from sportstrack.types import FloatArray

PROGRAM = "sportstrack presence"
SPREAD = 1 / 60  # of the picture's longer side: a visit's standard deviation
CELLS = 480  # a map is kept at this many cells along the longer side, whatever the picture's size
OPACITY = 0.65
_BAND = 256  # rows of a picture that are blended at once
PICTURES = (".png", ".jpg", ".jpeg")
VIDEOS = (".mp4", ".m4v", ".mov")
PATH_COLOUR = (255, 255, 255)  # BGR; stands out from grass and from a heat map's colours

Image: TypeAlias = NDArray[np.uint8]

_EXAMPLES = """examples:
  sportstrack presence runs/track/match.txt --video match.mp4 -o heat.png           everyone
  sportstrack presence runs/track/match.txt --video match.mp4 --id 7 -o heat.png    player 7, with the path
  sportstrack presence runs/sot/match.txt --video match.mp4 -o heat.mp4             grows as the video plays

exit status: 0 done, 2 bad input or settings, 130 interrupted
"""


class Presence:
    """Counts visits; a map for every moment.

    Args:
        width: pixels of the picture.
        height: pixels.
        spread: standard deviation of a visit in pixels; None fits it to the picture.

    Raises:
        SettingError: if a size or the spread is not above 0.
    """

    def __init__(self, width: int, height: int, spread: float | None = None) -> None:
        if not (width >= 1 and height >= 1):
            raise SettingError(f"size: expected at least 1x1, got {width}x{height}")
        if spread is not None and not 0 < spread < float("inf"):
            raise SettingError(f"spread: expected more than 0 pixels, got {spread}")
        self.width, self.height = int(width), int(height)
        self._scale = min(1.0, CELLS / max(width, height))
        self._spread = (spread or SPREAD * max(width, height)) * self._scale
        cells = (max(1, round(height * self._scale)), max(1, round(width * self._scale)))
        self._visits = np.zeros(cells, np.float32)

    def add(self, where: ArrayLike) -> None:
        """Count visits at (N, 2) points, or at the feet (bottom centres) of (N, 4) ``xyxy`` boxes.

        What is not finite or outside the picture is left out.
        """
        points = as_points(where)
        rows, columns = self._visits.shape
        inside = ((points >= 0) & (points < (self.width, self.height))).all(axis=1)
        x, y = (points[inside] * (columns / self.width, rows / self.height)).astype(np.int64).T
        np.add.at(self._visits, (np.minimum(y, rows - 1), np.minimum(x, columns - 1)), 1.0)

    def map(self) -> NDArray[np.float32]:
        """Return the (height, width) share of presence, 1 at the most visited place; all 0 without visits."""
        import cv2

        blurred = cv2.GaussianBlur(self._visits, (0, 0), self._spread, borderType=cv2.BORDER_CONSTANT)
        heat: NDArray[np.float32] = cv2.resize(blurred, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        most = float(heat.max())
        return heat / most if most > 0 else heat


def heat_map(where: ArrayLike, width: int, height: int, *, spread: float | None = None) -> NDArray[np.float32]:
    """Return where someone was and how long, as a (height, width) map of 0…1.

    Args:
        where: (N, 2) points, or (N, 4) ``xyxy`` boxes, of which the feet (bottom centre) count; rows that are not
            finite are left out.
        width: pixels of the picture.
        height: pixels.
        spread: standard deviation of a visit in pixels; None fits it to the picture.
    """
    presence = Presence(width, height, spread)
    presence.add(where)
    return presence.map()


def overlay(image: Image, heat: NDArray[np.float32], opacity: float = OPACITY) -> Image:
    """Return a copy of a (H, W, 3) BGR image with a (H, W) heat map over it: the warmer, the less see-through.

    Raises:
        SettingError: if the sizes differ.
    """
    import cv2

    if heat.shape != image.shape[:2]:
        raise SettingError(f"heat map: expected the image's shape {image.shape[:2]}, got {heat.shape}")
    blended = np.empty_like(image)
    for top in range(0, len(image), _BAND):  # a band at a time: floating-point pixels take much memory
        rows = slice(top, top + _BAND)
        # A root brings out the places visited for a moment beside those where someone stood for minutes.
        warmth = np.sqrt(heat[rows])
        colours = cv2.applyColorMap((255 * warmth).astype(np.uint8), cv2.COLORMAP_TURBO)
        share = (opacity * np.minimum(2 * warmth, 1.0)).astype(np.float32)[..., None]
        blended[rows] = (image[rows] * (1 - share) + colours * share).astype(np.uint8)
    return blended


def draw_path(
    image: Image, where: ArrayLike, colour: tuple[int, int, int] = PATH_COLOUR, thickness: int | None = None
) -> Image:
    """Draw a path **into** an image and return it.

    Args:
        image: (H, W, 3) BGR, C-contiguous.
        where: (N, 2) points or (N, 4) ``xyxy`` boxes (their feet) in the order of time; a row that is not finite
            interrupts the line. The line grows from faint to bright, and a dot marks its end.
        colour: BGR.
        thickness: pixels; None fits it to the image.
    """
    import cv2

    line = thickness or max(1, round(image.shape[0] / 360))
    points = as_points(where, keep=True)
    far = 16.0 * max(image.shape[:2])  # OpenCV takes 32-bit whole numbers
    good: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(points), axis=1)
    spots = np.where(good[:, None], points, 0.0).clip(-far, far).round().astype(np.int64).tolist()
    for i in range(1, len(spots)):
        if good[i - 1] and good[i]:
            shade = 0.35 + 0.65 * i / len(spots)
            tone = tuple(round(shade * c) for c in colour)
            cv2.line(image, spots[i - 1], spots[i], tone, line, cv2.LINE_AA)
    if good.any():
        cv2.circle(image, spots[int(np.flatnonzero(good)[-1])], 2 * line, colour, -1, cv2.LINE_AA)
    return image


def as_points(where: ArrayLike, keep: bool = False) -> FloatArray:
    """Return (N, 2) points of points or of boxes' feet; rows that are not finite go, unless `keep`.

    Raises:
        SettingError: if the rows have neither 2 nor 4 columns.
    """
    rows = np.asarray(where, dtype=np.float64)
    if not rows.size:
        return np.empty((0, 2))
    if rows.ndim != 2 or rows.shape[1] not in (2, 4):
        raise SettingError(f"expected (N, 2) points or (N, 4) boxes, got shape {rows.shape}")
    if rows.shape[1] == 2:
        points = rows
    else:
        with np.errstate(invalid="ignore", over="ignore"):  # infinite boxes have no middle
            points = np.column_stack([(rows[:, 0] + rows[:, 2]) / 2, rows[:, 3]])
    return points if keep else points[np.isfinite(points).all(axis=1)]


# --- the command -----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the presence asked for on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM, "Heat map of where tracked people were, as a picture or a video; for one id with its path.", _EXAMPLES
    )
    add = parser.add_argument
    add("result", type=Path, metavar="RESULT.txt", help="MOT text, as sportstrack track and sportstrack sot write it")
    add("--video", metavar="SOURCE", help="video, image folder or sequence folder to draw on (default: a dark field)")
    add("--id", type=Whole(), nargs="+", metavar="N", help="these tracks only (default: all)")
    add("-o", "--output", type=Path, default=Path("heat.png"), help=".png or .jpg, or .mp4 for a video (heat.png)")
    add_overwrite(parser)
    add(
        "--spread",
        type=Real(0, 16384, above=True),
        metavar="PIXELS",
        help="how far a visit reaches (a sixtieth of the picture)",
    )
    add("--opacity", type=SHARE, default=OPACITY, metavar="0..1", help=f"of the warmest places ({OPACITY})")
    add("--no-path", action="store_true", help="with --id: the heat map alone")
    add("--zero-based", action="store_true", help="the result counts frames from 0")
    add("--quiet", action="store_true", help="no progress, no words")
    return parser


def _main(options: argparse.Namespace) -> int:
    suffix = options.output.suffix.lower()
    if suffix not in (*PICTURES, *VIDEOS):
        raise OutputError(f"{options.output}: end the name in {', '.join((*PICTURES, *VIDEOS))}")
    if suffix in VIDEOS and options.video is None:
        raise SettingError(f"{options.output}: a video needs --video to be drawn on")
    from sportstrack.claims import claimed

    inputs = [path for path in (options.result, options.video) if path is not None]
    with claimed(
        [options.output],
        command=PROGRAM,
        source=options.result,
        inputs=inputs,
        overwrite=options.overwrite,
        make_folders=True,
    ) as (file,):
        table = _chosen(read_mot(options.result, zero_based=options.zero_based), options)
        (_write_video if suffix in VIDEOS else _write_picture)(table, options, file)
    if not options.quiet:
        sys.stderr.write(f"{PROGRAM}: wrote {options.output}\n")
    return 0


def _chosen(table: MotTable, options: argparse.Namespace) -> MotTable:
    """Return the rows of the ids asked for, in the order of frames."""
    if options.id is not None:
        known = np.unique(table.track_id)
        for wanted in options.id:
            if wanted not in known:
                some = ", ".join(map(str, known[:20].tolist())) + (", …" if len(known) > 20 else "")
                raise SettingError(f"{options.result}: no id {wanted} in it (it has: {some or 'no rows'})")
        table = table[np.isin(table.track_id, options.id)]
    if not len(table):
        raise SettingError(f"{options.result}: holds no boxes")
    return table[np.argsort(table.frame, kind="stable")]


def _canvas_size(table: MotTable, result: Path) -> tuple[int, int]:
    """Return the width and height of a field that holds all boxes.

    Raises:
        FormatError: a box reaches farther than any picture; the message says which.
    """
    width, height = np.ceil(table.xyxy[:, 2:].max(axis=0)).clip(16, 1e9).astype(int).tolist()
    if max(width, height) > MAX_SIDE or width * height > MAX_CANVAS:
        row = int(table.xyxy[:, 2:].max(axis=1).argmax())
        track, (x, y) = int(table.track_id[row]), table.xyxy[row, 2:].tolist()
        raise FormatError(
            f"{result}: the box of id {track} in frame {int(table.frame[row]) + 1} reaches to {x:.0f}, {y:.0f}, beyond "
            f"any picture; give --video, or leave out id {track} (--id names those to draw)"
        )
    return width, height


def _write_picture(table: MotTable, options: argparse.Namespace, file: PartFile) -> None:
    """Draw everything over the first frame."""
    import cv2

    if options.video is None:
        width, height = _canvas_size(table, options.result)
        image = np.full((height, width, 3), 40, np.uint8)
    else:
        from sportstrack.video import open_source

        with open_source(options.video) as source:
            image = next(iter(source)).image.copy()
    height, width = image.shape[:2]
    image = overlay(image, heat_map(table.xyxy, width, height, spread=options.spread), options.opacity)
    if options.id is not None and not options.no_path:
        _draw_paths(image, table)
    written, data = cv2.imencode(options.output.suffix, image)
    if not written:
        raise OutputError(f"{options.output}: cannot be encoded")
    file.write(data.tobytes())
    file.complete()


def _write_video(table: MotTable, options: argparse.Namespace, file: PartFile) -> None:
    """Let the map and the paths grow as the video plays."""
    from sportstrack.progress import ProgressBar
    from sportstrack.video import VideoWriter, open_source

    with open_source(options.video) as source, ProgressBar(options.output.name, quiet=options.quiet) as bar:
        info = source.info
        size = (info.width, info.height)
        presence = Presence(*size, options.spread)
        with (
            VideoWriter(file.path, *size, info.frame_rate, pixel_ratio=info.pixel_ratio, file=file) as writer,
            writer.nothing_half(),
        ):
            for frame in source:
                upto = int(np.searchsorted(table.frame, frame.index, side="right"))
                presence.add(table.xyxy[int(np.searchsorted(table.frame, frame.index)) : upto])
                image = overlay(frame.image, presence.map(), options.opacity)
                if options.id is not None and not options.no_path:
                    _draw_paths(image, table[slice(0, upto)])
                writer.write(image, frame.pts)
                bar(writer.written, info.frame_count)


def _draw_paths(image: Image, table: MotTable) -> None:
    """Draw each id's path, interrupted where frames are missing."""
    for number, track in enumerate(np.unique(table.track_id).tolist()):
        rows = table[table.track_id == track]
        draw_path(image, with_gaps(rows.frame, rows.xyxy), _colour(number))


def with_gaps(frames: NDArray[np.int64], boxes: FloatArray) -> FloatArray:
    """Put a row of NaN wherever frame numbers skip, so that `draw_path` does not bridge what was not seen."""
    breaks = np.flatnonzero(np.diff(frames) > 1) + 1
    separated: FloatArray = np.insert(boxes, breaks, np.nan, axis=0)
    return separated


def _colour(number: int) -> Any:
    others = ((255, 184, 0), (48, 59, 255), (0, 212, 255), (255, 77, 176), (0, 138, 255))
    return (PATH_COLOUR, *others)[number % 6]


if __name__ == "__main__":
    sys.exit(main())
