"""The files that a tracking run writes: video, text, recording, settings and summary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportstrack.classes import ball_ids
from sportstrack.draw.players import Players
from sportstrack.draw.standing import LiveStand, MetresWalked
from sportstrack.errors import SettingError, SportstrackError
from sportstrack.files.claim import Claim, PartFile, identity
from sportstrack.files.names import file_name
from sportstrack.identities.file import identities_text
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch.file import PitchTrack
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.heat import HeatSink
from sportstrack.track.players import PageSink, PlayersSink
from sportstrack.track.settings import TrackSettings, settings_text
from sportstrack.track.sinks import TEXT_SINKS, MotSink, Sink
from sportstrack.track.summary import Summary
from sportstrack.track.who import WhoIsWho, WhoWasWho
from sportstrack.video import SourceInfo, VideoWriter
from sportstrack.video.sound import Sound

if TYPE_CHECKING:
    from sportstrack.draw.annotator import Annotator
    from sportstrack.draw.window import Window

ENDINGS = {
    "video": "_tracked.mp4",
    "mot": ".txt",
    "mots": ".mots.txt",
    "jsonl": ".jsonl",
    "csv": ".csv",
    "coco": ".coco.json",
    "heatmap": "_heat.png",
    "players": ".players.csv",
    "players_page": ".players.html",
    "identities": ".identities.csv",
    "detections": ".npz",
    "settings": ".settings.yaml",
    "summary": ".summary.json",
}
"""Kind of output → what follows the source's name."""


def claim_outputs(
    folder: str | Path, name: str, settings: TrackSettings, *, source: str, inputs: Sequence[Path], overwrite: bool
) -> Claim:
    """Claim all files that a run with these settings writes; OutputError if one of them must not be replaced."""
    more = ["players_page"] if "players" in settings.formats else []
    more += ["identities"] if settings.knows_who else []
    more += ["detections"] if settings.save_detections else []
    kinds = [*settings.formats, *more, "settings", "summary"]
    names = [f"{name}{ENDINGS[kind]}" for kind in kinds]
    command = "sportstrack track"
    return Claim(folder, names, stem=name, command=command, source=source, inputs=inputs, overwrite=overwrite)


def longer_name(name: str, source: str) -> str:
    """Return an output name for a source whose own name is another source's: its folder in front, or a hash behind."""
    if "://" not in source and (folder := Path(source).absolute().parent.name):
        return file_name(f"{folder}_{name}")
    return file_name(f"{name}-{hashlib.sha256(identity(source).encode()).hexdigest()[:8]}")


