"""``sportstrack roster``: a result with people in place of tracks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from sportstrack import (
    Identities,
    Identity,
    MotTable,
    name_tracks,
    read_identities,
    read_mot,
    write_identities,
    write_mot,
)
from sportstrack.roster.command import main


@pytest.fixture
def run(tmp_path: Path) -> Path:
    frame = np.concatenate([np.arange(0, 40), np.arange(50, 100), np.arange(0, 100)])
    track = np.repeat([5, 3, 9], [40, 50, 100])
    box = np.tile([10.0, 10, 30, 60], (len(frame), 1)) + 100 * (track == 9)[:, None]
    ones = np.ones(len(frame))
    write_mot(tmp_path / "match.txt", MotTable(frame, track, box, ones, ones.astype(int), -ones))
    sure = {"team_confidence": 0.9, "number_confidence": 0.8}
    who = [
        Identity(5, team="A", number="10", **sure),
        Identity(3, team="A", number="10", **sure),
        Identity(9, team="B"),
    ]
    write_identities(tmp_path / "match.identities.csv", Identities(who))
    (tmp_path / "squads.csv").write_text("team,number,name\nReds,10,Ada\nBlues,4,Ben\n")
    return tmp_path


def test_command_writes_people_and_says_who_was_seen_when(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(run / "match.txt"), str(run / "squads.csv"), "-o", str(run / "named"), "--frame-rate", "10"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "3 tracks of people became 2 ids, 1 with a name\n" in out
    assert "0:00–0:04, 0:05–0:10" in out
    assert "never seen: Ben" in out
    assert "warning" not in err
    table = read_mot(run / "named/match.txt")
    assert np.unique(table.track_id).tolist() == [5, 9]
    assert np.count_nonzero(table.track_id == 5) == 90
    who = read_identities(run / "named/match.identities.csv")
    assert [(one.track_id, one.team, one.number, one.name) for one in who] == [
        (5, "Reds", "10", "Ada"),
        (9, "Blues", "", ""),
    ]
    rows = list(csv.DictReader((run / "named/match.seen.csv").read_text().splitlines()))
    assert [(row["name"], row["seconds"], row["tracks"]) for row in rows] == [
        ("Ada", "9.00", "2"),
        ("Ben", "0.00", "0"),
    ]


def test_json_has_the_times(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(run / "match.txt"), str(run / "squads.csv"), "-o", str(run / "named"), "--json", "--frame-rate", "10"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ids"] == {"before": 3, "after": 2, "named": 1, "cap": 2, "outsiders": 0}
    assert found["seen"][0]["spans"] == [[0.0, 4.0], [5.0, 10.0]]
    assert found["outputs"][1].endswith("match.identities.csv")


def test_an_unknown_rate_is_told(run: Path) -> None:
    assert "frame rate is not known" in name_tracks(run / "match.txt", run / "squads.csv").warnings[0]


def test_tracks_of_which_nothing_is_known_are_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "match.identities.csv").unlink()
    assert main([str(run / "match.txt"), str(run / "squads.csv"), "-o", str(run / "named")]) == 2
    assert "nothing is known of its tracks: no match.identities.csv beside it" in capsys.readouterr().err
    assert not (run / "named").exists()
