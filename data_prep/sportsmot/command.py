"""The command ``sportstrack sportsmot`` (``python -m data_prep.sportsmot``)."""

from __future__ import annotations

from collections.abc import Sequence

from data_prep.formats.sportsmot import SPORTS, read_sportsmot

_EXAMPLES = """examples:
  sportstrack sportsmot SportsMOT football-yolo --sport football
  sportstrack sportsmot SportsMOT football-yolo --sport football --every 5 --size 736
  sportstrack sportsmot SportsMOT all-yolo --split-by match --val-share 0.2 --seed 0
  sportstrack sportsmot SportsMOT reid --to crops --every 10
  yolo train data=football-yolo/data.yaml model=yolov8n.pt imgsz=1280
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Convert as the command line asks and return the exit status."""
    from data_prep.reader_command import reader_command

    command = reader_command("sportsmot", "Turn SportsMOT into a YOLO data set, or another format.", _EXAMPLES)
    command.add(
        "--class-names", type=lambda text: tuple(text.split(",")), metavar="NAME,…", help="of classes 1, 2, … (player)"
    )
    command.add("--sport", default="all", metavar="NAME", help=f"{', '.join(SPORTS)} or all (all)")
    return command.run(
        argv,
        lambda o: read_sportsmot(
            o.root, sport=o.sport, class_names=o.class_names, skip_missing=o.skip_missing, from_video=o.extract_frames
        ),
    )
