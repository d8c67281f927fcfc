"""A rendered match without its pictures: boxes, cameras, identities and the truth in metres, all from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.synthetic.camera import Operator, SceneCamera
from data_prep.synthetic.match import Match
from data_prep.synthetic.settings import Settings, identities
from sportstrack.identities import Identities, Identity, write_identities
from sportstrack.mot import format_mot_rows
from sportstrack.pitch import Camera, PitchFrame, PitchTrack, load_pitch, write_pitch
from sportstrack.types import Tracks

RATE = 25.0
TEAMS = {"left": "A", "right": "B", "": ""}
NAMES = ("player", "goalkeeper", "referee", "ball")


@dataclass(frozen=True, eq=False)
class PlayedMatch:
    """The files of a match, and the truth of F frames with 23 people.

    Attributes:
        result: MOT text; its classes have names in the summary beside it.
        pitch: the pitch file.
        identities: the identities' file.
        xy: (F, 23, 2) metres, y towards the near side.
        seen: (F, 23) whether the person's feet are in the picture.
        ball: (F, 3) metres with the height.
    """

    result: Path
    pitch: Path
    identities: Path
    xy: np.ndarray
    seen: np.ndarray
    ball: np.ndarray


def camera_of(scene: SceneCamera) -> Camera:
    """The renders' camera in the pitch's coordinates: their y points away, ours to the near side."""
    m = scene.matrix
    homography = np.column_stack([m[:, 0], -m[:, 1], m[:, 3]])
    return Camera.from_homography(homography, (scene.width / 2, scene.height / 2))


def play(
    folder: Path, seed: int = 7, frames: int = 250, noise: float = 0.0, refused: tuple[int, ...] = ()
) -> PlayedMatch:
    """Write a match to a folder.

    Args:
        folder: where to.
        seed: of everything.
        frames: how many.
        noise: standard deviation of the boxes' edges, in heights of the box.
        refused: frames, from 0, whose camera is not known.
    """
    settings = Settings(seed=seed, frames=frames, view="main")
    rng = np.random.default_rng(seed)
    match = Match(settings)
    state = match.step()
    operator = Operator(settings, state.ball)
    operator.step(state.ball, state.ball_velocity)
    size = np.array([settings.width, settings.height])
    lines, cameras = [], {}
    xy, seen, ball = np.zeros((frames, 23, 2)), np.zeros((frames, 23), bool), np.zeros((frames, 3))
    classes = np.array([one.class_id for one in identities(settings)])
    for frame in range(frames):
        state = match.step()
        scene = operator.step(state.ball, state.ball_velocity)
        xy[frame], ball[frame] = state.xy * (1, -1), state.ball * (1, -1, 1)
        feet, _ = scene.project(np.column_stack([state.xy, np.zeros(23)]))
        heads, _ = scene.project(np.column_stack([state.xy, np.full(23, 1.8)]))
        middle, depth = scene.project(state.ball[None])
        radius = 0.11 * np.linalg.norm(scene.matrix[2, :3]) * _focal(scene) / depth[0]
        tall = feet[:, 1] - heads[:, 1]
        boxes = np.column_stack([feet[:, 0] - 0.2 * tall, heads[:, 1], feet[:, 0] + 0.2 * tall, feet[:, 1]])
        boxes += noise * tall[:, None] * rng.normal(size=boxes.shape)
        boxes = np.vstack([boxes, [*(middle[0] - radius), *(middle[0] + radius)]])
        inside = ((boxes[:, 2:] > 0) & (boxes[:, :2] < size)).all(axis=1) & (boxes[:, 3] < size[1])
        seen[frame] = inside[:23]
        rows = np.flatnonzero(inside)
        lines.append(
            format_mot_rows(
                frame, Tracks(boxes[rows], np.ones(len(rows)), classes[rows], rows + 1, np.arange(len(rows)))
            )
        )
        one = PitchFrame(frame, "ok", "", camera_of(scene), 1.0, 0.1)
        cameras[frame] = PitchFrame(frame, "refused", "a test") if frame in refused else one
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "match.txt").write_text("".join(lines), encoding="utf-8")
    names = ", ".join(f'"{number}": "{name}"' for number, name in enumerate(NAMES))
    (folder / "match.summary.json").write_text(
        f'{{"frame_rate": {RATE}, "width": {size[0]}, "height": {size[1]}, "names": {{{names}}}}}', encoding="utf-8"
    )
    write_pitch(folder / "match.pitch.jsonl", PitchTrack(load_pitch(), (settings.width, settings.height), cameras))
    write_identities(folder / "match.identities.csv", _identities(settings))
    files = (folder / name for name in ("match.txt", "match.pitch.jsonl", "match.identities.csv"))
    return PlayedMatch(*files, xy, seen, ball)


def _focal(scene: SceneCamera) -> float:
    return float(np.linalg.norm(scene.matrix[0, :3] - scene.width / 2 * scene.matrix[2, :3]))


def _identities(settings: Settings) -> Identities:
    rows = []
    for one in identities(settings):
        number = "" if one.number is None else str(one.number)
        team = "" if NAMES[one.class_id] == "goalkeeper" else TEAMS[one.team]  # told by the goal that they keep
        rows.append(Identity(one.track_id, team=team, role=NAMES[one.class_id], number=number))
    return Identities(rows)
