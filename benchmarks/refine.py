"""What the offline refinement gains, and what it takes.

    python benchmarks/refine.py                                  # two hours of 25 players: time and memory
    python benchmarks/refine.py --frames 45000 --players 23 --cut-every 8
    python benchmarks/refine.py --accuracy --data SportsMOT/train --trackers bytetrack sports
    python benchmarks/refine.py --cuts --output FOLDER           # rendered matches with hard cuts: who is known again
    python benchmarks/refine.py --looks --output FOLDER          # what looks are worth to split and link, rendered
    python benchmarks/refine.py --pictures docs/images           # what each step does, drawn for docs/refine.md

Time and memory: invented players run about for two hours (180,000 frames) before a panning camera; each is lost every
20 seconds or so and comes back with a new id, and 2 % of the boxes are missed besides. The table is refined in a
process of its own, whose peak of resident memory is reported, table included; then the same from file to file with the
command.

Accuracy: every tracker runs over det/det.txt and over the ground truth as detections; scores before, and after each
step added. Sequences of the matches in HELD were not looked at when the settings were chosen.

Cuts: matches rendered with a hard cut every 1.6 seconds, each to another camera of the same match; detections and looks
as in rendered.py, written to FOLDER once. A link is an id that stands in two shots, and right if it is the same
player's in both. Matches put end to end, a shot of one before a shot of another, count the links that must not be.

Looks: the rendered set of rendered.py, which compare.py uses too; every tracker is causal and sees the looks if it
can.
"""

from __future__ import annotations

import os
from importlib import import_module

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # read when numpy is imported

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rendered import EMBEDDERS, RenderedSet, record
from sets import Clip

from sportstrack import Detections, Scores, create_tracker, read_mot
from sportstrack.boxes import iou
from sportstrack.mot import MotTable, read_sequence_info
from sportstrack.recording import Recording
from sportstrack.refine import STEPS, RefineSettings, Scene, TrackTable, refine
from sportstrack.refine.command import main as refine_command
from sportstrack.refine.command import write_table
from sportstrack.refine.steps import run_steps
from sportstrack.score.run import Job

HELD = ("v_4LXTUim5anY", "v_ApPxnw_Jffg", "v_dChHNGIfm4Y", "v_HdiyOtliFiw", "v_iIxMOsCGH58")
RATE, WIDTH, HEIGHT = 25.0, 1280.0, 720.0
LOST_EVERY = 20.0  # seconds
MISSED = 0.02
CUT_SEEDS = {"tuned on": range(411, 417), "held back": range(511, 517)}
CUT_FRAMES, CUTS = 200, 4
ACROSS = {
    "none": (False, {"shot_memory": 0.0}),
    "formation": (False, {}),
    "looks": (True, {"formation_evidence": 0.0, "shot_unproven": 1.0}),
    "looks + formation": (True, {}),
}
"""Name of the evidence → whether there are looks, and the settings."""


def simulate(players: int, frames: int, seed: int = 0) -> TrackTable:
    """Return the fragments of invented players' tracks."""
    rng = np.random.default_rng(seed)
    time_ = np.arange(frames)
    pan = 300.0 * np.sin(time_ / 400.0)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    last_id = 0
    for _ in range(players):
        height = rng.uniform(60, 100)
        x, y = _walk(rng, frames, WIDTH, 500.0) - pan, _walk(rng, frames, 0.8 * HEIGHT, 120.0)
        x, y = x + rng.normal(0, 0.02 * height, frames), y + rng.normal(0, 0.02 * height, frames)
        absent = rng.random(frames) < MISSED
        starts = np.flatnonzero(rng.random(frames) < 1.0 / (LOST_EVERY * RATE))
        for start, length in zip(starts, rng.integers(3, 50, len(starts)), strict=True):
            absent[start : start + length] = True
        fragment = last_id + 1 + np.searchsorted(starts, time_, side="right")
        last_id = int(fragment[-1])
        box = np.stack((x - 0.2 * height, y - 0.5 * height, x + 0.2 * height, y + 0.5 * height), axis=1)
        seen = ~absent & (box[:, 2] > 0) & (box[:, 0] < WIDTH)
        parts.append((time_[seen], fragment[seen], box[seen]))
    frame, track_id, xyxy = (np.concatenate(column) for column in zip(*parts, strict=True))
    return TrackTable.of(frame, track_id, xyxy, np.full(len(frame), 0.8))


