"""What frames of known cameras show of a pitch: line pixels, motion and marks, without any pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack import Camera, Mark, Pitch, load_pitch
from sportstrack.pitch.clip.model import Painted, in_view
from sportstrack.pitch.clip.views import project, shared_of, view_of
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame, evidence_of_marks
from sportstrack.pitch.file import PitchTrack

SIZE = (1280, 720)
MIDDLE = (640.0, 360.0)
FOOTBALL = load_pitch()
FEW = ("left_far_corner", "left_near_penalty_area_corner", "left_penalty_spot", "far_halfway", "centre_spot",
       "near_centre_circle_halfway", "left_far_goal_area_corner")  # fmt: skip


def pan_and_zoom(count: int, *, centre: tuple[float, float, float] = (3.0, 75.0, 17.0)) -> list[Camera]:
    """A camera that pans over half of the pitch and back, and zooms meanwhile."""
    part = np.sin(np.linspace(0.0, np.pi, count))
    return [Camera(centre, -20.0 + 32.0 * p, 11.5 + p, 0.3, 1500.0 * 1.35**p, MIDDLE, -0.02) for p in part]


def seen_by(cameras: Sequence[Camera], pitch: Pitch = FOOTBALL, *, cuts: tuple[int, ...] = (), seed: int = 0,
            lines: Sequence[bool] | None = None, noise: float = 0.5) -> list[SeenFrame]:  # fmt: skip
    """What frames of these cameras show: two thirds of the line pixels, some that are none, and the motion."""
    rng, painted, frames = np.random.default_rng(seed), Painted.of(pitch), []
    far = rng.uniform((-90, -140, 0), (90, -40, 20), (150, 3))  # stands and boards
    for k, camera in enumerate(cameras):
        view = in_view(painted, shared_of(camera), view_of(camera), SIZE, margin=0.0)
        rows = rng.permutation(len(view.index))[: min(400, 2 * len(view.index) // 3)]
        angle = np.arctan2(view.normal[rows, 1], view.normal[rows, 0]) + rng.normal(0, 0.05, len(rows))
        found = np.column_stack([view.pixels[rows] + rng.normal(0, noise, (len(rows), 2)), angle])
        wrong = np.column_stack([rng.uniform((0, 250), SIZE, (40, 2)), rng.uniform(0, np.pi, 40)])
        found = np.concatenate([found, wrong])
        before, after = np.empty((0, 2)), np.empty((0, 2))
        if k and k not in cuts:
            (before,), _ = project(shared_of(cameras[k - 1]), view_of(cameras[k - 1])[None], far, MIDDLE)
            (after,), _ = project(shared_of(camera), view_of(camera)[None], far, MIDDLE)
            inside = ((before > 0) & (before < SIZE) & (after > 0) & (after < SIZE)).all(1)
            before, after = before[inside], after[inside] + rng.normal(0, 0.1, (int(inside.sum()), 2))
            after[::5] += rng.normal(0, 6, after[::5].shape)  # people
        is_seen = lines is None or lines[k]
        frames.append(SeenFrame(k, found if is_seen else np.empty((0, 3)), before, after, k in cuts))
    return frames


def marks_of(camera: Camera, frame: int, names: Sequence[str] = FEW, noise: float = 1.5, pitch: Pitch = FOOTBALL,
             seed: int = 1) -> dict[int, PitchEvidence]:  # fmt: skip
    rng = np.random.default_rng(seed)
    pixels = camera.project([[*pitch.keypoints[n], 0.0][:3] for n in names]) + rng.normal(0, noise, (len(names), 2))
    return evidence_of_marks(
        [Mark(frame + 1, n, (x, y)) for n, (x, y) in zip(names, pixels.tolist(), strict=True)], 1280
    )


def worst(track: PitchTrack, cameras: Sequence[Camera]) -> float:
    """The largest of the frames' mean errors at feet all over the picture, in metres."""
    grid = np.stack(np.meshgrid(np.linspace(100, 1180, 7), np.linspace(330, 690, 5)), -1).reshape(-1, 2)
    found = []
    for one in track:
        if one.camera is not None:
            truth, told = cameras[one.frame].to_ground(grid), one.camera.to_ground(grid)
            on = (np.abs(truth) < (55, 36)).all(1)
            found.append(float(np.linalg.norm(truth - told, axis=1)[on].mean()))
    return max(found)
