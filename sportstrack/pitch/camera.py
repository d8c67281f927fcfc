"""A pinhole camera beside a pitch: metres to pixels, and pixels back to metres on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A camera that looks at a pitch.

    With pan, tilt and roll 0 it looks across the pitch from the near side, level: x is to the right of its picture.

    Attributes:
        centre: (x, y, height) of the lens in metres, x and y as in `Pitch`, the height above the ground.
        pan: degrees by which it is turned to the right, seen from behind it; −180 to 180.
        tilt: degrees by which it looks down from the horizon; −90 to 90.
        roll: degrees by which it is turned clockwise about its own axis, seen from behind it.
        focal: focal length in pixels.
        principal: (x, y) of the pixel that its axis goes through, the middle of the picture as a rule.
        distortion: one radial coefficient k: a point at distance r from the axis, in focal lengths, is seen at
            r (1 + k r²), as OpenCV's k1; negative for barrels.
    """

    centre: tuple[float, float, float]
    pan: float
    tilt: float
    roll: float
    focal: float
    principal: tuple[float, float]
    distortion: float = 0.0

    def __post_init__(self) -> None:
        numbers = [*self.centre, self.pan, self.tilt, self.roll, self.focal, *self.principal, self.distortion]
        if len(self.centre) != 3 or len(self.principal) != 2 or not np.isfinite(numbers).all():
            raise SettingError(f"a camera needs three finite numbers for its centre and one for each angle: {self}")
        if self.focal <= 0:
            raise SettingError(f"the focal length of a camera must be above 0 pixels, not {self.focal:g}")

    @property
    def rotation(self) -> Floats:
        """(3, 3): from (x, y, −height) to the camera's right, down and forward."""
        pan, tilt, roll = np.radians([self.pan, self.tilt, self.roll])
        level = np.array([np.sin(pan), -np.cos(pan), 0.0])
        right, below = np.array([np.cos(pan), np.sin(pan), 0.0]), np.array([0.0, 0.0, 1.0])
        forward = np.cos(tilt) * level + np.sin(tilt) * below
        down = np.cos(tilt) * below - np.sin(tilt) * level
        turned = np.cos(roll) * right + np.sin(roll) * down
        return np.stack([turned, np.cos(roll) * down - np.sin(roll) * right, forward])

    @property
    def matrix(self) -> Floats:
        """(3, 3): intrinsic matrix with focal length and principal point, in pixels."""
        x, y = self.principal
        return np.array([[self.focal, 0.0, x], [0.0, self.focal, y], [0.0, 0.0, 1.0]])

    @property
    def homography(self) -> Floats:
        """(3, 3): from (x, y, 1) in metres on the ground to homogeneous pixels, without the distortion.

        The third of them is the distance in metres along the camera's axis: what is not above 0 is behind the camera.
        """
        rotation = self.rotation
        columns = np.column_stack([rotation[:, :2], -rotation @ _downwards(np.array([self.centre]))[0]])
        return np.asarray(self.matrix @ columns)

    def project(self, points: npt.ArrayLike) -> Floats:
        """Return the pixels (N, 2) of points in metres, (N, 2) on the ground or (N, 3) with heights.

        Rows are NaN behind the camera, and where a negative distortion folds the picture over.
        """
        inside = (_downwards(points) - _downwards([self.centre])) @ self.rotation.T
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = np.where(inside[:, 2:] > 1e-9, inside[:, :2] / inside[:, 2:], np.nan)
        square = (flat**2).sum(1, keepdims=True)
        flat = np.where(1 + 3 * self.distortion * square > 0, flat * (1 + self.distortion * square), np.nan)
        return np.asarray(self.principal + self.focal * flat)

    def rays(self, pixels: npt.ArrayLike) -> Floats:
        """Return (N, 3) directions of pixels (N, 2) as right, down, 1 in the camera's own axes, distortion removed."""
        seen = (np.asarray(pixels, dtype=float).reshape(-1, 2) - self.principal) / self.focal
        distance = np.linalg.norm(seen, axis=1)
        straight = _undistort(distance, self.distortion)
        scale = np.divide(straight, distance, out=np.ones_like(distance), where=distance > 0)
        return np.column_stack([seen * scale[:, None], np.ones(len(seen))])

    def to_ground(self, pixels: npt.ArrayLike, height: float = 0.0) -> Floats:
        """Return where pixels (N, 2) lie on the ground: (N, 2), x and y in metres; NaN above the horizon.

        ``height`` in metres is that of what is seen, for heads or balls whose height is known.
        """
        directions = self.rays(pixels) @ self.rotation
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (self.centre[2] - height) / directions[:, 2]
            along = np.where((along > 0) & np.isfinite(along), along, np.nan)
            return np.asarray(self.centre[:2] + along[:, None] * directions[:, :2])

    def ground_covariance(self, pixels: npt.ArrayLike, error_px: float = 1.0) -> Floats:
        """Return the covariance in m², (N, 2, 2), of `to_ground` for foot points that are ``error_px`` pixels off.

        ``error_px`` is the standard deviation of the pixel in each direction. Only this error is in it, not that of the
        camera itself. NaN above the horizon. First order: close to the horizon the true errors are larger and skewed.
        """
        pixels = np.asarray(pixels, dtype=float).reshape(-1, 2)
        steps = 1e-2 * np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]], [[0.0, -1.0]]])
        around = self.to_ground(pixels + steps).reshape(4, -1, 2)
        jacobian = np.moveaxis((around[:2] - around[2:]) / 2e-2, 0, 2)
        return np.asarray(error_px**2 * jacobian @ jacobian.transpose(0, 2, 1))

    def ground_error(self, pixels: npt.ArrayLike, error_px: float = 1.0) -> Floats:
        """Return the root mean square error in metres, (N,), of `to_ground`; see `ground_covariance`."""
        return np.asarray(np.sqrt(np.trace(self.ground_covariance(pixels, error_px), axis1=1, axis2=2)))

    @classmethod
    def from_homography(
        cls, homography: npt.ArrayLike, principal: tuple[float, float], focal: float | None = None
    ) -> Camera:
        """Return the camera that sees the ground by a homography, from metres to pixels, of any scale.

        Zhang, A flexible new technique for camera calibration (2000): the columns of the rotation are orthogonal and
        of one length, which gives the focal length.

        Args:
            homography: (3, 3).
            principal: (x, y) of the principal point in pixels.
            focal: focal length in pixels; None to take it from the homography.

        Raises:
            SettingError: no camera sees the ground so, or the homography does not tell the focal length (a camera
                that looks straight down, or one whose axis is level).
        """
        h = np.asarray(homography, dtype=float)
        if h.shape != (3, 3) or not np.isfinite(h).all() or np.linalg.cond(h) > 1e14:
            raise SettingError("a homography must be an invertible (3, 3) matrix of finite numbers")
        shift = np.array([[1.0, 0.0, -principal[0]], [0.0, 1.0, -principal[1]], [0.0, 0.0, 1.0]])
        h = shift @ h
        f = _focal(h) if focal is None else focal
        columns = np.diag([1 / f, 1 / f, 1.0]) @ h
        columns = columns / np.sqrt(np.linalg.norm(columns[:, 0]) * np.linalg.norm(columns[:, 1]))
        if np.cross(columns[:, 0], columns[:, 1]) @ columns[:, 2] < 0:
            columns = -columns  # the ground lies below the camera
        first, second, to_origin = columns.T
        u, _, v = np.linalg.svd(np.column_stack([first, second, np.cross(first, second)]))
        rotation = u @ v
        x, y, below = -rotation.T @ to_origin
        return cls((float(x), float(y), float(-below)), *_angles(rotation), float(f), principal)