def _walk(rng: np.random.Generator, frames: int, size: float, reach: float) -> np.ndarray:
    """Return (F,) places of someone who turns every few seconds."""
    knots = np.arange(0, frames + 100, 75)
    targets = 0.5 * size + rng.uniform(-reach, reach, len(knots))
    return np.interp(np.arange(frames), knots, np.convolve(targets, np.ones(3) / 3, mode="same"))


def peak_mebi() -> float:
    """Return the process's highest resident memory so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def refine_simulated(players: int, frames: int, cut_every: float) -> dict[str, Any]:
    """Refine a simulated match and return times in seconds, memory in MiB and counts."""
    import scipy.sparse.csgraph  # noqa: F401 - takes its second once

    table = simulate(players, frames)
    report: dict[str, Any] = {"boxes": len(table), "tracks": table.tracks, "table": peak_mebi()}
    began, begin = time.perf_counter(), time.process_time()
    cuts = range(0, frames, round(cut_every * RATE))[1:] if cut_every else ()
    scene = Scene.of(table, frame_rate=RATE, width=WIDTH, height=HEIGHT, frames=frames, cuts=cuts)
    report["camera"] = time.process_time() - begin
    then = time.process_time()
    for name, after in run_steps(table, scene, RefineSettings()):  # noqa: B007 - the last one counts
        now = time.process_time()
        report[name or "sort"] = now - then
        then = now
    report |= {"seconds": time.perf_counter() - began, "cpu": then - begin, "peak": peak_mebi()}
    report |= {"boxes after": len(after), "tracks after": after.tracks}
    return report


def refine_file(folder: str) -> dict[str, Any]:
    """The same from file to file, with the command."""
    path = Path(folder) / "match.txt"
    began, begin = time.perf_counter(), time.process_time()
    refine_command([str(path), "-o", f"{folder}/out", "--size", f"{WIDTH:.0f}x{HEIGHT:.0f}", "--frame-rate", f"{RATE}"])
    seconds, cpu = time.perf_counter() - began, time.process_time() - begin
    return {"seconds": seconds, "cpu": cpu, "peak": peak_mebi()}


def write_simulated(players: int, frames: int, folder: str) -> None:
    """Write the file that `refine_file` reads; in a process of its own, for its memory's sake."""
    write_table(Path(folder) / "match.txt", simulate(players, frames).to_mot())


def apart(function: Any, *arguments: Any) -> Any:
    """Call a function in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def measure(players: int, frames: int, cut_every: float) -> None:
    """Print time and memory."""
    report = apart(refine_simulated, players, frames, cut_every)
    print(f"{frames:,} frames, {players} players: {report['boxes']:,} boxes in {report['tracks']:,} tracks")
    cost = f"{report['seconds']:.1f} s ({report['cpu']:.1f} s of CPU), peak {report['peak']:.0f} MiB"
    print(f"table → table: {cost} (making the table: {report['table']:.0f})")
    parts = ", ".join(f"{name} {report[name]:.1f}" for name in ("camera", *STEPS))
    print(f"  {parts} s of CPU; {report['boxes after']:,} boxes in {report['tracks after']:,} tracks")
    with tempfile.TemporaryDirectory() as folder:
        apart(write_simulated, players, frames, folder)
        report = apart(refine_file, folder)
    print(f"file → file: {report['seconds']:.1f} s ({report['cpu']:.1f} s of CPU), peak {report['peak']:.0f} MiB")


def track(name: str, sequence: Path, oracle: bool) -> TrackTable:
    """Run a tracker over a sequence's detections, or over its truth; the boxes are the detections' own."""
    info = read_sequence_info(sequence)
    rows = read_mot(sequence / ("gt/gt.txt" if oracle else "det/det.txt"), identities=False)
    rows = rows[np.argsort(rows.frame, kind="stable")]
    bounds = np.searchsorted(rows.frame, np.arange((info.frames or 0) + 1))
    tracker, found = create_tracker(name, frame_rate=info.frame_rate or RATE), []
    for low, high in pairwise(bounds):
        score = np.ones(high - low) if oracle else rows.score[low:high]
        detections = Detections.from_arrays(rows.xyxy[low:high], score)
        found.append((tracker.update(detections), detections))
    tracks, seen = zip(*found, strict=True)
    return TrackTable.from_tracks(list(tracks), list(seen))


def score_steps(name: str, sequence: Path, oracle: bool) -> dict[str, Scores]:
    """Return a sequence's scores before ("") and after each step added."""
    info = read_sequence_info(sequence)
    truth: MotTable = read_mot(sequence / "gt" / "gt.txt")
    table = track(name, sequence, oracle)
    size = {"width": info.width or WIDTH, "height": info.height or HEIGHT}
    scene = Scene.of(table, frame_rate=info.frame_rate or RATE, frames=info.frames, **size)
    steps = run_steps(table, scene, RefineSettings())
    return {step: Job(sequence.name, truth, after.to_mot(), info.frames).scores() for step, after in steps}


