"""What requests may name: paths, addresses, plug-ins, weights, settings files."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Served, served

from sportstrack.errors import SettingError
from sportstrack.serve.addresses import check_address, check_resolved, without_password
from sportstrack.serve.paths import check_path, inside
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.remote import RemoteFile
from sportstrack.serve.settings import ServeSettings

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names stand for, without a network."""
    known = {"camera.example": "192.168.1.20", "public.example": PUBLIC, "evil.example": "127.0.0.1",
             "meta.example": "169.254.169.254"}  # fmt: skip
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *more: Any, **others: Any) -> Any:
        return real(known.get(host, host), port, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


# --- paths -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    inner = tmp_path / "allowed" / "matches"
    inner.mkdir(parents=True)
    (inner / "match.mp4").write_bytes(b"x")
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (tmp_path / "allowed-too").mkdir()
    (tmp_path / "allowed-too" / "near.mp4").write_bytes(b"x")
    (inner / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (inner / "out").symlink_to(tmp_path)
    (inner / "same.mp4").symlink_to(inner / "match.mp4")
    os.mkfifo(inner / "pipe.mp4")
    return tmp_path / "allowed"


def test_paths_inside_are_taken(folders: Path) -> None:
    right = (folders / "matches" / "match.mp4").resolve()
    for text in ("matches/match.mp4", str(right), "matches/../matches/match.mp4", "matches/same.mp4"):
        assert check_path(text, [folders]) == right
    assert check_path("matches", [folders]).is_dir()


@pytest.mark.parametrize(
    "text",
    ["../secret.mp4", "matches/link.mp4", "matches/out/secret.mp4", "/etc/passwd", "~/x", "file:///etc/passwd", "",
     "\0", "../allowed-too/near.mp4", "matches/../../secret.mp4", "\\\\host\\share", "..", "matches/out"],
)  # fmt: skip
def test_paths_that_lead_out_are_refused(folders: Path, text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_path(text, [folders])
    assert caught.value.status in (403, 404)
    assert str(folders.parent) not in str(caught.value)


def test_what_is_no_file_is_refused(folders: Path) -> None:
    for text in ("matches/pipe.mp4", "matches/none.mp4"):
        with pytest.raises(RefusedError, match="no such file"):
            check_path(text, [folders])
    with pytest.raises(RefusedError, match="--folders"):
        check_path("match.mp4", [])


@given(st.text(max_size=30))
def test_no_text_leads_out_of_a_folder(text: str) -> None:
    folder = Path(__file__).parent
    for check in (lambda: check_path(text, [folder]), lambda: inside(folder, text)):
        try:
            found = check()
        except RefusedError:
            continue
        assert folder.resolve() in (found.resolve(), *found.resolve().parents)


# --- addresses -------------------------------------------------------------------------------------------------------

ALLOWED = ("rtsp://camera.example/*", "https://public.example/live/*", "udp://0.0.0.0:5000", "http://*", "camera:0",
           "http://127.0.0.1:8000/*")  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["rtsp://camera.example/stream1", "rtsp://user:secret@camera.example:554/a?x=1", "https://public.example/live/a.mp4",
     "udp://0.0.0.0:5000", "http://public.example/x", "camera:0", "http://127.0.0.1:8000/clip.mp4"],
)  # fmt: skip
def test_addresses_of_the_list_are_taken(names: dict[str, str], url: str) -> None:
    assert check_address(url, ALLOWED) == url


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "/etc/passwd", "concat:a|b", "subfile,,start,0,end,0,,:/etc/passwd", "data:video/x"),
        *("rtsp://camera.example.evil.example/x", "rtsp://evil.example/camera.example/", "rtsp://camera.example@evil.example/"),
        *("rtsp://camera.example:8554/x", "http://evil.example/", "http://meta.example/latest/meta-data"),
        *("http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://0x7f.1/", "http://localhost/", "http://10.0.0.1/"),
        *("http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "https://public.example/live/../secret", "camera:1", "udp://0.0.0.0:5001"),
        *("https://public.example/live/%2e%2e/secret", "https://public.example/live/%252e%252e/x", "https://public.example/other"),
        *("hls+http://public.example/live/", "tcp://public.example:1", "gopher://public.example/", "rtsp://camera.example\\@evil/"),
        *("rtsp://camera.example/\nx", "rtsp://camera.example/ x", "", "rtsp://", "rtsp:///x", "https://public.example:99999/live/"),
        *("async:file:/etc/passwd", "crypto:/etc/passwd", "ffconcat", "http://public.example|/x", "https://public.example/live/#x"),
    ],
)  # fmt: skip
def test_all_other_addresses_are_refused(names: dict[str, str], url: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_address(url, ALLOWED)
    assert caught.value.status in (400, 403)


def test_a_name_of_the_list_may_be_private_but_never_this_machine(names: dict[str, str]) -> None:
    check_address("rtsp://camera.example/x", ["rtsp://camera.example/*"])
    for inner in ("127.0.0.1", "169.254.169.254", "::1", "0.0.0.0"):
        names["camera.example"] = inner
        with pytest.raises(RefusedError, match="inside"):
            check_address("rtsp://camera.example/x", ["rtsp://camera.example/*"])


@given(st.ip_addresses())
def test_only_public_addresses_are_taken_where_none_is_named(address: Any) -> None:
    try:
        check_resolved(str(address), named=False)
    except RefusedError:
        return
    assert address.is_global
    assert not address.is_loopback
    assert not address.is_link_local


def test_passwords_are_not_shown() -> None:
    assert without_password("rtsp://user:p@ss@camera.example/x?a=b") == "rtsp://camera.example/x?a=b"
    assert without_password("udp://0.0.0.0:5000") == "udp://0.0.0.0:5000"


class _Answers(http.server.BaseHTTPRequestHandler):
    """Sends the clip, in ranges; redirects as its path says."""

    clip = b""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if first else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(self.clip) - first))
        self.end_headers()
        self.wfile.write(self.clip[first:])

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def web(clip: bytes) -> Iterator[str]:
    handler = type("Answers", (_Answers,), {"clip": clip})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_redirects_are_checked_as_the_address_was() -> None:
    with web(b"0123456789" * 100) as one, web(b"secret") as other:
        allowed = [f"{one}/*"]
        with RemoteFile(f"{one}/clip.mp4", allowed) as file:
            assert file.read(10) == b"0123456789"
            file.seek(995)
            assert file.read() == b"56789"
        with RemoteFile(f"{one}/to//clip.mp4", allowed) as file:
            assert file.size == 1000
        for place in (f"{other}/x", "file:///etc/passwd", "http://localhost/x", "//127.0.0.1:1/x", "ftp://x/"):
            with pytest.raises(RefusedError):
                RemoteFile(f"{one}/to/{place}", allowed)


