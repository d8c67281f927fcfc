"""The command ``python -m sportstrack.experiment CONFIG.yaml`` (console: ``sportstrack experiment``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.cli import new_parser, run
from sportstrack.cli.settings import add_settings
from sportstrack.cli.shared import add_output, add_quiet
from sportstrack.detect.settings import DetectorSettings

if TYPE_CHECKING:
    from sportstrack.experiment.run import ExperimentResult
    from sportstrack.experiment.stage import PlannedStage

PROGRAM = "sportstrack experiment"

_EXAMPLES = """examples:
  sportstrack experiment --init                          write experiment.yaml, with comments, to start from
  sportstrack experiment experiment.yaml --dry-run       what would run, and why
  sportstrack experiment experiment.yaml                 run it; again: only what has changed
  sportstrack experiment fusion.yaml -o runs/fusion

The data set is made or read and audited, a detector trained and judged, its detections replayed through several
trackers, scored and diagnosed; improvements are compared with their baselines. DIR/report/ has report.html and
report.pdf.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the experiment that the command line names and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Run a whole experiment from one file and write its report; what has not changed is not run again.",
        _EXAMPLES,
        interrupted="the same command goes on",
    )
    add = parser.add_argument
    add("config", nargs="?", type=Path, metavar="CONFIG.yaml", help="the experiment")
    add_output(parser, "runs/experiment")
    add("--init", nargs="?", type=Path, const=Path("experiment.yaml"), metavar="FILE", help="write an example and stop")
    add("--dry-run", action="store_true", help="check everything, print what would run, and stop")
    add_settings(parser, DetectorSettings, ("trust",))
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.errors import SettingError

    if options.init is not None:
        return _write_example(options.init)
    if options.config is None:
        raise SettingError("no experiment: name its file, or write one to start from with --init (see --help)")
    from sportstrack.experiment.run import plan_experiment, run_experiment

    trust = getattr(options, "trust", False)
    if options.dry_run:
        sys.stdout.write(plan_text(plan_experiment(options.config, options.output, trust=trust)))
        return 0
    result = run_experiment(
        options.config,
        options.output,
        trust=trust,
        progress=not options.quiet,
        on_stage=None if options.quiet else _tell,
    )
    if not options.quiet:
        sys.stdout.write(result_text(result))
    return 0


def _write_example(path: Path) -> int:
    from sportstrack.errors import OutputError
    from sportstrack.files.claim import write_text

    if path.exists():
        raise OutputError(f"{path}: is there already; name another file (--init FILE)")
    write_text(path, (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8"))
    sys.stdout.write(f"wrote {path}; now: sportstrack experiment {path}\n")
    return 0


def _tell(number: int, total: int, plan: PlannedStage) -> None:
    from sportstrack.cli.progress import say_beside_bars

    say_beside_bars(f"[{number}/{total}] {plan.name}: {plan.about} ({plan.reason})")


def plan_text(plans: Sequence[PlannedStage]) -> str:
    """Return a line for each stage: whether it would run, and why."""
    wide = max(len(one.name) for one in plans)
    lines = [f"{one.name:<{wide}}  {f'run   {one.reason}' if one.runs else 'keep'}" for one in plans]
    due = [one for one in plans if one.runs]
    took = sum(one.seconds or 0.0 for one in due)
    last = f"{len(due)} of {len(plans)} stages would run"
    return "\n".join(lines) + f"\n{last}{f'; last time they took {took:.0f} s' if took else ''}\n"


def result_text(result: ExperimentResult) -> str:
    """Return the scores and where the report is."""
    from sportstrack.score.table import SUMMARY, render

    lines = [render([one.renamed(name) for name, one in result.scores.items()], "table", SUMMARY)]
    for one in result.comparisons:
        best = next(row for row in one["rows"][1:] if row["name"] == one["best"])
        gain, low, high = (100 * best[key] for key in ("gain", "low", "high"))
        lines.append(f"{one['title']}: {one['objective']} {gain:+.2f} with {one['best']} ({low:+.2f} to {high:+.2f})\n")
    lines += [f"note: {note}\n" for note in result.notes]
    lines.append("nothing had changed; nothing was run\n" if not result.ran else "")
    lines.append(f"report: {result.report}\n" + (f"        {result.pdf}\n" if result.pdf else ""))
    return "".join(lines)
