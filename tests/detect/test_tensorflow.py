"""TensorFlow's saved models as detectors; skipped without TensorFlow, which the dev extra does not bring."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack.detect import load_detector
from sportstrack.errors import DeviceError, WeightsError
from sportstrack.mot import read_mot
from sportstrack.track.command import main as track
from sportstrack.val.command import main as val

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs tensorflow")


def make_saved_model(folder: Path, *, batch: int | None = 1, outputs: str = "all", evil: Path | None = None) -> Path:
    """A SavedModel that gives what the Object Detection API's do: the box around all that is bright, and empty rows."""
    from sportstrack.detect.tensorflow_models import _import_tensorflow

    tf = _import_tensorflow("tensorflow:test")

    def find(pictures: Any) -> dict[str, Any]:
        bright = tf.reduce_mean(tf.cast(pictures, tf.float32), axis=3) > 128.0
        size = tf.cast(tf.shape(pictures)[1:3], tf.float32)

        def box(mask: Any) -> Any:
            where = tf.where(mask)
            low, high = tf.reduce_min(where, axis=0), tf.reduce_max(where, axis=0) + 1
            return tf.concat([tf.cast(low, tf.float32) / size, tf.cast(high, tf.float32) / size], 0)

        boxes = tf.map_fn(box, bright, fn_output_signature=tf.float32)[:, None]
        count = tf.shape(pictures)[0]
        rows = tf.concat([boxes, boxes / 2.0, tf.zeros((count, 3, 4))], axis=1)
        if evil is not None:
            tf.io.write_file(str(evil), "broken into")
        found = {
            "detection_boxes": rows,
            "detection_scores": tf.tile([[0.9, 0.4, 0.9, 0.9, 0.9]], [count, 1]),
            "detection_classes": tf.tile([[1.0, 37.0, 1.0, 1.0, 1.0]], [count, 1]),
            "num_detections": tf.fill([count], 2.0),
        }
        if outputs == "four classes":
            found["detection_multiclass_scores"] = tf.zeros((1, 5, 5))
        return {"logits": rows} if outputs == "other" else found

    module = tf.Module()
    module.find = tf.function(
        find, input_signature=[tf.TensorSpec([batch, None, None, 3], tf.uint8, name="input_tensor")]
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.find})
    return folder


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_saved_model(tmp_path_factory.mktemp("ssd") / "saved_model")


def bright_box(frame: np.ndarray) -> list[float]:
    y, x = np.nonzero(frame.mean(axis=2) > 128)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


@needs_tensorflow
@pytest.mark.parametrize("batch", [1, 2, None])
def test_shares_become_pixels(batch: int | None, saved_model: Path, tmp_path: Path) -> None:
    folder = saved_model if batch == 1 else make_saved_model(tmp_path / "model", batch=batch)
    detector = load_detector(f"tensorflow:{folder}", score=0.1, imgsz=640, device="cpu")
    frames = [toy.picture(i) for i in range(3)]
    frames.insert(1, np.ascontiguousarray(toy.picture(4).transpose(1, 0, 2)))
    for frame, found in zip(frames, detector(frames), strict=True):
        whole = np.array(bright_box(frame))
        np.testing.assert_allclose(found.xyxy, [whole, whole / 2], atol=1e-3)
        np.testing.assert_allclose(found.score, [0.9, 0.4], atol=1e-6)
        assert [detector.names[i] for i in found.class_id.tolist()] == ["person", "sports ball"]
        assert found.class_id.tolist() == [0, 32]
    assert all(seconds > 0 for seconds in detector.timings.values())  # type: ignore[attr-defined]
    assert detector([]) == []


@needs_tensorflow
def test_tensorflow_tracks_a_clip_and_is_judged(
    saved_model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=6)
    words = ["--detector", f"tensorflow:{saved_model}", "--classes", "person", "--tracker", "sort", "--quiet"]
    out = tmp_path / "out"
    assert track([str(clip), *words, "-o", str(out), "--device", "cpu", "--formats", "mot", "--set", "min_hits=1"]) == 0
    rows = read_mot(out / "match.txt")
    assert len(rows) == 6
    words = ["torchvision:ssdlite320_mobilenet_v3_large:random", f"tensorflow:{saved_model}", str(data), "--quiet"]
    assert val([*words, "-o", str(tmp_path / "val"), "--device", "cpu"]) == 0
    assert f"| tensorflow:{saved_model.parent.name}/saved_model" in capsys.readouterr().out


@needs_tensorflow
def test_tensorflow_s_own_labels(saved_model: Path, tmp_path: Path) -> None:
    labels = tmp_path / "mine.pbtxt"
    labels.write_text("item { id: 1 name: 'player' }\nitem { id: 37 name: 'ball' }\n")
    detector = load_detector(f"tensorflow:{saved_model},{labels}", device="cpu", classes=["ball"])
    assert detector.names == {0: "player", 1: "ball"}
    assert detector([toy.picture(0)])[0].class_id.tolist() == [1]
    labels.write_text("item { id: 1 name: 'player' }\n")
    with pytest.raises(WeightsError, match="found a class 37; its names go up to 1"):
        load_detector(f"tensorflow:{saved_model},{labels}", device="cpu")([toy.picture(0)])
    folder = make_saved_model(tmp_path / "four", outputs="four classes")
    with pytest.raises(WeightsError, match=r"four: its 4 classes have no names, and are not COCO's; put the label_map"):
        load_detector(f"tensorflow:{folder}", device="cpu")
    (folder / "labels.txt").write_text("player\ngoalkeeper\nreferee\nball\n")
    assert load_detector(f"tensorflow:{folder}", device="cpu").names[3] == "ball"


@needs_tensorflow
def test_saved_models_that_are_none(saved_model: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(WeightsError, match=r"absent/saved_model\.pb: is not there"):
        load_detector(f"tensorflow:{tmp_path}/absent", device="cpu")
    with pytest.raises(WeightsError, match=r"frozen\.pb/saved_model\.pb: .*must be exported again"):
        load_detector(f"tensorflow:{tmp_path}/frozen.pb", device="cpu")
    broken = tmp_path / "broken"
    shutil.copytree(saved_model, broken)
    shutil.rmtree(broken / "variables")
    with pytest.raises(WeightsError, match="broken: no model can be read from this folder"):
        load_detector(f"tensorflow:{broken}", device="cpu")
    (broken / "saved_model.pb").write_bytes(b"\xff\xff nothing")
    with pytest.raises(WeightsError, match=r"saved_model\.pb: is damaged"):
        load_detector(f"tensorflow:{broken}", device="cpu")
    other = make_saved_model(tmp_path / "other", outputs="other")
    with pytest.raises(WeightsError, match="other: is a model of another task; it gives logits, and a detector"):
        load_detector(f"tensorflow:{other}", device="cpu")
    with pytest.raises(DeviceError, match="not available to TensorFlow"):
        load_detector(f"tensorflow:{saved_model}", device="cuda:7")


@needs_tensorflow
def test_a_saved_model_that_writes_files_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "broken_into"
    folder = make_saved_model(tmp_path / "evil", evil=mark)
    with pytest.raises(WeightsError, match=r"saved_model\.pb: runs WriteFile, which no detector needs; --trust"):
        load_detector(f"tensorflow:{folder}", device="cpu")
    assert not mark.exists()
    load_detector(f"tensorflow:{folder}", device="cpu", trust=True)([toy.picture(0)])
    assert mark.exists()
