"""A callable of one's own as a detector."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Container, Mapping, Sequence
from typing import Any

from sportstrack.detect.common import OF_ENGINES, STAGES
from sportstrack.errors import SettingError
from sportstrack.plugins import first_line, plugin
from sportstrack.types import Detections, Image, as_detections


class CustomDetector:
    """Anyone's callable as a `Detector`: checks what it returns and converts supervision's tables.

    Args:
        call: frames → one `Detections` or ``supervision.Detections`` per frame; its ``names`` (a mapping or a sequence)
            and ``timings``, if it has them, are passed on.
        spec: how the user named it, for messages.
        named: whether it was given by name: then its errors become a `PluginError`. The errors of an object pass.
        taken: names of settings that it was made with.

    The attributes are those of `sportstrack.detect.connector.Connector`; ``names`` may be empty. ``takes_score`` says
    whether it was made with a lowest score.
    """

    def __init__(self, call: Any, spec: str = "detector", *, named: bool = False, taken: Container[str] = ()) -> None:
        if not callable(call):
            what = type(call).__name__
            raise SettingError(f"{spec}: expected a callable frames -> list of Detections, or a name, got {what}")
        self._call = call
        self._spec = spec
        self._guard = (lambda: plugin("detector", spec)) if named else contextlib.nullcontext
        self.device: str | None = getattr(call, "device", None)
        own = ("weights", "imgsz", "iou", "half", "device", "masks", *OF_ENGINES)
        self.fixed: tuple[str, ...] = getattr(call, "fixed", tuple(name for name in own if name not in taken))
        self.in_force: dict[str, Any] = {}
        self.takes_score = "score" in taken
        names = getattr(call, "names", None) or {}
        pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
        self.names: dict[int, str] = {int(k): str(v) for k, v in pairs}
        self._own_timings = getattr(call, "timings", None) is None
        self.timings: dict[str, float] = dict.fromkeys(STAGES, 0.0) if self._own_timings else call.timings

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order.

        Raises:
            SettingError: if the callable returns something other than one table per frame.
        """
        started = time.perf_counter()
        with self._guard():
            found = self._call(list(frames))
        if self._own_timings:
            self.timings["inference"] += time.perf_counter() - started
        try:
            tables = [as_detections(table) for table in found]
        except (TypeError, SettingError) as error:
            raise SettingError(
                f"{self._spec}: expected a list of Detections, one per frame, got {first_line(error)}"
            ) from error
        if len(tables) != len(frames):
            raise SettingError(f"{self._spec}: expected {len(frames)} tables, one per frame, got {len(tables)}")
        for table, frame in zip(tables, frames, strict=True):
            self._check_masks(table, frame)
        return tables

    def _check_masks(self, table: Detections, frame: Image) -> None:
        """Refuse masks of another size than the frame's; those of a frame without detections do not matter."""
        if table.mask is None or not table.mask.has.any() or table.mask.shape == frame.shape[:2]:
            return
        (height, width), (tall, wide) = table.mask.shape, frame.shape[:2]
        raise SettingError(
            f"{self._spec}: its masks have {width}x{height} pixels, the frame {wide}x{tall}; give masks of the frame's "
            f"size (sportstrack.Masks.from_array(masks).at(({tall}, {wide})) enlarges them)"
        )
