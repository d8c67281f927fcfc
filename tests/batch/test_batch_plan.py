"""Plans: every form says the same, and what is wrong is said with its place before anything starts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sportstrack.batch.lists import read_entries
from sportstrack.batch.phases import DETECT, TRACK, phase_key
from sportstrack.batch.plan import PlannedVideo, read_plan
from sportstrack.errors import SportstrackError
from sportstrack.track.settings import TrackSettings


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """Files with the names of videos; a plan does not open them."""
    for number, name in enumerate(("a.mp4", "b.mkv", "other/a.mp4", "notes.txt", "c.npz"), 1):
        path = tmp_path / "season" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    (tmp_path / "season" / "roster.csv").write_text("team,number,name\nhome,1,Ada\n")
    return tmp_path / "season"


def summary(videos: list[PlannedVideo]) -> list[tuple[str, str, str]]:
    return [(one.name, Path(one.source).name, one.settings.tracker) for one in videos]


def test_a_folder_a_pattern_a_list_and_files_name_the_same_videos(season: Path) -> None:
    wanted = [("a", "a.mp4", "sports"), ("b", "b.mkv", "sports")]
    (season / "list.txt").write_text("# the season\na.mp4\n\nb.mkv   # the second\n")
    (season / "list.yaml").write_text("- a.mp4\n- b.mkv\n")
    (season / "list.csv").write_text("source\na.mp4\nb.mkv\n")
    for plan in (season, season / "*.m[pk][4v]", season / "list.txt", season / "list.yaml", season / "list.csv"):
        assert summary(read_plan(plan)) == wanted, plan
    assert summary(read_plan([season / "a.mp4", str(season / "b.mkv")])) == wanted
    assert [one.size for one in read_plan(season)] == [1, 2]


def test_a_videos_own_settings_win_over_those_given_for_all_and_these_over_the_plans(season: Path) -> None:
    content = {
        "settings": {"tracker": "ocsort", "imgsz": 960, "formats": "mot,csv"},
        "videos": ["a.mp4", {"source": "b.mkv", "name": "final", "tracker": "sort", "roster": "roster.csv"}],
    }
    (season / "plan.yaml").write_text(yaml.safe_dump(content))
    first, second = read_plan(season / "plan.yaml", {"tracker": "bytetrack"})
    assert (first.name, first.settings.tracker, first.settings.imgsz) == ("a", "bytetrack", 960)
    assert (second.name, second.settings.tracker) == ("final", "sort")
    assert list(second.settings.formats) == ["mot", "csv"]
    assert second.settings.roster == str(season / "roster.csv")  # beside the plan
    assert read_plan(season / "plan.yaml", TrackSettings(imgsz=640))[0].settings.imgsz == 640


def test_a_table_has_a_column_for_each_setting(season: Path) -> None:
    rows = [["source", "name", "imgsz", "offline", "classes", "size"], ["a.mp4", "x", "640", "true", "player,3", ""]]
    with (season / "plan.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    (video,) = read_plan(season / "plan.csv")
    found = video.settings
    assert (video.name, found.imgsz, found.offline, list(found.classes or ())) == ("x", 640, True, ["player", 3])


def test_videos_of_one_name_get_different_ones_and_recordings_need_no_detection(season: Path) -> None:
    videos = read_plan([season / "a.mp4", season / "other" / "a.mp4", season / "c.npz"])
    assert [one.name for one in videos] == ["season_a", "other_a", "c"]
    assert [one.is_recorded for one in videos] == [False, False, True]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.yaml", "videos: [a.mp4, {source: gone.mp4}]", "p.yaml, video 2 (gone.mp4)|no such file"),
        ("p.yaml", "videos: [{source: a.mp4, trakcer: sort}]", "video 1|'trakcer'|did you mean 'tracker'"),
        ("p.yaml", "videos: [{source: a.mp4, imgsz: large}]", "video 1|imgsz|whole number"),
        ("p.yaml", "settings: {imgsz: 7}\nvideos: [a.mp4]", "p.yaml, settings|imgsz"),
        ("p.yaml", "movies: [a.mp4]", "expected a list of videos"),
        ("p.yaml", "videos: [a.mp4]\nsetings: {}", "did you mean 'settings'"),
        ("p.yaml", "videos: [{name: x}]", "video 1|names no source"),
        ("p.yaml", "videos: []", "names no video"),
        ("p.yaml", "videos: [", "line"),
        ("p.yaml", "videos: [{source: a.mp4, name: x}, {source: b.mkv, name: X}]", "called X"),
        ("p.yaml", "videos: [{source: a.mp4, live: true}]", "live is for one source"),
        ("p.yaml", "videos: ['rtsp://camera/1']", "live sources"),
        ("p.yaml", "videos: [{source: a.mp4, tracker: 'mine:Track'}]", "tracker|--trust"),
        ("p.yaml", "settings: {detector: 'mine:find'}\nvideos: [a.mp4]", "detector|--trust"),
        ("p.yaml", "videos: [{source: a.mp4, team_colours: new.json}]", "team_colours|one video"),
        ("p.yaml", "videos: [{source: ., name: x}]", "names 2 videos"),
        ("p.csv", "file,imgsz\na.mp4,640\n", "p.csv, line 1|source"),
        ("p.csv", "source,imgsz\na.mp4,640\nb.mkv,big\n", "p.csv, line 3|imgsz"),
        ("p.txt", "a.mp4\ngone.mp4\n", "p.txt, line 2|no such file"),
        ("p.txt", "*.avi\n", "no file has such a name"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(name: str, text: str, words: str, season: Path) -> None:
    (season / name).write_text(text)
    with pytest.raises(SportstrackError) as caught:
        read_plan(season / name)
    for word in words.split("|"):
        assert word in str(caught.value)


def test_truth_belongs_to_videos_by_name_and_needs_text_to_score(season: Path) -> None:
    (season / "truth").mkdir()
    (season / "truth" / "b.txt").write_text("1,1,1,1,5,5,1\n")
    videos = read_plan(season, truth=season / "truth")
    assert [one.truth for one in videos] == [None, str(season / "truth" / "b.txt")]
    with pytest.raises(SportstrackError, match="add mot to the formats"):
        read_plan(season, {"formats": ["csv"]}, truth=season / "truth")


@pytest.mark.parametrize(
    ("changed", "detects"),
    [
        ({"tracker": "bytetrack"}, False), ({"offline": True}, False), ({"formats": ["csv"]}, False),
        ({"tracker_settings": {"max_age": 3}}, False), ({"roster": "r.csv"}, True), ({"imgsz": 640}, True),
        ({"every": 2}, True), ({"embedder": "none"}, True), ({"score": 0.3}, True), ({"draw": ["box"]}, False),
        ({"refine_settings": {"fill_gap": 2}}, False),
    ],
)  # fmt: skip
def test_what_concerns_the_tracker_alone_leaves_the_recording(changed: dict[str, object], detects: bool) -> None:
    before = PlannedVideo("a", "a.mp4", TrackSettings())
    after = PlannedVideo("a", "a.mp4", TrackSettings(**changed))  # type: ignore[arg-type]
    assert (phase_key(before, DETECT) != phase_key(after, DETECT)) == detects
    assert phase_key(before, TRACK) != phase_key(after, TRACK) or detects


def test_weights_of_one_name_in_two_folders_are_two() -> None:
    one, other = (PlannedVideo("a", "a.mp4", TrackSettings(weights=f"/{place}/best.pt")) for place in ("x", "y"))
    assert phase_key(one, DETECT) != phase_key(other, DETECT)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="#"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(names=st.lists(WORDS.map(lambda word: f"v{word}"), min_size=1, max_size=5))
def test_any_names_come_back_from_every_form(names: list[str], tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({"videos": names}, allow_unicode=True), encoding="utf-8")
    (tmp_path / "p.txt").write_text("\n".join(names), encoding="utf-8")
    with (tmp_path / "p.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["source"], *([name] for name in names)])
    for form in ("p.yaml", "p.txt", "p.csv"):
        assert [one.values["source"] for one in read_entries(tmp_path / form).entries] == names


def test_a_folder_without_videos_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in ("empty", "missing"):
        with pytest.raises(SportstrackError) as told:
            read_plan(str(tmp_path / place))
        assert str(told.value).count(place) == 1
