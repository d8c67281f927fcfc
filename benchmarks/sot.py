"""Single-object trackers side by side: success AUC, precision at 20 pixels and frames/s, on the same sequences.

One pass over each sequence, started from the first true box and never helped again. Rendered football comes with full
occlusions (a board slides in front of the player for 10 to 50 frames) and with hard cuts to other viewpoints; recorded
sequences can be added. "opencv csrt" is OpenCV's CSRT alone; "csrt" is the same inside our loop; "@0" behind a name
never scales down the search window of large objects, "@200" does, to 200 pixels instead of 160.
The settings were chosen on seeds up to 27, those of the scaled window on 1, 2, 4, 5, 8 and 10; the default seeds are
others.

    python benchmarks/sot.py                                          # large objects, occlusions, then cuts
    python benchmarks/sot.py --data path/to/otb_crossing path/to/vot_bag
    python benchmarks/sot.py --methods "opencv csrt" csrt "opencv kcf" kcf --speed
    python benchmarks/sot.py --seeds --data path/to/otb_crossing      # CSRT's window scaled down; recordings enlarged
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


import re
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic import Settings, render_sequence
from sportstrack.sot import SingleTracker
from sportstrack.sot.evaluate.scores import mark, score_one_pass
from sportstrack.sot.methods import Follower

LENGTH, OCCLUSIONS = 135, (10, 20, 35, 50)
REFEREE = 23
PLAIN = "opencv csrt"
Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class Sequence:
    """Frames and one object's truth.

    Attributes:
        name: what the table calls it.
        images: (H, W, 3) BGR.
        truth: (N, 4) xyxy, NaN where the object is not in the picture.
        hidden: (N,) whether it is wholly covered.
    """

    name: str
    images: list[Image]
    truth: Boxes
    hidden: NDArray[np.bool_]


# --- sequences -------------------------------------------------------------------------------------------------------


def occluded(seed: int, hide: int, size: tuple[int, int] = (1280, 720)) -> Sequence:
    """Render football in which a board covers one player for `hide` frames."""
    settings = Settings(seed=seed, frames=LENGTH, width=size[0], height=size[1])
    clean, tracks, seen = _rendered(settings)
    images = [image.copy() for image in clean]
    target = _target(seen, [slice(0, LENGTH)], pick=seed)
    truth, first = tracks[target], 45
    span = slice(first, first + hide)
    board = np.concatenate([truth[span, :2].min(axis=0), truth[span, 2:].max(axis=0)])
    margin = 0.3 * (truth[span, 2:] - truth[span, :2]).max(axis=0)
    board += np.concatenate([-margin, margin])
    texture = _board(seed, size)
    for frame in range(first - 4, first + hide + 4):
        _slide(images[frame], texture, board, max(0, first - frame, frame - first - hide + 1) / 5)
    hidden = np.zeros(LENGTH, np.bool_)
    hidden[span] = True
    return Sequence(f"occluded {hide} frames, seed {seed}", images, truth, hidden)


def with_cuts(seed: int, cuts: int = 2, size: tuple[int, int] = (1280, 720), alone: bool = True) -> Sequence:
    """Render football with hard cuts to other viewpoints.

    Args:
        seed: of the match.
        cuts: how many.
        size: width and height of the picture.
        alone: follow the referee, whose clothes are unique; otherwise a player, whose team mates have the same
            appearance.
    """
    settings = Settings(seed=seed, frames=LENGTH, cuts=cuts, width=size[0], height=size[1])
    images, tracks, seen = _rendered(settings)
    ends = [round(LENGTH * k / (cuts + 1)) for k in range(cuts + 2)]
    shots = [slice(a, b) for a, b in pairwise(ends)]
    target = REFEREE if alone else _target(seen, shots, pick=seed)
    if np.isnan(tracks[target, 0]).any():
        raise SystemExit(f"seed {seed}: the referee is not in its first frame; choose another for the cuts")
    return Sequence(f"{cuts} cuts, seed {seed}", images, tracks[target], np.zeros(LENGTH, np.bool_))


def large(seed: int, frames: int = 60, zoom: int = 3) -> Sequence:
    """Render football from close up and enlarge the part of the picture round one player to 1280×720."""
    images, tracks, seen = _rendered(Settings(seed=seed, frames=frames, view="close"))
    truth = tracks[_target(seen, [slice(0, frames)], pick=seed)]
    return _enlarged(f"large player, seed {seed}", images, truth, 1280 // zoom)


def large_recorded(sequence: Sequence, side: float = 240.0, frames: int = 120) -> Sequence:
    """Enlarge a part of a recording to 1280×720, so that the object's √(width · height) is about `side` pixels."""
    truth = sequence.truth[:frames]
    usual = float(np.nanmedian(np.sqrt(np.prod(truth[:, 2:] - truth[:, :2], axis=1))))
    return _enlarged(f"{sequence.name}, enlarged", sequence.images[:frames], truth, round(1280 * usual / side))


