"""Classes in MOT text: written from 1, chosen by number or by the name that lies beside a result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trackeval_oracle
from bench_files import TRUTH

from sportstrack.classes import names_beside, of_classes
from sportstrack.errors import FormatError, SettingError
from sportstrack.evaluate.command import main as evaluate
from sportstrack.mot import read_mot
from sportstrack.presence.command import main as presence
from sportstrack.recording import RecordingInfo, RecordingWriter
from sportstrack.refine.command import main as refine
from sportstrack.score.run import score_tracks


def row(frame: int, track: int, kind: int, left: float, size: int = 40) -> str:
    return f"{frame},{track},{left},50,{size},90,0.9,{kind},-1,-1\n"


def result_of(kinds: tuple[int, int, int]) -> str:
    """Two players and a third thing, in ten frames."""
    return "".join(row(f, i + 1, kind, 100 * i + f) for f in range(1, 11) for i, kind in enumerate(kinds))


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "match.txt"
    path.write_text(result_of((1, 1, 33)))
    return path


def name_them(result: Path) -> None:
    names = {"0": "person", "32": "sports ball"}
    result.with_suffix(".summary.json").write_text(json.dumps({"names": names}), encoding="utf-8")


def test_names_come_from_the_summary_or_the_recording(result: Path) -> None:
    assert names_beside(result) == {}
    RecordingWriter(result.with_suffix(".npz"), RecordingInfo("match", 640, 360, 25.0, {0: "player"})).close()
    assert names_beside(result) == {0: "player"}
    name_them(result)
    assert names_beside(result) == {0: "person", 32: "sports ball"}
    result.with_suffix(".summary.json").write_text("{broken", encoding="utf-8")
    assert names_beside(result) == {0: "player"}


def test_classes_are_chosen_by_number_and_by_name(result: Path) -> None:
    table = read_mot(result)
    assert set(of_classes(table, (33,), result).track_id.tolist()) == {3}
    assert len(of_classes(table, None, result)) == len(of_classes(table, ("all",), result)) == 30
    with pytest.raises(SettingError, match=r"no class 'ball' in it; no names are known.*\(column 8 has: 1, 33\)"):
        of_classes(table, ("ball",), result)
    name_them(result)
    assert set(of_classes(table, ("Sports Ball",), result).track_id.tolist()) == {3}
    with pytest.raises(SettingError, match=r"sports ball.*\(column 8 has: 1 person, 33 sports ball\)"):
        of_classes(table, ("sport ball",), result)
    with pytest.raises(SettingError, match="no class '7'"):
        of_classes(table, (7,), result)


def test_a_text_without_classes_says_so(result: Path) -> None:
    result.write_text(result_of((-1, -1, -1)))
    with pytest.raises(FormatError, match="has no classes"):
        of_classes(read_mot(result), (1,), result)


def test_trackeval_scores_players_alike_with_and_without_their_class(tmp_path: Path) -> None:
    """TrackEval's own reader of MOTChallenge takes column 8: 1 is a pedestrian, others stop it."""

    def theirs(name: str, kinds: tuple[int, int, int], preprocess: bool) -> trackeval_oracle.Result:
        return trackeval_oracle.of_files(tmp_path / name, TRUTH, result_of(kinds), 12, "MOT17", preprocess)

    for preprocess in (True, False):
        plain, classed = (
            theirs(f"a{preprocess}", (-1, -1, -1), preprocess),
            theirs(f"b{preprocess}", (1, 1, 1), preprocess),
        )
        ours = score_tracks(
            tmp_path / f"b{preprocess}/gt/seq/gt/gt.txt",
            tmp_path / f"b{preprocess}/trackers/one/data/seq.txt",
            frames=12,
            benchmark="MOT17" if preprocess else None,
        )
        for expected in (plain, classed):
            assert trackeval_oracle.worst(ours, expected)[1] < 1e-9
    with pytest.raises(Exception, match=r"Non pedestrian class \(33\) found"):
        theirs("c", (1, 1, 33), False)


def test_evaluate_scores_all_boxes_alike_unless_classes_are_chosen(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, words = tmp_path / "gt.txt", ["--format", "json"]
    rows = "".join(row(f, i, 1, 100 * i + f) for f in range(1, 11) for i in range(2)).replace(",0.9,", ",1,")
    truth.write_text(rows)

    def figures(*more: str) -> tuple[int, int, str]:
        assert evaluate(["--truth", str(truth), "--results", str(result), *words, *more]) == 0
        out = capsys.readouterr()
        scores = json.loads(out.out)["match"]["sequences"][-1]
        return scores["CLR_FP"], scores["CLR_FN"], out.err

    name_them(result)
    false, missed, said = figures()
    assert (false, missed) == (10, 0)
    assert "the truth of gt has no class 33 sports ball: all boxes count alike; choose with --classes" in said
    assert figures("--classes", "person") == (0, 0, "")
    assert figures("--classes", "1") == (0, 0, "")
    truth.write_text(rows.replace(",1,1,-1,-1", ",1,-1,-1,-1"))  # a truth without classes stays whole
    assert figures("--classes", "1")[:2] == (0, 0)
    assert "has no classes; the result has 1 person, 33 sports ball" in figures()[2]
    result.write_text(result_of((-1, -1, -1)))
    assert figures() == (10, 0, "")
    assert score_tracks(truth, result).CLR_FP == 10


def test_presence_draws_a_class(result: Path, tmp_path: Path) -> None:
    import cv2

    name_them(result)
    result.write_text(result.read_text() + "11,3,205,50,40,150,0.9,33,-1,-1\n")
    assert presence([str(result), "-o", str(tmp_path / "all.png"), "--quiet"]) == 0
    assert presence([str(result), "--classes", "sports ball", "-o", str(tmp_path / "ball.png"), "--quiet"]) == 0
    ball = cv2.imread(str(tmp_path / "ball.png"))
    assert (ball[130, :150] == 40).all()
    assert (ball[130:, 225:] != 40).any()
    with pytest.raises(SystemExit):
        presence([str(result), "--classes"])


def test_refine_keeps_classes_and_never_links_across_them(tmp_path: Path) -> None:
    path, out = tmp_path / "match.txt", tmp_path / "out.txt"
    given = ["--size", "640x360", "--frame-rate", "25", "--quiet", "-o", str(out)]

    def refined(first: int, second: int, *more: str) -> list[tuple[int, int]]:
        gone = [row(f, 3, first, 100 + 3 * f) for f in range(1, 41)]
        back = [row(f, 8, second, 100 + 3 * f) for f in range(46, 81)]
        path.write_text("".join(gone + back))
        assert refine([str(path), *given, *more]) == 0
        table = read_mot(out)
        return sorted(set(zip(table.track_id.tolist(), table.class_id.tolist(), strict=True)))

    assert [kind for _, kind in refined(1, 1)] == [1]
    assert [kind for _, kind in refined(1, 4)] == [1, 4]
    assert [kind for _, kind in refined(1, 4, "--classes", "4")] == [4]
    assert [kind for _, kind in refined(-1, -1)] == [-1]
