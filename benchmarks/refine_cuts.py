"""Rendered matches with hard cuts, for refine.py: which players get their ids again after a cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
from rendered import EMBEDDERS, record

from sportstrack import Detections, Scores, create_tracker
from sportstrack.boxes import iou
from sportstrack.mot import MotTable
from sportstrack.recording import Recording
from sportstrack.refine import RefineSettings, TrackTable, refine
from sportstrack.score.run import Job

RATE, WIDTH, HEIGHT = 25.0, 1280.0, 720.0
CUT_SEEDS = {"tuned on": range(411, 417), "held back": range(511, 517)}
CUT_FRAMES, CUTS = 200, 4
ACROSS = {
    "none": (False, {"shot_memory": 0.0}),
    "formation": (False, {}),
    "appearance": (True, {"formation_evidence": 0.0, "shot_unproven": 1.0}),
    "appearance + formation": (True, {}),
}
"""Name of the evidence → whether there are embeddings, and the settings."""


@dataclass(frozen=True)
class CutMatch:
    """A rendered match with hard cuts, as a causal tracker saw it."""

    name: str
    truth: MotTable
    cuts: list[int]
    tracks: dict[str, TrackTable]  # by embedder; "" without embeddings


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
    """Track with SportsTrack, with the cuts given."""
    tracker, found = create_tracker("sports", frame_rate=RATE, frame_size=(int(WIDTH), int(HEIGHT))), []
    for n, detected in enumerate(detections):
        if n in cuts:
            tracker.cut()
        found.append(tracker.update(detected))
    return TrackTable.from_tracks(found, list(detections))


def people_of(table: TrackTable, truth: MotTable) -> np.ndarray:
    """Return (N,) the player in each box: the truth's id of the best overlap, at least 0.5, else −1."""
    player = np.full(len(table), -1)
    for frame in np.unique(table.frame):
        rows, real = np.flatnonzero(table.frame == frame), np.flatnonzero(truth.frame == frame)
        if len(real):
            overlap = iou(table.xyxy[rows], truth.xyxy[real])
            good = overlap.max(axis=1) >= 0.5
            player[rows[good]] = truth.track_id[real[overlap.argmax(axis=1)]][good]
    return player


def links(table: TrackTable, player: np.ndarray, shot: np.ndarray) -> tuple[int, int, int]:
    """Return how many ids stand in a shot and again in a later one, how many of these are right, and how many could be.

    A track belongs to the player in most of its boxes; a player's track is the one with most boxes in the shot.
    """
    pairs, counts = np.unique(np.column_stack((shot, table.track_id, player)), axis=0, return_counts=True)
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
    """Print which players are linked across cuts, by what evidence."""
    size = {"frame_rate": RATE, "width": WIDTH, "height": HEIGHT}
    print("| matches | evidence | embedder | links | precision | recall | HOTA | AssA | IDF1 |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for which, seeds in CUT_SEEDS.items():
        matches = [cut_match(seed, folder, osnet) for seed in seeds]
        for embedder in [name for name in matches[0].tracks if name]:
            for evidence, (seen, changes) in {"(causal)": (True, None), **ACROSS}.items():
                if not seen and embedder != EMBEDDERS[0]:
                    continue
                counts, scores = np.zeros(3, np.int64), []
                for match in matches:
                    table = match.tracks[embedder if seen else ""]
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
                    f"| {which} | {evidence} | {embedder if seen else 'none'} | {made} | {share} | {figures} |",
                    flush=True,
                )


def joined(folder: Path, osnet: Path, pairs: int) -> None:
    """Print how many shots of different matches, one put after the other, share an id."""
    matches = [cut_match(seed, folder, osnet) for seeds in CUT_SEEDS.values() for seed in seeds]
    length = CUT_FRAMES // (CUTS + 1)
    for embedder in matches[0].tracks:
        rng, wrong = np.random.default_rng(0), 0
        for _ in range(pairs):
            chosen = rng.choice(len(matches), 2, replace=False)
            parts = [shot_of(matches[k].tracks[embedder], int(rng.integers(CUTS + 1)), length) for k in chosen]
            table = put_together(*parts, length)
            after = refine(table, frame_rate=RATE, width=WIDTH, height=HEIGHT, cuts=[length])
            wrong += len(np.intersect1d(after.track_id[after.frame < length], after.track_id[after.frame >= length]))
        print(f"{pairs} joins of different matches, embedder: {embedder or 'none'}: {wrong} ids in both", flush=True)


def shot_of(table: TrackTable, shot: int, length: int) -> TrackTable:
    """Return a shot's rows, its frames from 0."""
    part = table[(table.frame >= shot * length) & (table.frame < (shot + 1) * length)]
    return replace(part, frame=part.frame - shot * length)


def put_together(one: TrackTable, other: TrackTable, length: int) -> TrackTable:
    """Return both, the second after the first, no id in both."""
    embedding = None
    if one.embedding is not None and other.embedding is not None:
        embedding = np.concatenate((one.embedding, other.embedding))
    return TrackTable.of(
        np.concatenate((one.frame, other.frame + length)),
        np.concatenate((one.track_id, other.track_id + one.track_id.max(initial=0) + 1)),
        np.concatenate((one.xyxy, other.xyxy)),
        np.concatenate((one.score, other.score)),
        embedding=embedding,
    )
