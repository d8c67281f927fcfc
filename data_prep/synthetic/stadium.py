"""The place: turf with its lines, boards, crowd and goals, painted through the camera of one frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.camera import NEAR, REFERENCE_WIDTH, SceneCamera
from data_prep.synthetic.dark import DarkLighting
from data_prep.synthetic.lighting import Lighting, LightMap
from data_prep.synthetic.settings import DARK, PITCH_LENGTH, PITCH_WIDTH, STREAM_STADIUM, Array, Settings
from sportstrack.types import Image

HALF = np.array([PITCH_LENGTH, PITCH_WIDTH]) / 2
TURF_SCALE = 14.0  # texture pixels per metre for pictures 1280 wide or more, fewer for smaller ones
TURF_HALF = np.array([68.0, 52.0])  # metres from the centre spot to the texture's edge
LINE_WIDTH = 0.12  # metres
BOARD_GAP = np.array([5.5, 4.5])  # metres from the lines to the boards, behind the goals and along the sides
BOARD_HEIGHT, BOARD_SCALE = 0.95, 26.0
FLOORS = {"parquet": (95.0, 150.0, 196.0), "ice": (236.0, 230.0, 222.0), "sand": (150.0, 190.0, 215.0)}  # BGR
CROWD_SCALE = 13.0
STAND_DEPTH, STAND_RISE = 30.0, 20.0  # metres that a stand goes back and up
WORDS = ("SPORT", "FAIR PLAY", "TRACK", "GOAL!", "TEAMWORK", "KICK OFF", "ONE TOUCH", "OFFSIDE", "PLAY ON", "90 MIN")
SUB = 4  # fractional bits of OpenCV's drawing coordinates


def ring_points(centre: tuple[float, float], radius: float, start: float, stop: float, n: int) -> Array:
    """(n, 2) metres along a circle, angles in radians."""
    angle = np.linspace(start, stop, n)
    return np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def pitch_segments() -> Array:
    """(S, 2, 2) metres: every line of the pitch, cut into short straight pieces (Laws of the Game, law 1)."""
    x, y = HALF
    paths = [np.array([(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]), np.array([(0, -y), (0, y)])]
    paths += [ring_points((0, 0), 9.15, 0, 2 * np.pi, 49), ring_points((0, 0), 0.12, 0, 2 * np.pi, 7)]
    for side in (-1, 1):
        for depth, half in ((16.5, 20.16), (5.5, 9.16)):
            front = side * (x - depth)
            paths.append(np.array([(side * x, -half), (front, -half), (front, half), (side * x, half)]))
        spot = side * (x - 11.0)
        paths.append(ring_points((spot, 0), 0.12, 0, 2 * np.pi, 7))
        reach = np.arccos(5.5 / 9.15)
        middle = np.pi if side > 0 else 0.0
        paths.append(ring_points((spot, 0), 9.15, middle - reach, middle + reach, 17))
        for end in (-1, 1):
            begin = {(-1, -1): 0.0, (1, -1): 0.5, (1, 1): 1.0, (-1, 1): 1.5}[side, end] * np.pi
            paths.append(ring_points((side * x, end * y), 1.0, begin, begin + np.pi / 2, 6))
    return np.concatenate([_pieces(path) for path in paths])


def _pieces(path: Array, longest: float = 4.0) -> Array:
    """(S, 2, 2): the legs of a path, none longer than ``longest`` metres."""
    parts = []
    for a, b in pairwise(path):
        stops = np.linspace(a, b, int(np.ceil(np.linalg.norm(b - a) / longest)) + 1)
        parts.append(np.stack([stops[:-1], stops[1:]], axis=1))
    return np.concatenate(parts)


@dataclass(frozen=True)
class Wall:
    """A flat textured rectangle: pixel (a, b) of the texture lies at origin + a * right + b * down."""

    origin: Array  # (3,) metres
    right: Array  # (3,) metres per texture pixel
    down: Array  # (3,)
    texture: Image
    inward: Array  # (2,) towards the pitch
    offset: float = 0.0  # metres from the centre spot to the boards on this side

    def dimmed(self, factor: float) -> Wall:
        """The wall with less light on it."""
        return replace(self, texture=(self.texture * factor).astype(np.uint8))

    def corners(self) -> Array:
        """(4, 3) metres, in order round the rectangle."""
        h, w = self.texture.shape[:2]
        return np.array([self.origin + a * self.right + b * self.down for a, b in ((0, 0), (w, 0), (w, h), (0, h))])


class Stadium:
    """Everything that stands still; its colours are drawn from the seed."""

    def __init__(self, settings: Settings) -> None:
        rng = settings.rng(STREAM_STADIUM)
        dark = settings.lighting in DARK
        self.sunny = bool(rng.random() < 0.5)
        azimuth, climb = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.4)
        sun = np.array([np.cos(azimuth), np.sin(azimuth)]) * climb
        # shadows: (metres along the ground per metre of height, strength 0...1)
        self.lights = [(sun, 0.5)] if self.sunny else [(sun * 0.8, 0.22), (-sun * 0.8, 0.22)]
        self.shade_edge = float(rng.uniform(-10, 24)) if self.sunny and rng.random() < 0.5 else None
        self.shade_side = float(rng.choice([-1.0, 1.0]))
        if dark:  # the sun is gone; all draws stay the same, so that it is the same stadium
            self.sunny, self.lights = False, [(sun * 0.8, 0.22), (-sun * 0.8, 0.22)]
        self.lighting: LightMap | None = None
        if dark:
            self.lighting = DarkLighting(settings)
        elif settings.lighting == "varied":
            self.lighting = Lighting(settings, self.sunny)
        if self.lighting is not None:
            self.shade_edge = None
        self._turf_scale = TURF_SCALE * min(1.0, settings.width / REFERENCE_WIDTH)
        self._turf = _turf(rng, self, self._turf_scale, settings.surface)
        self._concrete = settings.bystanders > 0
        self._segments = pitch_segments()
        middle = self._segments.mean(axis=1)
        white = 232 if self.sunny else 222
        paint = np.array([white - 8, white, white - 2] if settings.surface in ("grass", "parquet") else [150, 50, 40])
        self._line_colours = (self.light(middle) * paint).astype(int)
        self._roof = (rng.uniform(18, 60) * np.array([1.05, 1.0, 0.95])).tolist()
        self._walls = _walls(rng)
        if isinstance(self.lighting, DarkLighting):
            self._roof = [value * self.lighting.surround for value in self._roof]
            self._walls = [wall.dimmed(self.lighting.surround) for wall in self._walls]

    def light(self, xy: Array) -> Array:
        """(N, 3) BGR factors at pitch positions (N, 2): the roof's shadow on sunny days, or the varied lighting."""
        if self.lighting is not None:
            return self.lighting.at(xy)
        if self.shade_edge is None:
            return np.ones((len(xy), 3))
        beyond = (xy[:, 1:] - self.shade_edge) * self.shade_side
        return np.where(beyond > 0, np.full(3, 0.62), 1.0)

    def paint(self, frame: Image, camera: SceneCamera) -> None:
        """Fill ``frame`` (H, W, 3) with the empty stadium."""
        import cv2

        cv2.rectangle(frame, (0, 0), (camera.width, camera.height), self._roof, -1)
        start = np.array([-TURF_HALF[0], TURF_HALF[1], 0.0])
        right, down = np.array([[1, 0, 0], [0, -1, 0]]) / self._turf_scale
        ground = Wall(start, right, down, self._turf, np.zeros(2))
        paint_wall(frame, camera, ground, self._ground_seen(camera), masked=False)
        if self._concrete:
            self._paint_concrete(frame, camera)
        self._paint_lines(frame, camera)
        for wall in self._walls:
            if camera.centre[:2] @ -wall.inward < wall.offset:  # a camera does not look through its own stand
                paint_wall(frame, camera, wall, wall.corners())

    def _ground_seen(self, camera: SceneCamera) -> Array:
        """(4, 3) metres: the turf before the boards, all of it on the camera's own side."""
        edge, place = HALF + BOARD_GAP + 0.2, camera.centre[:2]
        low = np.where(place < -edge, -TURF_HALF, -edge)
        high = np.where(place > edge, TURF_HALF, edge)
        return np.array([(low[0], high[1], 0), (high[0], high[1], 0), (high[0], low[1], 0), (low[0], low[1], 0)])

    def _paint_concrete(self, frame: Image, camera: SceneCamera) -> None:
        """Paint the ground of the camera's own sides, where people off the field stand."""
        import cv2

        x, y = HALF + BOARD_GAP + 0.3
        far_x, far_y = TURF_HALF
        for inward, low, high in (
            ((0, -1), (-far_x, y), (far_x, far_y)), ((0, 1), (-far_x, -far_y), (far_x, -y)),
            ((1, 0), (-far_x, -far_y), (-x, far_y)), ((-1, 0), (x, -far_y), (far_x, far_y)),
        ):  # fmt: skip
            if camera.centre[:2] @ -np.array(inward) < (x if inward[0] else y):
                continue
            corners = np.array([(low[0], low[1], 0), (high[0], low[1], 0), (high[0], high[1], 0), (low[0], high[1], 0)])
            polygon = clip_near(corners.astype(float), camera)
            if len(polygon) >= 3:
                shape = np.clip(camera.project(polygon)[0], -1e6, 1e6).round().astype(np.int32)
                cv2.fillConvexPoly(frame, shape, (112, 116, 118), cv2.LINE_AA)

    def _paint_lines(self, frame: Image, camera: SceneCamera) -> None:
        import cv2

        ends = self._segments
        along = ends[:, 1] - ends[:, 0]
        along = along / np.linalg.norm(along, axis=1, keepdims=True)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1) * LINE_WIDTH / 2
        grow = along * 0.02  # pieces overlap a little, or hairlines show between them
        a, b = ends[:, 0] - grow, ends[:, 1] + grow
        quads = np.stack([a + across, b + across, b - across, a - across], axis=1)
        pixels, depth = camera.project(np.concatenate([quads, np.zeros((*quads.shape[:2], 1))], axis=2))
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        seen = (depth > NEAR).all(axis=1) & (high > 0).all(axis=1) & (low < (camera.width, camera.height)).all(axis=1)
        points = np.round(pixels[seen] * (1 << SUB)).astype(np.int32)
        for quad, colour in zip(points, self._line_colours[seen].tolist(), strict=True):
            cv2.fillConvexPoly(frame, quad, colour, cv2.LINE_AA, SUB)


