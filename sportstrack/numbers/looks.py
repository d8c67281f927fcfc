"""What a look at a number says of the number: how readers go wrong."""

from __future__ import annotations

import numpy as np

from sportstrack.numbers.codes import COUNT, TEXTS
from sportstrack.types import FloatArray

_WEIGHT = 0.85  # of a look: those at one track make the same mistakes
_HIDDEN = 0.08  # of the looks at a number of two digits show one of them alone
_WRONG = 0.06  # of the looks are read as anything else
_ADDED = 0.02  # of the looks at a single digit show a second one that is none
_SAID = (0.0, 0.1, 0.25, 0.35, 0.47, 0.62, 0.78, 0.95)  # confidences of readings …
_TRUE = {  # … and how many of such readings of one digit, and of two, are right
    1: (0.0, 0.02, 0.06, 0.15, 0.45, 0.8, 0.95, 0.99),
    2: (0.0, 0.06, 0.25, 0.5, 0.85, 0.95, 0.97, 0.98),
}
_ONE_DIGIT = 0.85  # of the readings of what is no number have one digit


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


def right(code: int, confidence: float) -> float:
    """Return how probable it is that a reading is right."""
    return float(np.interp(confidence, _SAID, _TRUE[len(TEXTS[code])]))


def likelihood(code: int, confidence: float) -> FloatArray:
    """Return (110,) how likely a reading is for each number on the shirt, up to a constant."""
    true, nothing = right(code, confidence), _ONE_DIGIT / 10 if len(TEXTS[code]) == 1 else (1 - _ONE_DIGIT) / 100
    return np.asarray((true * _CONFUSION[:, code] + (1 - true) * nothing) ** _WEIGHT)
