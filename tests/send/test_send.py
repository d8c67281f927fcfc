"""Files sent to an address as a camera would send them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
import toy
from make_video import make_video, number_of

from sportstrack.errors import OutputError, SettingError, SourceError
from sportstrack.send.command import main
from sportstrack.send.run import send_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("send") / "match.mp4", 25, options={"g": "12", "bf": "2"})


@contextmanager
def received(kind: int) -> Iterator[tuple[int, bytearray]]:
    """The port of a receiver, and what it gets."""
    got, stop = bytearray(), threading.Event()
    with socket.socket(socket.AF_INET, kind) as taker:
        taker.bind(("127.0.0.1", 0))
        taker.settimeout(0.2)
        if kind == socket.SOCK_STREAM:
            taker.listen(1)

        def take() -> None:
            source = taker.accept()[0] if kind == socket.SOCK_STREAM else taker
            source.settimeout(0.2)
            while not stop.is_set():
                try:
                    data = source.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    break
                got.extend(data)
            if source is not taker:
                source.close()

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield taker.getsockname()[1], got
        finally:
            time.sleep(0.25)  # the last datagrams
            stop.set()
            thread.join()


def pictures(data: bytes, path: Path) -> tuple[list[int], list[float]]:
    """The numbers painted into the pictures of a transport stream, and their times from the first one on."""
    path.write_bytes(data)
    with av.open(str(path), format="mpegts") as container:
        frames = list(container.decode(video=0))
    return [number_of(f.to_ndarray(format="bgr24")) for f in frames], [f.time - frames[0].time for f in frames]


@pytest.mark.parametrize(("scheme", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
def test_every_picture_arrives_in_order_and_in_time(tmp_path: Path, video: Path, scheme: str, kind: int) -> None:
    with received(kind) as (port, got):
        sent = send_video(video, f"{scheme}://127.0.0.1:{port}", rate=2)
    assert (sent.frames, sent.rounds, sent.copied) == (25, 1, True)
    assert sent.seconds >= 24 / 50 - 0.05  # twice as fast as 25 frames/s, and no faster
    numbers, times = pictures(got, tmp_path / "got.ts")
    assert numbers == [n % 25 for n in range(25)]
    assert times == pytest.approx([n / 50 for n in range(25)], abs=1e-3)


def test_loops_go_on_without_a_jump_in_the_times(tmp_path: Path, video: Path) -> None:
    class Enough(Exception):  # noqa: N818
        pass

    def stop(done: int, expected: int | None) -> None:
        assert expected is None
        if done == 60:
            raise Enough

    with received(socket.SOCK_DGRAM) as (port, got), pytest.raises(Enough):
        send_video(video, f"udp://127.0.0.1:{port}", rate=4, loop=True, progress=stop)
    numbers, times = pictures(got, tmp_path / "got.ts")
    assert len(numbers) >= 55
    assert times == pytest.approx([n / 100 for n in range(len(times))], abs=1e-3)


def test_pictures_that_cannot_be_copied_or_have_no_key_frames_are_encoded(tmp_path: Path) -> None:
    files = [
        make_video(tmp_path / "still.avi", 10, codec="mjpeg", pix_fmt="yuvj420p"),
        make_video(tmp_path / "long.mp4", 60, options={"g": "600", "sc_threshold": "0"}),
    ]
    for file, count in zip(files, (10, 60), strict=True):
        with received(socket.SOCK_DGRAM) as (port, got):
            sent = send_video(file, f"udp://127.0.0.1:{port}", rate=8)
        assert (sent.copied, sent.frames) == (False, count)
        numbers, _ = pictures(got, tmp_path / "got.ts")
        assert numbers == [n % 25 for n in range(count)]


def test_the_command_reports_what_was_sent(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with received(socket.SOCK_DGRAM) as (port, _):
        assert main([str(video), f"udp://127.0.0.1:{port}", "--rate", "10", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 25


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_a_loop_and_says_what_was_sent(video: Path) -> None:
    with received(socket.SOCK_DGRAM) as (port, got):
        words = [sys.executable, "-m", "sportstrack.send", str(video), f"udp://127.0.0.1:{port}", "--loop"]
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=toy.heed_ctrl_c)
        while not got:
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "frames as they are in" in said


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:/elsewhere/x.ts", "expected an address such as udp://"),
        ("udp://127.0.0.1", "expected host and port"),
        ("tcp://127.0.0.1:99999", "expected host and port"),
    ],
)
def test_targets_that_are_none_are_refused(video: Path, target: str, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        send_video(video, target)


def test_a_receiver_that_is_not_there_is_named(video: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OutputError, match="nothing listens there") as caught:
        send_video(video, f"tcp://me:secret@127.0.0.1:{port}")
    assert "secret" not in str(caught.value)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(SourceError, match="is empty"):
        send_video(tmp_path / "empty.mp4", "udp://127.0.0.1:9")
    with pytest.raises(SourceError, match="no such file"):
        send_video(tmp_path / "none.mp4", f"udp://127.0.0.1:{port}")
