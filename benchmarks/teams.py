"""Who is who by the colours of kits: how many teams and roles are right, how many are left open, and what that costs.

Renders with varied kits and light, of seeds that nothing was tuned on: the true boxes, seen by a poor detector as in
rendered.py, are followed by SportsTrack with kit colours. Each tracked box is compared with the person in it.

Real football, if its clip is there: places that somebody looked at (teams_football.csv: frame from 1, x and y in
pixels, colour of the team, role) are compared with the tracks there.

    python benchmarks/teams.py --seeds 1000-1007
    python benchmarks/teams.py --seeds 1330-1333 --video demo   # a real detector, on the renders as H.264 videos
    python benchmarks/teams.py --real ../shared/data
    python benchmarks/teams.py --cost 25                  # processor ms a frame with 25 boxes, whole loops timed
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import scipy.cluster.hierarchy  # noqa: F401 - so that no frame waits for it
from rendered import detect

import sportstrack
from data_prep.synthetic import CLASSES, Settings, identities, render_sequence, write_video
from sportstrack.embed.clothes import kit_colours
from sportstrack.embed.kit import KitEmbedder
from sportstrack.identities.table import Identity
from sportstrack.identities.watch import TeamWatch

FRAMES, EVERY = 500, 2
VIDEO_FRAMES = 375
HIDDEN = 0.1  # people of which less is visible are not asked for
TABLE = Path(__file__).with_name("teams_football.csv")


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="", help="first and last seed, such as 1000-1007")
    parser.add_argument("--cost", type=int, metavar="N", help="what a frame with N boxes takes")
    parser.add_argument("--real", type=Path, help="folder with video/football_848x478.mp4 and weights/yolov8n.pt")
    parser.add_argument("--video", metavar="WEIGHTS", help="track the renders as videos with this detector")
    parser.add_argument("--crf", type=int, default=23, help="H.264 quality of these videos; 0 loses nothing (23)")
    options = parser.parse_args()
    if options.seeds:
        first, _, last = options.seeds.partition("-")
        seeds = range(int(first), int(last or first) + 1)
        if options.video:
            videos(seeds, options.video, options.crf)
        else:
            renders(seeds)
    if options.real is not None:
        real(options.real)
    if options.cost:
        cost(options.cost)


def cost(count: int, frames: int = 300) -> None:
    """Print processor milliseconds a frame of kit colours, evidence and table, for painted people who walk."""
    rng = np.random.default_rng(0)
    places = rng.permutation([(x, y) for y in range(120, 700, 110) for x in range(60, 1240, 110)])[:count]
    boxes, pictures = [], []
    for frame in range(frames):
        feet = places + 20 * np.sin(frame / 25 + np.arange(count))[:, None]
        tall = 40 + feet[:, 1] / 12
        boxes.append(np.column_stack((feet[:, 0] - tall / 5, feet[:, 1] - tall, feet[:, 0] + tall / 5, feet[:, 1])))
        if frame % 30 == 0:
            picture = np.clip(np.array((60, 130, 60)) + rng.normal(0, 6, (720, 1280, 3)), 0, 255).astype(np.uint8)
            for person, (x1, y1, x2, y2) in enumerate(boxes[-1].astype(int)):
                kit = ((235, 235, 235), (40, 30, 200), (25, 25, 25))[min(person // 11, 2)]
                picture[y1 + (y2 - y1) // 6 : y2, x1:x2] = kit
            pictures.append(picture)
    watch, ids, rows = TeamWatch(1280, {0: ""}), np.arange(count) + 1, np.arange(count)
    ones, zeros = np.ones(count), np.zeros(count, np.int64)
    began = [time.process_time()]
    kits = [kit_colours(pictures[frame // 30], boxes[frame // 30 * 30]) for frame in range(frames)]
    began.append(time.process_time())
    seen = [sportstrack.Detections(box, ones, zeros, kit_colours=kit) for box, kit in zip(boxes, kits, strict=True)]
    tracks = [sportstrack.Tracks(box, ones, zeros, ids, rows) for box in boxes]
    began.append(time.process_time())
    for frame in range(frames):
        watch.add(frame, frame / 25, tracks[frame], seen[frame])
    began.append(time.process_time())
    for frame in range(frames):
        watch.evidence(seen[frame])
    began.append(time.process_time())
    parts = [1000 * (began[k + 1] - began[k]) / frames for k in (0, 2, 3)]
    names = ("kit colours", "table and groups", "evidence")
    said = ", ".join(f"{name} {ms:.2f}" for name, ms in zip(names, parts, strict=True))
    print(f"{count} boxes: {sum(parts):.2f} ms a frame ({said})")


def renders(seeds: range) -> None:
    """Print a line for each seed and one for all."""
    total: Counter[str] = Counter()
    print("seed      causal: open  right | whole clip: open  right  role open  right | settled  ms a frame  boxes")
    scores: dict[str, list[Any]] = {"with kits and teams": [], "without": []}
    for seed in seeds:
        counts, settled, cost, found = one_render(seed)
        total += counts
        for name, one in zip(scores, found, strict=True):
            scores[name].append(one)
        said = f"{settled or float('nan'):6.1f} s {cost:8.2f} {counts['boxes'] / counts['frames']:9.1f}"
        print(f"{seed:<9} {line(counts)} | {said}", flush=True)
    print(f"{'all':<9} {line(total)}")
    for name, parts in scores.items():
        pooled = sportstrack.Scores.pool(parts)
        print(f"SportsTrack {name}: HOTA {100 * pooled['HOTA']:.2f}, IDSW {pooled['IDSW']:.0f}")


def line(c: Counter[str]) -> str:
    """Return shares as text."""

    def share(part: str, whole: str) -> str:
        return f"{100 * c[part] / max(c[whole], 1):6.2f}%"

    return (
        f"{share('open', 'players'):>13} {share('right', 'said')} | {share('end open', 'players'):>16} "
        f"{share('end right', 'end said')} {share('role open', 'boxes'):>9} {share('role right', 'role said')}"
    )


def one_render(seed: int) -> tuple[Counter[str], float | None, float, tuple[Any, Any]]:
    """Return counts, seconds until both teams were known, milliseconds a frame, and scores with kits and without."""
    plan = Settings(seed=seed, frames=FRAMES, kits="varied", lighting="varied", crowding=0.5)
    rate = plan.frame_rate / EVERY
    tracker, plain = (
        sportstrack.create_tracker("sports", frame_rate=rate, frame_size=(plan.width, plan.height)) for _ in range(2)
    )
    truth, runs = [], ([], [])
    watch, embed, rng = TeamWatch(plan.width, {0: ""}), KitEmbedder(), np.random.default_rng([seed, 1])
    rows, spent, frames = [], 0.0, 0
    for image, seen in render_sequence(plan, every=EVERY):
        people = (seen.class_id != CLASSES.index("ball")) & (seen.visibility >= HIDDEN)
        boxes, ids = seen.xyxy[people], seen.track_id[people]
        found = detect(boxes, seen.visibility[people], (plan.width, plan.height), rng)
        truth.append(
            sportstrack.Tracks(boxes, np.ones(len(ids)), np.zeros(len(ids), np.int64), ids, np.arange(len(ids)))
        )
        runs[1].append(plain.update(found))
        started = time.process_time()
        kits = kit_colours(image, found.xyxy)
        spent += time.process_time() - started
        found = sportstrack.Detections(
            found.xyxy, found.score, found.class_id, embed(image, found.xyxy), kit_colours=kits
        )
        started = time.process_time()
        said = watch.evidence(found)
        spent += time.process_time() - started
        found = sportstrack.Detections(
            found.xyxy, found.score, found.class_id, found.embedding, kit_colours=kits, team_evidence=said
        )
        tracks = tracker.update(found)
        runs[0].append(tracks)
        started = time.process_time()
        known = watch.add(seen.frame, seen.frame / plan.frame_rate, tracks, found)
        spent += time.process_time() - started
        frames += 1
        rows += [
            (seen.frame, track, who, known[track])
            for track, who in zip(tracks.track_id.tolist(), persons(tracks.xyxy, boxes, ids), strict=True)
            if who
        ]
    counts = score(rows, watch.finish(), {one.track_id: one for one in identities(plan)})
    counts["frames"] = frames
    true = sportstrack.MotTable.from_tracks(truth)
    with_kits, without = (
        sportstrack.score_tracks(true, sportstrack.MotTable.from_tracks(run), frames=frames) for run in runs
    )
    return counts, watch.settled, 1000 * spent / frames, (with_kits, without)


def videos(seeds: range, weights: str, crf: int) -> None:
    """Print a line for each seed and one for all: renders as videos, tracked as `sportstrack track` does."""
    total: Counter[str] = Counter()
    print("seed      causal: open  right | whole clip: open  right  role open  right | settled")
    for seed in seeds:
        counts, settled = one_video(seed, weights, crf)
        total += counts
        print(f"{seed:<9} {line(counts)} | {settled or float('nan'):6.2f} s", flush=True)
    print(f"{'all':<9} {line(total)}")


def one_video(seed: int, weights: str, crf: int) -> tuple[Counter[str], float | None]:
    """Return counts as `one_render` does, and seconds until both teams were known."""
    plan = Settings(seed=seed, frames=VIDEO_FRAMES, kits="varied", lighting="varied")
    truth: dict[int, list[list[float]]] = {}
    rows: list[Any] = []
    with TemporaryDirectory() as folder:
        video = write_video(plan, Path(folder) / "clip.mp4", crf)
        for row in csv.reader(video.with_suffix(".txt").read_text().splitlines()):
            if int(row[7]) != CLASSES.index("ball") + 1 and float(row[8]) >= HIDDEN:
                truth.setdefault(int(row[0]) - 1, []).append([float(value) for value in row[1:6]])
        run = sportstrack.track(video, Path(folder) / "out", weights=weights, formats=["mot"])
        for frame in run:
            seen = np.array(truth.get(frame.index, [])).reshape(-1, 5)
            boxes, ids = np.hstack((seen[:, 1:3], seen[:, 1:3] + seen[:, 3:5])), seen[:, 0].astype(int)
            found = persons(frame.tracks.xyxy, boxes, ids) if len(ids) else []
            rows += [
                (frame.index, track, who, frame.identities.get(track, Identity(track, 0)))
                for track, who in zip(frame.tracks.track_id.tolist(), found, strict=False)
                if who
            ]
    counts = score(rows, run.summary.identities, {one.track_id: one for one in identities(plan)})
    return counts, run.summary.teams["settled"]


def persons(tracked: Any, boxes: Any, ids: Any) -> list[int]:
    """Return the true person in each tracked box, 0 where there is none."""
    low = np.maximum(tracked[:, None, :2], boxes[None, :, :2])
    high = np.minimum(tracked[:, None, 2:], boxes[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    areas = [(b[:, 2:] - b[:, :2]).prod(axis=1) for b in (tracked, boxes)]
    overlap = shared / (areas[0][:, None] + areas[1][None] - shared)
    best = overlap.argmax(axis=1)
    return [int(ids[b]) if overlap[i, b] >= 0.5 else 0 for i, b in enumerate(best.tolist())]


def score(rows: list[Any], end: Any, truth: dict[int, Any]) -> Counter[str]:
    """Count boxes whose team and role are open or right; the teams' names are matched by majority."""
    pairs: Counter[tuple[str, str]] = Counter()
    for frame, track, who, _ in rows:
        if (one := end.at(track, frame)) is not None and one.team and truth[who].class_id == 0:
            pairs[one.team, truth[who].team] += 1
    straight = pairs["A", "left"] + pairs["B", "right"] >= pairs["A", "right"] + pairs["B", "left"]
    side = {"A": "left", "B": "right"} if straight else {"A": "right", "B": "left"}
    c: Counter[str] = Counter()
    for frame, track, who, now in rows:
        one, true = end.at(track, frame), truth[who]
        role = CLASSES[true.class_id]
        c["boxes"] += 1
        c["role open"] += not (one and one.role)
        c["role said"] += bool(one and one.role)
        c["role right"] += bool(one and one.role == role)
        if role == "player":
            c["players"] += 1
            for prefix, team in (("", now.team), ("end ", one.team if one else "")):
                c[f"{prefix}open"] += not team
                c[f"{prefix}said"] += bool(team)
                c[f"{prefix}right"] += side.get(team) == true.team
    return c


