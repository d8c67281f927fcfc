"""Settings of single-object tracking."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sportstrack.errors import SettingError


@dataclass(frozen=True)
class SotSettings:
    """When to doubt, when to search and when to give up.

    Attributes:
        low: a box is doubted below this share of the object's usual score, which compares it with the last frames…
        high: …and believed again from this share on (hysteresis).
        least: it is doubted as well below this share, 0…1, of the colours the object ever had; to be believed again it
            takes more, by high / low.
        jump: a box is doubted if it lies more than this many object sizes from where motion expects it, half as many
            while it is in doubt…
        resize: …or if its area changes by more than this factor from one frame to the next.
        patience: frames that the method may go on in doubt before it is stopped and a search begins.
        bridge: frames for which motion is trusted to guess the box; after them the object is lost.
        accept: share of the object's usual likeness that a found box must have…
        accept_anywhere: …and the same where motion is no help: after a cut and when lost.
        widening: object sizes by which the search around the guess widens with every unseen frame.
        probation: frames after finding the object again in which a box is doubted below `high` already.
        search_every: frames from one search to the next.
        detect_every: frames from one call of the detector, if there is one, to the next.
        cut: a change of the picture is a cut from this many times the usual change on.
        window: side in pixels at which CSRT looks at its search window for large objects; None never scales.
        large: an object is large from this √(width · height) on, in pixels.
    """

    low: float = 0.55
    high: float = 0.7
    least: float = 0.45
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
    cut: float = 5.0
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
