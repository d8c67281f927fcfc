"""Players as low-poly bodies: a gait tied to speed, and sprites drawn through the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.synthetic.camera import SceneCamera
from data_prep.synthetic.kits import WHITE, Kit
from data_prep.synthetic.match import BALL_RADIUS, MatchState
from data_prep.synthetic.patterns import PATTERNS
from data_prep.synthetic.settings import Array, Colour
from sportstrack.types import Image

HEAD, NECK, SH_L, SH_R, EL_L, EL_R, HA_L, HA_R, HIP_L, HIP_R, KN_L, KN_R, AN_L, AN_R, TO_L, TO_R, CROWN = range(17)
BOX = 17  # eight corners of the torso: shoulders front L R, back L R, then hips in the same order
JOINTS = BOX + 8
BONES = (  # joint, joint, width in metres: what a shadow is made of
    (NECK, HIP_L, 0.16), (NECK, HIP_R, 0.16), (HIP_L, KN_L, 0.08), (KN_L, AN_L, 0.06), (HIP_R, KN_R, 0.08),
    (KN_R, AN_R, 0.06), (NECK, EL_L, 0.05), (EL_L, HA_L, 0.04), (NECK, EL_R, 0.05), (EL_R, HA_R, 0.04),
    (NECK, HEAD, 0.10),
)  # fmt: skip


def skeleton(state: MatchState, height: Array, girth: Array) -> Array:
    """(N, JOINTS, 3) metres: every joint of N people, the gait's swing growing with the speed.

    Legs and arms swing in the plane of the heading; a knee bends while its thigh swings forward.
    """
    n, speed = len(height), np.linalg.norm(state.velocity, axis=1)
    u = np.stack([np.cos(state.heading), np.sin(state.heading), np.zeros(n)], axis=1)
    side = np.stack([-u[:, 1], u[:, 0], np.zeros(n)], axis=1)  # to the person's left
    up = np.array([0.0, 0.0, 1.0])
    move = np.clip(speed / 1.0, 0, 1)
    swing = move * np.minimum(0.85, 0.22 + 0.085 * speed)
    lean = 0.03 + 0.028 * speed
    run = np.clip((speed - 2.0) / 3.0, 0, 1)
    joints = np.zeros((n, JOINTS, 3))
    h = height[:, None]
    hips = np.zeros((n, 3))
    axis = u * np.sin(lean)[:, None] + up * np.cos(lean)[:, None]
    neck = hips + axis * 0.30 * h
    joints[:, NECK] = neck
    joints[:, HEAD] = neck + (axis * 0.095 + u * 0.01) * h
    joints[:, CROWN] = joints[:, HEAD] + (up * 0.022 - u * 0.012) * h
    for left, sign, phase in ((1, 1.0, 0.0), (0, -1.0, np.pi)):
        _leg(joints, left, hips + side * sign * 0.052 * h, state.stride + phase, swing, run, u, h)
        _arm(joints, left, neck - axis * 0.02 * h, side * sign, state.stride + phase, swing, run, (u, axis), h)
    _torso(joints, neck, hips, u, side, axis, h * girth[:, None])
    feet = joints[:, [AN_L, AN_R, TO_L, TO_R], 2].min(axis=1)
    joints[..., 2] += (0.05 - feet)[:, None]  # the lower foot is on the ground
    joints[..., :2] += state.xy[:, None]
    return joints


def _leg(
    joints: Array, left: int, hip: Array, phase: Array, swing: Array, run: Array, u: Array, h: Array
) -> None:  # fmt: skip
    thigh = swing * np.sin(phase) + 0.12 * run
    bend = 0.12 + (0.35 + 1.1 * run) * np.minimum(1, swing * 3) * np.maximum(0.0, np.cos(phase - 0.3))
    shin = thigh - bend
    knee = hip + 0.245 * h * _direction(thigh, u)
    ankle = knee + 0.25 * h * _direction(shin, u)
    toe = ankle + 0.085 * h * _direction(shin + 1.35, u)
    for base, value in ((HIP_R, hip), (KN_R, knee), (AN_R, ankle), (TO_R, toe)):
        joints[:, base - left] = value


def _arm(
    joints: Array, left: int, top: Array, out: Array, phase: Array, swing: Array, run: Array,
    axes: tuple[Array, Array], h: Array,
) -> None:  # fmt: skip
    u, _ = axes
    shoulder = top + out * 0.105 * h
    angle = -0.9 * swing * np.sin(phase)
    elbow = shoulder + 0.165 * h * _direction(angle, u) + out * 0.035 * h
    hand = elbow + 0.16 * h * _direction(angle + 0.25 + 1.15 * run, u) - out * 0.01 * h
    for base, value in ((SH_R, shoulder), (EL_R, elbow), (HA_R, hand)):
        joints[:, base - left] = value


def _direction(angle: Array, u: Array) -> Array:
    """(N, 3) unit vectors in the plane of the heading; 0 hangs straight down, positive is forward."""
    out = u * np.sin(angle)[:, None]
    out[:, 2] -= np.cos(angle)
    return np.asarray(out)


def _torso(joints: Array, neck: Array, hips: Array, u: Array, side: Array, axis: Array, h: Array) -> None:
    corner = BOX
    for level, half, deep in ((neck - axis * 0.012 * h, 0.105, 0.055), (hips - axis * 0.02 * h, 0.082, 0.058)):
        for front in (1.0, -1.0):
            for left in (1.0, -1.0):
                joints[:, corner] = level + side * left * half * h + u * front * deep * h
                corner += 1


@dataclass(frozen=True)
class Lettered:
    """Where a sprite shows its shirt number."""

    xyxy: Array  # (4,) pixels of the frame, around the digits
    facing: float  # cosine between the way that the shirt faces and the way to the camera


@dataclass(frozen=True)
class Sprite:
    """A drawn object: ``picture`` (h, w, 4) premultiplied BGRA whose top left pixel is (x, y) of the frame."""

    picture: Image
    x: int
    y: int
    number: Lettered | None = None


class Wardrobe:
    """Draws people; holds the masks of the numbers so that each is lettered once."""

    def __init__(self, people: tuple[Kit, ...]) -> None:
        self.people = people
        self.height = np.array([kit.height for kit in people])
        self.girth = np.array([kit.girth for kit in people])
        self._letters = [None if kit.number is None else _lettering(kit) for kit in people]

    def draw(self, index: int, joints: Array, camera: SceneCamera, light: Array, sun: Array) -> Sprite | None:
        """One person's sprite; ``joints`` (JOINTS, 3) metres, ``light`` (3,) BGR factors; None if too near the lens."""
        pixels, depth = camera.project(joints)
        if depth.min() < 2.0:
            return None
        kit = self.people[index]
        centre = joints[NECK]
        upright = camera.project(centre + np.array([[0, 0, 0.5], [0, 0, -0.5]]))[0]
        per_metre = float(np.linalg.norm(upright[0] - upright[1]))
        pad = 0.12 * per_metre * kit.height + 2
        low = np.floor(pixels.min(axis=0) - pad).astype(int)
        size = (np.ceil(pixels.max(axis=0) + pad).astype(int) - low).tolist()
        if size[1] > 2.0 * camera.height or low[0] > camera.width or low[0] + size[0] < 0:
            return None
        zoom = 4 if size[1] < 70 else 3 if size[1] < 170 else 2
        points, canvas = (pixels - low) * zoom, (size[0] * zoom, size[1] * zoom)
        brush = _Brush(kit, points, per_metre * zoom * kit.height, canvas, light)
        view = camera.centre - centre
        brush.body(joints, view, sun, self._letters[index])
        number = brush.number
        if number is not None:
            number = Lettered(number.xyxy / zoom + np.tile(low, 2), number.facing)
        return Sprite(brush.shrunk(size), int(low[0]), int(low[1]), number)


