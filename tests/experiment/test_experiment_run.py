"""A whole experiment at toy size: it runs, runs again only where something has changed, and goes on after a stop."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toy
from PIL import Image
from runners import runners

import sportstrack
from sportstrack import ExperimentResult, plan_experiment, run_experiment, score_tracks, write_mot
from sportstrack.cli import main
from sportstrack.errors import SettingError, SportstrackError
from sportstrack.experiment.code import code_digests
from sportstrack.experiment.stages import scoring

Finished = tuple[Path, Path, ExperimentResult]


def due(config: Path | dict, output: Path) -> dict[str, str]:
    """Stage → why it would run."""
    return {one.name: one.reason for one in plan_experiment(config, output) if one.runs}


def test_all_stages_run_and_their_scores_are_those_of_the_files(finished: Finished) -> None:
    _, output, result = finished
    assert result.ran[:5] == ("data", "audit", "train", "val", "detect")
    assert result.ran[-1] == "report"
    for name, folder in (("SORT", "SORT"), ("Sports <i>", next((output / "track").glob("Sports*")).name)):
        again = score_tracks(output / "data" / "test", output / "track" / folder)
        assert pytest.approx(again.HOTA, abs=1e-12) == result.scores[name].HOTA
        assert result.scores[name].GT_Dets == again.GT_Dets > 300
    sweep = result.comparisons[0]
    assert [row["name"] for row in sweep["rows"]] == ["baseline", "alpha 0.5", "alpha 0.8"]
    assert all(row["low"] <= row["gain"] <= row["high"] for row in sweep["rows"][1:])


def test_a_second_run_does_nothing(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    config, output, result = finished
    monkeypatch.setattr("sportstrack.experiment.run.carry_out", lambda *_, **__: pytest.fail("a stage ran"))
    again = run_experiment(config, output)
    assert again.ran == ()
    assert {name: one.HOTA for name, one in again.scores.items()} == {n: s.HOTA for n, s in result.scores.items()}


def test_only_what_has_changed_would_run(finished: Finished, tmp_path: Path) -> None:
    config, output, _ = finished
    text = config.read_text(encoding="utf-8")

    def changed(old: str, new: str) -> dict[str, str]:
        assert old in text
        other = tmp_path / "changed.yaml"
        other.write_text(text.replace(old, new), encoding="utf-8")
        return due(other, output)

    assert due(config, output) == {}
    assert list(changed("author: Ada", "author: Bob")) == ["report"]
    found = changed("[0.5, 0.8]", "[0.5, 0.8, 0.9]")
    assert set(found) == {
        "track comparison 1, alpha 0.9", "score comparison 1, alpha 0.9", "compare 1", "report",
    }  # fmt: skip
    found = changed("epochs: 1", "epochs: 2")
    assert found["train"] == "epochs: 1 -> 2"
    assert found["val"] == found["detect"] == "train runs again"
    assert not {"data", "audit"} & set(found)
    found = changed("tracker: sort}", "tracker: sort, set: {max_age: 9}}")
    assert set(found) == {"track SORT", "score SORT", "report"}
    assert "max_age" in found["track SORT"]


def test_a_changed_file_or_library_runs_its_stage_again(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, output, _ = finished
    copy = tmp_path / "out"
    shutil.copytree(output, copy)
    assert due(config, copy) == {}
    text = next((copy / "track" / "SORT").glob("*.txt"))
    text.write_text(text.read_text().partition("\n")[2])
    assert due(config, copy)["track SORT"] == "files of its result are missing or were changed"
    monkeypatch.setattr("sportstrack.experiment.stage.versions", lambda names: dict.fromkeys(names, "99"))
    assert due(config, output)["data"].endswith("-> 99")


def test_changed_code_runs_the_stages_that_use_it(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    from sportstrack.experiment import stage

    config, output, _ = finished
    digests = stage.code_digests

    def edited(modules: tuple[str, ...]) -> dict[str, str]:
        found = digests(modules)
        return found | dict.fromkeys(set(found) & {"sportstrack.trackers.sort"}, "another")

    monkeypatch.setattr(stage, "code_digests", edited)
    found = due(config, output)
    assert found["track SORT"] == "code has changed: sportstrack.trackers.sort"
    assert not {"data", "audit", "train", "val"} & set(found)


def test_all_modules_that_a_run_loads_count_as_its_code(tmp_path: Path) -> None:
    folder = given(tmp_path, 1)
    script = (
        "import sys, json\n"
        "from sportstrack import track_video\n"
        f"path = {str(folder / 'v_m0_c001' / 'det' / 'det.txt')!r}\n"
        f"settings = dict(detections=path, tracker='sort', formats=['mot'], size=(900, 500))\n"
        f"track_video(path, {str(tmp_path / 'out')!r}, **settings)\n"
        "print(json.dumps([name for name in sys.modules if name.partition('.')[0] in ('sportstrack', 'data_prep')]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    known = code_digests(["sportstrack.track.run", "sportstrack.trackers.sort"])
    loaded = {name for name in json.loads(done.stdout.splitlines()[-1]) if not name.startswith("sportstrack.cli")}
    assert len(loaded) > 100
    assert loaded - set(known) == {"sportstrack"}


def given(root: Path, clips: int = 3) -> Path:
    """Sequences with truth and detections, without pictures."""
    for seed in range(clips):
        found, truth = runners(seed, 6, 40)
        place = root / "set" / f"v_m{seed}_c001"
        (place / "gt").mkdir(parents=True)
        (place / "det").mkdir()
        write_mot(place / "gt" / "gt.txt", truth)
        lines = [
            f"{frame},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{score:.3f},-1,-1,-1\n"
            for frame, table in enumerate(found, 1)
            for (x1, y1, x2, y2), score in zip(table.xyxy.tolist(), table.score.tolist(), strict=True)
        ]
        (place / "det" / "det.txt").write_text("".join(lines))
        (place / "seqinfo.ini").write_text(
            f"[Sequence]\nname={place.name}\nseqLength=40\nframeRate=25\nimWidth=900\nimHeight=500\n"
        )
    return root / "set"


def small(folder: Path) -> dict:
    return {
        "data": {"sequences": str(folder), "detections": "det/det.txt"},
        "audit": "none",
        "trackers": ["sort"],
        "report": {"pdf": False},
    }


def test_given_detections_need_no_detector_and_no_pictures(tmp_path: Path) -> None:
    result = run_experiment(small(given(tmp_path)), tmp_path / "out")
    assert not {"data", "train", "val", "detect"} & set(result.ran)
    assert 0.3 < result.scores["sort"].HOTA < 1
    assert result.pdf is None
    page = result.report.read_text(encoding="utf-8")
    assert "Detections were given" in page


def test_the_gain_of_a_variant_is_that_of_its_scores(tmp_path: Path) -> None:
    config = small(given(tmp_path)) | {
        "trackers": {"ByteTrack": {"tracker": "bytetrack"}},
        "compare": [
            {
                "title": "memory",
                "baseline": {"tracker": "sort", "set": {"max_age": 1}},
                "variants": {"long": {"set": {"max_age": 60}}, "another": {"tracker": "bytetrack"}},
            }
        ],
    }
    result = run_experiment(config, tmp_path / "out")
    rows = {row["name"]: row for row in result.comparisons[0]["rows"]}
    gain = rows["long"]["figures"]["HOTA"] - rows["baseline"]["figures"]["HOTA"]
    assert rows["long"]["gain"] == pytest.approx(gain, abs=1e-12)
    assert rows["another"]["run"] == "ByteTrack"  # equal settings run once
    assert rows["another"]["figures"]["HOTA"] == pytest.approx(result.scores["ByteTrack"].HOTA)
    chosen = result.comparisons[0]["chosen"]
    best = max(range(3), key=lambda k: list(rows.values())[k]["figures"]["HOTA"])
    assert len(chosen["picked"]) == 3
    assert best in chosen["picked"]
    assert chosen["gain"] <= max(row.get("gain", 0) for row in rows.values()) + 0.05


def test_an_error_names_its_stage_and_the_finished_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = small(given(tmp_path)), tmp_path / "out"
    honest = scoring.score_and_diagnose

    def broken(*_: object) -> object:
        raise SettingError("gt.txt: is odd; mend it")

    monkeypatch.setattr(scoring, "score_and_diagnose", broken)
    with pytest.raises(SettingError, match=r"stage score sort: gt.txt: is odd; mend it .*run the same command again"):
        run_experiment(config, out)
    assert not (out / "score" / "sort").exists()
    monkeypatch.setattr(scoring, "score_and_diagnose", honest)
    result = run_experiment(config, out)
    assert "track sort" not in result.ran
    assert "score sort" in result.ran


def test_a_stopped_stage_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = small(given(tmp_path)), tmp_path / "out"
    from sportstrack.track import run as tracking

    honest, calls = tracking.track_video, []

    def stopping(source: object, *words: object, **more: object) -> object:
        calls.append(str(source))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(source, *words, **more)

    monkeypatch.setattr(tracking, "track_video", stopping)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(config, out)
    assert due(config, out)["track sort"] == "was stopped; it goes on"
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "track" / ".sort.part").glob("v_*.txt")}
    assert len(kept) == 2
    run_experiment(config, out)
    there = {path.name: path.stat().st_mtime_ns for path in (out / "track" / "sort").glob("v_*.txt")}
    assert len(there) == 3
    assert {name: there[name] for name in kept} == kept


def test_what_others_wrote_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "report").mkdir(parents=True)
    (out / "report" / "mine.txt").write_text("mine")
    with pytest.raises(SportstrackError, match="choose another place"):
        run_experiment(small(given(tmp_path)), out)
    assert (out / "report" / "mine.txt").read_text() == "mine"


def test_the_same_seed_gives_the_same_result(tmp_path: Path) -> None:
    config = small(given(tmp_path))
    first, second = (run_experiment(config, tmp_path / name) for name in ("a", "b"))
    assert {n: s.to_dict() for n, s in first.scores.items()} == {n: s.to_dict() for n, s in second.scores.items()}


def test_the_command_plans_runs_and_writes_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(json.dumps(small(given(tmp_path))))
    assert main(["experiment", "own.yaml", "-o", "out", "--dry-run"]) == 0
    assert "3 of 3 stages would run" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert main(["experiment", "own.yaml", "-o", "out"]) == 0
    shown = capsys.readouterr()
    assert "[1/3] track sort" in shown.err
    assert "sort " in shown.out
    assert main(["experiment", "own.yaml", "-o", "out"]) == 0
    assert "nothing had changed" in capsys.readouterr().out
    assert main(["experiment", "--init"]) == 0
    assert main(["experiment", "experiment.yaml", "--dry-run"]) == 0
    assert "36 of 36 stages would run" in capsys.readouterr().out
    assert main(["experiment", "--init"]) == 2
    assert main(["experiment"]) == 2
    assert "--init" in capsys.readouterr().err


def test_the_example_in_the_repository_is_the_one_that_is_written() -> None:
    root = Path(sportstrack.__file__).parents[1]
    text = (root / "sportstrack" / "experiment" / "example.yaml").read_text(encoding="utf-8")
    assert (root / "examples" / "experiment.yaml").read_text(encoding="utf-8") == text


def painted_sportsmot(root: Path) -> Path:
    """SportsMOT's layout with pictures of bright boxes: two clips to learn from, two to track."""
    clips = (("train", "v_a_c001"), ("train", "v_b_c001"), ("val", "v_c_c001"), ("val", "v_d_c001"))
    for start, (split, name) in enumerate(clips):
        place = root / "dataset" / split / name
        (place / "img1").mkdir(parents=True)
        (place / "gt").mkdir()
        rows = []
        for frame in range(6):
            Image.fromarray(toy.picture(frame + start)).save(place / "img1" / f"{frame + 1:06d}.jpg", quality=95)
            rows += [
                f"{frame + 1},{i},{x1:g},{y1:g},{x2 - x1:g},{y2 - y1:g},1,1,1\n"
                for i, (x1, y1, x2, y2) in enumerate(toy.truth(frame + start).tolist(), 1)
            ]
        (place / "gt" / "gt.txt").write_text("".join(rows))
        (place / "seqinfo.ini").write_text(
            f"[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength=6\nimWidth=160\nimHeight=120\nimExt=.jpg\n"
        )
    (root / "splits_txt").mkdir()
    for split in ("train", "val"):
        names = sorted(path.name for path in (root / "dataset" / split).iterdir())
        (root / "splits_txt" / f"{split}.txt").write_text("\n".join(names) + "\n")
    return root


