"""End to end: sportstrack against ``YOLO.track(..., save=True)``, same clip, weights, device and settings, in one run.

Rounds alternate between the two, so that a machine that slows down slows both; the figures are medians and the ratio
is the median of the rounds' ratios. Model loading and a warm-up are left out on both sides. Ours writes H.264, MOT
text and a summary; Ultralytics writes the annotated video.

    python benchmarks/pipeline.py                            # the built-in clip and weights
    python benchmarks/pipeline.py match.mp4 --weights yolov8n.pt --imgsz 640 --rounds 5
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.models.weights import assets_folder, find_weights
from sportstrack.track.run import track_video
from sportstrack.track.summary import Summary


def ours(clip: Path, detector: Any, folder: Path) -> Summary:
    """Run sportstrack once."""
    return track_video(clip, folder, detector=detector, tracker="bytetrack", formats=("video", "mot"))


def theirs(clip: Path, model: Any, args: argparse.Namespace, device: str, folder: Path) -> tuple[int, float]:
    """Run ``YOLO.track`` once; return frames and seconds."""
    started = time.perf_counter()
    results = model.track(
        str(clip),
        stream=True,
        save=True,
        project=str(folder),
        name="ultralytics",
        exist_ok=True,
        imgsz=args.imgsz,
        conf=args.score,
        iou=0.7,
        device=device,
        tracker="bytetrack.yaml",
        persist=False,
        verbose=False,
    )
    frames = sum(1 for _ in results)
    return frames, time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=assets_folder() / "demo.mp4")
    parser.add_argument("--weights", default="demo")
    parser.add_argument("--imgsz", type=int, default=1280)
    parser.add_argument("--score", type=float, default=0.1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    detector = UltralyticsDetector(args.weights, imgsz=args.imgsz, score=args.score, device=args.device)
    import torch
    from ultralytics import YOLO  # after the detector, which has switched its network access off

    model = YOLO(str(find_weights(args.weights)))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        threads = {"ours": torch.get_num_threads()}

        def both() -> tuple[Summary, int, float]:
            # Ultralytics sets torch's threads for the whole process when it loads a model: each side gets its own.
            torch.set_num_threads(threads["ours"])
            mine = ours(args.clip, detector, folder)
            torch.set_num_threads(threads.get("theirs", threads["ours"]))
            return mine, *theirs(args.clip, model, args, detector.device, folder)

        both()  # warm up
        threads["theirs"] = torch.get_num_threads()
        rows = [both() for _ in range(args.rounds)]
    report(args.clip, detector.device, rows)


def report(clip: Path, device: str, rows: list[tuple[Summary, int, float]]) -> None:
    """Print frames per second, the ratio, and where our time goes."""
    summary = rows[-1][0]
    fps = statistics.median(ours.fps for ours, _, _ in rows)
    peer = statistics.median(frames / seconds for _, frames, seconds in rows)
    ratio = statistics.median(ours.fps * seconds / frames for ours, frames, seconds in rows)
    print(f"{clip.name}: {summary.width}x{summary.height}, {summary.frames} frames, {device}, {len(rows)} rounds\n")
    print("| | frames/s (median) | ratio |\n|---|---:|---:|")
    print(f"| sportstrack, H.264 video + MOT text | {fps:.2f} | {ratio:.2f} |")
    print(f"| YOLO.track(save=True), video | {peer:.2f} | 1 |\n")
    stages = {stage: statistics.median(ours.stages_ms[stage] for ours, _, _ in rows) for stage in summary.stages_ms}
    print("| stage | ms per frame |\n|---|---:|")
    for stage, ms in stages.items():
        print(f"| {stage} | {ms:.2f} |")
    whole = statistics.median(1000 * ours.seconds / ours.frames for ours, _, _ in rows)
    print(f"| **end to end** | **{whole:.2f}** |\n")
    serial = sum(stages[stage] for stage in ("decode", "detect", "track", "draw", "encode"))
    print(f"One after the other the stages would take {serial:.2f} ms; detection and tracking alone take")
    print(f"{stages['detect'] + stages['track']:.2f} ms. What the rest adds to them: ", end="")
    print(f"{whole - stages['detect'] - stages['track']:.2f} ms.")


if __name__ == "__main__":
    main()
