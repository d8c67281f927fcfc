"""A player drawn flat: limbs as capsules, the shirt wrapped round an elliptic trunk that turns and leans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.settings import Colour
from data_prep.synthetic.shirts.textures import HALF, TALL, Shirt, TeamKit, blend, smooth_noise
from sportstrack.types import Image

Points = NDArray[np.float64]

BODY = 300.0  # pixels of a person's height on the canvas
DEPTH = 0.62  # of a trunk, as a share of its width
_VIEW = (128, 132)  # columns and rows of the shirt as it is seen, before it is put on the trunk


@dataclass(frozen=True)
class Look:
    """What belongs to a person and not to the kit.

    Attributes:
        skin: colour.
        hair: colour.
        girth: factor of all widths.
        long_hair: whether it falls on the shirt.
    """

    skin: Colour
    hair: Colour
    girth: float
    long_hair: bool


@dataclass(frozen=True)
class Pose:
    """How a person stands to the camera; angles in radians.

    Attributes:
        yaw: 0 shows the back, ±π the front.
        lean: of the trunk, in the picture, to the right.
        stoop: height of the trunk as a share of an upright one's.
        above: how much the camera looks down, 0 to 0.2 of the trunk's height.
        arms: upper arm and forearm of the left and the right side, from hanging down outwards.
        legs: thigh and shin of both sides.
        arms_in_front: whether the arms are drawn over the trunk.
    """

    yaw: float
    lean: float
    stoop: float
    above: float
    arms: tuple[float, float, float, float]
    legs: tuple[float, float, float, float]
    arms_in_front: tuple[bool, bool]


@dataclass(frozen=True)
class SeenNumber:
    """What is seen of a number.

    Attributes:
        corners: (4, 2) on the canvas: top left, top right, bottom right, bottom left.
        share: of its width that is turned to the camera.
        narrowed: its share of the trunk's width in the picture, divided by that seen from straight ahead.
    """

    corners: Points
    share: float
    narrowed: float


def random_pose(rng: np.random.Generator) -> Pose:
    """Return a pose: from behind, from the front or from the side, running or standing."""
    side = rng.random()
    yaw = (
        rng.normal(0, 0.35) if side < 0.5 else np.pi + rng.normal(0, 0.4) if side < 0.75 else rng.uniform(0, 2 * np.pi)
    )
    running = rng.random() < 0.6
    swing = float(rng.uniform(0.2, 0.9)) if running else 0.1
    arms = rng.normal(0.15, 0.25 + 0.4 * swing, 2)
    bent = rng.normal(0.4 if running else 0.1, 0.5, 2) * rng.choice([-1, 1], 2, p=[0.35, 0.65])
    if rng.random() < 0.12:  # a hand on the hip, in the air, or before the chest
        arms[int(rng.integers(2))] = rng.uniform(0.6, 2.8)
    thighs = rng.normal(0, 0.12 + 0.4 * swing, 2)
    shins = thighs + rng.normal(0, 0.1 + 0.4 * swing, 2)
    over = rng.random(2) < 0.4
    return Pose(
        yaw=float(yaw),
        lean=float(rng.normal(0, 0.14 if running else 0.06)),
        stoop=float(rng.uniform(0.72, 1.0)) if running else float(rng.uniform(0.9, 1.05)),
        above=float(rng.uniform(0.0, 0.18)),
        arms=(float(arms[0]), float(arms[0] + bent[0]), float(arms[1]), float(arms[1] + bent[1])),
        legs=(float(thighs[0]), float(shins[0]), float(thighs[1]), float(shins[1])),
        arms_in_front=(bool(over[0]), bool(over[1])),
    )


class BodyPainter:
    """Draws people on one canvas and keeps where one person's number is still seen.

    Args:
        canvas: (H, W, 3), painted in place.
    """

    def __init__(self, canvas: Image) -> None:
        self.canvas = canvas
        self.ink = np.zeros(canvas.shape[:2], np.uint8)

    def person(
        self, kit: TeamKit, look: Look, shirt: Shirt, pose: Pose, hips: tuple[float, float], rng: np.random.Generator,
        *, marked: bool = False,
    ) -> tuple[Points, dict[str, SeenNumber], float]:  # fmt: skip
        """Draw one person.

        Args:
            kit: colours of all but the shirt.
            look: of the person.
            shirt: its picture.
            pose: of the body.
            hips: the middle of the hips on the canvas.
            rng: folds of the cloth.
            marked: whether this person's numbers are those to keep in view.

        Returns:
            (K, 2) points that span the body, what is seen of the numbers (``back``, ``front``), and the pixels of ink
            before anything covered it.
        """
        self._kit, self._look = kit, look
        hip = np.array(hips)
        up = np.array([np.sin(pose.lean), -np.cos(pose.lean)])
        long = 0.31 * BODY * pose.stoop
        chest = hip + up * long
        across = np.array([-up[1], up[0]])
        width = float(np.hypot(np.cos(pose.yaw), DEPTH * np.sin(pose.yaw))) * look.girth
        shoulders = [chest + across * s * 0.118 * BODY * width + up * -6 for s in (-1, 1)]
        joints = [
            self._leg(hip + across * s * 0.05 * BODY * width, pose.legs[2 * i : 2 * i + 2])
            for i, s in enumerate((-1, 1))
        ]
        points = [*joints[0], *joints[1], chest + up * 0.17 * BODY, *shoulders]
        order = [i for i in (0, 1) if not pose.arms_in_front[i]] + [i for i in (0, 1) if pose.arms_in_front[i]]
        behind = [i for i in order if not pose.arms_in_front[i]]
        for i in behind:
            points += self._arm(shoulders[i], (-1, 1)[i], pose.arms[2 * i : 2 * i + 2])
        self._shorts(hip, across, width)
        seen, inked = self._trunk(shirt, pose, hip, chest, across, width, rng, marked)
        self._head(chest, up, pose)
        for i in order[len(behind) :]:
            points += self._arm(shoulders[i], (-1, 1)[i], pose.arms[2 * i : 2 * i + 2])
        return np.array(points), seen, inked

    def _limb(self, a: Points, b: Points, width: float, colour: Colour) -> None:
        import cv2

        thick = max(2, round(width * BODY * self._look.girth))
        one, two = (round(float(a[0])), round(float(a[1]))), (round(float(b[0])), round(float(b[1])))
        cv2.line(self.canvas, one, two, tuple(c * 0.82 for c in colour), thick, cv2.LINE_AA)
        cv2.line(self.canvas, one, two, colour, max(1, int(thick * 0.6)), cv2.LINE_AA)
        cv2.line(self.ink, one, two, 0, thick)

    def _leg(self, hip: Points, angles: tuple[float, ...]) -> list[Points]:
        knee = hip + _down(angles[0]) * 0.245 * BODY
        foot = knee + _down(angles[1]) * 0.25 * BODY
        self._limb(foot, foot + np.array([12.0, 4.0]), 0.042, (40, 40, 40))
        self._limb(knee, foot, 0.052, self._look.skin)
        self._limb(knee + 0.3 * (foot - knee), foot, 0.054, self._kit.socks)
        self._limb(hip, knee, 0.075, self._look.skin)
        self._limb(hip, hip + 0.7 * (knee - hip), 0.095, self._kit.shorts)
        return [knee, foot + np.array([0.0, 8.0])]

    def _arm(self, shoulder: Points, side: int, angles: tuple[float, ...]) -> list[Points]:
        kit, look = self._kit, self._look
        elbow = shoulder + _down(side * angles[0]) * 0.165 * BODY
        hand = elbow + _down(side * angles[1]) * 0.16 * BODY
        lower = kit.sleeve if kit.long_sleeves else look.skin
        self._limb(elbow, hand, 0.036, lower)
        self._limb(shoulder, elbow, 0.044, lower)
        self._limb(shoulder, shoulder + 0.7 * (elbow - shoulder), 0.06, kit.sleeve)
        self._limb(hand, hand, 0.04, look.skin)
        return [elbow, hand]

    def _shorts(self, hip: Points, across: Points, width: float) -> None:
        reach = across * 0.075 * BODY * width
        self._limb(hip - reach, hip + reach, 0.13, self._kit.shorts)

    def _head(self, chest: Points, up: Points, pose: Pose) -> None:
        import cv2

        look, facing = self._look, -np.cos(pose.yaw)
        self._limb(chest, chest + up * 0.04 * BODY, 0.05, look.skin)
        middle = chest + up * 0.105 * BODY
        at = (round(float(middle[0])), round(float(middle[1])))
        size = (round(0.045 * BODY), round(0.062 * BODY))
        for mask, colour in ((self.canvas, look.hair), (self.ink, 0)):
            cv2.ellipse(mask, at, size, 0, 0, 360, colour, -1, cv2.LINE_AA)
        if facing > -0.4:
            shift = round(float(np.sin(pose.yaw)) * -0.02 * BODY)
            face = (at[0] + shift, at[1] + round(0.012 * BODY))
            cv2.ellipse(
                self.canvas, face, (round(0.034 * BODY), round(0.045 * BODY)), 0, 0, 360, look.skin, -1, cv2.LINE_AA
            )
        elif look.long_hair:
            self._limb(middle, chest - up * 0.05 * BODY, 0.07, look.hair)

    def _trunk(
        self, shirt: Shirt, pose: Pose, hip: Points, chest: Points, across: Points, width: float,
        rng: np.random.Generator, marked: bool,
    ) -> tuple[dict[str, SeenNumber], float]:  # fmt: skip
        """Put the shirt on the trunk; return what is seen of its numbers, and the pixels of ink."""
        import cv2

        columns, rows = _VIEW
        map_x, map_y = _wrapped(pose, rng)
        view = cv2.remap(shirt.picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        light = 1 - 0.3 * np.linspace(-1, 1, columns) ** 2 * float(rng.uniform(0.3, 1)) + rng.uniform(-0.1, 0.1)
        folds = smooth_noise(rng, (rows, columns), 6) * float(rng.uniform(0.02, 0.1))
        shaded = np.clip(view * (light[None, :] + folds)[..., None], 0, 255).astype(np.uint8)
        mask = np.zeros((rows, columns), np.uint8)
        slope = round(0.1 * rows)
        outline = [(0, slope), (columns * 0.3, 0), (columns * 0.7, 0), (columns, slope), (columns, rows), (0, rows)]
        cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
        half = 0.125 * BODY * width
        shirttail = hip - (chest - hip) * 0.1
        corners = [
            chest - across * half,
            chest + across * half,
            shirttail + across * half * 0.86,
            shirttail - across * half * 0.86,
        ]
        source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
        onto = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
        self._paste(shaded, mask, onto)
        inked = 0.0
        if marked:
            ink = cv2.remap(shirt.ink, map_x, map_y, cv2.INTER_LINEAR)
            size = self.canvas.shape[1::-1]
            np.maximum(self.ink, cv2.warpPerspective(np.minimum(ink, mask), onto, size), out=self.ink)
            inked = float(self.ink.sum())
        seen = {}
        for name, box in (("back", shirt.back), ("front", shirt.front)):
            if box is not None and (part := _seen(box, pose, onto)) is not None:
                seen[name] = part
        return seen, inked

    def _paste(self, picture: Image, mask: Image, onto: Points) -> None:
        """Warp a picture and its mask on to the canvas."""
        import cv2

        x, y, width, height = _reach(mask, onto, self.canvas.shape)
        if width < 1 or height < 1:
            return
        onto = np.array([(1.0, 0.0, -x), (0.0, 1.0, -y), (0.0, 0.0, 1.0)]) @ onto
        part = (slice(y, y + height), slice(x, x + width))
        warped, cover = (cv2.warpPerspective(one, onto, (width, height)) for one in (picture, mask))
        share = cover[..., None].astype(np.float32) / 255
        self.canvas[part] = (self.canvas[part] * (1 - share) + warped * share).astype(np.uint8)
        self.ink[part][cover > 127] = 0


def _reach(picture: Image, onto: Points, canvas: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return x, y, width and height of a warped picture on the canvas."""
    import cv2

    rows, columns = picture.shape[:2]
    ends = np.array([[(0, 0), (columns, 0), (columns, rows), (0, rows)]], np.float64)
    placed = cv2.perspectiveTransform(ends, onto.astype(np.float64))[0]
    low = np.clip(np.floor(placed.min(axis=0)), 0, None).astype(int)
    high = np.minimum(np.ceil(placed.max(axis=0)).astype(int), canvas[1::-1])
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _down(angle: float) -> Points:
    return np.array([np.sin(angle), np.cos(angle)])


