"""What the offline refinement gains, and what it takes.

    python benchmarks/refine.py                                  # two hours of 25 players: time and memory
    python benchmarks/refine.py --frames 45000 --players 23 --cut-every 8
    python benchmarks/refine.py --accuracy --data SportsMOT/train --trackers bytetrack sports
    python benchmarks/refine.py --cuts --output FOLDER           # rendered matches with hard cuts: players linked
    python benchmarks/refine.py --appearance --output FOLDER     # what appearance is worth to split and link, rendered
    python benchmarks/refine.py --pictures docs/images           # what each step does, drawn for docs/refine-method.md

Time and memory: invented players run about for two hours (180,000 frames) before a panning camera; each is lost every
20 seconds or so and comes back with a new id, and 2 % of the boxes are missed besides. The table is refined in a
process of its own, whose peak of resident memory is reported, table included; then the same from file to file with the
command.

Accuracy: every tracker runs over det/det.txt and over the ground truth as detections; scores before, and after each
step added. Sequences of the matches in HELD were not looked at when the settings were chosen.

Cuts: matches rendered with a hard cut every 1.6 seconds, each to another camera of the same match; detections and
embeddings as in rendered.py, written to FOLDER once. A link is an id that stands in two shots, and right if it is the
same player's in both. Matches put end to end, a shot of one before a shot of another, count the links that must not be.

Appearance: the rendered set of rendered.py, which compare.py uses too; every tracker is causal and uses the embeddings
if it can.
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
from refine_cuts import HEIGHT, RATE, WIDTH, across_cuts, joined
from refine_pictures import draw
from rendered import RenderedSet
from sets import Clip

from sportstrack import Detections, Scores, create_tracker, read_mot, write_mot
from sportstrack.mot import MotTable
from sportstrack.refine import STEPS, RefineSettings, Scene, TrackTable, refine
from sportstrack.refine.command import main as refine_command
from sportstrack.refine.steps import run_steps
from sportstrack.score.run import Job
from sportstrack.seqinfo import read_sequence_info

HELD = ("v_4LXTUim5anY", "v_ApPxnw_Jffg", "v_dChHNGIfm4Y", "v_HdiyOtliFiw", "v_iIxMOsCGH58")
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
    """Return (F,) places of a player that turns every few seconds."""
    knots = np.arange(0, frames + 100, 75)
    targets = 0.5 * size + rng.uniform(-reach, reach, len(knots))
    return np.interp(np.arange(frames), knots, np.convolve(targets, np.ones(3) / 3, mode="same"))


def peak_mebi() -> float:
    """Return the process's highest resident memory so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def refine_simulated(players: int, frames: int, cut_every: float) -> dict[str, Any]:
    """Refine a simulated match and return times in seconds, memory in MiB and counts."""
    import scipy.sparse.csgraph  # noqa: F401 - takes its second once

    table = simulate(players, frames)
    report: dict[str, Any] = {"boxes": len(table), "tracks": table.tracks, "table": peak_mebi()}
    began, begin = time.perf_counter(), time.process_time()
    cuts = range(0, frames, round(cut_every * RATE))[1:] if cut_every else ()
    scene = Scene.of(table, frame_rate=RATE, width=WIDTH, height=HEIGHT, frames=frames, cuts=cuts)
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
    write_mot(Path(folder) / "match.txt", simulate(players, frames))


def apart(function: Any, *arguments: Any) -> Any:
    """Call a function in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def measure(players: int, frames: int, cut_every: float) -> None:
    """Print time and memory."""
    report = apart(refine_simulated, players, frames, cut_every)
    print(f"{frames:,} frames, {players} players: {report['boxes']:,} boxes in {report['tracks']:,} tracks")
    cost = f"{report['seconds']:.1f} s ({report['cpu']:.1f} s of CPU), peak {report['peak']:.0f} MiB"
    print(f"table → table: {cost} (making the table: {report['table']:.0f})")
    parts = ", ".join(f"{name} {report[name]:.1f}" for name in ("camera", *STEPS))
    print(f"  {parts} s of CPU; {report['boxes after']:,} boxes in {report['tracks after']:,} tracks")
    with tempfile.TemporaryDirectory() as folder:
        apart(write_simulated, players, frames, folder)
        report = apart(refine_file, folder)
    print(f"file → file: {report['seconds']:.1f} s ({report['cpu']:.1f} s of CPU), peak {report['peak']:.0f} MiB")


def track(name: str, sequence: Path, oracle: bool) -> TrackTable:
    """Run a tracker over a sequence's detections, or over its truth; the boxes are the detections' own."""
    info = read_sequence_info(sequence)
    rows = read_mot(sequence / ("gt/gt.txt" if oracle else "det/det.txt"), identities=False)
    rows = rows[np.argsort(rows.frame, kind="stable")]
    bounds = np.searchsorted(rows.frame, np.arange((info.frames or 0) + 1))
    tracker, found = create_tracker(name, frame_rate=info.frame_rate or RATE), []
    for low, high in pairwise(bounds):
        score = np.ones(high - low) if oracle else rows.score[low:high]
        detections = Detections.from_arrays(rows.xyxy[low:high], score)
        found.append((tracker.update(detections), detections))
    tracks, seen = zip(*found, strict=True)
    return TrackTable.from_tracks(list(tracks), list(seen))


def score_steps(name: str, sequence: Path, oracle: bool) -> dict[str, Scores]:
    """Return a sequence's scores before ("") and after each step added."""
    info = read_sequence_info(sequence)
    truth: MotTable = read_mot(sequence / "gt" / "gt.txt")
    table = track(name, sequence, oracle)
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


