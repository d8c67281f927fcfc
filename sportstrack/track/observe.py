"""What is observed in a frame: detections, their embeddings, the camera's motion and shot changes.

A tracker never sees an image. Everything that needs one happens here, so that a recording of these observations
replays through any tracker and gives the same tracks to the last bit.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from sportstrack.bystanders import Bystanders, set_aside, without_embedding
from sportstrack.checks import as_affine
from sportstrack.detect.connector import Connector
from sportstrack.detect.enhanced import EnhancedDetector
from sportstrack.embed.clothes import kit_colours
from sportstrack.embed.masked import embed_masked
from sportstrack.errors import SettingError
from sportstrack.masks.table import Masks
from sportstrack.numbers.watch import NumberWatch
from sportstrack.plugins import plugin
from sportstrack.recording import RecordingInfo
from sportstrack.track.detector import OWN_FEATURES
from sportstrack.track.frames import Observation
from sportstrack.track.light import LightWatch
from sportstrack.track.on_pitch import FieldWatch, field_watch
from sportstrack.track.settings import OFF, TrackSettings
from sportstrack.types import BoolArray, CameraMotion, Detections, Embedder, Embeddings, FloatArray, Image
from sportstrack.video import Frame


class ShotWatch:
    """Looks for shot changes, frame by frame, before anything else is known of a frame.

    Args:
        frame_rate: frames per second of the frames that it sees.

    Attributes:
        shots: what was found: the first frame of each new shot, kind and confidence.
    """

    def __init__(self, frame_rate: float) -> None:
        from sportstrack.shots import ShotDetector

        self.shots: list[dict[str, Any]] = []
        self._detector = ShotDetector(frame_rate=frame_rate)
        self._latest: deque[int] = deque(maxlen=self._detector.latest + 1)  # a fade's middle is one of these frames

    def __call__(self, frame: Frame) -> Observation:
        """Return the frame as an observation, with the confidence that another shot begins with it."""
        self._latest.append(frame.index)
        boundary = self._detector.update(frame.image)
        if boundary is None:
            return first_observation(frame)
        first = self._latest[boundary.frame - self._detector.count]
        self.shots.append({"frame": first, "kind": boundary.kind, "confidence": boundary.confidence})
        return replace(first_observation(frame), cut_confidence=boundary.confidence)


def first_observation(frame: Frame) -> Observation:
    """Return what is known of a frame before anything was looked for in it."""
    return Observation(frame.index, frame.time, image=frame.image, pts=frame.pts)


class Observer:
    """Detector, embedder and camera motion in a row.

    Args:
        detector: finds the boxes of a batch of images; None in a replay, whose observations have theirs.
        embedder: callable ``(frame, xyxy) -> (N, D)``, or None to leave embeddings as they are.
        camera: a method of camera motion, or None to leave the camera's motion as it is.
        choose: returns (N,) which detections count; None keeps all.
        watch: tells people off the field; None takes what the observations say.
        numbers: reads shirt numbers; None leaves what the observations have.
        everybody: ignore what the observations say of people off the field.
        forget: leave out the embeddings that the observations have.
        kits: compute the colours of kits.
        show: returns the pictures that are handed on instead of the batch's own ones.
    """

    def __init__(
        self,
        detector: Connector | None = None,
        embedder: Embedder | None = None,
        camera: CameraMotion | None = None,
        choose: Callable[[Detections], BoolArray] | None = None,
        watch: FieldWatch | None = None,
        numbers: NumberWatch | None = None,
        *,
        everybody: bool = False,
        forget: bool = False,
        kits: bool = False,
        show: Callable[[], Sequence[Image]] | None = None,
    ) -> None:
        self._detector, self._embedder, self._camera = detector, embedder, camera
        self._choose, self._watch, self._everybody, self._forget = choose, watch, everybody, forget
        self._numbers, self._kits, self._show = numbers, kits, show
        self._light = LightWatch()
        self._seconds = {"detect": 0.0}
        self._before = {} if detector is None else dict(detector.timings)
        self._notes: list[str] = list(getattr(embedder, "warnings", []))
        if embedder is not None:
            self._seconds["embed"] = 0.0
            if (reset := getattr(embedder, "reset", None)) is not None:
                reset()
        if watch is not None:
            self._seconds["field"] = 0.0
        if numbers is not None:
            self._seconds["numbers"] = 0.0
        if kits:
            self._seconds["teams"] = 0.0
        if camera is not None:
            self._seconds["camera"] = 0.0
            camera.reset()

    @property
    def warnings(self) -> list[str]:
        """What the user should know of the embedder and of the pictures' light."""
        return self._notes + self._light.warnings

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds spent so far, by stage; the detector's own stages are within ``detect``."""
        parts = {} if self._detector is None else self._detector.timings
        return self._seconds | {part: total - self._before.get(part, 0.0) for part, total in parts.items()}

    def __call__(self, batch: Sequence[Observation]) -> Iterator[Observation]:
        """Complete a batch of observations, one after the other; call it for every frame, in order."""
        if self._detector is not None:
            if not isinstance(self._detector, EnhancedDetector):
                for observation in batch:
                    self._light(cast(Image, observation.image))
            started = time.perf_counter()
            tables = self._detector([cast(Image, observation.image) for observation in batch])
            self._seconds["detect"] += time.perf_counter() - started
            batch = [replace(one, detections=table) for one, table in zip(batch, tables, strict=True)]
        if self._show is None:
            yield from map(self._complete, batch)
            return
        for observation, image in zip(batch, list(self._show()), strict=True):
            yield replace(self._complete(observation), image=image)

    def _complete(self, observation: Observation) -> Observation:
        detections, bystanders, everybody = self._told_apart(observation)
        if self._forget:
            detections = replace(detections, embedding=None)
        boxes, camera = _usable(detections), observation.camera
        if self._embedder is not None:
            started = time.perf_counter()
            embedding = self._embed(observation.image, boxes, detections.valid, detections.mask)
            detections = replace(detections, embedding=embedding)
            self._seconds["embed"] += time.perf_counter() - started
        if self._kits:
            started = time.perf_counter()
            colours = kit_colours(cast(Image, observation.image), detections.xyxy, detections.mask)
            detections = replace(detections, kit_colours=colours)
            self._seconds["teams"] += time.perf_counter() - started
        if self._numbers is not None:
            started = time.perf_counter()
            votes = self._numbers(cast(Image, observation.image), detections, cut=observation.cut_confidence > 0)
            detections = replace(detections, number_votes=votes)
            self._seconds["numbers"] += time.perf_counter() - started
        if self._camera is not None:
            started = time.perf_counter()
            if observation.cut_confidence:
                self._camera.reset()  # the last frame shows another place
            camera = self._camera.update(observation.image, _usable(everybody))
            camera = None if camera is None else as_affine(camera)
            self._seconds["camera"] += time.perf_counter() - started
        return replace(observation, detections=detections, camera=camera, bystanders=bystanders)

    def _told_apart(self, observation: Observation) -> tuple[Detections, Bystanders | None, Detections]:
        """Return the detections that are for the tracker, the people off the field, and both as one table."""
        known, table = observation.bystanders, observation.detections
        if known is not None:
            table = known.join(table)
        counts = None if known is None or self._everybody else known.counts
        if self._choose is not None and not (chosen := self._choose(table)).all():
            table, counts = table[chosen], None if counts is None else counts[chosen]
        if self._watch is not None:
            started = time.perf_counter()
            counts = self._watch(cast(Image, observation.image), table, cut=observation.cut_confidence > 0)
            self._seconds["field"] += time.perf_counter() - started
        if counts is None:
            return table, None, table
        detections, bystanders = set_aside(table, counts)
        return detections, bystanders if self._embedder is None else without_embedding(bystanders), table

    def _embed(
        self, image: Image | None, boxes: FloatArray, valid: BoolArray | None, masks: Masks | None
    ) -> Embeddings:
        masks = masks if masks is None or valid is None else masks[valid]
        value = embed_masked(cast(Embedder, self._embedder), cast(Image, image), boxes, masks)
        try:
            rows = np.asarray(value, np.float32)
        except (TypeError, ValueError) as error:
            what = f"{type(value).__name__} ({error})"
            raise SettingError(f"embedder: expected ({len(boxes)}, D) vectors, one per box, got {what}") from error
        if rows.ndim != 2 or len(rows) != len(boxes):
            raise SettingError(f"embedder: expected ({len(boxes)}, D) vectors, one per box, got shape {rows.shape}")
        if valid is None:
            return rows
        every = np.zeros((len(valid), rows.shape[1]), np.float32)  # an unusable box has no embedding
        every[valid] = rows
        return every


