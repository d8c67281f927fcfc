"""The camera of a clip from places of the pitch that were marked by hand in one or several frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.evidence import MARK_ERROR
from sportstrack.pitch.marks import Mark, Placed, check_marks, place_marks
from sportstrack.pitch.model import Pitch
from sportstrack.pitch.sizes import better_size
from sportstrack.pitch.solve import (
    PER_FRAME,
    all_residuals,
    ground_errors,
    homography,
    pack,
    pixel_errors,
    refine,
    rms,
    unpack,
)

HEIGHTS = (1.0, 200.0)
"""Metres above the ground in which a lens is believed."""
FOCALS = (0.3, 40.0)
"""Focal lengths that are believed, in widths of the picture: from fish-eyes to the longest lenses of stadiums."""
_TRIES = (0.6, 1.0, 1.7, 3.0, 6.0)
"""Focal lengths to begin with, in widths of the picture, besides that of the homography."""
UNSURE = 3.0
"""Metres: marks of one frame that leave the ground in view less sure at the median tell no camera."""
_MANY = 7
"""Of fewer marks all beginnings are kept, since more than one camera may fit."""
OTHER, _SEEN = 1.0, 90.0
"""Metres on the ground from which on two cameras differ, and so far from the centre spot it is looked at."""
_UPRIGHT = 20.0
"""Degrees of roll that are believed where another camera fits as well."""
_LEFT_OUT = 0.2
"""At most this part of a frame's marks may be wrong and left out."""
_STEP = 1e-4


