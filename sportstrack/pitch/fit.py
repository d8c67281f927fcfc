"""The camera of a clip from places of the pitch that were marked by hand in one or several frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.marks import Mark, Placed, check_marks, place_marks
from sportstrack.pitch.model import Pitch

HEIGHTS = (1.0, 200.0)
"""Metres above the ground in which a lens is believed."""
FOCALS = (0.3, 40.0)
"""Focal lengths that are believed, in widths of the picture: from fish-eyes to the longest lenses of stadiums."""
_TRIES = (0.6, 1.0, 1.7, 3.0, 6.0)
"""Focal lengths to begin with, in widths of the picture, besides that of the homography."""
_LEFT_OUT = 0.2
"""At most this part of a frame's marks may be wrong and left out."""
_STEP = 1e-4
_PER_FRAME = 4  # pan, tilt, roll in degrees, logarithm of the focal length


@dataclass(frozen=True)
class CameraFit:
    """The cameras of the marked frames, and how well the marks fit.

    Attributes:
        cameras: frame → camera; all have one centre and one distortion.
        error_px: frame → root mean square distance in pixels of its marks from where its camera sees their places.
        error_m: frame → the same on the ground in metres.
        left_out: marks that contradict all others and were not used.
        covariance: of centre, then pan, tilt, roll in degrees and the logarithm of the focal length of each frame, then
            the distortion if it was fitted; from the errors of the marks, of which a pixel is taken for granted.
    """

    cameras: Mapping[int, Camera]
    error_px: Mapping[int, float]
    error_m: Mapping[int, float]
    left_out: Sequence[Mark]
    covariance: Floats

    def ground_error(self, frame: int, pixels: npt.ArrayLike, error_px: float = 1.0) -> Floats:
        """Return the root mean square error in metres, (N,), of places on the ground, first order.

        It holds the error of the camera, which grows away from the marks, and that of a foot point that is ``error_px``
        pixels off; see `Camera.ground_covariance`.
        """
        camera = self.cameras[frame]
        x = _pack(self.cameras, len(self.covariance) % _PER_FRAME != 3)
        slopes = []
        for step in _STEP * np.eye(len(x)):
            ends = [
                _unpack(x + d, list(self.cameras), camera.principal)[frame].to_ground(pixels) for d in (step, -step)
            ]
            slopes.append((ends[0] - ends[1]) / (2 * _STEP))
        jacobian = np.stack(slopes, axis=2)
        total = jacobian @ self.covariance @ jacobian.transpose(0, 2, 1) + camera.ground_covariance(pixels, error_px)
        return np.asarray(np.sqrt(np.trace(total, axis1=1, axis2=2)))


def fit_camera(
    marks: Iterable[Mark | Sequence[object]],
    pitch: Pitch,
    size: tuple[int, int],
    *,
    distortion: bool = False,
    max_error: float | None = None,
) -> CameraFit:
    """Return the camera that sees places of a pitch where they were marked, one centre for all frames.

    The homography of a frame (a direct linear transform of points and lines) gives its first camera; then all frames
    are fitted together by least squares with a robust loss (soft L1), and marks that contradict all others are left
    out.

    Args:
        marks: `Mark` or (frame, place, (px, py)), four or more in each frame; see `read_marks`.
        pitch: the model, in the size of the real pitch.
        size: (width, height) of the frames in pixels; the camera's axis goes through the middle.
        distortion: also fit the radial distortion; eight or more marks far from the middle are needed to tell it.
        max_error: largest root mean square error of a frame in pixels; None for 1 % of the width.

    Raises:
        SettingError: marks cannot be used (fewer than four in a frame, on one line, mirrored, swapped, unknown names),
            or no believable camera fits them (height, focal length, error, a centre that moves). The message has the
            numbers.
    """
    if len(size) != 2 or min(size) < 1:
        raise SettingError(f"size must be the width and height of the frames in pixels, not {size}")
    limit = 0.01 * size[0] if max_error is None else max_error
    by_frame: dict[int, list[Placed]] = {}
    for one in place_marks(marks, pitch):
        by_frame.setdefault(one.mark.frame, []).append(one)
    if not by_frame:
        raise SettingError("there are 0 marks; a camera needs four or more points and lines in a frame")
    frames = dict(sorted(by_frame.items()))
    for frame, placed in frames.items():
        check_marks(placed, frame)
    starts = {frame: _first(placed, frame, size) for frame, placed in frames.items()}
    cameras = _refine(frames, starts, distortion)
    frames, left_out = _without_wrong(frames, cameras, limit)
    if left_out:
        cameras = _refine(frames, cameras, distortion)
    errors = {frame: _rms(pixel_errors(cameras[frame], placed)) for frame, placed in frames.items()}
    if len(frames) > 1:
        _check_centre(frames, starts, errors, limit)
    for frame, placed in frames.items():
        _check_error(placed, cameras[frame], errors[frame], limit, pitch)
        _check_camera(cameras[frame], frame, size)
    metres = {frame: _rms(ground_errors(cameras[frame], placed)) for frame, placed in frames.items()}
    return CameraFit(cameras, errors, metres, left_out, _covariance(frames, cameras, distortion))


