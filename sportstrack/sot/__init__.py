"""Follow one player or the ball, and report when it is out of sight.

    from sportstrack.sot import SingleTracker
    tracker = SingleTracker("csrt")
    tracker.init(frame, (x1, y1, x2, y2))
    box, score, state = tracker.update(next_frame)

The command line is ``sportstrack sot``; docs/sot.md explains both. Importing this package loads numpy alone.
"""

from sportstrack.sot.ball import BallSettings, BallTracker, fill_gaps
from sportstrack.sot.methods import METHODS
from sportstrack.sot.settings import SotSettings
from sportstrack.sot.single import SingleTracker
from sportstrack.sot.types import SotResult

__all__ = [
    "METHODS",
    "BallSettings",
    "BallTracker",
    "SingleTracker",
    "SotResult",
    "SotSettings",
    "fill_gaps",
]