def test_a_job_reads_an_address_of_the_list_alone(tmp_path: Path, matches: Path) -> None:
    with web((matches / "match.mp4").read_bytes()) as one, web(b"secret") as other:
        allowed = {"streams": (f"{one}/*",), "plugins": ("toy:find",)}
        with served(tmp_path, **allowed) as server:
            job = server.send(source={"url": f"{one.replace('//', '//user:secret@')}/clip.mp4"})
            assert "secret" not in json.dumps(job)
            away = server.send(source={"url": f"{one}/to/{other}/clip.mp4"})
            assert server.ended(job["id"])["state"] == "done"
            assert server.client.get(f"/v1/jobs/{job['id']}/source").content == (matches / "match.mp4").read_bytes()
            failed = server.ended(away["id"])
            assert (failed["state"], "not on the list" in failed["error"]["message"]) == ("failed", True)
            for url in (f"{other}/x", "file:///etc/passwd", "/etc/passwd", "0"):
                answer = server.client.post("/v1/jobs", json={"kind": "track", "source": {"url": url}})
                assert answer.status_code == 403, url


# --- files that make ffmpeg open others ------------------------------------------------------------------------------

TRICKS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{clip}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile {clip}\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="1" bandwidth="1"><BaseURL>{clip}</BaseURL></Representation></AdaptationSet></Period></MPD>',
}


@pytest.mark.parametrize("name", TRICKS)
def test_a_file_that_lists_others_is_not_followed(server: Served, matches: Path, name: str) -> None:
    text = TRICKS[name].format(clip=matches / "match.mp4")
    for sent in (name, "match.mp4"):
        job = json.dumps({"kind": "track", "settings": {"detector": "toy:find", "formats": ["mot"]}})
        answer = server.client.post("/v1/jobs", files={"file": (sent, text.encode())}, data={"job": job})
        assert server.ended(answer.json()["id"])["state"] == "failed"