def pixel_errors(camera: Camera, placed: Sequence[Placed]) -> Floats:
    """Return the distance in pixels of each mark from its place as the camera sees it, (N,)."""
    return np.asarray([np.linalg.norm(part) for part in _residuals(camera, placed)])


def ground_errors(camera: Camera, placed: Sequence[Placed]) -> Floats:
    """Return the distance in metres of each mark, taken to the ground, from its place; (N,), NaN above the horizon."""
    found = []
    for one in placed:
        if one.point is not None:
            x, y = camera.to_ground(one.mark.pixel, one.point[2])[0] - one.point[:2]
            found.append(np.hypot(x, y))
        elif one.line is not None:
            found.append(abs(_beside(camera.to_ground(one.mark.pixel), one.line.start, one.line.end)[0]))
    return np.asarray(found)


def _beside(points: Floats, start: Sequence[float], end: Sequence[float]) -> Floats:
    """Return the signed distances of points from the endless line through two."""
    (x, y), (u, v) = start, np.subtract(end, start)
    return np.asarray(((points[:, 0] - x) * v - (points[:, 1] - y) * u) / np.hypot(u, v))


def _residuals(camera: Camera, placed: Sequence[Placed]) -> list[Floats]:
    """Return what each mark is off, in pixels: two numbers for a point, one for a point of a line."""
    rotation, focal = camera.rotation, camera.focal
    centre = np.array([camera.centre[0], camera.centre[1], -camera.centre[2]])

    def seen(point: Sequence[float]) -> Floats:
        x, y, *high = point
        return np.asarray(rotation @ (np.array([x, y, -high[0] if high else 0.0]) - centre))

    found = []
    for one in placed:
        if one.point is not None:
            right, down, forward = seen(one.point)
            flat = np.array([right, down]) / max(forward, 0.05)  # behind the camera: far off, and still a slope
            bent = flat * (1 + camera.distortion * (flat @ flat))
            found.append(np.asarray(camera.principal + focal * bent - one.mark.pixel))
        elif one.line is not None:
            normal = np.cross(seen(one.line.start), seen(one.line.end))
            ray = camera.rays(one.mark.pixel)[0]
            found.append(np.array([focal * (normal @ ray) / max(float(np.hypot(*normal[:2])), 1e-12)]))
    return found


