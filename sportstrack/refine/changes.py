"""What a run of the refinement did to a result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """What a run did to one result; the command's summary.

    Attributes:
        tracks_before: tracks in the result given.
        tracks_after: tracks in the result written.
        split: how often a track was cut in two, by the step split or, at the start of a shot, by the step link.
        linked: how often the step link made one track of two.
        dropped: tracks fewer after the step drop.
        filled: boxes that the step interpolate put into gaps.
        smoothed: whether the boxes had enough jitter to be smoothed.
        noise: their jitter, a share of the box height.
        ball: tracks of the ball, which are left as they are, in neither number of tracks.
        name: of the sequence.
        output: the file written.
        edits: how many edits were applied, and how many were refused; empty without any.
    """

    tracks_before: int
    tracks_after: int
    split: int
    linked: int
    dropped: int
    filled: int
    smoothed: bool
    noise: float
    ball: int = 0
    name: str = ""
    output: str = ""
    edits: str = ""

    def as_text(self) -> str:
        """Return one line for people."""
        smoothed = "smoothed" if self.smoothed else "not smoothed"
        ball = f", {self.ball} of the ball left alone" if self.ball else ""
        edits = f", {self.edits}" if self.edits else ""
        steps = f"{self.split} split, {self.linked} linked, {self.dropped} dropped"
        return (
            f"{self.name}: {self.tracks_before} tracks → {self.tracks_after} ({steps}), {self.filled} boxes filled, "
            f"{smoothed} (noise {self.noise:.3f}){ball}{edits}: {self.output}"
        )
