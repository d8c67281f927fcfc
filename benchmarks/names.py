"""Names from a roster, with a real detector: how many boxes of a match have the right name, a wrong one, or none?

Matches are rendered as videos with varied kits and light, and `sportstrack track --roster` looks at them as a user
does: detector, tracker, teams, shirt numbers, names. The roster names both teams and the referee. A match is detected
once, while names are given as it runs; a replay of its recording gives those of --offline. Every tracked box that lies
on a person by half or more (intersection over union) is compared with that person. Ids and scores of the tracks of
people are those without a roster, and those with it: there are no more ids than people then.

    python benchmarks/names.py --seeds 1215-1216                        # the demo's weights, 20 seconds each
    python benchmarks/names.py --seeds 1215-1216 --weights yolov8n.pt --imgsz 1280
    python benchmarks/names.py --seeds 1215 --keep names                # videos and results are kept, to be looked at
    python benchmarks/names.py --seeds 1215 --teams off                 # the teams' colours are not told
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from teams import persons

import sportstrack
from data_prep.synthetic import CLASSES, Settings, identities, write_video
from sportstrack.mot import read_mot

HIDDEN = 0.3  # people of which less is visible are not asked for
MODES = {"while it runs": False, "offline": True}


def roster(plan: Settings) -> sportstrack.Roster:
    """Return everybody of a match; a name is team and number."""
    people = [one for one in identities(plan) if CLASSES[one.class_id] != "ball"]
    return sportstrack.Roster(
        sportstrack.RosterPerson(one.team, str(one.number or ""), name_of(one), CLASSES[one.class_id]) for one in people
    )


def name_of(one: Any) -> str:
    """Return the name of a person of a match."""
    return f"{one.team} {one.number}" if one.number else CLASSES[one.class_id]


def write_roster(path: Path, people: sportstrack.Roster) -> Path:
    """Write a roster as CSV."""
    rows = [f"{one.team},{one.number},{one.name},{one.role}" for one in people]
    path.write_text("\n".join(["team,number,name,role", *rows]) + "\n", encoding="utf-8")
    return path


def one_match(plan: Settings, folder: Path, options: Any) -> None:
    """Render and detect a match, and print a line for each way to track it."""
    video = folder / f"synthetic-{plan.seed:05d}.mp4"
    record = folder / "while-it-runs" / f"{video.stem}.npz"
    if not record.is_file() or not video.with_suffix(".txt").is_file():
        write_video(plan, video)
    squads = str(write_roster(folder / f"squads-{plan.seed}.csv", roster(plan)))
    truth, who = read_mot(video.with_suffix(".txt")), {one.track_id: one for one in identities(plan)}
    how: dict[str, Any] = {"teams": options.teams, "overwrite": True}
    for mode, offline in MODES.items():
        output = folder / mode.replace(" ", "-")
        if offline or record.is_file():
            where, replay = output / "replay", {"offline": offline, "formats": ["mot", "csv"], **how}
            run = sportstrack.track(record, where, roster=squads, **replay)
        else:
            detector = {"weights": options.weights, "imgsz": options.imgsz, "save_detections": True}
            formats = ["mot", "csv", "jsonl", *["video"] * (options.keep is not None)]
            run = sportstrack.track(video, output, formats=formats, roster=squads, **detector, **how)
        counts, people, tracked = score(run, truth, who)
        bare = sportstrack.track(record, output / "bare", offline=offline, formats=["mot"], numbers=True, **how)
        shown = {c: 100 * counts[c] / max(counts["boxes"], 1) for c in ("right", "wrong", "unknown")}
        said = max(counts["right"] + counts["wrong"], 1)
        print(
            f"{plan.seed:<6} {mode:<14} {counts['boxes']:>6} {shown['right']:7.1f} % {shown['wrong']:6.1f} % "
            f"{shown['unknown']:7.1f} % {100 * counts['right'] / said:8.1f} % {people:>8} of {len(who) - 1} "
            f"{counts['twice']:>6}   {scores_of_tracks(people_of(bare), tracked, truth)}",
            flush=True,
        )


def people_of(run: Any) -> sportstrack.MotTable:
    """Return the boxes of all tracks of a run but the ball's."""
    frame, tables = [], []
    for one in run:
        people = one.tracks[[one.names.get(number) != "ball" for number in one.tracks.class_id.tolist()]]
        frame += [one.index] * len(people)
        tables.append(people)
    ids, boxes, sure = (np.concatenate([getattr(t, name) for t in tables]) for name in ("track_id", "xyxy", "score"))
    return sportstrack.MotTable(np.array(frame), ids, boxes, sure, np.ones(len(ids), np.int64), np.full(len(ids), -1.0))


def scores_of_tracks(before: Any, after: Any, truth: sportstrack.MotTable) -> str:
    """Return ids and scores before and after, as text."""
    people = truth[truth.class_id != CLASSES.index("ball") + 1]
    frames = int(truth.frame.max()) + 1
    scores = [sportstrack.score_tracks(people, table, frames=frames) for table in (before, after)]
    cells = [" → ".join(f"{len(np.unique(table.track_id)):>3}" for table in (before, after))]
    cells += [" → ".join(f"{100 * one[name]:5.2f}" for one in scores) for name in ("HOTA", "AssA", "IDF1")]
    return "   ".join(cells)


def score(run: Any, truth: sportstrack.MotTable, who: dict[int, Any]) -> tuple[Counter[str], int, sportstrack.MotTable]:
    """Return counts of boxes, how many people have their name in some frame, and the tracks of people."""
    counts: Counter[str] = Counter()
    found, run = set(), list(run)
    rows: dict[int, Any] = defaultdict(list)
    asked = (truth.visibility >= HIDDEN) & (truth.class_id != CLASSES.index("ball") + 1)
    for row in np.flatnonzero(asked).tolist():
        rows[int(truth.frame[row])].append(row)
    for frame in run:
        at = rows[frame.index]
        names = [one.name for one in frame.identities.values() if one.name]
        counts["twice"] += len(names) - len(set(names))
        if not at or not len(frame.tracks):
            continue
        people = persons(frame.tracks.xyxy, truth.xyxy[at], truth.track_id[at])
        for track, person in zip(frame.tracks.track_id.tolist(), people, strict=True):
            if not person:
                continue
            one = frame.identities.get(track)
            name = one.name if one else ""
            right = name == name_of(who[person])
            counts["boxes"] += 1
            counts["right" if right else "wrong" if name else "unknown"] += 1
            found |= {person} if right else set()
    return counts, len(found), people_of(run)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1215-1216", help="first and last seed (%(default)s)")
    parser.add_argument("--weights", default="demo", help="of the detector (%(default)s)")
    parser.add_argument("--imgsz", type=int, default=1280, help="input of the detector (%(default)s)")
    parser.add_argument("--frames", type=int, default=600, help="of each match (%(default)s)")
    parser.add_argument("--view", default="close", help="viewpoint (%(default)s)")
    parser.add_argument("--teams", default="auto", help="as of sportstrack track (%(default)s)")
    parser.add_argument("--keep", type=Path, help="folder for videos and results")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    head = f"{'seed':<21} boxes     right    wrong   unknown of the named right  people   twice"
    print(f"{head}   {'ids':<11}{'HOTA':<16}{'AssA':<16}IDF1")
    with TemporaryDirectory() as work:
        folder = options.keep or Path(work)
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(int(first), int(last or first) + 1):
            plan = Settings(seed=seed, frames=options.frames, view=options.view, kits="varied", lighting="varied")
            one_match(plan, folder, options)


if __name__ == "__main__":
    main()
