"""How long does a run take to its first frame, and how much memory does it need? Whole processes, one after the other.

Each turn starts a Python of its own that tracks a clip and writes video and MOT text: sportstrack in each engine, and
``YOLO.track(save=True)``. Time runs from the start of the interpreter to the first tracked frame, by the clock and as
processor time on all cores, which other work on the machine hardly changes. Memory is the peak of the process, which
Windows does not tell. The first run, which converts the checkpoint, is a row of its own.

    python benchmarks/start.py                                        # the built-in clip and weights
    python benchmarks/start.py match.mp4 --weights yolov8n.pt --imgsz 640 --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sportstrack.models.weights import assets_folder, find_weights

ENGINES = ("openvino", "onnx", "torch")

_SHARED = """
import json, resource, sys, time
clip, out, weights, imgsz, engine, started = sys.argv[1:]
first = []
def seen(frame=None):
    first or first.extend((time.time() - float(started), time.process_time()))
def say():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    heavy = [name for name in ("torch", "ultralytics") if name in sys.modules]
    print(json.dumps({"first": first[0], "work": first[1], "peak": peak, "heavy": heavy}))
"""
OURS = f"""{_SHARED}
from sportstrack import track_video
settings = dict(tracker="bytetrack", formats=("video", "mot"), overwrite=True)
track_video(clip, out, weights=weights, imgsz=int(imgsz), engine=engine, on_frame=seen, **settings)
say()
"""
THEIRS = f"""{_SHARED}
from sportstrack.models.checkpoint import import_ultralytics
model = import_ultralytics().YOLO(weights)
settings = dict(save=True, project=out, conf=0.1, tracker="bytetrack.yaml", device="cpu", verbose=False)
for result in model.track(clip, stream=True, imgsz=int(imgsz), **settings):
    seen()
say()
"""


def run(code: str, args: argparse.Namespace, engine: str, scratch: Path) -> dict[str, float | list[str]]:
    """Run one process and return what it says of itself."""
    given = [str(args.clip), str(scratch / "out"), str(find_weights(args.weights)), str(args.imgsz), engine]
    environment = os.environ | {"SPORTSTRACK_CACHE": str(scratch / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code, *given, repr(time.time())],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, float | list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def report(name: str, answers: list[dict[str, float | list[str]]]) -> None:
    """Print the row of one contender."""
    keys = ("first", "work", "peak")
    first, work, peak = (statistics.median(float(str(answer[key])) for answer in answers) for key in keys)
    heavy = answers[-1]["heavy"]
    imported = ", ".join(heavy) if isinstance(heavy, list) else ""
    print(f"| {name} | {first:.2f} | {work:.2f} | {peak:.0f} | {imported} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=assets_folder() / "demo.mp4")
    parser.add_argument("--weights", default="demo")
    parser.add_argument("--imgsz", type=int, default=1280)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    contenders = {f"sportstrack, {engine}": (OURS, engine) for engine in ENGINES}
    contenders["YOLO.track, torch"] = (THEIRS, "torch")
    answers: dict[str, list[dict[str, float | list[str]]]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        converting = {engine: run(OURS, args, engine, scratch) for engine in ENGINES[:1]}
        for _ in range(args.rounds):
            for name, (code, engine) in contenders.items():
                answers[name].append(run(code, args, engine, scratch))
    print(f"{args.clip.name} at {args.imgsz}, {args.rounds} rounds, medians\n")
    print("| | seconds to the first frame | of the processor | peak MB | imported |\n|---|---:|---:|---:|---|")
    for engine, answer in converting.items():
        report(f"sportstrack, {engine}, first run ever", [answer])
    for name, found in answers.items():
        report(name, found)


if __name__ == "__main__":
    main()
