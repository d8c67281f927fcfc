"""People off the field: in the stands across it, and on the camera's own side."""

from __future__ import annotations

import numpy as np

from data_prep.synthetic.camera import SceneCamera
from data_prep.synthetic.kits import HAIRS, SKINS, Kit
from data_prep.synthetic.match import MatchState
from data_prep.synthetic.people import Sprite, Wardrobe, skeleton
from data_prep.synthetic.settings import STREAM_BYSTANDERS, Array, Settings
from data_prep.synthetic.stadium import BOARD_GAP, HALF, STAND_DEPTH, STAND_RISE

INWARD = np.array([(0.0, -1.0), (0.0, 1.0), (1.0, 0.0), (-1.0, 0.0)])  # of the four sides
FIRST_ROW = (1.5, 1.2)  # metres behind the boards, and up
DEEPEST = 7.0  # metres behind the first row


class RenderedBystanders:
    """Draws people who stand still, dressed in anything; where there is no stand between, on the ground."""

    def __init__(self, settings: Settings) -> None:
        rng = settings.rng(STREAM_BYSTANDERS)
        n = settings.bystanders
        self.count = n
        self._side = rng.integers(0, 4, n)
        edge = HALF + BOARD_GAP
        across = np.abs(INWARD[self._side, 0]) > 0  # behind a goal line
        self._offset = np.where(across, edge[0], edge[1])
        self._along = rng.uniform(-0.95, 0.95, n) * np.where(across, edge[1], edge[0])
        self._deep = rng.uniform(0, DEEPEST, n)
        self._turn = rng.normal(0, 0.5, n)
        self._wardrobe = Wardrobe(tuple(_clothes(rng) for _ in range(n)))
        self.joints: Array = np.zeros((n, 0, 3))

    def place(self, camera: SceneCamera) -> Array:
        """Stand where this camera sees them, and return the (N, 3) metres under their feet."""
        normal = INWARD[self._side]
        along = np.column_stack([-normal[:, 1], normal[:, 0]])
        own_side = -(normal @ camera.centre[:2]) >= self._offset  # whose stand is not drawn
        back = self._offset + self._deep + np.where(own_side, 0.8, FIRST_ROW[0])
        xy = -normal * back[:, None] + along * self._along[:, None]
        z = np.where(own_side, 0.0, FIRST_ROW[1] + self._deep * STAND_RISE / STAND_DEPTH)
        heading = np.arctan2(normal[:, 1], normal[:, 0]) + self._turn
        still = MatchState(xy, np.zeros_like(xy), heading, np.zeros(self.count), np.zeros(3), np.zeros(3), 0.0, -1)
        self.joints = skeleton(still, self._wardrobe.height, self._wardrobe.girth)
        self.joints[..., 2] += z[:, None]
        return np.column_stack([xy, z])

    def draw(self, index: int, camera: SceneCamera, sun: Array) -> Sprite | None:
        """One person's sprite; None when too near the lens, or out of the picture."""
        return self._wardrobe.draw(index, self.joints[index], camera, np.full(3, 0.85), sun)


def _clothes(rng: np.random.Generator) -> Kit:
    coat, trousers = (tuple(map(float, rng.uniform(15, 225, 3) * rng.uniform(0.3, 1.0))) for _ in range(2))
    skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
    body = (float(rng.uniform(1.60, 1.92)), float(rng.uniform(0.95, 1.2)))
    kit = (coat, coat, "plain", trousers, trousers, (0.0, 0.0, 0.0), (25.0, 25.0, 25.0), skin, hair)
    return Kit(*kit, True, False, None, *body)  # type: ignore[arg-type]
