"""Drawing results onto their video: an annotated video, pictures of some frames, maps and the players' table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from sportstrack.classes import ball_ids
from sportstrack.cli.progress import shown
from sportstrack.draw.annotator import Annotator
from sportstrack.draw.follow import VirtualCamera
from sportstrack.draw.ground import Ground, GroundMap
from sportstrack.draw.heatmap import draw_paths, heat_map, overlay
from sportstrack.draw.minimap import MAP_WIDTH, PitchCanvas, composed
from sportstrack.draw.players import Player, Players, players_csv
from sportstrack.draw.players_page import players_page
from sportstrack.draw.results import ResultFile, read_result
from sportstrack.draw.settings import DrawSettings
from sportstrack.draw.standing import KnownStand
from sportstrack.draw.text import Letters
from sportstrack.draw.window import Window
from sportstrack.errors import SettingError, SourceError
from sportstrack.files.claim import Claim, PartFile
from sportstrack.files.names import file_name
from sportstrack.images.encode import encode_image
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch import PitchTrack, read_pitch
from sportstrack.types import Image, Tracks
from sportstrack.video import Frame, VideoSource, VideoWriter, open_source
from sportstrack.video.sound import Sound

COMMAND = "sportstrack draw"
MOST_RESULTS = 4  # side by side

_ENDINGS = {
    "heatmap": ("_heat.png",),
    "paths": ("_paths.png",),
    "players": (".players.csv", ".players.html"),
}
"""Output of each result → how its files' names end."""


@dataclass
class Drawn:
    """What was drawn.

    Attributes:
        frames: frames drawn.
        files: the files written.
        warnings: what the user should know of them.
    """

    frames: int = 0
    files: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def draw_video(
    video: str | Path,
    results: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    settings: DrawSettings | None = None,
    *,
    pitch: str | Path | PitchTrack | None = None,
    names: Mapping[int, str] | None = None,
    overwrite: bool = False,
    on_frame: Callable[[int, Image], None] | None = None,
    progress: Callable[[int, int | None], None] | bool | None = None,
) -> Drawn:
    """Draw results onto the video that they belong to.

    Args:
        video: video file, folder of images or sequence folder.
        results: MOT text, CSV, JSON lines or recordings; several are drawn side by side.
        output: folder for the outputs; None writes nothing (use `on_frame`).
        settings: how to draw; None is the defaults.
        pitch: ``NAME.pitch.jsonl``, or what `read_pitch` returns: for minimap, speeds in km/h, and maps of the pitch.
        names: class id → name, in place of what the results know.
        overwrite: replace also files that are not an unchanged result of the same video.
        on_frame: called with each frame's number, from 0, and its picture.
        progress: True shows a bar; or it is called after each frame with (done, expected or None).

    Raises:
        SportstrackError: a result that cannot be read, or does not belong to the video; outputs that must not be
            replaced.
    """
    require_cv2()
    settings = settings or DrawSettings()
    paths = [Path(path) for path in ([results] if isinstance(results, (str, Path)) else results)]
    if not 1 <= len(paths) <= MOST_RESULTS:
        raise SettingError(f"results: expected 1 to {MOST_RESULTS} files to draw side by side, got {len(paths)}")
    found = [read_result(path, zero_based=settings.zero_based, names=names) for path in paths]
    for result in found:
        if settings.classes is not None:
            result.keep_classes(settings.classes)
    with ExitStack() as stack:
        source = stack.enter_context(open_source(video, frame_rate=settings.frame_rate))
        if source.info.live:
            raise SourceError(f"{video}: a live source has no frames to go back to; save it as a video first")
        for result in found:
            result.check_video(source.info.name, source.info.width, source.info.height, source.info.frame_count)
        track = read_pitch(pitch) if isinstance(pitch, (str, Path)) else pitch
        job = _Job(video, source, found, settings, track)
        if output is not None:
            job.open(Path(output), stack, overwrite)
        if settings.show:
            job.window = Window(f"sportstrack: {source.info.name}")
            stack.callback(job.window.close)
        return job.go(on_frame, stack.enter_context(shown(progress, source.info.name)))


