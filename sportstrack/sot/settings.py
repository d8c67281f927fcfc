"""Settings of single-object tracking."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sportstrack.errors import SettingError


@dataclass(frozen=True)
class SotSettings:
    """When a box is in doubt, when the object is searched for, and when it is given up.

    The object's *size* is √(width · height) of its box. The *score* of a box is the share of the object's recent
    colours in it; the object's usual score is the running mean of the scores of accepted boxes.

    Attributes:
        low: An accepted object is in doubt when score < low · usual score.
        high: An object in doubt is accepted again when score ≥ high · usual score (hysteresis).
        low_ever: A box is also in doubt when its share of the colours of the first view and of the slow memory, 0…1, is
            below low_ever. For a box in doubt the limit is low_ever · high / low.
        jump: A box is in doubt when it lies farther than jump · size from where motion expects it. For a box in doubt
            the limit is about half of that.
        resize: A box is in doubt when its area changes by more than this factor in one frame.
        patience: The method may continue in doubt for this many frames. Then it is stopped and a search begins.
        bridge: Motion guesses the box for this many frames. Then the object is lost.
        accept: A box found near the guess needs accept · the object's usual match, 0…1.
        accept_anywhere: The same after a shot change and when the object is lost, where motion does not help.
        widening: The search around the guess widens by widening · size in every unseen frame.
        probation: For this many frames after the object was found, a box is in doubt below `high` already.
        search_every: The search runs in every Nth frame.
        detect_every: The detector, if there is one, runs in every Nth frame of a search.
        shot_change: A frame begins a new shot when it differs from the frame before by more than this many times the
            usual difference.
        window: Side, in pixels, at which CSRT looks at its search window for large objects. None never scales.
        large: An object is large when its size is at least this many pixels.
    """

    low: float = 0.55
    high: float = 0.7
    low_ever: float = 0.45
    jump: float = 1.0
    resize: float = 1.8
    patience: int = 4
    bridge: int = 50
    accept: float = 0.8
    accept_anywhere: float = 0.85
    widening: float = 0.05
    probation: int = 5
    search_every: int = 1
    detect_every: int = 5
    shot_change: float = 5.0
    window: int | None = 160
    large: float = 150.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "window":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise SettingError(f"{field.name}: expected 0 or more, got {value!r}")
        for name in ("search_every", "detect_every", "window"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingError(f"{name}: expected 1 or more, got {value}")
        if not 0 < self.low <= self.high:
            raise SettingError(f"low: expected more than 0 and at most high ({self.high}), got {self.low}")
