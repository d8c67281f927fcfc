"""What the offline refinement gains, and what it takes.

    python benchmarks/refine.py                                  # two hours of 25 players: time and memory
    python benchmarks/refine.py --frames 45000 --players 23
    python benchmarks/refine.py --accuracy --data SportsMOT/train --trackers bytetrack sports
    python benchmarks/refine.py --pictures docs/images           # what each step does, drawn for docs/refine.md

Time and memory: invented players run about for two hours (180,000 frames) before a panning camera; each is lost every
20 seconds or so and comes back with a new id, and 2 % of the boxes are missed besides. The table is refined in a
process of its own, whose peak of resident memory is reported, table included; then the same from file to file with the
command.

Accuracy: every tracker runs over det/det.txt and over the ground truth as detections; scores before, and after each
step added. Sequences of the matches in HELD were not looked at when the settings were chosen.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # read when numpy is imported

import argparse
import resource
import sys
import tempfile
import time
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack import Detections, Scores, Tracks, create_tracker, read_mot
from sportstrack.mot import MotTable, read_sequence_info
from sportstrack.refine import STEPS, RefineSettings, Scene, TrackTable, refine
from sportstrack.refine import main as refine_command
from sportstrack.refine.command import write_table
from sportstrack.refine.steps import run_steps
from sportstrack.score.run import Job

HELD = ("v_4LXTUim5anY", "v_ApPxnw_Jffg", "v_dChHNGIfm4Y", "v_HdiyOtliFiw", "v_iIxMOsCGH58")
RATE, WIDTH, HEIGHT = 25.0, 1280.0, 720.0
LOST_EVERY = 20.0  # seconds
MISSED = 0.02


def simulate(players: int, frames: int, seed: int = 0) -> TrackTable:
    """Return the fragments of invented players' tracks."""
    rng = np.random.default_rng(seed)
    time_ = np.arange(frames)
    pan = 300.0 * np.sin(time_ / 400.0)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    last_id = 0
    for _ in range(players):
        height = rng.uniform(60, 100)
        x, y = _walk(rng, frames, WIDTH, 500.0) - pan, _walk(rng, frames, 0.8 * HEIGHT, 120.0)
        x, y = x + rng.normal(0, 0.02 * height, frames), y + rng.normal(0, 0.02 * height, frames)
        absent = rng.random(frames) < MISSED
        starts = np.flatnonzero(rng.random(frames) < 1.0 / (LOST_EVERY * RATE))
        for start, length in zip(starts, rng.integers(3, 50, len(starts)), strict=True):
            absent[start : start + length] = True
        fragment = last_id + 1 + np.searchsorted(starts, time_, side="right")
        last_id = int(fragment[-1])
        box = np.stack((x - 0.2 * height, y - 0.5 * height, x + 0.2 * height, y + 0.5 * height), axis=1)
        seen = ~absent & (box[:, 2] > 0) & (box[:, 0] < WIDTH)
        parts.append((time_[seen], fragment[seen], box[seen]))
    frame, track_id, xyxy = (np.concatenate(column) for column in zip(*parts, strict=True))
    return TrackTable.of(frame, track_id, xyxy, np.full(len(frame), 0.8))


def _walk(rng: np.random.Generator, frames: int, size: float, reach: float) -> np.ndarray:
    """Return (F,) places of someone who turns every few seconds."""
    knots = np.arange(0, frames + 100, 75)
    targets = 0.5 * size + rng.uniform(-reach, reach, len(knots))
    return np.interp(np.arange(frames), knots, np.convolve(targets, np.ones(3) / 3, mode="same"))


def peak_mebi() -> float:
    """Return the process's highest resident memory so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def refine_simulated(players: int, frames: int) -> dict[str, Any]:
    """Refine a simulated match and return times in seconds, memory in MiB and counts."""
    import scipy.sparse.csgraph  # noqa: F401 - takes its second once

    table = simulate(players, frames)
    report: dict[str, Any] = {"boxes": len(table), "tracks": table.tracks, "table": peak_mebi()}
    began, begin = time.perf_counter(), time.process_time()
    scene = Scene.of(table, frame_rate=RATE, width=WIDTH, height=HEIGHT, frames=frames)
    report["camera"] = time.process_time() - begin
    then = time.process_time()
    for name, after in run_steps(table, scene, RefineSettings()):  # noqa: B007 - the last one counts
        now = time.process_time()
        report[name or "sort"] = now - then
        then = now
    report |= {"seconds": time.perf_counter() - began, "cpu": then - begin, "peak": peak_mebi()}
    report |= {"boxes after": len(after), "tracks after": after.tracks}
    return report


def refine_file(folder: str) -> dict[str, Any]:
    """The same from file to file, with the command."""
    path = Path(folder) / "match.txt"
    began, begin = time.perf_counter(), time.process_time()
    refine_command([str(path), "-o", f"{folder}/out", "--size", f"{WIDTH:.0f}x{HEIGHT:.0f}", "--frame-rate", f"{RATE}"])
    seconds, cpu = time.perf_counter() - began, time.process_time() - begin
    return {"seconds": seconds, "cpu": cpu, "peak": peak_mebi()}


def write_simulated(players: int, frames: int, folder: str) -> None:
    """Write the file that `refine_file` reads; in a process of its own, for its memory's sake."""
    write_table(Path(folder) / "match.txt", simulate(players, frames).to_mot())


