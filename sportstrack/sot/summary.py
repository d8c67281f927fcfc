"""What a run of single-object tracking did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class SotSummary:
    """What a run did.

    Attributes:
        source: name of the source.
        first: index of the first frame followed, from 0.
        frames: frames followed, the first one included.
        seconds: wall-clock time of the whole run.
        tracker_seconds: the tracker's own part of that.
        seen: frames in which the object was seen.
        unseen: (first, last, state) of each span in which it was not seen; frame indices from 0. The state is ``lost``
            if the object was lost in any of its frames.
        complete: whether the source was followed to its end.
        warnings: faults of the source.
        outputs: kind → file.
    """

    source: str
    first: int = 0
    frames: int = 0
    seconds: float = 0.0
    tracker_seconds: float = 0.0
    seen: int = 0
    unseen: list[tuple[int, int, str]] = field(default_factory=list)
    complete: bool = False
    warnings: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """End-to-end frames per second."""
        return self.frames / self.seconds if self.seconds else 0.0

    def note(self, index: int, state: str) -> None:
        """Count one frame."""
        self.frames += 1
        if state == "tracking":
            self.seen += 1
        elif self.unseen and self.unseen[-1][1] == index - 1:
            before = self.unseen[-1]
            self.unseen[-1] = (before[0], index, "lost" if "lost" in (before[2], state) else state)
        else:
            self.unseen.append((index, index, state))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"fps": round(self.fps, 2)}

    def as_text(self) -> str:
        """Return a few lines to read; frames count from 0."""
        own = self.frames / self.tracker_seconds if self.tracker_seconds else 0.0
        lines = [f"{self.source}: {self.frames} frames starting at {self.first}, seen in {self.seen}"]
        lines.append(f"  {self.fps:.1f} frames/s; the tracker alone {own:.1f}")
        lines += [f"  {state:<9} frames {first} to {last}" for first, last, state in self.unseen]
        if not self.complete:
            lines.append("  stopped before the end")
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  {kind:<9} {path}" for kind, path in self.outputs.items()]
        return "\n".join(lines)
