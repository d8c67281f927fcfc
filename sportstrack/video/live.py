"""Live mode: the newest frame only, read in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

from sportstrack.video.frame import Frame, Reader


class Newest:
    """Reads in a thread of its own and hands out the newest frame only; what came between is counted as dropped."""

    def __init__(self, reader: Reader):
        self.dropped = 0
        self._reader = reader
        self._recorded = reader.info.kind in ("video", "images", "sequence")
        self._slot: Frame | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the newest frame whenever there is one; raise what the reader raised."""
        self._thread = threading.Thread(target=self._read, name=f"read {self._reader.info.name}", daemon=True)
        self._thread.start()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slot is not None or self._ended)
                frame, self._slot = self._slot, None
            if frame is not None:
                yield frame
            elif self._failure is not None:
                raise self._failure
            else:
                return

    def close(self) -> None:
        """Stop reading; any thread may."""
        self._stop.set()
        if self._thread is None or not self._recorded:
            self._reader.close()  # of a stream or camera another thread reads, this only asks for the end
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)  # a read that hangs ends by its own time limit; the thread then cleans up

    def _read(self) -> None:
        begin = time.monotonic()
        frames = self._reader.frames()
        try:
            for frame in frames:
                if self._recorded:  # a recording plays at its own speed
                    self._stop.wait(max(0.0, begin + frame.time - time.monotonic()))
                if self._stop.is_set():
                    break
                self._put(frame)
        except BaseException as error:
            self._failure = error
        finally:
            frames.close()
            self._reader.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            self.dropped += self._slot is not None
            self._slot = frame
            self._changed.notify_all()