def _enlarged(name: str, images: list[Image], truth: Boxes, width: int) -> Sequence:
    """Cut out a part `width` pixels wide that follows the object steadily, and scale it to 1280×720."""
    high, wide = images[0].shape[:2]
    width = min(width, wide, high * 1280 // 720)
    height = width * 720 // 1280
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    steady = np.stack([np.nanmean(middle[max(0, i - 12) : i + 13], axis=0) for i in range(len(truth))])
    corner = (steady - (width / 2, height / 2)).clip(0, (wide - width, high - height)).round().astype(int)
    enlarged = [
        cv2.resize(image[y : y + height, x : x + width], (1280, 720), interpolation=cv2.INTER_CUBIC)
        for image, (x, y) in zip(images, corner.tolist(), strict=True)
    ]
    scale = np.array([1280 / width, 720 / height] * 2)
    inside = ((truth - np.tile(corner, 2)) * scale).clip(0, (1280, 720, 1280, 720))
    return Sequence(name, enlarged, inside, np.zeros(len(truth), np.bool_))


@lru_cache(maxsize=1)
def _rendered(settings: Settings) -> tuple[list[Image], Boxes, NDArray[np.float64]]:
    """Return the images, and per id the (N, 4) truth and the (N,) visibility."""
    images, tracks = [], np.full((25, settings.frames, 4), np.nan)
    seen = np.zeros((25, settings.frames))
    for image, truth in render_sequence(settings):
        images.append(image)
        tracks[truth.track_id, truth.frame] = truth.xyxy
        seen[truth.track_id, truth.frame] = truth.visibility
    return images, tracks, seen


def _target(seen: NDArray[np.float64], shots: list[slice], pick: int) -> int:
    """Return the id of a person that is well seen in every shot and in the first frame; `pick` chooses among them."""
    worst = np.min([np.percentile(seen[1:24, shot], 10, axis=1) for shot in shots], axis=0)
    worst[seen[1:24, 0] < 0.95] = 0
    good = np.flatnonzero(worst >= min(0.9, worst.max())) + 1
    return int(good[pick % len(good)])


def _board(seed: int, size: tuple[int, int]) -> Image:
    """Return a striped board in one of a few colours, with some grain."""
    rng = np.random.default_rng(seed)
    base = np.array([(60, 60, 60), (150, 90, 40), (40, 130, 200), (190, 190, 190)][seed % 4])
    stripes = 15 * np.sign(np.sin(np.arange(size[1]) / 7.0))[:, None, None]
    return (base + stripes + rng.normal(0, 4, (size[1], size[0], 1))).clip(0, 255).astype(np.uint8)


def _slide(image: Image, texture: Image, board: Boxes, out: float) -> None:
    """Paint the board, slid upwards by a share of its height."""
    x1, y1, x2, y2 = board
    y1, y2 = y1 - out * (y2 - y1) * 1.3, y2 - out * (y2 - y1) * 1.3
    rows, columns = slice(max(0, int(y1)), max(0, int(y2))), slice(max(0, int(x1)), max(0, int(x2)))
    image[rows, columns] = texture[: image[rows, columns].shape[0], : image[rows, columns].shape[1]]


def recorded(folder: Path) -> Sequence:
    """Read a sequence in OTB's or VOT's layout; a polygon becomes the upright box round it."""
    files = sorted((folder / "img").glob("*.jpg")) or sorted(folder.glob("*.jpg"))
    text = next(folder.glob("groundtruth*.txt")).read_text()
    rows = np.array([[float(v) for v in re.split(r"[\s,]+", line.strip())] for line in text.splitlines() if line])
    if rows.shape[1] == 8:
        truth = np.hstack([rows.reshape(-1, 4, 2).min(axis=1), rows.reshape(-1, 4, 2).max(axis=1)])
    else:
        truth = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:]])
    images = [cv2.imread(str(file)) for file in files]
    return Sequence(folder.name, images, truth, np.zeros(len(truth), np.bool_))


# --- trackers --------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """What one tracker said of one sequence; times are processor seconds per frame."""

    boxes: Boxes
    claimed: NDArray[np.bool_]
    seconds: NDArray[np.float64]


