"""End to end: sportstrack beside ``YOLO.track(..., save=True)``, same clip, weights, size and thresholds, in one run.

The contenders take turns, and each turn begins with another one; a ratio is the median over the turns of theirs / ours,
so that a machine that slows down slows all. Loading, conversion and a first run are left out everywhere. Ours looks
for shot changes and writes H.264, MOT text and a summary; Ultralytics writes the annotated video. The search for people
off the field is off.

``YOLO.track`` runs in torch as people use it, and on Ultralytics' own OpenVINO export: a square input, as
``export(format="openvino")`` makes it, and once more at the size that sportstrack chooses for this clip. On CPUs with
bfloat16 OpenVINO rounds to it unless told otherwise, and Ultralytics does not tell; here both sides compute in fp32,
and `--bf16` adds both sides in bf16.

    python benchmarks/pipeline.py                                    # the built-in clip and weights at 1280
    python benchmarks/pipeline.py match.mp4 --weights yolov8n.pt --imgsz 640 --rounds 5
    python benchmarks/pipeline.py match.mp4 --weights yolov8n.pt --imgsz 640 --frames 60 --bf16   # shorter turns
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sportstrack.detect import load_detector
from sportstrack.detect.yolo import input_size
from sportstrack.engines.runtime import import_openvino
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.models.weights import assets_folder, find_weights
from sportstrack.track.run import track_video
from sportstrack.track.summary import Summary
from sportstrack.video import open_source


class Ours:
    """``track_video`` with one detector, which stays loaded."""

    def __init__(self, clip: Path, args: argparse.Namespace, folder: Path, **engine: Any) -> None:
        self._clip, self._folder = clip, folder
        settings = {"imgsz": args.imgsz, "score": args.score, "device": args.device, "classes": args.classes}
        self._detector = load_detector(str(args.weights), **settings | engine)
        self.name = " ".join(str(v) for v in getattr(self._detector, "in_force", {}).values()) or "torch"
        self.turns: list[Summary] = []

    def __call__(self) -> float:
        """Process the clip and return milliseconds per frame."""
        summary = track_video(
            self._clip,
            self._folder,
            detector=self._detector,
            tracker="bytetrack",
            on_pitch="off",
            formats=("video", "mot"),
            overwrite=True,
        )
        self.turns.append(summary)
        return 1000 * summary.seconds / summary.frames


class Theirs:
    """``YOLO.track`` with one model, which stays loaded."""

    def __init__(
        self, clip: Path, model: Path, args: argparse.Namespace, folder: Path, size: Any, hint: str = ""
    ) -> None:
        self._clip, self._hint = clip, hint
        self._model = import_ultralytics().YOLO(str(model), task="detect")
        self._settings: dict[str, Any] = {
            "imgsz": size,
            "conf": args.score,
            "iou": 0.7,
            "device": "cpu" if args.device == "auto" else args.device,
            "tracker": "bytetrack.yaml",
            "classes": args.classes,
        }
        self._out = {"project": str(folder), "name": "ultralytics", "exist_ok": True, "save": True, "verbose": False}

    def __call__(self) -> float:
        """Process the clip and return milliseconds per frame."""
        started = time.perf_counter()
        with _computing_in(self._hint):
            results = self._model.track(str(self._clip), stream=True, persist=False, **self._settings, **self._out)
            frames = sum(1 for _ in results)
        return 1000 * (time.perf_counter() - started) / frames


@contextmanager
def _computing_in(hint: str) -> Iterator[None]:
    """Let OpenVINO compute what is compiled within the block in a precision: f32 or bf16."""
    core = import_openvino().Core
    compile_model = core.compile_model

    def told(self: Any, model: Any, device_name: Any = None, config: Any = None, **more: Any) -> Any:
        return compile_model(self, model, device_name, {**(config or {}), "INFERENCE_PRECISION_HINT": hint}, **more)

    core.compile_model = told if hint else compile_model
    try:
        yield
    finally:
        core.compile_model = compile_model


def exported(weights: Path, size: Any, folder: Path) -> Path:
    """Return Ultralytics' own OpenVINO export of some weights."""
    folder.mkdir()
    copy = Path(shutil.copy(weights, folder / weights.name))
    return Path(import_ultralytics().YOLO(str(copy)).export(format="openvino", imgsz=size, verbose=False))


