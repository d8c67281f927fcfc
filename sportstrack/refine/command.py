"""The command ``python -m sportstrack.refine`` (console: ``sportstrack refine``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.classes import ball_ids, names_beside, of_classes
from sportstrack.cli import new_parser, print_json, report_error, run
from sportstrack.cli.arguments import FRAME_RATE, Together, names_of, size
from sportstrack.cli.shared import add_classes, add_json, add_overwrite, add_quiet, add_truth, add_zero_based
from sportstrack.edits.apply import Edited, apply_edits
from sportstrack.edits.corrected import SUFFIXES, read_corrected
from sportstrack.edits.diff import find_edits
from sportstrack.edits.file import EditFile, read_edits
from sportstrack.edits.refined import enforced, on_frames, picked, refusals, run_edited
from sportstrack.errors import FormatError, SettingError, SportstrackError, unknown
from sportstrack.files.claim import Claim
from sportstrack.files.reading import list_files, read_yaml, same_name
from sportstrack.identities.file import SUFFIX, identities_beside, read_identities, write_identities
from sportstrack.mot import MotTable, class_ids, read_mot, write_mot
from sportstrack.recording import Recording
from sportstrack.refine.ball import with_ball
from sportstrack.refine.changes import Changes
from sportstrack.refine.recorded import Recorded, read_cuts, read_recorded
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import PRESETS, STEPS, RefineSettings, checked, numbers, preset
from sportstrack.refine.smooth import box_noise
from sportstrack.refine.steps import run_steps
from sportstrack.refine.table import TrackTable
from sportstrack.refine.timeline import Timeline
from sportstrack.score.sources import TruthFile, find_truth
from sportstrack.seqinfo import SequenceInfo, read_sequence_info

PROGRAM = "sportstrack refine"
DEFAULT_RATE = 25.0

_EXAMPLES = """examples:
  sportstrack refine runs/track/match.txt --size 1280x720 --frame-rate 25     result in runs/refine/match.txt
  sportstrack refine runs/track/match.txt --detections runs/track/match.npz   size, rate, embeddings … from there
  sportstrack refine results/bytetrack --truth SportsMOT/val -o results/refined  size and rate from seqinfo.ini
  sportstrack refine match.txt -o better.txt --steps link,interpolate --set fill_gap=2
  sportstrack refine match.txt --edits match.edits.jsonl -o mended.txt        corrections by hand, and what follows

