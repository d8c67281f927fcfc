"""An embedder of one's own, with its output checked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from sportstrack.appearance import unit_rows
from sportstrack.errors import SettingError
from sportstrack.plugins import plugin
from sportstrack.types import Embeddings, FloatArray, Image


class CustomEmbedder:
    """Anyone's callable as an `Embedder`; rows are scaled to length 1.

    Args:
        call: (H, W, 3) BGR frame and (N, 4) boxes → (N, D) finite numbers; its ``reset()``, if it has one, is called.
        spec: how the user named it, for messages.
        named: whether it was given by name: then its errors become a `PluginError`.
    """

    def __init__(self, call: Callable[..., Any], spec: str = "embedder", *, named: bool = False) -> None:
        self._call = call
        self._guard = (lambda: plugin("embedder", spec)) if named else nullcontext
        self.name = str(getattr(call, "name", spec))
        self._spec = spec
        self._length: int | None = None

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, D) unit rows.

        Raises:
            SettingError: if the callable returns anything but one finite vector per box, as long as those before.
        """
        if not len(xyxy):
            return np.zeros((0, self._length or 0), np.float32)  # few callables expect no boxes
        with self._guard():
            value = self._call(frame, xyxy)
        rows = self._checked(value, len(xyxy))
        self._length = rows.shape[1]
        return unit_rows(rows)

    def reset(self) -> None:
        """Reset the callable: another video begins."""
        reset = getattr(self._call, "reset", None)
        if reset is not None:
            with self._guard():
                reset()

    def _checked(self, value: Any, count: int) -> Any:
        length = "D" if self._length is None else self._length
        wanted = f"{self._spec}: expected ({count}, {length}) numbers, one vector per box, got"
        try:
            rows = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise SettingError(f"{wanted} {type(value).__name__} ({error})") from error
        if rows.ndim != 2 or len(rows) != count or not rows.shape[1] or self._length not in {None, rows.shape[1]}:
            raise SettingError(f"{wanted} shape {rows.shape}")
        broken = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(broken):
            raise SettingError(f"{wanted} a NaN or infinity in row {int(broken[0])}")
        return rows