def start(method: str) -> tuple[Callable[..., object], Callable[[Image], tuple[Boxes, bool]]]:
    """Return a tracker's init and update."""
    name, _, window = method.partition("@")
    if name.startswith("opencv ") and window:
        return _scaled(name.split()[1], int(window))
    if name.startswith("opencv "):
        name = name.split()[1].upper()
        plain = (getattr(cv2, f"Tracker{name}", None) or getattr(cv2.legacy, f"Tracker{name}")).create()

        def update(image: Image) -> tuple[Boxes, bool]:
            ok, (x, y, w, h) = plain.update(image)
            return np.array([x, y, x + w, y + h], float), bool(ok)

        return lambda image, box: plain.init(image, _whole(box)), update
    tracker = SingleTracker(name, **({"window": int(window) or None} if window else {}))

    def follow(image: Image) -> tuple[Boxes, bool]:
        box, _, state = tracker.update(image)
        return box, state == "tracking"

    return tracker.init, follow


def _scaled(method: str, window: int) -> tuple[Callable[..., object], Callable[[Image], tuple[Boxes, bool]]]:
    """Return init and update of OpenCV's tracker alone on a search window scaled down."""
    follower = Follower(method, window=window)

    def update(image: Image) -> tuple[Boxes, bool]:
        ok, box, _ = follower.update(image)
        return box, ok

    return follower.init, update


def _whole(box: Boxes) -> tuple[int, ...]:
    return tuple(round(float(v)) for v in (*box[:2], *(box[2:] - box[:2])))


def race(sequence: Sequence, methods: list[str]) -> dict[str, Run]:
    """Run the trackers frame by frame in turn, so that whatever slows the machine slows all alike."""
    count = len(sequence.images)
    runs = {m: Run(np.full((count, 4), np.nan), np.zeros(count, np.bool_), np.full(count, np.nan)) for m in methods}
    started = {}
    for method in methods:
        init, started[method] = start(method)
        init(sequence.images[0], sequence.truth[0])
        runs[method].boxes[0], runs[method].claimed[0] = sequence.truth[0], True
    for i, image in enumerate(sequence.images[1:], 1):
        for method in methods[i % len(methods) :] + methods[: i % len(methods)]:
            begun = time.process_time()
            box, claimed = started[method](image)
            runs[method].seconds[i] = time.process_time() - begun
            runs[method].boxes[i], runs[method].claimed[i] = box, claimed
    return runs


# --- figures ---------------------------------------------------------------------------------------------------------


def figures(run: Run, sequence: Sequence) -> dict[str, float]:
    """Return AUC, precision at 20 pixels, the share of boxes given as seen but on nothing, and the median frames/s."""
    scores = score_one_pass(run.boxes, sequence.truth, name=sequence.name).figures
    overlap = np.nan_to_num(mark(run.boxes, sequence.truth).overlap)
    false = run.claimed & ((overlap < 0.1) | sequence.hidden)
    return {
        "AUC": scores["AUC"],
        "P20": scores["P20"],
        "false": float(false.sum() / max(1, run.claimed.sum())),
        "fps": float(1 / np.nanmedian(run.seconds)),
        "seconds": float(np.nansum(run.seconds)),
        "unseen": float(np.median(run.seconds[~run.claimed])) if not run.claimed.all() else float("nan"),
    }


@dataclass
class Group:
    """Sequences of one kind, and what each tracker got on them."""

    kind: str
    rows: dict[str, list[dict[str, float]]]
    notes: list[str]
    ratios: list[float]


def table(kind: str, sequences: Iterable[Sequence], methods: list[str]) -> Group:
    """Run and print one group of sequences."""
    group = Group(kind, {method: [] for method in methods}, [], [])
    print(f"\n## {kind}\n\n| sequence | {' | '.join(methods)} |\n|---|{'---:|' * len(methods)}")
    for sequence in sequences:
        runs = race(sequence, methods)
        for method in methods:
            group.rows[method].append(figures(runs[method], sequence))
        cells = [f"{group.rows[method][-1]['AUC']:.3f}" for method in methods]
        print(f"| {sequence.name} | {' | '.join(cells)} |", flush=True)
        if {PLAIN, "csrt"} <= set(methods):
            group.notes.append(divide(runs, sequence))
            if ratio := overhead(runs):
                group.ratios.append(ratio)
    means(kind, group)
    return group


