"""Configurations: what is wrong is told with file, line, key and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.errors import SportstrackError
from sportstrack.experiment.config import read_experiment
from sportstrack.experiment.lines import key_lines

WRONG = [
    ("titel: x", r"line 1: titel: no key 'titel'; did you mean 'title'"),
    ("seed: -1", r"line 1: seed: expected a whole number from 0"),
    ("title: a\ntitle: b", r"line 2: title: stands twice"),
    ("- a\n- b", r"expected a table"),
    ("a: [", r"line 1: no valid YAML"),
    ("data:\n  render: {frames: 0}", r"line 2: data.render.frames: expected a whole number from 1"),
    ("data:\n  render:\n    test: 0", r"line 3: data.render.test: expected"),
    ("data: {render: {}, sequences: x}", r"data: render and sequences: name one of them"),
    ("data: {detections: det.txt}", r"data: where are the sequences"),
    ("data: {sequences: nowhere}", r"data.sequences: nowhere: no such file or folder"),
    ("data: {sequences: ., every: 3}", r"data.every: is of no use with sequences"),
    ("data: {sequences: .}\ntrain: {epochs: 3}", r"line 2: train: needs pictures to learn from"),
    ("audit: {ignore: [nonsense]}", r"audit.ignore: .*nonsense"),
    ("audit: {jump: no}", r"audit.jump: expected"),
    ("train:\n  epoch: 3", r"line 2: train.epoch: no key 'epoch'; did you mean 'epochs'"),
    ("train: {epochs: 0}", r"train.epochs: expected a whole number from 1"),
    ("train: {weights: 'mine:make'}", r"train.weights: mine:make runs code or fetches files; pass --trust"),
    ("val: {beside: [https://example.org/a.pt]}", r"val.beside: .*pass --trust"),
    ("detect: {imgsz: big}", r"detect.imgsz: expected"),
    ("detect: {weights: yolov8n.pt}", r"detect.weights: the weights are those that train makes"),
    ("score: {objective: MOTA}", r"score.objective: no figure 'MOTA'"),
    ("score: {by: [weather]}", r"score.by: no value 'weather'"),
    ("score: {benchmark: MOT99}", r"score.benchmark: no value 'MOT99'; did you mean"),
    ("score: {classes: []}", r"score.classes: expected names or numbers"),
    ("trackers: {x: {tracker: byterack}}", r"trackers.x.tracker: no tracker 'byterack'; did you mean 'bytetrack'"),
    ("trackers:\n  a: {tracker: sort}\n  b:\n    set: {}", r"line 3: trackers.b.tracker: no tracker 'b'"),
    (
        "trackers: {sort: {set: {max_ages: 3}}}",
        r"trackers.sort: sort has no setting 'max_ages'; did you mean 'max_age'",
    ),
    ("trackers: {sort: {set: {max_age: old}}}", r"trackers.sort: max_age=old: expected a whole number"),
    ("trackers: {sort: {imgsz: 3}}", r"trackers.sort: no key 'imgsz'"),
    ("trackers: {'m:T': {}}", r"trackers.m:T.tracker: m:T runs code or fetches files; pass --trust"),
    ("trackers: {sort: {offline: maybe}}", r"trackers.sort.offline: expected"),
    ("trackers: {sort: {refine: {max_gap: x}}}", r"trackers.sort"),
    ("trackers: {'comparison 1': {tracker: sort}}", r"names that begin with 'comparison'"),
    ("trackers: {}\ncompare: {title: x}", r"line 2: compare: expected a list"),
    ("compare:\n  - baseline: {tracker: sort}", r"line 2: compare.0: title: missing"),
    ("compare: [{title: x, variants: {a: {}}}]", r"compare.0: baseline: missing"),
    ("compare: [{title: x, baseline: {tracker: sort}}]", r"compare.0: expected either variants or sweep"),
    ("compare: [{title: x, baseline: {tracker: sort}, sweep: {max_age: [a]}}]", r"compare.0.sweep.max_age: expected 1"),
    ("compare: [{title: x, baseline: {tracker: sort}, sweep: {max_age: [1, 1]}}]", r"sweep.max_age: has a value twice"),
    ("compare: [{title: x, baseline: {tracker: sort}, sweep: {alpha: [1]}}]", r"compare.0.sweep: sort has no setting"),
    ("report: {pdf: 1}", r"report.pdf: expected true or false"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:40].replace("\n", " ") for text, _ in WRONG])
def test_what_is_wrong_is_told_with_its_place(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "experiment.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SportstrackError, match=message) as error:
        read_experiment("experiment.yaml")
    assert str(error.value).startswith("experiment.yaml")


def test_a_missing_file_says_how_to_get_one() -> None:
    with pytest.raises(SportstrackError, match="--init"):
        read_experiment("nowhere.yaml")


def test_empty_sections_have_defaults_and_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\n")
    with pytest.raises(SportstrackError, match="holds nothing"):
        read_experiment(path)
    path.write_text("train:\naudit:\n")
    found = read_experiment(path)
    assert [run.name for run in found.trackers] == ["sort", "bytetrack", "sports"]
    assert found.train == {"weights": "demo"}
    assert found.audit == {"ignore": []}


def test_sections_may_be_left_out_by_name() -> None:
    found = read_experiment({"train": "none", "val": False, "audit": "off", "detect": {"weights": "yolov8n.pt"}})
    assert found.train is None
    assert found.val is None
    assert found.audit is None


def test_a_variant_is_its_baseline_but_for_what_it_names() -> None:
    pair = {
        "title": "x",
        "baseline": {"tracker": "botsort", "set": {"fusion": "weighted", "alpha": 1.0}, "offline": True},
        "variants": {"half": {"set": {"alpha": 0.5}}, "other": {"tracker": "sort"}},
    }
    (found,) = read_experiment({"compare": [pair]}).compare
    half, other = found.variants
    assert half.values["tracker_settings"] == {"fusion": "weighted", "alpha": 0.5}
    assert half.values["offline"] is True
    assert other.values["tracker_settings"] == {}


def test_renders_to_learn_from_and_to_track_never_share_a_seed() -> None:
    for seed in (0, 1, 26, 27, 1000):
        learned, tracked = read_experiment({"seed": seed}).data.seeds(seed)
        assert not set(learned) & set(tracked)
        assert len(set(learned)) == len(learned)
        assert max(learned) < 1000 <= min(tracked)


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=4), st.integers(0, 9), min_size=1, max_size=6), st.data())
def test_lines_are_those_of_the_keys(table: dict[str, int], data: st.DataObject) -> None:
    blank = data.draw(st.integers(0, 3))
    text = "\n" * blank + "outer:\n" + "".join(f"  {key}: {value}\n" for key, value in table.items())
    lines, twice = key_lines(text)
    assert twice is None
    shown = text.splitlines()
    for key in table:
        number = lines["outer", key]
        assert shown[number - 1].strip().partition(":")[0] == key
