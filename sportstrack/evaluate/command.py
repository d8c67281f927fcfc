"""The command ``python -m sportstrack.evaluate`` (console: ``sportstrack evaluate``)."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Together, Whole, names_of, paths
from sportstrack.cli.progress import ProgressBar
from sportstrack.cli.shared import (
    add_by,
    add_classes,
    add_output,
    add_overwrite,
    add_quiet,
    add_truth,
    add_workers,
    add_zero_based,
)
from sportstrack.errors import SettingError
from sportstrack.evaluate.fit import fitted
from sportstrack.evaluate.mentions import mention_classes, mention_masks
from sportstrack.evaluate.page import Images, diagnosis_page
from sportstrack.evaluate.second_opinion import COLUMNS, score_with_motmetrics
from sportstrack.files.claim import Claim, file_names, identity
from sportstrack.score.bins import BY
from sportstrack.score.diagnose import Diagnosis
from sportstrack.score.figures import FIGURES
from sportstrack.score.game_state.run import COLUMNS as GAME_STATE_COLUMNS
from sportstrack.score.game_state.run import GameStateJob, GameStateScores, find_game_states
from sportstrack.score.masks import OVERLAPS
from sportstrack.score.preprocess import BENCHMARKS
from sportstrack.score.run import (
    Job,
    diagnose_job,
    make_jobs,
    of_classes,
    run_classes,
    run_jobs,
    score_and_diagnose,
    sequence_folder,
    side_by_side,
)
from sportstrack.score.scores import Scores, average_classes
from sportstrack.score.sources import find_trackers, find_truth
from sportstrack.score.table import FORMATS, MASK_SUMMARY, SUMMARY, Row, render_trackers

PROGRAM = "sportstrack evaluate"
COLUMN_NAMES = (*FIGURES, "sMOTSA", "MOTSA", "MOTSP", "Recall", "Precision", "FP", "FN", "FAF")

_EXAMPLES = """examples:
  sportstrack evaluate --truth SportsMOT/val --results runs/track
  sportstrack evaluate --truth gt.txt --results tracks.txt          one pair of files
  sportstrack evaluate --truth val runs/*                           several trackers
  sportstrack evaluate --truth val --results sort,bytetrack --plots -o report
  sportstrack evaluate --truth MOT17/train --results mine --benchmark MOT17
  sportstrack evaluate --truth val --results mine --diagnose -o report
  sportstrack evaluate --truth val --results mine --by light,occlusion,scale,speed -o report
  sportstrack evaluate --truth MOTS20/train --results mine --benchmark MOTS      masks: MOTS text on both sides
  sportstrack evaluate --truth val --results mine --format json > scores.json
  sportstrack evaluate --game-state --truth SoccerNetGS/valid --results predictions
  sportstrack evaluate --attributes --truth SoccerNet/test --results runs/track --plots

The truth is a benchmark's folder (SportsMOT, SoccerNet, MOT15/16/17/20, DanceTrack: SEQUENCE/gt/gt.txt), one
sequence's folder, a folder of SEQUENCE.txt, or a file. Results are SEQUENCE.txt (also in data/) or a file; a folder of
such folders holds several trackers. With --game-state they are SoccerNet's SEQUENCE/Labels-GameState.json and
SEQUENCE.json with predictions, and HOTA is GS-HOTA (docs/game-state.md). With --attributes SoccerNet's gameinfo.ini
beside the truth and SEQUENCE.identities.csv beside the result say who is who (docs/who-is-who.md).
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Score the results named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Score tracking results against ground truth: HOTA, CLEAR and Identity, per sequence and pooled.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add_truth(parser, required=True)
    add("paths", nargs="*", type=Path, metavar="RESULT", help="tracker output: folders or files")
    add("--results", type=paths, action="extend", default=[], metavar="PATH,…", help="the same, as an option")
    add(
        "--game-state",
        action="store_true",
        help="score who stands where on the pitch, with role, team and number: GS-HOTA of SoccerNet's JSON files",
    )
    add(
        "--attributes",
        action="store_true",
        help="score who is who: teams, roles and shirt numbers against gameinfo.ini, in frames and in tracks",
    )
    add("--benchmark", choices=BENCHMARKS, help="preprocess as this benchmark does (default: plain scoring)")
    add("--iou", choices=OVERLAPS, help="overlap of masks or of boxes (auto: masks where both sides have some)")
    add("--allow-missing", action="store_true", help="score what both sides have if sequences have no result")
    add_zero_based(parser)
    add_classes(parser)
    add("--per-class", action="store_true", help="score each class (column 8) by itself, and their average")
    add(
        "--class-names",
        type=_class_names,
        action=Together,
        metavar="N=NAME,…",
        help="names of the classes, and which to score",
    )
    add(
        "--backend",
        choices=("sportstrack", "motmetrics"),
        default="sportstrack",
        help="what computes the scores (sportstrack)",
    )
    add_workers(parser, Whole(1, 61))  # what Windows can wait for

    group = parser.add_argument_group("output")
    add = group.add_argument
    add("--format", choices=FORMATS, default="table", help="of the printed scores (table)")
    add(
        "--columns",
        type=names_of("figure", COLUMN_NAMES),
        action=Together,
        metavar="LIST",
        help=f"comma-separated figures ({','.join(SUMMARY)})",
    )
    add("--wide", action="store_true", help="print all columns, however narrow the terminal is (as into a file)")
    add("--combined-only", action="store_true", help="print the pooled row alone")
    add_output(group, "runs/evaluate")
    add_overwrite(group)
    add_by(group, BY)
    add("--plots", action="store_true", help="draw HOTA over alpha, sequences side by side and trackers compared")
    add(
        "--diagnose", action="store_true", help="name the cause of every error, in DIR/diagnosis-TRACKER.html and .json"
    )
    add(
        "--images",
        type=Path,
        metavar="DIR",
        help="image folders of the sequences, for --diagnose and --by light (default: the truth's)",
    )
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    if options.diagnose and options.backend != "sportstrack":
        raise SettingError("--diagnose works with --backend sportstrack alone")
    if options.by and options.backend != "sportstrack":
        raise SettingError("--by works with --backend sportstrack alone")
    if options.plots and options.backend != "sportstrack":
        raise SettingError("--plots works with --backend sportstrack alone")
    options.results = [*options.results, *options.paths]
    if not options.results:
        raise SettingError("no results: name the tracker's output, folders or files (see --help)")
    if options.game_state:
        return _game_state(options)
    if options.attributes:
        return _attributes(options)
    jobs = _jobs(options)
    with _claim(jobs, options) as claim:
        rows, scores, diagnoses = _rows(jobs, options)
        default: Sequence[str] = COLUMNS
        if options.backend == "sportstrack":
            default = MASK_SUMMARY if any(one.masks for one in scores.values()) else SUMMARY
        sys.stdout.write(_text(rows, default, options))
        sys.stdout.flush()
        if options.by and claim is not None:
            _cut(jobs, options, claim)
        if options.plots and claim is not None:
            _plot(scores, claim)
        if options.diagnose and claim is not None:
            _write_diagnoses(jobs, diagnoses, options, claim)
    return 0


def _game_state(options: argparse.Namespace) -> int:
    """Score SoccerNet's game states: GS-HOTA, and what numbers and teams cost."""
    _refuse(options, "--game-state", "zero_based", "classes", "attributes")
    jobs = find_game_states(options.truth, options.results, allow_missing=options.allow_missing)
    rows: dict[str, list[Row]] = {}
    scores: dict[str, Scores] = {}
    with _claim(jobs, options) as claim:
        for name, found in _pooled(jobs, GameStateJob.scores, GameStateScores.pool, options):
            rows[name] = found.rows()[-1:] if options.combined_only else found.rows()
            scores[name] = found.full
        sys.stdout.write(_text(rows, GAME_STATE_COLUMNS, options))
        sys.stdout.flush()
        if options.plots and claim is not None:
            _plot(scores, claim)
    return 0


def _attributes(options: argparse.Namespace) -> int:
    """Score who is who."""
    from sportstrack.evaluate.attributes import attribute_jobs, save_confusions
    from sportstrack.score.attributes.report import report_trackers
    from sportstrack.score.attributes.run import AttributeJob
    from sportstrack.score.attributes.scores import WhoIsWhoScores

    _refuse(options, "--attributes", "columns", "wide")
    jobs = {name: attribute_jobs(own, options.zero_based) for name, own in _jobs(options).items()}
    found: dict[str, WhoIsWhoScores] = {}
    with _claim(jobs, options) as claim:
        found.update(_pooled(jobs, AttributeJob.scores, WhoIsWhoScores.pool, options))
        sys.stdout.write(report_trackers(found, options.format, combined_only=options.combined_only))
        sys.stdout.flush()
        if claim is not None:
            for path in save_confusions(found, claim.folder, claim):
                _say(f"wrote {path}")
    return 0


def _pooled(
    jobs: Mapping[str, Sequence[Any]],
    score: Callable[[Any], Any],
    pool: Callable[[list[Any]], Any],
    options: argparse.Namespace,
) -> Iterator[tuple[str, Any]]:
    """Yield each tracker and the scores of its sequences in one, with a bar of progress."""
    total, done = sum(map(len, jobs.values())), 0
    with ProgressBar("scoring", "sequence", options.quiet or total < 2) as bar:
        for name, own in jobs.items():
            parts = []
            for part in side_by_side(score, options.workers, own):
                parts.append(part)
                done += 1
                bar(done, total)
            yield name, parts[0] if len(parts) == 1 else pool(parts)


def _refuse(options: argparse.Namespace, mode: str, *more: str) -> None:
    """Raise SettingError for options that a mode has no use for."""
    names = ("benchmark", "iou", "per_class", "class_names", "diagnose", "images", "by", *more)
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
    given += ["--backend"] * (options.backend != "sportstrack")
    if given:
        raise SettingError(f"{', '.join(given)}: of no use with {mode}; leave it out")


def _text(rows: Mapping[str, Sequence[Row]], default: Sequence[str], options: argparse.Namespace) -> str:
    """Return what is printed: all columns, or those that fit where a terminal shows a table."""
    fits = options.format != "table" or options.columns or options.wide or not sys.stdout.isatty()
    if fits:
        return render_trackers(rows, options.format, options.columns or default)
    return fitted(rows, default, shutil.get_terminal_size().columns)


@contextmanager
def _claim(jobs: Mapping[str, Sequence[object]], options: argparse.Namespace) -> Iterator[Claim | None]:
    """Claim the files of --plots and --diagnose before the work; None where neither is asked for."""
    names: list[str] = []
    if options.plots and options.attributes:
        from sportstrack.evaluate.attributes import confusion_names

        names += confusion_names(jobs)
    elif options.plots:
        from sportstrack.evaluate.plots import plot_names

        names += plot_names({name: len(found) for name, found in jobs.items()})
    if options.by:
        from sportstrack.evaluate.by import by_names

        names += by_names(jobs)
    if options.diagnose:
        names += [f"diagnosis-{stem}.{form}" for stem in file_names(list(jobs)) for form in ("html", "json")]
    if not names:
        yield None
        return
    source = f"{', '.join(map(identity, options.results))} with {identity(options.truth)}"
    inputs = [options.truth, *options.results]
    with Claim(
        options.output, names, command=PROGRAM, source=source, inputs=inputs, overwrite=options.overwrite,
        stem="evaluate",
    ) as claim:  # fmt: skip
        yield claim


def _jobs(options: argparse.Namespace) -> dict[str, list[Job]]:
    """Tracker → its sequences."""
    truth = find_truth(options.truth)
    found: dict[str, list[Job]] = {}
    for path in options.results:
        for name, results in find_trackers(path, truth).items():
            if name in found:
                raise SettingError(f"two trackers are called {name}; rename one's folder")
            jobs = make_jobs(
                truth,
                results,
                benchmark=options.benchmark,
                allow_missing=options.allow_missing,
                zero_based=options.zero_based,
                warn=lambda text, name=name: _say(f"{name}: left out: {text}"),  # type: ignore[misc]
            )
            jobs = [replace(job, iou=options.iou or "auto") for job in jobs]
            found[name] = [of_classes(job, options.classes) for job in jobs]
            if not options.quiet:
                mention_masks(name, jobs, _say)
            if not (options.classes or options.per_class or options.class_names or options.quiet or options.attributes):
                mention_classes(name, jobs, _say)
    return found


def _rows(
    jobs: dict[str, list[Job]], options: argparse.Namespace
) -> tuple[dict[str, list[Row]], dict[str, Scores], dict[str, list[Diagnosis]]]:
    """Return the rows to print, and, from our own backend, each tracker's pooled scores and its diagnoses."""
    rows: dict[str, list[Row]] = {}
    scores: dict[str, Scores] = {}
    diagnoses: dict[str, list[Diagnosis]] = {}
    total, before = sum(map(len, jobs.values())), 0
    with ProgressBar("scoring", "sequence", options.quiet or total < 2) as bar:
        for name, tracker_jobs in jobs.items():
            if options.backend == "motmetrics":
                rows[name] = list(score_with_motmetrics(tracker_jobs, lambda n, before=before: bar(before + n, total)))  # type: ignore[misc]
            elif options.per_class or options.class_names:
                classes = run_classes(tracker_jobs, options.class_names, options.workers)
                rows[name] = [*classes.values(), ("class average", average_classes(classes))]
                scores[name] = Scores.pool(classes.values())
                if options.diagnose:
                    diagnoses[name] = [diagnose_job(job, _images(job, options).brightness) for job in tracker_jobs]
            else:
                parts, diagnoses[name] = [], []
                for part, found in _scored(tracker_jobs, options):
                    parts.append(part)
                    diagnoses[name] += found
                    bar(before + len(parts), total)
                scores[name] = parts[0] if len(parts) == 1 else Scores.pool(parts)
                rows[name] = list(scores[name].rows())
            before += len(tracker_jobs)
    shown = {name: found[-1:] if options.combined_only else found for name, found in rows.items()}
    return shown, scores, diagnoses


def _scored(jobs: list[Job], options: argparse.Namespace) -> Iterator[tuple[Scores, list[Diagnosis]]]:
    """Yield each sequence's scores, and its diagnosis if it is asked for; a sequence is read once for both."""
    if not options.diagnose:
        yield from ((scores, []) for scores in run_jobs(jobs, options.workers))
        return
    lights = [_images(job, options).brightness for job in jobs]
    for scores, diagnosis in side_by_side(score_and_diagnose, options.workers, jobs, lights):
        yield scores, [diagnosis]


def _images(job: Job, options: argparse.Namespace) -> Images:
    return Images.find(job.name, sequence_folder(job), options.images)


def _plot(scores: Mapping[str, Scores], claim: Claim) -> None:
    from sportstrack.evaluate.plots import save_plots

    for path in save_plots(scores, claim.folder, claim):
        _say(f"wrote {path}")


def _cut(jobs: Mapping[str, list[Job]], options: argparse.Namespace, claim: Claim) -> None:
    from sportstrack.evaluate.by import by_text, cut_jobs, save_by

    cuts = {name: cut_jobs(own, options.by, partial(_images, options=options)) for name, own in jobs.items()}
    if options.format in ("table", "markdown"):
        sys.stdout.write(by_text(cuts))
    for path in save_by(cuts, claim.folder, claim):
        _say(f"wrote {path}")


def _write_diagnoses(
    jobs: Mapping[str, list[Job]],
    diagnoses: Mapping[str, list[Diagnosis]],
    options: argparse.Namespace,
    claim: Claim,
) -> None:
    for (name, found), stem in zip(diagnoses.items(), file_names(list(jobs)), strict=True):
        images = {job.name: _images(job, options) for job in jobs[name]}
        claim.write_text(f"diagnosis-{stem}.html", diagnosis_page(name, found, images))
        claim.write_text(f"diagnosis-{stem}.json", json.dumps([one.to_dict() for one in found], indent=1) + "\n")
        _say(f"wrote {claim.folder / f'diagnosis-{stem}.html'} and .json")


def _say(text: str) -> None:
    sys.stderr.write(f"{PROGRAM}: {text}\n")


def _class_names(text: str) -> dict[int, str]:
    try:
        pairs = [item.split("=", 1) for item in text.split(",")]
        return {int(number): name.strip() for number, name in pairs}
    except ValueError as error:
        raise argparse.ArgumentTypeError("expected NUMBER=NAME,NUMBER=NAME, such as 1=player,2=ball") from error
