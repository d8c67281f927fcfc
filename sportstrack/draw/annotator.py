"""Draw tracks onto the frames of a video: marks, labels, paths, the clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sportstrack.classes import ball_ids
from sportstrack.draw import marks
from sportstrack.draw.colours import OFFICIAL, OTHERS, Colour, Colours, TrackColours, team_colour
from sportstrack.draw.items import DEFAULT, WHO, items_of
from sportstrack.draw.kit_colours import KitColours
from sportstrack.draw.labels import Placer, heads
from sportstrack.draw.minimap import ALONE, Minimap, corner_of, paste, width_for
from sportstrack.draw.standing import FramePlaces, Stand
from sportstrack.draw.text import Letters
from sportstrack.draw.trails import Trails
from sportstrack.draw.words import who_words
from sportstrack.errors import SettingError
from sportstrack.identities.table import Identities, Identity
from sportstrack.images.check import check_image
from sportstrack.types import Detections, FloatArray, Image, Tracks

BALL_COLOUR: Colour = (0, 212, 255)
_REFERENCE_HEIGHT = 720  # pixels; line widths and letters are designed for it
_MARGIN = 64  # pixels beyond the picture to which boxes are cut, so that OpenCV's whole numbers hold them
_WORDS = {"id", "class", "score", "speed", "label", "role", "number", "name"}


class Annotator:
    """Draws the frames of one video in order, and remembers colours, paths and places of labels.

    What is drawn depends on the pictures and tracks alone: the same frames give the same pictures to the pixel. Line
    widths and letters grow with the image's height.

    Args:
        names: class id → name; a class without a name is written as its number.
        draw: items and presets, see `sportstrack.draw.items`; in one text, separated by commas.
        ids: tracks to highlight; the others are drawn in grey without labels. None highlights none and greys none.
        trace_seconds: length of a path.
        frame_rate: frames drawn per second of video.
        thickness: line width in pixels; None fits it to the image.
        colours: what chooses the colours; None gives each track its own, and with the item team each team that of its
            kit, as soon as anything is known of teams.
        stand: where the tracks stand on the pitch, for the item minimap and speeds in km/h.
        minimap: where the minimap is, see `sportstrack.draw.items.MINIMAP_PLACES`; what is not in a corner is not drawn
            into the picture, but waits in `map_image`.
        minimap_size: its width in a corner, as a share of the picture's.
        identities: who is who, for labels, kit colours, and the dots of the minimap.

    Raises:
        SettingError: if a duration, rate or thickness is not positive, an item is unknown, or the minimap has no
            ``stand``.

    Attributes:
        map_image: the minimap of the frame drawn last, where that is asked for.
    """

    def __init__(
        self,
        names: Mapping[int, str] | None = None,
        *,
        draw: str | Sequence[str] = DEFAULT,
        ids: Collection[int] | None = None,
        trace_seconds: float = 1.2,
        frame_rate: float = 25.0,
        thickness: int | None = None,
        colours: Colours | None = None,
        stand: Stand | None = None,
        minimap: str = "lower-right",
        minimap_size: float = 0.3,
        identities: Identities | None = None,
    ) -> None:
        for setting, value in (("trace_seconds", trace_seconds), ("frame_rate", frame_rate), ("thickness", thickness)):
            if value is not None and not 0 < value < float("inf"):
                raise SettingError(f"{setting}: expected more than 0, got {value}")
        self.names = dict(names or {})
        self.items = items_of(draw)
        self._ids = None if ids is None else frozenset(ids)
        self._rate, self._thickness = frame_rate, thickness
        self._trace_length = max(2, round(trace_seconds * frame_rate))
        self._given = colours
        self._balls = ball_ids(self.names)
        if "minimap" in self.items and stand is None:
            raise SettingError("draw: minimap needs to know where the pitch is (--pitch NAME.pitch.jsonl)")
        self._stand, self._map_place, self._map_size = stand, minimap, minimap_size
        self.map_image: Image | None = None
        self._who = identities or Identities()
        self.reset()

    def reset(self) -> None:
        """Forget colours, paths and places, for the next video."""
        self._colours: Colours = TrackColours() if self._given is None else self._given
        self._trails: Trails | None = None
        if "trace" in self.items or ("speed" in self.items and self._stand is None):
            self._trails = Trails(max(self._trace_length, round(0.6 * self._rate) + 1))
        self._kits: KitColours | None = None
        self._known: list[Identity | None] = []
        self._placer = Placer(below_first="ellipse" in self.items)
        self._tools: _Tools | None = None
        self._map = self._new_map()
        self._standing = FramePlaces.unknown(0)
        self._drawn = 0

    def draw(
        self,
        image: Image,
        tracks: Tracks,
        detections: Detections | None = None,
        *,
        index: int | None = None,
        time: float | None = None,
        identities: Mapping[int, Identity] | None = None,
    ) -> Image:
        """Draw one frame's tracks **into** `image` and return it; pass a copy to keep the original.

        Args:
            image: (H, W, 3) BGR uint8.
            tracks: the frame's tracks, drawn with their smoothed boxes where they have any; boxes that lie
                outside the image or are not finite are ignored.
            detections: the frame's detections, whose masks and key points belong to the tracks.
            index: number of the frame, from 0, for the clock; None counts the frames drawn.
            time: seconds since the first frame, for the clock; None takes it from `index`.
            identities: track → team, role, number and name, as far as they are known in this frame; None takes them
                from the annotator's own table.

        Raises:
            SettingError: if the image has another shape or type.
        """
        check_image(image, "image")
        if self._tools is None or self._tools.height != image.shape[0]:
            self._tools = _Tools(image.shape[0], self._thickness)
        canvas = np.ascontiguousarray(image)  # OpenCV draws into nothing else
        tracks = tracks.with_boxes()
        tracks = _within(tracks[_visible(tracks.xyxy, canvas.shape)], canvas.shape)
        index = self._drawn if index is None else index
        self._drawn = index + 1
        ids = tracks.track_id.tolist()
        self._known = [self._who.at(track, index) if identities is None else identities.get(track) for track in ids]
        if self._stand is not None and self.items & {"minimap", "speed"}:
            self._standing = self._stand.at(index, tracks)
        self._draw(canvas, tracks, detections, self._tools, index)
        if "clock" in self.items:
            self._clock(canvas, index, index / self._rate if time is None else time, self._tools)
        if canvas is not image:
            image[...] = canvas
        return image

    def _draw(self, canvas: Image, tracks: Tracks, detections: Detections | None, tools: _Tools, index: int) -> None:
        if self._trails is not None:
            self._trails.add(canvas, tracks)
        found = self._colours_of(canvas, tracks)
        is_ball = np.isin(tracks.class_id, self._balls) & ("ball" in self.items)
        colours = [
            OTHERS if self._is_other(track) else BALL_COLOUR if ball else colour
            for track, ball, colour in zip(tracks.track_id.tolist(), is_ball.tolist(), found, strict=True)
        ]
        if detections is not None:
            self._masks(canvas, tracks, detections, colours, tools)
        kept = None if "box" in self.items else _Heads(canvas, tracks.xyxy[~is_ball])
        self._ground(canvas, tracks, is_ball, colours, tools)
        self._frames(canvas, tracks, is_ball, colours, tools)
        if kept is not None:
            kept.put_back()
        if detections is not None and "keypoints" in self.items and detections.keypoints is not None:
            for row in np.flatnonzero(tracks.detection >= 0).tolist():
                marks.body(canvas, detections.keypoints[tracks.detection[row]], colours[row], tools.thin)
        self._make_map(tracks, is_ball, colours, index)
        if self.items & _WORDS:
            self._write(canvas, tracks, is_ball, colours, tools)
        if self.map_image is not None and self._map_place not in ("beside", "alone"):
            paste(canvas, self.map_image, *self._map_corner(canvas))

    def _colours_of(self, canvas: Image, tracks: Tracks) -> list[Colour]:
        """Return each track's colour: that of its team's kit where teams are drawn and known."""
        found = self._colours.of(tracks.track_id, tracks.xyxy)
        if self._given is not None or "team" not in self.items:
            return found
        if self._kits is None and any(one is not None and (one.team or one.role == "referee") for one in self._known):
            self._kits = KitColours()
        if self._kits is None:
            return found
        self._kits.look(canvas, tracks.xyxy, self._known)
        return self._kits.of(self._known)

    def _make_map(self, tracks: Tracks, is_ball: NDArray[np.bool_], colours: list[Colour], index: int) -> None:
        """Draw the minimap of a frame, as a picture of its own."""
        if self._stand is None or self._map is None:
            return
        balls = is_ball | np.isin(tracks.class_id, self._balls)
        colours = [BALL_COLOUR if ball else colour for ball, colour in zip(balls.tolist(), colours, strict=True)]
        rows = zip(tracks.track_id.tolist(), self._known, colours, strict=True)
        dots = [self._dot(track, one, colour) for track, one, colour in rows]
        looks, texts = [colour for colour, _ in dots], [text for _, text in dots]
        self.map_image = self._map.draw(self._stand.pitch.at(index), self._standing, looks, texts, balls)

    def _dot(self, track: int, one: Identity | None, colour: Colour) -> tuple[Colour, str]:
        """Return the colour and the word of a track on the minimap: team and number, where they are known."""
        if one is None or colour == OTHERS or one.role == "ball":
            return colour, str(track)
        if self._kits is not None:
            return colour, "" if one.role == "referee" else one.number or str(track)
        if one.role == "referee":
            return OFFICIAL, ""
        teams = self._who.teams or sorted({known.team for known in self._known if known is not None} - {""})
        return team_colour(one.team, teams) if one.team else colour, one.number or str(track)

    def _new_map(self) -> Minimap | None:
        if self._stand is None or "minimap" not in self.items:
            return None
        track = self._stand.pitch
        width = ALONE if self._map_place == "alone" else round(self._map_size * track.size[0])
        width = width_for(track.pitch, track.size[1]) if self._map_place == "beside" else width
        return Minimap(track.pitch, width, track.size)

    @property
    def map_size(self) -> tuple[int, int]:
        """Width and height of the minimap in pixels; 0 without one."""
        return (0, 0) if self._map is None else self._map.size

    def _map_corner(self, canvas: Image) -> tuple[int, int]:
        assert self._map is not None
        return corner_of(self._map_place, (canvas.shape[1], canvas.shape[0]), self._map.size)

    def _is_other(self, track: int) -> bool:
        return self._ids is not None and track not in self._ids

    def _masks(
        self, canvas: Image, tracks: Tracks, detections: Detections, colours: list[Colour], tools: _Tools
    ) -> None:
        if "mask" not in self.items or detections.mask is None:
            return
        rows = np.flatnonzero(tracks.detection >= 0)
        rows = rows[tracks.xyxy[rows, 3].argsort(kind="stable")]  # the nearest player last
        masks = detections.mask[tracks.detection[rows]].at((canvas.shape[0], canvas.shape[1]))
        for place, (row, box) in enumerate(zip(rows.tolist(), masks.boxes().astype(int).tolist(), strict=True)):
            if box[2] > box[0]:
                marks.tint(canvas, box[0], box[1], masks.crop(place, box), colours[row], tools.thin)

    def _ground(
        self, canvas: Image, tracks: Tracks, is_ball: NDArray[np.bool_], colours: list[Colour], tools: _Tools
    ) -> None:
        """Draw what lies on the ground: paths and ellipses, the farthest player first."""
        order = np.argsort(tracks.xyxy[:, 3], kind="stable").tolist()
        shown = [row for row in order if not self._is_other(int(tracks.track_id[row]))]
        paths: list[tuple[NDArray[np.int32], Colour]] = []
        if self._trails is not None and "trace" in self.items:
            trails = self._trails.paths(tracks.track_id[shown].tolist(), self._trace_length)
            paths = [
                (marks.path(trail), colours[row]) for row, trail in zip(shown, trails, strict=True) if len(trail) > 1
            ]
        marks.lines(canvas, [path for path, _ in paths], marks.EDGE, tools.stroke + 2)
        circled = "ellipse" in self.items
        if circled:
            for row, edge in zip(shown, marks.ellipses(tracks.xyxy[shown], tools.stroke + 3), strict=True):
                if not is_ball[row]:
                    marks.band(canvas, edge, marks.EDGE)
        for path, colour in paths:
            marks.lines(canvas, [path], colour, tools.stroke)
        if circled:
            width = [tools.stroke if row in shown else tools.thin for row in order]
            for row, ring in zip(order, marks.ellipses(tracks.xyxy[order], width), strict=True):
                if not is_ball[row]:
                    marks.band(canvas, ring, colours[row])

    def _frames(
        self, canvas: Image, tracks: Tracks, is_ball: NDArray[np.bool_], colours: list[Colour], tools: _Tools
    ) -> None:
        """Draw what stands around a player, and the pointer above the ball."""
        brackets = marks.corners(tracks.xyxy) if "corner" in self.items else []
        for row, box in enumerate(tracks.xyxy):
            other = self._is_other(int(tracks.track_id[row]))
            if is_ball[row]:
                marks.solid(canvas, marks.pointer(box, tools.pointer), colours[row], tools.thin)
                continue
            if "box" in self.items and tracks.detection[row] < 0:
                marks.dashed_box(canvas, box, colours[row], tools.thin)
            elif "box" in self.items:
                marks.box_of(canvas, box, colours[row], tools.thin if other else tools.line)
            if "corner" in self.items:
                ends = brackets[row]
                marks.lines(canvas, ends, marks.EDGE, tools.stroke + 1)
                marks.lines(canvas, ends, colours[row], tools.thin if other else tools.stroke)

    def _write(
        self, canvas: Image, tracks: Tracks, is_ball: NDArray[np.bool_], colours: list[Colour], tools: _Tools
    ) -> None:
        others = np.array([self._is_other(track) for track in tracks.track_id.tolist()], np.bool_)
        rows = np.flatnonzero(~is_ball & ~others).tolist()
        texts = {row: text for row in rows if (text := self._text(tracks, row))}
        rows = list(texts)
        labels = [tools.letters.label(text, colours[row]) for row, text in texts.items()]
        picture = (canvas.shape[1], canvas.shape[0])
        spots = self._placer.place(
            tracks.track_id[rows].tolist(),
            tracks.xyxy[rows],
            np.array([label.size for label in labels], np.float64).reshape(-1, 2),
            np.array(self._taken(canvas, picture, tools), np.float64).reshape(-1, 4),
            tracks.xyxy[~is_ball],
            picture,
            always="label" in self.items,
        )
        pairs = [(row, label, spot) for row, label, spot in zip(rows, labels, spots, strict=True) if spot is not None]
        for row, label, spot in pairs:
            if spot.leader:
                _leader(canvas, tracks.xyxy[row], (spot.x, spot.y, *label.size), colours[row], tools)
        for _, label, spot in pairs:
            label.paste(canvas, spot.x, spot.y)

    def _taken(self, canvas: Image, picture: tuple[int, int], tools: _Tools) -> list[tuple[float, float, float, float]]:
        """Return the boxes that no label may cover."""
        taken = [self._clock_place(picture, tools)] if "clock" in self.items else []
        if self._map is not None and self._map_place not in ("beside", "alone"):
            x, y = self._map_corner(canvas)
            taken.append((x, y, x + self._map.size[0], y + self._map.size[1]))
        return taken

    def _text(self, tracks: Tracks, row: int) -> str:
        track, class_id = int(tracks.track_id[row]), int(tracks.class_id[row])
        every = "label" in self.items
        who = who_words(self._known[row], WHO if every else self.items)
        words = [f"#{track}"] if every else []
        sign = "" if self._kits is None else "#"  # among teams, a bare number is one on a shirt
        words += who or ([f"{sign}{track}"] if "id" in self.items and not every else [])
        if (every or "class" in self.items) and class_id >= 0:
            words.append(self.names.get(class_id, str(class_id)))
        if every or "score" in self.items:
            words.append(f"{tracks.score[row]:.2f}")
        if "speed" in self.items and self._stand is not None:
            fast = 3.6 * float(self._standing.speed[row])
            words += [f"{fast:.1f} km/h"] if np.isfinite(fast) else []
        elif "speed" in self.items and self._trails is not None:
            speed = self._trails.speed(track, self._rate)
            words += [] if speed is None else [f"{speed:.0f} px/s"]
        return " ".join(words)

    def _clock(self, canvas: Image, index: int, time: float, tools: _Tools) -> None:
        x, y, _, _ = self._clock_place((canvas.shape[1], canvas.shape[0]), tools)
        minutes, seconds = divmod(int(max(time, 0.0) * 100 + 0.5), 6000)
        text = f"{minutes}:{seconds // 100:02d}.{seconds % 100:02d}  {index + 1}"
        tools.clock.plate(text, (20, 20, 20), 0.55).paste(canvas, int(x), int(y))

    def _clock_place(self, picture: tuple[int, int], tools: _Tools) -> tuple[float, float, float, float]:
        """Return the place in the lower left corner that the clock may fill; broadcasts have theirs at the top."""
        width, height = tools.clock.size("000:00.00  000000")
        margin = tools.clock.pixels // 2
        return margin, picture[1] - height - margin, margin + width, picture[1] - margin


class _Tools:
    """Line widths and letters, sized for one image height."""

    def __init__(self, height: int, thickness: int | None) -> None:
        scale = height / _REFERENCE_HEIGHT
        self.height = height
        self.line = thickness or max(1, round(2 * scale))
        self.thin = max(1, self.line // 2)
        self.stroke = thickness or max(2, round(2 * scale))  # of curves, which lose half a pixel to smoothing
        self.pointer = max(6.0, 13 * scale)
        self.letters = Letters(max(9, round(13 * scale)))
        self.clock = Letters(max(9, round(14 * scale)))


class _Heads:
    """The pixels of heads, which come back after lines were drawn across them."""

    def __init__(self, canvas: Image, xyxy: FloatArray) -> None:
        self._canvas = canvas
        size = np.array([canvas.shape[1], canvas.shape[0]] * 2)
        self._places = np.rint(heads(xyxy)).clip(0, size).astype(int).tolist()
        self._pixels = [canvas[y1:y2, x1:x2].copy() for x1, y1, x2, y2 in self._places]

    def put_back(self) -> None:
        for (x1, y1, x2, y2), pixels in zip(self._places, self._pixels, strict=True):
            self._canvas[y1:y2, x1:x2] = pixels


def _leader(canvas: Image, box: FloatArray, label: tuple[int, int, int, int], colour: Colour, tools: _Tools) -> None:
    """Draw a line from a label to the nearest point of its player's box."""
    x, y, width, height = label
    low, high = np.array([x, y], np.float64), np.array([x + width, y + height], np.float64)
    middle = (low + high) / 2
    end = middle.clip(box[:2], box[2:])
    line = marks.path(np.array([end.clip(low, high), end]))
    marks.lines(canvas, [line], marks.EDGE, tools.thin + 2)
    marks.lines(canvas, [line], colour, tools.thin)


def _visible(xyxy: FloatArray, shape: tuple[int, ...]) -> NDArray[np.intp]:
    height, width = shape[:2]
    low, high = xyxy[:, :2], xyxy[:, 2:]
    # NaN fails every comparison and infinite boxes have no place to be drawn.
    inside = (high > 0).all(axis=1) & (low < (width, height)).all(axis=1) & np.isfinite(xyxy).all(axis=1)
    return np.flatnonzero(inside)


def _within(tracks: Tracks, shape: tuple[int, ...]) -> Tracks:
    """Cut boxes to the picture and a margin, which keeps their lines outside the image."""
    height, width = shape[:2]
    xyxy = tracks.xyxy.clip((-_MARGIN, -_MARGIN) * 2, (width + _MARGIN, height + _MARGIN) * 2)
    return Tracks.trusted(xyxy, tracks.score, tracks.class_id, tracks.track_id, tracks.detection)
