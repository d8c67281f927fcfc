"""Sources that a stranger names: what ffmpeg would follow, and does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy import make_match

from sportstrack import SportstrackError, open_source
from sportstrack.video import restrict

LISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{video}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile match.mp4\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_other_files_is_not_followed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_match(tmp_path / "match.mp4", frames=5)
    (tmp_path / name).write_text(LISTS[name].format(video=video))
    with open_source(tmp_path / name) as opened:  # what ffmpeg does by itself
        assert opened.info.width == 160
    monkeypatch.setattr(restrict, "_open", None)
    monkeypatch.setattr(restrict, "_restricted", False)
    restrict.restrict_sources()
    with pytest.raises(SportstrackError):
        open_source(tmp_path / name)
    with open_source(video) as opened:
        assert opened.info.width == 160


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x", "tcp://127.0.0.1:9", "concat:/etc/passwd", "data:video/mp4,x"]
)
def test_other_kinds_of_addresses_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restrict, "_open", None)
    monkeypatch.setattr(restrict, "_restricted", True)
    with pytest.raises(ValueError, match="not taken here"):
        restrict.how_to_open(address, {})
    assert restrict.how_to_open("rtsp://camera.example/x", {})[1]["protocol_whitelist"] == "rtsp,rtp,udp,tcp"
