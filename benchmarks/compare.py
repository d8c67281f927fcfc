"""Every tracker and every importable peer over the same detections: one MOT table per set, and a chart of them all.

    python benchmarks/compare.py --output comparison                     # everything; takes about an hour
    python benchmarks/compare.py --output comparison --sets sportsmot-simulated --sequences 6 --peers none
    python benchmarks/compare.py --output comparison --refine --hold-out only
    python benchmarks/compare.py --output comparison --sets rendered --peers deep-sort-realtime

Each tracker gets the detections of every sequence (benchmarks/sets.py), a new instance per sequence, its own library's
settings and the sequence's frame rate. Real sequences come without pixels: trackers that could use embeddings or a
camera estimate run on motion alone. In the set rendered (benchmarks/rendered.py) they are also run with embeddings.

Boxes are scored as the tracker reports them, which for some peers means filtered ones (--boxes detections scores each
track's detection instead, where the peer says which it is). Rows marked offline saw the whole sequence before they
answered; all others never look ahead.

frames/s counts processor time inside ``update`` alone, one thread, inputs made beforehand, one pass; speed.py compares
speeds with more care. Scores are sportstrack.score's, equal to TrackEval's, pooled over the sequences of a set; MOT17
is preprocessed as the benchmark does.

The folder --output holds tables.md, tables.csv, the charts, and in runs/ what each tracker did on each sequence: a run
that was stopped goes on where it was, and rows made in another environment (for a library that cannot live here) are
shown too. A row is made anew when the tracker's code, its settings or the detections have changed.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from compare_contenders import TAKES_EMBEDDINGS, Contender, Instance, matches, named, our_contenders, peer_contenders
from compare_tables import TITLES, Table, section, write_all
from rendered import RenderedSet
from sets import SETS, Clip, Set, choose, data_folder

from sportstrack import Detections, MotTable, Scores, SportstrackError, score_tracks

PARTS = {"all": "all", "only": "held-out", "without": "rest"}  # --hold-out in sets' words
OSNET = "osnet_x0_25_msmt17.onnx"  # in the data's weights/


def track(contender: Contender, clip: Clip) -> tuple[MotTable, float, int]:
    """Run a tracker over a clip; return its result, the seconds it took and how many unusable boxes it reported."""
    detections = clip.embedded[contender.embedder] if contender.embedder else clip.detections
    _warm_up(contender.prepare(clip), detections[:3])
    new = contender.prepare(clip)
    inputs = [new.convert(frame) for frame in detections]
    spent, boxes, ids, dropped = 0.0, [], [], 0
    for frame, given in zip(detections, inputs, strict=True):
        begin = time.process_time()
        answer = new.update(given)
        spent += time.process_time() - begin
        xyxy, numbers = new.read(frame, answer)
        usable = _usable(xyxy, numbers)
        boxes.append(xyxy[usable])
        ids.append(numbers[usable])
        dropped += int((~usable).sum())
    table = _table(boxes, ids)
    if new.finish is not None:
        begin = time.process_time()
        table = new.finish(table)
        spent += time.process_time() - begin
    return table, spent, dropped


def add_embeddings(contenders: list[Contender], embedders: Sequence[str]) -> list[Contender]:
    """Return the contenders, and those that take embeddings once more for each embedder."""
    able = [c for c in contenders if c.name in TAKES_EMBEDDINGS or (c.ours and c.embeddings and not c.offline)]
    return [*contenders, *(replace(c, name=f"{c.name} + {e}", embedder=e) for c in able for e in embedders)]


def _warm_up(new: Instance, frames: list[Detections]) -> None:
    """Let a tracker that is thrown away do the late imports."""
    for frame in frames:
        new.update(new.convert(frame))


def _usable(xyxy: Any, ids: Any) -> Any:
    """(M,) True for boxes that can be scored: finite, not empty, their id for the first time in this frame."""
    first = np.zeros(len(ids), np.bool_)
    first[np.unique(ids, return_index=True)[1]] = True
    return first & np.isfinite(xyxy).all(axis=1) & (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)


def _table(boxes: list[Any], ids: list[Any]) -> MotTable:
    frame = np.repeat(np.arange(len(ids)), [len(i) for i in ids])
    n = len(frame)
    unknown = np.full(n, -1, np.int64)
    corners = np.concatenate(boxes).astype(np.float64).reshape(-1, 4)
    return MotTable(frame, np.concatenate(ids).astype(np.int64), corners, np.ones(n), unknown, np.full(n, -1.0))


class Runs:
    """What each tracker did on each sequence of a set, in one JSON file per tracker."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / "runs" / name
        self._folder.mkdir(parents=True, exist_ok=True)

    def load(self, contender: Contender) -> dict[str, Any]:
        """Return sequence → what was saved; empty if the tracker has changed since."""
        path = self._path(contender.name)
        saved = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return saved["sequences"] if saved.get("key") == contender.key else {}

    def save(self, contender: Contender, sequences: dict[str, Any]) -> None:
        """Replace the tracker's file in one step."""
        about = {"name": contender.name, "key": contender.key, "cue": _cue(contender), "mode": _mode(contender)}
        about["boxes"] = contender.boxes
        path = self._path(contender.name)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(about | {"ours": contender.ours, "sequences": sequences}), encoding="utf-8")
        part.replace(path)

    def rows(self, wanted: Callable[[dict[str, Any]], bool], marks: dict[str, str]) -> Table:
        """Return a table row for each wanted run that has all sequences, best first."""
        rows = []
        for path in sorted(self._folder.glob("*.json")):
            saved = json.loads(path.read_text(encoding="utf-8"))
            done = saved["sequences"]
            if wanted(saved) and marks and all(done.get(name, {}).get("mark") == mark for name, mark in marks.items()):
                rows.append(_row(saved, [done[name] for name in marks]))
        return sorted(rows, key=lambda row: -row["scores"].HOTA)

    def _path(self, name: str) -> Path:
        return self._folder / ("".join(c if c.isalnum() or c == "-" else "_" for c in name) + ".json")


