"""The command ``sportstrack teams VIDEO RESULT``: who is who in a result that exists."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import FRAME_RATE, Together, words
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import FRAME_RATE_HELP, add_json, add_overwrite, add_quiet, add_zero_based
from sportstrack.track.settings import TrackSettings

PROGRAM = "sportstrack teams"

_EXAMPLES = """examples:
  sportstrack teams match.mp4 match.txt                             writes match.identities.csv beside match.txt
  sportstrack teams match.mp4 match.txt --teams home=white,away=green
  sportstrack teams match.mp4 other.csv --numbers -o named          shirt numbers, too; another folder
  sportstrack teams SNMOT-060 result.txt --names player,ball        class 0 is a player, class 1 the ball
  sportstrack draw match.mp4 match.txt                              the video in the colours of the kits
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Find the teams of the result on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Find teams, goalkeepers and officials by their kits, for a result that exists; read numbers.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("video", metavar="VIDEO", help="video file, folder of images or sequence folder that was tracked")
    add("result", type=Path, metavar="RESULT", help="MOT text, CSV, JSON lines or a recording, with tracks")
    add_settings(parser, TrackSettings, ("teams", "team_colours", "numbers"))
    text = "NAME.pitch.jsonl of sportstrack pitch: metres tell goalkeepers from officials"
    add("--pitch", type=Path, metavar="FILE", help=text)
    text = "names of the classes, comma-separated, from class 0 on, where the result does not know them"
    add("--names", type=words, action=Together, metavar="LIST", help=text)
    add_zero_based(parser)
    add("--frame-rate", type=FRAME_RATE, metavar="FPS", help=FRAME_RATE_HELP)
    add("-o", "--output", type=Path, metavar="DIR", help="folder of the table (default: beside the result)")
    add_overwrite(parser)
    add_json(parser)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.teams.run import find_teams

    with ProgressBar(Path(options.video).name, quiet=options.quiet) as bar:
        found = find_teams(
            options.video,
            options.result,
            options.result.parent if options.output is None else options.output,
            pitch=options.pitch,
            names=dict(enumerate(options.names)) if options.names else None,
            zero_based=options.zero_based,
            frame_rate=options.frame_rate,
            overwrite=options.overwrite,
            progress=bar,
            **given(options, TrackSettings, but=("pitch", "frame_rate")),
        )
    for text in found.warnings:
        sys.stderr.write(f"{PROGRAM}: warning: {text}\n")
    if options.json:
        counts = {"tracks": found.tracks, "frames": found.frames, "known": found.known()}
        print_json({"teams": found.teams, **counts, "outputs": [str(found.file)]})
    elif not options.quiet:
        sys.stdout.write(str(found))
    sys.stdout.flush()
    if not options.quiet:
        sys.stderr.write(f"{PROGRAM}: wrote {found.file}\n")
    return 0