def real(data: Path) -> None:
    """Track the real clip and compare the tracks at the places of the table."""
    with TABLE.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    names = "white=white,green=lime"
    with TemporaryDirectory() as folder:
        frames = {
            frame.index + 1: (frame.tracks, dict(frame.identities))
            for frame in sportstrack.track(
                data / "video/football_848x478.mp4", folder, weights=data / "weights/yolov8n.pt", teams=names,
                formats=["mot"], offline=True,
            )
        }  # fmt: skip
    c: Counter[str] = Counter()
    for row in table:
        tracks, known = frames[int(row["frame"])]
        place = (int(row["x"]), int(row["y"]))
        inside = (tracks.xyxy[:, :2] <= place) & (tracks.xyxy[:, 2:] >= place)
        hit = np.flatnonzero(inside.all(axis=1))
        c["missed"] += not len(hit)
        if not len(hit):
            continue
        one = known.get(int(tracks.track_id[hit[0]]))
        team, role = (one.team, one.role) if one else ("", "")
        c["places"] += 1
        if row["team"]:
            c["players"] += 1
            c["open"] += not team
            c["right"] += team == row["team"]
        else:
            c["others"] += 1
            c["others in a team"] += bool(team)
            c["roles open"] += not role
            c["roles right"] += role == row["role"]
    said = c["players"] - c["open"]
    print(f"real football: {c['places']} places with a track, {c['missed']} without; {dict(c)}")
    right = 100 * c["right"] / max(said, 1)
    print(f"players: {100 * c['open'] / c['players']:.1f} % open, {right:.1f} % of the others right")


if __name__ == "__main__":
    main()