def _cue(contender: Contender) -> str:
    if contender.embedder:
        return f"embeddings: {contender.embedder}"
    return "motion, embeddings unused" if contender.embeddings else "motion"


def _mode(contender: Contender) -> str:
    return "offline" if contender.offline else "causal"


def _row(saved: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"tracker": saved["name"], "cue": saved["cue"], "mode": saved["mode"], "boxes": saved["boxes"]}
    seconds, frames = sum(run["seconds"] for run in runs), sum(run["frames"] for run in runs)
    scores = Scores.pool([_unpacked(run["counts"]) for run in runs], saved["name"])
    more = {
        "ours": saved["ours"],
        "pixels": "yes" if saved["cue"].startswith("embeddings") else "no",
        "scores": scores,
        "frames/s": frames / seconds,
    }
    return about | more | {"dropped": sum(run["dropped"] for run in runs)}


def _packed(scores: Scores) -> dict[str, Any]:
    counts = {f.name: getattr(scores, f.name) for f in fields(Scores) if f.name != "pooled"}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in counts.items()}


def _unpacked(counts: dict[str, Any]) -> Scores:
    return Scores(**{name: np.array(value) if isinstance(value, list) else value for name, value in counts.items()})


def run_set(one: Set | RenderedSet, folders: list[Path], contenders: list[Contender], runs: Runs) -> dict[str, str]:
    """Run every contender over the sequences; return sequence → mark of its detections."""
    done = {contender.name: runs.load(contender) for contender in contenders}
    marks = {}
    for number, folder in enumerate(folders, 1):
        clip = one.read(folder)
        marks[clip.name] = clip.mark
        for contender in contenders:
            if done[contender.name].get(clip.name, {}).get("mark") == clip.mark:
                continue
            _say(f"{one.name} {number}/{len(folders)} {clip.name}: {contender.name}")
            done[contender.name][clip.name] = _run_one(contender, clip)
            runs.save(contender, done[contender.name])
    return marks