Any MOT text will do, whatever tracker made it. Tracks of a ball stay as they are where the class has a name: by the
summary or the recording beside the result, or by --detections.
A filled box has 0 in column 9 (visibility), all others have -1.
"""

_FEW = 10  # frames; fewer do not show that only every Nth was tracked


def main(argv: Sequence[str] | None = None) -> int:
    """Refine the results named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Make any tracker's result better with the whole sequence known: split, link, interpolate, smooth, drop.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("results", type=Path, nargs="+", metavar="RESULT", help="MOT text, or a folder of SEQUENCE.txt")
    add("-o", "--output", type=Path, metavar="PATH", help="folder, or a .txt file for one result (runs/refine)")
    add(
        "--steps",
        type=_steps,
        action=Together,
        default=STEPS,
        metavar="LIST",
        help=f"comma-separated, or none ({','.join(STEPS)})",
    )
    add("--preset", choices=list(PRESETS), default="sports", help="settings for a kind of scene (sports)")
    add("--config", type=Path, metavar="YAML", help="settings file of track or tune: its refine_settings hold here")
    add(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of a step; may be repeated",
    )
    add(
        "--edits",
        type=Path,
        metavar="FILE",
        help="corrections by hand, applied first; no step undoes them: NAME.edits.jsonl of sportstrack edit, or the "
        "tracks as CVAT (.xml) or Label Studio (.json) gave them back",
    )
    add_classes(parser)
    add("--list-settings", action=_ListSettings, help="print the settings with their defaults and stop")

    group = parser.add_argument_group("what a MOT text does not say (of --truth, seqinfo.ini is read)")
    add = group.add_argument
    add("--size", type=size, metavar="WxH", help="of the picture, such as 1280x720")
    add("--frame-rate", type=FRAME_RATE, metavar="FPS", help=f"frames per second ({DEFAULT_RATE:g})")
    add_truth(group)
    add("--seqinfo", type=Path, metavar="FILE", help="a seqinfo.ini that holds for all results")
    add("--detections", type=Path, metavar="NPZ", help="recording (track --save-detections), or folder of NAME.npz")
    add("--shots", type=Path, metavar="CSV", help="where shots begin, from sportstrack shots --csv; else as recorded")
    add_zero_based(group)

    add_overwrite(parser)
    group = parser.add_argument_group("summary")
    add_json(group)
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    settings = preset(options.preset, **(_configured(options.config) | {"steps": options.steps} | dict(options.set)))
    jobs = _jobs(options)
    if options.edits and len(jobs) > 1:
        raise SettingError("--edits belongs to one result: name one")
    for source, target in jobs:  # all are checked before the work
        _claim(source, target, options).release()
    truth = _truth([source for source, _ in jobs], options.truth)
    failed = 0
    for source, target in jobs:
        try:
            with _claim(source, target, options) as claim:
                changes = _refine_file(source, target, claim, settings, truth, options)
        except SportstrackError as error:
            if len(jobs) == 1:
                raise
            failed += 1  # the other results may be fine
            report_error(error, PROGRAM)
            continue
        if options.json:
            print_json(asdict(changes))
        elif not options.quiet:
            sys.stdout.write(changes.as_text() + "\n")
        sys.stdout.flush()
    if failed:
        sys.stderr.write(f"{PROGRAM}: {failed} of {len(jobs)} results failed\n")
    return 2 if failed else 0


def _configured(file: Path | None) -> dict[str, Any]:
    """Return the refinement's settings of a settings file."""
    if file is None:
        return {}
    values = read_yaml(file)
    found = values.get("refine_settings", {}) if isinstance(values, dict) else None
    if not isinstance(found, dict):
        raise FormatError(f"{file}: expected a settings file of sportstrack track with refine_settings")
    try:
        checked(found)
    except SettingError as error:
        raise FormatError(f"{file}: {error}") from error
    return {str(name): value for name, value in found.items() if name != "steps"}


