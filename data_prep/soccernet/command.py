"""The command ``sportstrack soccernet``: SoccerNet-tracking to another format."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from data_prep.conversion import (
    add_format_option,
    add_shared_options,
    check_output,
    new_conversion_parser,
    write_as,
)
from data_prep.formats.soccernet import read_soccernet
from sportstrack.cli import run

_EXAMPLES = """examples:
  sportstrack soccernet SoccerNet/tracking football-yolo --every 10
  sportstrack soccernet tracking football-yolo --split-by match --classes player,goalkeeper,referee
  sportstrack soccernet train.zip crops --to crops --every 25
  yolo train data=football-yolo/data.yaml model=yolov8n.pt imgsz=1280
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Convert as the command line asks and return the exit status."""
    return run(_parser(), _convert, argv)


def _parser() -> argparse.ArgumentParser:
    about = "Turn SoccerNet-tracking into a YOLO data set, or another format."
    parser = new_conversion_parser("soccernet", about, _EXAMPLES)
    add_format_option(parser)
    add_shared_options(parser)
    return parser


def _convert(options: argparse.Namespace) -> int:
    check_output(options)
    table = read_soccernet(options.root, skip_missing=options.skip_missing, from_video=options.extract_frames)
    return write_as(table, options, "soccernet")
