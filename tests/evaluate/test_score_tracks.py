"""`score_tracks` on all the forms that truth and results come in, and the second opinion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench_files import RESULT, TRUTH

from sportstrack.errors import FormatError, SettingError
from sportstrack.mot import MotTable, parse_mot
from sportstrack.score.figures import FIGURES
from sportstrack.score.run import score_classes, score_tracks
from sportstrack.score.scores import Scores
from sportstrack.types import Tracks


def same(a: Scores, b: Scores) -> bool:
    return all(a[figure] == b[figure] for figure in FIGURES)


def test_every_kind_of_source_gives_the_same_scores(bench: Path) -> None:
    import pandas as pd

    truth, result = bench / "truth" / "one" / "gt" / "gt.txt", bench / "mine" / "one.txt"
    files = score_tracks(truth, result)
    assert files.frames == 12  # seqinfo.ini lies beside
    assert 0.5 < files.HOTA < 1
    rows = np.array([[float(cell) for cell in line.split(",")] for line in RESULT.splitlines()])
    names = ("frame", "id", "left", "top", "width", "height", "score", "class", "visibility", "unused")
    frame = pd.DataFrame(rows, columns=names)
    for table in (parse_mot(RESULT), rows, rows.tolist(), frame, frame[list(names[:6])]):
        assert same(score_tracks(truth, table), files)
        assert same(score_tracks(parse_mot(TRUTH), table, frames=12), files)
    assert same(score_tracks(bench / "truth" / "one", result), files)
    assert same(score_tracks(str(truth), str(result)), files)


def test_tracks_of_a_tracker_can_be_scored() -> None:
    one = np.ones(1, np.int64)
    tracks = [Tracks(np.array([[f, 0.0, f + 9, 9]]), np.ones(1), one, one, one) for f in range(3)]
    assert pytest.approx(1) == score_tracks(tracks, tracks).HOTA
    assert score_tracks(tracks, [*tracks[:2], Tracks.empty()]).FN == 1


def test_folders_are_pooled(bench: Path) -> None:
    scores = score_tracks(bench / "truth", bench / "mine")
    assert (scores.sequences, [part.name for part in scores.parts]) == (2, ["one", "two"])
    single = scores.parts[0]
    assert scores.IDSW == 2 * single.IDSW == 6
    assert pytest.approx(single.HOTA) == scores.HOTA
    assert same(score_tracks(bench / "truth", bench / "mine", processes=2), scores)


def test_scores_print_and_convert(bench: Path) -> None:
    scores = score_tracks(bench / "truth", bench / "mine")
    table = str(scores).splitlines()
    assert table[0].split()[:3] == ["sequence", "HOTA", "DetA"]
    assert [line.split()[0] for line in table[2:]] == ["one", "two", "COMBINED"]
    frame = scores.to_pandas()
    assert list(frame.index) == ["one", "two", "COMBINED"]
    assert frame.loc["COMBINED", "HOTA"] == scores.HOTA
    assert frame.loc["one", "IDSW"] == 3
    assert "HOTA=" in repr(scores)
    assert scores["HOTA(0)"] == scores.curve("HOTA")[0]
    with pytest.raises(SettingError, match="did you mean 'MOTA'"):
        scores["MTOA"]
    with pytest.raises(SettingError, match="has no curve"):
        scores.curve("MOTA")
    with pytest.raises(SettingError, match="at least one"):
        Scores.pool([])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (np.array([[1, 1, 0, 0, 5, 5], [1, 1, 9, 0, 5, 5]]), "row 1: this id stands a second time"),
        (np.array([[1, 1, 0, 0, -5, 5]]), "row 0: width and height"),
        (np.array([[20, 1, 0, 0, 5, 5]]), "beyond the sequence's 10 frames"),
        (np.zeros((3, 4)), r"expected shape \(N, 6 to 10\), got \(3, 4\)"),
    ],
)
def test_bad_tables_are_refused(table: np.ndarray, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        score_tracks(parse_mot(TRUTH), table, frames=10)


def test_tables_made_by_hand_are_checked_too() -> None:
    twice = parse_mot(TRUTH)[[0, 0]]
    with pytest.raises(FormatError, match="second time"):
        score_tracks(parse_mot(TRUTH), twice)
    import pandas as pd

    with pytest.raises(FormatError, match="no column width, height"):
        score_tracks(parse_mot(TRUTH), pd.DataFrame({"frame": [1], "id": [1], "x": [0], "y": [0]}))


def test_a_tracker_s_output_is_no_ground_truth() -> None:
    with pytest.raises(FormatError, match=r"consider flag \(column 7\) is 0.9"):
        score_tracks(parse_mot(RESULT), parse_mot(RESULT))


def test_classes() -> None:
    truth = "1,1,0,0,9,9,1,1\n1,2,50,0,9,9,1,2\n1,3,90,0,9,9,1,2\n"
    result = "1,1,0,0,9,9,1,1\n1,2,50,0,9,9,1,2\n1,3,90,0,9,9,1,1\n"
    classes = score_classes(parse_mot(truth), parse_mot(result), {1: "player", 2: "ball"})
    assert (classes["player"].FP, classes["player"].FN) == (1, 0)
    assert (classes["ball"].FP, classes["ball"].FN) == (0, 1)
    assert list(score_classes(parse_mot(truth), parse_mot(result))) == ["1", "2"]
    with pytest.raises(FormatError, match="result has no classes"):
        score_classes(parse_mot(truth), parse_mot(RESULT))


def test_a_second_opinion_agrees_where_the_tools_define_a_number_the_same_way(bench: Path) -> None:
    from sportstrack.evaluate.second_opinion import score_with_motmetrics
    from sportstrack.score.run import find_jobs

    jobs = find_jobs(bench / "truth", bench / "mine")
    rows = dict(score_with_motmetrics(jobs))
    scores = score_tracks(bench / "truth", bench / "mine")
    for name, ours in zip(("one", "two", "COMBINED"), scores.rows(), strict=True):
        for figure in (
            "MOTA",
            "MOTP",
            "IDF1",
            "IDP",
            "IDR",
            "CLR_Re",
            "CLR_Pr",
            "IDSW",
            "CLR_FP",
            "CLR_FN",
            "MT",
            "ML",
        ):
            assert rows[name][figure] == pytest.approx(ours[figure], abs=1e-9), (name, figure)


def test_the_second_opinion_on_real_sequences(shared_data: Path) -> None:
    from sportstrack.evaluate.second_opinion import score_with_motmetrics
    from sportstrack.score.run import find_jobs

    folder = shared_data / "trackeval-oracle"
    jobs = find_jobs(folder / "gt", folder / "tracker", benchmark="MOT17")
    assert len(jobs) == 3
    theirs = dict(score_with_motmetrics(jobs))["COMBINED"]
    ours = Scores.pool(job.scores() for job in jobs)
    for figure in ("IDF1", "IDP", "IDR"):
        assert theirs[figure] == pytest.approx(ours[figure], abs=1e-9)
    # What depends on which tracks are matched in a crowd differs a little: see the module's first lines.
    for figure, share in {
        "CLR_FN": 0.02,
        "CLR_FP": 0.02,
        "IDSW": 0.1,
        "Frag": 0.1,
        "MOTA": 0.005,
        "MOTP": 0.005,
    }.items():
        assert theirs[figure] == pytest.approx(ours[figure], rel=share), figure


def test_the_known_difference_of_the_second_opinion() -> None:
    """A player is lost for two frames, then two boxes fit: motmetrics takes the old id, TrackEval the better box."""
    from sportstrack.evaluate.second_opinion import score_with_motmetrics
    from sportstrack.score.run import Job

    truth = "".join(f"{f},1,0,0,100,100\n{f},2,500,0,100,100\n" for f in range(1, 6))
    result = "".join(f"{f},2,500,0,100,100\n" for f in range(1, 6))
    result += "1,1,0,0,100,100\n4,1,10,0,100,100\n4,9,0,0,100,100\n5,1,10,0,100,100\n5,9,0,0,100,100\n"
    job = Job("gap", parse_mot(truth), parse_mot(result), 5)
    ((_, theirs),) = score_with_motmetrics([job])
    assert job.scores().IDSW == 1
    assert theirs["IDSW"] == 0
    assert theirs["CLR_FP"] == job.scores().FP
    # And a frame without any result box breaks a track for motmetrics alone.
    job = Job(
        "blank", parse_mot("".join(f"{f},1,0,0,9,9\n" for f in (1, 2, 3))), parse_mot("1,1,0,0,9,9\n3,1,0,0,9,9\n"), 3
    )
    ((_, theirs),) = score_with_motmetrics([job])
    assert (job.scores().Frag, theirs["Frag"]) == (0, 1)


def test_many_sequences_take_no_more_memory_than_one() -> None:
    import tracemalloc

    from sportstrack.score.run import Job, run_jobs

    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 1000, (20_000, 2))
    frame, track = np.divmod(np.arange(20_000), 20)
    rows = np.column_stack([frame + 1, track + 1, corner, np.full((20_000, 2), 40.0)])
    job = Job("same", rows, rows, 1000)

    def peak(count: int) -> int:
        tracemalloc.start()
        Scores.pool(run_jobs([job] * count))
        return [tracemalloc.get_traced_memory()[1], tracemalloc.stop()][0]

    peak(1)
    assert peak(12) < 1.2 * peak(1)


def test_empty_table_of_tracks() -> None:
    assert len(MotTable.from_tracks([Tracks.empty()] * 3)) == 0
