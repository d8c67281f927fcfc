"""How many frames per second the trackers associate, against other Python trackers, in one process.

    python benchmarks/speed.py                  # simulated players, 10, 25, 100, 500 and 1,000 objects
    python benchmarks/speed.py --data PATH      # also SportsMOT-layout folders PATH/<sequence>/det/det.txt
    python benchmarks/speed.py --trackers SORT DeepSORT --objects 25 100
    python benchmarks/speed.py --quick --csv speed.csv

Every tracker of this package runs beside every library that has the same one; where none has, the table shows its rate
alone. Only ``update`` is timed; inputs are made beforehand in each library's own type, anew for each round. All
contenders walk through the same stream in blocks of frames (100, fewer above 50 objects), taking turns (A B C A B C …,
each turn starting with another one), on one core with one thread. A ratio is the median over the blocks of
time(peer) / time(ours), so a machine that slows down for a while slows both sides of each ratio. The garbage collector
stays as Python sets it.

The simulated players run about a pitch seen at 1280 × 720 pixels per 25 of them (more players, wider view, same
density). Velocities are an Ornstein-Uhlenbeck process (time constant 1 s, about 2.5 m/s); boxes are 0.4 as wide as high
and grow towards the camera; detections are off by 2 % of the height, 5 % are missed, 10 % have a low score, and there
are 3 % false ones. For the trackers that use appearance every player has an embedding of its own, a random unit
vector of 128 numbers, which is seen with noise (cosine distance 0.1 between two views of one player).
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported
os.environ["VECLIB_MAXIMUM_THREADS"] = "1"

import argparse
import csv
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from peers import Peer, others, ours

from sportstrack import Detections, create_tracker

Stream = list[Detections]
Times = dict[str, list[float]]  # seconds per frame, one entry per block

EMBEDDING_SIZE = 128  # numbers in an appearance vector
BLOCK = 100  # frames per turn, at up to 50 objects
COLUMNS = ("stream", "tracker", "frames_per_second", "ours_is_times_faster")


HIGH_SCORE: dict[str, dict[str, Any]] = {  # the peers' thresholds, so that all use the same boxes
    "botsort": {"track_high_thresh": 0.5, "new_track_thresh": 0.6},
    "ocsort": {"det_thresh": 0.5},
    "deepeiou": {"track_high_thresh": 0.5, "new_track_thresh": 0.6},
    "jde": {"det_thresh": 0.5},
}
ALONE = {  # trackers and ways to use them that no library has in a form that can be fed: family → name, with embeddings
    "BoT-SORT with embeddings": ("botsort", True),
    "Deep OC-SORT": ("ocsort", True),
    "Deep-EIoU": ("deepeiou", True),
    "Deep-EIoU by motion": ("deepeiou", False),
    "JDE": ("jde", True),
    "JDE by motion": ("jde", False),
    "ball": ("ball", False),
    "sports": ("sports", True),
    "sports by motion": ("sports", False),
}
FAMILIES = ["SORT", "ByteTrack", "OC-SORT", "C-BIoU", "BoT-SORT", "DeepSORT", *ALONE]


def alone() -> list[Peer]:
    """Return this package's trackers that have no peer."""

    def peer(family: str, name: str, embeddings: bool) -> Peer:
        def make() -> Any:
            return create_tracker(name, frame_rate=30.0, **HIGH_SCORE.get(name, {})).update

        def convert(frame: Detections) -> Detections:
            return Detections(frame.xyxy, frame.score, frame.class_id, frame.embedding if embeddings else None)

        return Peer(f"sportstrack {family}", family, make, convert, _rows, embeddings=embeddings)

    return [peer(family, name, embeddings) for family, (name, embeddings) in ALONE.items()]


def _rows(frame: Detections, answer: Any) -> Any:  # noqa: ARG001
    return answer.detection, answer.track_id


def simulate(objects: int, frames: int, seed: int = 0) -> Stream:
    """Return the detections of ``objects`` players over ``frames`` frames; see the top of the file."""
    rng = np.random.default_rng(seed)
    field = np.array([1280.0, 720.0]) * max(1.0, (objects / 25) ** 0.5)
    place, velocity = rng.uniform(0, field, (objects, 2)), np.zeros((objects, 2))
    memory = np.exp(-1 / 25)
    taste = np.random.default_rng([seed, 1])
    embedding = _units(taste.normal(size=(objects, EMBEDDING_SIZE)))
    stream = []
    for _ in range(frames):
        velocity = memory * velocity + rng.normal(0, 3.0 * (1 - memory**2) ** 0.5, (objects, 2))
        place += velocity
        velocity *= np.where((place < 0) | (place > field), -1, 1)
        place = np.clip(place, 0, field)
        height = 50 + 60 * place[:, 1] / field[1]
        seen = rng.random(objects) > 0.05
        false = rng.random(objects) < 0.03
        where = np.concatenate((place[seen], rng.uniform(0, field, (int(false.sum()), 2))))
        high = np.concatenate((height[seen], height[false]))[:, None]
        corners = np.concatenate((where - high * [0.2, 1.0], where + high * [0.2, 0.0]), axis=1)
        low = rng.random(len(high)) < 0.1
        score = np.where(low, rng.uniform(0.15, 0.5, len(high)), rng.uniform(0.6, 0.95, len(high)))
        order = rng.permutation(len(high))
        noisy = corners + rng.normal(0, 0.02, corners.shape) * high
        clean = np.concatenate((embedding[seen], _units(taste.normal(size=(int(false.sum()), EMBEDDING_SIZE)))))
        seen_embedding = _units(clean + taste.normal(0, (0.1 / EMBEDDING_SIZE) ** 0.5, clean.shape))[order]
        stream.append(Detections(noisy[order], score[order], np.zeros(len(order), np.int64), seen_embedding))
    return stream


