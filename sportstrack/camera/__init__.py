"""Camera motion: how the picture moved from the last frame to this one, as an affine that trackers take.

    camera = load_camera("flow")
    affine = camera.update(frame, boxes)  # (2, 3) or None
    tracks = tracker.update(detections, camera=affine)

The methods are listed in `CAMERAS`; docs/camera.md compares them.
"""

from __future__ import annotations

from sportstrack.errors import SettingError, nearest
from sportstrack.types import CameraMotion

CAMERAS: dict[str, str] = {
    "flow": "sportstrack.camera.flow:flow_camera",
    "orb": "sportstrack.camera.orb:orb_camera",
    "ecc": "sportstrack.camera.ecc:ecc_camera",
    "boxes": "sportstrack.camera.from_boxes:BoxMotion",
}
"""Name → where its class or factory is."""

DEFAULT_CAMERA = "flow"


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