def _jobs(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Return (result, where its refined form goes)."""
    sources = [file for path in options.results for file in _files(path)]
    given: Path | None = options.output
    if given is not None and given.suffix == ".txt":
        if len(sources) > 1:
            raise SettingError(f"-o {given}: is one file, but there are {len(sources)} results; name a folder")
        return [(sources[0], given)]
    folder = given or Path("runs/refine")
    jobs = [(source, folder / source.name) for source in sources]
    names = [source.name for source in sources]
    for source in sources:
        if names.count(source.name) > 1:
            raise SettingError(f"two results are called {source.name}; refine them one by one, each with its own -o")
    return jobs


def _claim(source: Path, target: Path, options: argparse.Namespace) -> Claim:
    read = [*options.results, source, options.detections, options.shots, options.truth, options.seqinfo, options.edits]
    inputs = [path for path in read if path is not None]
    names = [target.name, *([f"{target.stem}{SUFFIX}"] if options.edits else [])]  # edits make identities, too
    return Claim(target.parent, names, command=PROGRAM, source=source, inputs=inputs, overwrite=options.overwrite)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = list_files(path / "data", {".txt"}) or list_files(path, {".txt"})
        if not found:
            raise SettingError(f"{path}: no SEQUENCE.txt in this folder or in its data/")
        return found
    if not path.is_file():
        raise SettingError(f"{path}: no such file or folder")
    return [path]


def _truth(sources: list[Path], path: Path | None) -> dict[str, TruthFile]:
    """Return the sequences of --truth by name; SettingError if none of the results belongs to one."""
    if path is None:
        return {}
    truth = find_truth(path)
    if len(truth) > 1 and not any(source.stem in truth for source in sources):
        stem = sources[0].stem
        raise SettingError(f"--truth {path}: {unknown('sequence', stem, truth)}")
    return truth


def _refine_file(
    source: Path,
    target: Path,
    claim: Claim,
    settings: RefineSettings,
    truth: dict[str, TruthFile],
    options: argparse.Namespace,
) -> Changes:
    everything = read_mot(source, zero_based=options.zero_based)
    rows = of_classes(everything, options.classes, source)
    if len(rows) and int(rows.track_id.min()) < 0:
        raise FormatError(f"{source}: boxes without identity (id −1): these are detections; give a tracker's result")
    recorded = _recorded(source, rows, options)
    stated = _stated(source, truth, options)
    width, height, rate = _known(source, rows, recorded, stated, options)
    start, stride = _stride(everything)
    edited = _edited(source, TrackTable.from_mot(rows, recorded.known), options)
    table = edited.tracks
    frames = np.arange(start, int(table.frame.max(initial=-1)) + 1, stride)
    paced = bool(options.frame_rate or stated.frame_rate)  # else the rate is the recording's, and so are the times
    times = None if recorded.times is None or paced else recorded.times[frames]
    names = names_beside(source) or (recorded.info.names if recorded.info else {})
    is_ball = np.isin(class_ids(table.class_id), ball_ids(names))
    line = Timeline.of(frames, times, rate / stride)
    edited_people = on_frames(picked(edited, ~is_ball), line.number, line.place)
    people = edited_people.tracks
    scene = Scene.of(
        people,
        frame_rate=rate / stride,
        width=width,
        height=height,
        frames=line.length,
        camera=line.camera(None if recorded.camera is None else recorded.camera[frames]),
        cuts=line.cuts(recorded.cuts if options.shots is None else read_cuts(options.shots)),
    )
    changes, people = _run(edited_people, scene, settings, line)
    ball = table[is_ball]
    whole = with_ball(people, ball) if len(ball) else people
    if options.edits:
        whole = _write_identities(claim, target, edited, whole)
    write_mot(claim.file(target.name), whole, zero_based=options.zero_based)
    text = edited.as_text() if options.edits else ""
    return replace(changes, name=source.stem, output=str(target), ball=ball.tracks, edits=text)


def _edited(source: Path, table: TrackTable, options: argparse.Namespace) -> Edited:
    """Return the tracks after the edits, if there are any; what did not fit is told."""
    if options.edits is None:
        return apply_edits(table, ())
    read, known = _read_edits(table, options.edits), identities_beside(source)
    edited = apply_edits(table, read.edits, read_identities(known) if known else None)
    if not options.quiet:
        for text in refusals(options.edits, read, edited):
            sys.stderr.write(f"{PROGRAM}: warning: {text}\n")
    return edited


def _read_edits(table: TrackTable, path: Path) -> EditFile:
    """Read edits, or find those that make the tracks what CVAT or Label Studio gave back."""
    if path.suffix.lower() not in SUFFIXES:
        return read_edits(path)
    edits = find_edits(table, read_corrected(path))
    return EditFile(tuple(edits), tuple(range(1, len(edits) + 1)))


def _write_identities(claim: Claim, target: Path, edited: Edited, table: TrackTable) -> TrackTable:
    """Write what is known of the tracks beside the result; return the tracks with the edits enforced."""
    held = enforced(edited, table)
    if len(held.identities):
        write_identities(claim.file(f"{target.stem}{SUFFIX}"), held.identities)
    return held.tracks


def _run(edited: Edited, scene: Scene, s: RefineSettings, line: Timeline) -> tuple[Changes, TrackTable]:
    table = edited.tracks
    split, linked, dropped, before, noise = 0, 0, 0, table, 0.0
    numbered = replace(table, detection=np.arange(len(table)))
    by_hand = bool(edited.anchors) or bool(edited.drawn.any())
    for step, after in run_edited(edited, scene, s) if by_hand else run_steps(numbered, scene, s):
        if step == "split":
            split += after.tracks - before.tracks
        if step == "link":
            pieces = _pieces(before, after)
            split += pieces - before.tracks
            linked = pieces - after.tracks
        if step == "drop":
            dropped = before.tracks - after.tracks
        if step == "smooth":
            noise = box_noise(before)
        before = after
    before = line.back(before)
    changes = Changes(
        tracks_before=table.tracks,
        tracks_after=before.tracks,
        split=split,
        linked=linked,
        dropped=dropped,
        filled=int(np.count_nonzero(before.filled)),
        smoothed="smooth" in s.steps and noise >= s.smooth_noise,
        noise=round(noise, 4),
    )
    return changes, before


def _pieces(before: TrackTable, after: TrackTable) -> int:
    """Return how many pieces of the old tracks make up the new ones; ``detection`` numbers the boxes of both."""
    ids = [one.track_id[np.argsort(one.detection)] for one in (before, after)]
    return len(np.unique(np.column_stack(ids), axis=0))


def _recorded(source: Path, rows: MotTable, options: argparse.Namespace) -> Recorded:
    """Return embeddings, other evidence and camera motion of the rows, as far as a recording knows them."""
    if options.detections is None:
        return Recorded(None, {}, None)
    path: Path = options.detections
    return read_recorded(Recording(path / f"{source.stem}.npz" if path.is_dir() else path), rows)


def _known(
    source: Path, rows: MotTable, recorded: Recorded, stated: SequenceInfo, options: argparse.Namespace
) -> tuple[float, float, float]:
    """Return width, height and frame rate: as given, else from seqinfo.ini, else as recorded, else guessed."""
    made = recorded.info

    def warn(text: str) -> None:
        if not options.quiet:
            sys.stderr.write(f"{PROGRAM}: warning: {source}: {text}\n")

    rate = options.frame_rate or stated.frame_rate or (made and made.source_rate)
    if not rate:
        rate = DEFAULT_RATE
        warn(f"frame rate unknown: taken for {rate:g} per second; give --frame-rate or --truth")
    if options.size:
        return (*options.size, rate)
    if stated.width and stated.height:
        return stated.width, stated.height, rate
    if made is not None:
        return made.width, made.height, rate
    width, height = (np.ceil(rows.xyxy[:, 2:].max(axis=0)) if len(rows) else np.ones(2)).tolist()
    width, height = max(width, 1.0), max(height, 1.0)
    warn(f"size of the picture unknown: taken for {width:.0f}x{height:.0f}, as far as boxes go; give --size or --truth")
    return width, height, rate


def _stated(source: Path, truth: dict[str, TruthFile], options: argparse.Namespace) -> SequenceInfo:
    """Return what the seqinfo.ini that belongs to a result says."""
    if options.seqinfo is not None:
        path: Path = options.seqinfo
        if not path.exists() or (path.is_file() and path.name != "seqinfo.ini"):
            raise SettingError(f"--seqinfo {path}: expected a file seqinfo.ini or its folder")
        return read_sequence_info(path.parent if path.is_file() else path)
    found = truth.get(same_name(source.stem)) or (next(iter(truth.values())) if len(truth) == 1 else None)
    return SequenceInfo() if found is None else read_sequence_info(found.folder)


def _stride(rows: MotTable) -> tuple[int, int]:
    """Return (first frame, N) where only every Nth frame was tracked; (0, 1) as a rule."""
    frames = np.unique(rows.frame)
    if len(frames) < _FEW:
        return 0, 1
    stride = int(np.gcd.reduce(np.diff(frames)))
    return int(frames[0]) % stride, stride


class _ListSettings(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        sys.stdout.write("".join(f"{name:<24} {value:g}\n" for name, value in numbers(RefineSettings()).items()))
        parser.exit()


def _steps(text: str) -> Sequence[str]:
    return () if text.strip().lower() == "none" else names_of("step", STEPS)(text)


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    known = list(numbers(RefineSettings()))
    if name not in known:
        raise argparse.ArgumentTypeError(unknown("setting", name, known))
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected KEY=NUMBER, such as fill_gap=2") from None