def _units(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def read_sequences(folder: Path, limit: int) -> Stream:
    """Return the detections of the sequences in ``folder``, one after the other, up to ``limit`` frames."""
    stream: Stream = []
    for path in sorted(folder.glob("*/det/det.txt")):
        table = np.loadtxt(path, delimiter=",", ndmin=2)
        for frame in range(1, int(table[:, 0].max()) + 1):
            rows = table[table[:, 0] == frame]
            boxes = rows[:, 2:6].copy()
            boxes[:, 2:] += boxes[:, :2]
            stream.append(Detections.from_arrays(boxes, rows[:, 6]))
        if len(stream) >= limit:
            break
    return stream[:limit]


def block_of(stream: Stream) -> int:
    """Return the frames per turn: as many as take about as long as `BLOCK` frames of 50 objects."""
    mean = sum(len(frame) for frame in stream) / len(stream)
    return max(10, int(BLOCK * 50 / max(50.0, mean)))


def race(contenders: list[Peer], stream: Stream, rounds: int) -> Times:
    """Run all contenders over the stream in turns; return each one's seconds per frame, block by block."""
    times: Times = {peer.name: [] for peer in contenders}
    for _ in range(rounds):
        inputs = {peer.name: [peer.convert(frame) for frame in stream] for peer in contenders}
        updates = {peer.name: peer.make() for peer in contenders}
        for turn, (start, stop) in enumerate(_blocks(len(stream), block_of(stream))):
            first = turn % len(contenders)
            for peer in contenders[first:] + contenders[:first]:
                spent = _clock(updates[peer.name], inputs[peer.name][start:stop])
                if turn:  # the first block warms caches and does the lazy imports
                    times[peer.name].append(spent / (stop - start))
    return times


def _blocks(frames: int, block: int) -> Iterator[tuple[int, int]]:
    for start in range(0, frames, block):
        yield start, min(start + block, frames)


def _clock(update: Any, frames: list[Any]) -> float:
    begin = time.process_time()
    for frame in frames:
        update(frame)
    return time.process_time() - begin


def compare(name: str, stream: Stream, contenders: list[Peer], rounds: int) -> list[tuple[str, str, float, float]]:
    """Return the table's rows for one stream."""
    if stream[0].embedding is None:
        contenders = [peer for peer in contenders if peer.family != "DeepSORT" and not peer.embeddings]
    times = race(contenders, stream, rounds)
    rows = []
    for peer in contenders:
        own = next(p for p in contenders if p.family == peer.family)
        ratio = median(b / a for a, b in zip(times[own.name], times[peer.name], strict=True))
        rows.append((name, peer.name, 1 / median(times[peer.name]), ratio))
    return rows


def one_core() -> str:
    """Bind the process to one core where the system can; return what was done."""
    if hasattr(os, "sched_setaffinity"):
        core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        return "bound to one core"
    return "one thread, not bound to a core"


def main() -> int:
    """Run the benchmark and print a Markdown table."""
    known = f"only these: {', '.join(FAMILIES)}"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--objects", type=int, nargs="+", default=[10, 25, 100, 500, 1000], help="sizes of the simulation"
    )
    parser.add_argument("--frames", type=int, default=600, help="frames per stream (fewer above 50 objects)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each stream is run")
    parser.add_argument("--data", type=Path, help="folder of sequences with det/det.txt")
    parser.add_argument("--trackers", choices=FAMILIES, nargs="+", default=FAMILIES, metavar="NAME", help=known)
    parser.add_argument("--csv", type=Path, help="also write the table here")
    parser.add_argument("--quick", action="store_true", help="a fifth of the frames, one round")
    args = parser.parse_args()
    frames, rounds = (args.frames // 5, 1) if args.quick else (args.frames, args.rounds)

    found, missing = others()
    contenders = [p for p in ours() + alone() + found if p.family in args.trackers]
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, {one_core()}\n")
    for line in missing:
        print(f"- {line}")
    print("\n| stream | tracker | frames/s | ours is × faster |\n|---|---|---:|---:|")
    rows = []
    for name, stream in _streams(args, frames):
        if len(stream) <= block_of(stream):
            sys.exit(f"{name}: {len(stream)} frames are a single turn, and that one only warms up; take more --frames")
        for row in compare(name, stream, contenders, rounds):
            print(f"| {row[0]} | {row[1]} | {row[2]:,.0f} | {row[3]:.1f} |", flush=True)
            rows.append(row)
    if args.csv:
        with args.csv.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
    return 0


def _streams(args: argparse.Namespace, frames: int) -> Iterator[tuple[str, Stream]]:
    for objects in args.objects:
        yield f"{objects} simulated", simulate(objects, max(40, frames * 50 // max(50, objects)))
    if args.data:
        stream = read_sequences(args.data, frames)
        if not stream:
            sys.exit(f"{args.data}: no <sequence>/det/det.txt in it")
        mean = sum(len(frame) for frame in stream) / len(stream)
        yield f"real, {mean:.0f} on average", stream


if __name__ == "__main__":
    sys.exit(main())
