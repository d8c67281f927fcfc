"""Names that change their meaning between the check and the connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from sportstrack.errors import SourceError
from sportstrack.serve import connection
from sportstrack.serve.addresses import check_resolved
from sportstrack.serve.connection import pinned
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.remote import RemoteFile, allow_only
from sportstrack.serve.streams.targets import UdpTarget, connector
from sportstrack.video import restrict

PUBLIC, INNER = "93.184.216.34", "127.0.0.1"


class Names:
    """What the test's names stand for, the first answer first, and who was asked and connected to."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self.known, self.connected = known, list[str]()
        self._real = socket.getaddrinfo

    def look_up(self, host: str, port: Any, *more: Any, **others: Any) -> Any:
        answers = self.known.get(host)
        if answers is None:
            return self._real(host, port, *more, **others)
        if not answers:
            raise socket.gaierror("unknown")
        found = answers[0] if len(answers) == 1 else answers.pop(0)
        return [row for one in found.split() for row in self._real(one, port, *more, **others)]

    def connect(self, address: tuple[str, int], *_: Any) -> Any:
        self.connected.append(address[0])
        raise OSError("nobody is there")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    found = Names({
        "camera.example": ["192.168.1.20"], "turns.example": [PUBLIC, INNER], "gone.example": [],
        "both.example": ["2001:4860::1 93.184.216.34"],
    })  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", found.look_up)
    monkeypatch.setattr(socket, "create_connection", found.connect)
    return found


@pytest.mark.parametrize(
    "open_it",
    [lambda url: RemoteFile(url, ["http://*"]), lambda url: connector(["http://*"])(url, 1.0)],
    ids=["source", "webhook"],
)
def test_the_address_that_was_checked_is_connected_to(names: Names, open_it: Callable[[str], Any]) -> None:
    with pytest.raises((SourceError, OSError)):
        open_it("http://turns.example/x")
    assert names.connected == [PUBLIC]
    with pytest.raises(RefusedError, match="inside"):
        open_it("http://turns.example/x")
    assert names.connected == [PUBLIC]


def test_results_are_sent_to_targets_of_the_list_alone(names: Names) -> None:
    with pytest.raises(RefusedError, match="--targets"):
        UdpTarget("udp://127.0.0.1:9", ["udp://127.0.0.1:10"])
    names.known["turns.example"] = [INNER]
    with pytest.raises(RefusedError, match="inside"):
        UdpTarget("udp://turns.example:9", ["udp://turns.example:9"])
    UdpTarget("udp://127.0.0.1:9", ["udp://127.0.0.1:9"]).close()


@pytest.mark.parametrize(
    ("url", "entry", "opened"),
    [
        ("rtsp://u:p@camera.example:8554/a?b=c", "rtsp://camera.example:8554/*", "rtsp://u:p@192.168.1.20:8554/a?b=c"),
        ("rtsp://turns.example/a", "rtsp://*", f"rtsp://{PUBLIC}/a"),
        ("srt://both.example:9", "srt://both.example:9", f"srt://{PUBLIC}:9"),
        ("rtsp://both.example/a", "rtsp://*", f"rtsp://{PUBLIC}/a"),  # nobody answers at the first one
        ("rtmp://camera.example/live", "rtmp://camera.example/*", "rtmp://camera.example/live"),
        ("rtmp://turns.example/live", "rtmp://*", f"rtmp://{PUBLIC}/live"),
        ("udp://:5000", "udp://:5000", "udp://:5000"),
        ("rtsp://[2001:4860::1]:554/a", "rtsp://*:554/*", "rtsp://[2001:4860::1]:554/a"),
    ],
)
def test_ffmpeg_gets_the_address_that_was_checked(names: Names, url: str, entry: str, opened: str) -> None:
    assert pinned(url, [entry]) == opened


def test_a_name_is_checked_whenever_it_is_opened(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_open", "_pin", "_restricted"):
        monkeypatch.setattr(restrict, name, getattr(restrict, name))
    allow_only(["rtsp://*", "http://*"])
    assert restrict.how_to_open("rtsp://turns.example/a", {})[0] == f"rtsp://{PUBLIC}/a"
    with pytest.raises(RefusedError, match="inside"):
        restrict.how_to_open("rtsp://turns.example/a", {})
    assert restrict.how_to_open("file:a.mp4", {})[0] == "file:a.mp4"
    for url in ("rtsp://gone.example/a", "http://gone.example/a"):  # a reader tries again where a source has an error
        with pytest.raises(SourceError, match="unknown host"):
            restrict.how_to_open(url, {})


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1", "::ffff:10.0.0.1", "fe80::1", "fc00::1"],
)  # fmt: skip
def test_an_inner_address_in_ipv6_s_clothes_is_refused(address: str) -> None:
    with pytest.raises(RefusedError, match="inside"):
        check_resolved(address, named=False)


def test_the_next_address_is_tried_where_the_first_does_not_answer(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="nobody"):
        connection.open_connection("http://both.example/", ["http://*"], 1.0)
    assert names.connected == ["2001:4860::1", PUBLIC]
