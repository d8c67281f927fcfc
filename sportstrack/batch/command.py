"""The command ``python -m sportstrack.batch PLAN`` (console: ``sportstrack batch``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sportstrack.batch.settings import BatchSettings
from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import Together, words
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_config, add_json, add_output, add_overwrite, add_quiet, add_truth
from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError
from sportstrack.refine.settings import PRESETS, STEPS
from sportstrack.track.assignments import parse_assignments
from sportstrack.track.settings import FORMATS, TrackSettings, read_settings

PROGRAM = "sportstrack batch"

_EXAMPLES = """examples:
  sportstrack batch season.yaml                        a plan: videos, with settings for all and for each
  sportstrack batch season.yaml                        again: only what is missing or has changed
  sportstrack batch matches -o out --workers 4         all videos of a folder
  sportstrack batch "matches/**/*.mp4" --weights best.pt --offline
  sportstrack batch season.yaml --dry-run              check everything, and say what would run
  sportstrack batch season.yaml --tracker bytetrack    the recordings stay: only the tracking runs again
  sportstrack batch SportsMOT/val --truth SportsMOT/val    scores in the table
  sportstrack batch season.yaml --ray auto --gpus-per-worker 0.5 -o /shared/season
  sportstrack batch season.yaml --ray ray://head:10001 -o s3://bucket/season
  sportstrack batch season.yaml --shard 3/10 -o /shared/season     one task of a job array
  sportstrack batch --merge -o /shared/season                      then one table of all

a plan in YAML:
  settings: {weights: best.pt, imgsz: 1280, offline: true}
  videos:
    - match1.mp4
    - {source: match2.mp4, name: final, tracker: bytetrack, truth: final.txt}
"""

_FOR_MANY = (
    "quality",
    "embedder",
    "camera",
    "shots",
    "on_pitch",
    "teams",
    "team_colours",
    "numbers",
    "roster",
    "most_ids",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a batch and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Track many videos: detect once, track and refine from the recordings, on this machine or a cluster.",
        _EXAMPLES,
        done="0 done, 1 some videos failed",
        interrupted="the same command goes on",
    )
    add = parser.add_argument
    add(
        "plan",
        nargs="*",
        metavar="PLAN",
        help="YAML, CSV or text that lists videos; or videos, recordings, sequences, folders and patterns themselves",
    )
    add_output(parser, "runs/batch")
    add_config(parser)
    add_truth(parser)

    group = parser.add_argument_group("workers")
    add_settings(group, BatchSettings, [one.name for one in fields(BatchSettings)])
    group = parser.add_argument_group("what is done")
    group.add_argument("--dry-run", action="store_true", help="check everything, print what would run, and stop")
    group.add_argument("--merge", action="store_true", help="make one table of what all shards have done, and stop")

    group = parser.add_argument_group("detector")
    add_settings(group, DetectorSettings, [one.name for one in fields(DetectorSettings)])
    add_settings(group, TrackSettings, ("slices",))
    group = parser.add_argument_group("appearance, camera, shots, who is who")
    add_settings(group, TrackSettings, _FOR_MANY)

    group = parser.add_argument_group("tracker and refinement")
    add_settings(group, TrackSettings, ("tracker", "ball", "ball_score", "offline"))
    add = group.add_argument
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the tracker; may be repeated")
    add("--strict", action="store_true", help="stop at an unusable box (NaN, inverted) instead of dropping it")
    add("--refine-preset", choices=list(PRESETS), help="with --offline: settings for a kind of scene (sports)")
    text = f"with --offline: comma-separated ({','.join(STEPS)})"
    add("--refine-steps", type=_steps, action=Together, metavar="LIST", help=text)
    add("--refine-set", action="append", default=[], metavar="KEY=VALUE", help="with --offline: a setting of a step")

    group = parser.add_argument_group("frames and output")
    names = ("every", "frame_rate", "formats", "mot_classes", "boxes", "draw", "pitch")
    formats = {"help": f"outputs, comma-separated: {', '.join(FORMATS)}, or all (mot)"}
    add_settings(group, TrackSettings, names, draw={"type": words, "nargs": None}, formats=formats)
    add_overwrite(group)
    add_quiet(group)
    add_json(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    batch = BatchSettings(**given(options, BatchSettings))
    if options.merge:
        from sportstrack.batch.run import merge_batch

        return _report(merge_batch(options.output), options)
    if not options.plan:
        raise SettingError("no plan: name a YAML, CSV or text file, a folder or videos (see --help)")
    settings = _settings(options)
    trust = "trust" in settings
    if options.dry_run:
        from sportstrack.batch.dry import planned_text

        text = planned_text(
            options.plan, options.output, settings=settings, batch=batch, truth=options.truth, trust=trust,
            overwrite=options.overwrite,
        )  # fmt: skip
        sys.stdout.write(text + "\n")
        return 0
    return _work(options, settings, batch, trust=trust)


def _work(options: argparse.Namespace, settings: dict[str, Any], batch: BatchSettings, *, trust: bool) -> int:
    from sportstrack.batch.live import LiveTable
    from sportstrack.batch.run import run_batch

    live = LiveTable(quiet=options.quiet)
    try:
        result = run_batch(
            options.plan,
            options.output,
            settings=settings,
            batch=batch,
            truth=options.truth,
            overwrite=options.overwrite,
            trust=trust,
            on_state=live,
        )
    except KeyboardInterrupt as error:
        live.close()
        if error.args:
            _report(error.args[0], options)
        raise
    finally:
        live.close()
    return _report(result, options)


def _report(result: Any, options: argparse.Namespace) -> int:
    if options.json:
        print_json(result.as_dict())
    elif not options.quiet:
        sys.stdout.write(result.as_text() + "\n")
    sys.stdout.flush()
    undone = [] if getattr(options, "detect_only", False) else [*result.of("recorded"), *result.of("missing")]
    return 1 if result.failed or undone else 0


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the command line gives for all videos; others are the plan's or the defaults."""
    asked = given(options, TrackSettings)
    values = read_settings(options.config, trust="trust" in asked, named=asked) if options.config else {}
    values |= asked
    tracker = str(values.get("tracker", TrackSettings().tracker))
    own = parse_assignments(tracker, options.set) | ({"strict": True} if options.strict else {})
    if own:
        values["tracker_settings"] = dict(values.get("tracker_settings", {})) | own
    if refine := _refine(options):
        values["refine_settings"] = dict(values.get("refine_settings", {})) | refine
        if values.get("offline") is None:
            values["offline"] = True
    return values


def _refine(options: argparse.Namespace) -> dict[str, Any]:
    values: dict[str, Any] = dict(PRESETS[options.refine_preset or "sports"])
    if options.refine_steps is not None:
        values["steps"] = options.refine_steps
    for text in options.refine_set:
        name, _, value = text.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            raise SettingError(f"--refine-set {text}: expected KEY=NUMBER, such as fill_gap=2") from None
    return values


def _steps(text: str) -> list[str]:
    from sportstrack.cli.arguments import names_of

    return list(names_of("step", STEPS)(text))
