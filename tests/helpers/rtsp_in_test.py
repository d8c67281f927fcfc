"""A camera that speaks RTSP: MPEG-TS in RTP over the connection itself, to one client after another."""

from __future__ import annotations

import contextlib
import io
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:video\r\n"
PIECE = 7 * 188  # bytes of MPEG-TS in a packet


def transport_stream(video: Path) -> bytes:
    """Return a video as MPEG-TS."""
    out = io.BytesIO()
    with av.open(str(video)) as source, av.open(out, "w", format="mpegts") as target:
        stream: Any = target.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.gop_size, stream.pix_fmt = 160, 120, 5, "yuv420p"
        for frame in source.decode(video=0):
            target.mux(stream.encode(frame.reformat(format="yuv420p")))
        target.mux(stream.encode(None))
    return out.getvalue()


class _Camera(socketserver.StreamRequestHandler):
    content = b""
    asked: list[str]

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while lines := self._request():
                method, url, _ = lines[0].split()
                self.asked.append(f"{method} {url}")
                fields = dict(line.split(": ", 1) for line in lines[1:])
                self._answer(method, fields)
                if method == "PLAY":
                    self._play()

    def _request(self) -> list[str]:
        lines: list[str] = []
        while line := self.rfile.readline().decode().strip():
            lines.append(line)
        return lines

    def _answer(self, method: str, fields: dict[str, str]) -> None:
        body = SDP if method == "DESCRIBE" else ""
        more = {
            "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
            "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n",
            "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
        }.get(method, "Session: 1\r\n")
        self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {fields['CSeq']}\r\n{more}\r\n{body}".encode())

    def _play(self) -> None:
        number, began = 0, time.monotonic()
        pieces = [self.content[at : at + PIECE] for at in range(0, len(self.content), PIECE)]
        while True:
            for piece in pieces:
                ticks = int((time.monotonic() - began) * 90_000) & 0xFFFFFFFF
                packet = struct.pack(">BBHII", 0x80, 33, number & 0xFFFF, ticks, 1) + piece
                self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)
                number += 1
                time.sleep(2.0 / len(pieces))


@contextlib.contextmanager
def rtsp_camera(video: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the port of a camera that sends a video of two seconds over and over, and what it was asked."""
    asked: list[str] = []
    handler = type("Camera", (_Camera,), {"content": transport_stream(video), "asked": asked})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()
