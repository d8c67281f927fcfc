"""What stands around a YOLO network: sportstrack's letterbox, decoding and NMS beside Ultralytics' own.

The same frames and the same outputs of the network go through both, in turns; a ratio is the median over the turns of
theirs / ours. Time is processor time on one thread. Boxes are compared as well: how many of Ultralytics' have one of
ours within half a pixel, with its score within 0.01 and its class.

    python benchmarks/lean.py                                        # the built-in clip and weights
    python benchmarks/lean.py match.mp4 --weights yolov8n.pt yolov8n-seg.pt yolov8n-pose.pt --imgsz 640
    python benchmarks/lean.py match.mp4 --weights random random-seg random-pose   # untrained networks, full of boxes
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from sportstrack.detect.yolo import Head, Letterbox, decode, input_size, letterbox
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.models.weights import assets_folder, find_weights
from sportstrack.types import Detections
from sportstrack.video import open_source

TURNS = 5


def load(weights: str) -> Any:
    """Return Ultralytics' model of a file, or an untrained one that is biased to find something."""
    yolo = import_ultralytics().YOLO
    if not weights.startswith("random"):
        return yolo(str(find_weights(weights)))
    import torch

    torch.manual_seed(1)
    model = yolo(f"yolov8n{weights.removeprefix('random')}.yaml")
    head = model.model.model[-1]
    if model.task == "segment":  # positive prototypes times positive coefficients: each mask fills its box
        torch.nn.init.constant_(head.proto.cv3.bn.bias, 1.0)
        for branch in head.cv4:
            torch.nn.init.constant_(branch[-1].bias, 1.0)
    for branch in head.cv3:
        torch.nn.init.normal_(branch[-1].weight, std=0.2)
        torch.nn.init.constant_(branch[-1].bias, -1.0)
    return model


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return processor seconds, and what the work returns."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def compare(model: Any, frame: np.ndarray, args: argparse.Namespace) -> tuple[dict[str, list[float]], Detections, Any]:
    """Return the seconds of each step, ours and theirs in turns, and both results."""
    import torch

    settings = {"imgsz": args.imgsz, "conf": args.score, "iou": 0.7, "device": "cpu", "retina_masks": True}
    model.predict([frame], verbose=False, **settings)
    predictor, shape = model.predictor, frame.shape
    size = input_size(shape, args.imgsz)
    boxed, buffer = Letterbox(size), np.empty((3, *size), np.float32)
    head = Head(str(model.task), len(model.names), tuple(getattr(model.model.model[-1], "kpt_shape", (0, 0))))
    with torch.inference_mode():
        raw = predictor.model(torch.from_numpy(letterbox(frame, size)))
    parts = raw[0] if isinstance(raw[0], tuple) else raw
    outputs = [
        part.numpy() for part in (parts if isinstance(parts, (tuple, list)) else [parts]) if hasattr(part, "numpy")
    ]
    seconds: dict[str, list[float]] = {"before": [], "before, theirs": [], "after": [], "after, theirs": []}
    ours, theirs = Detections.empty(), None
    for _ in range(TURNS):
        seconds["before"].append(timed(lambda: boxed(frame, buffer))[0])
        spent, picture = timed(lambda: predictor.preprocess([frame]))
        seconds["before, theirs"].append(spent)
        spent, ours = timed(lambda: decode(outputs, head, size, shape, score=args.score))
        seconds["after"].append(spent)
        with torch.inference_mode():
            spent, (theirs,) = timed(partial(predictor.postprocess, raw, picture, [frame]))
        seconds["after, theirs"].append(spent)
    return seconds, ours, theirs


def matched(ours: Detections, theirs: Any) -> tuple[int, int]:
    """Return how many of their boxes are among ours, and their number."""
    rows = theirs.boxes.data.numpy()
    near = np.abs(ours.xyxy[None] - rows[:, None, :4]).max(axis=2, initial=0) <= 0.5
    near &= np.abs(ours.score[None] - rows[:, None, 4]) <= 0.01
    near &= ours.class_id[None] == rows[:, None, 5]
    return int(near.any(axis=1).sum()), len(rows)


def report(name: str, model: Any, frames: list[np.ndarray], args: argparse.Namespace) -> None:
    """Print the row of one network."""
    ms: dict[str, list[float]] = {}
    equal = count = 0
    for frame in frames:
        seconds, ours, theirs = compare(model, frame, args)
        for step, values in seconds.items():
            ms.setdefault(step, []).extend(1e3 * value for value in values)
        found, number = matched(ours, theirs)
        equal, count = equal + found, count + number
    row = [name, str(model.task)]
    for step in ("before", "after"):
        both = [ms[step], ms[f"{step}, theirs"]]
        ratio = statistics.median(theirs / ours for ours, theirs in zip(*both, strict=True))
        row += [*(f"{statistics.median(values):.2f}" for values in both), f"{ratio:.1f}"]
    print(f"| {' | '.join([*row, f'{equal} of {count}'])} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=assets_folder() / "demo.mp4")
    parser.add_argument("--weights", nargs="+", default=["demo"])
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--score", type=float, default=0.1)
    parser.add_argument("--frames", type=int, default=20, help="spread over the clip")
    args = parser.parse_args()
    import cv2

    cv2.setNumThreads(1)
    with open_source(args.clip) as source:
        every = [frame.image for frame in source]
    frames = every[:: max(1, len(every) // args.frames)][: args.frames]
    print(f"{args.clip.name}: {frames[0].shape[1]}x{frames[0].shape[0]}, {len(frames)} frames at {args.imgsz}; ms\n")
    print("| weights | task | letterbox | theirs | times | decoding, NMS | theirs | times | their boxes found |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for weights in args.weights:
        report(Path(weights).name, load(weights), frames, args)


if __name__ == "__main__":
    main()
