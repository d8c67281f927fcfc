"""A file from a stranger names no code that runs: plug-ins in it need --trust, or to be named by the user."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml
from make_clips import jpeg

from sportstrack import cli
from sportstrack.errors import SettingError, SportstrackError
from sportstrack.kinds import is_kind
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings, read_settings
from sportstrack.trackers import TRACKERS, create_tracker
from sportstrack.train.data import check_data
from sportstrack.types import Detections

HOSTILE = {
    "tracker": ["torch.hub:load", "os:system", "evil.module:Tracker"],
    "detector": ["evil:Detect", "transformers:a/model", "detectron2:x.yaml", "tensorflow:folder", "x.torchscript"],
    "weights": ["evil:Detect", "https://example.org/x.pt", "http://x/y.onnx", "//server/share/x.pt", "\\\\server\\x.pt",
                "model.engine", "exported.pb"],
    "embedder": ["evil:embed", "kit+evil:embed", "centred:evil:embed", "https://a.org/x.onnx", "CENTRED:kit+os:system"],
    "camera": ["evil:Camera", "os:getcwd"],
    "detections": ["//server/share/x.npz", "https://example.org/x.npz"],
    "trust": [True],
}  # fmt: skip
HARMLESS = {
    "tracker": [*TRACKERS, "SORT"],
    "detector": ["torchvision:ssdlite320_mobilenet_v3_large", None],
    "weights": ["demo", "yolov8n.pt", "runs/best.pt", "C:\\models\\best.pt", "model.onnx"],
    "embedder": ["kit", "osnet", "detector", "kit+osnet", "centred:torchvision:resnet18", "models/reid.onnx"],
    "camera": ["flow", "orb", "boxes", "FLOW"],
    "detections": ["runs/track/match.npz"],
    "trust": [False],
}
CASES = [(name, value) for name, values in HOSTILE.items() for value in values]


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the plug-in modules that were asked for."""
    asked: list[str] = []

    def note(name: str, *_: Any) -> Any:
        asked.append(name)
        raise ImportError(name)

    monkeypatch.setattr("sportstrack.plugins.import_module", note)
    return asked


def settings_file(folder: Path, **values: Any) -> Path:
    (folder / "s.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return folder / "s.yaml"


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_settings_file_alone_runs_nothing(name: str, value: Any, tmp_path: Path) -> None:
    file = settings_file(tmp_path, **{name: value})
    with pytest.raises(SettingError, match=rf"s\.yaml: {name}: .*--trust"):
        read_settings(file)
    assert read_settings(file, trust=True) == {name: value}
    assert read_settings(file, named=[name]) == {name: value}  # counts for nothing: the caller's own does


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in HARMLESS.items() for value in values])
def test_what_is_built_in_may_stand_in_a_file(name: str, value: Any, tmp_path: Path) -> None:
    assert read_settings(settings_file(tmp_path, **{name: value})) == {name: value}


@pytest.mark.parametrize("command", ["track", "label"])
@pytest.mark.parametrize("name", ["tracker", "detector", "embedder", "camera"])
def test_commands_refuse_before_they_import(
    command: str, name: str, tmp_path: Path, imported: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = settings_file(tmp_path, **{name: "evil.module:thing"})
    assert cli.main([command, "x.mp4", "--config", str(file), "-o", str(tmp_path / "out"), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert f"s.yaml: {name}: evil.module:thing runs code" in said
    assert "--trust" in said
    assert not imported
    assert not (tmp_path / "out").exists()


def test_a_plug_in_named_by_the_user_replaces_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = settings_file(tmp_path, tracker="evil.module:thing")
    cli.main(["track", "nothing.mp4", "--config", str(file), "--tracker", "sort", "-o", str(tmp_path), "--quiet"])
    assert "--trust" not in capsys.readouterr().err


def test_trust_takes_the_files_plug_in(tmp_path: Path, imported: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    file = settings_file(tmp_path, tracker="evil.module:thing")
    (tmp_path / "a.npz").write_bytes(b"")
    cli.main(["track", str(tmp_path / "a.npz"), "--config", str(file), "--trust", "-o", str(tmp_path), "--quiet"])
    assert "s.yaml: tracker" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("imgsz", value) for value in ("640", 640.5, True, 10**9, [640])),
        *(("classes", value) for value in (7, [None], [[0]], {"a": 1})),
        *(("tracker_settings", value) for value in ([], "x", 3)),
        *(("formats", value) for value in (None, 7, [7], "mot")),
        *(("score", value) for value in ("x", [], float("nan"), 2)),
        *(("tracker", value) for value in (None, 7, ["sort"])),
        *(("frame_rate", value) for value in (0, -1, "fast", float("inf"), 1e9)),
        *(("offline", value) for value in (1, "yes")),
        *(("quality", value) for value in (None, 3, "better")),
        *(("batch", value) for value in (0, 10**9, 1.5)),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(SportstrackError, match=rf"s\.yaml: {name}: "):
        read_settings(settings_file(tmp_path, **{name: value}))


@pytest.mark.parametrize("values", [{"memory": "long"}, {"memory": None}, {"memory": float("nan")}, {"strict": 1}])
def test_a_trackers_setting_of_the_wrong_type_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=f"sports: {next(iter(values))}: expected"):
        create_tracker("sports", **values)


def test_kinds() -> None:
    assert is_kind((1, 2.5), tuple[float, float])
    assert is_kind([1, 2], tuple[float, ...])
    assert not is_kind([1], tuple[float, float])
    assert not is_kind(True, int)
    assert is_kind(None, int | None)


def test_a_path_is_text(tmp_path: Path) -> None:
    assert TrackSettings(weights=tmp_path / "a.pt").weights == str(tmp_path / "a.pt")  # type: ignore[arg-type]


def test_plug_ins_named_in_the_call_need_no_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("mine")
    module.Mine = lambda frame_rate: create_tracker("sort", frame_rate=frame_rate)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", module)
    assert create_tracker("mine:Mine")


def test_names_in_a_recording_are_never_loaded(tmp_path: Path, imported: list[str]) -> None:
    info = RecordingInfo("a", 64, 48, 25.0, {0: "player"}, "evil:embed", "evil:Camera")
    writer = RecordingWriter(tmp_path / "a.npz", info)
    for i in range(3):
        writer.write(RecordedFrame(i, i / 25, Detections.from_arrays([[1, 2, 9, 9]], [0.9], [0])))
    writer.close()
    track_video(tmp_path / "a.npz", tmp_path / "out", tracker="sort", formats=["mot"])
    assert not imported


def test_a_training_runs_no_download_of_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "images" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "images" / "train" / "a.jpg").write_bytes(jpeg())
    (tmp_path / "labels" / "train" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n", encoding="utf-8")
    described = {"train": "images/train", "names": ["player"], "download": "import os; os.system('touch pwned')"}
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    written = check_data(tmp_path).write(tmp_path / "out")
    assert "download" not in yaml.safe_load(written.read_text(encoding="utf-8"))
