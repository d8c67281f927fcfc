"""What a batch costs beside its videos, how it scales, and what a lost node does to a season.

    python benchmarks/batch.py overhead --videos a.mp4 b.mp4 --weights yolov8n.pt
    python benchmarks/batch.py scaling
    python benchmarks/batch.py season --recordings 1000 --frames 135000

* ``overhead``: the videos one by one (``track_video`` in a loop, one model) and as a batch with one worker, each in a
  process of its own, with the same number of threads. Processor time of a process and all its children is compared,
  which other programs on the machine hardly change, and time by the clock, which means something on an idle machine.
* ``scaling``: videos whose detector waits (a GPU elsewhere is imitated by sleeping), with 1, 2, 4 … workers.
* ``season``: recordings on a Ray cluster of several nodes on this machine, one of which is killed in the middle. Each
  recording stands for a match: it has ``--frames`` frames of the 135,000 that 90 minutes have.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import sportstrack

MATCH = 135_000  # frames of 90 minutes at 25 frames/s
PLAYERS = 22


def main() -> int:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = parser.add_subparsers(dest="what", required=True)
    one = sub.add_parser("overhead")
    one.add_argument("--videos", nargs="+", required=True)
    one.add_argument("--weights", default="yolov8n.pt")
    one.add_argument("--imgsz", type=int, default=640)
    one.add_argument("--every", type=int, default=1)
    one.add_argument("--threads", type=int, default=1)
    two = sub.add_parser("scaling")
    two.add_argument("--videos", type=int, default=16)
    two.add_argument("--frames", type=int, default=100)
    two.add_argument("--wait", type=float, default=0.05, help="seconds that the detector waits for each frame")
    two.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    three = sub.add_parser("season")
    three.add_argument("--recordings", type=int, default=1000)
    three.add_argument("--frames", type=int, default=MATCH)
    three.add_argument("--nodes", type=int, default=3)
    three.add_argument("--whole", action="store_true", help="also time one recording of 90 minutes")
    each = sub.add_parser("run", help="used by the others")
    each.add_argument("how", choices=("loop", "batch"))
    each.add_argument("job", type=json.loads)
    options = parser.parse_args()
    return {"overhead": overhead, "scaling": scaling, "season": season, "run": run}[options.what](options)


def spent() -> float:
    """Return the processor time of this process and of its children that have ended, in seconds."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


# --- overhead ---------------------------------------------------------------------------------------------------------


