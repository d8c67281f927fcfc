"""Where do boxes lose their names on the way from a legible number to a name?

The matches are those of names.py, whose videos and recordings are in a folder already. Every tracked box on a person
who wears a number is counted for the first reason that applies. A number is legible in a frame, and two views of it
are different ones, as in numbers_in_matches.py.

    python benchmarks/names.py --seeds 1215-1216 --keep names
    python benchmarks/names_lost.py --seeds 1215-1216 --keep names
    python benchmarks/names_lost.py --seeds 1215-1216 --keep names --views 3     # people with three views or more
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from names import HIDDEN, MODES
from numbers_in_matches import VIEW, count_views, legibility
from teams import persons

import sportstrack
from data_prep.synthetic import CLASSES, Settings, identities, render_sequence
from sportstrack.mot import read_mot
from sportstrack.numbers.codes import text_of

SURE = 0.5  # confidence of a reading that is an answer
REASONS = {
    "right": "right name",
    "wrong": "wrong name",
    "unseen": "the number is never legible",
    "elsewhere": "the number is legible in other tracks of this person alone",
    "unread": "the number is legible in this track and was not read",
    "misread": "it was read, but never surely and right",
    "undecided": "it was read right, but was not yet or no longer sure in this frame",
    "team": "the number is known, the team is not",
    "unbound": "number and team are known, and nobody or another track has the name",
}
"""What is counted, in the order in which a name may be lost."""


def legible_frames(plan: Settings, path: Path) -> dict[int, set[int]]:
    """Return person → the frames in which the number is legible, as numbers_in_matches.py has it; kept in a file."""
    if not path.is_file():
        rows, before = [], dict[int, tuple[int, Any]]()
        for image, seen in render_sequence(plan):
            for row in np.flatnonzero(seen.class_id != CLASSES.index("ball")).tolist():
                person = int(seen.track_id[row])
                if legibility(image, seen, row, before.get(person), plan.motion_blur) == "legible":
                    rows.append(f"{seen.frame},{person}\n")
                before[person] = (seen.frame, seen.number_xyxy[row])
        path.write_text("".join(rows), encoding="utf-8")
    found: dict[int, set[int]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").split():
        frame, person = map(int, line.split(","))
        found[person].add(frame)
    return found


def lost(
    frames: list[Any], truth: Any, rows: Mapping[int, list[int]], who: Mapping[int, Any], legible: dict[int, set[int]],
    rate: float, views: int,
) -> Counter[str]:  # fmt: skip
    """Return how many boxes on people who wear a number have their name, and where the others lost it.

    Args:
        frames: of a run.
        truth: the true boxes.
        rows: frame → those of its true boxes that are asked for.
        who: id in the truth → the person.
        legible: person → frames in which the number is legible.
        rate: frames per second.
        views: legible views that a person must have to be counted.
    """
    counted = {one for one in who if who[one].number and count_views(sorted(legible[one]), VIEW * rate) >= views}
    boxes, could, read, right = [], set[Any](), set[Any](), set[Any]()
    for frame in frames:
        at, tracks = rows[frame.index], frame.tracks
        people = persons(tracks.xyxy, truth.xyxy[at], truth.track_id[at]) if at and len(tracks) else []
        votes = frame.detections.number_votes
        for track, person, row in zip(tracks.track_id.tolist(), people, tracks.detection.tolist(), strict=False):
            if person not in counted:
                continue
            pair = (track, person)
            boxes.append((pair, frame.identities.get(track)))
            if frame.index in legible[person]:
                could.add(pair)
            if votes is not None and row >= 0 and votes[row, 1] > 0:
                read.add(pair)
                if votes[row, 1] >= SURE and text_of(int(votes[row, 0])) == str(who[person].number):
                    right.add(pair)
    return Counter(_reason(pair, one, who, legible, (could, read, right)) for pair, one in boxes)


def _reason(pair: Any, one: Any, who: Mapping[int, Any], legible: dict[int, set[int]], sets: Any) -> str:
    true, (could, read, right) = who[pair[1]], sets
    if one is not None and one.name:
        return "right" if one.name == f"{true.team} {true.number}" else "wrong"
    if not legible[pair[1]]:
        return "unseen"
    if pair not in could:
        return "elsewhere"
    if pair not in read:
        return "unread"
    if pair not in right:
        return "misread"
    if one is None or not one.number:
        return "undecided"
    return "unbound" if one.team else "team"


def report(counts: Mapping[str, Counter[str]]) -> None:
    """Print a table: a row for each reason, a column for each way to track."""
    print(f"\n| boxes on people with a number, % | {' | '.join(counts)} |\n|---|{'---:|' * len(counts)}")
    for reason, text in REASONS.items():
        shares = [f"{100 * one[reason] / max(one.total(), 1):.1f}" for one in counts.values()]
        print(f"| {text} | {' | '.join(shares)} |")


def one_match(plan: Settings, folder: Path, views: int) -> dict[str, Counter[str]]:
    """Return where the names of a match are lost, for each way to track it."""
    stem = f"synthetic-{plan.seed:05d}"
    truth, who = read_mot(folder / f"{stem}.txt"), {one.track_id: one for one in identities(plan)}
    rows: dict[int, list[int]] = defaultdict(list)
    asked = (truth.visibility >= HIDDEN) & (truth.class_id != CLASSES.index("ball") + 1)
    for row in np.flatnonzero(asked).tolist():
        rows[int(truth.frame[row])].append(row)
    legible = legible_frames(plan, folder / f"{stem}.legible.csv")
    how: dict[str, Any] = {"roster": str(folder / f"squads-{plan.seed}.csv"), "overwrite": True, "formats": ["mot"]}
    record, found = folder / "while-it-runs" / f"{stem}.npz", {}
    for mode, offline in MODES.items():
        run = sportstrack.track(record, folder / "lost", offline=offline, **how)
        found[mode] = lost(list(run), truth, rows, who, legible, plan.frame_rate, views)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1215-1216", help="first and last seed (%(default)s)")
    parser.add_argument("--keep", type=Path, required=True, help="folder with what names.py --keep left there")
    parser.add_argument("--views", type=int, default=0, help="of people with so many legible views (%(default)s)")
    parser.add_argument("--frames", type=int, default=600, help="of each match (%(default)s)")
    parser.add_argument("--view", default="close", help="viewpoint (%(default)s)")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    total: dict[str, Counter[str]] = {mode: Counter() for mode in MODES}
    for seed in range(int(first), int(last or first) + 1):
        plan = Settings(seed=seed, frames=options.frames, view=options.view, kits="varied", lighting="varied")
        for mode, counts in one_match(plan, options.keep, options.views).items():
            total[mode] += counts
    report(total)


if __name__ == "__main__":
    main()