def _downwards(points: npt.ArrayLike) -> Floats:
    """Return (N, 3) with x, y and what is below the ground as positive, which makes right-handed axes."""
    points = np.asarray(points, dtype=float)
    points = points.reshape(-1, points.shape[-1] if points.ndim else 2)
    below = -points[:, 2] if points.shape[1] == 3 else np.zeros(len(points))
    return np.column_stack([points[:, :2], below])


def _undistort(seen: Floats, k: float) -> Floats:
    """Return r where r (1 + k r²) is ``seen``, by Newton's method; NaN where no r has that value."""
    if k == 0:
        return seen
    r = np.array(seen)
    if k < 0:
        fold = np.sqrt(-1 / (3 * k))
        r = np.where(seen < fold * 2 / 3, r, np.nan)
    for _ in range(60):  # from one side, so it cannot leave the branch
        step = (r * (1 + k * r**2) - seen) / (1 + 3 * k * r**2)
        r = r - step
        if not (np.abs(step) > 1e-15).any():
            break
    return np.asarray(r)


def _focal(h: Floats) -> float:
    (a1, b1, c1), (a2, b2, c2) = h[:, 0], h[:, 1]
    left = np.array([a1 * a2 + b1 * b2, a1**2 + b1**2 - a2**2 - b2**2])
    right = np.array([-c1 * c2, c2**2 - c1**2])
    inverse_square = left @ right / max(float(left @ left), 1e-300)
    scale = (c1**2 + c2**2) / max(a1**2 + b1**2 + a2**2 + b2**2, 1e-300)
    if inverse_square <= 0 or scale <= 1e-14:
        raise SettingError("the homography does not tell a focal length: no camera, or one that looks straight down")
    return float(inverse_square**-0.5)


def _angles(rotation: Floats) -> tuple[float, float, float]:
    """Return pan, tilt and roll in degrees."""
    forward = rotation[2]
    tilt = np.arcsin(np.clip(forward[2], -1.0, 1.0))
    pan = np.arctan2(forward[0], -forward[1])
    level = np.array([np.cos(pan), np.sin(pan), 0.0])
    down = np.cos(tilt) * np.array([0.0, 0.0, 1.0]) - np.sin(tilt) * np.array([np.sin(pan), -np.cos(pan), 0.0])
    roll = np.arctan2(rotation[0] @ down, rotation[0] @ level)
    return float(np.degrees(pan)), float(np.degrees(tilt)), float(np.degrees(roll))
