"""What a tracking run did, as text and as plain values."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sportstrack.engines.report import engine_text
from sportstrack.identities.people import IdCounts
from sportstrack.identities.seen import TimeSeen, seen_text
from sportstrack.identities.table import Identities
from sportstrack.images.enhance import report_text
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.quality import quality_text

DETECTOR_PARTS = ("enhance", "preprocess", "inference", "postprocess")  # within the stage "detect"


@dataclass(repr=False)
class Summary:
    """The record of one run; `as_dict` is what ``--json`` prints and what is saved beside the outputs.

    Attributes:
        source: where the frames came from.
        name: stem of the output files.
        width: pixels, as width and height of the source.
        height: pixels.
        frame_rate: frames per second of the source.
        declared_frames: what the source says it holds, or None.
        expected_frames: how many of these are to be tracked, or None: every Nth, or those of a recording.
        frames: frames tracked.
        seconds: wall-clock time from the first frame's decoding to the last output's closing.
        setup_seconds: time to load the detector before that.
        stages_ms: mean milliseconds of work per frame and stage. Stages overlap: they do not add up to 1000 / fps.
        tracks: distinct ids.
        joined: how often a track was given an id that another one had before, because there were no more people.
        boxes: tracked boxes in all frames.
        names: class id → name of the classes that were tracked.
        cuts: shot changes.
        shots: of each, the frame with which the new shot begins (a fade's middle), its kind and its confidence; empty
            where shots were not looked for, or are taken from a recording.
        field_frames: frames in which the field was found by its colour.
        bystanders: boxes of people off it, which the tracker did not see.
        mean_score: mean score of the tracked boxes, or None without any.
        dropped_boxes: boxes that were not finite, inverted or empty.
        dropped_frames: frames that a live source skipped to stay current.
        peak_memory_mb: highest memory of this process so far, or None where the system does not say.
        device: where the detector ran, or None.
        engine: what ran the network, as `sportstrack.engines.report.EngineReport.as_dict`; empty where that is unknown.
        enhanced: how the pictures were enhanced for the detector (enhance, thermal), how many of how many frames were
            changed, and mean milliseconds a frame; empty where nothing was asked for.
        quality: what the level of quality decided, and what others would cost, as `sportstrack.track.quality.report`.
        teams: whether two teams were found, after how many seconds (settled), and name and colours of each; empty where
            nobody looked for them.
        identities: what is known of each track, from the whole run; None where nobody looked. In JSON a list.
        seen: of everyone on the roster: team, number, name, role, seconds on the picture, and the spans.
        ids: with a roster and ``offline``, how many tracks of people there were ``before``, and ids ``after``; those
            ``named``, those of ``outsiders`` who are not on the roster, and the ``cap`` of all others.
        complete: whether the source was tracked to its end.
        skipped: whether an earlier run's result was found and kept (resume).
        warnings: what was wrong with the source and how it was handled.
        outputs: kind → file.
        players: where ``players`` is among the formats, the rows of that table (see `sportstrack.draw.players.Player`).
        settings: the settings in force; what a replay or a detector has no use for is left out.
        requested: the settings asked for.
        inputs: what the result was made of (source, weights, plug-ins …) → path, size in bytes, time in nanoseconds and
            SHA-256; without these where a file could not be read or was changed during the run.
        files: name of each output file beside the summary → its size, time and SHA-256.
    """

    source: str
    name: str = ""
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    declared_frames: int | None = None
    expected_frames: int | None = None
    frames: int = 0
    seconds: float = 0.0
    setup_seconds: float = 0.0
    stages_ms: dict[str, float] = field(default_factory=dict)
    tracks: int = 0
    joined: int = 0
    boxes: int = 0
    names: dict[str, str] = field(default_factory=dict)
    cuts: int = 0
    shots: list[dict[str, Any]] = field(default_factory=list)
    field_frames: int = 0
    bystanders: int = 0
    mean_score: float | None = None
    dropped_boxes: int = 0
    dropped_frames: int = 0
    peak_memory_mb: float | None = None
    device: str | None = None
    engine: dict[str, Any] = field(default_factory=dict)
    enhanced: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)
    teams: dict[str, Any] = field(default_factory=dict)
    identities: Identities | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    complete: bool = False
    skipped: bool = False
    warnings: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    players: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    requested: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        state = "" if self.complete else ", not complete"
        counts = f"{self.frames:,} frames, {self.tracks:,} tracks, {self.boxes:,} boxes, {self.fps:.1f} frames/s"
        return f"<Summary of {self.name or self.source}: {counts}{state}>"

    def shot_starts(self, frames: Sequence[TrackedFrame]) -> list[int]:
        """Return the frames with which new shots begin: as found, or, in a replay, as the tracked frames say."""
        return [shot["frame"] for shot in self.shots] or [frame.index for frame in frames if frame.cut_confidence]

    def add_stages(self, seconds: Mapping[str, float]) -> None:
        """Add the stages' work, as milliseconds per frame; `frames` must be known."""
        frames = max(self.frames, 1)
        self.stages_ms = {name: round(1000 * total / frames, 3) for name, total in seconds.items()}

    def add_first_pass(self, earlier: Summary) -> None:
        """Add the time and the findings of an offline run's first pass."""
        own = {name: ms for name, ms in self.stages_ms.items() if name in ("draw", "encode")}
        self.stages_ms = {name: ms for name, ms in earlier.stages_ms.items() if name not in own} | own
        self.seconds = round(self.seconds + earlier.seconds, 3)
        self.setup_seconds = round(self.setup_seconds + earlier.setup_seconds, 3)
        self.device, self.engine, self.dropped_boxes = earlier.device, earlier.engine, earlier.dropped_boxes
        self.enhanced = earlier.enhanced
        self.quality = earlier.quality | {"offline": True} if earlier.quality else {}
        self.shots = earlier.shots
        self.warnings = list(dict.fromkeys(earlier.warnings + self.warnings))

    @property
    def fps(self) -> float:
        """End-to-end frames per second."""
        return self.frames / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        known = None if self.identities is None else self.identities.to_records()
        return asdict(replace(self, identities=None)) | {"identities": known, "fps": round(self.fps, 2)}

    def as_text(self) -> str:
        """Return a few lines to read."""
        lines = [f"{self.source}: {self.width}x{self.height} at {self.frame_rate:g} frames/s"]
        if self.skipped:
            return f"{lines[0]}: finished before, skipped (--resume)"
        every = int(self.settings.get("every", 1))
        due = self.expected_frames
        declared = f" of {due} declared" if due not in (None, self.frames) else ""
        declared += f", every {every}th," if every > 1 else ""
        device = f" on {self.device}" if self.device else ""
        lines.append(f"  {self.frames} frames{declared} in {self.seconds:.1f} s: {self.fps:.1f} frames/s{device}")
        lines.append(f"  ms per frame (stages overlap): {self._stages()}")
        if self.engine:
            lines.append(f"  network: {engine_text(self.engine)}")
        if self.enhanced:
            lines.append(f"  enhanced: {report_text(self.enhanced)}")
        if self.quality:
            lines.append(f"  {quality_text(self.quality)}")
        score = "" if self.mean_score is None else f", mean score {self.mean_score:.2f}"
        cuts = f", {self.cuts} shot change{'s' if self.cuts > 1 else ''}" if self.cuts else ""
        joined = f" (an id from before was given anew: {self.joined})" if self.joined else ""
        lines.append(f"  {self.tracks} tracks{joined}, {self.boxes} boxes{score}{cuts}")
        if self.field_frames:
            lines.append(
                f"  {self.bystanders} boxes of people off the field left out; field found in {self.field_frames} frames"
            )
        if self.teams:
            lines.append(f"  teams: {teams_text(self.teams)}")
        if self.settings.get("numbers") and self.identities is not None:
            lines.append(f"  {numbers_text(self.identities, self.tracks)}")
        if self.ids:
            lines.append(f"  {IdCounts(**self.ids)}")
        if self.seen:
            lines += [f"  {line}" for line in seen_text(list(map(TimeSeen.of, self.seen))).splitlines()]
        if self.dropped_boxes:
            lines.append(f"  {self.dropped_boxes} unusable boxes (not finite, inverted or empty) left out")
        if self.dropped_frames:
            lines.append(f"  {self.dropped_frames} frames skipped to stay live")
        if self.peak_memory_mb is not None:
            lines.append(f"  peak memory {self.peak_memory_mb:.0f} MB")
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  {kind:<10} {file}" for kind, file in self.outputs.items()]
        return "\n".join(lines)

    def _stages(self) -> str:
        parts = {name: ms for name, ms in self.stages_ms.items() if name in DETECTOR_PARTS}
        inner = f" ({', '.join(f'{name} {ms:.1f}' for name, ms in parts.items())})" if parts else ""
        stages = ((name, ms) for name, ms in self.stages_ms.items() if name not in parts)
        return ", ".join(f"{name} {ms:.1f}{inner if name == 'detect' else ''}" for name, ms in stages)


def teams_text(found: Mapping[str, Any]) -> str:
    """Return what a summary's ``teams`` says, for people."""
    if not found.get("found"):
        return "not found; see docs/who-is-who.md"
    after = "" if found["settled"] is None else f", settled after {found['settled']:.1f} s"
    return "; ".join(f"{team['name']} in {team['colours']}" for team in found["teams"]) + after


def numbers_text(known: Identities, tracks: int) -> str:
    """Return of how many of a run's tracks the number is known, for people; the ball's are not counted."""
    rows = [known.of(track) for track in known.track_ids]
    balls = sum(any(one.role == "ball" for one in row) for row in rows)
    read = sum(any(one.number for one in row) for row in rows)
    return f"{read} of {max(tracks - balls, read)} tracks have a number"


def peak_memory_mb() -> float | None:
    """Return the highest resident memory of this process so far, in megabytes; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)
