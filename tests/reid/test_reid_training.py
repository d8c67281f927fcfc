"""A training from start to end at toy size: what it leaves, what it goes on from, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from lookalikes import PEOPLE, write_sequence

import sportstrack
from sportstrack import cli, load_embedder, train_reid
from sportstrack.errors import OutputError, SettingError, SportstrackError, WeightsError
from sportstrack.files.claim import Claim
from sportstrack.reid import ReidSettings
from sportstrack.reid.export import embedded_by_file, export_onnx
from sportstrack.reid.network import build_network, embed
from sportstrack.reid.training import read_checkpoint

TOY: dict[str, Any] = {
    "weights": "random",
    "backbone": "timm:test_resnet",
    "size": "32x64",
    "dim": 32,
    "every": 1,
    "people": 8,
    "crops": 3,
    "apart": 0.3,
    "lr": 3e-3,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matches")
    for match in range(3):
        for clip in range(2 if match == 0 else 1):
            write_sequence(folder / f"v_m{match}_c{clip:03d}", 10 * match + clip, frames=6)
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> sportstrack.TrainedReid:
    return train_reid(data, tmp_path_factory.mktemp("run"), epochs=3, **TOY)


def test_people_are_learnt_and_judged_on_a_match_of_their_own(trained: sportstrack.TrainedReid) -> None:
    first, last = trained.history[0], trained.history[-1]
    assert len(trained.history) == 3
    assert last.identity < first.identity
    assert last.right > 2 * first.right
    scores = trained.retrieval["new"]["mates"]
    assert scores.rank(1) > 0.9
    assert scores.queries == PEOPLE * 6  # at most ten of each person
    notes = " ".join(trained.notes)
    assert f"{PEOPLE} people of 1 whole matches" in notes
    assert set(trained.replayed) == {"none", "kit", "new", "kit+new"}
    assert trained.replayed["new"].HOTA > 0.9  # true boxes are tracked
    assert trained.boxes == "true"
    text = (trained.folder / "scores.txt").read_text(encoding="utf-8")
    assert "team-mates, kit colours" in text
    assert "HOTA" in text
    assert trained.verdict in text


def test_files_are_left_and_crops_are_gone(trained: sportstrack.TrainedReid) -> None:
    names = {path.name for path in trained.folder.iterdir() if not path.name.startswith(".")}
    assert names == {
        *("reid.onnx", "reid.json", "last.pt", "results.csv", "settings.yaml", "scores.txt", "scores.json"),
        *("training.png", "rankings.png"),
    }
    rows = (trained.folder / "results.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("epoch,identity,triplet,right,rate,seconds,mAP,rank1,mates_mAP,mates_rank1")
    assert len(rows) == 4
    for name in ("training.png", "rankings.png"):
        picture = cv2.imread(str(trained.folder / name))
        assert picture is not None
        assert picture.std() > 5
    scores = json.loads((trained.folder / "scores.json").read_text(encoding="utf-8"))
    assert scores["retrieval"]["new"]["all"]["mAP"] == trained.retrieval["new"]["all"].mAP


def test_the_onnx_file_is_an_embedder(trained: sportstrack.TrainedReid, data: Path) -> None:
    embedder = load_embedder(str(trained.onnx))
    frame = cv2.imread(str(data / "v_m1_c000" / "img1" / "000001.jpg"))
    assert frame is not None
    boxes = np.array([[10.0, 40, 28, 80], [50, 40, 68, 80], [-50, -50, -10, -10]])
    vectors = embedder(frame, boxes)
    assert vectors.shape == (3, 32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0])
    assert json.loads((trained.folder / "reid.json").read_text(encoding="utf-8"))["size"] == [64, 32]


def test_the_onnx_file_answers_as_the_network_in_the_checkpoint(trained: sportstrack.TrainedReid) -> None:
    state = read_checkpoint(trained.checkpoint)
    how = ReidSettings(**state["settings"])
    network = build_network(how, load=False)
    network.load_state_dict(state["network"])
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 32, 3), np.uint8)
    by_torch = embed(network, pictures, how, "cpu")
    assert embedded_by_file(trained.onnx, pictures) == pytest.approx(by_torch, abs=1e-4)
    assert np.linalg.norm(by_torch - by_torch[0], axis=1)[1:].min() > 1e-3  # they are not all the same


def test_a_file_that_answers_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = ReidSettings(**{name: value for name, value in TOY.items() if name in ("weights", "backbone", "size", "dim")})
    monkeypatch.setattr("sportstrack.reid.export.embedded_by_file", lambda _, pictures: np.ones((len(pictures), 32)))
    with (
        Claim(tmp_path, ("reid.onnx", "reid.json"), command="test") as claim,
        pytest.raises(SportstrackError, match="other embeddings than torch"),
    ):
        export_onnx(build_network(how), how, np.zeros((4, 64, 32, 3), np.uint8), claim)
    assert not list(tmp_path.glob("reid*"))


def test_a_resumed_run_ends_as_an_unbroken_one(trained: sportstrack.TrainedReid, data: Path, tmp_path: Path) -> None:
    steps = 0

    def stop(what: str, done: int, total: int) -> None:
        nonlocal steps
        steps += what == "training"
        if steps == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_reid(data, tmp_path, epochs=3, progress=stop, **TOY)
    assert (tmp_path / "last.pt").is_file()
    with pytest.raises(OutputError, match="holds a run already; --resume continues it"):
        train_reid(data, tmp_path, epochs=3, **TOY)
    notes: list[str] = []
    resumed = train_reid(data, tmp_path, resume=True, replay=False, lr=1e-5, note=notes.append)
    assert "a resumed run keeps its own settings; ignored: lr" in notes
    assert [one.identity for one in resumed.history] == pytest.approx([one.identity for one in trained.history])
    assert resumed.retrieval["new"]["all"].mAP == pytest.approx(trained.retrieval["new"]["all"].mAP)
    assert resumed.replayed == {}
    assert not list(tmp_path.glob("*.part*"))


def test_a_finished_run_is_judged_again_and_its_weights_start_another(
    trained: sportstrack.TrainedReid, data: Path, tmp_path: Path
) -> None:
    weights = {"weights": str(trained.checkpoint)}
    further = train_reid(data, tmp_path, **(TOY | weights), epochs=1, held_out=0.0, replay=False)
    assert further.history[0].triplet < trained.history[0].triplet  # it does not begin at chance
    assert further.retrieval == {}
    assert "not known" in further.as_text()
    with pytest.raises(WeightsError, match="is a run with another backbone"):
        train_reid(data, tmp_path, overwrite=True, **(TOY | weights | {"backbone": "timm:test_efficientnet"}))


def test_a_stopped_command_says_how_to_go_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt  # what SIGTERM becomes; tests/cli/test_signals.py says why no real one is sent here

    monkeypatch.setattr("sportstrack.reid.training.ReidTraining._step", killed)
    options = [str(data), "-o", str(tmp_path), "--quiet", "--weights", "random", "--backbone", "timm:test_resnet"]
    assert cli.main(["train-reid", *options, "--size", "32x64", "--device", "cpu"]) == 130
    assert "the same command with --resume goes on" in capsys.readouterr().err
    assert read_checkpoint(tmp_path / "last.pt")["place"]["epoch"] == 0


def test_a_damaged_checkpoint_is_one_clear_line(
    trained: sportstrack.TrainedReid, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = trained.checkpoint.read_bytes()
    for content, message in (
        (whole[: len(whole) // 2], "start anew with --overwrite"),
        (b"", "no weights can be read"),
    ):
        (tmp_path / "last.pt").write_bytes(content)
        assert cli.main(["train-reid", str(data), "-o", str(tmp_path), "--resume"]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert "last.pt" in error
    write_sequence(tmp_path / "others" / "v_x_c001", 99)
    write_sequence(tmp_path / "others" / "v_y_c001", 98)
    with pytest.raises(SettingError, match="was started with other crops"):
        train_reid(tmp_path / "others", trained.folder, resume=True)


BAD = [
    ({"backbone": "resnet81"}, SettingError, "no network 'resnet81'; did you mean 'resnet18'"),
    ({"backbone": "timm:test_resnett"}, SettingError, "did you mean 'test_resnet'"),
    ({"weights": "nowhere.pt"}, WeightsError, "nowhere.pt: no such file"),
    ({"size": "12x64"}, SettingError, "size: expected WIDTHxHEIGHT"),
    ({"match": "v_.*"}, SettingError, "expected a group in parentheses"),
    ({"match": "(v)_.*"}, SettingError, "there is one match"),
    ({"least_height": 500}, SettingError, "lower than 500 pixels"),
    ({"device": "cuda:99"}, SportstrackError, "not available here"),
    ({"epochz": 3}, SettingError, "did you mean 'epochs'"),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), BAD)
def test_bad_settings_are_named(
    data: Path, tmp_path: Path, wrong: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message.replace("(", r"\(")):
        train_reid(data, tmp_path / "out", **(TOY | wrong))


def test_timm_is_named_where_it_is_missing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.reid.network.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"pip install 'sportstrack\[timm\]'"):
        train_reid(data, tmp_path, **TOY)


def test_weights_that_cannot_be_fetched_are_one_clear_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "none"))
    with pytest.raises(WeightsError, match=r"fetch https://.*mobilenet_v3_small.*, or take --weights random"):
        train_reid(data, tmp_path / "out", every=1, device="cpu")


def test_torchvisions_networks_train_and_export(data: Path, tmp_path: Path) -> None:
    settings = TOY | {"backbone": "shufflenet_v2_x0_5", "epochs": 1, "per_person": 2, "replay": False}
    made = train_reid([data], tmp_path, **settings)
    assert load_embedder(str(made.onnx))(np.zeros((90, 60, 3), np.uint8), np.array([[0.0, 0, 60, 90]])).shape == (1, 32)
