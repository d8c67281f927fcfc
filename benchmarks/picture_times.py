"""How many milliseconds of processor time do the small steps take that work on one picture?

    python benchmarks/picture_times.py                         # every group, three minutes
    python benchmarks/picture_times.py enhance augment         # these alone
    python benchmarks/picture_times.py audit --rounds 9

Pictures are rendered football of 1280x720 (`data_prep.synthetic`, seeds 1 and 2), decoded before the time starts. Each
step sees the same pictures; the steps of a group take turns, so that all of them meet the same load of the machine. The
table has the median and the fastest picture, on one core with one thread.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when numpy is imported

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.synthetic import FrameTruth, Settings, render_sequence
from sportstrack.images.opencv import require_cv2

Step = Callable[[], object]
PICTURES = 12


def main() -> None:
    """Print a table for each group."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)} (all)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each step sees each picture (%(default)s)")
    options = parser.parse_args()
    for name in options.groups:
        if name not in GROUPS:
            parser.error(f"unknown group {name}; the groups are {', '.join(GROUPS)}")
    require_cv2().setNumThreads(1)
    for name in options.groups or GROUPS:
        print(f"\n{name}\n\n| step | ms, median | ms, fastest |\n|---|---:|---:|", flush=True)
        seconds: dict[str, list[float]] = {}
        for steps in GROUPS[name](options.rounds):
            for step, do in steps.items():
                started = time.process_time()
                do()
                seconds.setdefault(step, []).append(time.process_time() - started)
        for step, all_times in seconds.items():
            times = 1000 * np.array(all_times[1:])  # the first one warms up
            print(f"| {step} | {np.median(times):.2f} | {times.min():.2f} |", flush=True)


def scenes(frames: int = PICTURES, seed: int = 1, every: int = 1, **how: Any) -> list[tuple[Any, FrameTruth]]:
    """Return rendered pictures with their truth."""
    return list(render_sequence(Settings(seed=seed, frames=frames, **how), every=every))


def enhance(rounds: int) -> Iterator[dict[str, Step]]:
    """`--enhance`: each way on a video by day and on one by night."""
    from sportstrack.images.enhance import ENHANCE, Enhancer

    videos = {light: scenes(lighting=light) for light in ("even", "night")}
    made = {(how, light): Enhancer(how) for how in ENHANCE for light in videos}
    for _ in range(rounds):
        for number in range(PICTURES):
            images = {light: video[number][0] for light, video in videos.items()}
            yield {f"{how}, {light}": lambda one=one, i=images[light]: one(i) for (how, light), one in made.items()}


def augment(rounds: int) -> Iterator[dict[str, Step]]:
    """`sportstrack augment`: each operation by itself."""
    from data_prep.augment import OPERATIONS, augment_image

    for turn in range(rounds):
        for number, (image, truth) in enumerate(scenes()):
            seed = [turn, number]
            yield {
                name: lambda i=image, t=truth, n=name, s=seed: augment_image(i, t.xyxy, t.class_id, [n], s)
                for name in OPERATIONS
            }


def shots(rounds: int) -> Iterator[dict[str, Step]]:
    """Shot changes and slow motion, whose memory of a minute and a half is full."""
    from sportstrack.shots import ShotDetector, SlowMotionConfig, SlowMotionDetector

    video, rng = scenes(60, seed=2, cuts=1), np.random.default_rng(0)
    found, slow = ShotDetector(frame_rate=25), SlowMotionDetector(frame_rate=25)
    for _ in range(round(25 * SlowMotionConfig().memory)):
        slow.update(rng.integers(0, 256, (72, 128, 3), np.uint8))
    for _ in range(rounds):
        for image, _ in video:
            yield {
                "ShotDetector": lambda i=image: found.update(i),
                "SlowMotionDetector": lambda i=image: slow.update(i),
            }


def pitch(rounds: int) -> Iterator[dict[str, Step]]:
    """Pictures of pitches: rendering one, and the network that finds the pitch in it."""
    from data_prep.synthetic.pitch_pictures import render_picture
    from sportstrack.calibrate.byself import PitchFinder
    from sportstrack.pitch import load_pitch

    finder = PitchFinder(load_pitch())
    for seed in range(1000, 1000 + 20 * rounds):
        image = render_picture(seed, 0).image
        yield {"render a picture": lambda s=seed: render_picture(s, 0), "network": lambda i=image: finder.maps(i)}


def numbers(rounds: int) -> Iterator[dict[str, Step]]:
    """The two networks for shirt numbers, on four crops at a time."""
    from sportstrack.numbers.networks import DigitReader, Locator
    from sportstrack.numbers.windows import DIGITS, PERSON

    locate, digits, rng = Locator(), DigitReader(), np.random.default_rng(0)
    people, windows = (list(rng.integers(0, 256, (4, *size, 3), np.uint8)) for size in (PERSON, DIGITS))
    for _ in range(20 * rounds):
        yield {"locator, 4 crops": lambda: locate(people), "reader, 4 windows": lambda: digits(windows)}


def audit(rounds: int) -> Iterator[dict[str, Step]]:
    """`sportstrack audit`: all that is measured on the pictures of a data set, from their JPEG files."""
    from data_prep.audit.pixels import PixelSettings, measure
    from data_prep.audit.read import ReadSettings, read_source
    from data_prep.synthetic import write_mot

    with tempfile.TemporaryDirectory() as folder:
        write_mot(Settings(seed=1, frames=PICTURES), Path(folder))
        source = read_source(Path(folder), ReadSettings())
        for _ in range(4 * rounds):
            yield {f"{PICTURES} pictures": lambda: measure(source, PixelSettings())}


def train(rounds: int) -> Iterator[dict[str, Step]]:
    """`sportstrack train --bf16`: a step of YOLOv8n, forwards and backwards, on 8 squares of 320 pixels."""
    import torch
    from ultralytics import YOLO

    torch.set_num_threads(1)
    torch.manual_seed(0)
    net, squares = YOLO("yolov8n.yaml").model.train().requires_grad_(True), torch.rand(8, 3, 320, 320)

    def step(bf16: bool) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            found = net(squares)
        (found["boxes"].float().square().mean() + found["scores"].float().square().mean()).backward()

    for _ in range(4 * rounds):
        yield {"a step in fp32": lambda: step(False), "a step in bf16": lambda: step(True)}


GROUPS: dict[str, Callable[[int], Iterator[dict[str, Step]]]] = {
    "enhance": enhance,
    "augment": augment,
    "shots": shots,
    "pitch": pitch,
    "numbers": numbers,
    "audit": audit,
    "train": train,
}

if __name__ == "__main__":
    main()
