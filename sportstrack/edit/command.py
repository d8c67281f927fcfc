"""The command ``sportstrack edit``: the page on which tracks are corrected."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sportstrack.cli import new_parser, run
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_quiet
from sportstrack.edit.settings import EditSettings

PROGRAM = "sportstrack edit"

_EXAMPLES = """examples:
  sportstrack edit match.mp4                              tracks found beside it, or in runs/refine and runs/track
  sportstrack edit match.mp4 --tracks runs/track/match.txt
  sportstrack edit SNMOT-060 --tracks results/SNMOT-060.txt    a sequence folder
  sportstrack edit match.avi --copy                       an H.264 copy first, where browsers cannot play the video
  sportstrack edit match.mp4 --no-browser --port 8800     print the address only

Each edit is saved at once in NAME.edits.jsonl; the tracks themselves stay as they are. sportstrack refine --edits
applies the file, and the page exports the corrected tracks. The page shows its keys with "?". Ctrl-C ends it.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the editor until stopped and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(PROGRAM, "Correct tracks by hand on a local page that knows where to look.", _EXAMPLES)
    parser.add_argument("video", metavar="VIDEO", help="video file, folder of images or sequence folder")
    add_settings(parser, EditSettings, ("tracks", "edits", "output"))
    group = parser.add_argument_group("video and tracks")
    add_settings(group, EditSettings, ("zero_based", "frame_rate", "anyway", "copy"))
    group = parser.add_argument_group("page")
    add_settings(group, EditSettings, ("browser", "host", "port"))
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.edit.run import edit_video

    edit_video(options.video, EditSettings(**given(options, EditSettings)), quiet=options.quiet)
    return 0
