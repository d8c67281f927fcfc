"""A video file sent to a network address in real time, as a camera would.

Pictures are sent as they are where the target can carry their codec and a receiver that comes late finds a key frame
within two seconds. Others, and all of them with ``encode``, are encoded as H.264 with a key frame each second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sportstrack.errors import OutputError, SettingError, SourceError
from sportstrack.video.messages import counted, plain, why_not_open
from sportstrack.video.stream import without_password

FORMATS = {
    "udp": "mpegts",
    "tcp": "mpegts",
    "http": "mpegts",
    "https": "mpegts",
    "srt": "mpegts",
    "rtsp": "rtsp",
    "rtmp": "flv",
}
"""Scheme of the target → ffmpeg's name of what is sent there."""

COPIED = {"mpegts": ("h264", "hevc", "mpeg2video", "mpeg4"), "rtsp": ("h264", "hevc", "mpeg4"), "flv": ("h264",)}
DATAGRAM = 1316  # bytes: seven packets of MPEG-TS, which fit into an Ethernet frame
TICKS = 90_000  # per second, MPEG's clock
KEY_FRAMES = 2.0  # seconds between those of a camera, at most
LOOKED_AT = 20.0  # seconds of the file's beginning whose key frames are looked at
LATE = 1.0  # seconds behind its time after which the sender goes on from there instead of hurrying
TIMEOUT = 10.0  # seconds without the receiver taking data


@dataclass
class Sent:
    """What was sent so far.

    Attributes:
        frames: pictures.
        bytes: of their packets, without the container's.
        rounds: how often the file was begun.
        seconds: since the first picture.
        copied: whether the pictures are the file's own, not encoded again.
    """

    frames: int = 0
    bytes: int = 0
    rounds: int = 0
    seconds: float = 0.0
    copied: bool = True


def send_video(
    source: str | Path,
    target: str,
    *,
    loop: bool = False,
    rate: float = 1.0,
    encode: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
    sent: Sent | None = None,
) -> Sent:
    """Send a video file to an address at the pace at which it plays; only the pictures, no sound.

    Args:
        source: the video file.
        target: ``udp://host:port`` (also multicast), ``tcp://`` (``?listen=1`` waits for a receiver), ``http://`` (a
            POST), ``rtsp://`` (to a server that takes streams), ``rtmp://`` or ``srt://``.
        loop: begin again at the end, without a jump in the times.
        rate: 2 sends twice as many frames a second.
        encode: encode the pictures again, also where they could be sent as they are.
        progress: called with (frames sent, frames of the file or None with ``loop``).
        sent: counts while the file is on its way, for a caller that may interrupt it.

    Raises:
        SourceError: the file cannot be read.
        SettingError: the target is no such address, or the rate is not above 0.
        OutputError: nobody takes the data, or no longer; the message says how much was sent.
    """
    kind = _format_of(target)
    if not rate > 0:
        raise SettingError(f"rate: expected a number above 0, got {rate!r}")
    sent = Sent() if sent is None else sent
    with _opened(source) as container:
        stream = _picture_stream(container, str(source))
        sent.copied = not encode and stream.codec_context.name in COPIED[kind] and _has_key_frames(container, stream)
        total = None if loop or not stream.frames else stream.frames
    with _Sender(target, kind, Fraction(rate).limit_denominator(1000), sent) as sender:
        while sender.send_round(str(source), lambda: progress and progress(sent.frames, total)) and loop:
            pass
        sender.finish()
    return sent


class _Sender:
    """An open target; `send_round` sends the file once, after what was sent before."""

    def __init__(self, target: str, kind: str, rate: Fraction, sent: Sent) -> None:
        self._target, self._kind, self._rate, self._sent = target, kind, rate, sent
        self._label = without_password(target).partition("?")[0]
        self._container: Any = None
        self._stream: Any = None
        self._begin = 0.0
        self._after = Fraction(0)  # seconds on the sender's clock where the next round begins

    def __enter__(self) -> _Sender:
        return self

    def __exit__(self, *_: object) -> None:
        if self._container is not None:
            with suppress(Exception):  # the end mark, for a receiver that has gone or of an interrupted file
                self._container.close()

    def send_round(self, source: str, progress: Callable[[], object]) -> int:
        """Send the whole file and return how many pictures were sent."""
        before, first, end = self._sent.frames, None, self._after
        self._sent.rounds += 1
        with _opened(source) as container:
            stream = _picture_stream(container, source)
            if self._container is None:
                self._open(stream)
            for unit in _packets(container, stream) if self._sent.copied else _pictures(container, stream):
                base = Fraction(unit.time_base)
                stamp = unit.pts if unit.dts is None or not self._sent.copied else unit.dts
                first = stamp * base if first is None else first
                shift = self._after - first / self._rate
                due = stamp * base / self._rate + shift
                length = Fraction(unit.duration or 0) * base / self._rate or 1 / (rate_of(stream) * self._rate)
                for name in ("pts", "dts") if self._sent.copied else ("pts",):
                    setattr(unit, name, round((getattr(unit, name) * base / self._rate + shift) * TICKS))
                unit.duration, unit.time_base = round(length * TICKS), Fraction(1, TICKS)
                end = max(end, due + length)
                self._put(unit, float(due))
                progress()
        self._after = end
        return self._sent.frames - before

    def finish(self) -> None:
        """Send what the encoder still holds."""
        if not self._sent.copied and self._stream is not None:
            self._mux(self._stream.encode(None))

    def _open(self, stream: Any) -> None:
        import av

        address, options, timeout = _how_to_open(self._target)
        try:
            self._container = av.open(address, "w", format=self._kind, options=options, timeout=timeout)
            self._stream = (
                self._container.add_stream_from_template(stream)
                if self._sent.copied
                else _add_encoder(self._container, stream, self._rate)
            )
            self._container.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            raise OutputError(
                f"{self._label}: cannot be reached ({plain(error)}); start the receiver first, or check the address"
            ) from error

    def _put(self, unit: Any, due: float) -> None:
        """Send a packet or a picture when it is due."""
        now = time.monotonic()
        self._begin = self._begin or now
        if (wait := self._begin + due - now) > 0:
            time.sleep(wait)
        elif wait < -LATE:
            self._begin = now - due
        if self._sent.copied:
            unit.stream = self._stream
            self._mux([unit])
        else:
            self._mux(self._stream.encode(unit))
        self._sent.frames += 1
        self._sent.seconds = time.monotonic() - self._begin

    def _mux(self, packets: list[Any]) -> None:
        import av

        try:
            for packet in packets:
                size = packet.size
                self._container.mux(packet)
                self._sent.bytes += size
        except (av.FFmpegError, OSError) as error:
            raise OutputError(
                f"{self._label}: the receiver takes no more data ({plain(error)}) after "
                f"{counted(self._sent.frames, 'frame')}; start it and send again"
            ) from error