def test_sportsmot_becomes_a_data_set_and_its_val_split_is_tracked(tmp_path: Path) -> None:
    config = {
        "data": {"sportsmot": str(painted_sportsmot(tmp_path / "SportsMOT")), "every": 2},
        "train": "none",
        "val": {"beside": ["toy:find"], "limit": 2},
        "detect": {"detector": "toy:find", "embedder": "none", "teams": "off", "on_pitch": "off"},
        "trackers": {"sort": {}, "with colours": {"tracker": "deepeiou", "embedder": "kit"}},
        "report": {"pdf": False},
    }
    with pytest.raises(SportstrackError, match="pass --trust"):
        plan_experiment(config, tmp_path / "out")
    result = run_experiment(config, tmp_path / "out", trust=True)
    assert {one.name for one in result.scores["sort"].parts} == {"v_c_c001", "v_d_c001"}
    assert result.scores["sort"].Recall > 0.6
    assert "audit" in result.ran
    took = json.loads((tmp_path / "out" / "track" / "with colours" / "track.json").read_text())["stages_ms"]
    assert took["embed"] > 0
    assert len(list((tmp_path / "out" / "data" / "detector" / "images" / "train").rglob("*.jpg"))) == 6
    page = result.report.read_text(encoding="utf-8")
    assert "SportsMOT: a large multi-object tracking dataset" in page
    assert "Frame 4 of v_c_c001" in page
    (tmp_path / "SportsMOT" / "dataset" / "val" / "v_c_c001" / "gt" / "gt.txt").write_text("1,1,1,1,9,9,1,1,1\n")
    assert due_with_trust(config, tmp_path / "out")["data"].endswith("SportsMOT has changed")


def due_with_trust(config: dict, output: Path) -> dict[str, str]:
    return {one.name: one.reason for one in plan_experiment(config, output, trust=True) if one.runs}
