"""What the offline refinement gains, and what it takes.

    python benchmarks/refine.py                                  # two hours of 25 players: time and memory
    python benchmarks/refine.py --frames 45000 --players 23 --cut-every 8
    python benchmarks/refine.py --accuracy --trackers bytetrack sports
    python benchmarks/refine.py --accuracy --trackers sports --set stature_weight=0      # one setting changed
    python benchmarks/refine.py --accuracy --sets mot17-dpm mot15-acf --steps link --preset sports
    python benchmarks/refine.py --cuts --output FOLDER           # rendered matches with hard cuts: players linked
    python benchmarks/refine.py --appearance --output FOLDER     # what appearance is worth to split and link, rendered
    python benchmarks/refine.py --pictures docs/images           # what each step does, drawn for docs/refine-method.md

Time and memory: invented players run about for two hours (180,000 frames) before a panning camera; each is lost every
20 seconds or so and comes back with a new id, and 2 % of the boxes are missed besides. The table is refined in a
process of its own, whose peak of resident memory is reported, table included; then the same from file to file with the
command.

Accuracy: every tracker runs over the sets of sets.py; scores before, and after each step added. The matches held back
(refine_gains.py) were not looked at when the settings were chosen.

Cuts: matches rendered with a hard cut every 1.6 seconds, each to another camera of the same match; detections and
embeddings as in rendered.py, written to FOLDER once. A link is an id that stands in two shots, and right if it is the
same player's in both. Matches put end to end, a shot of one before a shot of another, count the links that must not be.

Appearance: the rendered set of rendered.py, which compare.py uses too; every tracker is causal and uses the embeddings
if it can. Embedder "none" hands out no embeddings at all.
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
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from refine_cuts import HEIGHT, RATE, WIDTH, across_cuts, joined
from refine_gains import gains
from refine_pictures import draw
from rendered import EMBEDDERS, SEEDS, RenderedSet
from sets import SETS, Clip, data_folder

from sportstrack import Scores, create_tracker, score_tracks, write_mot
from sportstrack.refine import STEPS, RefineSettings, Scene, TrackTable, refine
from sportstrack.refine.command import main as refine_command
from sportstrack.refine.steps import run_steps

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


def worth_of_appearance(folder: Path, osnet: Path, trackers: list[str], seeds: list[int], embedders: list[str]) -> None:
    """Print what appearance is worth to split and to link."""
    rendered = RenderedSet(folder, osnet)
    clips = [rendered.read(folder / f"synthetic-{seed:05d}") for seed in seeds]
    ways: dict[str, dict[str, Any] | None] = {
        "causal": None,
        "without": {"appearance_weight": 0.0, "appearance_measured": 0.0, "steps": STEPS[1:]},
        "in split": {"appearance_weight": 0.0, "appearance_measured": 0.0},
        "in link": {"steps": STEPS[1:]},
        "in both": {},
        "both, fixed line": {"appearance_measured": 0.0},
    }
    print(f"| tracker | embeddings | {' | '.join(ways)} |\n|---|---|{'---:|' * len(ways)}", flush=True)
    for name in trackers:
        for embedder in embedders:
            tables = [whole(name, clip, embedder) for clip in clips]
            cells = []
            for changes in list(ways.values())[: 2 if embedder == "none" else None]:
                scores = []
                for clip, table in zip(clips, tables, strict=True):
                    frames, after = len(clip.detections), table
                    size = {"frame_rate": clip.frame_rate, "width": clip.size[0], "height": clip.size[1]}
                    if changes is not None:
                        after = refine(table, **size, frames=frames, settings=RefineSettings(**changes))
                    scores.append(score_tracks(clip.truth, after.to_mot(), frames=frames, name=clip.name))
                cells.append(f"{100 * Scores.pool(scores).HOTA:.2f}")
            cells += [""] * (len(ways) - len(cells))
            print(f"| {name} | {embedder} | {' | '.join(cells)} |", flush=True)


def whole(name: str, clip: Clip, embedder: str) -> TrackTable:
    """Run a tracker over a rendered clip."""
    tracker = create_tracker(name, frame_rate=clip.frame_rate, frame_size=clip.size)
    detections = clip.detections if embedder == "none" else clip.embedded[embedder]
    return TrackTable.from_tracks([tracker.update(one) for one in detections], list(detections))


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=180_000)
    parser.add_argument("--players", type=int, default=25)
    parser.add_argument("--cut-every", type=float, default=0.0, metavar="SECONDS", help="with cuts that are none")
    parser.add_argument("--accuracy", action="store_true", help="measure gains instead of time")
    parser.add_argument("--data", type=Path, help="folder with sportsmot/, mot17/, mot15/ (SPORTSTRACK_DATA)")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["sportsmot-simulated", "sportsmot-oracle"])
    parser.add_argument("--trackers", nargs="+", default=["bytetrack", "sports"])
    parser.add_argument("--steps", nargs="+", choices=STEPS, help="of the refinement, with --accuracy (all)")
    parser.add_argument("--preset", help="of the refinement, with --accuracy (the one for the set's kind of video)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=NUMBER", help="a setting of it, with --accuracy"
    )
    parser.add_argument("--smoothed", action="store_true", help="--accuracy begins from the tracker's smoothed boxes")
    parser.add_argument(
        "--cuts", action="store_true", help="measure which players are linked across cuts, on rendered matches"
    )
    parser.add_argument("--pairs", type=int, default=1000, help="of shots of different matches, with --cuts")
    parser.add_argument("--appearance", action="store_true", help="measure what appearance gives, on rendered matches")
    parser.add_argument("--output", type=Path, default=Path("runs/refine"), help="where the rendered matches go")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of renders, with --appearance")
    parser.add_argument("--embedders", nargs="+", default=["none", "kit"], choices=["none", *EMBEDDERS])
    parser.add_argument("--osnet", type=Path, default=Path("../shared/data/weights/osnet_x0_25_msmt17.onnx"))
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw instead")
    args = parser.parse_args()
    if args.pictures:
        draw(args.pictures)
    elif args.cuts:
        across_cuts(args.output, args.osnet)
        joined(args.output, args.osnet, args.pairs)
    elif args.appearance:
        worth_of_appearance(args.output, args.osnet, args.trackers, args.seeds, args.embedders)
    elif not args.accuracy:
        measure(args.players, args.frames, args.cut_every)
    else:
        changes: dict[str, Any] = {key: float(value) for key, _, value in (text.partition("=") for text in args.set)}
        if args.steps:
            changes["steps"] = tuple(args.steps)
        gains(data_folder(args.data), args.sets, args.trackers, changes, args.preset, args.smoothed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
