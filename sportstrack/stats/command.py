"""The command ``sportstrack stats RESULT --pitch NAME.pitch.jsonl``: distances, speeds, shapes and possession."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Together, words
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_output, add_overwrite, add_quiet
from sportstrack.stats.settings import StatsSettings

PROGRAM = "sportstrack stats"

_EXAMPLES = """examples:
  sportstrack stats runs/track/match.txt --pitch match.pitch.jsonl          teams of match.identities.csv beside it
  sportstrack stats match.txt --pitch match.pitch.jsonl --identities other.identities.csv
  sportstrack stats match.txt --pitch match.pitch.jsonl --by number
  sportstrack stats match.txt --pitch match.pitch.jsonl --bands 8,16,24 --formats csv,positions
  sportstrack stats match.txt --pitch match.pitch.jsonl --formats kloppy
  sportstrack stats SNGS-021.txt --pitch SNGS-021.pitch.jsonl --identities SNGS-021.identities.csv \\
      --formats game_state --labels SoccerNetGS/valid/SNGS-021/Labels-GameState.json
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the result named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Measure players on the pitch: distance, speed, sprints, the teams' shape, possession; tables and pictures.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("result", type=Path, metavar="RESULT", help="MOT text, CSV, JSON lines or a recording, with tracks")
    add("--pitch", type=Path, required=True, metavar="FILE", help="NAME.pitch.jsonl of the same video")
    add(
        "--identities",
        type=Path,
        metavar="FILE",
        help="teams, roles, numbers and names (NAME.identities.csv beside the result)",
    )
    text = "names of the classes, comma-separated, from class 0 on, where the result does not know them"
    add("--names", type=words, action=Together, metavar="LIST", help=text)
    add_settings(parser, StatsSettings, ("frame_rate", "zero_based"))
    add_output(parser, "runs/stats")
    group = parser.add_argument_group("what is measured")
    listed = {"type": _numbers, "nargs": None}
    more = ("by", "bands", "sprint_speed", "sprint_seconds", "top_speed", "max_gap")
    add_settings(group, StatsSettings, more, bands=listed)
    add_settings(group, StatsSettings, ("reach", "contest", "shape_players", "shape_step"))
    group = parser.add_argument_group("outputs")
    add_settings(group, StatsSettings, ("formats",))
    text = "SoccerNet's Labels-GameState.json, whose image ids the game state takes"
    group.add_argument("--labels", type=Path, metavar="FILE", help=text)
    add_overwrite(group)
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.stats.run import write_stats

    settings = StatsSettings(**given(options, StatsSettings))
    names = dict(enumerate(options.names)) if options.names else None
    with ProgressBar(options.result.name, "row", quiet=options.quiet) as bar:
        stats, files = write_stats(
            options.result,
            options.pitch,
            options.output,
            options.identities,
            settings,
            names=names,
            labels=options.labels,
            overwrite=options.overwrite,
            progress=bar,
        )
    for text in stats.warnings:
        sys.stderr.write(f"{PROGRAM}: warning: {text}\n")
    if not options.quiet:
        sys.stdout.write(str(stats))
        sys.stdout.flush()
        sys.stderr.write("".join(f"{PROGRAM}: wrote {file}\n" for file in files))
    return 0


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in words(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers such as 7,15,20,25, got {text!r}") from None