def means(kind: str, group: Group) -> None:
    """Print what the trackers got on average."""
    shown = "success AUC | precision at 20 px | given as seen, but not there | frames/s | ms while unseen"
    print(f"\n| {kind}: mean | {shown} |")
    print("|---|---:|---:|---:|---:|---:|")
    for method, rows in group.rows.items():
        mean = {key: float(np.nanmean([row[key] for row in rows])) for key in ("AUC", "P20", "false", "fps")}
        searched = [1000 * row["unseen"] for row in rows if np.isfinite(row["unseen"])]
        unseen = f"{min(searched):.0f} to {max(searched):.0f}" if searched else "-"
        cells = f"{mean['AUC']:.3f} | {mean['P20']:.3f} | {mean['false']:.3f} | {mean['fps']:.1f} | {unseen}"
        print(f"| {method} | {cells} |")
    print()
    for note in group.notes:
        print(f"* {note}")
    if group.ratios:
        print(
            f"\nOur loop's time over CSRT's own while both give the same boxes, by sum: median "
            f"{statistics.median(group.ratios):.3f}, from {min(group.ratios):.3f} to {max(group.ratios):.3f}",
            flush=True,
        )


def divide(runs: dict[str, Run], sequence: Sequence) -> str:
    """Return until when our boxes are OpenCV's own, and what both are worth from there on."""
    same = (runs["csrt"].boxes == runs[PLAIN].boxes).all(axis=1)
    if same.all():
        return f"{sequence.name}: the same boxes throughout"
    first = int(np.argmin(same))
    there = np.flatnonzero(np.isfinite(sequence.truth[first:]).all(axis=1))
    if not len(there):
        return f"{sequence.name}: the same boxes to frame {first}; the object does not show again"
    rest = slice(first + int(there[0]), None)  # scores start where there is a true box
    both = [
        score_one_pass(runs[name].boxes[rest], sequence.truth[rest], name=name).figures["AUC"]
        for name in (PLAIN, "csrt")
    ]
    return f"{sequence.name}: the same boxes to frame {first}; AUC from there {both[0]:.3f} alone, {both[1]:.3f} ours"


def by_length(seeds: list[int], methods: list[str], lengths: list[int]) -> None:
    """Run every length of occlusion on every seed, and print the mean for each length."""
    group = table("Full occlusions", (occluded(seed, hide) for seed in seeds for hide in lengths), methods)
    print(f"\n| frames hidden | {' | '.join(methods)} |\n|---|{'---:|' * len(methods)}")
    for k, hide in enumerate(lengths):
        cells = [statistics.fmean(row["AUC"] for row in group.rows[m][k :: len(lengths)]) for m in methods]
        print(f"| {hide} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")


def gains(group: Group, fast: str, full: str) -> None:
    """Print what a scaled window gains in frames/s and costs in success AUC, sequence by sequence and in all."""
    rows = list(zip(group.rows[fast], group.rows[full], strict=True))
    speeds = [a["fps"] / b["fps"] for a, b in rows]
    total = sum(b["seconds"] for _, b in rows) / sum(a["seconds"] for a, _ in rows)
    lost = statistics.fmean(b["AUC"] - a["AUC"] for a, b in rows)
    print(
        f"* {fast} over {full}: {', '.join(f'{speed:.2f}' for speed in speeds)} times the frames/s, {total:.2f} by the "
        f"sum of all frames; success AUC lower by {lost:.3f} on average",
        flush=True,
    )


def overhead(runs: dict[str, Run]) -> float:
    """Return our time over CSRT's own while the two give the same boxes: the same work plus our loop; 0 if never."""
    same = (runs["csrt"].boxes == runs[PLAIN].boxes).all(axis=1)
    until = int(np.argmin(same)) if not same.all() else len(same)
    ours, theirs = (float(np.nansum(runs[name].seconds[:until])) for name in ("csrt", PLAIN))
    return ours / theirs if theirs else 0.0


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders of recorded sequences (OTB, VOT)")
    parser.add_argument("--methods", nargs="+", default=[PLAIN, "csrt"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[31, 32, 33, 34], help="of rendered matches; none")
    parser.add_argument("--hide", type=int, nargs="+", default=list(OCCLUSIONS), help="lengths of occlusion in frames")
    parser.add_argument(
        "--speed", type=int, nargs="*", default=[3, 7, 9, 11], metavar="SEED", help="large objects; none"
    )
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.data:
        table("Recorded", map(recorded, args.data), args.methods)
    if args.speed:
        sequences = [*map(large, args.speed), *(large_recorded(recorded(folder)) for folder in args.data)]
        enlarged = table("Large objects at 1280×720", sequences, [PLAIN, f"{PLAIN}@160", "csrt@0", "csrt"])
        gains(enlarged, f"{PLAIN}@160", PLAIN)
        gains(enlarged, "csrt", "csrt@0")
    if args.seeds:
        by_length(args.seeds, args.methods, args.hide)
        table("Hard cuts", map(with_cuts, args.seeds), args.methods)


if __name__ == "__main__":
    main()
