"""The command ``sportstrack sportsmot``: SportsMOT to another format."""

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
from data_prep.formats.sportsmot import SPORTS, read_sportsmot
from sportstrack.cli import run
from sportstrack.cli.arguments import Together

_EXAMPLES = """examples:
  sportstrack sportsmot SportsMOT football-yolo --sport football
  sportstrack sportsmot SportsMOT football-yolo --sport football --every 5 --size 736
  sportstrack sportsmot SportsMOT all-yolo --split-by match --val-share 0.2 --seed 0
  sportstrack sportsmot SportsMOT reid --to crops --every 10
  yolo train data=football-yolo/data.yaml model=yolov8n.pt imgsz=1280
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Convert as the command line asks and return the exit status."""
    return run(_parser(), _convert, argv)


def _parser() -> argparse.ArgumentParser:
    about = "Turn SportsMOT into a YOLO data set, or another format."
    parser = new_conversion_parser("sportsmot", about, _EXAMPLES)
    parser.add_argument(
        "--class-names",
        type=lambda text: tuple(text.split(",")),
        action=Together,
        metavar="NAME,…",
        help="of classes 1, 2, … (player)",
    )
    parser.add_argument("--sport", default="all", metavar="NAME", help=f"{', '.join(SPORTS)} or all (all)")
    add_format_option(parser)
    add_shared_options(parser)
    return parser


def _convert(options: argparse.Namespace) -> int:
    check_output(options)
    table = read_sportsmot(
        options.root, sport=options.sport, class_names=options.class_names,
        skip_missing=options.skip_missing, from_video=options.extract_frames,
    )  # fmt: skip
    return write_as(table, options, "sportsmot", own=("class_names", "sport"))
