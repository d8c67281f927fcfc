"""The command ``sportstrack presence RESULT.txt``: heat maps and paths of a tracking result, as a picture or a video.

In Python, `sportstrack.draw.heatmap` has the same: `heat_map`, `overlay` and `draw_path`, or `Presence` frame by frame.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import SHARE, Real, Whole
from sportstrack.cli.shared import add_overwrite, add_quiet, add_zero_based
from sportstrack.draw.heatmap import OPACITY, PATH_COLOUR, Presence, draw_path, heat_map, overlay, with_gaps
from sportstrack.errors import FormatError, OutputError, SettingError
from sportstrack.files.claim import PartFile
from sportstrack.images.encode import encode_image
from sportstrack.limits import MAX_CANVAS, MAX_SIDE
from sportstrack.mot import MotTable, read_mot
from sportstrack.types import Image

PROGRAM = "sportstrack presence"
PICTURES = (".png", ".jpg", ".jpeg")
VIDEOS = (".mp4", ".m4v", ".mov")
PATH_COLOURS = (PATH_COLOUR, (255, 184, 0), (48, 59, 255), (0, 212, 255), (255, 77, 176), (0, 138, 255))  # BGR

_EXAMPLES = """examples:
  sportstrack presence runs/track/match.txt --video match.mp4 -o heat.png           all players
  sportstrack presence runs/track/match.txt --video match.mp4 --id 7 -o heat.png    player 7, with the path
  sportstrack presence runs/sot/match.txt --video match.mp4 -o heat.mp4             grows as the video plays
"""


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
    add_zero_based(parser)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    suffix = options.output.suffix.lower()
    if suffix not in (*PICTURES, *VIDEOS):
        raise OutputError(f"{options.output}: end the name in {', '.join((*PICTURES, *VIDEOS))}")
    if suffix in VIDEOS and options.video is None:
        raise SettingError(f"{options.output}: a video needs --video to be drawn on")
    from sportstrack.files.option_files import claimed

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
    if options.video is None:
        width, height = _canvas_size(table, options.result)
        image: Image = np.full((height, width, 3), 40, np.uint8)
    else:
        from sportstrack.video import open_source

        with open_source(options.video) as source:
            image = next(iter(source)).image.copy()
    height, width = image.shape[:2]
    image = overlay(image, heat_map(table.xyxy, width, height, spread=options.spread), options.opacity)
    if options.id is not None and not options.no_path:
        _draw_paths(image, table)
    file.write(encode_image(image, options.output.suffix))
    file.complete()


def _write_video(table: MotTable, options: argparse.Namespace, file: PartFile) -> None:
    """Write a video in which the map and the paths grow."""
    from sportstrack.cli.progress import ProgressBar
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
                first, after = (int(np.searchsorted(table.frame, frame.index, side)) for side in ("left", "right"))
                presence.add(table.xyxy[first:after])
                image = overlay(frame.image, presence.map(), options.opacity)
                if options.id is not None and not options.no_path:
                    _draw_paths(image, table[slice(0, after)])
                writer.write(image, frame.pts)
                bar(writer.written, info.frame_count)


def _draw_paths(image: Image, table: MotTable) -> None:
    """Draw each id's path, interrupted where frames are missing."""
    for number, track in enumerate(np.unique(table.track_id).tolist()):
        rows = table[table.track_id == track]
        draw_path(image, with_gaps(rows.frame, rows.xyxy), PATH_COLOURS[number % len(PATH_COLOURS)])
