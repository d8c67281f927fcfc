"""Statistics of a match whose truth is known: distances, speeds, bands, sprints, shapes, minutes, files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from sportstrack.cli import main
from sportstrack.errors import SettingError, SourceError
from sportstrack.identities import Identities, Identity, write_identities
from sportstrack.stats.match import MatchStats, measure_match
from sportstrack.stats.movement import Movement, add_up, find_steps
from sportstrack.stats.report import report
from sportstrack.stats.settings import StatsSettings
from sportstrack.stats.shape import hull_area
from sportstrack.stats.tables import minute_rows, player_rows, team_rows
from tests.helpers.pitch_match import RATE, PlayedMatch, play

FRAMES = 300


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> PlayedMatch:
    return play(tmp_path_factory.mktemp("match"), frames=FRAMES, noise=0.02, refused=(*range(100, 110),))


@pytest.fixture(scope="module")
def stats(match: PlayedMatch) -> MatchStats:
    return measure_match(match.result, match.pitch, match.identities)


def test_distances_are_those_of_the_truth(match: PlayedMatch, stats: MatchStats) -> None:
    true = np.hypot(*np.gradient(match.xy, axis=0).transpose(2, 0, 1))
    measured, wanted = 0.0, 0.0
    for number, person in enumerate(stats.persons):
        frames = stats.table.frame[stats.table.of(number)]
        if len(frames) > 4 * RATE:
            walked = float(true[frames, person.track_ids[0] - 1].sum())
            found = stats.figures(number).distance
            assert abs(found - walked) < 0.08 * walked + 1, person
            measured, wanted = measured + found, wanted + walked
    assert wanted > 200
    assert abs(measured / wanted - 1) < 0.03


def test_places_are_those_of_the_truth(match: PlayedMatch, stats: MatchStats) -> None:
    who = np.array([person.track_ids[0] - 1 for person in stats.persons])[stats.table.person]
    off = np.hypot(*(stats.table.xy - match.xy[stats.table.frame, who]).T)
    assert np.median(off) < 0.15
    assert not stats.table.seen[(stats.table.frame >= 100) & (stats.table.frame < 110)].any()  # refused, bridged


def test_what_adds_up_adds_up(stats: MatchStats) -> None:
    players, teams = player_rows(stats), team_rows(stats)
    for row in players + teams:
        assert sum(row[f"m_{band}"] for band in stats.settings.band_names) == pytest.approx(row["distance_m"], abs=0.4)
        assert sum(row[f"s_{band}"] for band in stats.settings.band_names) == pytest.approx(
            60 * row["minutes"], abs=0.2
        )
        assert row["mean_kmh"] <= row["top_kmh"] < 45
    for team in teams:
        own = [row for row in players if row["team"] == team["team"]]
        assert sum(row["distance_m"] for row in own) == pytest.approx(team["distance_m"], abs=1)
        assert max(row["top_kmh"] for row in own) == team["top_kmh"]
    minutes = minute_rows(stats)
    assert {row["minute"] for row in minutes} == {1}
    assert sum(row["distance_m"] for row in minutes if row["player"]) == pytest.approx(
        sum(row["distance_m"] for row in players), abs=2
    )


def test_goalkeepers_get_the_team_of_their_goal(stats: MatchStats) -> None:
    keepers = {person.track_ids[0]: person.team for person in stats.persons if person.role == "goalkeeper"}
    assert keepers.items() <= {21: "A", 22: "B"}.items()
    assert keepers
    assert stats.cast.sides[0].sides == {"A": "left", "B": "right"}


def movement(speed: np.ndarray) -> Movement:
    """One person who runs along x at these speeds in m/s."""
    x = np.cumsum(speed) / RATE
    zeros = np.zeros(len(speed), np.int64)
    return Movement(
        zeros, np.arange(len(speed)), np.column_stack([x, 0 * x]), np.column_stack([speed, 0 * x]), zeros,
        np.ones(len(speed), bool), 1 / RATE,
    )  # fmt: skip


def test_bands_and_sprints() -> None:
    speed = np.concatenate([np.full(50, 1.0), np.full(50, 8.0), np.full(50, 3.0), np.full(20, 8.0), np.full(5, np.nan)])
    table = movement(speed)
    figures = add_up(table, find_steps(table, StatsSettings()), table.of(0), 5)
    assert figures.sprints == 1  # the second is shorter than a second
    assert figures.sprint_distance == pytest.approx(16.0)
    assert figures.band_seconds == pytest.approx((2.0, 2.0, 0.0, 0.0, 2.8))
    assert figures.band_distance == pytest.approx((2.0, 6.0, 0.0, 0.0, 22.4))
    assert figures.top_speed == pytest.approx(8.0)
    assert figures.seconds == pytest.approx(6.8)
    quick = add_up(table, find_steps(table, StatsSettings(sprint_seconds=0.5, bands=(10.0,))), slice(None), 2)
    assert quick.sprints == 2
    assert quick.band_seconds == pytest.approx((2.0, 4.8))


def test_a_top_speed_is_held() -> None:
    speed = np.full(100, 2.0)
    speed[50] = 11.0
    table = movement(speed)
    assert add_up(table, find_steps(table, StatsSettings()), table.of(0), 5).top_speed == pytest.approx(2.0)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-30, 30)), min_size=4, max_size=12, unique=True))
def test_the_hull_is_scipys(points: list[tuple[float, float]]) -> None:
    xy = np.round(np.array(points), 2) + np.random.default_rng(0).normal(0, 0.5, (len(points), 2))
    assert hull_area(xy) == pytest.approx(ConvexHull(xy).volume, rel=1e-6, abs=1e-9)


def test_points_on_a_line_have_no_area() -> None:
    assert hull_area(np.column_stack([np.arange(5.0), 2 * np.arange(5.0)])) == 0
    assert hull_area(np.zeros((0, 2))) == 0


def test_shapes_are_those_of_the_players_in_view(match: PlayedMatch, stats: MatchStats) -> None:
    one = next(shape for shape in stats.shapes if shape.team == "A")
    field = match.xy[one.frame, :10][match.seen[one.frame, :10]]
    assert one.players == len(field)
    np.testing.assert_allclose([one.x, one.y], field.mean(axis=0), atol=0.3)
    np.testing.assert_allclose([one.depth, one.width], np.ptp(field, axis=0), atol=0.8)
    times = sorted({shape.frame for shape in stats.shapes})
    assert {frame % 25 for frame in times} == {0}


def test_tracks_of_one_number_are_one_player(match: PlayedMatch, stats: MatchStats) -> None:
    one, two, three = (person.track_ids[0] for person in stats.persons[:3])
    rows = [
        Identity(one, team="A", number="7"),
        Identity(two, team="A", number="7"),
        Identity(three, team="B", number="7"),
    ]
    joined = measure_match(match.result, match.pitch, Identities(rows), StatsSettings(by="number"))
    (seven,) = [person for person in joined.persons if person.label == "A 7"]
    assert seven.track_ids == (one, two)
    apart = measure_match(match.result, match.pitch, Identities(rows))
    assert sum(person.label == "A 7" for person in apart.persons) == 2
    table = joined.table
    pairs = table.person * 10_000 + table.frame
    assert len(np.unique(pairs)) == len(pairs)


def test_the_command_writes_what_is_asked_for(
    match: PlayedMatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["stats", match.result, "--pitch", match.pitch, "--identities", match.identities, "-o", tmp_path]
    assert main([*map(str, words), "--formats", "all"]) == 0
    names = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert names == {
        *(f"match.{name}.csv" for name in ("stats", "teams", "minutes", "shape", "possession", "positions")),
        "match.stats.json", "match.match.json", "match.tracking.jsonl", "match.json", "match_shape.png",
        *(f"match_pitch_{name}.png" for name in ("heat", "paths", "players", "formation")),
        *(f"match_pitch_{kind}_{team}.png" for kind in ("heat", "paths") for team in "AB"),
    }  # fmt: skip
    with (tmp_path / "match.stats.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    whole = json.loads((tmp_path / "match.stats.json").read_text(encoding="utf-8"))
    assert [row["player"] for row in rows] == [row["player"] for row in whole["players"]]
    assert whole["frames"] == {"ok": FRAMES - 10, "carried": 0, "refused": 10}
    printed = capsys.readouterr()
    assert rows[0]["player"] in printed.out
    assert "10 of 300 frames have no camera" in printed.err
    assert main([*map(str, words), "--formats", "all", "--quiet"]) == 0  # its own result may be replaced


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_printed_table_fits_the_terminal(stats: MatchStats, width: int) -> None:
    lines = report(stats, width).splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.startswith("A ") for line in lines) > 5


def test_every_second_frame_tells_the_same(match: PlayedMatch, stats: MatchStats, tmp_path: Path) -> None:
    lines = match.result.read_text(encoding="utf-8").splitlines(keepends=True)
    half = tmp_path / "half.txt"
    half.write_text("".join(line for line in lines if int(line.split(",")[0]) % 2), encoding="utf-8")
    found = measure_match(half, match.pitch, match.identities, StatsSettings(frame_rate=RATE))
    assert found.possession.step == pytest.approx(2 / RATE)
    whole, thin = (sum(one.figures(n).distance for n in range(len(one.persons))) for one in (stats, found))
    assert thin == pytest.approx(whole, rel=0.03)
    assert report(found, 100).startswith("half: 12 s")


def test_without_teams_and_ball_nothing_is_made_up(match: PlayedMatch, tmp_path: Path) -> None:
    lines = match.result.read_text(encoding="utf-8").splitlines(keepends=True)
    bare = tmp_path / "bare.txt"
    bare.write_text("".join(line for line in lines if line.split(",")[1] != "24"), encoding="utf-8")
    found = measure_match(bare, match.pitch)
    assert found.teams == []
    assert found.shapes == []
    assert found.possession.seconds("unknown") == pytest.approx(FRAMES / RATE)
    said = " ".join(found.warnings)
    assert "no ball" in said
    assert "no teams" in said
    assert "frame rate" in said


def test_files_that_do_not_belong_together_are_refused(match: PlayedMatch, tmp_path: Path) -> None:
    lines = match.pitch.read_text(encoding="utf-8").splitlines(keepends=True)
    short = tmp_path / "short.pitch.jsonl"
    short.write_text(lines[0], encoding="utf-8")
    with pytest.raises(SettingError, match="none of them has a camera"):
        measure_match(match.result, short)
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(SettingError, match=r"empty\.txt: has no tracks"):
        measure_match(empty, match.pitch)
    with pytest.raises(SourceError, match="is a folder; expected a result"):
        measure_match(tmp_path, match.pitch)
    small = tmp_path / "small.pitch.jsonl"
    small.write_text(lines[0].replace("1280", "640") + "".join(lines[1:]), encoding="utf-8")
    with pytest.raises(SettingError, match="1280x720"):
        measure_match(match.result, small)
    lonely = tmp_path / "lonely.identities.csv"
    write_identities(lonely, Identities([Identity(1, team="A")]))
    words = [
        "stats",
        match.result,
        "--pitch",
        match.pitch,
        "--identities",
        lonely,
        "-o",
        tmp_path,
        "--formats",
        "kloppy",
    ]
    assert main([*map(str, words), "--quiet"]) == 2


def test_progress_is_told(match: PlayedMatch) -> None:
    told: list[tuple[int, int | None]] = []
    measure_match(match.result, match.pitch, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert told[-1][0] > 1000


def test_bands_must_ascend() -> None:
    with pytest.raises(SettingError, match="ascending"):
        StatsSettings(bands=(15.0, 7.0))