def make_observer(
    settings: TrackSettings,
    detector: Connector,
    choose: Callable[[Detections], BoolArray],
    *,
    frame_rate: float,
    embedder: Embedder | None = None,
    camera: CameraMotion | None = None,
) -> Observer:
    """Return the observer of a video that the settings ask for.

    Args:
        settings: name the embedder and the camera motion to load, unless they are given.
        detector: finds the boxes.
        choose: returns (N,) which detections count.
        frame_rate: frames per second of the frames that are tracked.
        embedder: one of your own, used instead of the settings' one.
        camera: one of your own, used instead of the settings' one.
    """
    if embedder is None and settings.embeds_with not in (None, OWN_FEATURES):
        embedder = _load_embedder(settings, detector.device or settings.device)
    if camera is None and settings.camera is not None:
        camera = _load_camera(settings)
    balls = settings.ball_ids(detector.names)
    watch = None if settings.on_pitch == OFF else field_watch(detector.names, balls)
    numbers = NumberWatch(frame_rate, skip=balls or ()) if settings.numbers else None
    show = None
    if settings.draw_enhanced and isinstance(detector, EnhancedDetector):
        show = detector.shown
    return Observer(detector, embedder, camera, choose, watch, numbers, kits=settings.teams != OFF, show=show)


def make_replayer(
    settings: TrackSettings,
    recorded: RecordingInfo,
    choose: Callable[[Detections], BoolArray],
    *,
    frame_rate: float,
    has_images: bool,
    embedder: Embedder | None = None,
    camera: CameraMotion | None = None,
) -> Observer:
    """Return the observer of a recording: what it holds is taken from it, what it lacks is computed.

    Args:
        settings: as in `make_observer`.
        recorded: what the recording says of itself.
        choose: returns (N,) which detections count.
        frame_rate: frames per second of the frames that are tracked.
        has_images: whether the recording is replayed with its video.
        embedder: as in `make_observer`.
        camera: as in `make_observer`.

    Raises:
        SettingError: if that needs images and there are none.
    """
    wanted = settings.embeds_with
    if embedder is None and wanted not in (None, recorded.embedder):
        _need_images("--embedder", wanted, recorded.embedder, has_images)
        embedder = _load_embedder(settings, settings.device)
    if camera is None and settings.camera not in (None, recorded.camera):
        camera = _load_camera(settings)
        if camera.needs_image:
            _need_images("--camera", settings.camera, recorded.camera, has_images)
    numbers = None
    if settings.numbers and not recorded.numbers:
        _need_images("--numbers", "", None, has_images)
        numbers = NumberWatch(frame_rate, skip=settings.ball_ids(recorded.names) or ())
    kits = settings.teams != OFF and not recorded.kits
    if kits:
        _need_images("--teams", settings.teams, None, has_images)
    forget = embedder is None and settings.embedder is not None and wanted is None
    everybody = settings.on_pitch == OFF
    return Observer(None, embedder, camera, choose, numbers=numbers, everybody=everybody, forget=forget, kits=kits)


