"""The command ``python -m sportstrack.shots``: a table of a video's shots."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, run
from sportstrack.cli.shared import add_frame_rate, add_overwrite, add_quiet
from sportstrack.shots.boundaries import ShotConfig, ShotDetector
from sportstrack.shots.shots import COLUMNS, Shot, find_shots
from sportstrack.shots.slow_motion import SlowMotionDetector

PROGRAM = "sportstrack shots"


_EXAMPLES = """examples:
  sportstrack shots match.mp4
  sportstrack shots match.mp4 --csv shots.csv      for a spreadsheet; frames count from 0
  sportstrack shots frames/ --no-fades             a folder of images; hard cuts alone
  sportstrack shots match.mp4 --no-slow-motion     quicker; no shot is flagged as slow motion

VIDEO is anything that sportstrack track reads.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the shots of the video named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Find the shots of a video: hard cuts, fades and dissolves, and which shots are slow motion.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("video", metavar="VIDEO", help="video file, folder of images, or address")
    add("--csv", type=Path, metavar="FILE", help="also write the table there")
    add_overwrite(parser)
    add("--no-fades", action="store_true", help="report hard cuts alone")
    add("--no-slow-motion", action="store_true", help="do not look for slow motion (replayed scenes)")
    add_frame_rate(parser)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.files.option_files import claimed
    from sportstrack.video import open_source

    asked = [] if options.csv is None else [options.csv]
    with (
        claimed(
            asked, command=PROGRAM, source=options.video, inputs=[options.video], overwrite=options.overwrite
        ) as files,
        open_source(options.video, frame_rate=options.frame_rate) as source,
        ProgressBar("looking for shots", quiet=options.quiet) as bar,
    ):
        config, rate = ShotConfig(fades=not options.no_fades), float(source.info.frame_rate)
        slow_motion = None if options.no_slow_motion else SlowMotionDetector(frame_rate=rate)
        shots = find_shots(source, ShotDetector(config, frame_rate=rate), bar, slow_motion)
        warnings = list(source.warnings)
        for file in files:
            file.write(("\n".join(",".join(row) for row in [COLUMNS, *_cells(shots)]) + "\n").encode())
            file.complete()
    sys.stdout.write(_table(shots))
    for text in warnings:
        sys.stderr.write(f"{PROGRAM}: {text}\n")
    return 0


def _cells(shots: list[Shot]) -> list[tuple[str, ...]]:
    return [
        (
            str(number),
            str(shot.start),
            str(shot.end),
            f"{shot.start_time:.3f}",
            f"{shot.end_time:.3f}",
            shot.kind,
            f"{shot.confidence:.2f}",
            f"{shot.slow_motion:.2f}",
            "+".join(shot.slow_motion_signs) or "-",
        )
        for number, shot in enumerate(shots, 1)
    ]


def _table(shots: list[Shot]) -> str:
    rows = [COLUMNS, *_cells(shots)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines) + "\n"
