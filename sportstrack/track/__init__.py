"""From a video to tracks: the one place where source, detector, tracker and outputs meet.

The package is also the function that users call: ``sportstrack.track("match.mp4")`` is
`sportstrack.track.iteration.track`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sportstrack.track.iteration import track as track
else:

    class _Package(ModuleType):
        """A package that can be called; what is called loads with the first call."""

        @property
        def __call__(self) -> Any:
            from sportstrack.track.iteration import track

            return track

        @property
        def __signature__(self) -> Any:
            from inspect import signature

            return signature(self.__call__)

    track = sys.modules[__name__]
    track.__class__ = _Package