@dataclass(frozen=True)
class CameraFit:
    """The cameras of the marked frames, and how well the marks fit.

    Attributes:
        cameras: frame → camera; all have one centre and one distortion.
        error_px: frame → root mean square distance in pixels of its marks from where its camera sees their places.
        error_m: frame → the same on the ground in metres.
        left_out: marks that contradict all others and were not used.
        covariance: of centre, then pan, tilt, roll in degrees and the logarithm of the focal length of each frame, then
            the distortion if it was fitted; from the errors of the marks, which are at least those of a careful hand.
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
        x = pack(self.cameras, len(self.covariance) % PER_FRAME != 3)
        slopes = []
        for step in _STEP * np.eye(len(x)):
            ends = [unpack(x + d, list(self.cameras), camera.principal)[frame].to_ground(pixels) for d in (step, -step)]
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
    start: Camera | None = None,
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
        start: the camera to begin with, of several that fit (`camera_candidates`); None finds it, and refuses where two
            cameras fit equally.

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
    found = {frame: camera_candidates(placed, frame, size) for frame, placed in frames.items()}
    if len(frames) == 1 and start is None:
        for frame, placed in frames.items():
            _check_alone(placed, frame, found[frame], size)
    starts = {frame: cameras[0] if start is None else start for frame, cameras in found.items()}
    cameras = refine(frames, starts, distortion)
    frames, left_out = _without_wrong(frames, cameras, limit)
    if left_out:
        cameras = refine(frames, cameras, distortion)
    errors = {frame: rms(pixel_errors(cameras[frame], placed)) for frame, placed in frames.items()}
    if len(frames) > 1:
        _check_centre(frames, starts, errors, limit)
    for frame, placed in frames.items():
        _check_error(placed, cameras[frame], errors[frame], limit, pitch)
        _check_camera(cameras[frame], frame, size)
    metres = {frame: rms(ground_errors(cameras[frame], placed)) for frame, placed in frames.items()}
    fit = CameraFit(cameras, errors, metres, left_out, _covariance(frames, cameras, distortion))
    if len(frames) == 1 and start is None:
        _check_sure(fit, pitch, size, len(next(iter(frames.values()))))
    return fit


# --- the first camera of a frame -------------------------------------------------------------------------------------


def camera_candidates(placed: Sequence[Placed], frame: int, size: tuple[int, int]) -> list[Camera]:
    """Return the cameras that fit one frame's marks about equally well, the best first.

    They begin at the homography and at several focal lengths. Four or five marks may fit two cameras that see the
    ground otherwise.

    Raises:
        SettingError: no camera sees the marks.
    """
    flat = homography([one for one in placed if one.point is None or one.point[2] == 0], frame)
    middle = (size[0] / 2, size[1] / 2)
    tried: list[tuple[float, Camera]] = []
    for focal in (None, *(part * size[0] for part in _TRIES)):
        try:
            start = Camera.from_homography(flat, middle, focal)
            camera = refine({frame: list(placed)}, {frame: start}, False)[frame]
        except SettingError:
            continue
        tried.append((rms(pixel_errors(camera, placed)), camera))
        if len(placed) >= _MANY and tried[-1][0] < 0.002 * size[0]:  # as good as a hand that marks
            break
    if not tried:
        raise SettingError(f"frame {frame}: no camera sees its {len(placed)} marks where they are")
    tried.sort(key=lambda one: (not _is_plausible(one[1], size), one[0]))
    equal = max(1.5 * tried[0][0], tried[0][0] + 0.001 * size[0])
    found: list[Camera] = []
    for error, camera in tried:
        if error > equal or (found and not _is_plausible(camera, size)):
            continue
        if all(ground_apart(camera, other, size) > OTHER for other in found):
            found.append(camera)
    return found


def ground_apart(one: Camera, other: Camera, size: tuple[int, int]) -> float:
    """Return the median distance in metres between the places on the ground that two cameras see in a picture."""
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 7) * size[0], np.linspace(0.3, 0.95, 5) * size[1])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    places = one.to_ground(pixels), other.to_ground(pixels)
    near = (np.abs(places[0]) < _SEEN).all(1) & (np.abs(places[1]) < _SEEN).all(1)
    return float(np.median(np.linalg.norm(places[0] - places[1], axis=1)[near])) if near.any() else np.inf


def _is_plausible(camera: Camera, size: tuple[int, int]) -> bool:
    height, widths = camera.centre[2], camera.focal / size[0]
    upright = abs((camera.roll + 180) % 360 - 180) <= _UPRIGHT
    return HEIGHTS[0] <= height <= HEIGHTS[1] and FOCALS[0] <= widths <= FOCALS[1] and upright


def _check_alone(placed: Sequence[Placed], frame: int, found: Sequence[Camera], size: tuple[int, int]) -> None:
    """Refuse marks that two cameras fit equally."""
    if len(found) < 2:
        return
    errors = [rms(pixel_errors(camera, placed)) for camera in found[:2]]
    raise SettingError(
        f"frame {frame}: two cameras fit its {len(placed)} marks, one at {_metres(found[0])} to {errors[0]:.1f} px, "
        f"one at {_metres(found[1])} to {errors[1]:.1f} px; they see the ground "
        f"{ground_apart(found[0], found[1], size):.1f} m apart: "
        "mark one or two places more, away from the others"
    )


def _covariance(frames: Mapping[int, Sequence[Placed]], cameras: Mapping[int, Camera], distortion: bool) -> Floats:
    """Return the covariance of `pack`'s numbers, from the slopes at the solution and the errors of the marks."""
    x, principal = pack(cameras, distortion), next(iter(cameras.values())).principal

    def residuals(at: Floats) -> Floats:
        return all_residuals(frames, unpack(at, list(frames), principal))

    columns = [(residuals(x + step) - residuals(x - step)) / (2 * _STEP) for step in _STEP * np.eye(len(x))]
    slopes, off = np.column_stack(columns), residuals(x)
    careful = (MARK_ERROR * principal[0] / 640) ** 2  # few marks fit better than they are
    variance = max(careful, float(off @ off) / max(1, len(off) - len(x)))
    return np.asarray(variance * np.linalg.pinv(slopes.T @ slopes, rcond=1e-14, hermitian=True))


def _check_sure(fit: CameraFit, pitch: Pitch, size: tuple[int, int], count: int) -> None:
    """Refuse marks that leave most of the ground in view unknown."""
    frame, camera = next(iter(fit.cameras.items()))
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 5) * size[0], np.linspace(0.2, 0.95, 4) * size[1])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    on = (np.abs(camera.to_ground(pixels)) <= pitch.reach).all(1)
    if on.sum() < 3:
        return
    metres = float(np.median(fit.ground_error(frame, pixels[on], 0.0)))
    if metres > UNSURE:
        raise SettingError(
            f"frame {frame}: its {count} marks leave the ground in view unsure by {metres:.1f} m at the median (at "
            f"most {UNSURE:g}): mark more places, away from the others"
        )


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
    single = {frame: rms(pixel_errors(alone[frame], placed)) for frame, placed in frames.items()}
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
    other = better_size([one.mark for one in placed], pitch, camera)
    why = "are the names right?"
    if other is not None and other.error_px <= 0.5 * error:
        why = f"{other.words} would fit to {other.error_px:.1f} px"
    raise SettingError(
        f"frame {mark.frame}: no camera fits its {len(placed)} marks: they are {error:.1f} px off (at most "
        f"{limit:.1f}), {mark.title} {pixels[worst]:.1f} px or {metres[worst]:.1f} m; is the pitch {pitch.name}, "
        f"{pitch.length:g} × {pitch.width:g} m? {why[0].upper()}{why[1:]}"
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
