"""A window that shows frames while they are made."""

from __future__ import annotations

import os
import sys

from sportstrack.errors import SettingError
from sportstrack.images.opencv import require_cv2
from sportstrack.types import Image


class Window:
    """Shows frames; ``q``, Escape or its close button closes it, and the run goes on.

    `offer` may be called in any thread, `refresh` only in the one that made the window.

    Args:
        title: of the window.

    Raises:
        SettingError: there is no display, or OpenCV cannot open windows; the message says which.
    """

    def __init__(self, title: str) -> None:
        self._cv2 = require_cv2()
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise SettingError("--show: there is no display (DISPLAY is not set); leave it out, or run it on a desktop")
        self._title, self._frame, self._open = title, None, True
        try:
            self._cv2.namedWindow(title, self._cv2.WINDOW_NORMAL)
        except self._cv2.error as error:
            raise SettingError(
                "--show: this OpenCV opens no windows; with pip install --force-reinstall opencv-contrib-python one "
                "that does is installed"
            ) from error

    _frame: Image | None

    def offer(self, image: Image) -> None:
        """Hand over the newest frame."""
        if self._open:
            self._frame = image.copy()

    def refresh(self) -> None:
        """Show the newest frame, and look whether the window was closed."""
        frame, self._frame = self._frame, None
        if not self._open or frame is None:
            return
        self._cv2.imshow(self._title, frame)
        key = self._cv2.waitKey(1) & 0xFF
        if key in (ord("q"), 27) or self._cv2.getWindowProperty(self._title, self._cv2.WND_PROP_VISIBLE) < 1:
            self.close()

    def close(self) -> None:
        """Close the window; calling it twice is harmless."""
        if self._open:
            self._open = False
            self._cv2.destroyWindow(self._title)
            self._cv2.waitKey(1)
