"""The command ``sportstrack roster RESULT ROSTER``: people in place of tracks, and who was seen when."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import FRAME_RATE
from sportstrack.cli.shared import add_json, add_output, add_overwrite, add_quiet, add_zero_based

PROGRAM = "sportstrack roster"

_EXAMPLES = """examples:
  sportstrack roster runs/track/match.txt squads.csv
  sportstrack roster runs/track/match.txt squads.yaml -o named       named/match.txt, named/match.identities.csv
  sportstrack draw match.mp4 named/match.txt                         the video with the people's names

The result's teams and numbers are those of NAME.identities.csv beside it. A roster is CSV or YAML:
  team,number,name,role
  home,1,Ada Example,goalkeeper
  home,10,Ben Example,player
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Name the tracks of the result on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Bind the tracks of a result to the people of a roster: names, one id each, times.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("result", type=Path, metavar="RESULT", help="MOT text, CSV, JSON lines or a recording, with tracks")
    add("roster", type=Path, metavar="ROSTER", help="CSV or YAML with team, number, name, role")
    text = "teams, roles, numbers and names (NAME.identities.csv beside the result)"
    add("--identities", type=Path, metavar="FILE", help=text)
    text = "frames per second (default: as the run's summary or recording says, else 25)"
    add("--frame-rate", type=FRAME_RATE, metavar="FPS", help=text)
    add_zero_based(parser)
    add_output(parser, "runs/roster")
    add_overwrite(parser)
    add_json(parser)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.roster.run import name_tracks, write_named

    named = name_tracks(
        options.result,
        options.roster,
        options.identities,
        frame_rate=options.frame_rate,
        zero_based=options.zero_based,
    )
    inputs = [path for path in (options.result, options.roster, options.identities) if path is not None]
    files = write_named(options.result, named, options.output, inputs, overwrite=options.overwrite)
    for text in named.warnings:
        sys.stderr.write(f"{PROGRAM}: warning: {text}\n")
    if options.json:
        print_json(
            {"ids": vars(named.counts), "seen": [one.to_dict() for one in named.seen], "outputs": list(map(str, files))}
        )
    elif not options.quiet:
        sys.stdout.write(str(named))
    sys.stdout.flush()
    if not options.quiet:
        sys.stderr.write("".join(f"{PROGRAM}: wrote {file}\n" for file in files))
    return 0
