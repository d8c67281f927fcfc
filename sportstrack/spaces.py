"""Where a search looks for settings: ranges and choices, beside the settings that they are of.

A table of them is a search space: name of a setting → `Range` or `OneOf`. The built-in trackers' are in
`sportstrack.trackers.spaces`, the refinement's in `sportstrack.refine.spaces`; a tracker of your own has its table as
the class attribute ``search_space``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sportstrack.errors import SettingError


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; whole ones if both are whole (``int``).

    Attributes:
        low: the least.
        high: the greatest.
        log: search the logarithm, for settings whose scale is unknown.
        needs: what the detections must hold for the setting to matter: ``embedding``, ``team_evidence`` or nothing.
    """

    low: float
    high: float
    log: bool = False
    needs: str = ""

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            above = " above 0" if self.log else ""
            raise SettingError(f"range {self.low:g} to {self.high:g}: expected two numbers{above}, the lower one first")

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def holds(self, value: Any) -> bool:
        """Return whether a value is in the range."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and self.low <= value <= self.high and not (self.whole and value != int(value))

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class OneOf:
    """Some values without an order.

    Attributes:
        values: all of them.
        needs: as of a `Range`.
    """

    values: tuple[Any, ...]
    needs: str = ""

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of them."""
        return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.values)

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Space: TypeAlias = Mapping[str, Range | OneOf]
"""Name of a setting → where to look for its value."""