def gains(data: Path, trackers: list[str]) -> None:
    """Print the table of gains."""
    sequences = sorted(path.parent for path in data.glob("*/seqinfo.ini"))
    sets = {
        "tuned on": [s for s in sequences if not s.name.startswith(HELD)],
        "held back": [s for s in sequences if s.name.startswith(HELD)],
    }
    print("| tracker | boxes | matches | after | HOTA | DetA | AssA | IDF1 | IDSW | tracks |")
    print("|---|---|---|---|---:|---:|---:|---:|---:|---:|")
    for name in trackers:
        for oracle in (False, True):
            for which, chosen in sets.items():
                parts = [score_steps(name, sequence, oracle) for sequence in chosen]
                for step in parts[0]:
                    s = Scores.pool([part[step] for part in parts])
                    figures = " | ".join(f"{100 * s[figure]:.2f}" for figure in ("HOTA", "DetA", "AssA", "IDF1"))
                    boxes = "truth" if oracle else "simulated"
                    print(f"| {name} | {boxes} | {which} | {step or '(causal)'} | {figures} | {s.IDSW} | {s.IDs} |")
                sys.stdout.flush()


@dataclass(frozen=True)
class CutMatch:
    """A rendered match with hard cuts, as a causal tracker saw it."""

    name: str
    truth: MotTable
    cuts: list[int]
    tracks: dict[str, TrackTable]  # by embedder; "" without looks


def cut_match(seed: int, folder: Path, osnet: Path) -> CutMatch:
    """Read one; render it first if it is not there."""
    synthetic = import_module("data_prep.synthetic")
    plan = synthetic.Settings(seed=seed, frames=CUT_FRAMES, cuts=CUTS, crowding=0.5, camera_speed=1.5)
    home = folder / f"cuts-{seed:05d}"
    paths = {name: home / f"{name}.npz" for name in EMBEDDERS}
    if not (home / "truth.npz").is_file():
        record(plan, home, paths, osnet)
    cuts = import_module("data_prep.synthetic.render").cut_frames(plan)
    found = {name: [f.detections for f in Recording(path)] for name, path in paths.items() if path.is_file()}
    found[""] = [Detections(d.xyxy, d.score, d.class_id) for d in found[EMBEDDERS[0]]]
    tracks = {name: follow(detections, cuts) for name, detections in found.items()}
    return CutMatch(home.name, MotTable(**np.load(home / "truth.npz")), cuts, tracks)


def follow(detections: list[Detections], cuts: list[int]) -> TrackTable:
    """Track with SportsTrack, which is told of the cuts."""
    tracker, found = create_tracker("sports", frame_rate=RATE, frame_size=(int(WIDTH), int(HEIGHT))), []
    for n, detected in enumerate(detections):
        if n in cuts:
            tracker.cut()
        found.append(tracker.update(detected))
    return TrackTable.from_tracks(found, list(detections))


