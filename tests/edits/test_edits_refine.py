"""Edits and refinement: no step undoes what a person has said, and what follows from it is mended too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack import MotTable, read_mot, write_mot
from sportstrack.edits import (
    Confirm,
    Describe,
    Edit,
    EditSession,
    Merge,
    Move,
    Swap,
    propagate,
    with_boxes,
    write_edits,
)
from sportstrack.edits.apply import anchors
from sportstrack.identities import read_identities
from sportstrack.refine import Scene, TrackTable
from sportstrack.refine.command import main

SIZE = ["--size", "1280x720", "--frame-rate", "25", "--quiet"]
WITHOUT_TRUST = ["--set", "trust=0"]  # in what the tracker bridged


def box(x: float, y: float) -> tuple[float, float, float, float]:
    return (x, y, x + 30.0, y + 60.0)


def crossed() -> TrackTable:
    """Players 1 and 2 meet, are hidden for half a second, and have each other's id afterwards; others stand still."""
    rows: list[tuple[int, int, Any]] = []
    for frame in range(100):
        if frame < 44 or frame > 56:
            ids = (2, 1) if frame > 50 else (1, 2)
            rows.append((frame, ids[0], box(300.0 + 4.0 * frame, 300.0)))
            rows.append((frame, ids[1], box(700.0 - 4.0 * frame, 360.0)))
        rows += [(frame, 10 + i, box(200.0 * i + 100.0, 600.0)) for i in range(4)]
    return TrackTable.of(*([row[i] for row in rows] for i in range(3)))


def written(folder: Path, table: TrackTable, operations: list[Any]) -> tuple[Path, Path]:
    session, edits = EditSession(table), []
    for operation in operations:
        edits.append(Edit(with_boxes(session, operation)))
        session.apply(edits[-1])
    result, file = folder / "match.txt", folder / "match.edits.jsonl"
    write_mot(result, table)
    write_edits(file, edits)
    return result, file


def refined(folder: Path, *options: str) -> MotTable:
    assert main([str(folder / "match.txt"), "-o", str(folder / "out" / "match.txt"), *SIZE, *options]) == 0
    return read_mot(folder / "out" / "match.txt")


def left_edges(table: MotTable, track: int) -> dict[int, float]:
    mine = table.track_id == track
    return dict(zip(table.frame[mine].tolist(), table.xyxy[mine, 0].tolist(), strict=True))


def test_edits_alone_are_applied_and_nothing_else(tmp_path: Path) -> None:
    _, edits = written(tmp_path, crossed(), [Swap(1, 2, 57)])
    table = refined(tmp_path, "--edits", str(edits), "--steps", "none")
    assert left_edges(table, 1)[90] == pytest.approx(300.0 + 4.0 * 90)
    assert len(table) == len(crossed())


def test_no_step_undoes_a_confirmed_identity(tmp_path: Path) -> None:
    """Linking would give the players back the ids that fit their ways; a person says that they changed places."""
    plain = written(tmp_path, crossed(), [])[0]
    assert left_edges(refined(plain.parent, *WITHOUT_TRUST), 1)[90] == pytest.approx(660.0, abs=2.0)
    _, edits = written(tmp_path, crossed(), [Confirm((1, 2))])
    kept = refined(tmp_path, "--edits", str(edits), "--overwrite", *WITHOUT_TRUST)
    assert left_edges(kept, 1)[90] == pytest.approx(700.0 - 360.0, abs=2.0)


def test_boxes_that_a_person_drew_stay_where_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = crossed()
    shaken = TrackTable.of(table.frame, table.track_id, table.xyxy + rng.normal(0.0, 2.0, table.xyxy.shape))
    drawn = (111.0, 590.0, 151.0, 655.0)
    _, edits = written(tmp_path, shaken, [Move(10, 30, drawn)])
    out = refined(tmp_path, "--edits", str(edits))
    row = (out.track_id == 10) & (out.frame == 30)
    assert out.xyxy[row].tolist() == [pytest.approx(list(drawn))]
    assert left_edges(out, 10)[60] != pytest.approx(left_edges(out, 10)[61], abs=1e-9)


def test_short_tracks_that_a_person_confirmed_are_not_dropped(tmp_path: Path) -> None:
    table = crossed()
    short = TrackTable.of(
        np.concatenate((table.frame, [70, 71, 72])),
        np.concatenate((table.track_id, [50, 50, 50])),
        np.concatenate((table.xyxy, [box(1000.0, 200.0)] * 3)),
    )
    _, edits = written(tmp_path, short, [])
    assert not left_edges(refined(tmp_path), 50)
    _, edits = written(tmp_path, short, [Confirm((50,))])
    assert len(left_edges(refined(tmp_path, "--edits", str(edits), "--overwrite"), 50)) == 3


def test_identities_are_written_and_misfits_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, edits = written(tmp_path, crossed(), [Describe("number", 10, "7"), Merge(10, 11)])
    arguments = [str(tmp_path / "match.txt"), "-o", str(tmp_path / "out"), *SIZE[:4], "--edits", str(edits), "--json"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["edits"] == "2 edits: 1 applied, 1 refused"
    assert f"{edits}, line 2: refused: tracks 10 and 11 stand apart in frame 1" in said.err
    assert read_identities(tmp_path / "out" / "match.identities.csv").at(10, 5).number == "7"  # type: ignore[union-attr]


def test_edits_belong_to_one_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, edits = written(tmp_path, crossed(), [])
    other = tmp_path / "other.txt"
    other.write_bytes(result.read_bytes())
    assert main([str(result), str(other), "--edits", str(edits)]) == 2
    assert "--edits belongs to one result" in capsys.readouterr().err


def test_one_correction_mends_what_follows() -> None:
    """Three players leave a scrum with one another's ids; the first answer makes linking find the other two."""
    rows: list[tuple[int, int, Any]] = []
    for frame in range(100):
        for player, (x, y) in enumerate(((300.0, 200.0), (300.0, 300.0), (300.0, 400.0))):
            if frame < 40 or frame >= 52:
                track = player + 1 if frame < 50 else (player + 1) % 3 + 1
                rows.append((frame, track, box(x + 3.0 * frame, y)))
    table = TrackTable.of(*([row[i] for row in rows] for i in range(3)))
    scene = Scene.of(table, frame_rate=25.0, width=1280, height=720, frames=100)
    session = EditSession(table)
    session.apply(with_boxes(session, Swap(1, 2, 52)))  # player 1 goes on as itself
    said = anchors(session)
    for operation in propagate(session, scene):
        session.apply(operation, said=False)
    assert set(anchors(session).spans) <= set(said.spans)
    mended, _ = session.tracks()
    tops = {track: set(mended.xyxy[mended.track_id == track, 1].tolist()) for track in (1, 2, 3)}
    assert tops == {1: {200.0}, 2: {300.0}, 3: {400.0}}


def test_propagation_leaves_what_is_consistent_alone() -> None:
    table = crossed()
    scene = Scene.of(table, frame_rate=25.0, width=1280, height=720, frames=100)
    session = EditSession(table)
    session.apply(with_boxes(session, Confirm((1, 2))))
    before = session.tracks()[0].track_id
    assert propagate(session, scene) == ()
    assert (session.tracks()[0].track_id == before).all()
