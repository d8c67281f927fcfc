"""What the doctor says of one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sportstrack.errors import one_line

OK, NOTE, FAILED = "ok", "note", "failed"
"""It works; it is worth knowing, nothing that is needed is missing; something that is needed does not work."""


@dataclass(frozen=True)
class Verdict:
    """What the doctor says of one thing.

    Attributes:
        topic: what it belongs to, such as ``codecs``.
        text: what was found, on one line.
        state: ``ok``, ``note`` or ``failed``.
        fix: what to do, or nothing.
    """

    topic: str
    text: str
    state: str = OK
    fix: str = ""


def examined(topic: str, look: Callable[[], Iterable[Verdict]]) -> list[Verdict]:
    """Return what an examination says; whatever it raises is a verdict, too."""
    try:
        return list(look())
    except Exception as error:  # a broken installation raises anything
        return [Verdict(topic, one_line(f"{type(error).__name__}: {error}"), FAILED, getattr(error, "fix", ""))]