def apart(function: Any, *arguments: Any) -> Any:
    """Call a function in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def measure(players: int, frames: int) -> None:
    """Print time and memory."""
    report = apart(refine_simulated, players, frames)
    print(f"{frames:,} frames, {players} players: {report['boxes']:,} boxes in {report['tracks']:,} tracks")
    cost = f"{report['seconds']:.1f} s ({report['cpu']:.1f} s of CPU), peak {report['peak']:.0f} MiB"
    print(f"table → table: {cost} (making the table: {report['table']:.0f})")
    parts = ", ".join(f"{name} {report[name]:.1f}" for name in ("camera", *STEPS))
    print(f"  {parts} s of CPU; {report['boxes after']:,} boxes in {report['tracks after']:,} tracks")
    with tempfile.TemporaryDirectory() as folder:
        apart(write_simulated, players, frames, folder)
        report = apart(refine_file, folder)
    print(f"file → file: {report['seconds']:.1f} s ({report['cpu']:.1f} s of CPU), peak {report['peak']:.0f} MiB")


def track(name: str, sequence: Path, oracle: bool) -> list[Tracks]:
    """Run a tracker over a sequence's detections, or over its truth."""
    info = read_sequence_info(sequence)
    rows = read_mot(sequence / ("gt/gt.txt" if oracle else "det/det.txt"), identities=False)
    rows = rows[np.argsort(rows.frame, kind="stable")]
    bounds = np.searchsorted(rows.frame, np.arange((info.frames or 0) + 1))
    tracker, found = create_tracker(name, frame_rate=info.frame_rate or RATE), []
    for low, high in pairwise(bounds):
        score = np.ones(high - low) if oracle else rows.score[low:high]
        found.append(tracker.update(Detections.from_arrays(rows.xyxy[low:high], score)))
    return found


def score_steps(name: str, sequence: Path, oracle: bool) -> dict[str, Scores]:
    """Return a sequence's scores before ("") and after each step added."""
    info = read_sequence_info(sequence)
    truth: MotTable = read_mot(sequence / "gt" / "gt.txt")
    tracks = track(name, sequence, oracle)
    table = TrackTable.from_tracks(tracks)
    size = {"width": info.width or WIDTH, "height": info.height or HEIGHT}
    scene = Scene.of(table, frame_rate=info.frame_rate or RATE, frames=info.frames, **size)
    steps = run_steps(table, scene, RefineSettings())
    return {step: Job(sequence.name, truth, after.to_mot(), info.frames).scores() for step, after in steps}


def gains(data: Path, trackers: list[str]) -> None:
    """Print the table of gains."""
    sequences = sorted(path.parent for path in data.glob("*/seqinfo.ini"))
    sets = {
        "tuned on": [s for s in sequences if not s.name.startswith(HELD)],
        "held back": [s for s in sequences if s.name.startswith(HELD)],
    }
    print("| tracker | boxes | matches | after | HOTA | DetA | AssA | IDF1 | IDSW | tracks |")
    print("|---|---|---|---|---:|---:|---:|---:|---:|---:|")
    for name in trackers:
        for oracle in (False, True):
            for which, chosen in sets.items():
                parts = [score_steps(name, sequence, oracle) for sequence in chosen]
                for step in parts[0]:
                    s = Scores.pool([part[step] for part in parts])
                    figures = " | ".join(f"{100 * s[figure]:.2f}" for figure in ("HOTA", "DetA", "AssA", "IDF1"))
                    boxes = "truth" if oracle else "simulated"
                    print(f"| {name} | {boxes} | {which} | {step or '(causal)'} | {figures} | {s.IDSW} | {s.IDs} |")
                sys.stdout.flush()