# --- names of code and files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"tracker": "os:system"}, 403),
        ({"detector": "toy:find_with_slips"}, 403),
        ({"detector": "transformers:evil/model"}, 403),
        ({"embedder": "toy:FailAt"}, 403),
        ({"embedder": "kit+/etc/passwd.onnx"}, 403),
        ({"camera": "os:getcwd"}, 403),
        ({"weights": "/etc/passwd"}, 403),
        ({"weights": "https://evil.example/x.pt"}, 403),
        ({"weights": "yolov8x.pt"}, 403),
        ({"config": "/etc/passwd"}, 403),
        ({"trust": True}, 400),
        ({"show": True}, 400),
        ({"team_colours": "/elsewhere/x"}, 400),
        ({"roster": "/etc/passwd"}, 400),
        ({"roster": {"path": "../../etc/passwd"}}, 403),
        ({"pitch": {"url": "http://evil.example/"}}, 400),
        ({"imgsz": 16384}, 400),
        ({"imgsz": "640"}, 400),
        ({"nothing": 1}, 400),
        ({"tracker": "sort", "tracker_settings": {"max_age": "x"}}, 400),
        ({"tracker": ["sort"]}, 400),
        ({"weights": {"a": 1}}, 403),
    ],
)
def test_settings_name_nothing_but_what_the_lists_have(server: Served, settings: Any, status: int) -> None:
    job = {"kind": "track", "source": {"path": "match.mp4"}, "settings": settings}
    answer = server.client.post("/v1/jobs", json=job)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_errors_are_the_command_line_s(server: Served) -> None:
    from sportstrack import SportstrackError
    from sportstrack.track.settings import TrackSettings

    for settings in (
        {"imgsz": 5},
        {"every": 0},
        {"quality": "god"},
        {"formats": ["gif"]},
        {"draw": ["x"]},
        {"teams": "x"},
    ):
        with pytest.raises(SportstrackError) as caught:
            TrackSettings(**{name: tuple(v) if isinstance(v, list) else v for name, v in settings.items()})
        answer = server.client.post(
            "/v1/jobs", json={"kind": "track", "source": {"path": "match.mp4"}, "settings": settings}
        )
        assert answer.json()["error"]["message"] == str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"path": "match.mp4", "url": "x"},
        {"file": "x"},
        {"path": 5},
        {"upload": "none"},
        {"job": "none"},
        {"path": None},
    ],
)
def test_a_wrong_source_is_refused(server: Served, source: Any) -> None:
    answer = server.client.post("/v1/jobs", json={"kind": "track", "source": source})
    assert answer.status_code in (400, 404)


def test_an_incomplete_upload_is_no_source(server: Served) -> None:
    key = server.client.post("/v1/uploads", json={"name": "a.mp4", "bytes": 5}).json()["id"]
    answer = server.client.post("/v1/jobs", json={"kind": "track", "source": {"upload": key}})
    assert (answer.status_code, "0 of 5 bytes" in answer.text) == (409, True)


def test_a_settings_file_of_the_list_is_taken(tmp_path: Path, matches: Path) -> None:
    (tmp_path / "fast.yaml").write_text("tracker: sort\ndetector: toy:find\nformats: [mot]\n")
    allowed = {"configs": (str(tmp_path / "fast.yaml"),), "folders": (str(matches),)}
    with served(tmp_path / "data", **allowed) as server:
        ended = server.ended(server.send(settings={"config": "fast.yaml"})["id"])
        assert (ended["state"], ended["summary"]["settings"]["tracker"]) == ("done", "sort")
        rows = server.client.get("/v1/settings/track").json()
        assert next(row for row in rows if row["name"] == "config")["choices"] == ["fast.yaml"]


@pytest.mark.parametrize(("limit", "words"), [({"max_megapixels": 0.01}, "pixels"), ({"max_minutes": 0.01}, "minutes")])
def test_long_and_large_videos_are_refused(tmp_path: Path, matches: Path, limit: Any, words: str) -> None:
    with served(tmp_path, plugins=("toy:find",), folders=(str(matches),), **limit) as server:
        ended = server.ended(server.send(settings={"detector": "toy:find", "formats": ["mot"]})["id"])
        assert (ended["state"], words in ended["error"]["message"]) == ("failed", True)


def test_forms_get_what_the_command_line_s_help_says(server: Served) -> None:
    from sportstrack.options import about
    from sportstrack.track.settings import TrackSettings

    rows = {row["name"]: row for row in server.client.get("/v1/settings/track").json()}
    assert rows["every"]["help"] == about(TrackSettings, "every").help
    assert (rows["every"]["low"], rows["every"]["default"], rows["every"]["type"]) == (1, 1, "a whole number")
    assert rows["quality"]["choices"] == ["fast", "balanced", "best"]
    assert rows["weights"]["choices"] == ["demo", "toy:find"]
    assert not rows.keys() & {"trust", "show", "team_colours"}
    for kind in ("sot", "refine", "evaluate", "mine"):
        assert server.client.get(f"/v1/settings/{kind}").json()
    live = {row["name"]: row for row in server.client.get("/v1/settings/stream").json()}
    assert (live["quality"]["default"], rows["quality"]["default"]) == ("fast", "balanced")
    assert live.keys() >= {"roster", "most_ids"}
    assert not live.keys() & {"formats", "offline", "detections", "pitch", "config", "live"}
    assert server.client.get("/v1/settings/trakc").json()["error"]["message"].startswith("kind: no kind")


@pytest.mark.parametrize("entry", ["udp://127.0.0.1:*", "camera.example", "file:///etc/passwd", "rtsp://a b/*"])
def test_an_entry_that_no_address_fits_is_refused_at_the_start(entry: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"streams: .*fits no address"):
        ServeSettings(data=tmp_path, streams=(entry,))
    assert ServeSettings(data=tmp_path, streams=("rtsp://camera.example/*", "https://*/", "udp://:5000", "0")).streams
