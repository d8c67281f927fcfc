"""From settings to frames and truth: play, point the camera, paint far to near, measure what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.bystanders import RenderedBystanders
from data_prep.synthetic.camera import Operator, SceneCamera
from data_prep.synthetic.dark import DarkLighting, DarkSensor
from data_prep.synthetic.kits import kits
from data_prep.synthetic.match import Match, MatchState
from data_prep.synthetic.people import BONES, Lettered, Sprite, Wardrobe, draw_ball, skeleton
from data_prep.synthetic.settings import (
    N_PEOPLE,
    STREAM_LIGHT,
    STREAM_NOISE,
    Array,
    FrameTruth,
    Settings,
    identities,
)
from data_prep.synthetic.stadium import Stadium, goal_frames, paint_goal
from sportstrack.masks.places import masks_of_parts
from sportstrack.types import BoolArray, Image

Owners = NDArray[np.int8]  # (H, W) index of the object on top of each pixel, -1 for the background
Masks = list[tuple[int, int, int, Image, int]]  # index, left, top, mask of the whole object, pixels in it

FIRST_BYSTANDER = N_PEOPLE + 3  # people, the ball and two goals come before
NO_NUMBER = Lettered(np.full(4, np.nan), 0.0)
SEEN = 0.3  # a pixel belongs to an object where it covers this share of the most that it covers anywhere


class Pixels(NamedTuple):
    """Which pixels of the image an object has, (h, w) bool each from ``place`` on, and which of them are on top."""

    place: tuple[int, int]
    whole: BoolArray
    visible: BoolArray


@dataclass(frozen=True)
class _Drawn:
    """What came out of one object of a frame."""

    index: int
    xyxy: Array
    visibility: float
    number: Lettered = NO_NUMBER
    number_visibility: float = 0.0
    pixels: Pixels | None = None


def cut_frames(settings: Settings) -> list[int]:
    """The frames (from 0) at which a new shot begins: evenly spread, so that each shot lasts."""
    return [round(settings.frames * (k + 1) / (settings.cuts + 1)) for k in range(settings.cuts)]


def render_sequence(settings: Settings, every: int = 1, *, masks: bool = False) -> Iterator[tuple[Image, FrameTruth]]:
    """Yield each ``every``-th frame, (height, width, 3) uint8 BGR, with its truth, and exact masks if asked.

    Equal settings give equal pixels and equal truth, and skipping frames changes neither.
    """
    match, stadium = Match(settings), Stadium(settings)
    painter = _Painter(settings, stadium, masks)
    cuts, shot = set(cut_frames(settings)), 0
    state = match.step()
    operator = Operator(settings, state.ball)
    camera = operator.step(state.ball, state.ball_velocity)
    for frame in range(settings.frames):
        previous = (state, camera)
        state = match.step()
        if frame in cuts:
            shot += 1
            operator.cut(state.ball)
        camera = operator.step(state.ball, state.ball_velocity)
        if frame in cuts or frame == 0:
            previous = (state, camera)  # no blur across a shot change
        painter.advance()
        if frame % every == 0:
            yield painter.paint(frame, shot, state, camera, previous)


class _Painter:
    """Paints frames; keeps what does not change from frame to frame."""

    def __init__(self, settings: Settings, stadium: Stadium, masks: bool) -> None:
        self._settings, self._stadium, self._masks = settings, stadium, masks
        self._wardrobe = Wardrobe(kits(settings))
        self._bystanders = RenderedBystanders(settings)
        self._goals = goal_frames()
        self._class = np.array([identity.class_id for identity in identities(settings)])
        self._light_rng = settings.rng(STREAM_LIGHT)
        self._noise_rng = settings.rng(STREAM_NOISE)
        self._exposure = float(self._light_rng.uniform(0.92, 1.08))
        self._tint = self._light_rng.normal(1.0, 0.025, 3)
        self._wave = self._light_rng.uniform(0, 2 * np.pi, 3)
        if stadium.lighting is not None:
            self._exposure, self._tint = stadium.lighting.exposure, self._tint * stadium.lighting.cast
        self._sensor: DarkSensor | None = None
        if isinstance(stadium.lighting, DarkLighting):
            shape = (settings.height, settings.width)
            self._sensor = DarkSensor(stadium.lighting.electrons, shape, self._noise_rng)
        self._time = 0.0
        spread = (settings.height + 61, settings.width + 61)
        self._grain = np.round(self._noise_rng.normal(0, settings.noise, spread)).astype(np.int16)
        self._offset = (0, 0)

    def advance(self) -> None:
        """One frame time on: the light and the noise move whether or not the frame is painted."""
        self._time += 1.0 / self._settings.frame_rate
        self._offset = (int(self._noise_rng.integers(60)), int(self._noise_rng.integers(60)))

    def paint(
        self, frame: int, shot: int, state: MatchState, camera: SceneCamera, previous: tuple[MatchState, SceneCamera]
    ) -> tuple[Image, FrameTruth]:
        settings = self._settings
        image: Image = np.empty((settings.height, settings.width, 3), np.uint8)
        joints = skeleton(state, self._wardrobe.height, self._wardrobe.girth)
        self._stadium.paint(image, camera)
        if settings.shadows:
            self._shadows(image, joints, state, camera)
        self._pan_blur(image, camera, previous[1], state)
        drawn = self._objects(image, joints, state, camera, previous)
        image = self._develop(image)
        return image, self._truth(frame, shot, drawn, state, camera)

    def _shadows(self, image: Image, joints: Array, state: MatchState, camera: SceneCamera) -> None:
        """Darken the turf where bodies keep the light off it: bones laid flat along the light's direction."""
        import cv2

        hidden = {i - 1 for i in self._settings.hidden}
        mask = np.zeros(image.shape[:2], np.uint8)
        for direction, strength in self._stadium.lights:
            flat = np.concatenate([joints, np.broadcast_to(state.ball, (1, joints.shape[1], 3))])
            flat[..., :2] += flat[..., 2:] * direction
            flat[..., 2] = 0
            pixels, depth = camera.project(flat)
            inside = (depth.min(axis=1) > 2) & (pixels.max(axis=1) > -20).all(axis=1)
            inside &= (pixels.min(axis=1) < np.array([camera.width, camera.height]) + 20).all(axis=1)
            per_metre = np.linalg.norm(camera.matrix[0, :3]) / depth[:, 0]
            points = pixels.astype(int)
            for i in np.flatnonzero(inside):
                if int(i) in hidden:
                    continue
                if i == N_PEOPLE:
                    axes = (max(1, round(0.12 * per_metre[i])), max(1, round(0.07 * per_metre[i])))
                    cv2.ellipse(mask, points[i, 0].tolist(), axes, 0, 0, 360, 255 * strength, -1)
                    continue
                for a, b, width in BONES:
                    thick = max(1, round(1.5 * width * per_metre[i]))
                    cv2.line(mask, points[i, a].tolist(), points[i, b].tolist(), 255 * strength, thick)
        rows = np.flatnonzero(mask.any(axis=1))
        if len(rows):
            band = slice(max(0, rows[0] - 3), rows[-1] + 4)
            keep = 255 - cv2.blur(mask[band], (3, 3))
            cv2.multiply(image[band], cv2.merge([keep, keep, keep]), dst=image[band], scale=1 / 255)

    def _pan_blur(self, image: Image, camera: SceneCamera, before: SceneCamera, state: MatchState) -> None:
        """Blur the background along the way it moved while the shutter was open."""
        import cv2

        anchor = np.array([*state.ball[:2], 0.0])
        way = (camera.project(anchor)[0] - before.project(anchor)[0]) * self._settings.motion_blur
        kernel = _streak(way, longest=15)
        if kernel is not None:
            cv2.filter2D(image, -1, kernel, dst=image, borderType=cv2.BORDER_REPLICATE)

    def _objects(
        self,
        image: Image,
        joints: Array,
        state: MatchState,
        camera: SceneCamera,
        previous: tuple[MatchState, SceneCamera],
    ) -> list[_Drawn]:
        """Paint goals, people and ball far to near; return what touches the image."""
        ground = np.vstack([np.column_stack([state.xy, np.zeros(N_PEOPLE)]), state.ball])
        was = np.vstack([np.column_stack([previous[0].xy, np.zeros(N_PEOPLE)]), previous[0].ball])
        shift = (camera.project(ground)[0] - previous[1].project(was)[0]) * self._settings.motion_blur
        pixels, depth = camera.project(ground)
        light = self._stadium.light(ground[:, :2])
        sun = self._stadium.lights[0][0]
        crowd_depth = camera.project(self._bystanders.place(camera))[1]
        goal_depth = camera.project(np.array([pieces.mean(axis=(0, 1)) for pieces, _ in self._goals]))[1]
        owner: Owners = np.full(image.shape[:2], -1, np.int8)
        drawn: list[_Drawn] = []
        masks: Masks = []
        numbers: dict[int, Lettered] = {}
        for i in np.argsort(-np.concatenate([depth, goal_depth, crowd_depth])).tolist():
            if i >= FIRST_BYSTANDER:
                off = self._bystanders.draw(i - FIRST_BYSTANDER, camera, sun)
                if off is not None:
                    self._stamp(image, owner, off, i, masks)
                continue
            if i > N_PEOPLE:
                paint_goal(image, camera, *self._goals[i - N_PEOPLE - 1])
                continue
            if depth[i] < 2 or not (-400 < pixels[i, 0] < camera.width + 400) or i + 1 in self._settings.hidden:
                continue
            is_ball = i == N_PEOPLE
            sprite = (
                draw_ball(state, camera, light[i])
                if is_ball
                else self._wardrobe.draw(i, joints[i], camera, light[i], sun)
            )
            if sprite is None:
                continue
            if sprite.number is not None:
                numbers[i] = sprite.number
            sprite = _smear(sprite, shift[i], longest=25 if is_ball else 11)
            self._stamp(image, owner, sprite, i, masks)
        for i, x, y, mask, total in masks:
            box = _box(mask, x, y, image.shape[1], image.shape[0])
            if box is not None:
                number = numbers.get(i, NO_NUMBER)
                seen = _visible(owner, mask, x, y, i) / total
                one = _Drawn(i, box, seen, number, _share_on_top(owner, number.xyxy, i))
                drawn.append(replace(one, pixels=_pixels(owner, mask, x, y, i)) if self._masks else one)
        return drawn

    @staticmethod
    def _stamp(image: Image, owner: Owners, sprite: Sprite, index: int, masks: Masks) -> None:
        """Blend a sprite in and note which pixels it took."""
        import cv2

        alpha = sprite.picture[..., 3]
        h, w = alpha.shape
        x0, y0 = max(0, sprite.x), max(0, sprite.y)
        x1, y1 = min(image.shape[1], sprite.x + w), min(image.shape[0], sprite.y + h)
        peak = int(alpha.max())
        if x1 <= x0 or y1 <= y0 or peak == 0:
            return
        mask = (alpha >= max(1.0, SEEN * peak)).astype(np.uint8)
        masks.append((index, sprite.x, sprite.y, mask, int(cv2.countNonZero(mask))))
        window = (slice(y0 - sprite.y, y1 - sprite.y), slice(x0 - sprite.x, x1 - sprite.x))
        part = sprite.picture[window]
        rest = 255 - part[..., 3]
        region = image[y0:y1, x0:x1]
        cv2.multiply(region, cv2.merge([rest, rest, rest]), dst=region, scale=1 / 255)
        cv2.add(region, np.ascontiguousarray(part[..., :3]), dst=region)
        owner[y0:y1, x0:x1][mask[window] > 0] = index

    def _develop(self, image: Image) -> Image:
        """Lens softness, exposure and tint, and the sensor's noise."""
        import cv2

        soft = cv2.GaussianBlur(image, (3, 3), 0.55)
        swing = self._settings.light_change
        t, wave = self._time, self._wave
        clouds = 0.22 * np.sin(0.9 * t + wave[0]) + 0.10 * np.sin(2.3 * t + wave[1])
        gain = self._exposure * (1.0 + swing * clouds)
        tint = self._tint * (1.0 + swing * 0.05 * np.sin(0.5 * t + wave[2]) * np.array([1.0, 0.0, -1.0]))
        levels = np.arange(256)[:, None] * gain * tint[None]
        table = np.clip(levels, 0, 255).astype(np.uint8).reshape(1, 256, 3)
        lit: Image = cv2.LUT(soft, table)
        if self._sensor is not None:
            return self._sensor.expose(lit, self._offset)
        if self._settings.noise == 0:
            return lit
        y, x = self._offset
        grain = self._grain[y : y + image.shape[0], x : x + image.shape[1]]
        noisy: Image = cv2.add(lit, cv2.merge([grain, grain, grain]), dtype=cv2.CV_8U)
        return noisy

    def _truth(self, frame: int, shot: int, drawn: list[_Drawn], state: MatchState, camera: SceneCamera) -> FrameTruth:
        off = [one.xyxy for one in drawn if one.index >= FIRST_BYSTANDER]
        rows = sorted((one for one in drawn if one.index < FIRST_BYSTANDER), key=lambda one: one.index)
        index = np.array([one.index for one in rows], np.int64)
        where = np.vstack([state.xy, state.ball[:2]])
        visible = whole = None
        if self._masks:
            parts, shape = [one.pixels for one in rows if one.pixels], (self._settings.height, self._settings.width)
            places = [part.place for part in parts]
            visible = masks_of_parts([part.visible for part in parts], places, shape)
            whole = masks_of_parts([part.whole for part in parts], places, shape)
        return FrameTruth(
            frame=frame,
            shot=shot,
            track_id=index + 1,
            class_id=self._class[index].astype(np.int64),
            xyxy=np.array([one.xyxy for one in rows]).reshape(-1, 4),
            visibility=np.array([one.visibility for one in rows], np.float64),
            pitch_xy=where[index],
            camera=camera.matrix.copy(),
            bystander_xyxy=np.array(off).reshape(-1, 4),
            number_xyxy=np.array([one.number.xyxy for one in rows]).reshape(-1, 4),
            number_visibility=np.array([one.number_visibility for one in rows], np.float64),
            number_facing=np.array([one.number.facing for one in rows], np.float64),
            visible=visible,
            whole=whole,
        )


