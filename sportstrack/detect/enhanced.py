"""Any detector on enhanced pictures; everybody else sees the pictures as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sportstrack.detect.connector import Connector
from sportstrack.engines.report import EngineReport
from sportstrack.images.enhance import NONE, Enhancer
from sportstrack.types import Detections, Image


class EnhancedDetector:
    """A detector that gets enhanced pictures, in the order of the video.

    Args:
        detector: what looks at them.
        enhancer: what enhances them.

    Attributes:
        timings: seconds per stage, ``enhance`` among them.
        pictures: the enhanced pictures of the last call.

    The other attributes are those of `sportstrack.detect.connector.Connector`.
    """

    def __init__(self, detector: Connector, enhancer: Enhancer) -> None:
        self._detector, self.enhancer = detector, enhancer
        self.names = detector.names
        self.device: str | None = detector.device
        self.fixed: tuple[str, ...] = detector.fixed
        self.in_force: dict[str, Any] = detector.in_force
        self.pictures: list[Image] = []
        self.timings: dict[str, float] = self._seconds()

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        self.pictures = [self.enhancer(frame) for frame in frames]
        found = self._detector(self.pictures)
        self.timings = self._seconds()
        return found

    def shown(self) -> list[Image]:
        """Return the enhanced pictures of the last call."""
        return self.pictures

    def _seconds(self) -> dict[str, float]:
        return {"enhance": self.enhancer.seconds, **self._detector.timings}

    @property
    def report(self) -> EngineReport | None:
        """What runs the network, where the detector says so."""
        report: EngineReport | None = getattr(self._detector, "report", None)
        return report

    def __getattr__(self, name: str) -> Any:
        """Return what else the detector says of itself: its size, how many frames it takes at once."""
        return getattr(object.__getattribute__(self, "_detector"), name)


def enhanced(detector: Connector, how: str, thermal: str, frame_rate: float) -> Connector:
    """Return a detector that gets enhanced pictures; the detector itself where nothing is to be done.

    Args:
        detector: any.
        how: see `Enhancer`, as the others.
        thermal: or none.
        frame_rate: or 0.
    """
    if (how, thermal) == (NONE, NONE):
        return detector
    return EnhancedDetector(detector, Enhancer(how, thermal, frame_rate))