def _rms(values: npt.ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


# --- the first camera of a frame -------------------------------------------------------------------------------------


def _first(placed: Sequence[Placed], frame: int, size: tuple[int, int]) -> Camera:
    """Return the camera of one frame alone, from its homography and several focal lengths."""
    homography = _homography([one for one in placed if one.point is None or one.point[2] == 0], frame)
    middle = (size[0] / 2, size[1] / 2)
    tried: list[tuple[float, Camera]] = []
    for focal in (None, *(part * size[0] for part in _TRIES)):
        try:
            start = Camera.from_homography(homography, middle, focal)
            camera = _refine({frame: list(placed)}, {frame: start}, False)[frame]
        except SettingError:
            continue
        tried.append((_rms(pixel_errors(camera, placed)), camera))
        if tried[-1][0] < 0.002 * size[0]:  # as good as a hand that marks
            break
    if not tried:
        raise SettingError(f"frame {frame}: no camera sees its {len(placed)} marks where they are")
    return min(tried, key=lambda one: one[0])[1]


def _homography(placed: Sequence[Placed], frame: int) -> Floats:
    """Return the homography from metres to pixels by a direct linear transform (Hartley & Zisserman, 4.1 and 4.7)."""
    to_unit = _normal([one.mark.pixel for one in placed])
    place_to_unit = _normal([p for one in placed for p in _places(one)])
    rows = []
    for one in placed:
        pixel = to_unit @ (*one.mark.pixel, 1.0)
        places = [place_to_unit @ (*p, 1.0) for p in _places(one)]
        if one.line is None:
            x, y, _ = places[0]
            rows += [np.kron((1.0, 0.0, -x), pixel), np.kron((0.0, 1.0, -y), pixel)]
        else:
            line = np.cross(places[0], places[1])
            rows.append(np.kron(line / np.hypot(*line[:2]), pixel))
    table = np.array(rows)
    values = np.linalg.svd(table, compute_uv=False) if rows else np.zeros(1)
    told = int((values > 1e-3 * max(values[0], 1e-9)).sum())
    if told < 8:
        raise SettingError(
            f"frame {frame}: its {len(placed)} marks on the ground give {told} of the 8 numbers that a view needs (a "
            "point gives two, a line one); mark more points, and points that are not on one line"
        )
    to_ground = np.linalg.svd(table)[2][-1].reshape(3, 3)
    if np.linalg.cond(to_ground) > 1e9:
        raise SettingError(f"frame {frame}: its {len(placed)} marks do not tell a view of the ground")
    return np.asarray(np.linalg.inv(np.linalg.inv(place_to_unit) @ to_ground @ to_unit))


def _normal(points: Sequence[Sequence[float]]) -> Floats:
    """Return the (3, 3) similarity that gives points the mean 0 and the mean distance √2."""
    where = np.asarray(points, dtype=float).reshape(-1, 2)
    middle = where.mean(0) if len(where) else np.zeros(2)
    scale = np.sqrt(2) / max(1e-9, float(np.linalg.norm(where - middle, axis=1).mean()) if len(where) else 1.0)
    return np.array([[scale, 0.0, -scale * middle[0]], [0.0, scale, -scale * middle[1]], [0.0, 0.0, 1.0]])


def _places(one: Placed) -> list[Sequence[float]]:
    """Return where a mark is on the ground: a point, or two of its line."""
    if one.point is not None:
        return [one.point[:2]]
    return [one.line.start, one.line.end] if one.line is not None else []


# --- all frames together ---------------------------------------------------------------------------------------------


def _refine(
    frames: Mapping[int, Sequence[Placed]], starts: Mapping[int, Camera], distortion: bool
) -> dict[int, Camera]:
    """Return the cameras with one centre that fit all marks best, with a loss that grows slowly for wrong ones."""
    from scipy.optimize import least_squares

    principal = starts[next(iter(frames))].principal
    x0 = _pack({frame: starts[frame] for frame in frames}, distortion)

    def residuals(x: Floats) -> Floats:
        return _all_residuals(frames, _unpack(x, list(frames), principal))

    scale = np.concatenate([[10.0] * 3, [5.0, 5.0, 5.0, 0.3] * len(frames), [0.1] if distortion else []])
    done = least_squares(residuals, x0, x_scale=scale, loss="soft_l1", f_scale=3.0, max_nfev=200)
    return _unpack(done.x, list(frames), principal)


def _pack(cameras: Mapping[int, Camera], distortion: bool) -> Floats:
    """Return the numbers that are fitted: the centre, four for each frame, the distortion."""
    centre = np.median([camera.centre for camera in cameras.values()], axis=0)
    each = [(c.pan, c.tilt, c.roll, np.log(c.focal)) for c in cameras.values()]
    bent = [next(iter(cameras.values())).distortion] if distortion else []
    return np.concatenate([centre, np.ravel(each), bent])


def _unpack(x: Floats, frames: Sequence[int], principal: tuple[float, float]) -> dict[int, Camera]:
    """Return the cameras of `_pack`'s numbers."""
    place = (float(x[0]), float(x[1]), float(x[2]))
    end = 3 + _PER_FRAME * len(frames)
    k = float(x[end]) if len(x) > end else 0.0
    views = x[3:end].reshape(-1, _PER_FRAME).tolist()
    return {
        frame: Camera(place, pan, tilt, roll, float(np.exp(np.clip(zoom, -5, 25))), principal, k)
        for frame, (pan, tilt, roll, zoom) in zip(frames, views, strict=True)
    }


def _all_residuals(frames: Mapping[int, Sequence[Placed]], cameras: Mapping[int, Camera]) -> Floats:
    found = [part for frame, placed in frames.items() for part in _residuals(cameras[frame], placed)]
    return np.clip(np.nan_to_num(np.concatenate(found), nan=1e5), -1e5, 1e5)


def _covariance(frames: Mapping[int, Sequence[Placed]], cameras: Mapping[int, Camera], distortion: bool) -> Floats:
    """Return the covariance of `_pack`'s numbers, from the slopes at the solution and the errors of the marks."""
    x, principal = _pack(cameras, distortion), next(iter(cameras.values())).principal

    def residuals(at: Floats) -> Floats:
        return _all_residuals(frames, _unpack(at, list(frames), principal))

    columns = [(residuals(x + step) - residuals(x - step)) / (2 * _STEP) for step in _STEP * np.eye(len(x))]
    slopes, off = np.column_stack(columns), residuals(x)
    variance = max(1.0, float(off @ off) / max(1, len(off) - len(x)))
    return np.asarray(variance * np.linalg.pinv(slopes.T @ slopes, rcond=1e-14, hermitian=True))


# --- what is left out ------------------------------------------------------------------------------------------------


def _without_wrong(
    frames: Mapping[int, list[Placed]], cameras: Mapping[int, Camera], limit: float
) -> tuple[dict[int, list[Placed]], list[Mark]]:
    """Return the frames without their few marks that are further off than ``limit``, and those marks."""
    kept, left_out = {}, []
    for frame, placed in frames.items():
        wrong = pixel_errors(cameras[frame], placed) > limit
        few = wrong.any() and wrong.sum() <= _LEFT_OUT * len(placed)
        kept[frame] = [one for one, bad in zip(placed, wrong, strict=True) if not (few and bad)]
        left_out += [one.mark for one, bad in zip(placed, wrong, strict=True) if few and bad]
    return kept, left_out


# --- what is not believed --------------------------------------------------------------------------------------------


def _check_centre(
    frames: Mapping[int, Sequence[Placed]], alone: Mapping[int, Camera], errors: Mapping[int, float], limit: float
) -> None:
    """Refuse frames that fit well alone and badly with one centre."""
    single = {frame: _rms(pixel_errors(alone[frame], placed)) for frame, placed in frames.items()}
    worst = max(errors, key=lambda frame: errors[frame])
    if errors[worst] <= limit or max(single.values()) > limit:
        return
    first, second = max(
        ((a, b) for a in frames for b in frames if a < b),
        key=lambda pair: float(np.linalg.norm(np.subtract(alone[pair[0]].centre, alone[pair[1]].centre))),
    )
    apart = np.linalg.norm(np.subtract(alone[first].centre, alone[second].centre))
    raise SettingError(
        f"the camera's centre moves: frame {first} is seen from {_metres(alone[first])} and frame {second} from "
        f"{_metres(alone[second])}, {apart:.1f} m apart; with one centre frame {worst} is {errors[worst]:.1f} px off, "
        f"alone {single[worst]:.1f} px; fit shots and moving cameras one by one"
    )


def _metres(camera: Camera) -> str:
    return "({:.1f}, {:.1f}, {:.1f}) m".format(*camera.centre)


def _check_error(placed: Sequence[Placed], camera: Camera, error: float, limit: float, pitch: Pitch) -> None:
    if error <= limit:
        return
    pixels, metres = pixel_errors(camera, placed), ground_errors(camera, placed)
    worst = int(pixels.argmax())
    mark = placed[worst].mark
    raise SettingError(
        f"frame {mark.frame}: no camera fits its {len(placed)} marks: they are {error:.1f} px off (at most "
        f"{limit:.1f}), {mark.title} {pixels[worst]:.1f} px or {metres[worst]:.1f} m; is the pitch {pitch.name}, "
        f"{pitch.length:g} × {pitch.width:g} m, and are the names right?"
    )


def _check_camera(camera: Camera, frame: int, size: tuple[int, int]) -> None:
    height, widths = camera.centre[2], camera.focal / size[0]
    if not HEIGHTS[0] <= height <= HEIGHTS[1]:
        raise SettingError(
            f"frame {frame}: the marks put the camera {height:.1f} m above the ground, which is not between "
            f"{HEIGHTS[0]:g} and {HEIGHTS[1]:g} m; is the pitch of this size, and are the names right?"
        )
    if not FOCALS[0] <= widths <= FOCALS[1]:
        raise SettingError(
            f"frame {frame}: the marks give a focal length of {camera.focal:.0f} px, {widths:.2f} widths of the "
            f"picture, which is not between {FOCALS[0]:g} and {FOCALS[1]:g}; is the pitch of this size, and are the "
            "names right?"
        )
