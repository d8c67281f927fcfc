"""The command as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench_files import RESULT, TRUTH, sequence

from sportstrack.evaluate.command import main
from sportstrack.mot import parse_mot
from sportstrack.score.figures import FIGURES
from sportstrack.score.run import score_tracks
from sportstrack.score.scores import Scores


def run(bench: Path, *words: str, results: str = "mine", truth: str = "truth") -> int:
    return main(["--truth", str(bench / truth), "--results", str(bench / results), *words])


def scores_json(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


# --- where truth and results lie --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "data", "each"])
def test_result_layouts(bench: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        folder = bench / "other" / (name if place == "each" else place)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("tracks.txt" if place == "each" else f"{name}.txt")).write_text(RESULT)
    (bench / "other" / "pedestrian_summary.csv").write_text("HOTA\n")
    assert run(bench, "--format", "json", results="other") == 0
    assert list(scores_json(capsys)) == ["other"]


@pytest.mark.parametrize("layout", ["benchmark", "split", "flat", "sequence", "file"])
def test_truth_layouts(tmp_path: Path, layout: str) -> None:
    result = tmp_path / "mine" / "SNMOT-060.txt"
    result.parent.mkdir()
    result.write_text(RESULT)
    root = {"benchmark": "sports/dataset/train", "split": "train"}.get(layout, "x")
    folder = sequence(tmp_path / root, "SNMOT-060")
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "SNMOT-060.txt").write_text(TRUTH)
    truth = {
        "benchmark": tmp_path / "sports",
        "split": tmp_path / "train",
        "flat": tmp_path / "flat",
        "sequence": folder,
        "file": folder / "gt" / "gt.txt",
    }[layout]
    scores = score_tracks(truth, tmp_path / "mine")
    assert scores.name == "SNMOT-060"
    assert scores.IDSW == 3


def test_one_pair_of_files_belongs_together_whatever_the_names(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "gt.txt").write_text(TRUTH)
    assert run(bench, "--format", "json", truth="gt.txt", results="mine/two.txt") == 0
    assert scores_json(capsys)["two"]["sequences"][0]["IDSW"] == 3


def test_mot17_s_three_copies(tmp_path: Path) -> None:
    for detector in ("DPM", "FRCNN", "SDP"):
        sequence(tmp_path / "train", f"MOT17-02-{detector}")
    (tmp_path / "all").mkdir()
    for detector in ("DPM", "SDP"):
        (tmp_path / "all" / f"MOT17-02-{detector}.txt").write_text(RESULT)
    assert score_tracks(tmp_path / "train", tmp_path / "all").sequences == 2
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "MOT17-02.txt").write_text(RESULT)
    assert score_tracks(tmp_path / "train", tmp_path / "plain").sequences == 1


def test_extra_results_are_left_out_with_a_note(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "mine" / "demo.txt").write_text("no MOT text at all")
    assert run(bench, "--format", "json") == 0
    output = capsys.readouterr()
    assert output.err == "sportstrack evaluate: mine: left out: results without a truth, 1: demo\n"
    assert [row["name"] for row in json.loads(output.out)["mine"]["sequences"]] == ["one", "two", "COMBINED"]
    assert score_tracks(bench / "truth", bench / "mine").sequences == 2


@pytest.mark.parametrize("names", [["MATCH1"], ["MATCH1", "MATCH2"]])
@pytest.mark.parametrize("folder", ["gt", "truth", "data", "img1"])
def test_a_flat_truth_folder_may_have_any_name(tmp_path: Path, folder: str, names: list[str]) -> None:
    for name in names:
        for place, text in ((folder, TRUTH), ("results", RESULT)):
            (tmp_path / place).mkdir(exist_ok=True)
            (tmp_path / place / f"{name}.txt").write_text(text)
    scores = score_tracks(tmp_path / folder, tmp_path / "results")
    assert [part.name for part in scores.parts] == names
    assert score_tracks(tmp_path / folder / "MATCH1.txt", tmp_path / "results").name == "MATCH1"


def test_one_sequence_is_its_own_part(bench: Path) -> None:
    alone = score_tracks(bench / "truth" / "one", bench / "mine" / "one.txt")
    assert len(alone.parts) == len(alone.rows()) == 1
    assert alone.parts[0].AssA == alone.AssA
    assert [part.name for part in Scores.pool([alone, alone.renamed("b")]).parts] == ["one", "b"]


def test_missing_and_extra_sequences_are_named(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "mine" / "two.txt").rename(bench / "mine" / "three.txt")
    assert run(bench) == 2
    error = capsys.readouterr().err
    assert "without a result, 1: two" in error
    assert "without a truth, 1: three" in error
    assert "--allow-missing" in error
    assert run(bench, "--allow-missing", "--format", "json") == 0
    output = capsys.readouterr()
    assert "left out" in output.err
    assert [row["name"] for row in json.loads(output.out)["mine"]["sequences"]] == ["one"]


@pytest.mark.parametrize(
    ("truth", "results", "reason"),
    [
        ("nothing", "mine", "no such file or folder"),
        ("mine/..", "nothing", "no such file or folder"),
        ("empty", "mine", "no ground truth found"),
        ("truth", "empty", "no results for the sequences one, two"),
    ],
)
def test_what_is_not_there(
    bench: Path, truth: str, results: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench / "empty").mkdir()
    assert run(bench, truth=truth, results=results) == 2
    assert reason in capsys.readouterr().err


def test_a_broken_file_is_named_with_its_line(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "mine" / "two.txt").write_text("1,1,0,0,5,5\n13,1,0,0,5,5\n")
    assert run(bench) == 2
    assert "two.txt, line 2: the frame is beyond the sequence's 12 frames" in capsys.readouterr().err


def test_results_that_count_from_zero(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shifted = "".join(f"{int(row.split(',', 1)[0]) - 1},{row.split(',', 1)[1]}\n" for row in RESULT.splitlines())
    (bench / "zero.txt").write_text(shifted)
    assert run(bench, truth="truth/one", results="zero.txt") == 2
    assert "counts frames from 1" in capsys.readouterr().err
    assert run(bench, "--zero-based", "--format", "json", truth="truth/one", results="zero.txt") == 0
    assert scores_json(capsys)["zero"]["sequences"][0]["IDSW"] == 3


# --- output -----------------------------------------------------------------------------------------------------------


def test_json_holds_everything_from_zero_to_one(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench, "--format", "json") == 0
    rows = scores_json(capsys)["mine"]["sequences"]
    scores = score_tracks(bench / "truth", bench / "mine")
    assert [row["name"] for row in rows] == ["one", "two", "COMBINED"]
    assert {figure: rows[-1][figure] for figure in FIGURES} == scores.to_dict()
    assert rows[-1]["HOTA_curve"] == scores.curve("HOTA").tolist()


def test_csv_reads_back(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["tracker"], row["sequence"]) for row in rows] == [("mine", n) for n in ("one", "two", "COMBINED")]
    assert float(rows[-1]["MOTA"]) == score_tracks(bench / "truth", bench / "mine").MOTA


def test_tables_show_per_cent(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = score_tracks(bench / "truth", bench / "mine")
    for form, row in (
        ("table", "COMBINED  {:.2f}  {}"),
        ("markdown", "| COMBINED | {:.2f} | {} |"),
        ("latex", r"COMBINED & {:.2f} & {} \\"),
    ):
        assert run(bench, "--format", form, "--columns", "HOTA,IDSW") == 0
        lines = capsys.readouterr().out.splitlines()
        wanted = row.format(100 * scores.HOTA, scores.IDSW)
        assert any(" ".join(line.split()) == " ".join(wanted.split()) for line in lines), lines


def test_several_trackers_are_compared(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "perfect").mkdir()
    for name in ("one", "two"):
        (bench / "perfect" / f"{name}.txt").write_text(TRUTH)
    words = ["--truth", str(bench / "truth"), "--results", str(bench / "mine"), str(bench / "perfect")]
    assert main([*words, "--combined-only"]) == 0
    text = capsys.readouterr().out
    assert text.index("mine\n") < text.index("perfect\n") < text.index("comparison\n")
    assert text.splitlines()[-1].split()[:2] == ["perfect", "100.00"]
    # A folder that holds both says the same.
    (bench / "trackers").mkdir()
    for name in ("mine", "perfect"):
        (bench / name).rename(bench / "trackers" / name)
    assert run(bench, "--combined-only", results="trackers") == 0
    assert capsys.readouterr().out == text


def test_per_class_with_their_average(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = "1,1,0,0,9,9,1,1,1\n1,2,50,0,9,9,1,2,1\n"
    folder = sequence(bench / "classes", "one", truth)
    (bench / "own.txt").write_text("1,1,0,0,9,9,1,1,-1,-1\n")
    assert (
        run(
            bench,
            "--class-names",
            "1=player,2=ball",
            "--format",
            "json",
            truth=f"classes/{folder.name}",
            results="own.txt",
        )
        == 0
    )
    rows = {row["name"]: row for row in scores_json(capsys)["own"]["sequences"]}
    assert rows["player"]["HOTA"] == pytest.approx(1)
    assert rows["ball"]["HOTA"] == 0
    assert rows["class average"]["HOTA"] == pytest.approx(0.5)
    assert rows["class average"]["CLR_FN"] == 1


@pytest.mark.parametrize("empty", ["truth", "result", "both"])
def test_motmetrics_with_nothing_to_divide_by(tmp_path: Path, empty: str) -> None:
    pytest.importorskip("motmetrics")
    from sportstrack.evaluate.second_opinion import score_with_motmetrics
    from sportstrack.score.run import Job

    truth = parse_mot("" if empty in ("truth", "both") else TRUTH)
    result = parse_mot("" if empty in ("result", "both") else RESULT)
    job = Job("one", truth, result, 12)
    ((_, theirs),) = score_with_motmetrics([job])
    ours = job.scores()
    for figure in ("MOTA", "MOTP", "IDF1", "IDP", "IDR", "CLR_Re", "CLR_Pr", "CLR_FP", "CLR_FN", "IDSW"):
        assert theirs[figure] == pytest.approx(ours[figure]), figure


def test_motmetrics_as_backend(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench, "--backend", "motmetrics") == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert "HOTA" not in head
    assert [row.split()[0] for row in rows] == ["one", "two", "COMBINED"]


def test_plots_are_drawn(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "again").mkdir()
    for file in (bench / "mine").iterdir():
        (bench / "again" / file.name).write_text(RESULT)
    words = ["--truth", str(bench / "truth"), "--results", str(bench / "mine"), str(bench / "again")]
    assert main([*words, "--plots", "-o", str(bench / "out")]) == 0
    drawn = {file.name for file in (bench / "out").glob("[!.]*")}
    assert drawn == {
        "hota-curves-mine.png",
        "hota-curves-again.png",
        "sequences.png",
        "comparison.png",
        "comparison-hota.png",
        "comparison-detection-association.png",
    }
    assert all((bench / "out" / name).read_bytes().startswith(b"\x89PNG") for name in drawn)


def test_diagnosis_is_written(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench, "--diagnose", "-o", str(bench / "out")) == 0
    page = (bench / "out" / "diagnosis-mine.html").read_text(encoding="utf-8")
    assert "Identity switches: 6" in page
    found = json.loads((bench / "out" / "diagnosis-mine.json").read_text())
    assert [one["sequence"] for one in found] == ["one", "two"]
    assert [s["frame"] for s in found[0]["switches"]["list"]] == [6, 6, 6]


@pytest.mark.parametrize(
    "words", [["--columns", "HOTTA"], ["--workers", "0"], ["--class-names", "ball"], ["--format", "xml"]]
)
def test_bad_options_are_explained(bench: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(bench, *words)
    assert stop.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_import_and_help_are_light() -> None:
    code = (
        "import sys, sportstrack.evaluate.command as e\n"
        "try: e.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'ultralytics', 'cv2', 'scipy', 'matplotlib', 'pandas', 'motmetrics'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "--diagnose" in result.stdout
