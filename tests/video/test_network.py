"""Files and streams behind http and udp: how they end, break off and go on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from make_video import (
    SIZE,
    make_video,
    picture,
)
from read_video import read, refusal

from sportstrack.errors import SourceError
from sportstrack.video import (
    open_source,
)


@contextmanager
def http_server(handler: object) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Files(SimpleHTTPRequestHandler):
    """Serves a folder, silently."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("name", ["match.mp4", "match.ts"])
def test_a_file_behind_http_ends_when_it_ends(tmp_path: Path, name: str) -> None:
    make_video(tmp_path / name, 30, movflags="faststart" if name.endswith("mp4") else "")
    with http_server(partial(Files, directory=str(tmp_path))) as address:
        indices, _, numbers, warnings, info = read(f"{address}/{name}")
    assert indices == list(range(30))
    assert numbers == [n % 25 for n in indices]
    assert warnings == []
    assert (info.kind, info.live) == ("stream", False)
    assert info.name.startswith("127.0.0.1-")
    assert info.name.endswith(name)


def test_http_errors_are_distinguished(tmp_path: Path) -> None:
    with http_server(partial(Files, directory=str(tmp_path))) as address:
        assert "the server does not have it (404)" in refusal(f"{address}/none.mp4")
    message = refusal(f"{address.replace('//', '//me:secret@')}/none.mp4")
    assert "nothing listens there" in message
    assert "secret" not in message


def make_endless(*data: bytes) -> type[BaseHTTPRequestHandler]:
    """Return a handler that sends each of ``data`` once, without a length, as live senders do, and then refuses."""

    class Endless(BaseHTTPRequestHandler):
        served = 0

        def do_GET(self) -> None:
            type(self).served += 1
            if self.served > len(data):
                self.send_error(503)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data[self.served - 1])

        def log_message(self, *_: object) -> None:
            pass

    return Endless


def test_a_stream_that_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    later = [picture(number) for number in range(7, 32)]
    parts = [make_video(tmp_path / "a.ts", 25), make_video(tmp_path / "b.ts", pictures=later)]
    handler = make_endless(*(part.read_bytes() for part in parts))
    seen: list[tuple[int, Fraction]] = []
    with http_server(handler) as address, open_source(f"{address}/live.ts", reconnect=3) as source:
        assert source.info.live
        with pytest.raises(SourceError, match="not back after 3 tries"):
            seen.extend((frame.index, frame.pts) for frame in source)
    assert [index for index, _ in seen] == list(range(50))
    stamps = [pts for _, pts in seen]
    assert all(a < b for a, b in pairwise(stamps))
    assert len(source.warnings) == 1
    assert "taken up again" in source.warnings[0]


def test_a_recording_behind_http_without_a_length_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    data = make_video(tmp_path / "a.ts", 25).read_bytes()
    with http_server(make_endless(*[data] * 9)) as address:
        assert read(f"{address}/match.ts")[0] == list(range(25))


def test_a_live_playlist_ends_with_its_last_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    names = []
    for part in range(3):
        ticks = list(range(25 * part, 25 * part + 25))
        images = [picture(n) for n in ticks]
        names.append(make_video(tmp_path / f"{part}.ts", pictures=images, ticks=ticks, options={"bf": "0"}).name)
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
    asked: list[str] = []

    class Playlist(Files):
        def do_GET(self) -> None:
            if not self.path.endswith(".m3u8"):
                super().do_GET()
                return
            asked.append(self.path)
            known = names[: 1 + len(asked)]
            text = head + "".join(f"#EXTINF:1.0,\n{name}\n" for name in known)
            text += "#EXT-X-ENDLIST\n" if len(asked) > 3 else ""
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.apple.mpegurl")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    with http_server(partial(Playlist, directory=str(tmp_path))) as address:
        indices, _, numbers, _, info = read(f"{address}/live.m3u8")
    assert info.live
    assert indices == list(range(75))
    assert numbers == [n % 25 for n in indices]


def test_without_reconnection_the_end_is_the_end(tmp_path: Path) -> None:
    handler = make_endless(make_video(tmp_path / "a.ts", 10).read_bytes())
    with http_server(handler) as address:
        assert read(f"{address}/live.ts", reconnect=0)[0] == list(range(10))


def test_a_live_stream_ends_in_the_error_of_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    handler = make_endless(make_video(tmp_path / "a.ts", 10).read_bytes())
    with http_server(handler) as address, open_source(f"{address}/live.ts", reconnect=1, live=True) as source:
        with pytest.raises(SourceError, match="not back after 1 try"):
            list(source)
        assert source.decoded == 10


def test_closing_ends_the_wait_for_a_lost_stream(tmp_path: Path) -> None:
    handler = make_endless(make_video(tmp_path / "a.ts", 10).read_bytes())
    with http_server(handler) as address:
        source = open_source(f"{address}/live.ts", reconnect=50, live=True)
        next(iter(source))
        source.close()
    assert source.dropped <= 10


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_stream_joined_in_its_middle_begins_at_a_whole_picture(tmp_path: Path) -> None:
    data = make_video(tmp_path / "a.ts", 40, options={"g": "10", "bf": "0"}).read_bytes()
    late = data[len(data) // 6 // 188 * 188 :]
    with http_server(make_endless(late)) as address:
        indices, times, numbers, _, _ = read(f"{address}/live.ts", reconnect=0)
    assert indices == list(range(len(indices)))
    assert times[0] == 0
    assert numbers == [(numbers[0] + n) % 25 for n in indices]
    assert len(indices) in (20, 30)


def test_udp(tmp_path: Path) -> None:
    data = make_video(tmp_path / "a.ts", 50, options={"g": "5"}).read_bytes()
    port = free_port()
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not stop.is_set():
                for start in range(0, len(data), 1316):
                    sender.sendto(data[start : start + 1316], ("127.0.0.1", port))
                    stop.wait(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with open_source(f"udp://127.0.0.1:{port}", live=True) as source:
            frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    finally:
        stop.set()
        thread.join()
    assert source.info.kind == "stream"
    assert (source.info.width, source.info.height) == SIZE
    assert len(frames) == 5
    assert all(a.index < b.index and a.pts < b.pts for a, b in pairwise(frames))


@pytest.mark.parametrize("form", ["udp://127.0.0.1:{}", "rtsp://127.0.0.1:{}/cam", "http://127.0.0.1:{}/a.mp4"])
def test_a_dead_address_fails_soon_and_clearly(form: str) -> None:
    address = form.format(free_port())
    message = refusal(address, timeout=0.5)
    assert address in message
    assert "check the address and that the sender is running" in message
    assert "no answer within the time limit" in message or "nothing listens there" in message


def test_an_unknown_kind_of_address() -> None:
    assert "FFmpeg cannot read gopher9: addresses" in refusal("gopher9://example/a")