def _run_one(contender: Contender, clip: Clip) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own worries
        table, seconds, dropped = track(contender, clip)
    frames = len(clip.detections)
    scores = score_tracks(clip.truth, table, frames=frames, benchmark=clip.benchmark, name=clip.name)
    return {
        "mark": clip.mark,
        "frames": frames,
        "seconds": seconds,
        "dropped": dropped,
        "counts": _packed(scores),
    }


def _say(line: str) -> None:
    end = "\n" if not sys.stderr.isatty() else "\r"
    sys.stderr.write(f"{line:<100.100}{end}" if end == "\r" else line + end)
    sys.stderr.flush()


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/, mot17/, mot15/ (SPORTSTRACK_DATA)")
    parser.add_argument("--output", type=Path, default=Path("comparison"), help="folder for tables, charts and runs")
    parser.add_argument(
        "--sets",
        nargs="+",
        default=["sportsmot", "mot17", "mot15"],
        metavar="NAME",
        help=f"of {', '.join(TITLES)}; mot17 means both of its",
    )
    parser.add_argument("--trackers", nargs="+", default=["*"], metavar="NAME", help="of ours, or none")
    parser.add_argument(
        "--peers", nargs="+", default=["*"], metavar="NAME", help='libraries, "LIBRARY TRACKER", "* SORT", or none'
    )
    parser.add_argument("--preset", nargs="+", default=["sports"], metavar="NAME", help="SportsTrack's, a row each")
    parser.add_argument("--sequences", type=int, metavar="N", help="at most N sequences of each set, spread evenly")
    parser.add_argument(
        "--hold-out",
        choices=PARTS,
        default="all",
        help="only the matches held out (about a quarter of them), or all without them; MOT has none",
    )
    parser.add_argument("--refine", action="store_true", help="also refine ours offline")
    parser.add_argument(
        "--boxes", choices=("reported", "detections"), default="reported", help="what peers' are scored"
    )
    args = parser.parse_args(argv)
    if args.refine and find_spec("sportstrack.refine") is None:
        parser.error("--refine: this installation has no sportstrack.refine")
    return args


def main(argv: list[str] | None = None) -> int:
    """Run the comparison, print the tables."""
    args = parse(argv)
    try:
        return compare(args)
    except SportstrackError as error:
        sys.exit(f"compare.py: {error}")
    except KeyboardInterrupt:
        sys.stderr.write("\ncompare.py: interrupted; the same command goes on from here\n")
        return 130


def compare(args: argparse.Namespace) -> int:
    """Run all sets asked for; write what is complete, also when interrupted."""
    data = data_folder(args.data)
    sets = SETS | {RenderedSet.name: RenderedSet(args.output / RenderedSet.name, data / "weights" / OSNET)}
    names = named(args.sets, list(sets), "set")
    peers, notes = peer_contenders(args.peers, args.boxes == "reported")
    contenders = [*our_contenders(args.trackers, args.preset, args.refine), *peers]
    args.output.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Table] = {}
    try:
        for name in names:
            if rows := compare_on(sets[name], contenders, args, data):
                tables[name] = rows
                print(section(name, rows), flush=True)
    finally:
        write_all(tables, notes, args.output)
    return 0


def compare_on(one: Set | RenderedSet, contenders: list[Contender], args: argparse.Namespace, data: Path) -> Table:
    """Run one set; return its table."""
    folders = choose(one.sequences(data), PARTS[args.hold_out], args.sequences)
    if isinstance(one, RenderedSet) and folders:
        contenders = add_embeddings(contenders, list(one.read(folders[0]).embedded))
    chosen = {contender.name for contender in contenders}

    def wanted(saved: dict[str, Any]) -> bool:  # a peer's rows that another environment made are as good
        return saved["name"] in chosen or (not saved["ours"] and matches(saved["name"], args.peers))

    runs = Runs(args.output, one.name)
    return runs.rows(wanted, run_set(one, folders, contenders, runs))


if __name__ == "__main__":
    sys.exit(main())