def _streak(way: Array, longest: int) -> Array | None:
    """A motion blur kernel along ``way`` (pixels), or None where it would change nothing."""
    import cv2

    length = float(np.hypot(*way))
    if length < 1.3:
        return None
    way = way * min(1.0, longest / length)
    half = int(np.ceil(np.abs(way).max() / 2))
    kernel: NDArray[Any] = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    middle = np.array([half, half])
    ends = np.round((np.stack([middle - way / 2, middle + way / 2])) * 16).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_8, 4)
    streak: Array = kernel / kernel.sum()
    return streak


def _smear(sprite: Sprite, way: Array, longest: int) -> Sprite:
    """The sprite as the open shutter saw it move; grown so that nothing is lost at its edges."""
    import cv2

    kernel = _streak(way, longest)
    if kernel is None:
        return sprite
    pad = kernel.shape[0] // 2
    wide = cv2.copyMakeBorder(sprite.picture, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    return replace(sprite, picture=cv2.filter2D(wide, -1, kernel), x=sprite.x - pad, y=sprite.y - pad)


def _box(mask: Image, x: int, y: int, width: int, height: int) -> Array | None:
    """(4,) xyxy of the mask's pixels, clipped to the image; None when none is inside."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    box = np.array([x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1], np.float64)
    box[0::2] = np.clip(box[0::2], 0, width)
    box[1::2] = np.clip(box[1::2], 0, height)
    return box if box[2] > box[0] and box[3] > box[1] else None


def _visible(owner: Owners, mask: Image, x: int, y: int, index: int) -> int:
    """How many of the mask's pixels ended up on top."""
    h, w = mask.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(owner.shape[1], x + w), min(owner.shape[0], y + h)
    inside = mask[y0 - y : y1 - y, x0 - x : x1 - x] > 0
    return int(np.count_nonzero((owner[y0:y1, x0:x1] == index) & inside))


def _pixels(owner: Owners, mask: Image, x: int, y: int, index: int) -> Pixels:
    h, w = mask.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(owner.shape[1], x + w), min(owner.shape[0], y + h)
    whole = mask[y0 - y : y1 - y, x0 - x : x1 - x] > 0
    return Pixels((x0, y0), whole, whole & (owner[y0:y1, x0:x1] == index))


def _share_on_top(owner: Owners, box: Array, index: int) -> float:
    """The share of a box that an object covers in the finished picture; 0 without a box or outside the image."""
    if not np.isfinite(box).all():
        return 0.0
    x0, y0, x1, y1 = np.round(box).astype(int)
    part = owner[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
    return int(np.count_nonzero(part == index)) / max(1, int((x1 - x0) * (y1 - y0)))
