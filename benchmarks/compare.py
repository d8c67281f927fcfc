"""Every tracker and every importable peer over the same detections: one MOT table per set, and a chart of them all.

    python benchmarks/compare.py --output comparison                     # everything; takes about an hour
    python benchmarks/compare.py --output comparison --sets sportsmot-simulated --sequences 6 --peers none
    python benchmarks/compare.py --output comparison --refine --hold-out only
    python benchmarks/compare.py --output comparison --sets rendered --peers deep-sort-realtime

Each tracker gets the detections of every sequence (benchmarks/sets.py), a new instance per sequence, its own library's
settings and the sequence's frame rate. Real sequences come without pixels: trackers that could use looks or a camera
estimate run on motion alone. In the set rendered (benchmarks/rendered.py) they are also run with looks.

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
import csv
import hashlib
import inspect
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatch
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from peers import LIBRARIES, Peer, at_defaults
from rendered import RenderedSet
from sets import SETS, Clip, Set, choose, data_folder

from sportstrack import TRACKERS, Detections, MotTable, Scores, SportstrackError, score_tracks
from sportstrack.trackers import config_class

FIGURES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag", "MT", "PT", "ML")
COLUMNS = ("tracker", "cue", "mode", "pixels", "boxes", *FIGURES, "frames/s")
LOOKS = {"botsort", "deepsort", "deepeiou", "jde", "sports"}  # ours that can use embeddings
TAKES_LOOKS = {"deep-sort-realtime DeepSORT"}  # peers that are handed embeddings
REFINED = ("sports", "bytetrack")  # ours that --refine is shown on
SKIPPED = {"ball"}  # follows one ball, not players
PARTS = {"all": "all", "only": "held-out", "without": "rest"}  # --hold-out in sets' words
DISPLAY = {
    "sports": "SportsTrack",
    "botsort": "BoT-SORT",
    "cbiou": "C-BIoU",
    "deepeiou": "Deep-EIoU",
    "ocsort": "OC-SORT",
    "jde": "JDE",
}

TITLES = {one.name: one.title for one in (*SETS.values(), RenderedSet)}
OSNET = "osnet_x0_25_msmt17.onnx"  # in the data's weights/

Table: TypeAlias = list[dict[str, Any]]  # a dictionary per row


@dataclass(frozen=True)
class Contender:
    """A row of the tables.

    Attributes:
        name: as tables show it.
        looks: the tracker can use embeddings.
        offline: it sees the whole sequence before it answers.
        boxes: ``detected``, ``filtered`` (a filter's), ``smoothed`` (between both) or ``refined`` (offline).
        key: changes when its code or settings do.
        ours: it is this package's.
        prepare: for a clip, returns how to feed, update and read a new tracker, and how to finish its result.
    """

    name: str
    looks: bool
    offline: bool
    boxes: str
    key: str
    ours: bool
    prepare: Callable[[Clip], Instance]
    embedder: str = ""  # whose looks it is given


@dataclass(frozen=True)
class Instance:
    """A tracker made for one clip."""

    convert: Callable[[Any], Any]
    update: Callable[[Any], Any]
    read: Callable[[Any, Any], tuple[Any, Any]]  # (detections, answer) -> corners, ids
    finish: Callable[[MotTable], MotTable] | None = None


def our_contenders(patterns: list[str], presets: list[str], refined: bool) -> Iterator[Contender]:
    """Return this package's trackers whose name matches one of the patterns."""
    for name in _named(patterns, [name for name in TRACKERS if name not in SKIPPED], "tracker"):
        for settings in [{"preset": preset} for preset in presets] if name == "sports" else [{}]:
            config_class(name)(**settings)  # an unknown preset is told at once
            yield _our_contender(name, settings, refined=False)
            if refined and name in REFINED:
                yield _our_contender(name, settings, refined=True)


def _our_contender(name: str, settings: dict[str, Any], refined: bool) -> Contender:
    kind, module = TRACKERS[name], import_module(TRACKERS[name].__module__)
    title = " ".join([DISPLAY.get(name, kind.__name__), *(v for v in settings.values() if v != "sports")])
    sources = [module]
    if refined:
        sources.append(import_module("sportstrack.refine"))

    def prepare(clip: Clip) -> Instance:
        options: dict[str, Any] = {"frame_rate": clip.frame_rate}
        if "frame_size" in inspect.signature(kind).parameters:
            options["frame_size"] = clip.size
        tracker = kind(config_class(name)(**settings), **options)
        finish = _refine(clip, settings.get("preset")) if refined else None
        return Instance(lambda frame: frame, tracker.update, _read_detected if refined else _read_smoothed, finish)

    return Contender(
        f"sportstrack {title}{', refined' if refined else ''}",
        looks=name in LOOKS,
        offline=refined,
        boxes="refined" if refined else "smoothed" if name == "sports" else "detected",
        key=_mark(json.dumps(settings), *(["preset of the set's kind"] if refined else []), *_sources(sources)),
        ours=True,
        prepare=prepare,
    )


def _read_smoothed(frame: Any, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    return tracks.with_boxes().xyxy, tracks.track_id


def _read_detected(frame: Any, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    return tracks.xyxy, tracks.track_id  # the refinement smooths by itself


def _refine(clip: Clip, preset: str | None) -> Callable[[MotTable], MotTable]:
    """Return the refinement with the tracker's own preset where it has one, else with that of the clip's kind."""
    package, frames = import_module("sportstrack.refine"), len(clip.detections)
    if preset not in package.PRESETS or preset == "sports":
        preset = "sports" if clip.benchmark is None else "pedestrian"
    settings = package.preset(preset)

    def refine(table: MotTable) -> MotTable:
        given = package.TrackTable.from_mot(table)
        options = {"frame_rate": clip.frame_rate, "width": clip.size[0], "height": clip.size[1], "frames": frames}
        return package.refine(given, settings=settings, **options).to_mot()  # type: ignore[no-any-return]

    return refine


def peer_contenders(patterns: list[str], own_boxes: bool) -> tuple[list[Contender], list[str]]:
    """Return the peers whose name matches one of the patterns, and a line for each library that is not there."""
    wanted = {name for name in LIBRARIES if any(fnmatch(name, p.split()[0].lower()) for p in patterns)}
    found, missing = at_defaults(25.0, (1280, 720), wanted)
    return [_peer_contender(peer, own_boxes) for peer in found if _matches(peer.name, patterns)], missing


def _peer_contender(peer: Peer, own_boxes: bool) -> Contender:
    def prepare(clip: Clip) -> Instance:
        alike, _ = at_defaults(clip.frame_rate, clip.size, {peer.name.split()[0]})
        new = next(p for p in alike if p.name == peer.name)
        return Instance(new.convert, new.make(), _reader(new, own_boxes))

    return Contender(
        peer.name + ("" if own_boxes else " on detections' boxes"),
        looks=peer.looks,
        offline=False,
        boxes="filtered" if peer.boxes is not None and own_boxes else "detected",
        key=_mark(peer.settings, str(own_boxes)),
        ours=False,
        prepare=prepare,
    )


def _reader(peer: Peer, own_boxes: bool) -> Callable[[Any, Any], tuple[Any, Any]]:
    if peer.boxes is not None and (own_boxes or peer.name.startswith("motpy")):
        return peer.boxes

    def read(frame: Any, answer: Any) -> tuple[Any, Any]:
        rows, ids = peer.rows(frame, answer)
        return frame.xyxy[rows], ids

    return read


def _matches(name: str, patterns: list[str]) -> bool:
    """Return whether a pattern is the name or its beginning, up to a space or hyphen; ``*`` stands for anything."""
    name = name.lower()
    return any(fnmatch(name, p) or name.startswith((f"{p} ", f"{p}-")) for p in map(str.lower, patterns))


def _named(patterns: list[str], known: list[str], what: str) -> list[str]:
    """Return the known names that a pattern matches.

    Raises:
        SportstrackError: a pattern matches none.
    """
    for pattern in patterns:
        if pattern != "none" and not any(_matches(name, [pattern]) for name in known):
            raise SportstrackError(f"no {what} is called {pattern!r} (known: {', '.join(known)})")
    return [name for name in known if _matches(name, patterns)]


def _sources(modules: list[Any]) -> list[str]:
    """Return the text of modules and of what they take from this package: a row is as old as its code."""
    seen: dict[str, str] = {}
    while modules:
        module = modules.pop()
        if module.__name__ not in seen:
            seen[module.__name__] = Path(module.__file__).read_text(encoding="utf-8")
            homes = {getattr(v, "__module__", None) or getattr(v, "__name__", "") for v in vars(module).values()}
            modules += [sys.modules[h] for h in homes if str(h).startswith("sportstrack.") and h in sys.modules]
    return [seen[name] for name in sorted(seen)]


def _mark(*texts: str) -> str:
    return hashlib.sha1("\0".join(texts).encode()).hexdigest()[:12]


def track(contender: Contender, clip: Clip) -> tuple[MotTable, float, int]:
    """Run a tracker over a clip; return its result, the seconds it took and how many unusable boxes it reported."""
    detections = clip.looks[contender.embedder] if contender.embedder else clip.detections
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


def with_looks(contenders: list[Contender], embedders: Sequence[str]) -> list[Contender]:
    """Return the contenders, and those that take embeddings once more for each embedder."""
    able = [c for c in contenders if c.name in TAKES_LOOKS or (c.ours and c.looks and not c.offline)]
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
        return f"looks: {contender.embedder}"
    return "motion, looks unused" if contender.looks else "motion"


def _mode(contender: Contender) -> str:
    return "offline" if contender.offline else "causal"


def _row(saved: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"tracker": saved["name"], "cue": saved["cue"], "mode": saved["mode"], "boxes": saved["boxes"]}
    seconds, frames = sum(run["seconds"] for run in runs), sum(run["frames"] for run in runs)
    scores = Scores.pool([_unpacked(run["counts"]) for run in runs], saved["name"])
    more = {
        "ours": saved["ours"],
        "pixels": "yes" if saved["cue"].startswith("looks") else "no",
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


def markdown(rows: Table) -> str:
    """Return a table as Markdown; this package's trackers are in bold."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---|---|---|" + "---:|" * (len(FIGURES) + 1)]
    lines += ["| " + " | ".join(_cell(row, column) for column in COLUMNS) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any], column: str) -> str:
    if column == "frames/s":
        return f"{row[column]:,.0f}"
    if column not in FIGURES:
        return f"**{row[column]}**" if column == "tracker" and row["ours"] else str(row[column])
    value = row["scores"][column]
    return f"{value:,}" if isinstance(value, int) else f"{100 * value:.1f}"


def write_csv(tables: dict[str, Table], path: Path) -> None:
    """Write all sets' rows; ratios from 0 to 1."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["set", *COLUMNS, "dropped"])
        for name, rows in tables.items():
            for row in rows:
                cells = [row["scores"][c] if c in FIGURES else row[c] for c in COLUMNS]
                writer.writerow([name, *cells, row["dropped"]])


def write_charts(tables: dict[str, Table], folder: Path) -> None:
    """Draw HOTA as bars, a panel per set, and HOTA against speed."""
    from matplotlib.figure import Figure
    from PIL import Image

    count = len(tables)
    across = min(2, count)
    down = -(-count // across)
    most = max(len(rows) for rows in tables.values())
    for kind, draw, height in (("hota", _bars, 0.9 + 0.19 * most), ("speed", _scatter, 4.4)):
        figure = Figure(figsize=(6.4 * across, height * down), layout="constrained")
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for axes, (name, rows) in zip(panels, tables.items(), strict=False):
            axes.set_title(TITLES[name], fontsize=10, loc="left")
            axes.spines[["top", "right"]].set_visible(False)
            draw(axes, rows)
        for axes in panels[count:]:
            axes.set_visible(False)
        path = folder / f"{kind}.png"
        figure.savefig(path, dpi=90)
        Image.open(path).quantize(64).save(path, optimize=True)  # a fifth of the bytes


def _colour(row: dict[str, Any]) -> str:
    return ("#d55e00" if row["mode"] == "offline" else "#0072b2") if row["ours"] else "#a8a8a8"


def _bars(axes: Any, rows: Table) -> None:
    values = [100 * row["scores"].HOTA for row in rows]
    bars = axes.barh(range(len(rows)), values, color=[_colour(row) for row in rows])
    axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(range(len(rows)), [row["tracker"] for row in rows], fontsize=7)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(values))
    axes.set_xlabel("HOTA (blue: this package, causal; orange: offline; grey: others)", fontsize=8)


def _scatter(axes: Any, rows: Table) -> None:
    for row in rows:
        x, y = row["frames/s"], 100 * row["scores"].HOTA
        axes.plot([x], [y], "o", ms=6, color=_colour(row))
        axes.annotate(row["tracker"], (x, y), xytext=(4, 3), textcoords="offset points", fontsize=5.5)
    axes.set_xscale("log")
    axes.set_xlabel("frames/s of association, one core", fontsize=8)
    axes.set_ylabel("HOTA", fontsize=8)


def section(name: str, rows: Table) -> str:
    """Return a set's part of tables.md."""
    whole = rows[0]["scores"]
    text = f"### {TITLES[name]}\n\n{whole.sequences} sequences, {whole.frames:,} frames.\n\n{markdown(rows)}"
    lines = [f"{row['tracker']} reported {row['dropped']:,} unusable boxes.\n" for row in rows if row["dropped"]]
    return "\n".join([text, *lines])


def write_all(tables: dict[str, Table], notes: list[str], folder: Path) -> None:
    """Write tables.md, tables.csv and the charts."""
    if not tables:
        return
    text = "\n".join(section(name, rows) for name, rows in tables.items())
    there = {row["tracker"].split()[0] for rows in tables.values() for row in rows}
    missing = [note for note in notes if note.split(":")[0] not in there]
    text += "\nNot compared:\n\n" + "".join(f"* {note}\n" for note in missing)
    (folder / "tables.md").write_text(text, encoding="utf-8")
    write_csv(tables, folder / "tables.csv")
    write_charts(tables, folder)


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
    names = _named(args.sets, list(sets), "set")
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
        contenders = with_looks(contenders, list(one.read(folders[0]).looks))
    chosen = {contender.name for contender in contenders}

    def wanted(saved: dict[str, Any]) -> bool:  # a peer's rows that another environment made are as good
        return saved["name"] in chosen or (not saved["ours"] and _matches(saved["name"], args.peers))

    runs = Runs(args.output, one.name)
    return runs.rows(wanted, run_set(one, folders, contenders, runs))


if __name__ == "__main__":
    sys.exit(main())
