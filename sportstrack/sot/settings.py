"""Settings of single-object tracking."""

from __future__ import annotations

from dataclasses import dataclass

from sportstrack.errors import SettingError
from sportstrack.options import check_options, option


@dataclass(frozen=True)
class SotSettings:
    """When a box is in doubt, when the object is searched for, and when it is given up.

    The object's *size* is √(width · height) of its box. The *score* of a box is the share of the object's recent
    colours in it; the object's usual score is the running mean of the scores of accepted boxes.

    Attributes:
        low: an accepted object is in doubt when score < low · usual score.
        high: an object in doubt is accepted again when score ≥ high · usual score (hysteresis).
        low_ever: a box is also in doubt when it has less than this share of the colours of the first view and of the
            slow memory. For a box in doubt the limit is low_ever · high / low.
        jump: a box is in doubt when it lies farther than jump · size from where motion expects it. For a box in doubt
            the limit is about half of that.
        resize: a box is in doubt when its area changes by more than this factor in one frame.
        patience: the method may continue in doubt for this many frames. Then it is stopped and a search begins.
        bridge: motion guesses the box for this many frames. Then the object is lost.
        accept: a box found near the guess needs accept · the object's usual match, 0…1.
        accept_anywhere: the same after a shot change and when the object is lost, where motion does not help.
        widening: the search around the guess widens by widening · size in every unseen frame.
        probation: for this many frames after the object was found, a box is in doubt below `high` already.
        search_every: the search runs in every Nth frame.
        detect_every: the detector, if there is one, runs in every Nth frame of a search.
        shot_change: a frame begins a new shot when it differs from the frame before by more than this many times the
            usual difference.
        window: CSRT's window for large objects, in pixels. None never scales.
        large: an object is large when its size is at least this many pixels.

    Raises:
        SettingError: a value out of range.
    """

    low: float = option(0.55, "an accepted object is in doubt when score < low · usual score", low=0, above=True)
    high: float = option(0.7, "an object in doubt is accepted again when score ≥ high · usual score", low=0)
    low_ever: float = option(
        0.45,
        "a box is also in doubt when it has less than this share of the colours of the first view and of the slow "
        "memory",
        low=0,
    )
    jump: float = option(
        1.0, "a box is in doubt when it lies farther than jump · size from where motion expects it", low=0
    )
    resize: float = option(1.8, "a box is in doubt when its area changes by more than this factor in one frame", low=0)
    patience: int = option(4, "the method may continue in doubt for this many frames", low=0)
    bridge: int = option(50, "motion guesses the box for this many frames", low=0)
    accept: float = option(0.8, "a box found near the guess needs accept · the object's usual match, 0…1", low=0)
    accept_anywhere: float = option(0.85, "the same after a shot change and when the object is lost", low=0)
    widening: float = option(0.05, "the search around the guess widens by widening · size in every unseen frame", low=0)
    probation: int = option(
        5, "for this many frames after the object was found, a box is in doubt below high already", low=0
    )
    search_every: int = option(1, "the search runs in every Nth frame", low=1)
    detect_every: int = option(5, "the detector, if there is one, runs in every Nth frame of a search", low=1)
    shot_change: float = option(
        5.0,
        "a frame begins a new shot when it differs from the frame before by more than this many times the usual "
        "difference",
        low=0,
    )
    window: int | None = option(160, "CSRT's window for large objects, in pixels", low=1, metavar="PIXELS")
    large: float = option(150.0, "an object is large when its size is at least this many pixels", low=0)

    def __post_init__(self) -> None:
        check_options(self)
        if self.low > self.high:
            raise SettingError(f"low: expected more than 0 and at most high ({self.high}), got {self.low}")
