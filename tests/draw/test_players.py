"""The players' table: times, gaps, ways and thirds, and a page that needs nothing but itself."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack import Detections, track_video
from sportstrack.draw import players as module
from sportstrack.draw.ground import GroundMap
from sportstrack.draw.players import HEADER, Player, Players, players_csv
from sportstrack.draw.players_page import players_page
from sportstrack.types import Tracks

RATE = 25.0


def tracks(*rows: tuple[int, float, float], kind: int = 0) -> Tracks:
    """Boxes 20 x 40 of (id, foot x, foot y)."""
    n = len(rows)
    boxes = np.array([[x - 10, y - 40, x + 10, y] for _, x, y in rows], float).reshape(-1, 4)
    ids = np.array([i for i, *_ in rows], np.int64)
    return Tracks(boxes, np.full(n, 0.5), np.full(n, kind), ids, np.arange(n))


def collect(frames: dict[int, Tracks], camera: Any = None, cuts: tuple[int, ...] = (), image: Any = None) -> Players:
    found, ground = Players(300, RATE, {0: "player"}), GroundMap(300, 200, still=camera is None and not cuts)
    for frame, table in frames.items():
        ground.add(frame, None, table, camera, cut=frame in cuts)
        found.add(frame, frame / RATE, image, table, ground)
    return found


def only(players: Players) -> Player:
    (found,) = players.table(camera_removed=True)
    return found


def test_a_straight_way_at_constant_speed() -> None:
    one = only(collect({f: tracks((7, 20 + 2 * f, 100)) for f in range(101)}))
    assert (one.id, one.class_name, one.first_seen, one.last_seen, one.gaps) == (7, "player", 0, 4, 0)
    assert one.seconds_seen == pytest.approx(101 / RATE)
    assert one.path_px == 200
    assert one.mean_score == 0.5
    assert one.left_third + one.middle_third + one.right_third == pytest.approx(1, abs=0.01)
    assert one.left_third == pytest.approx(40 / 101, abs=0.001)


def test_jitter_is_no_way_and_gaps_are_counted() -> None:
    rng = np.random.default_rng(0)
    still = {f: tracks((1, 150 + rng.normal(0, 0.5), 100)) for f in range(251)}
    assert only(collect(still)).path_px < 60  # frame by frame it would be about 180
    seen = {f: tracks((1, 20 + 2 * f, 100)) if not 30 <= f < 40 else Tracks.empty() for f in range(101)}
    one = only(collect(seen))
    assert (one.gaps, one.path_px) == (1, 200)  # a short gap is crossed straight
    long = {f: tracks((1, 20 + 2 * f, 100)) if not 20 <= f < 80 else Tracks.empty() for f in range(101)}
    assert only(collect(long)).path_px == pytest.approx(30 + 40, abs=10)


def test_the_cameras_motion_is_no_way_of_a_player_and_no_way_leads_across_a_cut() -> None:
    pan = np.array([[1.0, 0, -2], [0, 1, 0]])
    standing = {f: tracks((1, 250 - 2 * f, 100)) for f in range(101)}
    assert only(collect(standing, camera=pan)).path_px == pytest.approx(0, abs=0.1)
    jump = {f: tracks((1, 50 if f < 50 else 250, 100)) for f in range(100)}
    assert only(collect(jump, cuts=(50,))).path_px == 0
    assert only(collect(jump)).path_px == 200


def test_csv_has_a_row_for_each_track_the_longest_first() -> None:
    frames = {f: tracks((1, 50, 100), (2, 150, 100)) if f > 5 else tracks((2, 150, 100)) for f in range(20)}
    text = players_csv(collect(frames).table(camera_removed=False))
    assert text.startswith(HEADER)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == ["2", "1"]
    assert {row["camera_removed"] for row in rows} == {"no"}
    assert rows[0]["class"] == "player"


def test_pictures_are_few_whatever_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.full((200, 300, 3), 90, np.uint8)
    found = collect({f: tracks((1, 150, 100)) for f in range(3000)}, image=image)
    assert 4 <= len(found.thumbnails(1)) <= module.THUMBNAILS
    times = [time for time, _ in found._tracks[1].thumbnails]
    assert max(times) > 80
    assert min(times) < 10
    monkeypatch.setattr(module, "ALL_THUMBNAILS", 30)
    many = {f: tracks(*((i, 10 + 5 * i, 100) for i in range(20) if f < 30 or i < 3)) for f in range(60)}
    found = collect(many, image=image)
    assert sum(len(found.thumbnails(i)) for i in range(20)) <= 30
    assert found.thumbnails(0)


def test_the_page_escapes_names_and_needs_nothing_else() -> None:
    evil = '<script>alert("1")</script>'
    found, ground = Players(300, RATE, {0: evil}), GroundMap(300, 200, still=True)
    for frame in range(60):
        ground.add(frame, None, table := tracks((1, 150, 100)))
        found.add(frame, frame / RATE, np.full((200, 300, 3), 90, np.uint8), table, ground)
    page = players_page(evil, found.table(camera_removed=False), found, b"jpeg", [evil])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert all(address.startswith("data:image/jpeg;base64,") for address in re.findall(r"src='([^']*)'", page))
    assert "http" not in page
    assert "the camera&#x27;s" not in page
    assert "is not taken out" in page


@pytest.mark.parametrize("offline", [False, True])
def test_track_writes_table_summary_and_page(tmp_path: Path, offline: bool) -> None:
    match = toy.make_match(tmp_path / "match.mp4")

    def find(frames: list[np.ndarray]) -> list[Detections]:
        return toy.find(frames)

    find.names = {0: "player"}  # type: ignore[attr-defined]
    summary = track_video(match, tmp_path / "out", detector=find, formats=["mot", "players"], offline=offline)
    rows = list(csv.DictReader(io.StringIO(Path(summary.outputs["players"]).read_text())))
    ids = {line.split(",")[1] for line in Path(summary.outputs["mot"]).read_text().splitlines()}
    assert {row["id"] for row in rows} == ids
    record = json.loads(Path(summary.outputs["summary"]).read_text())
    assert [str(one["id"]) for one in record["players"]] == [row["id"] for row in rows]
    page = Path(summary.outputs["players_page"])
    assert page.name == "match.players.html"
    assert "data:image/jpeg;base64," in page.read_text()
    assert not (tmp_path / "out" / "match_heat.png").exists()