def clip_near(corners: Array, camera: SceneCamera) -> Array:
    """(M, 3): the part of a convex polygon that lies before the lens (Sutherland & Hodgman)."""
    _, depth = camera.project(corners)
    kept = []
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        if depth[i] > NEAR:
            kept.append(corners[i])
        if (depth[i] > NEAR) != (depth[j] > NEAR):
            share = (NEAR - depth[i]) / (depth[j] - depth[i])
            kept.append(corners[i] + share * (corners[j] - corners[i]))
    return np.array(kept).reshape(-1, 3)


def paint_wall(frame: Image, camera: SceneCamera, wall: Wall, corners: Array, masked: bool = True) -> None:
    """Warp the part of a wall within ``corners`` into its place; only the bounding box of what is seen is computed."""
    import cv2

    polygon = clip_near(corners, camera)
    if len(polygon) < 3:
        return
    pixels, _ = camera.project(polygon)
    x0, y0 = np.maximum(np.floor(pixels.min(axis=0)), 0).astype(int)
    x1 = min(camera.width, int(np.ceil(pixels[:, 0].max())) + 1)
    y1 = min(camera.height, int(np.ceil(pixels[:, 1].max())) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    shift = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]])
    homography = shift @ camera.plane(wall.origin, wall.right, wall.down)
    size = (int(x1 - x0), int(y1 - y0))
    edge = cv2.BORDER_REPLICATE
    picture = cv2.warpPerspective(wall.texture, homography, size, flags=cv2.INTER_LINEAR, borderMode=edge)
    region = frame[y0:y1, x0:x1]
    if not masked:
        region[:] = picture
        return
    mask = np.zeros(size[::-1], np.uint8)
    shape = np.clip((pixels - (x0, y0)) * (1 << SUB), -(2**30), 2**30).round().astype(np.int32)
    cv2.fillConvexPoly(mask, shape, 255, cv2.LINE_8, SUB)
    cv2.copyTo(picture, mask, region)


