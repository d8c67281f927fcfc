"""Shirt numbers: found on people, read, and voted on for each track.

`NumberReader` reads crops; `NumberWatch` chooses the crops of a video that are worth a look and makes arrays of what
was read; `NumberVotes` gathers these for each track. Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sportstrack.numbers.reader import NumberReader as NumberReader
    from sportstrack.numbers.votes import NumberVotes as NumberVotes
    from sportstrack.numbers.watch import NumberWatch as NumberWatch

_HOME = {"NumberReader": "reader", "NumberVotes": "votes", "NumberWatch": "watch"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