def worth_of_appearance(folder: Path, osnet: Path, trackers: list[str]) -> None:
    """Print what appearance is worth to split and to link."""
    rendered = RenderedSet(folder, osnet)
    clips = [rendered.read(path) for path in rendered.sequences(folder)]
    ways = {
        "no appearance": {"appearance_weight": 0.0, "steps": STEPS[1:]},
        "appearance in split": {"appearance_weight": 0.0},
        "appearance in link": {"steps": STEPS[1:]},
        "appearance in both": {},
    }
    print("| tracker | embedder | offline | HOTA | AssA | IDF1 | IDSW |")
    print("|---|---|---|---:|---:|---:|---:|")
    for name in trackers:
        for embedder in clips[0].embedded:
            tables = [whole(name, clip, embedder) for clip in clips]
            for way, changes in {"(causal)": None, **ways}.items():
                scores = []
                for clip, table in zip(clips, tables, strict=True):
                    frames = len(clip.detections)
                    size = {"frame_rate": clip.frame_rate, "width": clip.size[0], "height": clip.size[1]}
                    after = table
                    if changes is not None:
                        after = refine(table, **size, frames=frames, settings=RefineSettings(**changes))
                    scores.append(Job(clip.name, clip.truth, after.to_mot(), frames).scores())
                s = Scores.pool(scores)
                figures = " | ".join(f"{100 * s[figure]:.2f}" for figure in ("HOTA", "AssA", "IDF1"))
                print(f"| {name} | {embedder} | {way} | {figures} | {s.IDSW} |", flush=True)


def whole(name: str, clip: Clip, embedder: str) -> TrackTable:
    """Run a tracker over a rendered clip."""
    tracker = create_tracker(name, frame_rate=clip.frame_rate, frame_size=clip.size)
    detections = clip.embedded[embedder]
    return TrackTable.from_tracks([tracker.update(one) for one in detections], list(detections))


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=180_000)
    parser.add_argument("--players", type=int, default=25)
    parser.add_argument("--cut-every", type=float, default=0.0, metavar="SECONDS", help="with cuts that are none")
    parser.add_argument("--accuracy", action="store_true", help="measure gains instead of time")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sportsmot/train"), help="SportsMOT sequences")
    parser.add_argument("--trackers", nargs="+", default=["bytetrack", "sports"])
    parser.add_argument(
        "--cuts", action="store_true", help="measure which players are linked across cuts, on rendered matches"
    )
    parser.add_argument("--pairs", type=int, default=1000, help="of shots of different matches, with --cuts")
    parser.add_argument("--appearance", action="store_true", help="measure what appearance gives, on rendered matches")
    parser.add_argument("--output", type=Path, default=Path("runs/refine"), help="where the rendered matches go")
    parser.add_argument("--osnet", type=Path, default=Path("../shared/data/weights/osnet_x0_25_msmt17.onnx"))
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw instead")
    args = parser.parse_args()
    if args.pictures:
        draw(args.pictures)
    elif args.cuts:
        across_cuts(args.output, args.osnet)
        joined(args.output, args.osnet, args.pairs)
    elif args.appearance:
        worth_of_appearance(args.output, args.osnet, args.trackers)
    elif not args.accuracy:
        measure(args.players, args.frames, args.cut_every)
    elif not args.data.is_dir():
        parser.error(f"--data: no folder {args.data}")
    else:
        gains(args.data, args.trackers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