def _turf(rng: np.random.Generator, stadium: Stadium, scale: float, surface: str) -> Image:
    """The ground seen from above: mowing stripes, worn patches, blades, and the roof's shadow."""
    import cv2

    w, h = (2 * TURF_HALF * scale).astype(int)
    x = (np.arange(w, dtype=np.float32) / scale - TURF_HALF[0])[None, :]
    y = (TURF_HALF[1] - np.arange(h, dtype=np.float32) / scale)[:, None]
    band = float(rng.choice([5.5, 5.25, 10.5, 4.2]))
    vertical = np.sign(np.sin(np.pi * (x + HALF[0]) / band))
    horizontal = np.sign(np.sin(np.pi * (y + HALF[1]) / band))
    style = str(rng.choice(["vertical", "horizontal", "checks"], p=[0.65, 0.15, 0.2]))
    stripes = {"vertical": vertical + 0 * y, "horizontal": horizontal + 0 * x, "checks": vertical * horizontal}[style]
    value = 1.0 + float(rng.uniform(0.03, 0.09)) * stripes
    for size, strength in ((160, 0.05), (24, 0.03), (1, 0.035)):
        cell = max(1, round(size * scale / TURF_SCALE))
        grain = rng.normal(0, 1, (h // cell + 2, w // cell + 2)).astype(np.float32)
        value = value + strength * cv2.resize(grain, (w, h), interpolation=cv2.INTER_LINEAR)
    if stadium.shade_edge is not None:
        value = value * np.where((y - stadium.shade_edge) * stadium.shade_side > 0, 0.62, 1.0)
    green = np.array([rng.uniform(35, 62), rng.uniform(112, 145), rng.uniform(48, 88)]) * rng.uniform(0.85, 1.1)
    track = np.array([rng.uniform(40, 110), rng.uniform(50, 110), rng.uniform(50, 120)])
    green = np.array(FLOORS[surface]) * rng.uniform(0.9, 1.05) if surface in FLOORS else green
    outside = (np.abs(x) > HALF[0] + 3.8) | (np.abs(y) > HALF[1] + 3.3)
    colour = np.where(outside[..., None] & (rng.random() < 0.5), track, green).astype(np.float32)
    lit = colour * value[..., None]
    if stadium.lighting is not None:
        lit *= stadium.lighting.on_grid(x, y)
    turf: Image = np.clip(lit, 0, 255).astype(np.uint8)
    return turf


def _walls(rng: np.random.Generator) -> list[Wall]:
    """Four stands with a crowd and four rows of boards, far parts first in painting order."""
    edge = HALF + BOARD_GAP
    crowd = _crowd(rng, int(CROWD_SCALE * 2 * (edge[0] + 10)), int(CROWD_SCALE * np.hypot(STAND_DEPTH, STAND_RISE)))
    lit = rng.random() < 0.5
    stands, boards = [], []
    for inward, length in (((0, -1), edge[0]), ((0, 1), edge[0]), ((1, 0), edge[1]), ((-1, 0), edge[1])):
        normal = np.array(inward, float)
        right = np.array([-normal[1], normal[0]])  # along the wall, to the right, seen from the pitch
        offset = edge[0] if inward[0] else edge[1]
        foot = -normal * offset
        slope = np.array([*(normal * STAND_DEPTH), -STAND_RISE]) / np.hypot(STAND_DEPTH, STAND_RISE) / CROWD_SCALE
        start = np.array([*(foot - normal * (STAND_DEPTH + 1.5) - right * (length + 10)), STAND_RISE + 1.2])
        width = int(CROWD_SCALE * 2 * (length + 10))
        stands.append(Wall(start, np.array([*right, 0]) / CROWD_SCALE, slope, crowd[:, :width].copy(), normal, offset))
        start = np.array([*(foot - right * length), BOARD_HEIGHT])
        texture = _boards(rng, int(2 * length * BOARD_SCALE), lit)
        down = np.array([0, 0, -1 / BOARD_SCALE])
        boards.append(Wall(start, np.array([*right, 0]) / BOARD_SCALE, down, texture, normal, offset))
    return stands + boards


def _crowd(rng: np.random.Generator, width: int, height: int) -> Image:
    """Rows of seats, most of them taken: shirts and heads of a few pixels."""
    import cv2

    seat = rng.uniform(30, 120, 3)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (seat * 0.6).astype(np.uint8)
    row_step, seat_step = 0.85 * CROWD_SCALE, 0.55 * CROWD_SCALE
    full = rng.uniform(0.75, 0.97)
    fans = [rng.uniform(20, 230, 3) for _ in range(3)]
    for row in np.arange(row_step, height, row_step):
        cv2.line(picture, (0, int(row)), (width, int(row)), (seat * 0.45).tolist(), 2)
        for x in np.arange(2, width, seat_step):
            if rng.random() > full or int(x / CROWD_SCALE) % 14 == 0:
                continue
            fan = rng.random() < 0.35
            shirt = fans[int(rng.integers(3))] if fan else rng.uniform(15, 215, 3) * 0.5 + rng.uniform(10, 120)
            shirt, skin = shirt * 0.62, np.array([95, 125, 170]) * rng.uniform(0.35, 0.9)
            at = (int(x + rng.normal(0, 0.8)), int(row - 1 + rng.normal(0, 0.8)))
            cv2.rectangle(picture, (at[0] - 2, at[1] - 5), (at[0] + 2, at[1]), shirt.tolist(), -1)
            cv2.circle(picture, (at[0], at[1] - 7), 2, skin.tolist(), -1)
    fade = np.linspace(0.55, 1.0, height)[:, None, None]
    crowd: Image = (cv2.GaussianBlur(picture, (0, 0), 0.7) * fade).astype(np.uint8)
    return crowd


def _boards(rng: np.random.Generator, width: int, lit: bool) -> Image:
    """A strip of advertising for nothing but sport."""
    import cv2

    height = int(BOARD_HEIGHT * BOARD_SCALE)
    picture = np.zeros((height, width, 3), np.uint8)
    x = 0
    while x < width:
        panel = int(rng.uniform(5, 10) * BOARD_SCALE)
        ground = rng.uniform(10, 240, 3) * (1.0 if lit else 0.8)
        ink = (255.0, 255.0, 255.0) if ground.mean() < 120 else (25.0, 20.0, 20.0)
        cv2.rectangle(picture, (x, 0), (x + panel, height), ground.tolist(), -1)
        word = str(rng.choice(WORDS))
        cv2.putText(picture, word, (x + 14, height - 6), cv2.FONT_HERSHEY_DUPLEX, 0.62, ink, 2, cv2.LINE_AA)
        x += panel
    cv2.line(picture, (0, 0), (width, 0), (60, 60, 60), 2)
    return picture


def goal_frames() -> list[tuple[Array, NDArray[np.bool_]]]:
    """Two goals, each (S, 2, 3) metres of straight pieces and (S,) whether a piece is a post rather than net."""
    goals = []
    for side in (-1.0, 1.0):
        x, back, half, top, rear = side * HALF[0], side * (HALF[0] + 1.9), 3.66, 2.44, side * (HALF[0] + 0.9)
        posts = [((x, -half, 0), (x, -half, top)), ((x, half, 0), (x, half, top)), ((x, -half, top), (x, half, top))]
        net = []
        for y in np.linspace(-half, half, 17).tolist():
            net += [((x, y, top), (rear, y, top)), ((rear, y, top), (back, y, 0))]
        for share in np.linspace(0, 1, 8).tolist():
            z, depth = top * (1 - share), rear + (back - rear) * share
            net.append(((depth, -half, z), (depth, half, z)))
            for y in (-half, half):
                net.append(((x, y, z), (depth, y, z)))
        goals.append((np.array(posts + net), np.arange(len(posts) + len(net)) < len(posts)))
    return goals


def paint_goal(frame: Image, camera: SceneCamera, pieces: Array, is_post: NDArray[np.bool_]) -> None:
    """One goal: a faint net, then white posts as thick as the zoom makes them."""
    import cv2

    pixels, depth = camera.project(pieces)
    if (depth < NEAR).any() or (pixels[..., 0].max() < 0) or (pixels[..., 0].min() > camera.width):
        return
    per_metre = float(np.linalg.norm(pixels[0, 0] - pixels[0, 1])) / 2.44
    x0, y0 = np.clip(pixels.min(axis=(0, 1)) - 8, 0, (camera.width, camera.height)).astype(int)
    x1, y1 = np.clip(pixels.max(axis=(0, 1)) + 8, 0, (camera.width, camera.height)).astype(int)
    if x1 <= x0 or y1 <= y0:
        return
    region = frame[y0:y1, x0:x1]
    points = np.round((pixels - (x0, y0)) * (1 << SUB)).astype(np.int32)
    veil = region.copy()
    cv2.polylines(veil, list(points[~is_post]), False, (215, 215, 215), 1, cv2.LINE_AA, SUB)
    cv2.addWeighted(veil, 0.45, region, 0.55, 0, dst=region)
    thick = max(1, round(0.13 * per_metre))
    cv2.polylines(region, list(points[is_post]), False, (238, 240, 240), thick, cv2.LINE_AA, SUB)
