"""A pinhole camera on a stand, and an operator that pans, tilts and zooms it after the ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.synthetic.settings import PITCH_LENGTH, PITCH_WIDTH, STREAM_CAMERA, VIEWS, Array, Settings

NEAR = 1.0  # metres: what is nearer to the lens is not drawn
REFERENCE_WIDTH = 1280.0  # the zooms below are for a picture this wide


@dataclass(frozen=True)
class SceneCamera:
    """One pinhole camera: ``matrix`` (3, 4) takes metres (x, y, z, 1) to homogeneous pixels."""

    matrix: Array
    centre: Array  # (3,) metres
    width: int
    height: int

    def project(self, points: Array) -> tuple[Array, Array]:
        """Metres (..., 3) to pixels (..., 2) and depth (...,) in metres; only depth > NEAR makes sense."""
        homogeneous = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        depth = homogeneous[..., 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        return homogeneous[..., :2] / safe[..., None], depth

    def plane(self, origin: Array, right: Array, down: Array) -> Array:
        """(3, 3) homography: (a, b, 1) at ``origin + a * right + b * down`` to pixels (Hartley & Zisserman, 8.1.1)."""
        columns = np.stack([right, down, origin], axis=1)
        homography = self.matrix[:, :3] @ columns
        homography[:, 2] += self.matrix[:, 3]
        return homography


def look_at(centre: Array, target: Array, focal: float, roll: float, size: tuple[int, int]) -> SceneCamera:
    """The camera at ``centre`` that has ``target`` in the middle of its picture; focal length in pixels."""
    forward = (target - centre) / np.linalg.norm(target - centre)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    right, down = np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right
    rotation = np.stack([right, down, forward])
    intrinsics = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])
    matrix = intrinsics @ np.hstack([rotation, -rotation @ centre[:, None]])
    return SceneCamera(matrix, centre, *size)


class Operator:
    """Follows the ball with a lag, breathes with the zoom, and jumps to another viewpoint at each cut."""

    def __init__(self, settings: Settings, ball: Array) -> None:
        self._rng = settings.rng(STREAM_CAMERA)
        self._settings = settings
        self._view = ""
        self._roll = 0.0
        self._shake: Array = np.zeros(2)
        chances = np.array([chance for chance, _ in VIEWS.values()])
        self._jump(settings.view or str(self._rng.choice(list(VIEWS), p=chances / chances.sum())), ball)

    def cut(self, ball: Array) -> None:
        """Go to another viewpoint; the next ``step`` returns the new picture."""
        others = [name for name in VIEWS if name != self._view]
        self._jump(str(self._rng.choice(others)), ball)

    def _jump(self, view: str, ball: Array) -> None:
        rng = self._rng
        self._view = view
        self._centre = self._seat(view)
        self._zooms = VIEWS[view][1]
        self._zoom = self._zoom_goal = float(rng.uniform(*self._zooms))
        self._aim = self._limit(ball[:2] + rng.normal(0, 3, 2))
        self._aim_speed = np.zeros(2)
        self._roll = float(rng.normal(0, 0.004))

    def _seat(self, view: str) -> Array:
        """(3,) metres: where the camera of a view stands."""
        rng, side = self._rng, self._rng.choice([-1.0, 1.0])
        edge = PITCH_WIDTH / 2
        if view == "side":
            return np.array([side * rng.uniform(25, 38), -edge - rng.uniform(20, 28), rng.uniform(12, 17)])
        if view == "goal":
            return np.array([side * (PITCH_LENGTH / 2 + rng.uniform(26, 34)), rng.uniform(-6, 6), rng.uniform(14, 20)])
        seat = np.array([rng.uniform(-7, 7), -edge - rng.uniform(24, 34), rng.uniform(15, 23)])
        return seat * (1, -1, 1) if view == "reverse" else seat

    def _limit(self, aim: Array) -> Array:
        near, far = (-19.0, 25.0) if self._centre[1] < -PITCH_WIDTH / 2 else (-25.0, 19.0)
        return np.array([np.clip(aim[0], -44.0, 44.0), np.clip(aim[1], near, far)])

    def step(self, ball: Array, ball_velocity: Array) -> SceneCamera:
        """The camera of the next frame."""
        dt, haste, rng = 1.0 / self._settings.frame_rate, self._settings.camera_speed, self._rng
        goal = self._limit(ball[:2] + 0.35 * ball_velocity[:2])
        stiff = 2.2 * haste  # rad/s of a critically damped follower
        self._aim_speed += (stiff**2 * (goal - self._aim) - 2 * stiff * self._aim_speed) * dt
        self._aim = self._aim + self._aim_speed * dt
        if rng.random() < 0.25 * dt:
            self._zoom_goal = float(rng.uniform(*self._zooms))
        self._zoom += (self._zoom_goal - self._zoom) * min(1.0, 0.6 * haste * dt)
        self._shake = 0.92 * self._shake + rng.normal(0, 0.008, 2) * min(1.0, haste)
        target = np.array([*(self._aim + self._shake), 1.0])
        size = (self._settings.width, self._settings.height)
        focal = self._zoom * size[0] / REFERENCE_WIDTH * float(np.linalg.norm(target - self._centre))
        return look_at(self._centre, target, focal, self._roll, size)
