"""Marking by hand: a page on this machine shows frames and the map of the pitch, and gives back what was clicked.

The page comes from Python's own web server, which listens on this machine alone; its address holds a secret, and no
other page can send it anything.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import SettingError, SourceError, SportstrackError
from sportstrack.files.claim import write_text
from sportstrack.images.encode import encode_image
from sportstrack.pitch import Arc, CameraFit, Line, Mark, Pitch, fit_camera, read_marks
from sportstrack.types import Image
from sportstrack.video import VideoSource, open_source

PAGE = Path(__file__).with_name("mark.html")
MOST_BYTES = 1_000_000
_STEP = 1.0  # metres between the points of a drawn curve


class FrameShelf:
    """Frames of a video by number, from 1; going back opens the video again."""

    def __init__(self, video: str | Path, frame_rate: float | None = None) -> None:
        self._video, self._rate = video, frame_rate
        self._lock = threading.Lock()
        self._source: VideoSource | None = None
        self._images: Any = None
        self._at, self._last = 0, np.zeros((1, 1, 3), np.uint8)
        self._open()

    def _open(self) -> None:
        self.close()
        self._source = open_source(self._video, frame_rate=self._rate)
        if self._source.info.live:
            raise SourceError(f"{self._video}: a live source has no frames to go back to; save it as a video first")
        self.info = self._source.info
        self._images, self._at = iter(self._source), 0

    def frame(self, number: int) -> Image | None:
        """Return a frame; None behind the end."""
        with self._lock:
            if number < self._at:
                self._open()
            while self._at < number:
                one = next(self._images, None)
                if one is None:
                    return None
                self._at, self._last = one.index + 1, one.image
            return self._last

    def close(self) -> None:
        """Close the video."""
        if self._source is not None:
            self._source.close()


class MarkingPage:
    """The page and what it knows.

    Args:
        shelf: the video's frames.
        pitch: the model.
        points: file that the marks go to; those that it holds are shown to begin with.
        frame: the frame shown first, from 1.

    Attributes:
        address: of the page.
        saved: set when the marks have been saved.
    """

    def __init__(self, shelf: FrameShelf, pitch: Pitch, points: Path, frame: int = 1) -> None:
        self._shelf, self._pitch, self._points, self._frame = shelf, pitch, points, frame
        self._marks = read_marks(points) if points.is_file() else []
        self._secret = secrets.token_urlsafe(16)
        self.saved = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/{self._secret}/"

    def __enter__(self) -> MarkingPage:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def get(self, path: str) -> tuple[str, bytes] | None:
        """Return kind and content of what lies at a path below the address; None where there is nothing."""
        if path == "":
            return "text/html; charset=utf-8", PAGE.read_bytes()
        if path == "setup.json":
            return "application/json", json.dumps(self._setup()).encode()
        if (asked := re.fullmatch(r"frame/(\d{1,7})\.jpg", path)) is not None:
            image = self._shelf.frame(int(asked[1]))
            return None if image is None else ("image/jpeg", encode_image(image, ".jpg"))
        return None

    def post(self, path: str, body: Any) -> dict[str, Any] | None:
        """Return the answer to a request; None where there is none."""
        actions: dict[str, Callable[[list[Mark]], dict[str, Any]]] = {"fit": self._fit, "save": self._save}
        if path not in actions:
            return None
        try:
            return actions[path](_marks_of(body))
        except SportstrackError as error:
            return {"error": str(error)}

    def authorised(self, path: str, host: str | None) -> str | None:
        """Return a path without the secret before it; None where that or the host is another."""
        own = f"127.0.0.1:{self._server.server_address[1]}"
        before = f"/{self._secret}/"
        return path[len(before) :] if host == own and path.startswith(before) else None

    def _setup(self) -> dict[str, Any]:
        pitch, info = self._pitch, self._shelf.info
        curves: dict[str, Line | Arc] = {**pitch.lines, **pitch.arcs}
        return {
            "frames": info.frame_count or 1_000_000,
            "width": info.width,
            "height": info.height,
            "frame": self._frame,
            "reach": pitch.reach,
            "points": {name: place for name, place in pitch.keypoints.items() if len(place) == 2},
            "curves": [{"name": name, "points": one.points(_STEP).tolist()} for name, one in curves.items()],
            "marks": [
                {"frame": m.frame, "place": m.place, "x": m.pixel[0], "y": m.pixel[1]}
                for m in self._marks
                if isinstance(m.place, str)
            ],
        }

    def _fit(self, marks: list[Mark]) -> dict[str, Any]:
        """Fit the frames that have four marks or more."""
        usable = [mark for mark in marks if mark.place not in self._pitch.arcs]
        counts = {mark.frame: sum(one.frame == mark.frame for one in usable) for mark in marks}
        ready = {frame for frame, count in counts.items() if count >= 4}
        if not ready:
            raise SettingError(f"{max(counts.values(), default=0)} places in one frame; four or more tell a camera")
        info = self._shelf.info
        fit = fit_camera([m for m in usable if m.frame in ready], self._pitch, (info.width, info.height))
        lines = {str(frame): self._lines(fit, frame, (info.width, info.height)) for frame in fit.cameras}
        frame = next(iter(fit.cameras))
        return {
            "px": max(fit.error_px.values()),
            "m": max(fit.error_m.values()),
            "sure": self._sure(fit, frame, (info.width, info.height)),
            "errors": [self._off(fit, mark) for mark in marks],
            "lines": lines,
        }

    def _lines(self, fit: CameraFit, frame: int, size: tuple[int, int]) -> list[list[list[float]]]:
        found = []
        for part in self._pitch.parts:
            pixels = fit.cameras[frame].project(part.points(_STEP))
            near = np.isfinite(pixels).all(1) & (np.abs(pixels - np.divide(size, 2)) < 3 * max(size)).all(1)
            if near.all():
                found.append(np.round(pixels, 1).tolist())
            elif near.any():
                rows = np.flatnonzero(near)
                found += [
                    np.round(pixels[run], 1).tolist() for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
                ]
        return found

    def _sure(self, fit: CameraFit, frame: int, size: tuple[int, int]) -> float:
        x, y = np.meshgrid(np.linspace(0.1, 0.9, 5) * size[0], np.linspace(0.3, 0.95, 4) * size[1])
        pixels = np.column_stack([x.ravel(), y.ravel()])
        metres = fit.cameras[frame].to_ground(pixels)
        on = (np.abs(metres) <= self._pitch.reach).all(1)
        return float(np.median(fit.ground_error(frame, pixels[on], 0.0))) if on.any() else 0.0

    def _off(self, fit: CameraFit, mark: Mark) -> float | None:
        camera = fit.cameras.get(mark.frame)
        if camera is None or mark.place not in self._pitch.keypoints:
            return None
        place = [*self._pitch.keypoints[str(mark.place)], 0.0][:3]
        return float(np.linalg.norm(camera.project([place])[0] - mark.pixel))

    def _save(self, marks: list[Mark]) -> dict[str, Any]:
        rows = [f"{m.frame},{m.place},{m.pixel[0]:g},{m.pixel[1]:g}\n" for m in sorted(marks, key=lambda m: m.frame)]
        self._points.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._points, "frame,place,px,py\n" + "".join(rows))
        self.saved.set()
        return {"saved": str(self._points)}


def _marks_of(body: Any) -> list[Mark]:
    try:
        return [Mark(int(m["frame"]), str(m["place"]), (float(m["x"]), float(m["y"]))) for m in body["marks"]]
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise SettingError(f"no marks: {error}") from error


def _handler(page: MarkingPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Hands requests to the page, if they come with its secret and from its own host."""

        def do_GET(self) -> None:
            path = page.authorised(self.path, self.headers.get("Host"))
            found = None if path is None else page.get(path)
            self._answer(*(found or ("text/plain", b"nothing here")), ok=found is not None)

        def do_POST(self) -> None:
            path, answer = page.authorised(self.path, self.headers.get("Host")), None
            length = int(self.headers.get("Content-Length") or 0)
            is_json = self.headers.get("Content-Type") == "application/json"
            if path is not None and is_json and 0 < length <= MOST_BYTES:
                try:
                    answer = page.post(path, json.loads(self.rfile.read(length)))
                except ValueError:
                    answer = {"error": "no JSON"}
            self._answer("application/json", json.dumps(answer or {}).encode(), ok=answer is not None)

        def _answer(self, kind: str, content: bytes, *, ok: bool) -> None:
            self.send_response(HTTPStatus.OK if ok else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Print nothing."""

    return Handler


def mark_video(
    video: str | Path,
    points: str | Path,
    pitch: Pitch,
    *,
    frame: int = 1,
    frame_rate: float | None = None,
    open_page: Callable[[str], object] | None = None,
) -> None:
    """Show a page on which places of the pitch are clicked, and wait until they are saved.

    Args:
        video: video file, folder of images or sequence folder.
        points: file for the marks; what it holds already is shown.
        pitch: the model.
        frame: the frame shown first, from 1.
        frame_rate: frames/s of a source without times.
        open_page: called with the address of the page; None opens the browser.

    Raises:
        SportstrackError: the video or the file cannot be read.
    """
    if open_page is None:
        import webbrowser

        open_page = webbrowser.open
    shelf = FrameShelf(video, frame_rate)
    try:
        with MarkingPage(shelf, pitch, Path(points), frame) as page:
            open_page(page.address)
            while not page.saved.wait(0.2):
                pass
    finally:
        shelf.close()