def _lettering(kit: Kit) -> Image:
    """(48, 48) mask of a shirt number: above 0 its digits, or with an outline 255 its digits and 1 the outline."""
    import cv2

    mask = np.zeros((48, 48), np.uint8)
    text, scale = str(kit.number), 1.5
    (w, h), _ = cv2.getTextSize(text, kit.font, scale, 5)
    scale *= min(44 / w, 40 / h)
    (w, h), _ = cv2.getTextSize(text, kit.font, scale, 5)
    cv2.putText(mask, text, ((48 - w) // 2, (48 + h) // 2), kit.font, scale, 255, kit.weight, cv2.LINE_8)
    if kit.outline is not None:
        digits = np.where(mask > 127, 255, 0).astype(np.uint8)
        mask = np.maximum(digits, cv2.dilate(digits, np.ones((5, 5), np.uint8)) // 255)
    return mask


class _Brush:
    """One person on an enlarged canvas: parts are painted far to near, then the canvas is shrunk."""

    def __init__(self, kit: Kit, points: Array, tall: float, size: tuple[int, int], light: Array) -> None:
        self.canvas: Image = np.zeros((size[1], size[0], 4), np.uint8)
        self.kit, self.points, self.tall = kit, points, tall
        self.light: list[float] = light.tolist()
        self.number: Lettered | None = None  # in the canvas

    def colour(self, colour: Colour, factor: float = 1.0) -> tuple[float, float, float, float]:
        blue, green, red = (min(255.0, c * (factor * k)) for c, k in zip(colour, self.light, strict=True))
        return (blue, green, red, 255.0)

    def limb(self, a: Array, b: Array, width: float, colour: Colour, factor: float) -> None:
        """A capsule, its lit side a little brighter."""
        import cv2

        thick = max(2, round(width * self.tall * self.kit.girth))
        one, two = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        cv2.line(self.canvas, one, two, self.colour(colour, 0.78 * factor), thick)
        if thick >= 5:
            off, thin = self.lit * thick * 0.18, round(thick * 0.6)
            one, two = (int(a[0] + off), int(a[1])), (int(b[0] + off), int(b[1]))
            cv2.line(self.canvas, one, two, self.colour(colour, factor), thin)

    def body(self, joints: Array, view: Array, sun: Array, letters: Image | None) -> None:
        """Paint the whole person; ``view`` points from the chest to the camera."""
        left = joints[SH_L] - joints[SH_R]
        near_left = bool(left @ view > 0)
        screen_right = np.array([view[1], -view[0]])  # seen from the camera, rightwards is forward x up
        self.lit = 1.0 if -float(sun @ -screen_right) > 0 else -1.0
        order = ((SH_R, 0.82), (SH_L, 1.0)) if near_left else ((SH_L, 0.82), (SH_R, 1.0))
        self.arm(*order[0])
        for shoulder, factor in order:
            self.leg(shoulder - SH_L, factor)
        self.torso(joints, view, letters)
        self.head()
        self.arm(*order[1])

    def leg(self, right: int, factor: float) -> None:
        p, kit = self.points, self.kit
        hip, knee, ankle, toe = p[HIP_L + right], p[KN_L + right], p[AN_L + right], p[TO_L + right]
        self.limb(ankle, toe, 0.042, kit.boots, factor)
        self.limb(knee, ankle, 0.050, kit.skin, factor)
        top = knee + 0.22 * (ankle - knee)
        self.limb(top, ankle, 0.054, kit.socks, factor)
        if kit.trim is not None:
            self.limb(top, top + 0.12 * (ankle - knee), 0.056, kit.trim, factor)
        self.limb(hip, knee, 0.066, kit.skin, factor)
        self.limb(hip, hip + 0.66 * (knee - hip), 0.088, kit.shorts, factor)

    def arm(self, shoulder: int, factor: float) -> None:
        p, kit = self.points, self.kit
        right = shoulder - SH_L
        top, elbow, hand = p[shoulder], p[EL_L + right], p[HA_L + right]
        cloth = kit.shirt if kit.sleeves is None else kit.sleeves[right]
        sleeve = cloth if kit.long_sleeves else kit.skin
        self.limb(elbow, hand, 0.036, sleeve, factor)
        self.limb(top, elbow, 0.042, sleeve, factor)
        self.limb(top, top + 0.75 * (elbow - top), 0.056, cloth, factor)
        self.limb(hand, hand, 0.052 if kit.gloves else 0.036, WHITE if kit.gloves else kit.skin, factor)

    def head(self) -> None:
        import cv2

        p, kit = self.points, self.kit
        self.limb(p[NECK], p[HEAD], 0.045, kit.skin, 0.85)
        for joint, size, colour in ((CROWN, 0.057, kit.hair), (HEAD, 0.050, kit.skin)):
            centre = (int(p[joint][0]), int(p[joint][1]))
            cv2.circle(self.canvas, centre, max(1, round(size * self.tall)), self.colour(colour, 0.92), -1)
        # a face only shows on the side that the person faces: hair covers the rest
        if self.faces_away:
            centre = (int(p[CROWN][0]), int(p[CROWN][1]))
            cv2.circle(self.canvas, centre, max(1, round(0.054 * self.tall)), self.colour(kit.hair), -1)

    def torso(self, joints: Array, view: Array, letters: Image | None) -> None:
        """The shirt: the hull of the chest's box, then its visible face with pattern and number."""
        import cv2

        kit, box = self.kit, self.points[BOX : BOX + 8]
        hull = cv2.convexHull(box.astype(np.int32))
        cv2.fillConvexPoly(self.canvas, hull, self.colour(kit.shirt, 0.8))
        thick = max(1, round(0.02 * self.tall))
        cv2.polylines(self.canvas, [hull], True, self.colour(kit.shirt, 0.8), thick)
        front = joints[BOX] - joints[BOX + 2]
        self.faces_away = bool(front @ view < 0)
        first = 2 if self.faces_away else 0
        face = box[[first, first + 1, first + 5, first + 4]]  # shoulders, then hips
        cosine = abs(float(front @ view)) / float(np.linalg.norm(front) * np.linalg.norm(view))
        cv2.fillConvexPoly(self.canvas, face.astype(np.int32), self.colour(kit.shirt, 0.86 + 0.14 * cosine))
        if not (self.faces_away and kit.plain_back):
            self.pattern(face)
        if kit.trim is not None:
            cv2.line(self.canvas, *_ends(face[0], face[1]), self.colour(kit.trim, 0.9), max(1, round(0.02 * self.tall)))
        cv2.line(self.canvas, *_ends(face[3], face[2]), self.colour(kit.shorts, 0.9), max(1, round(0.045 * self.tall)))
        if letters is not None and cosine > 0.3 and (self.faces_away or kit.front_number):
            self.number = self.lettered(face, letters, self.faces_away, cosine)

    def pattern(self, face: Array) -> None:
        import cv2

        for patch in PATTERNS[self.kit.pattern]:
            corners = np.array([_inside(face, across, along) for across, along in patch], np.int32)
            cv2.fillConvexPoly(self.canvas, corners, self.colour(self.kit.second, 0.95))

    def lettered(self, face: Array, mask: Image, back: bool, cosine: float) -> Lettered | None:
        """Letter the number on the shirt; big on the back, smaller on the chest."""
        import cv2

        a, b, top, bottom = (0.14, 0.86, 0.12, 0.72) if back else (0.28, 0.72, 0.18, 0.52)
        if face[0, 0] > face[1, 0]:
            a, b = b, a  # letters run rightwards in the picture
        corners = np.array([_inside(face, a, top), _inside(face, b, top), _inside(face, a, bottom)])
        low, high = np.floor(face.min(axis=0)).astype(int), np.ceil(face.max(axis=0)).astype(int)
        low = np.maximum(low, 0)
        source = np.array([(0, 0), (48, 0), (0, 48)], np.float32)
        affine = cv2.getAffineTransform(source, (corners - low).astype(np.float32))
        region = self.canvas[low[1] : high[1], low[0] : high[0]]
        letters = cv2.warpAffine(mask, affine, (region.shape[1], region.shape[0]), flags=cv2.INTER_NEAREST)
        digits = letters > (self.kit.outline is not None)
        if self.kit.outline is not None:
            region[letters == 1] = np.array(self.colour(self.kit.outline), np.uint8)
        region[digits] = np.array(self.colour(self.kit.ink_on(back)), np.uint8)
        columns, rows = np.flatnonzero(digits.any(axis=0)), np.flatnonzero(digits.any(axis=1))
        if not len(columns):
            return None
        box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
        return Lettered(box + np.tile(low, 2), cosine)

    def shrunk(self, size: list[int]) -> Image:
        """(h, w, 4) premultiplied BGRA at the frame's own scale."""
        import cv2

        small: Image = cv2.resize(self.canvas, (size[0], size[1]), interpolation=cv2.INTER_AREA)
        return small


def _inside(face: Array, across: float, along: float) -> Array:
    """(2,) pixels: a point of the face quad given as shares of its width and height."""
    top = face[0] + across * (face[1] - face[0])
    bottom = face[3] + across * (face[2] - face[3])
    point: Array = top + along * (bottom - top)
    return point


def _ends(a: Array, b: Array) -> tuple[tuple[int, int], tuple[int, int]]:
    return (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))


def draw_ball(state: MatchState, camera: SceneCamera, light: Array) -> Sprite | None:
    """The ball: shaded white with dark panels that turn as it rolls."""
    import cv2

    pixel, depth = camera.project(state.ball)
    if depth < 2.0:
        return None
    edge, _ = camera.project(state.ball + np.array([0, 0, BALL_RADIUS]))
    radius = max(1.6, float(np.linalg.norm(edge - pixel)))
    zoom = 8 if radius < 12 else 3
    low = np.floor(pixel - radius - 2).astype(int)
    side = int(np.ceil(2 * radius + 5))
    canvas = np.zeros((side * zoom, side * zoom, 4), np.uint8)
    middle, r = (pixel - low) * zoom, radius * zoom
    blue, green, red = (255 * np.minimum(1.0, light)).tolist()

    def disc(x: float, y: float, size: float, grey: float) -> None:
        centre = (int(middle[0] + x * r), int(middle[1] + y * r))
        cv2.circle(canvas, centre, max(1, int(size * r)), (grey * blue, grey * green, grey * red, 255), -1)

    disc(0, 0, 1.0, 0.66)
    disc(-0.08, -0.12, 0.85, 0.93)
    disc(-0.12, -0.2, 0.6, 1.0)
    for angle in (0.0, 2.1, 4.2):
        turn = angle + state.ball_spin
        if np.cos(turn) > 0.1:
            disc(0.62 * np.sin(turn), 0.45 * np.sin(angle * 1.7), 0.27, 0.22)
    small: Image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return Sprite(small, int(low[0]), int(low[1]))
