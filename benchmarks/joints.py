"""How often does a track go on as somebody else after two people crossed, or after it was out of sight?

Matches of training seeds are rendered as videos with varied kits and light. `sportstrack track` follows the people with
a real detector, and the truth says who is in each box. A joint is a time in which a track was out of sight, or another
person's box lay on its own (`sportstrack.numbers.joints`). The table counts joints, and how many have another person
after them than before; the last column is what the tracker of numbers expects. `--fit` prints the constants under which
what happened is most probable.

    python benchmarks/joints.py --seeds 811-816
    python benchmarks/joints.py --seeds 811-816 --keep joints --fit       # recordings are kept, and read again
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from teams import persons

import sportstrack
from data_prep.synthetic import CLASSES, Settings, write_video
from sportstrack.boxes import iou
from sportstrack.mot import read_mot
from sportstrack.numbers import joints

HIDDEN = 0.15  # people of whom less is visible are not asked for
SURE = 4  # frames in a row in which a track is on one person, before and after a joint
UNSEEN = (0, 0.02, 0.5, 1, 2, 4, 99)  # seconds, borders of the table
Joint = tuple[float, bool, bool]
"""Seconds out of sight, whether another box lay on it, and whether another person followed."""


def followed(seed: int, folder: Path, options: Any, *, offline: bool) -> Iterator[tuple[Any, Any]]:
    """Yield the frames of a match, and the true person in each tracked box (0: none)."""
    plan = Settings(seed=seed, frames=options.frames, view="close", kits="varied", lighting="varied")
    video = write_video(plan, folder / f"synthetic-{seed:05d}.mp4")
    truth = read_mot(video.with_suffix(".txt"))
    asked = (truth.visibility >= HIDDEN) & (truth.class_id != CLASSES.index("ball") + 1)
    rows: dict[int, Any] = defaultdict(list)
    for row in np.flatnonzero(asked).tolist():
        rows[int(truth.frame[row])].append(row)
    record = folder / "tracks" / f"{video.stem}.npz"
    how: dict[str, Any] = {"formats": ["mot"], "overwrite": True}
    if not record.is_file():
        detector = {"weights": options.weights, "imgsz": options.imgsz, "save_detections": True}
        for _ in sportstrack.track(video, record.parent, **detector, **how):
            pass
    for frame in sportstrack.track(record, folder / "replay", offline=offline, **how):
        at = rows[frame.index]
        people = persons(frame.tracks.xyxy, truth.xyxy[at], truth.track_id[at]) if at and len(frame.tracks) else []
        yield frame, people or [0] * len(frame.tracks)


def joints_of(frames: Iterator[tuple[Any, Any]]) -> list[Joint]:
    """Return the joints of all tracks that have somebody before and after."""
    rows: dict[int, list[tuple[float, float, bool, int]]] = defaultdict(list)
    ball, before = CLASSES.index("ball"), 0.0
    for frame, people in frames:
        tracks = frame.tracks
        is_person = tracks.class_id != ball
        overlap = iou(tracks.xyxy, tracks.xyxy) * is_person
        np.fill_diagonal(overlap, 0.0)
        for k in np.flatnonzero(is_person).tolist():
            touched = bool(overlap[k].max() >= joints.OVERLAP)
            known = rows[int(tracks.track_id[k])]
            away = max(0.0, before - known[-1][0]) if known else 0.0
            away += frame.time - before if tracks.detection[k] < 0 and known else 0.0
            known.append((frame.time, away, touched, people[k]))
        before = frame.time
    return [joint for one in rows.values() for joint in joints_of_track(np.array(one, np.float64))]


def joints_of_track(rows: Any) -> Iterator[Joint]:
    """Yield the joints of one track, given (N, 4) time, seconds unseen, touched and person of each frame."""
    time, away, touched, person = rows.T
    sure = on_one_person(person.astype(int))
    signs = np.flatnonzero((away > 0) | (touched > 0))
    if not len(signs):
        return
    pauses = np.flatnonzero(np.diff(time[signs]) - away[signs[1:]] > joints.REST) + 1
    for part in np.split(signs, pauses):
        before, after = np.flatnonzero(sure[: part[0]]), np.flatnonzero(sure[part[-1] + 1 :])
        if len(before) and len(after):
            changed = sure[before[-1]] != sure[part[-1] + 1 + after[0]]
            yield float(away[part].sum()), bool(touched[part].any()), bool(changed)


def on_one_person(person: Any) -> Any:
    """Return (N,) the person where a track is on one for `SURE` frames or more, frames on nobody left out; else 0."""
    out = np.zeros_like(person)
    some = np.flatnonzero(person)
    for run in np.split(some, np.flatnonzero(np.diff(person[some])) + 1):
        if len(run) >= SURE:
            out[run] = person[run]
    return out


def table(found: list[Joint]) -> None:
    """Print how many joints of each kind change their person."""
    rows = np.array(found, np.float64)
    print("| another box on it | seconds out of sight | joints | another person after it | | expected |")
    print("|---|---|---:|---:|---:|---:|")
    for touched in (0, 1):
        for low, high in pairwise(UNSEEN):
            part = rows[(rows[:, 1] == touched) & (rows[:, 0] >= low) & (rows[:, 0] < high)]
            if len(part):
                expected = np.mean([joints.chance(unseen, bool(touched)) for unseen in part[:, 0]])
                name = f"{low:g} to {high:g}" if low else "0"
                print(
                    f"| {'yes' if touched else 'no'} | {name} | {len(part)} | {int(part[:, 2].sum())} | "
                    f"{part[:, 2].mean():.2f} | {expected:.2f} |"
                )


def fit(found: list[Joint]) -> None:
    """Print the constants of `chance` under which the joints that were found are most probable."""
    from scipy.optimize import minimize

    unseen, touched, changed = np.array(found, np.float64).T

    def surprise(x: Any) -> float:
        rate, touch, behind = np.exp(x)
        doubt = rate * unseen + touched * (touch + behind * np.minimum(1.0, unseen / joints.BEHIND_SECONDS)) + 1e-6
        return float(doubt[changed == 0].sum() - np.log(-np.expm1(-doubt[changed == 1])).sum())

    best = minimize(surprise, np.log([0.1, 0.03, 0.3]), method="Nelder-Mead")
    print("UNSEEN, TOUCHED, BEHIND =", ", ".join(f"{value:.3f}" for value in np.exp(best.x)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="811-816", help="first and last seed (%(default)s)")
    parser.add_argument("--weights", default="demo", help="of the detector (%(default)s)")
    parser.add_argument("--imgsz", type=int, default=1280, help="input of the detector (%(default)s)")
    parser.add_argument("--frames", type=int, default=600, help="of each match (%(default)s)")
    parser.add_argument("--keep", type=Path, help="folder for videos and recordings")
    parser.add_argument("--fit", action="store_true", help="print the constants that fit best")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    found: dict[bool, list[Joint]] = {False: [], True: []}
    with TemporaryDirectory() as work:
        folder = options.keep or Path(work)
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(int(first), int(last or first) + 1):
            for offline in found:
                found[offline] += joints_of(followed(seed, folder, options, offline=offline))
    for offline, rows in found.items():
        print(f"\n{'offline' if offline else 'while it runs'}: {len(rows)} joints\n")
        table(rows)
    if options.fit:
        fit([*found[False], *found[True]])


if __name__ == "__main__":
    main()
