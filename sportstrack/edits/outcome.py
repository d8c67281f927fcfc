"""What became of an edit."""

from __future__ import annotations

from dataclasses import dataclass

APPLIED, REFITTED, ALREADY, REFUSED = "applied", "refitted", "already", "refused"


@dataclass(frozen=True)
class EditOutcome:
    """What became of an edit.

    Attributes:
        status: ``applied``; ``refitted``: applied to tracks of other ids that have its boxes; ``already``: the tracks
            are so already; ``refused``: it does not fit, and nothing was changed.
        reason: why it was refused, or how it was refitted; empty as a rule.
        tracks: ids of the tracks that it concerned.
    """

    status: str
    reason: str = ""
    tracks: tuple[int, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the tracks are now as the edit says."""
        return self.status != REFUSED


class Refusal(Exception):  # noqa: N818 - it is told, and the next edit goes on
    """An operation does not fit."""


class Notes:
    """What is said of an operation that was refitted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def say(self, text: str) -> None:
        """Add a text, once."""
        if text not in self.texts:
            self.texts.append(text)

    def moved(self, name: int, track: int) -> None:
        """Say that a track has another id than the operation names, if it has."""
        if name != track:
            self.say(f"track {name} is {track} here")
