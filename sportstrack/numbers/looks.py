"""What a look at a number says of the number: how readers go wrong."""

from __future__ import annotations

import numpy as np

from sportstrack.numbers.codes import COUNT, TEXTS
from sportstrack.types import FloatArray

_WEIGHT = 0.85  # of a look: those at one track make the same mistakes
_HIDDEN = 0.08  # of the looks at a number of two digits show one of them alone
_WRONG = 0.06  # of the looks are read as anything else
_ADDED = 0.02  # of the looks at a single digit show a second one that is none
_SAID = (0.0, 0.2, 0.4, 0.55, 0.7, 0.85, 1.0)  # confidences of readings …
_TRUE = (0.0, 0.05, 0.3, 0.75, 0.92, 0.98, 0.99)  # … and how many of such readings are right


def confusion() -> FloatArray:
    """Return (110, 110) probabilities: row, the number on the shirt; column, what is read where the reader is sure.

    A digit of two is often hidden by an arm, a fold or the turn of the back, so 17 is read as 1 or 7 now and then. The
    opposite, 7 read as 17, is rare. So a few clear looks at 17 outweigh more of 7.
    """
    table = np.full((COUNT, COUNT), _WRONG / COUNT)
    for place, text in enumerate(TEXTS):
        table[place, place] += 1 - _WRONG
        others = [o for o, other in enumerate(TEXTS) if len(other) != len(text) and (other in text or text in other)]
        lost = _HIDDEN if len(text) == 2 else _ADDED
        table[place, place] -= lost
        table[place, others] += lost / len(others)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


_CONFUSION = confusion()


def likelihood(code: int, confidence: float) -> FloatArray:
    """Return (110,) how likely a reading is for each number on the shirt, up to a constant."""
    right = float(np.interp(confidence, _SAID, _TRUE))
    return np.asarray((right * _CONFUSION[:, code] + (1 - right) / COUNT) ** _WEIGHT)