def _need_images(option: str, wanted: str | None, recorded: str | None, has_images: bool) -> None:
    if wanted == OWN_FEATURES:
        raise SettingError(f"{option} {wanted}: a replay runs no detector; record with it (--save-detections)")
    if not has_images:
        held = f"was made with {option} {recorded}" if recorded else f"was made without {option}"
        raise SettingError(
            f"{option} {wanted}".rstrip() + f": the recording {held}; name its video as well, or record it again"
        )


def _load_embedder(settings: TrackSettings, device: str) -> Embedder:
    from sportstrack.embed import load_embedder

    return load_embedder(str(settings.embeds_with), device=device, half=settings.half, engine=settings.engine)


def _load_camera(settings: TrackSettings) -> CameraMotion:
    from sportstrack.camera import load_camera

    camera = load_camera(str(settings.camera))
    return _PluginCamera(camera, str(settings.camera)) if ":" in str(settings.camera) else camera


class _PluginCamera:
    """A camera motion of the user's own, given by name; what it raises is reported with its place."""

    def __init__(self, camera: CameraMotion, spec: str) -> None:
        self._camera, self._who = camera, f"camera motion {spec}"
        self._spec = spec
        self.needs_image = camera.needs_image

    def update(self, frame: Image | None, xyxy: FloatArray) -> FloatArray | None:
        """Return what the user's method estimates, checked."""
        with plugin("camera motion", self._spec):
            affine = self._camera.update(frame, xyxy)
        return None if affine is None else as_affine(affine, self._who)

    def reset(self) -> None:
        """Let the user's method forget the previous frame."""
        with plugin("camera motion", self._spec):
            self._camera.reset()


def _usable(detections: Detections) -> FloatArray:
    return detections.xyxy if detections.valid is None else detections.xyxy[detections.valid]