class Outputs:
    """All files that a run writes.

    Attributes:
        names: class id → name.
        pitch: where the frames see the pitch, or None.
    """

    def __init__(
        self,
        claim: Claim | None,
        settings: TrackSettings,
        summary: Summary,
        info: SourceInfo,
        made: RecordingInfo,
        frame_rate: Fraction,
        who: WhoIsWho | WhoWasWho,
        pitch: PitchTrack | None = None,
    ) -> None:
        self.pitch = pitch
        self._summary, self._settings, self._claim = summary, settings, claim
        self.names = dict(made.names)
        self._sinks: dict[str, Sink] = {}
        self._annotate: Callable[..., Any] | None = None
        self._map: HeatSink | None = None
        self._players: PlayersSink | None = None
        self._window = self._new_window(info) if settings.show else None
        if self._window is not None:
            self._annotate = self._annotator(info, frame_rate).draw
        if claim is None:
            return
        for kind in settings.formats:
            if kind == "video":
                if info.kind != "recording":
                    self._open_video(info, frame_rate)
            elif kind == "heatmap":
                self._sinks[kind] = self._map = HeatSink(self._path(kind), info.width, info.height, pitch)
            elif kind == "players":
                self._open_players(info, float(frame_rate), made)
            else:
                self._sinks[kind] = TEXT_SINKS[kind](
                    self._path(kind), made.names, pitch=pitch is not None, with_who=settings.knows_who
                )
        if settings.knows_who:
            self._sinks["identities"] = _IdentitiesSink(self._path("identities"), who)
        if isinstance(mot := self._sinks.get("mot"), MotSink):
            mot.with_class = settings.mot_classes == "yes"
        if settings.save_detections:
            self._sinks["detections"] = _RecordingSink(self._path("detections"), made)

    def draw(self, frame: TrackedFrame) -> TrackedFrame:
        """Return the frame as it is written, with its tracks drawn into the image if there is a video to write."""
        frame = replace(frame, tracks=frame.tracks.with_boxes(self._settings.boxes).rounded())
        if self._map is not None:
            self._map.look(frame)  # before anything is drawn
        if self._players is not None:
            self._players.look(frame)
        if self._annotate is not None and frame.image is not None:
            where = {"index": frame.index, "time": frame.time}
            self._annotate(frame.image, frame.tracks, frame.detections, **where, identities=frame.identities)
            if self._window is not None:
                self._window.offer(frame.image)
        return frame

    def write(self, frame: TrackedFrame) -> None:
        """Add a frame to every file."""
        for sink in self._sinks.values():
            sink.write(frame)

    def refresh(self) -> None:
        """Show the newest frame, if there is a window; in the thread that made the outputs."""
        if self._window is not None:
            self._window.refresh()

    def close(self, *, complete: bool) -> None:
        """Close every file under its temporary name, also when closing one fails; that failure is raised at the end."""
        failure: SportstrackError | None = None
        if self._window is not None:
            self._window.close()
        for sink in self._sinks.values():
            try:
                if complete and failure is None:
                    sink.finish()
                else:
                    sink.abandon()
            except SportstrackError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def write_summary(self) -> None:
        """Give the files their names and write the settings; at the very end the summary, which vouches for them."""
        summary, claim = self._summary, self._claim
        for sink in self._sinks.values():
            summary.warnings += getattr(sink, "warnings", [])
        if claim is not None:
            settings, record = self._path("settings"), self._path("summary")
            claim.remove(record.name)  # it describes files that are about to be replaced
            done = {kind: sink for kind, sink in self._sinks.items() if sink.file.part.exists()}
            claim.complete([sink.file for sink in done.values()])
            claim.write_text(settings.name, settings_text(summary.settings))
            summary.outputs = {kind: str(sink.path) for kind, sink in done.items()} | {"settings": str(settings)}
            summary.files = claim.stamps(Path(file).name for file in summary.outputs.values())
            summary.outputs["summary"] = str(record)
        summary.complete = True
        if claim is not None:
            claim.write_text(record.name, json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n")

    def kept(self) -> dict[str, str]:
        """Return the files of an unfinished run that are there to read: kind → file."""
        parts = {kind: sink.file.part for kind, sink in self._sinks.items()}
        return {kind: str(part) for kind, part in parts.items() if part.exists()}

    def _open_players(self, info: SourceInfo, rate: float, made: RecordingInfo) -> None:
        """Open the players' table and page; they share the map of the heat map, if there is one."""
        shared = self._map
        if shared is None:
            shared = self._map = HeatSink(self._path("heatmap"), info.width, info.height, self.pitch)
        shared.has_players = True
        players = Players(info.width, rate, made.names, made.every)
        walked = None if self.pitch is None else MetresWalked(float(info.frame_rate), made.every)
        self._players = PlayersSink(self._path("players"), players, shared, self._summary, walked)
        self._sinks["players"] = self._players
        self._sinks["players_page"] = PageSink(self._path("players_page"), self._players)

    def _path(self, kind: str) -> Path:
        assert self._claim is not None
        return self._claim.folder / f"{self._summary.name}{ENDINGS[kind]}"

    def _open_video(self, info: SourceInfo, rate: Fraction) -> None:
        require_cv2()
        self._sinks["video"] = _VideoSink(self._path("video"), info, rate, self._sound(info))
        self._annotate = self._annotate or self._annotator(info, rate).draw

    def _annotator(self, info: SourceInfo, rate: Fraction) -> Annotator:
        from sportstrack.draw.annotator import Annotator

        balls = ball_ids(self.names)
        stand = None if self.pitch is None else LiveStand(self.pitch, float(info.frame_rate), balls)
        return Annotator(self.names, draw=self._settings.draw, frame_rate=float(rate), stand=stand)

    def _new_window(self, info: SourceInfo) -> Window:
        from sportstrack.draw.window import Window

        if info.kind == "recording":
            raise SettingError("--show: a recording has no pictures; name its video as well")
        return Window(f"sportstrack: {self._summary.name}")

    def _sound(self, info: SourceInfo) -> Sound | None:
        """Return the sound to copy: that of a file which plays at its own pace."""
        if info.kind != "video" or info.live:
            return None
        sound = Sound(Path(self._summary.source.removeprefix("file://")))
        if self._settings.detections is not None and self._settings.frame_rate is not None and sound.has_sound():
            self._summary.warnings.append("the sound was left out: with --frame-rate the video has another pace")
            return None
        return sound


class _VideoSink:
    def __init__(self, path: Path, info: SourceInfo, frame_rate: Fraction, sound: Sound | None) -> None:
        self.path = path
        self._writer = VideoWriter(path, info.width, info.height, frame_rate, pixel_ratio=info.pixel_ratio, sound=sound)
        self.file = self._writer.file
        self.warnings = self._writer.warnings

    def write(self, frame: TrackedFrame) -> None:
        if frame.image is not None and frame.pts is not None:
            self._writer.write(frame.image, frame.pts)

    def finish(self) -> None:
        self._writer.finish()

    def abandon(self) -> None:
        self._writer.abandon()


class _IdentitiesSink:
    """Who is who, as it is known at the end."""

    def __init__(self, path: Path, who: WhoIsWho | WhoWasWho) -> None:
        self.path = path
        self.file = PartFile(path)
        self._who = who

    def write(self, frame: TrackedFrame) -> None:
        """Do nothing: who is who is known at the end."""

    def finish(self) -> None:
        self.file.write(identities_text(self._who.finish()).encode())

    def abandon(self) -> None:
        """Write nothing: the table of half a run would look like that of a whole one."""


class _RecordingSink:
    def __init__(self, path: Path, info: RecordingInfo) -> None:
        self.path = path
        self._writer = RecordingWriter(path, info)
        self.file = self._writer.file

    def write(self, frame: TrackedFrame) -> None:
        seen = (frame.detections, frame.camera, frame.cut_confidence, frame.tracks, frame.bystanders)
        self._writer.write(RecordedFrame(frame.index, frame.time, *seen))

    def finish(self) -> None:
        self._writer.abandon()

    def abandon(self) -> None:
        self._writer.abandon()