def overhead(options: argparse.Namespace) -> int:
    """Compare a batch with its videos one by one."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for how in ("loop", "batch"):
            settings = {"weights": options.weights, "imgsz": options.imgsz, "every": options.every, "formats": ["mot"]}
            job = {"videos": options.videos, "out": f"{folder}/{how}", "settings": settings, "threads": options.threads}
            threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
            began, before = time.perf_counter(), spent()
            subprocess.run(
                [sys.executable, __file__, "run", how, json.dumps(job)], check=True, env=os.environ | threads
            )
            found[how] = (spent() - before, time.perf_counter() - began)
        same = compare(Path(folder, "loop"), Path(folder, "batch", "tracks"))
    print("| | processor time | by the clock |\n|---|---:|---:|")
    for how, (cpu, clock) in found.items():
        print(f"| {how} | {cpu:.1f} s | {clock:.1f} s |")
    more = [100 * (found["batch"][i] / found["loop"][i] - 1) for i in (0, 1)]
    print(f"| overhead | {more[0]:+.1f} % | {more[1]:+.1f} % |")
    print(f"{same} results, the same bytes")
    return 0


def compare(one: Path, other: Path) -> int:
    """Return how many texts two folders share; an error if two differ."""
    texts = sorted(one.glob("*.txt"))
    for path in texts:
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name
    return len(texts)


def run(options: argparse.Namespace) -> int:
    """Track the videos of a job, in one of two ways."""
    job = options.job
    if options.how == "batch":
        batch = sportstrack.BatchSettings(workers=1, threads=job["threads"])
        result = sportstrack.run_batch(job["videos"], job["out"], settings=job["settings"], batch=batch)
        return 1 if result.failed else 0
    words = [
        f"--{name}={','.join(value) if isinstance(value, list) else value}" for name, value in job["settings"].items()
    ]
    from sportstrack.cli import main as command

    return command(["track", *job["videos"], "-o", job["out"], "--quiet", *words])


# --- scaling ----------------------------------------------------------------------------------------------------------

WAITING = '''
import time
import numpy as np
from sportstrack import Detections


class Waiting:
    """A detector that waits as for a GPU, and finds the same players in every frame."""

    names = {{0: "player"}}

    def __call__(self, frames):
        time.sleep({wait} * len(frames))
        boxes = np.array([[x, 20.0, x + 10, 50] for x in range(5, 155, 15)])
        return [Detections.from_arrays(boxes, np.full(len(boxes), 0.9)) for _ in frames]
'''


def scaling(options: argparse.Namespace) -> int:
    """Time a batch with more and more workers."""
    import cv2

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "waiting.py").write_text(WAITING.format(wait=options.wait))
        os.environ["PYTHONPATH"] = os.pathsep.join([name, os.environ.get("PYTHONPATH", "")])
        os.environ["OMP_NUM_THREADS"] = "1"
        for number in range(options.videos):
            writer = cv2.VideoWriter(str(folder / f"v{number:03d}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (160, 90))
            for _ in range(options.frames):
                writer.write(np.full((90, 160, 3), 60, np.uint8))
            writer.release()
        ideal = options.videos * options.frames * options.wait
        print("| workers | by the clock | at best | efficiency |\n|---:|---:|---:|---:|")
        for workers in options.workers:
            began = time.perf_counter()
            sportstrack.run_batch(
                str(folder / "*.avi"),
                folder / f"out{workers}",
                settings={"detector": "waiting:Waiting", "on_pitch": "off", "shots": False, "embedder": "none"},
                batch=sportstrack.BatchSettings(workers=workers),
            )
            took = time.perf_counter() - began
            print(f"| {workers} | {took:.1f} s | {ideal / workers:.1f} s | {100 * ideal / workers / took:.0f} % |")
    return 0


# --- season -----------------------------------------------------------------------------------------------------------


def make_recording(path: Path, frames: int, seed: int) -> Path:
    """Write what a detector would find in a match: players that wander, with misses."""
    from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter

    random = np.random.default_rng(seed)
    place, speed = random.uniform((0, 100), (1800, 900), (PLAYERS, 2)), random.normal(0, 2, (PLAYERS, 2))
    writer = RecordingWriter(path, RecordingInfo(path.stem, 1920, 1080, 25.0, {0: "player"}))
    for index in range(frames):
        speed = np.clip(speed + random.normal(0, 0.3, speed.shape), -6, 6)
        place = place + speed
        speed = np.where((place < 0) | (place > (1860, 1000)), -speed, speed)
        boxes = np.hstack([place, place + (30, 70)]) + random.normal(0, 1, (PLAYERS, 4))
        seen = random.random(PLAYERS) > 0.05
        table = sportstrack.Detections.from_arrays(boxes[seen], random.uniform(0.5, 0.95, int(seen.sum())))
        writer.write(RecordedFrame(index, index / 25, table))
    writer.close()
    return path


def make_season(folder: Path, count: int, frames: int) -> list[Path]:
    """Return so many recordings; each eighth of them is a copy of one of eight."""
    folder.mkdir()
    made = [make_recording(folder / f"match{number:04d}.npz", frames, number) for number in range(min(8, count))]
    for number in range(len(made), count):
        shutil.copy(made[number % len(made)], folder / f"match{number:04d}.npz")
    return sorted(folder.glob("*.npz"))


def season(options: argparse.Namespace) -> int:
    """Track a season on a cluster of which a node is lost."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_season(folder / "season", options.recordings, options.frames)
        lone, cpu = alone(files[:8], folder / "alone")
        print(f"one by one: {lone:.3f} s each ({cpu:.3f} s processor time), {options.frames} frames each")
        with Nodes(options.nodes) as nodes:
            began, told = time.perf_counter(), spent()
            result = sportstrack.run_batch(
                folder / "season",
                folder / "out",
                batch=sportstrack.BatchSettings(ray=nodes.address, workers=options.nodes, backoff=0.5, retries=5),
                on_state=nodes.lose_one_after(len(files) // 3),
            )
            took, told = time.perf_counter() - began, spent() - told
        print(result)
        same = compare(folder / "alone", folder / "out" / "tracks")
        per_video = result.cpu_seconds / max(1, result.ran)
        print(
            f"{took:.1f} s by the clock; {per_video:.3f} s processor time of a worker for each recording, "
            f"{told / len(files):.4f} s of the batch itself; node lost: {nodes.lost}; {same} compared, same bytes"
        )
        if options.whole:
            whole = make_recording(folder / "whole.npz", MATCH, 99)
            _, cpu_whole = alone([whole], folder / "whole")
            extra = per_video - cpu + told / len(files)
            print(
                f"a recording of 90 minutes: {cpu_whole:.1f} s processor time; a batch adds {extra:.3f} s to each, "
                f"{100 * extra / cpu_whole:.2f} %"
            )
        lines = (folder / "out" / "manifest.jsonl").read_text().splitlines()
        done = [line["video"] for line in map(json.loads, lines) if line["state"] == "done"]
        assert len(done) == len(set(done)) == len(files), "a recording was lost, or done twice"
    return 1 if result.failed else 0


def alone(files: Sequence[Path], out: Path) -> tuple[float, float]:
    """Track recordings one by one; return seconds of each by the clock, and of processor time."""
    sportstrack.track_video(files[0], out / "warm", formats=["mot"])
    began, before = time.perf_counter(), time.process_time()
    for file in files:
        sportstrack.track_video(file, out, formats=["mot"])
    return (time.perf_counter() - began) / len(files), (time.process_time() - before) / len(files)


class Nodes:
    """A Ray cluster of several nodes on this machine, with a CPU each."""

    def __init__(self, count: int) -> None:
        os.environ |= {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_USAGE_STATS_ENABLED": "0"}
        self._count, self.lost = count, ""

    def __enter__(self) -> Nodes:
        from ray.cluster_utils import Cluster

        small = {"object_store_memory": 80 << 20}
        head = {"num_cpus": 0, "include_dashboard": False} | small
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._nodes = [self._cluster.add_node(num_cpus=1, **small) for _ in range(self._count)]
        self.address = self._cluster.address
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.shutdown()

    def lose_one_after(self, count: int) -> object:
        """Return what kills a node when so many tasks have ended, and adds a new one."""

        def look(_: str, state: object) -> None:
            ended = len(getattr(state, "lines", ()))
            if not self.lost and ended >= count:
                self.lost = f"after {ended} recordings"
                self._cluster.remove_node(self._nodes[0], allow_graceful=False)
                self._cluster.add_node(num_cpus=1, object_store_memory=80 << 20)

        return look


if __name__ == "__main__":
    sys.exit(main())
