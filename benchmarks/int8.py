"""How much faster the exports of one detector are than each other: the network alone, in turns.

    sportstrack export demo --int8 football/data.yaml -o runs/export
    python benchmarks/int8.py runs/export --frame 1280x720 --imgsz 1280

Every round runs each export once, so that a busy moment of the machine slows all of them. Prints milliseconds and the
ratio to OpenVINO in 32-bit floats; the least time of a round is what the machine can do.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from sportstrack.detect.yolo import input_size
from sportstrack.engines import open_runtime, read_card


def main() -> None:
    """Measure the exports of a folder in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="exports")
    parser.add_argument("--frame", default="1280x720", help="WIDTHxHEIGHT of the frames (1280x720)")
    parser.add_argument("--imgsz", type=int, default=640, help="longer side of the input, where it is open (640)")
    parser.add_argument("--threads", type=int, default=1, help="for one picture (1)")
    parser.add_argument("--rounds", type=int, default=30, help="(30)")
    options = parser.parse_args()
    width, height = map(int, options.frame.split("x"))
    size = input_size((height, width), options.imgsz)
    places = sorted([*options.folder.glob("*.onnx"), *options.folder.glob("*_openvino_model")])
    runs = {}
    for place in places:
        card = read_card(place)
        if card is not None and card.size in (None, size):
            engine = "openvino" if place.is_dir() else "onnx"
            name = f"{place.name.removesuffix('_openvino_model').removesuffix('.onnx')} {engine} {card.precision}"
            runs[name] = open_runtime(place, engine, size, threads=options.threads)
    times: dict[str, list[float]] = {name: [] for name in runs}
    picture = np.random.default_rng(0).random((1, 3, *size), np.float32)
    for round_ in range(options.rounds + 2):
        for name, runtime in runs.items():
            started = time.perf_counter()
            runtime.run(picture)
            if round_ > 1:
                times[name].append(1000 * (time.perf_counter() - started))
    least = {name: min(ms) for name, ms in times.items()}
    median = {name: float(np.median(ms)) for name, ms in times.items()}
    base = next(name for name in runs if name.endswith("openvino fp32"))
    print(f"input {size[1]}×{size[0]}, {options.threads} thread(s), {options.rounds} rounds")
    print("| export | least ms | median ms | times as fast (least) | (median) |\n| --- | ---: | ---: | ---: | ---: |")
    for name in runs:
        ratios = f"{least[base] / least[name]:.2f} | {median[base] / median[name]:.2f}"
        print(f"| {name} | {least[name]:.1f} | {median[name]:.1f} | {ratios} |")


if __name__ == "__main__":
    main()