def play(step: str) -> TrackTable:
    """Return a little scene that shows what a step does; places are those of 40 × 90 boxes in a 640 × 360 picture."""
    rng = np.random.default_rng(3)
    t = np.arange(150)
    up, down = 120 + 2.6 * t, 520 - 2.6 * t
    met = 77  # two players meet here
    first, second = np.where(t < met, up, down), np.where(t < met, down, up)  # who swap their ids
    red, blue = np.eye(2)[np.where(t < met, 0, 1)], np.eye(2)[np.where(t < met, 1, 0)]
    if step == "split":
        return _tracks([(1, t, first, red), (2, t, second, blue)])
    unseen = (t > 60) & (t < 90)
    away = t[(t < 40) | (t > 75)]
    if step == "link":
        pieces = [(1, t[t <= 60], up[t <= 60]), (2, t, np.full(150, 330.0) + 40 * np.sin(t / 20) + 230 - t)]
        pieces += [(5, t[t >= 90], up[t >= 90]), (7, t[t > 110], 60 + 0.4 * t[t > 110]), (3, t[:90], 60 + 0.4 * t[:90])]
        return _tracks(pieces)
    if step == "interpolate":
        return _tracks([(1, t[~unseen], up[~unseen]), (2, away, 420 + 40 * np.sin(away / 30))])
    if step == "smooth":
        return _tracks(
            [(1, t, 200 + 60 * np.sin(t / 25) + rng.normal(0, 6, 150)), (2, t, down + rng.normal(0, 6, 150))]
        )
    specks = [
        (3 + i, np.arange(a, a + 6), np.full(6, x)) for i, (a, x) in enumerate([(20, 60.0), (70, 560), (120, 300)])
    ]
    return _tracks([(1, t, 200 + 60 * np.sin(t / 25)), *specks])


def _tracks(pieces: list[tuple[Any, ...]]) -> TrackTable:
    ids, times, places = (np.concatenate([np.broadcast_to(p[i], len(p[1])) for p in pieces]) for i in range(3))
    looks = np.concatenate([p[3] for p in pieces]) if len(pieces[0]) > 3 else None
    x, y = places[:, None], np.full((len(ids), 1), 200.0)
    return TrackTable.of(times, ids, np.hstack((x - 20, y - 45, x + 20, y + 45)), embedding=looks)


def picture(before: TrackTable, after: TrackTable) -> str:
    """Return an SVG: places over time, before and after, a colour per id; filled boxes are hollow."""
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255")
    names = sorted({*before.track_id.tolist(), *after.track_id.tolist()})
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 190" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="660" height="190" fill="white"/>')
    for title, table, left in (("before", before, 10), ("after", after, 340)):
        parts.append(f'<text x="{left}" y="16">{title}: {table.tracks} tracks</text>')
        parts.append(f'<rect x="{left}" y="24" width="310" height="160" fill="none" stroke="#bbb"/>')
        places = table.xyxy[:, [0, 2]].mean(axis=1)
        for frame, track, x, filled in zip(table.frame, table.track_id, places, table.filled, strict=True):
            colour = colours[names.index(int(track)) % len(colours)]
            fill = f'fill="none" stroke="{colour}" stroke-width="0.8"' if filled else f'fill="{colour}"'
            parts.append(f'<circle cx="{left + 4 + 2 * frame}" cy="{24 + x / 4:.1f}" r="1.8" {fill}/>')
    return "\n".join([*parts, "</svg>", ""])


def draw(folder: Path) -> None:
    """Write one picture per step."""
    for step in STEPS:
        table = play(step)
        settings = RefineSettings(steps=[step])
        still = np.tile(np.eye(2, 3), (150, 1, 1))
        after = refine(
            table,
            frame_rate=RATE,
            width=640,
            height=360,
            frames=600,
            camera=np.tile(still, (4, 1, 1)),
            settings=settings,
        )
        (folder / f"refine-{step}.svg").write_text(picture(table, after), encoding="utf-8")
        counts = f"{table.tracks} tracks → {after.tracks}, {len(table)} boxes → {len(after)}"
        print(f"{folder}/refine-{step}.svg: {counts}")


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=180_000)
    parser.add_argument("--players", type=int, default=25)
    parser.add_argument("--accuracy", action="store_true", help="measure gains instead of time")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sportsmot/train"), help="SportsMOT sequences")
    parser.add_argument("--trackers", nargs="+", default=["bytetrack", "sports"])
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw instead")
    args = parser.parse_args()
    if args.pictures:
        draw(args.pictures)
    elif not args.accuracy:
        measure(args.players, args.frames)
    elif not args.data.is_dir():
        parser.error(f"--data: no folder {args.data}")
    else:
        gains(args.data, args.trackers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
