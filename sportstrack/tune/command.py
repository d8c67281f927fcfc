"""The command ``python -m sportstrack.tune SOURCE…`` (console: ``sportstrack tune``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import Together, words
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_config, add_json, add_output, add_overwrite, add_quiet, add_truth
from sportstrack.options import about
from sportstrack.track.assignments import parse_assignments
from sportstrack.track.settings import TrackSettings, read_settings
from sportstrack.trackers import DEFAULT_TRACKER, TRACKERS
from sportstrack.tune.settings import TuneSettings

if TYPE_CHECKING:
    from sportstrack.tune.run import Told
    from sportstrack.tune.store import TunedTrial

PROGRAM = "sportstrack tune"

_EXAMPLES = """examples:
  sportstrack tune SportsMOT/train --tracker bytetrack            det/det.txt beside gt/gt.txt, 100 trials
  sportstrack tune runs/track --truth SportsMOT/val --tracker sports --processes 4      recordings and their truth
  sportstrack tune SportsMOT/train --tracker ocsort --trials 300 --folds 4    every match judges once
  sportstrack tune SportsMOT/train --objective HOTA+0.5*IDF1 --what tracker,score
  sportstrack tune SportsMOT/train --tracker bytetrack --config tuned.yaml --what refine
  sportstrack tune SportsMOT/train --tracker bytetrack --calibrate             Kalman noise from the truth, no search
  sportstrack tune SportsMOT/train --tracker sort --only max_age,iou_threshold --space max_age=1:60
  sportstrack tune --list-space --tracker sports

then: sportstrack track match.mp4 --config runs/tune/tuned.yaml
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Search settings and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Search a tracker's settings on detections with truth; matches that took no part judge the result.",
        _EXAMPLES,
        interrupted="the same command goes on",
    )
    add = parser.add_argument
    add(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="folder of sequences with gt/gt.txt and detections, recording (.npz) or folder of recordings",
    )
    add_output(parser, "runs/tune")
    add_truth(parser)
    add(
        "--detections",
        type=words,
        action=Together,
        default=("det/det.txt",),
        metavar="FILE,…",
        help="file in each sequence's folder, or several, such as det/det.txt,gt/gt.txt (det/det.txt)",
    )
    add_config(parser)
    add("--tracker", default=None, help=f"{about(TrackSettings, 'tracker').help} ({DEFAULT_TRACKER})")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting that is fixed; may be repeated")

    group = parser.add_argument_group("search")
    names = ("what", "objective", "trials", "seed", "prune", "calibrate", "minutes", "processes")
    add_settings(group, TuneSettings, names)
    add = group.add_argument
    add("--only", type=words, action=Together, default=(), metavar="NAME,…", help="search these settings only")
    add(
        "--space",
        action="append",
        default=[],
        metavar="NAME=LOW:HIGH",
        help="where to look for a setting: LOW:HIGH, LOW:HIGH:log or A,B,C; may be repeated",
    )
    add("--list-space", action="store_true", help="print what is searched, with defaults, and stop")

    group = parser.add_argument_group("judgement")
    add_settings(group, TuneSettings, ("held_out", "folds", "match"))

    add_overwrite(parser)
    group = parser.add_argument_group("summary")
    add_quiet(group)
    add_json(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if options.list_space:
        sys.stdout.write(_space_list(settings, options))
        return 0
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.errors import SettingError
    from sportstrack.tune.run import tune_tracker
    from sportstrack.tune.space import parse_place

    if not options.sources:
        raise SettingError("no source: name a folder of sequences with truth, or recordings (see --help)")
    tune = TuneSettings(**given(options, TuneSettings))
    with ProgressBar(f"tuning {settings.tracker}", "trial", quiet=options.quiet) as bar:
        tuned = tune_tracker(
            options.sources,
            options.output,
            settings=settings,
            tune=tune,
            truth=options.truth,
            detections=options.detections,
            space=dict(parse_place(text, settings.tracker) for text in options.space),
            only=options.only,
            overwrite=options.overwrite,
            on_trial=_teller(bar, tune, quiet=options.quiet),
        )
    if options.json:
        print_json(tuned.as_dict())
    elif not options.quiet:
        where = options.output / "tuned.yaml"
        sys.stdout.write(f"{tuned.as_text()}\n\nsettings: {where}   (sportstrack track VIDEO --config {where})\n")
        if not tuned.complete:
            sys.stdout.write("the time was up before all trials were made; the same command goes on\n")
    return 0


def _settings(options: argparse.Namespace) -> TrackSettings:
    named = {} if options.tracker is None else {"tracker": options.tracker}
    values = read_settings(options.config, named=named) if options.config else {}
    if options.tracker is not None and values.get("tracker") not in (None, options.tracker):
        values.pop("tracker_settings", None)  # they are another tracker's
    settings = TrackSettings().changed(**(values | named))
    key = settings.tracker.lower() if settings.tracker.lower() in TRACKERS else settings.tracker
    own = dict(settings.tracker_settings) | parse_assignments(key, options.set)
    return settings.changed(tracker=key, tracker_settings=own)


def _teller(bar: object, tune: TuneSettings, *, quiet: bool) -> Told:
    """Return what shows the progress, and a line for each trial that is better than all before it."""
    from sportstrack.cli.progress import ProgressBar, say_beside_bars

    assert isinstance(bar, ProgressBar)

    def tell(part: str, trial: TunedTrial, best: bool, done: int, expected: int) -> None:
        bar(done, expected)
        if best and not quiet:
            title = trial.title or "the best so far"
            say_beside_bars(f"{part}: trial {trial.number}: {tune.objective} {100 * trial.value:.2f} ({title})")

    return tell


def _space_list(settings: TrackSettings, options: argparse.Namespace) -> str:
    from sportstrack.tune.space import chosen_space, default_values, parse_place, whole_space

    tune = TuneSettings(**given(options, TuneSettings))
    own = dict(parse_place(text, settings.tracker) for text in options.space)
    places = chosen_space(whole_space(settings, tune, lambda _: True), own, options.only)
    defaults = default_values(places, settings)
    lines = [f"{'setting':<28}{'default':>10}  searched"]
    for name, place in places.items():
        needs = f"   if the detections have {place.needs.replace('_', ' ')}s" if place.needs else ""
        lines.append(f"{name:<28}{defaults[name]!s:>10}  {place}{needs}")
    return "\n".join(lines) + "\n"