def shortened(clip: Path, frames: int, folder: Path) -> Path:
    """Return a copy of a clip's first frames, its packets unchanged."""
    import av

    short = folder / f"{clip.stem}_{frames}{clip.suffix}"
    with av.open(str(clip)) as source, av.open(str(short), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = (packet for packet in source.demux(stream) if packet.dts is not None)
        for packet, _ in zip(packets, range(frames), strict=False):
            packet.stream = copy
            target.mux(packet)
    return short


def contenders(clip: Path, args: argparse.Namespace, scratch: Path) -> dict[str, Ours | Theirs]:
    """Return what takes turns; the first is what the others are compared with."""
    weights = find_weights(args.weights)
    with open_source(clip) as source:
        size = list(input_size((source.info.height, source.info.width), args.imgsz))
    ours = Ours(clip, args, scratch / "ours")
    found: dict[str, Ours | Theirs] = {f"sportstrack, {ours.name}": ours}
    found["YOLO.track, torch"] = Theirs(clip, weights, args, scratch, args.imgsz)
    square = exported(weights, args.imgsz, scratch / "square")
    same = exported(weights, size, scratch / "same")
    shown = f"{size[1]}x{size[0]}"
    found["YOLO.track, OpenVINO fp32, square"] = Theirs(clip, square, args, scratch, args.imgsz, "f32")
    found[f"YOLO.track, OpenVINO fp32, {shown}"] = Theirs(clip, same, args, scratch, size, "f32")
    if args.bf16:
        half = Ours(clip, args, scratch / "half", engine="openvino", precision="bf16")
        found[f"sportstrack, {half.name}"] = half
        found["YOLO.track, OpenVINO bf16, square"] = Theirs(clip, square, args, scratch, args.imgsz, "bf16")
        found[f"YOLO.track, OpenVINO bf16, {shown}"] = Theirs(clip, same, args, scratch, size, "bf16")
    return found


def take_turns(found: dict[str, Ours | Theirs], rounds: int) -> dict[str, list[float]]:
    """Return milliseconds per frame of each contender in each round."""
    import torch

    threads: dict[str, int] = {}
    own = torch.get_num_threads()
    for name, contender in found.items():  # the first run loads and warms up
        torch.set_num_threads(own)
        contender()
        threads[name] = torch.get_num_threads()  # Ultralytics sets them for the whole process when it loads a model
    names, ms = list(found), {name: list[float]() for name in found}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            torch.set_num_threads(threads[name])
            ms[name].append(found[name]())
    return ms


def report(ms: dict[str, list[float]], ours: Ours) -> None:
    """Print frames per second, ratios, and where our time goes."""
    first = next(iter(ms.values()))
    print("| | ms per frame (median) | fastest turn | frames/s | time / ours |\n|---|---:|---:|---:|---:|")
    for name, values in ms.items():
        ratio = statistics.median(theirs / own for theirs, own in zip(values, first, strict=True))
        middle = statistics.median(values)
        print(f"| {name} | {middle:.1f} | {min(values):.1f} | {1000 / middle:.1f} | {ratio:.2f} |")
    turns = ours.turns[1:]
    stages = {name: statistics.median(turn.stages_ms[name] for turn in turns) for name in turns[-1].stages_ms}
    print("\n| stage of the first | ms per frame |\n|---|---:|")
    for stage, value in stages.items():
        print(f"| {stage} | {value:.2f} |")
    print(f"| **end to end** | **{statistics.median(first):.2f}** |\n")
    inner = ("preprocess", "inference", "postprocess")  # parts of detect
    print(f"One after the other the stages would take {sum(v for k, v in stages.items() if k not in inner):.1f} ms.")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=assets_folder() / "demo.mp4")
    parser.add_argument("--weights", default="demo")
    parser.add_argument("--imgsz", type=int, default=1280)
    parser.add_argument("--score", type=float, default=0.1)
    parser.add_argument("--classes", type=int, nargs="+", help="ids (COCO: 0 32)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, help="of the clip, from its beginning")
    parser.add_argument("--bf16", action="store_true", help="also both sides in bf16")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        clip = args.clip if args.frames is None else shortened(args.clip, args.frames, scratch)
        found = contenders(clip, args, scratch)
        before = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        ms = take_turns(found, args.rounds)
    ours = next(iter(found.values()))
    assert isinstance(ours, Ours)
    last = ours.turns[-1]
    print(f"\n{clip.name}: {last.width}x{last.height}, {last.frames} frames, {args.rounds} rounds, ", end="")
    print(f"{os.cpu_count()} cores, load {before:.1f} before\n")
    report(ms, ours)


if __name__ == "__main__":
    main()
