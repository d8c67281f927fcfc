"""Detectors of other libraries by name: missing packages, tables of classes, files of labels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.detect import load_detector
from sportstrack.detect.common import ClassTable
from sportstrack.detect.labels import coco_labels, find_labels, read_labels, split_labels
from sportstrack.errors import FormatError, SettingError, WeightsError
from sportstrack.track.command import main as track
from sportstrack.types import Detections
from sportstrack.val.run import _name

LABELS = {0: "N/A", 1: "person", 2: "N/A", 3: "sports ball"}
"""With holes, as DETR's checkpoints for COCO count."""


def table(boxes: Any, score: Any, names: list[str]) -> list[tuple[Any, ...]]:
    """Rows that compare: rounded box, rounded score, name."""
    rows = zip(np.asarray(boxes).tolist(), np.asarray(score).tolist(), names, strict=True)
    return sorted((*(round(v, 2) for v in box), round(s, 4), name) for box, s, name in rows)


def ours(found: Detections, names: dict[int, str]) -> list[tuple[Any, ...]]:
    return table(found.xyxy, found.score, [names[i] for i in found.class_id.tolist()])


# ------------------------------------------------------------------------------------------------- without packages


@pytest.mark.parametrize(
    ("package", "name", "fix"),
    [
        ("transformers", "runs/detr", "pip install transformers"),
        ("detectron2", "faster.yaml", "pip install --no-build-isolation 'git+https://github.com/"),
        ("tensorflow", "ssd/saved_model", "pip install tensorflow"),
    ],
)
def test_a_missing_package_is_named_with_its_remedy(
    package: str, name: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingError, match=f"^{package}:{name}: needs the package {package}: ") as caught:
        load_detector(f"{package}:{name}")
    assert fix in str(caught.value)
    if package == "transformers":
        clip = toy.make_match(tmp_path / "match.mp4", frames=2)
        assert track([str(clip), "--detector", f"{package}:{name}", "-o", str(tmp_path / "out")]) == 2
        assert fix in capsys.readouterr().err


def test_a_package_s_own_package_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "detectron2").mkdir()
    (tmp_path / "detectron2" / "__init__.py").write_text("import nowhere_to_be_found.part\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "detectron2", raising=False)
    with pytest.raises(SettingError, match=r"lacks its package 'nowhere_to_be_found.*pip install nowhere_to_be_found"):
        load_detector("detectron2:faster.yaml")


def test_classes_are_counted_anew_without_those_that_stand_for_nothing() -> None:
    classes = ClassTable("it", LABELS, ["sports ball"])
    assert classes.names == {0: "person", 1: "sports ball"}
    ids, kept = classes.renumbered(np.array([0, 1, 2, 3]))
    assert ids.tolist() == [-1, 0, -1, 1]
    assert kept.tolist() == [False, False, False, True]
    with pytest.raises(WeightsError, match="it: found a class 4; its names go up to 3"):
        classes.renumbered(np.array([1, 4]))
    with pytest.raises(SettingError, match=r"'balls' is not one of .*did you mean 'sports ball'"):
        ClassTable("it", LABELS, ["balls"])


def test_coco_s_91_numbers_become_the_80_of_yolo() -> None:
    names = ClassTable("it", coco_labels()).names
    assert len(names) == 80
    assert (names[0], names[32], names[79]) == ("person", "sports ball", "toothbrush")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("runs/football/best.pt", "best"),
        ("transformers:PekingU/rtdetr_v2.1", "transformers:PekingU/rtdetr_v2.1"),
        ("transformers:/a/long/way/detr", "transformers:way/detr"),
        ("detectron2:configs/faster.yaml,labels.txt", "detectron2:configs/faster"),
        ("tensorflow:ssd/saved_model", "tensorflow:ssd/saved_model"),
        ("torchvision:fcos_resnet50_fpn:random", "torchvision:fcos_resnet50_fpn:random"),
        ("mine:find", "mine:find"),
    ],
)
def test_tables_call_detectors_by_short_names(spec: str, name: str) -> None:
    assert _name(spec, {}) == name
    if name == "transformers:way/detr":
        assert _name(spec, {name: None}) == "transformers:long/way/detr"


# --------------------------------------------------------------------------------------------------------- labels


def test_labels_as_lines_and_as_a_label_map(tmp_path: Path) -> None:
    lines = tmp_path / "labels.txt"
    lines.write_text("player\n\n ball \n", encoding="utf-8-sig")
    assert read_labels(lines, first=1) == {1: "player", 3: "ball"}
    mapped = tmp_path / "label_map.pbtxt"
    mapped.write_text(
        "# comment {\nitem {\n  name: '/m/01g317' id: 1\n  display_name: \"person\"\n}\n"
        "item { name: 'a } b', id: 7; keypoints { id: 3 label: 'nose' } }\n"
    )
    assert read_labels(mapped, first=0) == {1: "person", 7: "a } b"}
    assert find_labels([tmp_path]) == mapped
    assert find_labels([tmp_path / "nowhere"]) is None


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\"'\\", exclude_categories=["C", "Z"]), min_size=1)


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 999), NAMES, min_size=1))
def test_any_label_map_is_read_back(tmp_path_factory: pytest.TempPathFactory, labels: dict[int, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "any.pbtxt"
    file.write_text("".join(f'item {{\n id: {i}\n name: "{name}"\n}}\n' for i, name in labels.items()), "utf-8")
    assert read_labels(file, first=1) == labels


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_label_map_or_an_error_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "odd.pbtxt"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        assert read_labels(file, first=1)
    except FormatError as error:
        said = str(error)
    assert said == "" or said.startswith(str(file))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item { id: 1 name: 'a'", "its braces do not match"),
        ("item { id: 1 } }", "expected item"),
        ("item {\n id: 1\n name: 'a' }\nitem { id: one name: 'b' }", "line 4: expected item"),
        ("item { id: 1 name: 'a' } <", "'<' does not belong into a label map"),
        ("", "names no class"),
    ],
)
def test_broken_label_maps(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.pbtxt").write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        read_labels(tmp_path / "m.pbtxt", first=1)
    assert str(tmp_path / "m.pbtxt") in str(caught.value)


def test_a_labels_file_behind_a_comma(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("player\n")
    (tmp_path / "a,b").mkdir()
    assert split_labels(f"x/model,{tmp_path}/names.txt") == (Path("x/model"), tmp_path / "names.txt")
    assert split_labels(f"{tmp_path}/a,b") == (tmp_path / "a,b", None)
    with pytest.raises(WeightsError, match=r"absent\.txt: no such labels file"):
        split_labels("x/model,absent.txt")


def test_a_misspelt_connector_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(SettingError, match="no library 'transformer'; did you mean 'transformers'"):
        load_detector("transformer:runs/detr")