def people_of(table: TrackTable, truth: MotTable) -> np.ndarray:
    """Return (N,) who is in each box: the truth's id of the best overlap from 0.5 on, else −1."""
    who = np.full(len(table), -1)
    for frame in np.unique(table.frame):
        rows, real = np.flatnonzero(table.frame == frame), np.flatnonzero(truth.frame == frame)
        if len(real):
            overlap = iou(table.xyxy[rows], truth.xyxy[real])
            good = overlap.max(axis=1) >= 0.5
            who[rows[good]] = truth.track_id[real[overlap.argmax(axis=1)]][good]
    return who


def links(table: TrackTable, who: np.ndarray, shot: np.ndarray) -> tuple[int, int, int]:
    """Return how many ids stand in a shot and again in a later one, how many of these are right, and how many could be.

    A track is whose it mostly is; a person's is the track with most boxes in the shot.
    """
    pairs, counts = np.unique(np.column_stack((shot, table.track_id, who)), axis=0, return_counts=True)
    main: dict[tuple[int, int], int] = {}  # (shot, track) → person
    own: dict[tuple[int, int], int] = {}  # (person, shot) → track
    for (k, track_id, person), _ in sorted(zip(pairs.tolist(), counts.tolist(), strict=True), key=lambda row: row[1]):
        main[k, track_id] = person
        if person >= 0:
            own[person, k] = track_id
    made = right = possible = 0
    for rows, of in ((sorted((t, k) for k, t in main), "track"), (sorted(own), "person")):
        for (one, k), (other, later) in pairwise(rows):
            if one != other:
                continue
            if of == "track":
                made += 1
                right += main[k, one] == main[later, one] >= 0
            else:
                possible += 1
    return made, right, possible


