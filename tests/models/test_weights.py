"""Finding and downloading weights, against a local server."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sportstrack.errors import WeightsError
from sportstrack.models import weights
from sportstrack.models.weights import assets_folder, cache_folder, find_weights, known_files

CHECKPOINT = b"PK\x03\x04" + bytes(range(256)) * 400


@dataclass
class Server:
    """What to answer, and the paths that were asked for."""

    url: str
    body: bytes = CHECKPOINT
    status: int = 200
    cut_after: int | None = None
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body[: state.cut_after])

        def log_message(self, *args: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{httpd.server_port}/")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    monkeypatch.setattr(weights, "assets_folder", lambda: folder)
    return folder


def write_manifest(folder: Path, *rows: dict[str, Any]) -> None:
    (folder / "manifest.json").write_text(json.dumps(rows))


def left_behind(cache: Path) -> list[Path]:
    return [p for p in cache.rglob("*") if p.is_file()]


def test_existing_path_wins_over_a_known_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("yolov8n.pt").write_bytes(CHECKPOINT)
    assert find_weights("yolov8n.pt") == Path("yolov8n.pt")
    assert find_weights(tmp_path / "yolov8n.pt") == tmp_path / "yolov8n.pt"


def test_demo_is_found_beside_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, assets: Path
) -> None:
    write_manifest(assets, {"name": weights.DEMO_WEIGHTS})
    (assets / weights.DEMO_WEIGHTS).write_bytes(CHECKPOINT)
    monkeypatch.chdir(tmp_path)
    Path("demo").mkdir()
    assert find_weights("demo") == assets / weights.DEMO_WEIGHTS
    assert find_weights(weights.DEMO_WEIGHTS) == assets / weights.DEMO_WEIGHTS


def test_missing_shipped_file_says_where_it_should_be(cache: Path, assets: Path) -> None:
    write_manifest(assets, {"name": weights.DEMO_WEIGHTS, "url": None})
    with pytest.raises(WeightsError, match=f"missing from {assets}"):
        find_weights("demo")


def test_missing_path_names_the_file(cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"runs/best\.pt: no such weights file"):
        find_weights("runs/best.pt")


def test_unknown_name_lists_known_and_nearest(cache: Path, assets: Path) -> None:
    write_manifest(assets, {"name": "club-players.pt"}, {"name": "demo.mp4"})
    with pytest.raises(
        WeightsError, match=r"did you mean 'club-players.pt'\?; known names: demo, club-players.pt"
    ) as e:
        find_weights("club-player.pt")
    assert "demo.mp4" not in str(e.value)


def test_manifest_file_is_downloaded_once_and_checked(cache: Path, assets: Path, server: Server) -> None:
    row = {"name": "club.pt", "sha256": hashlib.sha256(CHECKPOINT).hexdigest(), "bytes": len(CHECKPOINT)}
    write_manifest(assets, {**row, "url": server.url + "files/club.pt", "licence": "MIT", "about": "a test"})
    for name in ("club.pt", "club", "club.pt"):
        assert find_weights(name) == cache / "club.pt"
    assert (cache / "club.pt").read_bytes() == CHECKPOINT
    assert server.asked == ["/files/club.pt"]
    assert left_behind(cache) == [cache / "club.pt"]


def test_cached_file_of_another_size_is_fetched_again(cache: Path, assets: Path, server: Server) -> None:
    write_manifest(assets, {"name": "club.pt", "bytes": len(CHECKPOINT), "url": server.url + "club.pt"})
    cache.mkdir()
    (cache / "club.pt").write_bytes(b"PK\x03\x04 old")
    assert find_weights("club.pt").read_bytes() == CHECKPOINT


def test_wrong_hash_leaves_nothing(cache: Path, assets: Path, server: Server) -> None:
    write_manifest(assets, {"name": "club.pt", "sha256": "0" * 64, "url": server.url + "club.pt"})
    with pytest.raises(WeightsError, match=r"club\.pt: .* has sha256 .*, expected 0{64}"):
        find_weights("club.pt")
    assert left_behind(cache) == []


@pytest.mark.parametrize("name", ["yolov8s.pt", "yolov8s", "yolo11m-seg.pt", "yolo26x-pose.pt", "rtdetr-l.pt"])
def test_official_names_use_the_official_address(
    name: str, cache: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url + "assets/")
    path = find_weights(name)
    assert path.parent == cache
    assert server.asked == [f"/assets/{path.name}"]
    assert path.stem == name.removesuffix(".pt")


@pytest.mark.parametrize("name", ["yolov8q.pt", "yolov8n-cls.pt", "yolov8n.pt.exe", "../yolov8n.pt"])
def test_other_names_are_not_asked_for(
    name: str, cache: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url)
    with pytest.raises(WeightsError):
        find_weights(name)
    assert server.asked == []


def test_not_found_on_the_server(cache: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url)
    server.status = 404
    with pytest.raises(WeightsError) as caught:
        find_weights("yolov8s.pt")
    message = str(caught.value)
    assert "404" in message
    assert server.url + "yolov8s.pt" in message
    assert "--weights PATH" in message
    assert "\n" not in message
    assert left_behind(cache) == []


def test_no_network_says_what_to_fetch(cache: Path, assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "OFFICIAL_URL", "http://127.0.0.1:9/")  # the discard port: nobody listens
    with pytest.raises(WeightsError, match=r"refused.*fetch http://127.0.0.1:9/yolov8s.pt .*--weights PATH"):
        find_weights("yolov8s.pt")
    assert left_behind(cache) == []


def test_interrupted_transfer_leaves_nothing(
    cache: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url)
    server.cut_after = 5000
    with pytest.raises(WeightsError, match=f"ended after 5000 of {len(CHECKPOINT)} bytes"):
        find_weights("yolov8s.pt")
    assert left_behind(cache) == []
    server.cut_after = None
    assert find_weights("yolov8s.pt").read_bytes() == CHECKPOINT


def test_login_page_instead_of_weights_is_not_kept(
    cache: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url)
    server.body = b"<html>Please log in to this wireless network</html>"
    with pytest.raises(WeightsError, match="is no PyTorch file"):
        find_weights("yolov8s.pt")
    assert left_behind(cache) == []


def test_keyboard_interrupt_leaves_nothing(
    cache: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url)
    monkeypatch.setattr(weights, "_fetch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        find_weights("yolov8s.pt")
    assert left_behind(cache) == []


def test_address_is_downloaded_and_addresses_do_not_collide(cache: Path, server: Server) -> None:
    first = find_weights(server.url + "a/best.pt?token=1")
    server.body = CHECKPOINT + b"other"
    second = find_weights(server.url + "b/best.pt")
    assert first.name == second.name == "best.pt"
    assert first.read_bytes() == CHECKPOINT
    assert second.read_bytes() == CHECKPOINT + b"other"
    assert find_weights(server.url + "b/best.pt") == second
    assert len(server.asked) == 2


def test_address_of_something_else_is_refused(cache: Path, server: Server) -> None:
    with pytest.raises(WeightsError, match="ends in a weights file"):
        find_weights(server.url + "index.html")
    assert server.asked == []


def test_cache_that_cannot_be_made(
    tmp_path: Path, assets: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(weights, "OFFICIAL_URL", server.url)
    with pytest.raises(WeightsError, match="set SPORTSTRACK_CACHE"):
        find_weights("yolov8s.pt")


def test_broken_manifest_is_named(assets: Path) -> None:
    (assets / "manifest.json").write_text("{")
    with pytest.raises(WeightsError, match=r"manifest\.json, line 1: no JSON"):
        known_files()


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "sportstrack"),
        ("win32", "LOCALAPPDATA", "sportstrack"),
        ("darwin", "HOME", "Library/Caches/sportstrack"),
    ],
)
def test_cache_folder_follows_the_platform(
    platform: str, variable: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPORTSTRACK_CACHE", raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_folder() == tmp_path / expected


def test_manifest_of_this_project(root: Path) -> None:
    manifest = assets_folder() / "manifest.json"
    assert manifest.is_file()
    for file in known_files():
        shipped = assets_folder() / file.name
        if shipped.is_file() and file.sha256:
            assert hashlib.sha256(shipped.read_bytes()).hexdigest() == file.sha256
            assert file.bytes in {None, shipped.stat().st_size}
        else:
            assert file.url, f"{file.name}: neither shipped nor to be fetched"
