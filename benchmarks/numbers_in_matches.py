"""Shirt numbers in matches of another renderer, which the networks never saw: who is read, and what does it cost?

    python benchmarks/numbers_in_matches.py --seeds 1211-1214            # close, 1280x720, 12 seconds
    python benchmarks/numbers_in_matches.py --seeds 1221-1222 --view main --size 1920x1080

`data_prep.synthetic` draws whole matches with varied kits and light; the true boxes, moved a little, are the tracks, so
that only the choice of crops, the networks and the vote are judged. A number is legible in a frame if its digits are 9
pixels tall, nothing covers them, they are turned to the camera (cosine of 0.6), blurred by less than a tenth of their
height (their movement while the shutter is open), and stand out by 24 levels. Legible frames 0.4 seconds apart are
different views.

Time is processor time of one thread, without the decoding of pictures.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from data_prep.synthetic import CLASSES, Settings, identities, render_sequence
from sportstrack import Detections
from sportstrack.images.opencv import require_cv2
from sportstrack.numbers import NumberVotes, NumberWatch

TALL, SEEN, FACING, BLUR, CONTRAST = 9.0, 0.95, 0.6, 0.1, 24.0
VIEW = 0.4  # seconds
ROWS = {"ten legible frames": (10, 1), "three views": (1, 3), "six views": (1, 6), "all others": (0, 0)}
"""Row of the table → least legible frames, and least views."""


def one_match(plan: Settings) -> tuple[list[tuple[int, int, str, str]], float]:
    """Return legible frames, views, true number and answer of each person, and milliseconds a frame."""
    who = {one.track_id: one for one in identities(plan)}
    watch, votes, rng = NumberWatch(plan.frame_rate), NumberVotes(), np.random.default_rng([plan.seed, 3])
    legible: dict[int, list[int]] = defaultdict(list)
    before: dict[int, tuple[int, Any]] = {}
    spent = 0.0
    for image, seen in render_sequence(plan):
        people = np.flatnonzero((seen.class_id != CLASSES.index("ball")) & (seen.visibility >= 0.3))
        boxes = seen.xyxy[people]
        boxes = boxes + rng.normal(0, 0.02, boxes.shape) * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
        table = Detections(boxes, np.ones(len(boxes)), np.zeros(len(boxes), np.int64))
        started = time.process_time()
        found = watch(image, table)
        ids = seen.track_id[people]
        votes.add(seen.frame, seen.frame / plan.frame_rate, ids, np.arange(len(ids)), found)
        spent += time.process_time() - started
        for row, track in zip(people.tolist(), ids.tolist(), strict=True):
            if is_legible(image, seen, row, before.get(track), plan.motion_blur):
                legible[track].append(seen.frame)
            before[track] = (seen.frame, seen.number_xyxy[row])
    answers = votes.identities({track: one.team for track, one in who.items()})
    rows = []
    for track, one in who.items():
        frames, given = legible[track], answers.of(track)
        if one.class_id != CLASSES.index("ball"):
            views = count_views(frames, VIEW * plan.frame_rate)
            rows.append((len(frames), views, str(one.number or ""), given[-1].number if given else ""))
    return rows, 1000 * spent / plan.frames


def is_legible(image: Any, seen: Any, row: int, before: tuple[int, Any] | None, shutter: float) -> bool:
    """Return whether a person can read a number; see above."""
    box = seen.number_xyxy[row]
    if not np.isfinite(box).all() or before is None or before[0] != seen.frame - 1 or not np.isfinite(before[1]).all():
        return False
    tall = box[3] - box[1]
    moved = np.linalg.norm((box[:2] + box[2:]) / 2 - (before[1][:2] + before[1][2:]) / 2)
    if tall < TALL or seen.number_visibility[row] < SEEN or seen.number_facing[row] < FACING:
        return False
    x1, y1, x2, y2 = np.maximum(np.round(box), 0).astype(int)
    part = image[y1:y2, x1:x2]
    if not part.size or shutter * moved / 3.5 >= BLUR * tall:  # a line of that length, as a standard deviation
        return False
    return float(np.ptp(np.percentile(part.mean(axis=2), [5, 95]))) > CONTRAST


def count_views(frames: list[int], apart: float) -> int:
    """Return how many of some frames are apart from one another."""
    last, count = -1e9, 0
    for frame in frames:
        if frame - last >= apart:
            last, count = frame, count + 1
    return count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1211-1214", help="first and last seed (%(default)s)")
    parser.add_argument("--view", default="close", help="viewpoint (%(default)s)")
    parser.add_argument("--size", default="1280x720", help="of the picture (%(default)s)")
    parser.add_argument("--frames", type=int, default=300, help="of each match (%(default)s)")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    first, _, last = options.seeds.partition("-")
    width, height = map(int, options.size.split("x"))
    counts: Counter[tuple[str, str]] = Counter()
    misread, costs = [], []
    for seed in range(int(first), int(last or first) + 1):
        plan = Settings(
            seed=seed, frames=options.frames, kits="varied", lighting="varied", view=options.view, width=width,
            height=height,
        )  # fmt: skip
        rows, cost = one_match(plan)
        costs.append(cost)
        for frames, views, true, given in rows:
            for name, (least_frames, least_views) in ROWS.items():
                fits = (
                    frames < 10 and views < 3
                    if name == "all others"
                    else frames >= least_frames and views >= least_views
                )
                if fits:
                    counts[name, "tracks"] += bool(true)
                    counts[name, "read"] += bool(given and true)
                    counts[name, "right"] += bool(given) and given == true
            misread += [f"{seed}: {true or 'nobody'} as {given}"] if given and given != true else []
        print(f"seed {seed}: {sum(bool(row[3]) for row in rows)} people read, {cost:.2f} ms a frame", flush=True)
    print("\n| people with | | read | right of those read |\n|---|---:|---:|---:|")
    for name in ROWS:
        tracks, read, right = (counts[name, part] for part in ("tracks", "read", "right"))
        print(f"| {name} | {tracks} | {read / max(tracks, 1):.3f} | {right / max(read, 1):.3f} |")
    print("misread:", ", ".join(misread) or "none", f"; {np.mean(costs):.2f} ms a frame")


if __name__ == "__main__":
    main()
