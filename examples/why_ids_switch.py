"""Four scenes in which ids switch, each for another cause, and what one setting changes.

python examples/why_ids_switch.py [FOLDER]

Ten people walk before a camera for 20 seconds; each scene adds one difficulty. Only the boxes are made up. Trackers,
scores and causes are those of ``sportstrack track`` and ``sportstrack evaluate --diagnose``.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import sportstrack as st

FRAMES, PEOPLE, RATE, SIZE = 500, 10, 25, (1280, 720)
HIT = 0.9  # score of a person whom nobody covers


@dataclass(frozen=True)
class Scene:
    """What is there and what a detector finds: (F, P, 4) corners, (F, P) scores, 0 where nothing is found."""

    boxes: np.ndarray
    scores: np.ndarray
    shift: np.ndarray  # (F,) pixels by which the camera has turned to the right

    @classmethod
    def of(cls, rng: np.random.Generator, shift: np.ndarray | float = 0.0, width: float = 1600) -> Scene:
        """Let people wander over ground of some width, in front of a camera that turns."""
        turn = np.cumsum(rng.normal(0, 0.08, (FRAMES, PEOPLE)), axis=0) + rng.uniform(0, 6.3, PEOPLE)
        step = np.stack([2.2 * np.cos(turn), 0.7 * np.sin(turn)], axis=2)
        free = np.cumsum(step, axis=0) + rng.uniform(0, 1, (PEOPLE, 2)) * (width, 400)
        at = np.abs((free + (width, 400)) % (2 * width, 800) - (width, 400))  # turned back at the edges
        turned = np.broadcast_to(shift, FRAMES)
        feet = at + (SIZE[0] / 2 - width / 2, 250) - np.stack([turned, 0 * turned], axis=1)[:, None]
        return cls(np.concatenate([feet - (20, 100), feet + (20, 0)], axis=2), np.full((FRAMES, PEOPLE), HIT), turned)

    def covered(self) -> np.ndarray:
        """Return (F, P) the share of each box that somebody nearer to the camera covers."""
        mine, other = self.boxes[:, :, None], self.boxes[:, None]
        shared = np.minimum(mine[..., 2:], other[..., 2:]) - np.maximum(mine[..., :2], other[..., :2])
        in_front = other[..., 3] > mine[..., 3]
        return (np.clip(shared, 0, None).prod(axis=3) / 4000 * in_front).max(axis=2)


def measure(
    folder: Path, scene: Scene, name: str, *, camera: bool = False, refined: bool = False, **settings: Any
) -> str:
    """Track a scene, and return switches, IDF1 and the causes."""
    rng = np.random.default_rng(1)
    tracker = st.create_tracker(name, frame_rate=RATE, **settings)
    found, tracks, truth = [], [], []
    for frame in range(FRAMES):
        box, score = scene.boxes[frame], scene.scores[frame]
        seen = (box[:, 0] >= 0) & (box[:, 2] <= SIZE[0])
        who, kept = np.flatnonzero(seen), seen & (score > 0)
        truth.append(st.Tracks(box[who], np.ones(len(who)), 0 * who, who + 1, 0 * who - 1))
        found.append(st.Detections.from_arrays(box[kept] + rng.normal(0, 1.5, (kept.sum(), 4)), score[kept]))
        moved = scene.shift[frame] - scene.shift[max(frame - 1, 0)]
        tracks.append(tracker.update(found[-1], np.array([[1.0, 0, -moved], [0, 1, 0]]) if camera else None))
    result: Any = tracks
    if refined:
        table, numbers = st.TrackTable.from_tracks(tracks, found, range(FRAMES)), range(FRAMES)
        result = st.refine_tracks(table, numbers, frame_rate=RATE, width=SIZE[0], height=SIZE[1])
    for side, rows in (("truth", truth), ("result", result)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        st.write_mot(folder / side / "scene.txt", rows)
    scores = st.score_tracks(folder / "truth", folder / "result")
    (job,) = st.find_jobs(folder / "truth", folder / "result")
    causes = Counter(switch.cause for switch in st.diagnose_job(job).switches)
    told = ", ".join(f"{count} {cause}" for cause, count in causes.most_common(2))
    return f"{scores.IDSW:4} {100 * scores.IDF1:6.1f}  {told}"


def main(folder: Path) -> None:
    """Print a table: scene and setting, identity switches, IDF1, the two most frequent causes."""
    time = np.arange(FRAMES)
    whips = np.cumsum(np.where(time // 12 % 5 == 0, np.where(time // 60 % 2, -30.0, 30.0), 0.0)) - 180
    leaves = Scene.of(np.random.default_rng(3), 500 * np.sin(time / RATE * 2 * np.pi / 8))
    pans = Scene.of(np.random.default_rng(4), whips, width=500)
    crowd = Scene.of(np.random.default_rng(5), width=900)
    crowd.scores[:] = np.select([crowd.covered() > 0.8, crowd.covered() > 0.3], [0.0, 0.3], HIT)
    no_low = Scene(crowd.boxes, np.where(crowd.scores < 0.5, 0, crowd.scores), crowd.shift)
    gaps, rng = Scene.of(np.random.default_rng(6), width=1200), np.random.default_rng(7)
    for person in range(PEOPLE):
        for start in rng.integers(0, FRAMES, 8):
            gaps.scores[start : start + rng.integers(5, 30), person] = 0
    at_borders = {"frame_size": SIZE}
    rows: list[tuple[str, Scene, str, dict[str, Any]]] = [
        ("players leave and come back: bytetrack", leaves, "bytetrack", {}),
        ("  sports, which remembers the borders", leaves, "sports", at_borders),
        ("  the same, refined", leaves, "sports", at_borders | {"refined": True}),
        ("the camera pans: botsort", pans, "botsort", {}),
        ("  botsort, told the camera's motion (--camera)", pans, "botsort", {"camera": True}),
        ("  sports without it", pans, "sports", at_borders),
        ("players cover each other: bytetrack, --score 0.5", no_low, "bytetrack", {}),
        ("  bytetrack, --score 0.1", crowd, "bytetrack", {}),
        ("  sports, --score 0.1, refined", crowd, "sports", at_borders | {"refined": True}),
        ("the detector misses players: sort", gaps, "sort", {}),
        ("  sort, max_age=30", gaps, "sort", {"max_age": 30}),
        ("  sports", gaps, "sports", at_borders),
        ("  the same, refined", gaps, "sports", at_borders | {"refined": True}),
    ]
    print(f"{'':50} IDSW   IDF1  causes")
    for title, scene, tracker, settings in rows:
        print(f"{title:50} {measure(folder, scene, tracker, **settings)}".rstrip())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/why_ids_switch"))