def _turn(pose: Pose) -> float:
    """Return the angle by which a trunk's texture is shifted: x = sin(t + turn) on the picture's half width."""
    return float(np.arctan2(DEPTH * np.sin(pose.yaw), np.cos(pose.yaw)))


def _wrapped(pose: Pose, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where each pixel of the seen shirt lies on the shirt's picture."""
    columns, rows = _VIEW
    x = np.linspace(-0.995, 0.995, columns)
    degrees = np.degrees(np.arcsin(x) - _turn(pose))
    u = np.tile((degrees + 90) % 360 * (HALF / 180), (rows, 1))
    v = np.linspace(0, TALL - 1, rows)[:, None] - pose.above * TALL * (np.sqrt(1 - x**2) - 0.5)[None, :]
    depth = float(rng.uniform(0, 1)) ** 2
    u = u + smooth_noise(rng, (rows, columns), 5) * 9 * depth + smooth_noise(rng, (rows, columns), 14) * 2.5 * depth
    v = v + smooth_noise(rng, (rows, columns), 5) * 7 * depth + smooth_noise(rng, (rows, columns), 14) * 2.0 * depth
    return np.clip(u, 0, 2 * HALF - 1).astype(np.float32), np.clip(v, 0, TALL - 1).astype(np.float32)


def _seen(box: tuple[int, int, int, int], pose: Pose, onto: Points) -> SeenNumber | None:
    """Return what is seen of a number whose box on the shirt's picture is given; None where it is turned away."""
    import cv2

    columns, rows = _VIEW
    angles = np.radians(np.linspace(box[0], box[2], 41) / (HALF / 180) - 90) + _turn(pose)
    turned = np.cos(angles)
    visible = turned > 0.02
    if not visible.any():
        return None
    x = np.sin(angles[visible])
    left, right = float(x.min()), float(x.max())
    straight = 2 * np.sin(np.radians((box[2] - box[0]) / (HALF / 180)) / 2)
    ends = []
    for end, row in ((left, box[1]), (right, box[1]), (right, box[3]), (left, box[3])):
        bulge = pose.above * (np.sqrt(max(0.0, 1 - end**2)) * 0.5 + 0.5 * float(np.sqrt(1 - x**2).max()) - 0.5)
        ends.append(((end + 1) / 2 * columns, (row / TALL + bulge) * rows))
    corners = cv2.perspectiveTransform(np.array([ends], np.float64), onto.astype(np.float64))[0]
    return SeenNumber(corners, float(visible.mean()), float((right - left) / straight))


def paint_shorts_number(canvas: Image, mask: Image, at: Points, colour: Colour) -> None:
    """Print a small number on a leg of the shorts, in place."""
    import cv2

    tall = round(0.05 * BODY)
    wide = max(3, round(tall * mask.shape[1] / mask.shape[0]))
    x, y = round(float(at[0])) - wide // 2, round(float(at[1]))
    if x < 0 or y < 0 or y + tall > canvas.shape[0] or x + wide > canvas.shape[1]:
        return
    blend(canvas[y : y + tall, x : x + wide], cv2.resize(mask, (wide, tall), interpolation=cv2.INTER_AREA), colour)