def _has_key_frames(container: Any, stream: Any) -> bool:
    """Return whether the file's beginning has a key frame every `KEY_FRAMES` seconds."""
    begin, last = 0.0, None
    for packet in _packets(container, stream):
        now = float(packet.dts * packet.time_base)
        begin, last = (now, now) if last is None else (begin, last)
        if now - last > KEY_FRAMES:
            return False
        if packet.is_keyframe:
            last = now
        if now - begin > LOOKED_AT:
            break
    return last is not None


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    import av

    with suppress(av.error.InvalidDataError, av.error.EOFError):  # the damaged end of a file ends it
        for packet in container.demux(stream):
            if packet.size and packet.dts is not None:
                packet.pts = packet.dts if packet.pts is None else packet.pts
                yield packet


def _pictures(container: Any, stream: Any) -> Iterator[Any]:
    import av

    with suppress(av.error.InvalidDataError, av.error.EOFError):
        for number, frame in enumerate(container.decode(stream)):
            if frame.pts is None:
                frame.pts, frame.time_base = number, 1 / rate_of(stream)
            pts, base, length = frame.pts, frame.time_base, frame.duration
            frame = frame.reformat(format="yuv420p", dst_color_range=1)
            frame.pts, frame.time_base, frame.duration = pts, base, length
            frame.pict_type = 0  # the encoder chooses
            yield frame


def _add_encoder(container: Any, stream: Any, speed: Fraction) -> Any:
    rate = rate_of(stream) * speed
    made = container.add_stream("libx264", rate=rate)
    made.width, made.height = stream.codec_context.width // 2 * 2, stream.codec_context.height // 2 * 2
    made.pix_fmt = "yuv420p"
    made.codec_context.time_base = Fraction(1, TICKS)
    made.options = {"preset": "superfast", "tune": "zerolatency", "crf": "21", "g": str(max(1, round(rate)))}
    return made


def rate_of(stream: Any) -> Fraction:
    """Return the frames/s that a stream states, else 25."""
    return Fraction(stream.average_rate or stream.guessed_rate or 25)


def _format_of(target: str) -> str:
    scheme = urlsplit(target).scheme.lower()
    if scheme not in FORMATS:
        raise SettingError(f"{target}: expected an address such as udp://127.0.0.1:5000 ({', '.join(FORMATS)})")
    parts = urlsplit(target)
    try:
        complete = bool(parts.hostname) and (parts.port is not None or scheme not in ("udp", "tcp", "srt"))
    except ValueError:
        complete = False
    if not complete:
        raise SettingError(f"{target}: expected host and port, such as {scheme}://127.0.0.1:5000")
    return FORMATS[scheme]


def _how_to_open(target: str) -> tuple[str, dict[str, str], float | None]:
    """Return the address as ffmpeg takes it, its options, and seconds to wait; None waits for a receiver for ever."""
    address, _, query = target.partition("?")
    scheme, options = address.partition(":")[0].lower(), {"flush_packets": "1"}
    if scheme == "udp" and "pkt_size=" not in query:
        query = f"{query}&pkt_size={DATAGRAM}".lstrip("&")
    if scheme == "rtsp":
        options["rtsp_transport"] = "tcp"
    timeout = None if "listen=1" in query.split("&") else TIMEOUT
    return f"{address}?{query}" if query else address, options, timeout


def _opened(source: str | Path) -> Any:
    import av

    path = Path(source)
    if not path.is_file():
        raise SourceError(f"{path}: no such file; name a video file to send")
    try:
        return av.open(f"file:{path}")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(why_not_open(str(path), str(path), error)) from error


def _picture_stream(container: Any, label: str) -> Any:
    from av.stream import Disposition

    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    raise SourceError(f"{label}: holds no video; pass a file with a picture")
