"""Teams in a run: what is written, replays, refined runs, names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.kitted import Match, line_up, plain

import sportstrack
from sportstrack.errors import FormatError, SettingError
from sportstrack.identities import read_identities
from sportstrack.identities.names import parse_teams
from sportstrack.types import Detections, FloatArray

KITS, PLACES = line_up(plain("white"), plain("red", "white"), each=5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[FloatArray]]:
    """A folder of pictures of a painted match, and the boxes in each."""
    import cv2

    folder = tmp_path_factory.mktemp("film") / "match"
    folder.mkdir()
    boxes = []
    for number, image, _, found in Match(KITS, PLACES).frames(45):
        cv2.imwrite(str(folder / f"{number:06d}.png"), image[::2, ::2])
        boxes.append(found / 2)
    return folder, boxes


class Found:
    """A detector that knows where everybody is."""

    names = {0: "person"}

    def __init__(self, boxes: list[FloatArray]) -> None:
        self._boxes: Iterator[FloatArray] = iter(boxes)

    def __call__(self, frames: list[np.ndarray]) -> list[Detections]:
        return [Detections.from_arrays(next(self._boxes), np.full(len(PLACES), 0.9)) for _ in frames]


def tracked(film: tuple[Path, list[FloatArray]], output: Path, **more: object) -> sportstrack.Summary:
    asked = {"formats": ["csv", "jsonl"], "frame_rate": 10, "shots": False, "on_pitch": "off"} | more
    return sportstrack.track_video(film[0], output, detector=Found(film[1]), **asked)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(film: tuple[Path, list[FloatArray]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    folder = tmp_path_factory.mktemp("run")
    colours = folder / "colours.json"
    summary = tracked(film, folder, teams="away=red,home=white", save_detections=True, team_colours=str(colours))
    return folder, summary


def test_everybody_has_a_team_in_every_output(run: tuple[Path, sportstrack.Summary]) -> None:
    folder, summary = run
    table = read_identities(folder / "match.identities.csv")
    assert summary.identities is not None
    assert [one.team for one in table] == [one.team for one in summary.identities]
    assert sorted(one.team for one in table) == ["away"] * 5 + ["home"] * 5
    assert {one.role for one in table} == {"player"}
    last = json.loads((folder / "match.jsonl").read_text().splitlines()[-1])
    assert all(row["team"] == table.of(row["id"])[0].team for row in last["tracks"])
    head, first, *_, end = (folder / "match.csv").read_text().splitlines()
    assert head.endswith(",detection,team,role,number,name")
    assert first.endswith(",,,,")  # nothing is known in the first frame
    assert end.split(",")[-4:-2] in (["home", "player"], ["away", "player"])


def test_teams_are_found_for_detections_of_another_program_that_are_given_an_embedder(
    film: tuple[Path, list[FloatArray]], tmp_path: Path
) -> None:
    rows = [
        f"{frame},-1,{x1},{y1},{x2 - x1},{y2 - y1},0.9,-1,-1,-1"
        for frame, boxes in enumerate(film[1], 1)
        for x1, y1, x2, y2 in boxes.tolist()
    ]
    (tmp_path / "det.txt").write_text("\n".join(rows) + "\n")
    settings = {"detections": str(tmp_path / "det.txt"), "frame_rate": 10, "shots": False, "on_pitch": "off"}
    with_kits = sportstrack.track_video(film[0], tmp_path / "with", embedder="kit", **settings)
    without = sportstrack.track_video(film[0], tmp_path / "without", **settings)
    assert with_kits.identities is not None
    assert sorted(one.team for one in with_kits.identities) == ["A"] * 5 + ["B"] * 5
    assert without.identities is None or not any(one.team for one in without.identities)


def test_the_summary_says_who_wears_what_since_when(run: tuple[Path, sportstrack.Summary]) -> None:
    summary = run[1]
    assert {team["name"]: team["colours"].split()[0].strip(",") for team in summary.teams["teams"]} == {
        "home": "white",
        "away": "red",
    }
    assert 0 < summary.teams["settled"] < 1
    assert "home in white" in summary.as_text()
    assert "teams" in summary.stages_ms
    assert json.loads(json.dumps(summary.as_dict()))["identities"][0]["team"]


def test_teams_are_said_in_the_frame_in_which_they_are_known(run: tuple[Path, sportstrack.Summary]) -> None:
    folder, summary = run
    frames = [json.loads(line) for line in (folder / "match.jsonl").read_text().splitlines()]
    said = [f["time"] for f in frames if any(row.get("team") for row in f.get("tracks", ()))]
    assert round(min(said), 2) == summary.teams["settled"]


def test_a_replay_says_the_same(run: tuple[Path, sportstrack.Summary], tmp_path: Path) -> None:
    folder, _ = run
    sportstrack.track_video(folder / "match.npz", tmp_path, formats=["csv"], teams="away=red,home=white")
    for name in ("match.csv", "match.identities.csv"):
        assert (tmp_path / name).read_text() == (folder / name).read_text()


def test_detections_carry_team_evidence_once_the_teams_are_known(run: tuple[Path, sportstrack.Summary]) -> None:
    frames = list(sportstrack.Recording(run[0] / "match.npz"))
    first, last = frames[0].detections.team_evidence, frames[-1].detections.team_evidence
    assert first is not None
    assert last is not None
    assert not first.any()
    assert (np.sort(last, axis=1)[:, -1] > 0.5).mean() > 0.9
    assert set(last.argmax(axis=1)) == {0, 1}


def test_a_refined_run_knows_the_teams_from_the_first_frame_on(
    film: tuple[Path, list[FloatArray]], tmp_path: Path
) -> None:
    frames = list(
        sportstrack.track(film[0], detector=Found(film[1]), frame_rate=10, shots=False, on_pitch="off", offline=True)
    )
    assert frames[0].identities is not None
    assert {one.team for one in frames[0].identities.values()} == {"A", "B"}
    assert {row["team"] for row in frames[0].to_records()} == {"A", "B"}


def test_team_colours_keep_their_names(
    film: tuple[Path, list[FloatArray]], run: tuple[Path, sportstrack.Summary], tmp_path: Path
) -> None:
    colours = run[0] / "colours.json"
    before = colours.read_text()
    summary = tracked(film, tmp_path, team_colours=str(colours), formats=["mot"])
    assert {team["name"] for team in summary.teams["teams"]} == {"home", "away"}
    assert [one.team for one in summary.identities or ()] == [one.team for one in run[1].identities or ()]
    assert colours.read_text() == before


def test_off_and_without_an_embedder_nothing_is_looked_for(film: tuple[Path, list[FloatArray]], tmp_path: Path) -> None:
    for number, more in enumerate(({"teams": "off"}, {"quality": "fast"})):
        summary = tracked(film, tmp_path / str(number), **more)
        assert summary.identities is None
        assert not list((tmp_path / str(number)).glob("*.identities.csv"))
        assert "teams" not in summary.stages_ms


@pytest.mark.parametrize(
    "text",
    ["FC Home=white,away=light-blue", "FC Home=white away=light blue", " away = sky blue , FC Home=WHITE,"],
)
def test_teams_are_named_with_commas_or_spaces(text: str) -> None:
    assert parse_teams(text) == {"FC Home": "white", "away": "sky blue"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("home", "expected auto, off or NAME=COLOUR"),
        ("home=whit", "did you mean 'white'"),
        ("home=white,home=red", "given twice"),
        ("a=red,b=blue,c=white", "one or two teams"),
    ],
)
def test_a_wrong_name_of_a_team_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        sportstrack.TrackSettings(teams=text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected"),
        ('{"teams": [{"name": "A"}]}', "expected the colours of its shirt"),
        ('{"teams": [{"name": "A", "kit": {"shirt": {"whte": 1}}}]}', "did you mean 'white'"),
        ('{"teams": [{"name": "A", "kit": {"hat": {"white": 1}}}]}', "a kit has shirt"),
        ('{"teams": [{"name": "A", "kit": {"shirt": {"white": 2}}}]}', "a share from 0 to 1"),
    ],
)
def test_a_wrong_file_of_colours_is_refused(
    film: tuple[Path, list[FloatArray]], tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "colours.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=said):
        tracked(film, tmp_path / "out", team_colours=str(path))


def test_a_recording_without_kits_asks_for_its_video(tmp_path: Path) -> None:
    from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter

    writer = RecordingWriter(tmp_path / "plain.npz", RecordingInfo("plain", 64, 48, 25.0, {0: "person"}))
    writer.write(RecordedFrame(0, 0.0, Detections.from_arrays([[1, 1, 9, 9]])))
    writer.close()
    with pytest.raises(SettingError, match="name its video"):
        sportstrack.track_video(tmp_path / "plain.npz", teams="home=white,away=red")
    assert sportstrack.track_video(tmp_path / "plain.npz").identities is None
