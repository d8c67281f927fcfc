"""What the engines take for a frame: letterbox, network and decoding of one detector, run by each engine in turns.

Every frame goes through all engines, one after the other. Times are medians over the frames: by the clock, which needs
an idle machine, and the processor's on all cores, which does not. The ratio is that of processor times to torch's. The
last column says how many of torch's boxes with a score of at least 0.25 an engine has as well, within half a pixel and
0.01 of the score.

    python benchmarks/engines.py                                     # the built-in clip and weights, at 640
    python benchmarks/engines.py match.mp4 --weights yolov8n.pt --imgsz 640 960 --frames 50
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack import assets_folder, load_detector, open_source

HOW = {"torch": {}, "openvino": {}, "openvino bf16": {"precision": "bf16"}, "onnx": {}}
SURE = 0.25  # score of the boxes that are compared


def shared(found: Any, wanted: Any) -> tuple[int, int]:
    """Return how many of the wanted boxes are found as well, and how many are wanted."""
    sure = wanted.score >= SURE
    if not sure.any() or not len(found):
        return 0, int(sure.sum())
    apart = np.abs(found.xyxy[:, None] - wanted.xyxy[sure]).max(axis=2)
    close = (apart <= 0.5) & (np.abs(found.score[:, None] - wanted.score[sure]) <= 0.01)
    return int(close.any(axis=0).sum()), int(sure.sum())


def compare(frames: list[Any], weights: str, imgsz: int) -> None:
    """Print the table of one size."""
    detectors = {
        name: load_detector(weights, engine=name.split()[0], imgsz=imgsz, device="cpu", **more)
        for name, more in HOW.items()
    }
    for detector in detectors.values():
        detector(frames[:1])
    ms: dict[str, list[float]] = {name: [] for name in detectors}
    work: dict[str, list[float]] = {name: [] for name in detectors}
    same = {name: [0, 0] for name in detectors}
    for frame in frames:
        tables = {}
        for name, detector in detectors.items():
            clock, processor = time.perf_counter(), time.process_time()
            tables[name] = detector([frame])[0]
            ms[name].append(1000 * (time.perf_counter() - clock))
            work[name].append(1000 * (time.process_time() - processor))
        for name, table in tables.items():
            for place, count in enumerate(shared(table, tables["torch"])):
                same[name][place] += count
    print(f"\n{weights}, imgsz {imgsz}, {len(frames)} frames, one by one")
    print("| engine | precision | ms by the clock | processor ms | times torch | boxes of torch |")
    print("|:---|:---|---:|---:|---:|---:|")
    for name, detector in detectors.items():
        ratio = statistics.median(a / b for a, b in zip(work["torch"], work[name], strict=True))
        share = 100 * same[name][0] / max(same[name][1], 1)
        print(
            f"| {name.split()[0]} | {detector.report.precision} | {statistics.median(ms[name]):.0f} | "
            f"{statistics.median(work[name]):.0f} | {ratio:.2f} | {share:.1f} % |"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=assets_folder() / "demo.mp4")
    parser.add_argument("--weights", default="demo")
    parser.add_argument("--imgsz", type=int, nargs="+", default=[640])
    parser.add_argument("--frames", type=int, default=40)
    args = parser.parse_args()
    with open_source(args.clip) as source:
        frames = [frame.image.copy() for frame in islice(source, args.frames)]
    for imgsz in args.imgsz:
        compare(frames, args.weights, imgsz)


if __name__ == "__main__":
    main()
