"""Training refuses what it cannot train on, and does not replace earlier runs unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from squares import TINY

from sportstrack.errors import OutputError, SettingError, SportstrackError, WeightsError
from sportstrack.files.locks import Lock
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.train import train_detector
from sportstrack.train.command import main as train_main
from sportstrack.train.data import check_data


def _no_path(data: Path) -> None:
    data.write_text("train: images/nowhere\nval: images/val\nnames: [square, ball]\n", encoding="utf-8")


def _no_pictures(data: Path) -> None:
    for file in data.parent.glob("images/train/*"):
        file.unlink()


def _no_labels(data: Path) -> None:
    for file in data.parent.glob("labels/train/*"):
        file.write_text("", encoding="utf-8")


def _class_out_of_range(data: Path) -> None:
    (data.parent / "labels" / "train" / "3.txt").write_text("0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1\n", encoding="utf-8")


def _wrong_count(data: Path) -> None:
    data.write_text(data.read_text(encoding="utf-8") + "nc: 5\n", encoding="utf-8")


def _no_yaml(data: Path) -> None:
    data.write_text("train: [\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_path, r"data\.yaml: train: .*images/nowhere is not there"),
        (_no_pictures, "no training pictures"),
        (_no_labels, r"none of the 8 training pictures has a box.*labels/train/0\.txt"),
        (_class_out_of_range, r"labels/train/3\.txt, line 2"),
        (_wrong_count, "nc: 5, but names: has 2"),
        (_no_yaml, "no valid YAML"),
    ],
)
def test_a_bad_data_set_is_refused_before_anything_starts(
    spoil: Callable[[Path], None], message: str, data: Path, tmp_path: Path
) -> None:
    spoil(data)
    with pytest.raises(SportstrackError, match=message):
        train_detector(data, tmp_path / "run", **TINY)
    assert not list((tmp_path / "run").iterdir())


def test_an_earlier_run_outlives_a_start_that_fails_and_its_weights_are_no_output(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("best.pt", "last.pt", "results.csv"):
        (folder / name).write_text(name)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    with pytest.raises(SportstrackError, match=r"nothing\.pt"):
        train_detector(data, folder, overwrite=True, **TINY | {"weights": str(tmp_path / "nothing.pt")})
    with pytest.raises(SportstrackError, match="holds the weights to start from"):
        train_detector(data, folder, overwrite=True, **TINY | {"weights": str(folder / "best.pt")})
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


def test_a_folder_is_trained_in_by_one_run_at_a_time(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    lock = Lock(tmp_path / "run" / ".train.lock", "run", "sportstrack train")
    lock.take()
    with pytest.raises(SportstrackError, match=r"is being written by process"):
        train_detector(data, tmp_path / "run", **TINY)
    lock.release()


def test_negatives_and_a_missing_val_split_are_fine(data: Path) -> None:
    (data.parent / "labels" / "train" / "5.txt").unlink()
    data.write_text("train: images/train\nval: images/train\nnames: {0: square, 1: ball}\n", encoding="utf-8")
    checked = check_data(data)
    assert checked.boxes == {"square": 6, "ball": 0}
    assert checked.pictures["val"] == checked.pictures["train"]
    assert any("scores flatter" in note for note in checked.notes)
    assert "1 pictures have no label file and count as pictures without objects" in checked.notes
    assert "no training picture shows ball" in checked.notes


def test_what_ultralytics_is_given_has_no_download_and_no_doubt(data: Path, tmp_path: Path) -> None:
    data.write_text(data.read_text(encoding="utf-8") + "download: import os\n", encoding="utf-8")
    written = yaml.safe_load(check_data(data).write(tmp_path / "plan").read_text(encoding="utf-8"))
    assert set(written) == {"path", "train", "val", "names"}
    listed = Path(written["train"]).read_text(encoding="utf-8").splitlines()
    assert len(listed) == 8
    assert all(Path(line).is_absolute() and Path(line).is_file() for line in listed)


@pytest.mark.parametrize("task", ["-cls", "-pose"])
def test_weights_of_another_task(task: str, data: Path, tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(WeightsError, match="one for detect or segment is needed"):
        train_detector(data, tmp_path / "run", **{**TINY, "weights": str(random_weights(task))})


def test_segmentation_weights_want_polygons(data: Path, tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(WeightsError, match=r"is a segmentation model, and the labels of .* are boxes"):
        train_detector(data, tmp_path / "run", **{**TINY, "weights": str(random_weights("-seg"))})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--weights", "yolov8q.yaml"], "no such architecture"),
        (["--weights", "nothing.pt"], "nothing.pt: neither a file nor a known name"),
        (["--weights", "yolov8n.yaml", "--device", "cuda:77"], "not available here"),
        (["--weights", "yolov8n.yaml", "--device", "0,77"], "GPUs here"),
        (["--weights", "yolov8n.yaml", "--set", "mosaik=0"], "did you mean 'mosaic'"),
        (["--weights", "yolov8n.yaml", "--set", "data=x.yaml"], "data: has an option of its own"),
        (["--weights", "yolov8n.yaml", "--set", "epochs=0"], "epochs: has an option of its own"),
        (["--epochs", "0"], "epochs: expected a whole number from 1"),
        (["--lr0", "-1"], "lr0: expected a number above 0"),
    ],
)
def test_bad_options(words: list[str], message: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = train_main([str(data), "-o", str(data.parent / "run"), *words])
    except SystemExit as ended:  # refused while the command line was read
        status = int(str(ended.code))
    assert status == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize("name", ["mlflow", "tensorboard"])
def test_a_logger_that_is_not_installed(name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.train.run.find_spec", lambda _: None)
    with pytest.raises(SettingError, match=f"--{name} needs its package: pip install {name}"):
        train_detector(data, tmp_path / "run", **TINY, **{name: True})


def test_mlflow_logs_each_file_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ultralytics()
    from ultralytics.utils.callbacks import base

    logged: list[Path] = []

    def log_as_mlflow_s(trainer: Any) -> None:
        logged.extend([*trainer.best.parent.rglob("*"), *trainer.save_dir.glob("*.*")])

    monkeypatch.setitem(base.default_callbacks, "on_train_end", [log_as_mlflow_s])
    train_detector(data, tmp_path / "run", epochs=1, **TINY)
    assert {"best.pt", "last.pt", "results.csv", "settings.yaml", "train.txt"} <= {path.name for path in logged}
    assert len(set(logged)) == len(logged)


def test_an_earlier_run_is_not_overwritten(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "best.pt").write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"holds a run already \(best\.pt\); --resume continues it"):
        train_detector(data, tmp_path / "run", **TINY)
    assert (tmp_path / "run" / "best.pt").read_bytes() == b"precious"


def test_a_replaced_run_leaves_no_curve_in_tensorboard(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("results.csv", "events.out.tfevents.1.host", "mine.txt"):
        (tmp_path / "run" / name).write_text("of the earlier run")
    train_detector(data, tmp_path / "run", overwrite=True, epochs=1, **TINY)
    assert not (tmp_path / "run" / "events.out.tfevents.1.host").exists()
    assert (tmp_path / "run" / "mine.txt").exists()
