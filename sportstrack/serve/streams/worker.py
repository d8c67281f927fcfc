"""The process of one live stream: ``python -m sportstrack.serve.streams.worker``, started by the service."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.serve.addresses import check_address
from sportstrack.serve.processes.messages import ParentPipe
from sportstrack.serve.remote import allow_only
from sportstrack.serve.settings import check_pixels
from sportstrack.serve.streams import protocol as kinds
from sportstrack.serve.streams.pictures import PictureMaker
from sportstrack.serve.streams.reader import PatientReader
from sportstrack.serve.streams.recorder import HourlyRecorder
from sportstrack.serve.streams.results import StreamCounters, frame_record
from sportstrack.serve.streams.targets import UdpTarget, WebhookTarget, open_targets
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.live import LiveRun
from sportstrack.track.settings import TrackSettings
from sportstrack.video import VideoSource
from sportstrack.video.stream import without_password

BEAT = 0.5  # seconds between reports
STALLED = 5.0  # seconds without a frame after which a stream counts as stalled
HUNG = 120.0  # seconds after which the process gives up; the service starts another one
PATIENCE = 8.0  # seconds to end in good order, then at once


class StreamWorker:
    """Reads, tracks, draws and records one stream until it is told to end.

    Args:
        pipe: to the service.
        spec: ``url``, ``settings`` of `TrackSettings`, ``outputs`` (udp, webhook, record: a folder), ``name``.
    """

    def __init__(self, pipe: ParentPipe, spec: Mapping[str, Any]) -> None:
        self._pipe, self._spec = pipe, spec
        self._stop = threading.Event()
        self._asked_to_stop = False
        self._state, self._message = "starting", ""
        self._info: dict[str, Any] = {}
        self._counters = StreamCounters()
        self._newest = time.monotonic()
        self._targets: list[UdpTarget | WebhookTarget] = []
        self._recorder: HourlyRecorder | None = None
        self._pictures: PictureMaker | None = None
        self._watched = {"pictures": False, "video": False}
        self._source: VideoSource | None = None
        self._reader: PatientReader | None = None
        self._run: LiveRun | None = None
        self._head = b""

    def work(self) -> None:
        """Do everything; returns at the end of the stream, when told to, and for what cannot be mended."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        for run in (self._listen, self._beat):
            threading.Thread(target=run, daemon=True).start()
        try:
            self._track()
            self._say("stopped" if self._asked_to_stop else "ended", "")
        except SportstrackError as error:
            stopped = self._asked_to_stop
            self._say("stopped" if stopped else "failed", "" if stopped else without_password(str(error)))
        finally:
            self._stop.set()
            self._close()

    def stop(self) -> None:
        """Ask for the end; after a while it comes at once."""
        if not self._asked_to_stop:
            self._asked_to_stop = True
            self._stop.set()
            end = threading.Timer(PATIENCE, os._exit, (1,))
            end.daemon = True
            end.start()
            if self._source is not None:
                threading.Thread(target=self._source.close, daemon=True).start()

    def _track(self) -> None:
        outputs = self._spec["outputs"]
        settings = TrackSettings(**self._spec["settings"])
        allowed = self._spec["allowed"]
        allow_only(allowed["streams"])
        if "://" not in self._spec["url"]:  # a camera's number; addresses are checked whenever they are opened
            check_address(self._spec["url"], allowed["streams"])
        self._targets = open_targets(outputs, allowed["targets"])
        if outputs.get("record"):
            folder = Path(outputs["record"])
            room = {"keep_free": self._spec["keep_free"]}
            self._recorder = HourlyRecorder(
                folder, self._spec["name"], lambda text: self._say(self._state, text), **room
            )
        self._reader = PatientReader(self._spec["url"], self._say, self._stop, self._spec["timeout"])
        with VideoSource(self._reader, live=True) as self._source:
            info = self._source.info
            check_pixels(info.width, info.height, self._spec["megapixels"])
            rate = round(float(info.frame_rate), 3)
            self._info = {"width": info.width, "height": info.height, "frame_rate": rate}
            self._say("starting", "loading the detector")
            self._run = LiveRun(self._source, settings)
            self._pictures = PictureMaker(
                self._run.names, settings.draw, self._run.frame_rate, self._on_picture, self._on_head, self._on_part
            )
            self._apply_watched()
            for frame in self._run:
                self._result(frame)
                if self._stop.is_set():
                    break

    def _result(self, frame: TrackedFrame) -> None:
        assert self._reader is not None
        assert self._run is not None
        assert self._pictures is not None
        captured, now = self._reader.arrival(frame.index), time.time()
        self._newest = time.monotonic()
        if self._state != "running" and frame.index > self._reader.lost_after:
            self._say("running", "")
        self._counters.add(frame, now - captured, now)
        record = frame_record(frame, captured, now, with_who=self._run.knows_who)
        line = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()
        self._pictures.offer(frame)  # first: whoever hears of a frame, such as an alert's rule, may ask for its picture
        self._send(kinds.FRAME, line, frame.index + 1)
        for target in self._targets:
            target.send(line)
        if self._recorder is not None:
            self._recorder.line(line)

    def _on_picture(self, number: int, picture: bytes) -> None:
        self._send(kinds.PICTURE, picture, number)

    def _on_head(self, head: bytes) -> None:
        self._head = head
        if self._recorder is not None:
            self._recorder.head(head)
        self._send(kinds.VIDEO_HEAD, head)

    def _on_part(self, part: bytes, key: bool, _: float) -> None:
        if self._recorder is not None:
            self._recorder.part(part, key)
        if self._watched["video"]:
            self._send(kinds.VIDEO_PART, part, int(key))

    def _listen(self) -> None:
        while (message := self._pipe.receive()) is not None:
            number, kind, content = message
            if kind == kinds.WATCH:
                self._watched = json.loads(content)
                self._apply_watched()
            elif kind == kinds.SNAP:
                found = None if self._pictures is None else self._pictures.snapshot()
                self._send(kinds.SNAPSHOT, b"" if found is None else found[1], number)
            elif kind == kinds.STOP:
                self.stop()
        self.stop()  # the service is gone, or has closed the pipe

    def _apply_watched(self) -> None:
        if self._pictures is not None:
            self._pictures.pictures = self._watched["pictures"]
            self._pictures.video = self._watched["video"] or self._recorder is not None

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            silent = time.monotonic() - self._newest
            if self._state == "running" and silent > STALLED:
                self._say("stalled", f"no picture for {silent:.0f} s although the connection stands")
            if self._state == "stalled" and silent > HUNG:
                os._exit(3)
            self._report()

    def _say(self, state: str, message: str) -> None:
        """Go to a state and report it; after `stop` there is one left."""
        if state == "running" and self._state == "reconnecting" and self._run is None:
            return
        if state == "reconnecting":
            self._newest = time.monotonic()
        self._state, self._message = state, message
        self._report()

    def _report(self) -> None:
        counters = self._counters
        counters.dropped = 0 if self._source is None else self._source.dropped
        counters.reconnections = 0 if self._reader is None else self._reader.reconnections
        report = {"state": self._state, "message": self._message, "info": self._info}
        report["counters"] = counters.as_dict(time.time()) | self._more_counters()
        report["stages"] = {} if self._run is None else self._run.seconds
        report["warnings"] = [] if self._reader is None else self._reader.warnings[-5:]
        self._send(kinds.STATE, json.dumps(report).encode())

    def _more_counters(self) -> dict[str, int]:
        return {
            "sent": sum(target.sent for target in self._targets),
            "lost": sum(target.lost for target in self._targets),
            "not_drawn": 0 if self._pictures is None else self._pictures.skipped,
        }

    def _send(self, kind: int, content: bytes, number: int = 0) -> None:
        try:
            self._pipe.send(number, kind, content)
        except OSError:
            self.stop()

    def _close(self) -> None:
        if self._pictures is not None:
            self._pictures.close()
        if self._recorder is not None:
            self._recorder.close()
        for target in self._targets:
            target.close()


def main() -> int:
    """Take the first message, which says what to do, and do it; return the exit status."""
    pipe = ParentPipe()
    message = pipe.receive()
    if message is None or message[1] != kinds.BEGIN:
        return 2
    try:
        StreamWorker(pipe, json.loads(message[2])).work()
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # threads of libraries must not keep an ended stream alive
