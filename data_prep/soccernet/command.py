"""The command ``sportstrack soccernet`` (``python -m data_prep.soccernet``)."""

from __future__ import annotations

from collections.abc import Sequence

from data_prep.formats.soccernet import read_soccernet

_EXAMPLES = """examples:
  sportstrack soccernet SoccerNet/tracking football-yolo --every 10
  sportstrack soccernet tracking football-yolo --split-by match --classes player,goalkeeper,referee
  sportstrack soccernet train.zip crops --to crops --every 25
  yolo train data=football-yolo/data.yaml model=yolov8n.pt imgsz=1280
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Convert as the command line asks and return the exit status."""
    from data_prep.reader_command import reader_command

    command = reader_command("soccernet", "Turn SoccerNet-tracking into a YOLO data set, or another format.", _EXAMPLES)
    return command.run(argv, lambda o: read_soccernet(o.root, skip_missing=o.skip_missing, from_video=o.extract_frames))
