"""The page for marking: what it shows, what it answers, and that nobody else reaches it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sportstrack import Camera, load_pitch, read_marks
from sportstrack.calibrate.marking import FrameShelf, MarkingPage, mark_video
from sportstrack.errors import FormatError

FOOTBALL = load_pitch()
CAMERA = Camera((0.0, 70.0, 18.0), -20.0, 12.0, 0.0, 400.0, (160.0, 90.0))
NAMES = ("left_far_corner", "left_far_penalty_area_corner", "far_halfway", "centre_spot", "left_penalty_spot",
         "near_centre_circle_halfway")  # fmt: skip


def marks(names: tuple[str, ...] = NAMES, frame: int = 2) -> list[dict[str, Any]]:
    pixels = CAMERA.project([FOOTBALL.keypoints[n][:2] for n in names]).round(2).tolist()
    return [{"frame": frame, "place": n, "x": x, "y": y} for n, (x, y) in zip(names, pixels, strict=True)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames") / "clip"
    folder.mkdir()
    for k in range(4):
        cv2.imwrite(str(folder / f"{k:03}.png"), np.full((180, 320, 3), 60 * k, np.uint8))
    return folder


@pytest.fixture
def page(video: Path, tmp_path: Path) -> Iterator[MarkingPage]:
    shelf = FrameShelf(video)
    with MarkingPage(shelf, FOOTBALL, tmp_path / "points.csv", 2) as page:
        yield page
    shelf.close()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return bytes(answer.read())


def post(address: str, body: object, kind: str = "application/json") -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(json.loads(answer.read()))


def test_the_page_has_the_frames_and_the_map(page: MarkingPage) -> None:
    assert b"<title>Mark the pitch</title>" in get(page.address)
    setup = json.loads(get(page.address + "setup.json"))
    assert (setup["frames"], setup["width"], setup["frame"], setup["marks"]) == (4, 320, 2, [])
    assert setup["points"]["centre_spot"] == [0.0, 0.0]
    assert {"near_touchline", "centre_circle"} <= {one["name"] for one in setup["curves"]}
    for number in (3, 1, 4):  # also backwards
        image = cv2.imdecode(np.frombuffer(get(f"{page.address}frame/{number}.jpg"), np.uint8), 1)
        assert image.mean() == pytest.approx(60 * (number - 1), abs=2)


def test_marks_are_fitted_at_once(page: MarkingPage) -> None:
    answer = post(page.address + "fit", {"marks": marks()})
    assert answer["px"] < 0.1
    assert answer["sure"] < 2
    assert max(answer["errors"]) < 0.2
    drawn = np.concatenate([np.array(line) for line in answer["lines"]["2"]])
    assert np.linalg.norm(drawn - CAMERA.project([(0.0, 0.0)])[0], axis=1).min() < 3
    assert "3 places in one frame; four or more" in post(page.address + "fit", {"marks": marks(NAMES[:3])})["error"]
    assert "no such keypoint" in post(page.address + "fit", {"marks": [dict(m, place="x") for m in marks()]})["error"]
    assert "no marks" in post(page.address + "fit", {"marks": [1]})["error"]


def test_marks_are_saved_and_shown_again(page: MarkingPage, video: Path, tmp_path: Path) -> None:
    assert not page.saved.is_set()
    assert post(page.address + "save", {"marks": marks()})["saved"].endswith("points.csv")
    assert page.saved.is_set()
    found = read_marks(tmp_path / "points.csv")
    assert [m.place for m in found] == list(NAMES)
    shelf = FrameShelf(video)
    with MarkingPage(shelf, FOOTBALL, tmp_path / "points.csv") as again:
        assert len(json.loads(get(again.address + "setup.json"))["marks"]) == len(NAMES)
    shelf.close()


@pytest.mark.parametrize("path", ["", "setup.json", "x/setup.json"])
def test_without_the_secret_there_is_nothing(page: MarkingPage, path: str) -> None:
    root = page.address.rsplit("/", 2)[0]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{root}/{path}")


def test_other_hosts_and_other_pages_get_nothing(page: MarkingPage) -> None:
    request = urllib.request.Request(page.address + "setup.json", headers={"Host": "elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(request, timeout=20)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        post(page.address + "save", {"marks": marks()}, "text/plain")  # what a form of another page may send
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(page.address + "frame/99.jpg")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(page.address + "../../etc/passwd")
    assert not page.saved.is_set()


def test_the_wait_ends_with_the_saving(video: Path, tmp_path: Path) -> None:
    mark_video(video, tmp_path / "deep" / "p.csv", FOOTBALL, open_page=lambda at: post(at + "save", {"marks": marks()}))
    assert len(read_marks(tmp_path / "deep" / "p.csv")) == len(NAMES)
    (tmp_path / "bad.csv").write_text("no marks at all\n")
    with pytest.raises(FormatError, match=r"bad\.csv, line 1"):
        mark_video(video, tmp_path / "bad.csv", FOOTBALL)
