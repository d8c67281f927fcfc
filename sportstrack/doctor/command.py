"""The command ``python -m sportstrack.doctor`` (console: ``sportstrack doctor``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.progress import say_at_terminal
from sportstrack.cli.shared import add_quiet

PROGRAM = "sportstrack doctor"

_EXAMPLES = """examples:
  sportstrack doctor
  sportstrack doctor --json > doctor.json    for a bug report
  sportstrack doctor --no-self-test          without tracking ten frames of the demo
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Examine the installation and return the exit status: 1 if something that is needed fails."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Examine the installation: versions, devices, engines, codecs, OpenCV, cache, weights; track ten frames.",
        _EXAMPLES,
        done="0 all that is needed works, 1 something that is needed fails",
    )
    parser.add_argument("--no-self-test", action="store_true", help="do not track ten frames of the demo")
    add_quiet(parser)
    parser.add_argument("--json", action="store_true", default=False, help="print everything as one line of JSON")
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.doctor.examine import all_works, as_text, examine

    quiet = options.json or options.quiet
    found = examine(
        self_test=not options.no_self_test, begin=lambda topic: say_at_terminal(f"looking at {topic} …", quiet=quiet)
    )
    if options.json:
        print_json({"works": all_works(found), "verdicts": [asdict(one) for one in found]})
    elif not options.quiet:
        sys.stdout.write(as_text(found) + "\n")
    return 0 if all_works(found) else 1
