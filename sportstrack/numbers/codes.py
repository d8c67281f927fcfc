"""Shirt numbers as text, as codes in arrays, and as places in a table of probabilities.

A code is what an array of votes holds: 0 to 99 for the numbers themselves, 100 to 109 for ``00`` to ``09``, which are
other numbers than ``0`` to ``9``, and −1 for what cannot be read.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Votes: TypeAlias = NDArray[np.float32]
"""(N, 2): for each detection a code and how sure it is, 0 to 1; where that is 0 nothing was read."""

UNREADABLE = -1
TEXTS = (*(str(n) for n in range(100)), *(f"0{n}" for n in range(10)))
"""Code → text."""

COUNT = len(TEXTS)
_CODES = {text: code for code, text in enumerate(TEXTS)}


def code_of(text: str) -> int:
    """Return the code of a number; −1 for what is none of ``0`` to ``99`` and ``00`` to ``09``."""
    return _CODES.get(text, UNREADABLE)


def text_of(code: int) -> str:
    """Return a code's text, empty for −1."""
    return TEXTS[code] if 0 <= code < COUNT else ""
