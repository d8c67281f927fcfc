"""Camera motion: how the picture moved from the last frame to this one, as an affine that trackers take.

    camera = load_camera("flow")
    affine = camera.update(frame, boxes)  # (2, 3) or None
    tracks = tracker.update(detections, camera=affine)

The methods are listed in `CAMERAS`; docs/camera.md compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sportstrack.errors import SettingError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sportstrack.types import FloatArray

CAMERAS: dict[str, str] = {
    "flow": "sportstrack.camera.flow:flow_camera",
    "orb": "sportstrack.camera.orb:orb_camera",
    "ecc": "sportstrack.camera.ecc:ecc_camera",
    "boxes": "sportstrack.camera.from_boxes:BoxMotion",
}
"""Name → where its class or factory is."""

DEFAULT_CAMERA = "flow"


@runtime_checkable
class CameraMotion(Protocol):
    """What the pipeline asks of a method.

    Attributes:
        needs_image: False if ``update`` works with ``frame=None``, so that a recorded run needs no video.
    """

    needs_image: bool

    def update(self, frame: NDArray[Any] | None, xyxy: FloatArray) -> FloatArray | None:
        """Look at the next frame.

        Args:
            frame: (H, W, 3) uint8 BGR, or None where `needs_image` is False.
            xyxy: (N, 4) boxes of what moves by itself in this frame; they have no say in the camera's motion.

        Returns:
            (2, 3) float64 affine from the previous frame's pixels (continuous, origin at the top left corner) to this
            one's; None in the first frame and whenever it can't tell.
        """
        ...

    def reset(self) -> None:
        """Forget the previous frame, as after a cut."""
        ...


def load_camera(name: str = DEFAULT_CAMERA) -> CameraMotion:
    """Make a method of camera motion.

    Args:
        name: a key of `CAMERAS`, in any case, or ``package.module:Class`` for one of your own; it is
            called without arguments.

    Raises:
        SettingError: unknown name (the message says the nearest), or what it names is no camera motion.
    """
    spec = CAMERAS.get(name.lower(), name)
    if ":" not in spec:
        known = ", ".join(CAMERAS)
        raise SettingError(
            f"unknown camera motion {name!r}{nearest(name, list(CAMERAS))} (known: {known}, or package.module:Class)"
        )
    from sportstrack.plugins import load_plugin

    camera: CameraMotion = load_plugin(
        spec,
        "an object with needs_image, update() and reset()",
        given={},
        fits=lambda made: isinstance(made, CameraMotion),
    )
    return camera
