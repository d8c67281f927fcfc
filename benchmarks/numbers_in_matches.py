"""Shirt numbers in matches of another renderer, which the networks never saw: who is read, and what does it cost?

    python benchmarks/numbers_in_matches.py --seeds 1211-1214            # close, 1280x720, 12 seconds
    python benchmarks/numbers_in_matches.py --seeds 1221-1222 --view main --size 1920x1080
    python benchmarks/numbers_in_matches.py --crops --joined             # also single crops, and tracks of two people

`data_prep.synthetic` draws whole matches with varied kits and light; the true boxes, moved a little, are the tracks, so
that only the choice of crops, the networks and the vote are judged. A number is legible in a frame if its digits are 9
pixels tall, nothing covers them, they are turned to the camera (cosine of 0.6), blurred by less than a tenth of their
height (their movement while the shutter is open), and stand out by 24 levels. Legible frames 0.4 seconds apart are
different views.

--crops reads every legible crop by itself (each fifth one), and counts why other numbers are not legible. --joined puts
the first half of each person's track before the second half of each other person's, where either half has three
readings or more, and counts what `refine` splits there.

Time is processor time of one thread, without the decoding of pictures.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np

from data_prep.synthetic import CLASSES, Settings, identities, render_sequence
from sportstrack import Detections, Identities, Identity
from sportstrack.images.opencv import require_cv2
from sportstrack.numbers import NumberReader, NumberVotes, NumberWatch
from sportstrack.refine import Scene, TrackTable, split_tracks

TALL, SEEN, FACING, BLUR, CONTRAST = 9.0, 0.95, 0.6, 0.1, 24.0
VIEW = 0.4  # seconds
EVERY = 5  # legible crops of a person, one of which is read by itself
LEAST_READINGS = 3  # of either half of a joined track
RATE = Settings().frame_rate
ROWS = {"ten legible frames": (10, 1), "three views": (1, 3), "six views": (1, 6), "all others": (0, 0)}
"""Row of the table → least legible frames, and least views."""


@dataclass
class Match:
    """What one match shows.

    Attributes:
        people: (legible frames, views, true number, answer) of each person.
        cost: milliseconds a frame.
        crops: legible crops, with the number's height in pixels and its text.
        reasons: why numbers in view are legible or not, and how often.
        tracks: all boxes with the readings of them.
    """

    people: list[tuple[int, int, str, str]] = field(default_factory=list)
    cost: float = 0.0
    crops: list[tuple[Any, float, str]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    tracks: list[TrackTable] = field(default_factory=list)


def one_match(plan: Settings) -> Match:
    """Render a match and read its numbers."""
    match = Match()
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
        n = len(ids)
        at, unknown = np.full(n, seen.frame), np.full(n, -1)
        one = TrackTable(at, ids, boxes, table.score, unknown, unknown, np.zeros(n, np.bool_), number_votes=found)
        match.tracks.append(one)
        for row, track in zip(people.tolist(), ids.tolist(), strict=True):
            why = legibility(image, seen, row, before.get(track), plan.motion_blur)
            match.reasons[why] += 1
            if why == "legible":
                legible[track].append(seen.frame)
                if len(legible[track]) % EVERY == 1:
                    x1, y1, x2, y2 = np.maximum(np.round(boxes[ids.tolist().index(track)]), 0).astype(int)
                    tall = seen.number_xyxy[row, 3] - seen.number_xyxy[row, 1]
                    match.crops.append((image[y1:y2, x1:x2].copy(), float(tall), str(who[track].number)))
            before[track] = (seen.frame, seen.number_xyxy[row])
    answers = votes.identities(Identities(Identity(track, team=one.team) for track, one in who.items()))
    for track, one in who.items():
        frames, given = legible[track], answers.of(track)
        if one.class_id != CLASSES.index("ball"):
            views = count_views(frames, VIEW * plan.frame_rate)
            match.people.append((len(frames), views, str(one.number or ""), given[-1].number if given else ""))
    match.cost = 1000 * spent / plan.frames
    return match


def legibility(image: Any, seen: Any, row: int, before: tuple[int, Any] | None, shutter: float) -> str:
    """Return whether a person can read a number, or why not; see above."""
    box = seen.number_xyxy[row]
    if not np.isfinite(box).all() or before is None or before[0] != seen.frame - 1 or not np.isfinite(before[1]).all():
        return "not in view"
    tall = box[3] - box[1]
    moved = np.linalg.norm((box[:2] + box[2:]) / 2 - (before[1][:2] + before[1][2:]) / 2)
    if tall < TALL or seen.number_visibility[row] < SEEN or seen.number_facing[row] < FACING:
        return "small, covered or turned away"
    x1, y1, x2, y2 = np.maximum(np.round(box), 0).astype(int)
    part = image[y1:y2, x1:x2]
    if not part.size or shutter * moved / 3.5 >= BLUR * tall:  # a line of that length, as a standard deviation
        return "blurred"
    contrast = float(np.ptp(np.percentile(part.mean(axis=2), [5, 95])))
    return "legible" if contrast > CONTRAST else "pale"


def count_views(frames: list[int], apart: float) -> int:
    """Return how many of some frames are apart from one another."""
    last, count = -1e9, 0
    for frame in frames:
        if frame - last >= apart:
            last, count = frame, count + 1
    return count


def report_crops(matches: list[Match]) -> None:
    """Print how single crops are read, and why others are not legible."""
    crops = [crop for match in matches for crop in match.crops]
    texts, _ = NumberReader()([image for image, _, _ in crops])
    heights = np.array([tall for _, tall, _ in crops])
    read = [(text, true) for text, (_, _, true) in zip(texts, crops, strict=True) if text]
    right = sum(text == true for text, true in read)
    low, high = np.percentile(heights, [5, 95])
    print(f"\n{len(crops)} legible crops, digits of {low:.0f} to {high:.0f} pixels (5 and 95 %):", end=" ")
    print(f"{len(read) / len(crops):.1%} read, {right / max(1, len(read)):.1%} of these right")
    total = sum((match.reasons for match in matches), Counter())
    free = total["legible"] + total["blurred"] + total["pale"]
    print(f"of {free} numbers that are large, free and turned to the camera, {total['blurred'] / free:.1%} are blurred")


def report_joined(matches: list[Match]) -> None:
    """Print how many joined tracks of two people are split, and how many tracks of one person."""
    counts: Counter[str] = Counter()
    for match in matches:
        columns = [name for name, value in vars(match.tracks[0]).items() if value is not None]
        table = TrackTable(**{name: np.concatenate([getattr(t, name) for t in match.tracks]) for name in columns})
        middle, last = (int(table.frame.max()) + 1) // 2, int(table.frame.max())
        read = np.asarray(table.number_votes)[:, 1] > 0
        early, late = table.frame < middle, table.frame >= middle
        ids = np.unique(table.track_id).tolist()
        enough = {(i, half): (read & part & (table.track_id == i)).sum() >= LEAST_READINGS
                  for i in ids for half, part in ((0, early), (1, late))}  # fmt: skip
        for first, second in [*permutations(ids, 2), *((one, one) for one in ids)]:
            if not (enough[first, 0] and enough[second, 1]):
                continue
            rows = (early & (table.track_id == first)) | (late & (table.track_id == second))
            joined = replace(table[rows], track_id=np.zeros(int(rows.sum()), np.int64))
            kind = "one" if first == second else "two"
            counts[kind] += 1
            after = split_tracks(joined, Scene.of(joined, frame_rate=RATE, width=1280, height=720, frames=last + 1))
            begins = [int(after.frame[after.track_id == one].min()) for one in np.unique(after.track_id)][1:]
            counts[kind, "split"] += bool(begins)
            counts[kind, "right"] += len(begins) == 1 and abs(begins[0] - middle) <= RATE
    print(f"\nof {counts['two']} joined tracks of two people {counts['two', 'split']} were split,", end=" ")
    print(f"{counts['two', 'right']} of them once and within a second of the right place;", end=" ")
    print(f"of {counts['one']} tracks of one person {counts['one', 'split']}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1211-1214", help="first and last seed (%(default)s)")
    parser.add_argument("--view", default="close", help="viewpoint (%(default)s)")
    parser.add_argument("--size", default="1280x720", help="of the picture (%(default)s)")
    parser.add_argument("--frames", type=int, default=300, help="of each match (%(default)s)")
    parser.add_argument("--crops", action="store_true", help="also read single crops")
    parser.add_argument("--joined", action="store_true", help="also split tracks of two people that were joined")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    first, _, last = options.seeds.partition("-")
    width, height = map(int, options.size.split("x"))
    counts: Counter[tuple[str, str]] = Counter()
    misread, matches = [], []
    for seed in range(int(first), int(last or first) + 1):
        plan = Settings(
            seed=seed, frames=options.frames, kits="varied", lighting="varied", view=options.view, width=width,
            height=height,
        )  # fmt: skip
        match = one_match(plan)
        matches.append(match)
        for frames, views, true, given in match.people:
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
        print(
            f"seed {seed}: {sum(bool(p[3]) for p in match.people)} people read, {match.cost:.2f} ms a frame", flush=True
        )
    print("\n| people with | | read | right of those read |\n|---|---:|---:|---:|")
    for name in ROWS:
        tracks, read, right = (counts[name, part] for part in ("tracks", "read", "right"))
        print(f"| {name} | {tracks} | {read / max(tracks, 1):.3f} | {right / max(read, 1):.3f} |")
    print("misread:", ", ".join(misread) or "none", f"; {np.mean([match.cost for match in matches]):.2f} ms a frame")
    if options.crops:
        report_crops(matches)
    if options.joined:
        report_joined(matches)


if __name__ == "__main__":
    main()
