"""Get OpenCV with a check that the right one is installed.

``opencv-python`` and ``opencv-contrib-python`` write the same ``cv2/`` folder, and the one installed last wins; only
the second has the contrib modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sportstrack.errors import SportstrackError

FIX = "pip install --force-reinstall --no-deps opencv-contrib-python"


def require_cv2() -> Any:
    """Return the ``cv2`` module.

    Raises:
        SportstrackError: if it is absent, or half overwritten by another OpenCV package; with the one-line fix.
    """
    try:
        import cv2
    except ImportError as error:
        raise SportstrackError(f"OpenCV cannot be imported ({error}); to mend it: {FIX}") from error
    # Uninstalling one of two packages that share a folder leaves an empty one behind, which still imports.
    if not hasattr(cv2, "resize"):
        raise SportstrackError(f"OpenCV's folder cv2/ is there but holds no OpenCV; to mend it: {FIX}")
    return cv2


def require_contrib() -> Any:
    """Return a ``cv2`` that has the contrib modules (known by ``TrackerCSRT``).

    Raises:
        SportstrackError: if OpenCV is absent or is the plain package; with the one-line fix.
    """
    cv2 = require_cv2()
    if not hasattr(cv2, "TrackerCSRT"):
        raise SportstrackError(
            f"OpenCV {getattr(cv2, '__version__', '')} is installed without its contrib modules (no TrackerCSRT), "
            f"probably overwritten by opencv-python; to mend it: {FIX}"
        )
    return cv2


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV work in the calling threads alone within the block.

    Its own threads wait for work by spinning, which takes time from the network. A run's stages have a thread each.
    """
    cv2 = require_cv2()
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