def across_cuts(folder: Path, osnet: Path) -> None:
    """Print who is known again across cuts, by what evidence."""
    size = {"frame_rate": RATE, "width": WIDTH, "height": HEIGHT}
    print("| matches | evidence | looks | links | precision | recall | HOTA | AssA | IDF1 |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for which, seeds in CUT_SEEDS.items():
        matches = [cut_match(seed, folder, osnet) for seed in seeds]
        for looks in [name for name in matches[0].tracks if name]:
            for evidence, (seen, changes) in {"(causal)": (True, None), **ACROSS}.items():
                if not seen and looks != EMBEDDERS[0]:
                    continue
                counts, scores = np.zeros(3, np.int64), []
                for match in matches:
                    table = match.tracks[looks if seen else ""]
                    if changes is not None:
                        settings = RefineSettings(**changes)
                        table = refine(table, **size, frames=CUT_FRAMES, cuts=match.cuts, settings=settings)
                    shot = np.searchsorted(match.cuts, table.frame, side="right")
                    counts += links(table, people_of(table, match.truth), shot)
                    scores.append(Job(match.name, match.truth, table.to_mot(), CUT_FRAMES).scores())
                made, right, possible = counts.tolist()
                pooled = Scores.pool(scores)
                figures = " | ".join(f"{100 * pooled[name]:.1f}" for name in ("HOTA", "AssA", "IDF1"))
                share = f"{right / max(made, 1):.3f} | {right / max(possible, 1):.3f}"
                print(
                    f"| {which} | {evidence} | {looks if seen else 'none'} | {made} | {share} | {figures} |", flush=True
                )


def joined(folder: Path, osnet: Path, pairs: int) -> None:
    """Print how many shots of different matches, one put after the other, share an id."""
    matches = [cut_match(seed, folder, osnet) for seeds in CUT_SEEDS.values() for seed in seeds]
    length = CUT_FRAMES // (CUTS + 1)
    for looks in matches[0].tracks:
        rng, wrong = np.random.default_rng(0), 0
        for _ in range(pairs):
            chosen = rng.choice(len(matches), 2, replace=False)
            parts = [shot_of(matches[k].tracks[looks], int(rng.integers(CUTS + 1)), length) for k in chosen]
            table = put_together(*parts, length)
            after = refine(table, frame_rate=RATE, width=WIDTH, height=HEIGHT, cuts=[length])
            wrong += len(np.intersect1d(after.track_id[after.frame < length], after.track_id[after.frame >= length]))
        print(f"{pairs} joins of different matches, looks: {looks or 'none'}: {wrong} ids in both", flush=True)


def shot_of(table: TrackTable, shot: int, length: int) -> TrackTable:
    """Return a shot's rows, its frames from 0."""
    part = table[(table.frame >= shot * length) & (table.frame < (shot + 1) * length)]
    return replace(part, frame=part.frame - shot * length)


def put_together(one: TrackTable, other: TrackTable, length: int) -> TrackTable:
    """Return both, the second after the first, nobody in both."""
    looks = None
    if one.embedding is not None and other.embedding is not None:
        looks = np.concatenate((one.embedding, other.embedding))
    return TrackTable.of(
        np.concatenate((one.frame, other.frame + length)),
        np.concatenate((one.track_id, other.track_id + one.track_id.max(initial=0) + 1)),
        np.concatenate((one.xyxy, other.xyxy)),
        np.concatenate((one.score, other.score)),
        embedding=looks,
    )


def worth_of_looks(folder: Path, osnet: Path, trackers: list[str]) -> None:
    """Print what looks are worth to split and to link."""
    rendered = RenderedSet(folder, osnet)
    clips = [rendered.read(path) for path in rendered.sequences(folder)]
    ways = {
        "no looks": {"appearance_weight": 0.0, "steps": STEPS[1:]},
        "looks in split": {"appearance_weight": 0.0},
        "looks in link": {"steps": STEPS[1:]},
        "looks in both": {},
    }
    print("| tracker | looks | offline | HOTA | AssA | IDF1 | IDSW |")
    print("|---|---|---|---:|---:|---:|---:|")
    for name in trackers:
        for looks in clips[0].looks:
            tables = [whole(name, clip, looks) for clip in clips]
            for way, changes in {"(causal)": None, **ways}.items():
                scores = []
                for clip, table in zip(clips, tables, strict=True):
                    frames = len(clip.detections)
                    size = {"frame_rate": clip.frame_rate, "width": clip.size[0], "height": clip.size[1]}
                    after = table
                    if changes is not None:
                        after = refine(table, **size, frames=frames, settings=RefineSettings(**changes))
                    scores.append(Job(clip.name, clip.truth, after.to_mot(), frames).scores())
                s = Scores.pool(scores)
                figures = " | ".join(f"{100 * s[figure]:.2f}" for figure in ("HOTA", "AssA", "IDF1"))
                print(f"| {name} | {looks} | {way} | {figures} | {s.IDSW} |", flush=True)


def whole(name: str, clip: Clip, looks: str) -> TrackTable:
    """Run a tracker over a rendered clip."""
    tracker = create_tracker(name, frame_rate=clip.frame_rate, frame_size=clip.size)
    detections = clip.looks[looks]
    return TrackTable.from_tracks([tracker.update(one) for one in detections], list(detections))


def play(step: str) -> TrackTable:
    """Return a little scene that shows what a step does; places are those of 40 × 90 boxes in a 640 × 360 picture."""
    rng = np.random.default_rng(3)
    t = np.arange(150)
    up, down = 120 + 2.6 * t, 520 - 2.6 * t
    met = 77  # two players meet here
    first, second = np.where(t < met, up, down), np.where(t < met, down, up)  # who swap their ids
    red, blue = np.eye(2)[np.where(t < met, 0, 1)], np.eye(2)[np.where(t < met, 1, 0)]
    if step == "split":
        return _tracks([(1, t, first, red), (2, t, second, blue)])
    unseen = (t > 60) & (t < 90)
    away = t[(t < 40) | (t > 75)]
    if step == "link":
        pieces = [(1, t[t <= 60], up[t <= 60]), (2, t, np.full(150, 330.0) + 40 * np.sin(t / 20) + 230 - t)]
        pieces += [(5, t[t >= 90], up[t >= 90]), (7, t[t > 110], 60 + 0.4 * t[t > 110]), (3, t[:90], 60 + 0.4 * t[:90])]
        return _tracks(pieces)
    if step == "interpolate":
        return _tracks([(1, t[~unseen], up[~unseen]), (2, away, 420 + 40 * np.sin(away / 30))])
    if step == "smooth":
        return _tracks(
            [(1, t, 200 + 60 * np.sin(t / 25) + rng.normal(0, 6, 150)), (2, t, down + rng.normal(0, 6, 150))]
        )
    specks = [
        (3 + i, np.arange(a, a + 6), np.full(6, x)) for i, (a, x) in enumerate([(20, 60.0), (70, 560), (120, 300)])
    ]
    return _tracks([(1, t, 200 + 60 * np.sin(t / 25)), *specks])


def _tracks(pieces: list[tuple[Any, ...]]) -> TrackTable:
    ids, times, places = (np.concatenate([np.broadcast_to(p[i], len(p[1])) for p in pieces]) for i in range(3))
    looks = np.concatenate([p[3] for p in pieces]) if len(pieces[0]) > 3 else None
    x, y = places[:, None], np.full((len(ids), 1), 200.0)
    return TrackTable.of(times, ids, np.hstack((x - 20, y - 45, x + 20, y + 45)), embedding=looks)


def picture(before: TrackTable, after: TrackTable) -> str:
    """Return an SVG: places over time, before and after, a colour per id; filled boxes are hollow."""
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255")
    names = sorted({*before.track_id.tolist(), *after.track_id.tolist()})
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 190" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="660" height="190" fill="white"/>')
    for title, table, left in (("before", before, 10), ("after", after, 340)):
        parts.append(f'<text x="{left}" y="16">{title}: {table.tracks} tracks</text>')
        parts.append(f'<rect x="{left}" y="24" width="310" height="160" fill="none" stroke="#bbb"/>')
        places = table.xyxy[:, [0, 2]].mean(axis=1)
        for frame, track, x, filled in zip(table.frame, table.track_id, places, table.filled, strict=True):
            colour = colours[names.index(int(track)) % len(colours)]
            fill = f'fill="none" stroke="{colour}" stroke-width="0.8"' if filled else f'fill="{colour}"'
            parts.append(f'<circle cx="{left + 4 + 2 * frame}" cy="{24 + x / 4:.1f}" r="1.8" {fill}/>')
    return "\n".join([*parts, "</svg>", ""])


def two_pictures() -> tuple[TrackTable, int]:
    """Return the linked boxes of a moment that two cameras saw, and the frame of the cut."""
    synthetic, lens = import_module("data_prep.synthetic"), import_module("data_prep.synthetic.camera")
    plan = synthetic.Settings(seed=21, frames=50, crowding=0.6)
    match = import_module("data_prep.synthetic.match").Match(plan)
    moments = [match.step() for _ in range(plan.frames)]
    target = np.array([*moments[0].ball[:2], 1.0])
    seats = ((0.0, -62.0, 20.0), 2200.0), ((-25.0, -56.0, 15.0), 2000.0)
    views = [lens.look_at(np.array(seat), target, focal, 0.0, (int(WIDTH), int(HEIGHT))) for seat, focal in seats]
    cut, rng, parts = plan.frames // 2, np.random.default_rng(0), []
    for n, moment in enumerate(moments):
        view, ground = views[n >= cut], np.column_stack((moment.xy, np.zeros(len(moment.xy))))
        feet, head = view.project(ground)[0], view.project(ground + (0.0, 0.0, 1.8))[0]
        tall = (feet - head)[:, 1:]
        box = (
            np.hstack((feet - tall * (0.2, 1.0), feet + tall * (0.2, 0.0))) + rng.normal(0, 0.02, (len(feet), 4)) * tall
        )
        seen = (box[:, :2] > 0).all(axis=1) & (box[:, 2:] < (WIDTH, HEIGHT)).all(axis=1)
        parts.append((np.full(seen.sum(), n), np.flatnonzero(seen) + (100 if n >= cut else 1), box[seen]))
    table = TrackTable.of(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    size = {"frame_rate": RATE, "width": WIDTH, "height": HEIGHT}
    return refine(table, **size, cuts=[cut], settings=RefineSettings(steps=["link"])), cut


def cut_picture() -> str:
    """Return an SVG: the last picture before a cut and the first after it; who is known again has a number."""
    after, cut = two_pictures()
    both = np.intersect1d(after.track_id[after.frame < cut], after.track_id[after.frame >= cut]).tolist()
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 206" font-family="sans-serif" font-size="10">']
    parts.append('<rect width="660" height="206" fill="white"/>')
    for title, frame, left in (("last picture before the cut", cut - 1, 10), ("first picture after it", cut, 340)):
        parts.append(f'<text x="{left}" y="14" font-size="12">{title}</text>')
        parts.append(f'<rect x="{left}" y="22" width="310" height="174" fill="#eef5ea" stroke="#bbb"/>')
        for box, track in zip(
            after.xyxy[after.frame == frame], after.track_id[after.frame == frame].tolist(), strict=True
        ):
            x, y, right, bottom = box * 310 / WIDTH + (left, 22, left, 22)
            known = track in both
            colour = f"hsl({both.index(track) * 360 // len(both)},75%,42%)" if known else "#999"
            shape = f'x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{bottom - y:.1f}"'
            parts.append(f'<rect {shape} fill="none" stroke="{colour}" stroke-width="1.4"/>')
            if known:
                parts.append(f'<text x="{x:.1f}" y="{y - 2:.1f}" fill="{colour}">{both.index(track) + 1}</text>')
    return "\n".join([*parts, "</svg>", ""])


def draw(folder: Path) -> None:
    """Write one picture per step, and one of a cut."""
    (folder / "refine-formation.svg").write_text(cut_picture(), encoding="utf-8")
    print(f"{folder}/refine-formation.svg")
    for step in STEPS:
        table = play(step)
        settings = RefineSettings(steps=[step])
        still = np.tile(np.eye(2, 3), (150, 1, 1))
        after = refine(
            table,
            frame_rate=RATE,
            width=640,
            height=360,
            frames=600,
            camera=np.tile(still, (4, 1, 1)),
            settings=settings,
        )
        (folder / f"refine-{step}.svg").write_text(picture(table, after), encoding="utf-8")
        counts = f"{table.tracks} tracks → {after.tracks}, {len(table)} boxes → {len(after)}"
        print(f"{folder}/refine-{step}.svg: {counts}")


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=180_000)
    parser.add_argument("--players", type=int, default=25)
    parser.add_argument("--cut-every", type=float, default=0.0, metavar="SECONDS", help="with cuts that are none")
    parser.add_argument("--accuracy", action="store_true", help="measure gains instead of time")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sportsmot/train"), help="SportsMOT sequences")
    parser.add_argument("--trackers", nargs="+", default=["bytetrack", "sports"])
    parser.add_argument(
        "--cuts", action="store_true", help="measure who is known again across cuts, on rendered matches"
    )
    parser.add_argument("--pairs", type=int, default=1000, help="of shots of different matches, with --cuts")
    parser.add_argument("--looks", action="store_true", help="measure what looks are worth, on rendered matches")
    parser.add_argument("--output", type=Path, default=Path("runs/refine"), help="where the rendered matches go")
    parser.add_argument("--osnet", type=Path, default=Path("../shared/data/weights/osnet_x0_25_msmt17.onnx"))
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw instead")
    args = parser.parse_args()
    if args.pictures:
        draw(args.pictures)
    elif args.cuts:
        across_cuts(args.output, args.osnet)
        joined(args.output, args.osnet, args.pairs)
    elif args.looks:
        worth_of_looks(args.output, args.osnet, args.trackers)
    elif not args.accuracy:
        measure(args.players, args.frames, args.cut_every)
    elif not args.data.is_dir():
        parser.error(f"--data: no folder {args.data}")
    else:
        gains(args.data, args.trackers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
