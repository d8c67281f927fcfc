"""What a training run calls while it works, and the notes that it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sportstrack.train.guard import Epoch

Report: TypeAlias = Callable[[Epoch], None]
Progress: TypeAlias = Callable[[int, int], None]
Note: TypeAlias = Callable[[str], None]


@dataclass
class Callbacks:
    """What a training run calls, each None if it is not wanted, and all notes so far.

    Attributes:
        report: called after each epoch.
        progress: called after each step with the steps done and those of the whole training.
        note: called with each note when it is made.
        notes: what the user should know.
    """

    report: Report | None = None
    progress: Progress | None = None
    note: Note | None = None
    notes: list[str] = field(default_factory=list)

    def add_note(self, text: str) -> None:
        """Keep a note and pass it on."""
        self.notes.append(text)
        if self.note is not None:
            self.note(text)
