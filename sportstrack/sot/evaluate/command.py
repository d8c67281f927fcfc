"""The command ``sportstrack sot-evaluate FOLDER…``: run and score single-object trackers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Together
from sportstrack.cli.progress import ProgressBar
from sportstrack.cli.shared import add_by, add_network_files, add_output, add_overwrite, add_quiet
from sportstrack.errors import SettingError
from sportstrack.files.claim import Claim, identity
from sportstrack.score.bins import BY

if TYPE_CHECKING:
    from sportstrack.sot.evaluate.layouts import ObjectSequence
    from sportstrack.sot.evaluate.report import Report
    from sportstrack.sot.evaluate.trials import Contender, Trial

PROGRAM = "sportstrack sot-evaluate"
_TABLES = {"md": "markdown", "csv": "csv", "json": "json"}  # ending → form
LAYOUTS = ("otb", "vot", "got10k", "lasot", "mot")

_EXAMPLES = f"""examples:
  {PROGRAM} OTB100 --methods csrt,plain-csrt,kcf
  {PROGRAM} vot2018 --methods csrt --protocol restart
  {PROGRAM} SportsMOT/val/MATCH --methods kcf --sequences "*-id7"
  {PROGRAM} OTB100 --results mine=runs/mine --results theirs=results/OTB2015/theirs
  {PROGRAM} GOT-10k/val --methods csrt --format markdown -o report

A folder is a sequence or contains sequences, up to two levels down, laid out as in OTB, VOT, GOT-10k, LaSOT or a MOT
benchmark (where each track is one object). plain-METHOD is OpenCV's tracker alone, METHOD is that tracker in our loop.

Results go to DIR/results/TRACKER. Sequences with a result are not run again. docs/sot-scores.md explains the scores.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run and score the trackers named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Score single-object trackers: OTB's one pass, GOT-10k's averages, or VOT's restarts.",
        _EXAMPLES,
        interrupted="run it again to go on",
    )
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="sequence or data set")
    add("--layout", choices=LAYOUTS, help="how the folders are laid out (detected by their files)")
    add(
        "--polygons",
        choices=("round", "area"),
        default="round",
        help="VOT's corners: the box around them, or one of their area",
    )
    add(
        "--sequences",
        action=Together,
        metavar="LIST",
        help="names or patterns, comma-separated, such as 'Jogging-*,David' (all)",
    )

    group = parser.add_argument_group("trackers")
    add = group.add_argument
    add(
        "--methods",
        action=Together,
        default="",
        metavar="LIST",
        help="methods to run: csrt, plain-csrt, kcf … (csrt,plain-csrt)",
    )
    add_network_files(group)
    add("--results", action="append", default=[], metavar="NAME=DIR", help="score the result files of a tracker")
    add("--allow-missing", action="store_true", help="score what both sides have if sequences have no result")

    group = parser.add_argument_group("scores")
    add = group.add_argument
    add("--protocol", choices=("ope", "restart"), default="ope", help="one pass, or VOT's restarts (ope)")
    add(
        "--absent",
        choices=("skip", "otb"),
        default="skip",
        help="frames without the object: left out, or counted as by OTB",
    )
    add_by(group, BY)
    add("--no-light", action="store_true", help="do not read the images again for changes of light")

    group = parser.add_argument_group("output")
    add = group.add_argument
    add_output(group, "runs/sot-evaluate")
    add("--format", choices=("markdown", "csv", "json"), default="markdown", help="of the printed scores (markdown)")
    add("--plots", choices=("png", "svg", "none"), default="png", help="success and precision plots (png)")
    add_overwrite(group)
    add("--fresh", action="store_true", help="run again what was run before")
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    if options.by and options.protocol != "ope":
        raise SettingError("--by cuts the scores of one pass; leave out --protocol restart")
    stem = "one-pass" if options.protocol == "ope" else "restarts"
    with _claim(stem, options) as claim:
        sequences = _sequences(options)
        trials = _given(options, sequences)
        trials |= _run(options, sequences, taken=set(trials))
        report = _report(options, sequences, trials)
        for suffix, form in _TABLES.items():
            claim.write_text(f"{stem}.{suffix}", report.render(form))
        sys.stdout.write(report.render(options.format))
        sys.stdout.flush()
        saved = [] if options.plots == "none" else report.plot(claim.folder, options.plots, claim)
    _say(f"wrote {claim.folder / stem}.md, .csv and .json{''.join(f', {path.name}' for path in saved)}", options)
    return 0


def _claim(stem: str, options: argparse.Namespace) -> Claim:
    """Claim the tables and plots before the work."""
    from sportstrack.sot.evaluate.plots import PLOTS

    names = [f"{stem}.{suffix}" for suffix in _TABLES]
    if options.plots != "none" and options.protocol == "ope":
        names += [f"{name}.{options.plots}" for name in (*PLOTS, *["by"] * bool(options.by))]
    results = [text.partition("=")[2] for text in options.results]
    return Claim(
        options.output, names, command=PROGRAM, source=", ".join(map(identity, options.folders)), inputs=results,
        overwrite=options.overwrite, stem=stem,
    )  # fmt: skip


def _sequences(options: argparse.Namespace) -> dict[str, ObjectSequence]:
    from sportstrack.sot.evaluate.layouts import find_sequences

    found: dict[str, ObjectSequence] = {}
    for folder in options.folders:
        for name, sequence in find_sequences(folder, layout=options.layout, polygons=options.polygons).items():
            if name in found:
                raise SettingError(f"{folder}: a sequence called {name} was found already; give each folder once")
            found[name] = sequence
    if options.sequences is None:
        return found
    patterns = [part.strip() for part in options.sequences.split(",") if part.strip()]
    chosen = {name: one for name, one in found.items() if any(fnmatch(name, pattern) for pattern in patterns)}
    if not chosen:
        some = ", ".join(list(found)[:8]) + (", …" if len(found) > 8 else "")
        raise SettingError(f"--sequences {options.sequences}: no sequence fits (there are: {some})")
    return chosen