class _Job:
    """One video, its results and outputs."""

    def __init__(
        self,
        video: str | Path,
        source: VideoSource,
        results: list[ResultFile],
        settings: DrawSettings,
        pitch: PitchTrack | None = None,
    ) -> None:
        self._video, self._source, self._results, self._settings = video, source, results, settings
        self._info, self._done = source.info, Drawn()
        self._every = int(np.gcd.reduce([result.every for result in results]))
        self._rate = self._info.frame_rate / self._every
        self._stands = [self._stand(result, pitch) for result in results]
        self._annotators = [
            Annotator(
                result.names, draw=settings.draw, ids=settings.ids, frame_rate=float(self._rate), stand=stand,
                minimap=settings.minimap, minimap_size=settings.minimap_size, identities=result.identities,
            )
            for result, stand in zip(results, self._stands, strict=True)
        ]  # fmt: skip
        self._wanted = {number - 1 for number in settings.frames}
        self._check_ids()
        self._cameras = [self._camera(result) for result in results]
        self._letters = Letters(max(10, round(16 * self._info.height / 720)))
        self._maps: list[GroundMap] = []
        self._players: list[Players] = []
        self._claim: Claim | None = None
        self._writer: VideoWriter | None = None
        self._pictures: dict[int, PartFile] = {}
        self._frames = 0
        self._drawn: tuple[int, int] | None = None  # first and last frame
        self.window: Window | None = None

    def open(self, folder: Path, stack: ExitStack, overwrite: bool) -> None:
        """Claim the files and open the video."""
        names = [*self._picture_names().values(), *self._map_names().values()]
        video = f"{self._stem()}_drawn.mp4"
        is_video = "video" in self._settings.outputs
        inputs = [self._video, *(result.path for result in self._results)]
        self._claim = stack.enter_context(
            Claim(
                folder,
                [*names, *([video] if is_video else [])],
                command=COMMAND,
                source=self._video,
                inputs=[path for path in inputs if isinstance(path, (str, Path))],
                overwrite=overwrite,
                stem=f"{self._stem()}_drawn",
            )
        )
        if is_video:
            sound = None
            if self._info.kind == "video":
                sound = Sound(Path(str(self._video).removeprefix("file://")), self._first_time())
            sizes = [self._size(annotator) for annotator in self._annotators]
            self._writer = VideoWriter(
                folder / video,
                sum(width for width, _ in sizes),
                max(height for _, height in sizes),
                self._rate,
                pixel_ratio=self._info.pixel_ratio,
                file=self._claim.file(video),
                sound=sound,
            )
            stack.callback(self._writer.abort)  # does nothing once it is finished
        if any(kind in self._settings.outputs for kind in _ENDINGS):
            self._maps = [GroundMap(self._info.width, self._info.height) for _ in self._results]
        if "players" in self._settings.outputs:
            rate, width = float(self._rate), self._info.width
            self._players = [Players(width, rate, result.names, self._every) for result in self._results]

    def go(
        self, on_frame: Callable[[int, Image], None] | None, progress: Callable[[int, int | None], None] | None
    ) -> Drawn:
        """Draw all frames, from the first, whose colours and paths the later ones go on with."""
        last = max(self._wanted, default=-1) if not self._writer and not self._maps and not on_frame else None
        expected = self._info.frame_count
        for frame in self._source:
            self._frames = frame.index + 1
            if (last is not None and frame.index > last) or self._is_after(frame):
                break
            if frame.index % self._every == 0:
                self._draw(frame, on_frame)
            if progress is not None:
                progress(frame.index + 1, expected)
        else:
            self._check_end()
        self._close()
        return self._done

    def _draw(self, frame: Frame, on_frame: Callable[[int, Image], None] | None) -> None:
        tables = [result.at(frame.index) for result in self._results]
        is_in = self._is_within(frame)
        if is_in:
            self._place(frame, [tracks for tracks, _ in tables])
        pictures = []
        for annotator, camera, (tracks, detections) in zip(self._annotators, self._cameras, tables, strict=True):
            image = frame.image if len(tables) == 1 else frame.image.copy()
            if camera is not None:
                image, tracks = camera.shoot(frame.index, image, tracks)
                detections = None
            annotator.draw(image, tracks, detections, index=frame.index, time=frame.time)
            pictures.append(composed(image, annotator.map_image, self._settings.minimap))
        whole = pictures[0] if len(pictures) == 1 else self._side_by_side(pictures)
        if not is_in:
            return
        self._done.frames += 1
        if self._writer is not None:
            self._writer.write(whole, frame.pts - self._first_time())
        if frame.index in self._wanted and self._claim is not None:
            file = self._claim.file(self._picture_names()[frame.index])
            file.write(encode_image(whole, ".png"))
            self._pictures[frame.index] = file
        if self.window is not None:
            self.window.offer(whole)
            self.window.refresh()
        if on_frame is not None:
            on_frame(frame.index, whole)

    def _place(self, frame: Frame, tables: Sequence[Tracks]) -> None:
        """Enter a frame into the maps and the players' tables, before anything is drawn into it."""
        self._drawn = (frame.index if self._drawn is None else self._drawn[0], frame.index)
        for number, ground in enumerate(self._maps):
            result, tracks = self._results[number], self._of_interest(tables[number])
            camera, cut = result.camera.get(frame.index), frame.index in result.cuts
            ground.add(frame.index, frame.image, tracks, camera, cut=cut)
            if self._players:
                self._players[number].add(frame.index, frame.time, frame.image, tracks, ground)

    def _close(self) -> None:
        """Complete all files and give them their names."""
        missing = sorted(self._wanted - self._pictures.keys())
        if missing and self._claim is not None:
            which = "" if self._every == 1 else f", one of {self._every} was tracked"
            raise SettingError(
                f"frames: {missing[0] + 1} was not drawn: {self._info.name} has {self._frames} frames{which}, and only "
                "those from --start to --end are drawn"
            )
        files = list(self._pictures.values())
        if self._writer is not None:
            self._writer.finish()
            self._done.warnings += self._writer.warnings
            files.append(self._writer.file)
        files += self._write_maps()
        if self._claim is not None:
            self._claim.complete(files)
        self._done.files = [file.path for file in files if file.path.exists()]
        self._done.warnings = [*self._source.warnings, *self._done.warnings]

    def _write_maps(self) -> list[PartFile]:
        files: list[PartFile] = []
        for (number, ending), name in self._map_names().items():
            if self._claim is None:
                break
            ground = self._maps[number].ground() if self._stands[number] is None else self._on_pitch(number)
            self._done.warnings += [text for text in ground.warnings if text not in self._done.warnings]
            file = self._claim.file(name)
            file.write(self._map_file(number, ending, ground))
            files.append(file)
        return files

    def _map_file(self, number: int, ending: str, ground: Ground) -> bytes:
        """Return what stands in one of a result's files, by the ending of its name."""
        if ending == "_paths.png":
            every = math.lcm(self._every, ground.every)
            image = draw_paths(ground.image, ground.frame, ground.track_id, ground.foot, every)
            return encode_image(image, ".png")
        if ending == ".players.csv":
            return players_csv(self._found(number)).encode()
        height, width = ground.image.shape[:2]
        heat = overlay(ground.image, heat_map(ground.foot, width, height))
        if ending == "_heat.png":
            return encode_image(heat, ".png")
        title, players = self._results[number].path.name, self._players[number]
        page = players_page(title, self._found(number), players, encode_image(heat, ".jpg"), ground.warnings)
        return page.encode()

    def _found(self, number: int) -> list[Player]:
        stand = self._stands[number]
        metres = None if stand is None or self._drawn is None else stand.metres(*self._drawn)
        return self._players[number].table(camera_removed=self._maps[number].is_known, metres=metres)

    def _stand(self, result: ResultFile, pitch: PitchTrack | None) -> KnownStand | None:
        if pitch is None:
            return None
        if pitch.size != (self._info.width, self._info.height):
            raise SettingError(
                f"pitch: the file is of a video of {pitch.size[0]}x{pitch.size[1]}, but {self._info.name} has "
                f"{self._info.width}x{self._info.height}"
            )
        rate, balls = float(self._info.frame_rate), ball_ids(result.names)
        return KnownStand(pitch, result.tracks, rate, every=result.every, balls=balls)

    def _size(self, annotator: Annotator) -> tuple[int, int]:
        """Return the width and height of what is written of one result."""
        place, (width, height) = self._settings.minimap, annotator.map_size
        if place == "alone" and width:
            return width, height
        return self._info.width + (width if place == "beside" else 0), self._info.height

    def _on_pitch(self, number: int) -> Ground:
        """Return the picture of the pitch with the places of the people who were drawn."""
        stand = self._stands[number]
        assert stand is not None
        picture = PitchCanvas(stand.pitch.pitch, MAP_WIDTH)
        first, last = self._drawn or (0, -1)
        rows = np.isfinite(stand.xy).all(axis=1) & ~stand.is_ball & (stand.frame >= first) & (stand.frame <= last)
        if self._settings.ids is not None:
            rows &= np.isin(stand.track_id, list(self._settings.ids))
        feet = picture.pixels(stand.xy[rows])
        return Ground(picture.image, stand.frame[rows], stand.track_id[rows], feet, [], self._every)

    def _camera(self, result: ResultFile) -> VirtualCamera | None:
        wanted = self._settings.crop_to
        if wanted is None:
            return None
        last = max(result.last + 1, self._info.frame_count or 0)
        frames = list(range(0, last, self._every))
        size = (self._info.width, self._info.height)
        return VirtualCamera(frames, wanted, result.tracks, size, float(self._rate))

    def _check_ids(self) -> None:
        known = set(np.concatenate([result.ids for result in self._results]).tolist())
        crop = self._settings.crop_to
        for wanted in [*(self._settings.ids or ()), *([crop] if crop is not None else [])]:
            if wanted not in known:
                some = ", ".join(map(str, sorted(known)[:20])) + (", …" if len(known) > 20 else "")
                raise SettingError(f"{self._results[0].path}: no id {wanted} in it (it has: {some or 'no rows'})")

    def _check_end(self) -> None:
        """Raise SourceError if a result goes on after the video's true end."""
        for result in self._results:
            info = self._info
            result.check_video(info.name, info.width, info.height, max(self._frames, info.frame_count or 0))

    def _of_interest(self, tracks: Tracks) -> Tracks:
        ids = self._settings.ids
        return tracks if ids is None else tracks[np.isin(tracks.track_id, list(ids))]

    def _side_by_side(self, pictures: list[Image]) -> Image:
        for result, image in zip(self._results, pictures, strict=True):
            self._letters.plate(result.path.name, (20, 20, 20), 0.7).paste(image, 8, 8)
        return np.hstack(pictures)

    def _first_time(self) -> Fraction:
        return Fraction(self._settings.start).limit_denominator(1_000_000)

    def _is_within(self, frame: Frame) -> bool:
        return frame.pts >= self._first_time() and not self._is_after(frame)

    def _is_after(self, frame: Frame) -> bool:
        return self._settings.end is not None and frame.time > self._settings.end

    def _stem(self) -> str:
        return file_name("_".join(result.path.stem for result in self._results))

    def _picture_names(self) -> dict[int, str]:
        return {frame: f"{self._stem()}_{frame + 1:06d}.png" for frame in sorted(self._wanted)}

    def _map_names(self) -> dict[tuple[int, str], str]:
        """Return (number of the result, ending) → name of the file."""
        endings = [ending for kind in self._settings.outputs for ending in _ENDINGS.get(kind, ())]
        stems = [file_name(result.path.stem) for result in self._results]
        stems = [f"{stem}_{number + 1}" if stems.count(stem) > 1 else stem for number, stem in enumerate(stems)]
        return {(number, ending): f"{stem}{ending}" for number, stem in enumerate(stems) for ending in endings}