def _given(options: argparse.Namespace, sequences: Mapping[str, ObjectSequence]) -> dict[str, dict[str, Trial]]:
    """Read the results of ``--results``: tracker → sequence → trial."""
    from sportstrack.sot.evaluate.trials import read_trial

    found: dict[str, dict[str, Trial]] = {}
    for text in options.results:
        name, equals, place = text.partition("=")
        if not equals or not name:
            raise SettingError(f"--results {text}: expected NAME=DIR, such as mine=runs/mine")
        if name in found:
            raise SettingError(f"--results: two trackers are called {name}")
        if not Path(place).is_dir():
            raise SettingError(f"--results {text}: no folder {place}")
        read = {key: read_trial(one, Path(place), options.protocol) for key, one in sequences.items()}
        found[name] = {key: trial for key, trial in read.items() if trial is not None}
        missing = [key for key in sequences if key not in found[name]]
        if missing and (not options.allow_missing or not found[name]):
            some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
            raise SettingError(
                f"--results {text}: no result of {some} ({len(missing)} of {len(sequences)} sequences); "
                "leave out what is missing with --allow-missing"
            )
    return found


def _run(
    options: argparse.Namespace, sequences: Mapping[str, ObjectSequence], taken: set[str]
) -> dict[str, dict[str, Trial]]:
    """Run the methods on the sequences without a result: tracker → sequence → trial."""
    from sportstrack.sot.evaluate.trials import contender

    names = [part.strip().lower() for part in options.methods.split(",") if part.strip()]
    if not names and not options.results:
        names = ["csrt", "plain-csrt"]
    for name in names:
        if name in taken or names.count(name) > 1:
            raise SettingError(f"two trackers are called {name}; give the --results another name")
    makers = {name: contender(name, _models(options)) for name in names}
    return {name: _run_method(options, sequences, name, make) for name, make in makers.items()}


def _run_method(
    options: argparse.Namespace, sequences: Mapping[str, ObjectSequence], name: str, make: Callable[[], Contender]
) -> dict[str, Trial]:

    folder = options.output / "results" / name
    trials: dict[str, Trial] = {}
    before, total = 0, sum(map(len, sequences.values()))
    try:
        with ProgressBar(name, quiet=options.quiet) as bar:
            for key, sequence in sequences.items():
                trial = _trial(options, sequence, make, folder, partial(_progress, bar, before, total))
                if trial is not None:
                    trials[key] = trial
                before += len(sequence)
    except KeyboardInterrupt:
        _say(f"{name}: {len(trials)} of {len(sequences)} sequences are done, in {folder}; run again to go on", options)
        raise
    return trials


def _trial(
    options: argparse.Namespace,
    sequence: ObjectSequence,
    make: Callable[[], Contender],
    folder: Path,
    progress: Callable[[int], None],
) -> Trial | None:
    """Return the earlier result, or run the tracker; None if the sequence cannot be followed."""
    from sportstrack.sot.evaluate.trials import one_pass, read_trial, restarts, write_trial

    if not options.fresh and (done := read_trial(sequence, folder, options.protocol)) is not None:
        return done
    try:
        trial = (one_pass if options.protocol == "ope" else restarts)(sequence, make(), progress)
    except SettingError as error:
        _say(f"{sequence.name}: left out: {error}", options)
        return None
    write_trial(trial, folder, sequence.name, options.protocol)
    # The file is read back, so that a result scores the same now and later.
    return read_trial(sequence, folder, options.protocol)


def _progress(bar: ProgressBar, before: int, total: int, done: int) -> None:
    bar(before + done, total)


def _report(
    options: argparse.Namespace, sequences: Mapping[str, ObjectSequence], trials: Mapping[str, Mapping[str, Trial]]
) -> Report:
    """Score what every tracker has a result for."""
    from sportstrack.sot.evaluate.report import OnePassReport, RestartReport

    common = {key: one for key, one in sequences.items() if all(key in found for found in trials.values())}
    if not common:
        raise SettingError("no sequence has a result of every tracker")
    if len(common) < len(sequences):
        left = [key for key in sequences if key not in common]
        _say(f"left out for all: {', '.join(left[:5])}{', …' if len(left) > 5 else ''} ({len(left)})", options)
    sized = {key: _sized(one) for key, one in common.items()}
    if options.protocol == "restart":
        return RestartReport.make(sized, trials)
    return OnePassReport.make(sized, trials, absent=options.absent, light=not options.no_light, by=options.by)


def _sized(sequence: ObjectSequence) -> ObjectSequence:
    """Return the sequence with the size of its pictures, if it has images or its files contain it."""
    from sportstrack.images.decode import read_picture

    if sequence.size is not None or not sequence.images:
        return sequence
    height, width = read_picture(sequence.images[0]).shape[:2]
    return replace(sequence, size=(width, height))


def _models(options: argparse.Namespace) -> dict[str, str]:
    from sportstrack.sot.methods import MODEL_FILES

    known = [name for names in MODEL_FILES.values() for name in names]
    pairs = {}
    for text in options.model:
        name, equals, path = text.partition("=")
        if not equals or name not in known:
            raise SettingError(f"--model {text}: expected NAME=FILE with a NAME of {', '.join(known)}")
        pairs[name] = path
    return pairs


def _say(text: str, options: argparse.Namespace) -> None:
    if not options.quiet:
        sys.stderr.write(f"{PROGRAM}: {text}\n")
